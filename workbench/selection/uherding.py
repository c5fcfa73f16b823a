"""Uncertainty herding: picks that are doubtful, and stand for many doubtful images."""

import heapq
from dataclasses import replace

import numpy as np

from workbench.selection.types import Array, Ints, Picked, Query
from workbench.selection.uncertainty import wanted

EXACT_UP_TO = 20_000  # candidates; beyond, candidates and references are sampled
CONSIDERED = 20_000  # candidates that are drawn then
REFERENCES = 5_000  # images that stand for the pool beyond that size
CELLS = 2**24  # of the kernel matrix held at a time


def uherding(query: Query, *, exact_up_to: int = EXACT_UP_TO) -> Picked:
    """Pick greedily what covers most of the model's remaining doubt.

    Maximises `mean_i u_i * max_{j in S} k(x_i, x_j)` over the set S of labelled and picked images,
    with u the model's `doubt` and k a Gaussian kernel whose width is the smallest distance between
    two labelled images: wide while labels are few (cover the pool), narrow later (settle the doubt).
    With no model u is 1 everywhere, which is the cold start. The objective is
    submodular, so gains only fall and are re-computed lazily: O(n r d) time for n candidates and
    r references, O(n + r + CELLS) memory. Score: the gain in the mean when it was picked.

    Args:
        query: what to pick from.
        exact_up_to: candidates up to which each of them is considered and covered. Beyond, 20,000 are
            considered and 5,000 covered, drawn with odds in proportion to their doubt.

    Source:
        Bae et al. 2024, "Uncertainty Herding: One Active Learning Method for All Label Budgets"
        (arXiv 2412.20644). Lazy greedy: Minoux 1978.
    """
    n = len(query.candidates)
    weight = np.ones(n, dtype=np.float32)
    told = wanted(query)
    if told is not None and told.any():  # a model sure of everything: cover the pool instead
        weight = told
    chosen, references = _sample(query, weight, exact_up_to)
    points = query.points(chosen)
    anchors = points if references is chosen else query.points(references)
    labelled = query.anchors()
    importance: Array = weight[references] / np.float32(len(references))
    if len(references) < n:
        importance = np.full_like(importance, float(weight.mean()) / len(references))
    kernel = _Kernel(_width(labelled, anchors))
    covered = kernel.best(anchors, labelled)
    gains = _first_gains(points, anchors, importance, covered, kernel)
    indices, scores = _lazy_greedy(points, anchors, importance, covered, kernel, gains, query.count)
    return Picked(chosen[indices], scores)


def maxherding(query: Query) -> Picked:
    """Pick greedily what covers most of the pool, whatever a model says of it.

    `uherding` with a doubt of 1 everywhere, and with its costs. Score: the gain in the mean.

    Source:
        Bae et al. 2024, "Generalized Coverage for More Robust Low-Budget Active Learning" (arXiv
        2407.12212).
    """
    return uherding(replace(query, probabilities=None, worth=None))


class _Kernel:
    """Gaussian similarity of unit vectors."""

    def __init__(self, width: float) -> None:
        self.scale = 1 / max(width, 1e-3) ** 2

    def __call__(self, a: Array, b: Array) -> Array:
        """(n, d) and (m, d) to (n, m)."""
        out: Array = a @ b.T  # the only matrix: it may be large
        out *= -2
        out += (a * a).sum(1)[:, None]
        out += (b * b).sum(1)[None]
        np.maximum(out, 0, out=out)
        out *= -self.scale
        return np.exp(out, out=out)

    def best(self, points: Array, centres: Array) -> Array:
        """Similarity of each point to its most similar centre; 0 without centres."""
        best = np.zeros(len(points), dtype=np.float32)
        step = max(1, CELLS // max(1, len(points)))
        for start in range(0, len(centres), step):
            np.maximum(best, self(points, centres[start : start + step]).max(axis=1), out=best)
        return best


def _sample(query: Query, weight: Array, exact_up_to: int) -> tuple[Ints, Ints]:
    """Candidates to consider and references to cover, as rows; all of them while that is cheap."""
    n = len(query.candidates)
    if n <= exact_up_to:
        everything = np.arange(n, dtype=np.int64)
        return everything, everything
    odds = weight.astype(np.float64) + 1e-6
    odds /= odds.sum()
    size = min(n, max(CONSIDERED, 10 * query.count))
    chosen = query.rng.choice(n, size, replace=False, p=odds)
    # References drawn in proportion to doubt estimate the doubt-weighted mean without a weight.
    references = query.rng.choice(n, min(n, REFERENCES), replace=False, p=odds)
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
    step = max(1, CELLS // max(1, len(anchors)))
    for start in range(0, len(points), step):
        block = kernel(points[start : start + step], anchors)
        block -= covered
        gains[start : start + step] = np.maximum(block, 0, out=block) @ importance
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
