"""The labelled images that look most alike, and what their labels say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

BLOCK = 8_000_000  # similarities held at a time: 32 MB
GROUP = 64  # columns of which only the largest is looked at first
TWIN = 0.999  # cosine similarity from which two images are taken for one and the same


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest others of each row.

    Attributes:
        indices: (n, k) rows, the most similar first.
        similarities: (n, k) their cosine similarities, -1 to 1.
    """

    indices: Ints
    similarities: Array


def nearest_neighbours(features: Array, k: int) -> Neighbours:
    """Find the k most similar other rows of each row, exactly.

    Takes O(n² d) time, and memory for the result and for `BLOCK` similarities at a time.

    Args:
        features: (n, d) unit features; a row of zeros is equally unlike all others.
        k: neighbours wanted; where there are fewer others, all of them are given.

    Returns:
        The neighbours, (n, min(k, n - 1)).

    Raises:
        ValueError: `features` is not a finite matrix, or `k` is below 1.
    """
    if features.ndim != 2 or not np.isfinite(features).all():
        raise ValueError(f"features must be a finite (n, d) matrix, but got {features.shape}")
    if k < 1:
        raise ValueError(f"k must be at least 1, but got {k}")
    n = len(features)
    k = max(0, min(k, n - 1))
    indices = np.empty((n, k), dtype=np.int64)
    similarities = np.empty((n, k), dtype=np.float32)
    step = max(1, BLOCK // max(1, n))
    for start in range(0, n if k else 0, step):
        rows = slice(start, min(start + step, n))
        block = features[rows] @ features.T
        own = np.arange(rows.start, rows.stop)
        block[own - start, own] = -np.inf
        indices[rows], similarities[rows] = largest(block, k)
    return Neighbours(indices, similarities)


def largest(block: Array, k: int) -> tuple[Ints, Array]:
    """Columns and values of each row's k largest entries, the largest first: (b, n) to (b, k)."""
    columns = np.sort(_candidates(block, k), axis=1)
    values = np.take_along_axis(block, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def _candidates(block: Array, k: int) -> Ints:
    """Columns among which each row's k largest entries are: (b, n) to (b, m), m of at least k.

    They lie in the k groups with the largest maxima, for each entry that is left out has k maxima
    above it. To find those is a tenth of the work of partitioning whole rows.
    """
    rows, n = block.shape
    groups = n // GROUP
    if groups <= k:
        return np.argpartition(block, n - k, axis=1)[:, n - k :]
    # Group j holds the columns j, j + groups, j + 2 groups, ...: so maxima are taken along rows.
    grouped = block[:, : GROUP * groups].reshape(rows, GROUP, groups)
    best = np.argpartition(grouped.max(axis=1), groups - k, axis=1)[:, groups - k :]
    members = (best[:, None] + groups * np.arange(GROUP)[:, None]).reshape(rows, GROUP * k)
    rest = np.broadcast_to(np.arange(GROUP * groups, n), (rows, n - GROUP * groups))
    return np.hstack([members, rest])


def vote(neighbours: Neighbours, targets: Ints, num_classes: int) -> Array:
    """Let each row's neighbours say what it is.

    A neighbour's vote weighs the square of its similarity, none if that is negative. A twin (an
    image that is the same, see `TWIN`) weighs as much as k neighbours: what the same image was
    called says more than what others were. The shares of the classes among all labels count as one
    more vote, so that few and distant neighbours decide little.

    Args:
        neighbours: of n rows.
        targets: (n,) their class indices.
        num_classes: K, the length of the class list.

    Returns:
        (n, K) probabilities, each row summing to 1; a row's own label has no vote in its row.

    Source:
        Distance-weighted nearest neighbours: Dudani 1976, "The Distance-Weighted
        k-Nearest-Neighbor Rule".
    """
    n = len(targets)
    weights = _weights(neighbours)
    votes = np.zeros((n, num_classes), dtype=np.float32)
    votes += np.bincount(targets, minlength=num_classes) / max(1, n)
    # A column at a time: one vote a row, and no (n, k, K) array.
    for labels, weight in zip(targets[neighbours.indices].T, weights.T, strict=True):
        votes[np.arange(n), labels] += weight
    votes /= votes.sum(axis=1, keepdims=True)
    return votes


def vote_each(neighbours: Neighbours, targets: Mask) -> Array:
    """Let each row's neighbours say of each class by itself whether it is there.

    Votes weigh as in `vote`; the classes' shares, by the rule of succession, count as one more.

    Args:
        neighbours: of n rows.
        targets: (n, K) which classes each has.

    Returns:
        (n, K) probabilities, each by itself; a row's own label has no vote in its row.
    """
    weights = _weights(neighbours)
    votes = np.zeros(targets.shape, dtype=np.float32)
    votes += shares(targets)
    # A column at a time: no (n, k, K) array.
    for found, weight in zip(neighbours.indices.T, weights.T, strict=True):
        votes += weight[:, None] * targets[found]
    votes /= 1 + weights.sum(axis=1, keepdims=True)
    return votes


def shares(targets: Mask) -> Array:
    """Share of the rows that have each class, by Laplace's rule of succession: (n, K) to (K,)."""
    out: Array = ((targets.sum(axis=0) + 1) / (len(targets) + 2)).astype(np.float32)
    return out


def _weights(neighbours: Neighbours) -> Array:
    """What each neighbour's vote weighs: (n, k)."""
    weights: Array = np.maximum(neighbours.similarities, 0) ** 2
    weights[neighbours.similarities >= TWIN] = neighbours.indices.shape[1]
    return weights


def disagreement(votes: Array, targets: Ints) -> Array:
    """How much the neighbours speak against each label: (n, K) votes to (n,), 0 to 1."""
    against: Array = 1 - votes[np.arange(len(targets)), targets]
    return against
