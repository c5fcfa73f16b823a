"""How good the detector in use is, what it gets wrong, which labels it doubts, and what to label next.

Wiring between the detector, the dataset and `evaluation`, `quality` and `selection`. Imports
FiftyOne by way of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.boxgeometry import Places
from workbench.boxmistakes import WrongBox
from workbench.boxreview import EDGES, BoxDoubts, Doubted
from workbench.dataset.boxes import Box, around, box_table, outlined
from workbench.dataset.boxevaluations import record_box_evaluation
from workbench.dataset.detections import read_boxes, read_sizes
from workbench.dataset.outlines import clipped, scaled
from workbench.dataset.table import Table
from workbench.dataset.types import Split
from workbench.decoding import decode, opened
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.boxcases import BoxCases
from workbench.evaluation.boxerrors import BoxError, BoxErrorKind, find_box_errors
from workbench.evaluation.detection import DetectionEvaluation, evaluate_detection
from workbench.evaluation.measured import TEST_LABELS_NEEDED
from workbench.labels.store import LabelStore
from workbench.quality.boxes import rank_box_suspects
from workbench.quality.contours import Contour, contour_of
from workbench.quality.outlines import OutlineSuspect, doubt_outline, mended, usual_offset
from workbench.selection.boxes import Worth, annotation_seconds, box_worth
from workbench.wrongplaces import WrongKind

if TYPE_CHECKING:
    import fiftyone as fo

Rows = NDArray[np.int64]
_Edge: TypeAlias = tuple[Box, OutlineSuspect, Box]  # a label, what is doubted, the better one

PROBED = 64  # images that tell where a dataset's outlines lie, as a rule


class Finder(Protocol):
    """The detector in use; `detecting.Detecting` is one."""

    def predictions(
        self, sample_ids: Sequence[str] | None = None, by: str = ""
    ) -> Mapping[str, Sequence[Box]]:
        """The boxes that it, or the detector of another run, finds in some images, by sample id."""

    def write(self) -> Mapping[str, Sequence[Box]]:
        """Write what it finds in all images into the dataset; by sample id."""

    @property
    def name(self) -> str:
        """What its predictions are kept under; empty where there is none."""

    @property
    def trained_on(self) -> frozenset[str]:
        """Content hashes of the images that its weights were trained on."""

    @property
    def others(self) -> Mapping[str, frozenset[str]]:
        """Runs that were trained to doubt labels, and what they learned from."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Labelled images that the detector in use has not learned from, and what it finds in them.

    Attributes:
        cases: the true and the predicted boxes.
        sizes: width and height of each image in pixels.
        rows: of the dataset's table.
        labels: the true boxes of each image.
        found: the predicted ones.
    """

    cases: BoxCases
    sizes: list[tuple[int, int]]
    rows: Rows
    labels: list[tuple[Box, ...]]
    found: list[tuple[Box, ...]]


class OutlineJudge:
    """Doubts outlines by the edges of their images, and remembers what it has looked at."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, tuple[Box, ...]]] = []
        self._usual = 0.0
        self._known: dict[str, tuple[tuple[Box, ...], float, list[_Edge]]] = {}  # by content hash

    def doubts(
        self,
        paths: Sequence[str],
        hashes: Sequence[str],
        labels: Sequence[tuple[Box, ...]],
        sizes: Sequence[tuple[int, int]],
    ) -> list[Doubted]:
        """What is doubted of the outlines of n images.

        Args:
            paths: (n,) their files.
            hashes: (n,) their content hashes.
            labels: (n,) their boxes.
            sizes: (n,) their widths and heights in pixels.

        Raises:
            ImageError: a file cannot be read.
        """
        rows = [row for row, boxes in enumerate(labels) if any(box.outline for box in boxes)]
        probed = rows[:: max(1, len(rows) // PROBED)]
        asked = [(hashes[row], labels[row]) for row in probed]
        if asked != self._asked:
            contours = [_contours(paths[row], labels[row], sizes[row]) for row in probed]
            self._usual = usual_offset([one for each in contours for _, one in each])
            self._asked = asked
        words, doubted = Places(sizes), []
        for row in rows:
            for box, suspect, said in self._look(hashes[row], paths[row], labels[row], sizes[row]):
                where = words.words(np.array(around(box, sizes[row])), row)
                reason = f"'{box.label}' {where} is {suspect.reason}"
                about = suspect.score, suspect.likely, reason, False, EDGES
                doubted.append(Doubted(row, suspect.kind.value, box, said, *about))
        return doubted

    def _look(
        self, digest: str, path: str, boxes: tuple[Box, ...], size: tuple[int, int]
    ) -> list[_Edge]:
        known = self._known.get(digest)
        if known is None or known[:2] != (boxes, self._usual):
            suspects = [
                (box, doubt_outline(contour, self._usual))
                for box, contour in _contours(path, boxes, size)
            ]
            edges = [
                (box, suspect, said)
                for box, suspect in suspects
                if suspect is not None and (said := _mended(box, suspect, size)) is not None
            ]
            known = self._known[digest] = boxes, self._usual, edges
        return known[2]


class BoxJudge:
    """Judges the detector of one dataset of boxes, and its labels by the detector.

    Args:
        dataset: a prepared dataset of boxes.
        finder: the detector in use.
        labels: its labels; their history tells what an image takes.
    """

    def __init__(self, dataset: "fo.Dataset", finder: Finder, labels: LabelStore) -> None:
        self._dataset = dataset
        self._finder = finder
        self._labels = labels
        self._outlines = OutlineJudge()

    def evaluate(self, table: Table) -> DetectionEvaluation:
        """Figures on the blind test split, or provisional ones until it has 30 labels.

        Provisional ones come from the labelled images of the pool that the detector has not learned
        from: those that its run held out, and those labelled since.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet, or nothing to measure it on.
        """
        if len(table.labelled_test) >= TEST_LABELS_NEEDED:
            self.keep(table)
        return self.measure(table)

    def measure(self, table: Table) -> DetectionEvaluation:
        """What `evaluate` gives, without a word to the dataset."""
        provisional = len(table.labelled_test) < TEST_LABELS_NEEDED
        rows = self._unseen(table) if provisional else table.labelled_test
        return evaluate_detection(
            self._look(table, rows).cases,
            provisional=provisional,
            test_labels=len(table.labelled_test),
            pool_labels=len(table.labelled_pool),
        )

    def keep(self, table: Table) -> None:
        """Let the App's Model Evaluation panel show the blind test, with the boxes found now.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet.
        """
        self._finder.write()
        ids = [table.ids[row] for row in table.labelled_test]
        record_box_evaluation(self._dataset, ids, table.classes)

    def errors(
        self, table: Table, kind: str | None = None, count: int = 100
    ) -> dict[BoxErrorKind, WrongKind]:
        """The wrong boxes in images that the detector has not learned from, by kind.

        Args:
            table: the dataset as it is.
            kind: of which kind; by default of each.
            count: how many of each, at most.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet, or nothing to measure it on.
            ValueError: there is no such kind, or `count` is below 1.
        """
        if kind is not None and kind not in list(BoxErrorKind):
            raise ValueError(f"no kind of errors {kind!r}: there are {', '.join(BoxErrorKind)}")
        if count < 1:
            raise ValueError(f"count must be at least 1, but got {count}")
        seen = self._look(table, np.concatenate([table.labelled_test, self._unseen(table)]))
        found = find_box_errors(seen.cases)
        gains = found.summary["gain"]
        out = {}
        for each in BoxErrorKind:
            if kind in (None, each):
                ranked = found.ranked(each, seen.sizes)
                boxes = [_wrong(table, seen, error) for error in ranked[:count]]
                gain = float(gains[each.value])
                out[each] = WrongKind(boxes, len(ranked), gain, "detector", "mAP50")
        return out

    def doubts(self, table: Table) -> BoxDoubts:
        """What is said against the boxes of the pool, by detectors and by the edges of the images.

        Each box is judged by a detector that has not learned from it: the one in use, and for what
        that has learned from, the latest run with a `fold` that has not. Outlines are judged by the
        image's edges, too, which need no detector.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: no object has an outline, and there is no detector yet, or none
                but has learned from all labels.
        """
        pool = table.labelled_pool
        labels = read_boxes(self._dataset, [table.ids[row] for row in pool])
        drawn = [any(box.outline for box in boxes) for boxes in labels]
        rows, found, models = self._asked(table, alone=any(drawn))
        left = pool[np.array(drawn, dtype=np.bool_) & ~np.isin(pool, rows)]
        rows = np.concatenate([rows, left])
        seen = self._beside(table, rows, [*found, *[()] * len(left)])
        cases, paths = seen.cases, [table.paths[row] for row in seen.rows]
        hashes = [table.hashes[row] for row in seen.rows]
        return BoxDoubts(
            suspects=rank_box_suspects(cases.truth, cases.said, seen.sizes, cases.classes),
            cases=cases,
            paths=paths,
            labels=seen.labels,
            found=seen.found,
            models=[*models, *[""] * len(left)],
            edges=self._outlines.doubts(paths, hashes, seen.labels, seen.sizes),
        )

    def worth(self, table: Table, rows: Rows) -> Worth:
        """What labelling some images of the pool would bring, for `selection.batch.pick_batch`.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet.
        """
        difficulty = None
        if len(self._unseen(table)):
            measured = self._look(table, self._unseen(table)).cases
            difficulty = 1 - measured.ranking.average_precision()[0]
        ids = [table.ids[row] for row in rows]
        said = box_table(self._found(ids), read_sizes(self._dataset, ids), table.classes)
        per_image, per_box = self._seconds(table)
        return box_worth(
            said, len(rows), table.classes, difficulty, per_image=per_image, per_box=per_box
        )

    def _seconds(self, table: Table) -> tuple[float, float]:
        """What an image and a box take, by the images that people have labelled so far."""
        spent = self._labels.seconds()
        known = [each for each in spent.index if each in table.row_of]
        done = [each for each in known if table.labelled[table.row_of[each]]]
        boxes = [len(each) for each in read_boxes(self._dataset, done)]
        seconds = spent.loc[done].to_numpy(dtype=np.float64)
        return annotation_seconds(seconds, np.array(boxes, dtype=np.int64))

    def _asked(self, table: Table, alone: bool) -> tuple[Rows, list[tuple[Box, ...]], list[str]]:
        """What `_doubting` gives; nothing where no detector can be asked, but it goes on `alone`."""
        try:
            self._finder.predictions([])  # or there is no detector
            asked = self._doubting(table)
            if len(asked[0]) == 0:
                raise NotEnoughLabelsError(
                    "no box can be doubted: the detector has learned from all labelled images, and "
                    "repeats what they say; label some more, bench.pick(20) and bench.label(), or "
                    "train another that holds out others of them, bench.train(fold=1)"
                )
        except NotEnoughLabelsError:
            if not alone:
                raise
            return np.zeros(0, dtype=np.int64), [], []
        return asked

    def _doubting(self, table: Table) -> tuple[Rows, list[tuple[Box, ...]], list[str]]:
        """Labelled pool images, what a detector that has not learned from each finds, and which."""
        rows: list[int] = []
        found: list[tuple[Box, ...]] = []
        models: list[str] = []
        left = table.labelled_pool.tolist()
        finder = self._finder
        for run, known in [("", finder.trained_on), *finder.others.items()]:
            own = [row for row in left if table.hashes[row] not in known]
            left = [row for row in left if table.hashes[row] in known]
            rows += own
            found += self._found([table.ids[row] for row in own], run)
            models += [run or finder.name] * len(own)
        return np.array(rows, dtype=np.int64), found, models

    def _unseen(self, table: Table) -> Rows:
        """Labelled pool images that the detector has not learned from."""
        known = self._finder.trained_on
        pool = table.labelled_pool
        return pool[np.array([table.hashes[row] not in known for row in pool], dtype=np.bool_)]

    def _look(self, table: Table, rows: Rows) -> Seen:
        if len(rows) == 0:
            raise NotEnoughLabelsError(
                "no figure can be given yet: label images of the blind test, or some of the pool "
                "that the detector has not learned from, bench.pick(20) and bench.label()"
            )
        return self._beside(table, rows, self._found([table.ids[row] for row in rows]))

    def _beside(self, table: Table, rows: Rows, found: list[tuple[Box, ...]]) -> Seen:
        """Labels beside what was found."""
        ids = [table.ids[row] for row in rows]
        labels, sizes = read_boxes(self._dataset, ids), read_sizes(self._dataset, ids)
        truth, said = (box_table(each, sizes, table.classes) for each in (labels, found))
        return Seen(BoxCases(ids, truth, said, table.classes), sizes, rows, labels, found)

    def _found(self, ids: Sequence[str], by: str = "") -> list[tuple[Box, ...]]:
        found = self._finder.predictions(ids, by)
        return [tuple(found.get(each, ())) for each in ids]


def _contours(path: str, boxes: Sequence[Box], size: tuple[int, int]) -> list[tuple[Box, Contour]]:
    """The outlines of an image that can be judged."""
    with opened(path) as file:
        picture = decode(file).image
    pixels = np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))
    found = [(box, contour_of(pixels, scaled(box.outline, size))) for box in boxes if box.outline]
    return [(box, contour) for box, contour in found if contour is not None]


def _mended(box: Box, suspect: OutlineSuspect, size: tuple[int, int]) -> Box | None:
    """A box as it should be; None if nothing would be left of it."""
    width, height = size
    outline = mended(scaled(box.outline, size), suspect, size)
    if not outline:
        return None
    better = outlined(box.label, clipped(scaled(outline, (1 / width, 1 / height))))
    return replace(better, attributes=box.attributes)


def _wrong(table: Table, seen: Seen, error: BoxError) -> WrongBox:
    row, image = int(seen.rows[error.image]), error.image
    truth, said = seen.cases.truth, seen.cases.said
    label = truth.ids[error.truth] if error.truth >= 0 else None
    found = said.ids[error.said] if error.said >= 0 else None
    return WrongBox(
        sample_id=table.ids[row],
        path=table.paths[row],
        split=Split.TEST if table.is_test[row] else Split.POOL,
        size=seen.sizes[image],
        kind=error.kind,
        score=error.score,
        reason=error.reason,
        label=next((box for box in seen.labels[image] if box.id == label), None),
        found=next((box for box in seen.found[image] if box.id == found), None),
    )
