"""Which boxes or outlines of an image overlap, and where in it a box lies, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.boxes import BoxTable
from workbench.dataset.outlines import Filled, filled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 2_000_000  # pairs of boxes that are looked at together
EDGE = 0.01  # share of an image's side within which a box is at its edge


@dataclass(frozen=True, slots=True)
class Pairs:
    """Predicted and true boxes that overlap, sorted by the row of the predicted one.

    Attributes:
        said: (p,) rows of predicted boxes.
        truth: (p,) rows of true boxes, ascending for each predicted one.
        overlap: (p,) their intersection over union, above 0.
    """

    said: Ints
    truth: Ints
    overlap: Floats


def overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes, row by row; 0 where they only touch or have no size.

    Args:
        one: (p, 4) left, top, right and bottom in pixels.
        other: (p, 4) likewise.

    Returns:
        (p,) 0 to 1.
    """
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    shared = np.where((sides > 0).all(axis=1), sides.prod(axis=1), 0.0)
    areas = (one[:, 2:] - one[:, :2]).prod(axis=1) + (other[:, 2:] - other[:, :2]).prod(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        out: Floats = np.where(shared > 0, shared / (areas - shared), 0.0)
    return out


def find_pairs(truth: BoxTable, said: BoxTable, least: float = 0.0) -> Pairs:
    """All pairs of a true and a predicted box, of whatever class, that overlap in an image.

    Where both have outlines, the pixels that these hold are what overlaps.

    Args:
        truth: what is true.
        said: what is predicted, of the same images.
        least: overlap from which on a pair counts; of 0, any overlap does.
    """
    parts = list(_blocks(truth, said, least))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none, none, np.zeros(0))
    rows, others, found = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Pairs(rows, others, found)


def _blocks(truth: BoxTable, said: BoxTable, least: float) -> Iterator[tuple[Ints, Ints, Floats]]:
    first = np.searchsorted(truth.images, said.images, side="left")
    count = np.searchsorted(truth.images, said.images, side="right") - first
    ends = np.cumsum(count)
    start = 0
    while start < len(said):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + BLOCK, side="right")))
        many = count[start:stop]
        rows = np.repeat(np.arange(start, stop), many)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(many) - many, many)
        others = np.repeat(first[start:stop], many) + place
        found = overlaps(said.corners[rows], truth.corners[others])
        if said.outlines is not None and truth.outlines is not None:
            near = np.flatnonzero(found)
            found[near] = _filled_overlaps(said, truth, rows[near], others[near])
        kept = (found > 0) & (found >= least)
        yield rows[kept], others[kept], found[kept]
        start = stop


def _filled_overlaps(said: BoxTable, truth: BoxTable, rows: Ints, others: Ints) -> Floats:
    """Intersection over union of what outlines hold, pair by pair, image by image."""
    out = np.zeros(len(rows))
    image = -1
    masks: dict[tuple[bool, int], Filled] = {}

    def of(table: BoxTable, row: int) -> Filled:
        key = table is said, row
        if key not in masks:
            masks[key] = filled((table.outlines or ())[row])
        return masks[key]

    for place, (row, other) in enumerate(zip(rows.tolist(), others.tolist(), strict=True)):
        if said.images[row] != image:  # masks of one image at a time: they take memory
            image = int(said.images[row])
            masks.clear()
        out[place] = of(said, row).overlap(of(truth, other))
    return out


class Places:
    """Says where boxes lie.

    Args:
        sizes: width and height of each image, in pixels.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]]) -> None:
        self._sizes = np.asarray(sizes, dtype=np.float64).reshape(len(sizes), 2)

    def shares(self, corners: Floats, images: Ints) -> Floats:
        """Share of its image that each box takes: (m, 4) corners in pixels to (m,)."""
        sides = corners[:, 2:] - corners[:, :2]
        out: Floats = (sides / self._sizes[images]).prod(axis=1)
        return out

    def words(self, corners: Floats, image: int) -> str:
        """Such as "at the left edge", "at the top right" or "in the middle".

        Args:
            corners: (4,) left, top, right, bottom in pixels.
            image: row of its image.
        """
        width, height = self._sizes[image]
        left, top, right, bottom = corners / (width, height, width, height)
        touched = {
            "left": left <= EDGE,
            "right": right >= 1 - EDGE,
            "top": top <= EDGE,
            "bottom": bottom >= 1 - EDGE,
        }
        edges = [name for name, there in touched.items() if there]
        if len(edges) == 1:
            return f"at the {edges[0]} edge"
        across = _third((left + right) / 2, "left", "right")
        along = _third((top + bottom) / 2, "top", "bottom")
        where = " ".join(filter(None, [along, across]))
        return f"at the {where}" if where else "in the middle"


def percent(share: float) -> str:
    """Such as "34 %"."""
    return f"{100 * share:.0f} %"


def _third(middle: float, low: str, high: str) -> str:
    return low if middle < 1 / 3 else high if middle > 2 / 3 else ""
