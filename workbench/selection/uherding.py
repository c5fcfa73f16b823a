"""Uncertainty herding: picks that are doubtful, and stand for many doubtful images."""

import heapq

import numpy as np

from workbench.selection.types import Array, Ints, Picked, Query
from workbench.selection.uncertainty import wanted

EXACT_UP_TO = 20_000  # candidates; beyond, candidates and references are sampled
REFERENCES = 5_000  # images that stand for the pool beyond that size
BLOCK = 2_048  # rows of the kernel matrix held at a time


def uherding(query: Query) -> Picked:
    """Pick greedily what covers most of the model's remaining doubt.

    Maximises `mean_i u_i * max_{j in S} k(x_i, x_j)` over the set S of labelled and picked images,
    with u the model's `doubt` and k a Gaussian kernel whose width is the smallest distance between
    two labelled images: wide while labels are few (cover the pool), narrow later (settle the doubt).
    With no model u is 1 everywhere, which is the cold start. The objective is
    submodular, so gains only fall and are re-computed lazily: O(n r d) time for n candidates and
    r references, O(n + BLOCK r) memory. Score: the gain in the mean when it was picked.

    Source:
        Bae et al. 2024, "Uncertainty Herding: One Active Learning Method for All Label Budgets"
        (arXiv 2412.20644). Lazy greedy: Minoux 1978.
    """
    n = len(query.candidates)
    weight = np.ones(n, dtype=np.float32)
    told = wanted(query)
    if told is not None and told.any():  # a model sure of everything: cover the pool instead
        weight = told
    chosen, references = _sample(query, weight)
    points, anchors = query.candidates[chosen], query.candidates[references]
    importance: Array = weight[references] / np.float32(len(references))
    if len(references) < n:
        importance = np.full_like(importance, float(weight.mean()) / len(references))
    kernel = _Kernel(_width(query.labelled, anchors))
    covered = kernel.best(anchors, query.labelled)
    gains = _first_gains(points, anchors, importance, covered, kernel)
    indices, scores = _lazy_greedy(points, anchors, importance, covered, kernel, gains, query.count)
    return Picked(chosen[indices], scores)


class _Kernel:
    """Gaussian similarity of unit vectors."""

    def __init__(self, width: float) -> None:
        self.scale = 1 / max(width, 1e-3) ** 2

    def __call__(self, a: Array, b: Array) -> Array:
        """(n, d) and (m, d) to (n, m)."""
        squared = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
        out: Array = np.exp(-self.scale * np.maximum(squared, 0))
        return out

    def best(self, points: Array, centres: Array) -> Array:
        """Similarity of each point to its most similar centre; 0 without centres."""
        best = np.zeros(len(points), dtype=np.float32)
        for start in range(0, len(centres), BLOCK):
            np.maximum(best, self(points, centres[start : start + BLOCK]).max(axis=1), out=best)
        return best


def _sample(query: Query, weight: Array) -> tuple[Ints, Ints]:
    """Candidates to consider and references to cover, as rows; all of them while that is cheap."""
    n = len(query.candidates)
    if n <= EXACT_UP_TO:
        everything = np.arange(n, dtype=np.int64)
        return everything, everything
    odds = weight.astype(np.float64) + 1e-6
    odds /= odds.sum()
    size = max(EXACT_UP_TO, min(n, 10 * query.count))
    chosen = query.rng.choice(n, size, replace=False, p=odds)
    # References drawn in proportion to doubt estimate the doubt-weighted mean without a weight.
    references = query.rng.choice(n, REFERENCES, replace=False, p=odds)
    return np.sort(chosen).astype(np.int64), np.sort(references).astype(np.int64)


def _width(labelled: Array, anchors: Array, most: int = 2_000) -> float:
    """Smallest distance between two labelled images; of the pool's median while there are none."""
    if len(labelled) >= 2:
        points = labelled[-most:]
        squared = 2 - 2 * (points @ points.T)
        np.fill_diagonal(squared, np.inf)
        distinct = squared[squared > 1e-6]
        if len(distinct):
            return float(np.sqrt(distinct.min()))
    points = anchors[:: max(1, len(anchors) // 500)]
    squared = np.maximum(2 - 2 * (points @ points.T), 0)
    return float(np.sqrt(np.median(squared))) or 1.0


def _first_gains(
    points: Array, anchors: Array, importance: Array, covered: Array, kernel: _Kernel
) -> Array:
    gains = np.empty(len(points), dtype=np.float32)
    for start in range(0, len(points), BLOCK):
        block = kernel(points[start : start + BLOCK], anchors)
        gains[start : start + BLOCK] = np.maximum(block - covered, 0) @ importance
    return gains


def _lazy_greedy(
    points: Array,
    anchors: Array,
    importance: Array,
    covered: Array,
    kernel: _Kernel,
    gains: Array,
    count: int,
) -> tuple[Ints, Array]:
    heap = [(-float(gain), index) for index, gain in enumerate(gains)]
    heapq.heapify(heap)
    fresh = np.zeros(len(points), dtype=np.int64)  # number of picks at which the gain was computed
    picked: list[int] = []
    scores: list[float] = []
    while heap and len(picked) < count:
        _, index = heapq.heappop(heap)
        row = kernel(points[index : index + 1], anchors)[0]
        gain = float(np.maximum(row - covered, 0) @ importance)
        if fresh[index] < len(picked):
            fresh[index] = len(picked)
            if heap and gain < -heap[0][0]:
                heapq.heappush(heap, (-gain, index))
                continue
        picked.append(index)
        scores.append(gain)
        np.maximum(covered, row, out=covered)
    return np.array(picked, dtype=np.int64), np.array(scores, dtype=np.float32)
