"""What goes wrong with boxes, by kind, and what mending each kind would bring.

A predicted box that stands for no true one is, with .1 and .5 as the overlaps that matter, the
first of these that holds:

- *badly placed*: the true box of its class that it overlaps most, it overlaps by .1 to .5;
- *confused*: it overlaps a true box of another class by .5 or more;
- *duplicate*: it overlaps a true box of its class by .5 or more, for which a surer one stands;
- *false alarm*: all others.

A true box for which nothing stands, not even a badly placed or confused one, is *missed*.

Source:
    Bolya, Foley, Hays and Hoffman 2020, "TIDE: A General Toolbox for Identifying Object Detection
    Errors" (arXiv 2008.08115). Its sixth kind, both confused and badly placed, counts as a false
    alarm here: both are mended by leaving the box out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.boxgeometry import Places, percent
from workbench.evaluation.averageprecision import ranked
from workbench.evaluation.boxcases import BoxCases
from workbench.evaluation.cases import THRESHOLD

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

RIGHT = 0.5  # overlap from which on a box is well placed


class BoxErrorKind(StrEnum):
    """What is wrong with a box."""

    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    BADLY_PLACED = "badly placed"
    CONFUSED = "confused"
    DUPLICATE = "duplicate"


OF_SAID = (
    BoxErrorKind.FALSE_ALARM,
    BoxErrorKind.BADLY_PLACED,
    BoxErrorKind.CONFUSED,
    BoxErrorKind.DUPLICATE,
)
"""Kinds that a predicted box can be of, by their number in `SortedErrors.kind`."""


@dataclass(frozen=True, slots=True)
class BoxError:
    """One box that is wrong.

    Attributes:
        kind: what is wrong with it.
        image: row of its image.
        said: row of the predicted box; -1 where one is missed.
        truth: row of the true box that is missed, badly met, taken for another class or found
            twice; -1 for a false alarm.
        score: the higher, the sooner it is to be looked at: the confidence of a predicted box, the
            share of the image that a missed one takes.
        reason: what is wrong, in words, such as "'coin' missed at the left edge".
    """

    kind: BoxErrorKind
    image: int
    said: int
    truth: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class SortedErrors:
    """The kind of each box.

    Attributes:
        kind: (m,) place in `OF_SAID` of each predicted box; -1 for those that are right or do not
            count.
        target: (m,) row of the true box that it has to do with; -1 for none.
        overlap: (m,) by how much it overlaps that one.
        missed: (b,) which true boxes are missed.
    """

    kind: Ints
    target: Ints
    overlap: Floats
    missed: Mask


@dataclass(frozen=True, eq=False)
class BoxErrors:
    """What goes wrong in a set of images.

    Attributes:
        cases: the boxes.
        threshold: confidence from which on a predicted box counts as an error; what mending brings
            is computed over all of them, as average precision is.
        sorted: the kinds, at that threshold.
    """

    cases: BoxCases
    threshold: float
    sorted: SortedErrors

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a kind: `count` of boxes, `images` that have one, and `gain`.

        `gain` is by how much mAP50 (0 to 1) would rise if this kind alone were mended: a badly placed
        or confused box put right, unless a surer one stands for the same true box; duplicates and
        false alarms left out; missed boxes not asked for (TIDE's dAP). Gains do not add up.
        """
        rows = {}
        for kind in BoxErrorKind:
            boxes, images = self._of(kind)
            gain = self._gains[kind]
            rows[kind.value] = {"count": len(boxes), "images": len(set(images)), "gain": gain}
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("kind")
        return table.astype({"count": int, "images": int, "gain": float})

    def ranked(self, kind: BoxErrorKind, sizes: Sequence[tuple[int, int]]) -> list[BoxError]:
        """The errors of a kind in the order in which they are to be looked at.

        Args:
            kind: which.
            sizes: width and height of each image, in pixels.
        """
        boxes, images = self._of(kind)
        places = Places(sizes)
        missed = kind is BoxErrorKind.MISSED
        table = self.cases.truth if missed else self.cases.said
        corners = table.corners[boxes]
        scores = places.shares(corners, images) if missed else table.scores[boxes]
        out = []
        for place in np.argsort(-scores, kind="stable").tolist():
            box, image = int(boxes[place]), int(images[place])
            where = places.words(corners[place], image)
            target = box if missed else int(self.sorted.target[box])
            reason = self._words(kind, box, target, where)
            said = -1 if missed else box
            out.append(BoxError(kind, image, said, target, float(scores[place]), reason))
        return out

    def _of(self, kind: BoxErrorKind) -> tuple[Ints, Ints]:
        """Rows of the boxes of a kind, and of their images."""
        if kind is BoxErrorKind.MISSED:
            boxes = np.flatnonzero(self.sorted.missed)
            return boxes, self.cases.truth.images[boxes]
        boxes = np.flatnonzero(self.sorted.kind == OF_SAID.index(kind))
        return boxes, self.cases.said.images[boxes]

    def _words(self, kind: BoxErrorKind, box: int, target: int, where: str) -> str:
        names, truth, said = self.cases.classes, self.cases.truth, self.cases.said
        if kind is BoxErrorKind.MISSED:
            seen = said.scores[self.cases.found == target]
            doubted = f", seen with {percent(seen[0])} only" if len(seen) else ""
            return f"'{names[truth.classes[target]]}' missed {where}{doubted}"
        name, sure = names[said.classes[box]], percent(said.scores[box])
        if kind is BoxErrorKind.CONFUSED:
            return f"'{names[truth.classes[target]]}' {where} taken for '{name}' ({sure})"
        if kind is BoxErrorKind.BADLY_PLACED:
            overlap = f"overlaps the true box by {percent(self.sorted.overlap[box])}"
            return f"'{name}' {where} badly placed: {overlap} ({sure})"
        if kind is BoxErrorKind.DUPLICATE:
            return f"'{name}' {where} found once more ({sure})"
        if target >= 0:
            there = names[truth.classes[target]]
            return f"says '{name}' {where} ({sure}), half on a '{there}'"
        return f"says '{name}' {where} ({sure}), where nothing is"

    @cached_property
    def _gains(self) -> dict[BoxErrorKind, float]:
        everything = sort_errors(self.cases, 0.0)
        before = self.cases.ranking.average_precision()[0]
        there = np.isfinite(before)
        out = {}
        for kind in BoxErrorKind:
            mended = _mended(self.cases, everything, kind)[there]
            out[kind] = float((mended - before[there]).mean()) if there.any() else float("nan")
        return out


def find_box_errors(cases: BoxCases, threshold: float = THRESHOLD) -> BoxErrors:
    """Sort what goes wrong by kind.

    Args:
        cases: what is predicted, and what is true.
        threshold: confidence from which on a predicted box counts.
    """
    return BoxErrors(cases, threshold, sort_errors(cases, threshold))


def sort_errors(cases: BoxCases, threshold: float) -> SortedErrors:
    """The kind of each predicted box of a confidence of `threshold` or more; see the module."""
    truth, said, pairs = cases.truth, cases.said, cases.pairs
    counted = np.zeros(len(said), dtype=np.bool_)
    counted[cases.matches.said] = True
    counted &= said.scores >= threshold
    wrong = counted & (cases.found < 0)
    same = said.classes[pairs.said] == truth.classes[pairs.truth]
    own, own_overlap = _best(cases, same)
    other, other_overlap = _best(cases, ~same)
    kind = np.full(len(said), -1, dtype=np.int64)
    target = np.full(len(said), -1, dtype=np.int64)
    overlap = np.zeros(len(said))
    rules = (
        (BoxErrorKind.BADLY_PLACED, (own >= 0) & (own_overlap < RIGHT), own, own_overlap),
        (BoxErrorKind.CONFUSED, other_overlap >= RIGHT, other, other_overlap),
        (BoxErrorKind.DUPLICATE, own_overlap >= RIGHT, own, own_overlap),
        (BoxErrorKind.FALSE_ALARM, wrong, other, other_overlap),
    )
    for name, holds, box, by in rules:
        here = wrong & (kind < 0) & holds
        kind[here], target[here], overlap[here] = OF_SAID.index(name), box[here], by[here]
    missed = np.ones(len(truth), dtype=np.bool_)
    missed[cases.found[counted & (cases.found >= 0)]] = False
    half = [OF_SAID.index(BoxErrorKind.BADLY_PLACED), OF_SAID.index(BoxErrorKind.CONFUSED)]
    missed[target[np.isin(kind, half)]] = False
    return SortedErrors(kind, target, overlap, missed)


def _best(cases: BoxCases, kept: Mask) -> tuple[Ints, Floats]:
    """The true box that each predicted one overlaps most, of some pairs: row (-1) and overlap."""
    pairs = cases.pairs
    said, truth, overlap = pairs.said[kept], pairs.truth[kept], pairs.overlap[kept]
    order = np.lexsort((overlap, said))
    last = order[np.flatnonzero(np.diff(said[order], append=-1))]
    best = np.full(len(cases.said), -1, dtype=np.int64)
    most = np.zeros(len(cases.said))
    best[said[last]], most[said[last]] = truth[last], overlap[last]
    return best, most


def _mended(cases: BoxCases, errors: SortedErrors, kind: BoxErrorKind) -> Floats:
    """(K,) average precision at .5 if a kind of errors were mended."""
    truth, said = cases.truth, cases.said
    rows = cases.matches.said
    target, classes = cases.found[rows], said.classes[rows].copy()
    kept = np.ones(len(rows), dtype=np.bool_)
    asked = np.ones(len(truth), dtype=np.bool_)
    if kind is BoxErrorKind.MISSED:
        asked = ~errors.missed
    else:
        own = errors.kind[rows] == OF_SAID.index(kind)
        if kind in (BoxErrorKind.DUPLICATE, BoxErrorKind.FALSE_ALARM):
            kept = ~own
        else:
            target = np.where(own, errors.target[rows], target)
            classes[own] = truth.classes[target[own]]
            kept = _surest(target, said.scores[rows])
    found = ranked(
        said.images[rows][kept],
        classes[kept],
        said.scores[rows][kept],
        (target >= 0)[None, kept],
        true_images=truth.images[asked],
        true_classes=truth.classes[asked],
        num_images=len(cases),
        num_classes=len(cases.classes),
    )
    out = found.average_precision()[0]
    # Where nothing is asked for any more, all is well unless something is said all the same.
    silent = np.bincount(found.classes, minlength=len(cases.classes)) == 0
    mended: Floats = np.where(np.isfinite(out), out, silent.astype(np.float64))
    return mended


def _surest(target: Ints, scores: Floats) -> Mask:
    """Of the rows that have one target, the one with the highest score; all without a target."""
    kept = target < 0
    with_one = np.flatnonzero(~kept)
    order = with_one[np.lexsort((-scores[with_one], target[with_one]))]
    kept[order[np.flatnonzero(np.diff(target[order], prepend=-1))]] = True
    return np.asarray(kept)
