"""Pairs of classes that are taken for each other more often than chance would have it.

Every mistake has classes that were missed and classes that were said instead. Chance is a model that
is as often wrong about each image, but says then any class that the image does not have, as often as
that class occurs. The number of times that two classes would be taken for each other by chance is a
sum over images; the probability of as many as there are, or more, is bounded by Poisson's tail of
that sum, which lies above that of the sum's own distribution.

Of the pairs that are called confused, 5 % at most are expected to be so by chance alone.

Source:
    Bound: Hoeffding 1956, "On the Distribution of the Number of Successes in Independent Trials".
    Rate of false discoveries: Benjamini, Hochberg 1995, "Controlling the False Discovery Rate".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

Mask = NDArray[np.bool_]
Scores = NDArray[np.float64]

FALSE_DISCOVERIES = 0.05
LEAST = 2  # times; a mistake that was made once is no habit


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two classes that are taken for each other.

    Attributes:
        first: index of the class that comes first in the list.
        second: index of the other.
        count: images on which one was missed and the other said.
        expected: how many there would be by chance.
        p: probability of `count` or more by chance, at most.
    """

    first: int
    second: int
    count: int
    expected: float
    p: float


def confused_pairs(truth: Mask, said: Mask) -> list[Confusion]:
    """Find the pairs of classes that are confused more often than chance would have it.

    Args:
        truth: (n, K) which classes each image has.
        said: (n, K) which it is said to have; in classification both have one a row.

    Returns:
        The pairs, the least likely by chance first. With two classes there is nothing to tell one
        pair from another by, and there are none.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.ndim != 2 or truth.shape != said.shape:
        raise ValueError(
            f"truth and said must be (n, K) alike, but got {truth.shape} and {said.shape}"
        )
    size = truth.shape[1]
    counts, expected = _taken_for_each_other(truth, said)
    firsts, seconds = np.nonzero(np.triu(counts, 1))
    found = counts[firsts, seconds]
    p = pdtrc(found - 1, expected[firsts, seconds])
    order = np.argsort(p, kind="stable")
    # Pairs that were never confused are part of the family, too: their p is 1.
    bounds = FALSE_DISCOVERIES * np.arange(1, len(order) + 1) / max(1, size * (size - 1) // 2)
    passed = np.flatnonzero(p[order] <= bounds)
    last = passed[-1] + 1 if len(passed) else 0
    pairs = [
        Confusion(
            int(firsts[i]),
            int(seconds[i]),
            int(found[i]),
            float(expected[firsts[i], seconds[i]]),
            float(p[i]),
        )
        for i in order[:last].tolist()
    ]
    return [pair for pair in pairs if pair.count >= LEAST]


def _taken_for_each_other(truth: Mask, said: Mask) -> tuple[NDArray[np.int64], Scores]:
    """How often each pair of classes was, and would be by chance: (K, K) each, symmetric."""
    share = truth.sum(axis=0) + 1.0  # a class that is in no label yet can be said, too
    wrong = (truth & ~said).any(axis=1) & (said & ~truth).any(axis=1)
    truth, said = truth[wrong], said[wrong]
    missed, extra = (truth & ~said).astype(np.float64), (said & ~truth).astype(np.float64)
    other = np.where(truth, 0.0, share)
    rest = other.sum(axis=1, keepdims=True)
    chance = np.minimum(1.0, extra.sum(axis=1, keepdims=True) * other / np.maximum(rest, 1e-12))
    counts, expected = missed.T @ extra, missed.T @ chance
    return np.rint(counts + counts.T).astype(np.int64), expected + expected.T
