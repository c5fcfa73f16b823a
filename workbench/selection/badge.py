"""BADGE: picks whose labels would change the model much, and each in another way."""

import numpy as np

from workbench.selection.types import Array, Ints, Picked, Query


def badge(query: Query) -> Picked:
    """Sample by k-means++ among the gradients that the likeliest answers would have.

    The gradient of the log loss at the last layer is `(p - e) x^T`, with p the probabilities, e the
    likeliest answer and x the features: long where the model doubts, and of a direction of its own
    where image or doubt differ. The first pick has the longest; each further one is drawn with odds in
    proportion to the squared distance to the nearest one picked. Gradients are never made: lengths and
    products of their two factors are enough, so k classes cost O(n (d + k) c) time for n candidates and
    c picks, and O(n) memory beyond what is given. Without a model p - e is 1, and the features are
    sampled so; a worth takes the place of its length. Score: the squared length.

    Source:
        Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds" (arXiv
        1906.03671). k-means++: Arthur and Vassilvitskii 2007.
    """
    points, errors = query.points(), _errors(query)
    n = len(points)
    count = min(query.count, n)
    picked: Ints = np.empty(count, dtype=np.int64)
    lengths: Array = (errors * errors).sum(axis=1)  # features have length 1
    nearest = lengths.copy()  # to nothing: as if one pick were at the origin
    left = np.ones(n, dtype=np.bool_)
    for place in range(count):
        odds = np.where(left, nearest, 0).astype(np.float64)
        if place == 0 and query.probabilities is not None:
            row = int(np.argmax(np.where(left, lengths, -1)))
        elif (total := odds.sum()) > 0:
            row = int(query.rng.choice(n, p=odds / total))
        else:  # what is left is like what was picked
            row = int(query.rng.choice(np.flatnonzero(left)))
        picked[place] = row
        left[row] = False
        products = (errors @ errors[row]) * (points @ points[row])
        np.minimum(nearest, np.maximum(lengths + lengths[row] - 2 * products, 0), out=nearest)
    return Picked(picked, lengths[picked])


def _errors(query: Query) -> Array:
    """What the probabilities lack to the likeliest answer, (n, k); one column where there are none."""
    if query.worth is not None:
        worth: Array = np.sqrt(query.worth)[:, None].astype(np.float32)
        return worth
    if query.probabilities is None:
        return np.ones((len(query.candidates), 1), dtype=np.float32)
    errors = query.probabilities.astype(np.float32, copy=True)
    if query.exclusive:
        errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    else:
        errors -= errors >= 0.5
    return errors
