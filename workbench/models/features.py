"""The space in which probes and picking strategies work: centred, half-whitened, unit length.

Pooled features of a pretrained backbone have a large common mean and a few directions that carry
most of the variance. Taking the pool's mean off, dividing each principal component by the square
root of its standard deviation and scaling to unit length makes distances speak of content. None of
it needs a label, so it is fitted on every image there is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Array = NDArray[np.float32]

FIT_ROWS = 20_000  # rows that the principal components are estimated from; more change nothing


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """A fitted linear map with length normalisation.

    Attributes:
        mean: (D,) mean of the fitting rows.
        projection: (D, d) principal directions, each divided by the square root of its deviation.
    """

    mean: Array
    projection: Array

    @classmethod
    def fit(cls, vectors: NDArray[np.floating], dim: int = 128, seed: int = 0) -> "FeatureSpace":
        """Estimate the space from unlabelled vectors.

        Args:
            vectors: (n, D) features as they come from the backbone; n of at least 2.
            dim: dimensions to keep; fewer are kept where n or D are smaller.
            seed: of the row sample taken when n exceeds 20,000.

        Returns:
            The fitted space, of `min(dim, D, n - 1)` dimensions at most.

        Raises:
            ValueError: `vectors` is not a finite matrix of at least two rows.
        """
        vectors = np.asarray(vectors)
        if vectors.ndim != 2 or len(vectors) < 2:
            raise ValueError(f"vectors must have shape (n >= 2, D), but got {vectors.shape}")
        if len(vectors) > FIT_ROWS:
            rows = np.random.default_rng(seed).choice(len(vectors), FIT_ROWS, replace=False)
            vectors = vectors[np.sort(rows)]
        fitting = vectors.astype(np.float32)
        if not np.isfinite(fitting).all():
            bad = int((~np.isfinite(fitting).all(axis=1)).sum())
            raise ValueError(
                f"{bad} of {len(fitting)} vectors hold NaN or infinity: embed them again"
            )
        mean = fitting.mean(axis=0)
        centred = fitting - mean
        # The covariance is D x D whatever n is; its eigenvectors are the principal directions.
        covariance = (centred.T @ centred) / (len(centred) - 1)
        # Only the strongest, in single precision: a fifth of the time, and the same to six digits.
        size = len(covariance)
        wanted = min(dim, len(centred) - 1, size)
        variance, directions = eigh(covariance, subset_by_index=(size - wanted, size - 1))
        order = np.argsort(variance)[::-1]
        # Directions without variance (equal images, unused features) carry nothing.
        order = order[variance[order] > 1e-7 * max(float(variance.max()), 1e-12)]
        if len(order) == 0:
            order = np.argsort(variance)[::-1][:1]
        deviation = np.sqrt(np.maximum(variance[order], 1e-12))
        return cls(mean, (directions[:, order] / np.sqrt(deviation)).astype(np.float32))

    @property
    def dim(self) -> int:
        """Dimensions of the space."""
        return int(self.projection.shape[1])

    def transform(self, vectors: NDArray[np.floating], block: int = 65_536) -> Array:
        """Map raw features into the space.

        Args:
            vectors: (n, D) features; float16 from disk is fine.
            block: rows converted at a time, which bounds the memory taken.

        Returns:
            (n, d) unit vectors, float32; a vector equal to the mean maps to zero.
        """
        out = np.empty((len(vectors), self.dim), dtype=np.float32)
        for start in range(0, len(vectors), block):
            rows = np.asarray(vectors[start : start + block], dtype=np.float32)
            projected = (rows - self.mean) @ self.projection
            length = np.linalg.norm(projected, axis=1, keepdims=True)
            out[start : start + block] = projected / np.maximum(length, 1e-12)
        return out

    def pull_back(self, vector: Array, direction: Array) -> Array:
        """Gradient, with respect to the raw feature, of a linear score in this space.

        Args:
            vector: (D,) the raw feature at which the gradient is taken.
            direction: (d,) gradient of the score with respect to the unit vector.

        Returns:
            (D,) gradient through the normalisation and the projection.
        """
        projected = (np.asarray(vector, dtype=np.float32) - self.mean) @ self.projection
        length = max(float(np.linalg.norm(projected)), 1e-12)
        unit = projected / length
        tangent = (direction - unit * float(unit @ direction)) / length
        return (self.projection @ tangent).astype(np.float32)


def as_kept(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    """Vectors as they are once they have been on disk: float16, what it cannot hold clipped.

    A probe learns from vectors on disk. Asked in the same precision it gives an image the same
    answer, whether its vector was kept or has just been made.
    """
    limit = np.finfo(np.float16).max
    kept: NDArray[np.float16] = np.clip(vectors, -limit, limit).astype(np.float16)
    return kept
