"""k-center: picks that leave no image far from a labelled one."""

import numpy as np

from workbench.selection.types import Array, Ints, Picked, Query

CELLS = 2**24  # distances that are held at a time


def kcenter(query: Query) -> Picked:
    """Pick, one after the other, the image that is farthest from everything labelled or picked.

    Minimises `max_i min_{j in S} |x_i - x_j|` over the set S of labelled and picked images, within a
    factor of two. The doubts of a model play no part, so outliers are picked first. Where nothing is
    labelled, the image nearest to the mean is first. Costs O(n d (m + c)) for n candidates, m labelled
    images and c picks, and O(n + CELLS) memory. Score: the distance when it was picked.

    Source:
        Sener and Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set
        Approach" (arXiv 1708.00489); the greedy algorithm is Gonzalez's, 1985.
    """
    points = query.points()
    count = min(query.count, len(points))
    picked: Ints = np.empty(count, dtype=np.int64)
    scores: Array = np.empty(count, dtype=np.float32)
    if not count:
        return Picked(picked, scores)
    nearest = squared_to_nearest(points, query.anchors())
    for place in range(count):
        if np.isinf(nearest).all():  # nothing is labelled yet
            row, distance = int(np.argmax(points @ points.mean(axis=0))), np.nan
        else:
            row = int(np.argmax(nearest))
            distance = float(np.sqrt(nearest[row]))
        picked[place], scores[place] = row, distance
        np.minimum(nearest, np.maximum(2 - 2 * (points @ points[row]), 0), out=nearest)
        nearest[picked[: place + 1]] = -1  # where all are alike, none comes twice
    return Picked(picked, scores)


def squared_to_nearest(points: Array, others: Array) -> Array:
    """Squared distance of each unit vector (n, d) to the nearest of (m, d); infinite for none."""
    nearest = np.full(len(points), np.inf, dtype=np.float32)
    step = max(1, CELLS // max(1, len(points)))
    for start in range(0, len(others), step):
        closest = (points @ others[start : start + step].T).max(axis=1)
        np.minimum(nearest, np.maximum(2 - 2 * closest, 0), out=nearest)
    return nearest
