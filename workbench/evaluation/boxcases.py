"""Which boxes were predicted in which image, and which are true: all that a detector is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.boxgeometry import Pairs, find_pairs
from workbench.dataset.boxes import BoxTable
from workbench.evaluation.averageprecision import Ranking, rank
from workbench.evaluation.cases import THRESHOLD
from workbench.evaluation.matching import Matches, match

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

OVERLAPS = np.linspace(0.5, 0.95, 10)  # COCO's: .5, .55, ..., .95
NEAR = 0.1  # overlap below which two boxes have nothing to do with each other


@dataclass(frozen=True, eq=False)
class BoxCases:
    """Predicted boxes beside the true ones, for the same images.

    What takes time (overlaps, matches) is computed when it is first asked for, and kept.

    Attributes:
        ids: (n,) sample ids, n of at least 1; an image without any box is one of them, too.
        truth: the true boxes; `images` are rows of `ids`.
        said: the predicted ones, with calibrated confidence; those that are hardly believed as well,
            for average precision needs them.
        classes: (K,) names by index, K of at least 1.

    Raises:
        ValueError: there is no image or no class, a box is in no image or of no class, is no box,
            or a confidence is no probability.
    """

    ids: Sequence[str]
    truth: BoxTable
    said: BoxTable
    classes: Sequence[str]

    def __post_init__(self) -> None:
        n, k = len(self.ids), len(self.classes)
        if n == 0 or k == 0:
            raise ValueError(f"there must be an image and a class, but there are {n} and {k}")
        for name, table in (("true", self.truth), ("predicted", self.said)):
            _check(name, table, n, k)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def pairs(self) -> Pairs:
        """True and predicted boxes that overlap by `NEAR` or more, whatever their classes."""
        return find_pairs(self.truth, self.said, NEAR)

    @cached_property
    def matches(self) -> Matches:
        """COCO's matching at each of `OVERLAPS`."""
        return match(self.truth, self.said, OVERLAPS, pairs=self.pairs)

    @cached_property
    def ranking(self) -> Ranking:
        """The matched boxes of each class by falling confidence."""
        return rank(self.truth, self.said, self.matches, len(self), len(self.classes))

    @cached_property
    def found(self) -> Ints:
        """(m,) the true box, as a row of `truth`, that each predicted one of `said` finds, or -1.

        At an overlap of .5; regardless of how sure the predicted one is.
        """
        out = np.full(len(self.said), -1, dtype=np.int64)
        out[self.matches.said] = self.matches.truth[0]
        return out

    def counts(self, threshold: float = THRESHOLD) -> tuple[Ints, Ints, Ints]:
        """(n,) of each image: true boxes found, true boxes missed, and false alarms.

        Args:
            threshold: confidence from which on a predicted box counts.
        """
        n = len(self)
        counted = np.zeros(len(self.said), dtype=np.bool_)
        counted[self.matches.said] = True
        counted &= self.said.scores >= threshold
        right = np.bincount(self.said.images[counted & (self.found >= 0)], minlength=n)
        false = np.bincount(self.said.images[counted & (self.found < 0)], minlength=n)
        there = np.bincount(self.truth.images, minlength=n)
        return right, there - right, false

    def wrong(self, threshold: float = THRESHOLD) -> Mask:
        """(n,) which images have a box missed, or one too many."""
        _, missed, false = self.counts(threshold)
        return np.asarray((missed > 0) | (false > 0))

    def select(self, rows: Sequence[int]) -> "BoxCases":
        """The images at these rows alone, in this order."""
        chosen = np.asarray(rows, dtype=np.int64)
        return BoxCases(
            [self.ids[row] for row in chosen],
            pick_images(self.truth, chosen),
            pick_images(self.said, chosen),
            self.classes,
        )


def pick_images(table: BoxTable, images: Ints) -> BoxTable:
    """The boxes of some images; row i of `images` becomes image i.

    Args:
        table: boxes.
        images: (n,) rows of images, each once at most, in any order.
    """
    first = np.searchsorted(table.images, images, side="left")
    count = np.searchsorted(table.images, images, side="right") - first
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    rows = np.repeat(first, count) + place
    return BoxTable(
        images=np.repeat(np.arange(len(images), dtype=np.int64), count),
        corners=table.corners[rows],
        classes=table.classes[rows],
        scores=table.scores[rows],
        ids=tuple(table.ids[row] for row in rows.tolist()),
        outlines=table.outlines and tuple(table.outlines[row] for row in rows.tolist()),
    )


def _check(name: str, table: BoxTable, n: int, k: int) -> None:
    if len(table) == 0:
        return
    if table.images[0] < 0 or table.images[-1] >= n:
        raise ValueError(
            f"images of {name} boxes must be within 0 and {n - 1}, the list of ids, but go from "
            f"{table.images[0]} to {table.images[-1]}"
        )
    if table.classes.min() < 0 or table.classes.max() >= k:
        raise ValueError(
            f"classes of {name} boxes must be within 0 and {k - 1}, the list of classes, but go "
            f"from {table.classes.min()} to {table.classes.max()}"
        )
    if not np.isfinite(table.corners).all():
        raise ValueError(f"corners of {name} boxes must be finite: leave out what is no box")
    if not (table.corners[:, 2:] >= table.corners[:, :2]).all():
        raise ValueError(f"{name} boxes must be left, top, right, bottom, in that order")
    if not ((table.scores >= 0) & (table.scores <= 1)).all():
        raise ValueError(f"confidences of {name} boxes must be within 0 and 1")
