"""Likely errors in labelled boxes, of three kinds, by a detector that has not seen these labels.

- *overlooked*: the model is sure of a box where no labelled one is. Score: its confidence.
- *badly placed*: the model's box overlaps the labelled one of its class less than is usual for that
  class. Score: its confidence times the share of the usual overlap that is lacking.
- *wrong class*: the model's box on a labelled one is of another class. Score: its confidence times
  one less that of the best box there that is of the label's class.

What is usual, the boxes themselves say: those of the model that a label of their class confirms, by
an overlap of .5 or more. The mean of their confidence is what a class's own boxes get, the bar of
confident learning; the median of their overlaps, less three deviations, is where a place begins to be
doubtful (but never above .7, from where on nobody would call a box badly placed).
A suspect counts as likely where the model is at least that sure, and the place that doubtful.
The number of likely ones estimates how many errors there are: an object that the model does not find,
or a box that is off by less than the model's own boxes are, it cannot count.

Simulated (`tests/quality/test_boxes.py`: 1,000 boxes, a model that misses a tenth of the objects and
names a thirtieth wrongly, a twentieth of the labels each left out, moved by half their size, and
swapped): of the likely ones 87 % were planted (overlooked 99 %, badly placed 99 %, wrong class 63 %,
the rest of which are the model's own mistakes); of the planted ones 63 % were likely (54 %, 89 %,
47 %). So the estimate is low rather than high: by about half for what is overlooked, for half of a
class's boxes are surer than their mean. Where nothing was planted, 15 of 1,000 labels were likely.

Why not cleanlab's functions: they compare box by box in Python, measure distances in pixels whatever
the image's size, and ask for a confidence of .95, which a calibrated detector hardly ever gives.

Source:
    Tkachenko, Thyagarajan and Mueller 2023, "ObjectLab: Automated Diagnosis of Mislabeled Images in
    Object Detection Data" (arXiv 2309.00832). Northcutt, Jiang and Chuang 2021, "Confident Learning"
    (arXiv 1911.00068).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from workbench.boxgeometry import Pairs, Places, find_pairs, percent
from workbench.dataset.boxes import BoxTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEAR = 0.1  # overlap below which two boxes have nothing to do with each other
ON = 0.5  # overlap from which on they are about the same object
LOOSE = 0.7  # overlap from which on no label is called badly placed
USUAL = 0.85  # overlap, for classes without a confirmed box
SURE = 0.7  # confidence, likewise
TOLD = 0.3  # score from which on a suspect is told of at all


class BoxSuspectKind(StrEnum):
    """What is doubted of a label."""

    OVERLOOKED = "overlooked"
    BADLY_PLACED = "badly placed"
    WRONG_CLASS = "wrong class"


@dataclass(frozen=True, slots=True)
class BoxSuspect:
    """One box that may be wrong, or missing.

    Attributes:
        kind: what is doubted.
        image: row of its image.
        label: row of the labelled box; -1 where one is overlooked.
        said: row of the predicted box that speaks against it: the place that is meant.
        score: 0 to 1, the higher the likelier an error.
        likely: whether it counts as one.
        reason: the evidence, in a sentence.
    """

    kind: BoxSuspectKind
    image: int
    label: int
    said: int
    score: float
    likely: bool
    reason: str


@dataclass(frozen=True, slots=True)
class BoxSuspects:
    """What is doubted of the labels of a set of images.

    Attributes:
        suspects: those with a score of `TOLD` or more, the most suspicious first; a label is
            suspected for one thing alone.
    """

    suspects: tuple[BoxSuspect, ...]

    @property
    def likely(self) -> int:
        """How many errors there are, by estimate; the module says how."""
        return sum(suspect.likely for suspect in self.suspects)

    def of(self, kind: BoxSuspectKind) -> list[BoxSuspect]:
        """Those of a kind, in the same order."""
        return [suspect for suspect in self.suspects if suspect.kind is kind]


@dataclass(frozen=True, slots=True)
class _Usual:
    """What the model's confirmed boxes of each class are like: (K,) each."""

    confidence: Floats
    overlap: Floats
    least: Floats


def rank_box_suspects(
    labels: BoxTable,
    said: BoxTable,
    sizes: Sequence[tuple[int, int]],
    classes: Sequence[str],
) -> BoxSuspects:
    """Rank labelled boxes, and places without one, by how likely something is wrong there.

    Args:
        labels: the labelled boxes.
        said: boxes that a model predicts which has not seen these images' labels (out of fold, or
            held out), with calibrated confidences.
        sizes: (n,) width and height of each image, in pixels, for the words.
        classes: (K,) names.

    Returns:
        The suspects; none without predictions.

    Raises:
        ValueError: a box is of an image or a class that is not there.
    """
    for name, table in (("labelled", labels), ("predicted", said)):
        if len(table) and not 0 <= table.images[0] <= table.images[-1] < len(sizes):
            raise ValueError(f"{name} boxes must be of one of the {len(sizes)} images with a size")
        if len(table) and not 0 <= table.classes.min() <= table.classes.max() < len(classes):
            raise ValueError(f"{name} boxes must be of one of the {len(classes)} classes")
    search = _Search(labels, said, Places(sizes), classes)
    found = [*search.overlooked(), *search.badly_placed(), *search.wrong_class()]
    found.sort(key=lambda suspect: -suspect.score)
    kept, seen = [], set()
    for suspect in found:
        if suspect.score < TOLD or suspect.label in seen:
            continue
        if suspect.label >= 0:
            seen.add(suspect.label)
        kept.append(suspect)
    return BoxSuspects(tuple(kept))


class _Search:
    """Searches the boxes of a set of images; the arguments are those of `rank_box_suspects`."""

    def __init__(
        self, labels: BoxTable, said: BoxTable, places: Places, classes: Sequence[str]
    ) -> None:
        self._labels, self._said = labels, said
        self._places, self._classes = places, classes
        self._pairs = find_pairs(labels, said, NEAR)
        pairs = self._pairs
        self._same = labels.classes[pairs.truth] == said.classes[pairs.said]
        # A box that another label of its class fits better says nothing of this one.
        self._mutual = self._same & _is_best(pairs, self._same, len(said))
        self._usual = _usual(said, pairs, self._mutual, len(classes))

    def overlooked(self) -> list[BoxSuspect]:
        said = self._said
        alone = np.ones(len(said), dtype=np.bool_)
        alone[self._pairs.said] = False
        rows = np.flatnonzero(alone & (said.scores >= TOLD))
        rows = self._first_of_each(rows)
        out = []
        for row in rows.tolist():
            score, name = float(said.scores[row]), self._name(said.classes[row])
            reason = (
                f"no box {self._where(said, row)}, where the model, which has not seen these "
                f"labels, says {name} ({percent(score)})"
            )
            likely = score >= self._usual.confidence[said.classes[row]]
            out.append(self._suspect(BoxSuspectKind.OVERLOOKED, -1, row, score, likely, reason))
        return out

    def badly_placed(self) -> list[BoxSuspect]:
        labels, said, usual = self._labels, self._said, self._usual
        out = []
        for label, row, overlap in self._best_for_labels(self._mutual, self._pairs.overlap):
            index, sure = labels.classes[label], float(said.scores[row])
            lacking = max(0.0, 1 - overlap / usual.overlap[index])
            # A person would not redraw what is that near, nor trust a model that is hardly sure.
            likely = overlap < usual.least[index] and sure >= usual.confidence[index] / 2
            reason = (
                f"{self._name(index)} {self._where(labels, label)}: the model's box "
                f"({percent(sure)}) overlaps it by {percent(overlap)}, where "
                f"{percent(usual.overlap[index])} is usual"
            )
            score = sure * lacking
            kind = BoxSuspectKind.BADLY_PLACED
            out.append(self._suspect(kind, label, row, score, likely, reason))
        return out

    def wrong_class(self) -> list[BoxSuspect]:
        labels, said, pairs = self._labels, self._said, self._pairs
        on = pairs.overlap >= ON
        own = np.zeros(len(labels))
        agree = on & self._same
        np.maximum.at(own, pairs.truth[agree], said.scores[pairs.said[agree]])
        # A box that lies on a label of its own class, too, speaks of that one.
        settled = np.zeros(len(said), dtype=np.bool_)
        settled[pairs.said[agree]] = True
        against = on & ~self._same & ~settled[pairs.said]
        out = []
        for label, row, _ in self._best_for_labels(against, said.scores[pairs.said]):
            sure, index = float(said.scores[row]), said.classes[row]
            likely = sure >= self._usual.confidence[index] and sure > own[label]
            reason = (
                f"labelled {self._name(labels.classes[label])} {self._where(labels, label)}; the "
                f"model, which has not seen this label, says {self._name(index)} ({percent(sure)})"
            )
            score = float(sure * (1 - own[label]))
            kind = BoxSuspectKind.WRONG_CLASS
            out.append(self._suspect(kind, label, row, score, likely, reason))
        return out

    def _best_for_labels(self, kept: Mask, by: Floats) -> list[tuple[int, int, float]]:
        """Of each label its pair that is best `by` something: label, predicted box, overlap."""
        pairs = self._pairs
        rows = np.flatnonzero(kept)
        rows = rows[np.lexsort((by[rows], pairs.truth[rows]))]
        last = rows[np.flatnonzero(np.diff(pairs.truth[rows], append=-1))]
        columns = (pairs.truth[last], pairs.said[last], pairs.overlap[last])
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def _first_of_each(self, rows: Ints) -> Ints:
        """Of predicted boxes that lie on each other, of whatever class, the surest."""
        said = self._said
        order = rows[np.lexsort((-said.scores[rows], said.images[rows]))]
        pairs = find_pairs(said, said, ON)
        others: dict[int, list[int]] = {}
        for one, other in zip(pairs.said.tolist(), pairs.truth.tolist(), strict=True):
            others.setdefault(one, []).append(other)
        gone: set[int] = set()
        kept = []
        for row in order.tolist():
            if row not in gone:
                kept.append(row)
                gone.update(others.get(row, []))
        return np.array(kept, dtype=np.int64)

    def _suspect(
        self, kind: BoxSuspectKind, label: int, said: int, score: float, likely: bool, reason: str
    ) -> BoxSuspect:
        image = int(self._said.images[said])
        return BoxSuspect(kind, image, label, said, score, bool(likely and score >= TOLD), reason)

    def _name(self, index: int) -> str:
        return f"'{self._classes[index]}'"

    def _where(self, table: BoxTable, row: int) -> str:
        return self._places.words(table.corners[row], int(table.images[row]))


def _is_best(pairs: Pairs, kept: Mask, count: int) -> Mask:
    """Whether each pair is the closest of those that are kept for its predicted box."""
    best = np.zeros(count)
    np.maximum.at(best, pairs.said[kept], pairs.overlap[kept])
    return np.asarray(pairs.overlap >= best[pairs.said])


def _usual(said: BoxTable, pairs: Pairs, mutual: Mask, num_classes: int) -> _Usual:
    confirmed = mutual & (pairs.overlap >= ON)
    classes, overlap = said.classes[pairs.said[confirmed]], pairs.overlap[confirmed]
    scores = said.scores[pairs.said[confirmed]]
    confidence, usual = np.full(num_classes, SURE), np.full(num_classes, USUAL)
    spread = np.full(num_classes, 0.0)
    for index in np.unique(classes).tolist():
        own = classes == index
        confidence[index] = scores[own].mean()
        usual[index] = np.median(overlap[own])
        # As a normal distribution's standard deviation is to its median deviation.
        spread[index] = 1.4826 * np.median(np.abs(overlap[own] - usual[index]))
    return _Usual(confidence, usual, np.minimum(usual - 3 * spread, LOOSE))
