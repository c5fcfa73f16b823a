"""Which predicted box stands for which true one: COCO's greedy matching.

All is done for all images at once; 50,000 boxes in 5,000 images take a second or two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.boxgeometry import Pairs, find_pairs
from workbench.dataset.boxes import BoxTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 100  # predicted boxes of a class in an image that count, the surest ones
ALMOST = 1 - 1e-10  # COCO asks for no more than this, so that rounding spoils no perfect overlap


@dataclass(frozen=True, slots=True)
class Matches:
    """Which true box each predicted one was given.

    Attributes:
        thresholds: (t,) least overlap of each row of `truth`.
        said: (m,) rows of the predicted boxes that count, by image, class and falling confidence.
        truth: (t, m) row of the true box that each stands for; -1 for none.
    """

    thresholds: Floats
    said: Ints
    truth: Ints


def match(
    truth: BoxTable,
    said: BoxTable,
    thresholds: Sequence[float] | Floats,
    *,
    pairs: Pairs | None = None,
    most: int = MOST,
) -> Matches:
    """Give each predicted box a true one of its class, the surest predicted box first.

    It gets the one that it overlaps most, of those that are left and reach the threshold; of two
    that it overlaps equally, the later one, as COCO has it.

    Args:
        truth: what is true.
        said: what is predicted, of the same images.
        thresholds: (t,) least overlaps, each matched by itself.
        pairs: as `find_pairs` found them, where they are known; with `least` of no more than the
            lowest threshold.
        most: predicted boxes of a class in an image that count; equally sure ones in their order.

    Source:
        Lin et al. 2014, "Microsoft COCO: Common Objects in Context" (arXiv 1405.0312), as in its
        reference implementation, pycocotools.
    """
    least = np.minimum(np.asarray(thresholds, dtype=np.float64), ALMOST)
    if pairs is None:
        pairs = find_pairs(truth, said, float(least.min(initial=1.0)))
    order = np.lexsort((-said.scores, said.classes, said.images))
    rank = _ranks(said.images[order], said.classes[order])
    order, rank = order[rank < most], rank[rank < most]
    given = np.full((len(least), len(order)), -1, dtype=np.int64)
    # Where each predicted box stands in that order; -1 for those that do not count.
    place = np.full(len(said), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    own = (said.classes[pairs.said] == truth.classes[pairs.truth]) & (place[pairs.said] >= 0)
    places, others, found = place[pairs.said[own]], pairs.truth[own], pairs.overlap[own]
    by_choice = np.lexsort((-others, -found, places, rank[places]))
    places, others, found = places[by_choice], others[by_choice], found[by_choice]
    taken = np.zeros((len(least), len(truth)), dtype=np.bool_)
    # All groups choose at once: the surest box of each, then the next one of each, and so on.
    turns = np.flatnonzero(np.diff(rank[places], prepend=-1))
    for start, stop in zip(turns, [*turns[1:], len(places)], strict=False):
        here, targets = places[start:stop], others[start:stop]
        free = (found[start:stop] >= least[:, None]) & ~taken[:, targets]
        begins = np.flatnonzero(np.diff(here, prepend=-1))
        # The pairs of a box are in the order of its choice: the first free one it is.
        best = np.where(free, np.arange(stop - start), stop - start)
        best = np.minimum.reduceat(best, begins, axis=1)
        rows, columns = np.nonzero(best < stop - start)
        chosen = targets[best[rows, columns]]
        given[rows, here[begins[columns]]] = chosen
        taken[rows, chosen] = True
    return Matches(np.asarray(thresholds, dtype=np.float64), order, given)


def _ranks(*keys: Ints) -> Ints:
    """Place of each row within its group; the groups' rows are next to each other."""
    count = len(keys[0])
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    begins = np.zeros(count, dtype=np.bool_)
    begins[0] = True
    for key in keys:
        begins[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(begins)
    out: Ints = np.arange(count) - starts[np.cumsum(begins) - 1]
    return out
