"""Random picks, and picks by the model's own doubt."""

import numpy as np

from workbench.selection.types import Array, Picked, Query


def random(query: Query) -> Picked:
    """Pick uniformly: the control arm, and what every other strategy has to beat.

    Costs O(n). Needs no model.
    """
    count = min(query.count, len(query.candidates))
    indices = query.rng.choice(len(query.candidates), count, replace=False)
    return Picked(indices.astype(np.int64), np.full(count, np.nan, dtype=np.float32))


def doubt(probabilities: Array, exclusive: bool = True) -> Array:
    """How much a model doubts what it says of each image: (n, k) to (n,), 0 to 1.

    One less the margin between the two most probable classes, where exactly one of them is there;
    else the doubt of the class that is most in doubt, where the two that compete are that it is
    there and that it is not. Picks by the mean over the classes, or by the margin between the two
    most probable sets of classes, teach as much (scenes of digits); this one can be said in words.

    Source:
        For several classes: Brinker 2006, "On Active Learning in Multi-label Classification".
    """
    if not exclusive:
        most: Array = doubts(probabilities).max(axis=1, initial=0)
        return most
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities), dtype=np.float32)
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    out: Array = 1 - (top[:, 1] - top[:, 0])
    return out


def doubts(probabilities: Array) -> Array:
    """One less the margin between a class being there and not: 1 - |2 p - 1| of each cell."""
    out: Array = 1 - np.abs(2 * probabilities - 1)
    return out


def wanted(query: Query) -> Array | None:
    """How much each candidate is wanted by itself: its worth, or the model's doubt; None for none."""
    if query.worth is not None or query.probabilities is None:
        return query.worth
    return doubt(query.probabilities, query.exclusive)


def margin(query: Query) -> Picked:
    """Pick where the two most probable answers are closest.

    Score: the model's `doubt`, or the worth that is given. Costs O(n k). Picks near-duplicates of
    one doubtful image side by side, which `uherding` does not. Without a model it picks at random.

    Source:
        Scheffer et al. 2001, "Active hidden Markov models for information extraction".
    """
    scores = wanted(query)
    if scores is None:
        return random(query)
    return _highest(query, scores)


def entropy(query: Query) -> Picked:
    """Pick where the entropy of the probabilities is highest. A poor default.

    `-sum_c p_c log p_c`, of one class an image over log k, else the mean of each class's own, so that it
    goes from 0 to 1. It counts the doubt among classes that are out of the question anyway, and on digits
    does no better than random picks up to 100 labels, where `margin` does: it is here to be compared
    with. Costs O(n k). A worth takes its place; without a model it picks at random. Score: the
    entropy.

    Source:
        Shannon 1948, "A Mathematical Theory of Communication".
    """
    if query.worth is not None:
        return _highest(query, query.worth)
    if query.probabilities is None:
        return random(query)
    return _highest(query, _entropy(query.probabilities, query.exclusive))


def _entropy(probabilities: Array, exclusive: bool) -> Array:
    p = probabilities.clip(1e-12, 1).astype(np.float64)
    if exclusive:
        bits = -(p * np.log(p)).sum(axis=1) / np.log(max(2, p.shape[1]))
    else:
        q = (1 - probabilities).clip(1e-12, 1).astype(np.float64)
        bits = -(p * np.log2(p) + q * np.log2(q)).mean(axis=1)
    out: Array = bits.astype(np.float32)
    return out


def _highest(query: Query, scores: Array) -> Picked:
    """The highest scores; ties (a model that is sure of everything) at random, not by file order."""
    count = min(query.count, len(scores))
    order = np.lexsort((query.rng.random(len(scores)), -scores))[:count]
    return Picked(order.astype(np.int64), scores[order])
