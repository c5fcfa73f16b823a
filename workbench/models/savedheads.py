"""The last step of a saved model: from a backbone's vectors to probabilities of classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax
from torch import Tensor

from workbench.models.description import BIAS, LINEAR, WEIGHT, Description
from workbench.models.features import FeatureSpace, as_kept
from workbench.models.linearprobe import LinearProbe
from workbench.models.multiprobe import MultiProbe
from workbench.models.probe import Probe

Array = NDArray[np.float32]

_MEAN, _PROJECTION = "space.mean", "space.projection"
_CLASSES, _COEFFICIENTS = "probe.classes", "probe.coefficients"


class Head(Protocol):
    """What all heads of whole images do."""

    def predict_proba(self, vectors: Array) -> Array:
        """Vectors (n, D) of the backbone to probabilities (n, K), float32."""


@dataclass(frozen=True)
class ProbeHead:
    """The probe that learns while one labels, and the space that it works in.

    Attributes:
        space: fitted on the pool.
        probe: fitted on the labels.
        num_classes: K; a class without a label has probability 0.
    """

    space: FeatureSpace
    probe: LinearProbe
    num_classes: int

    def predict_proba(self, vectors: Array) -> Array:
        """Calibrated probabilities of vectors (n, D): (n, K)."""
        features = self.space.transform(as_kept(vectors))
        return self.probe.predict_proba(features, self.num_classes)

    def tensors(self) -> dict[str, Tensor]:
        """What is kept of it, by name."""
        return {
            _MEAN: torch.from_numpy(self.space.mean),
            _PROJECTION: torch.from_numpy(self.space.projection),
            _CLASSES: torch.from_numpy(self.probe.classes),
            _COEFFICIENTS: torch.from_numpy(self.probe.coefficients),
        }


@dataclass(frozen=True)
class LinearHead:
    """The head that was trained together with its backbone; not calibrated afterwards.

    Attributes:
        weight: (K, D).
        bias: (K,).
        exclusive: whether an image has one class only.
    """

    weight: Array
    bias: Array
    exclusive: bool

    def predict_proba(self, vectors: Array) -> Array:
        """Probabilities of vectors (n, D): (n, K)."""
        logits = vectors @ self.weight.T + self.bias
        out: Array = softmax(logits, axis=1) if self.exclusive else expit(logits)
        return out


def read_head(description: Description, tensors: Mapping[str, Tensor], dim: int) -> Head:
    """Make the head that a folder describes.

    Args:
        description: of the model.
        tensors: what was kept of the head, by name.
        dim: D, length of the backbone's vectors.

    Raises:
        ValueError: the tensors are not those of such a head, or do not fit classes and vectors.
    """
    count = len(description.classes)
    exclusive = description.task == "classification"
    names = {WEIGHT, BIAS} if description.head == LINEAR else {_MEAN, _PROJECTION}
    names |= set() if description.head == LINEAR else {_CLASSES, _COEFFICIENTS}
    if tensors.keys() != names:
        raise ValueError(f"wanted the tensors {sorted(names)}, but got {sorted(tensors)}")
    if description.head == LINEAR:
        weight, bias = _floats(tensors, WEIGHT, (count, dim)), _floats(tensors, BIAS, (count,))
        return LinearHead(weight, bias, exclusive)
    space = FeatureSpace(
        mean=_floats(tensors, _MEAN, (dim,)), projection=_floats(tensors, _PROJECTION, (dim, None))
    )
    classes = _indices(tensors[_CLASSES], count)
    coefficients = _floats(tensors, _COEFFICIENTS, (space.dim + 1, len(classes)))
    kind = Probe if exclusive else MultiProbe
    return ProbeHead(space, kind.only_to_predict(classes, coefficients), count)


def _floats(tensors: Mapping[str, Tensor], name: str, shape: tuple[int | None, ...]) -> Array:
    tensor = tensors[name]
    fits = len(shape) == tensor.ndim and all(
        size in (None, has) for size, has in zip(shape, tensor.shape, strict=True)
    )
    if not fits or tensor.dtype is not torch.float32 or not tensor.numel():
        raise ValueError(
            f"{name} must be float32 of shape {shape} (None: any), to fit the classes and the "
            f"backbone's vectors, but is {tensor.dtype} of shape {tuple(tensor.shape)}"
        )
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{name} holds NaN or infinity")
    array: Array = tensor.numpy()
    return array


def _indices(tensor: Tensor, count: int) -> NDArray[np.int64]:
    indices: NDArray[np.int64] = tensor.numpy()
    if tensor.ndim != 1 or tensor.dtype is not torch.int64 or not 0 < len(indices) <= count:
        raise ValueError(
            f"{_CLASSES} must be 1 to {count} int64 indices into the classes, but is "
            f"{tensor.dtype} of shape {tuple(tensor.shape)}"
        )
    if indices[0] < 0 or indices[-1] >= count or (np.diff(indices) <= 0).any():
        raise ValueError(f"{_CLASSES} must rise from 0 to {count - 1} at most")
    return indices
