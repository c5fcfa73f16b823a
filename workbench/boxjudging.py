"""How good the detector in use is, what it gets wrong, which labels it doubts, and what to label next.

Wiring between the detector, the dataset and `evaluation`, `quality` and `selection`. Imports
FiftyOne by way of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.boxes import Box, BoxTable, box_table
from workbench.dataset.boxevaluations import record_box_evaluation
from workbench.dataset.detections import read_boxes, read_sizes
from workbench.dataset.table import Table
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.boxcases import BoxCases
from workbench.evaluation.boxerrors import BoxErrorKind, find_box_errors
from workbench.evaluation.detection import DetectionEvaluation, evaluate_detection
from workbench.evaluation.measured import TEST_LABELS_NEEDED
from workbench.labels.store import LabelStore
from workbench.quality.boxes import BoxSuspects, rank_box_suspects
from workbench.selection.boxes import Worth, annotation_seconds, box_worth

if TYPE_CHECKING:
    import fiftyone as fo

Rows = NDArray[np.int64]

SUSPECT_COLUMNS = ("path", "kind", "label", "score", "likely", "reason", "box", "found")
ERROR_COLUMNS = ("path", "split", "kind", "score", "reason", "box", "found")


class Finder(Protocol):
    """The detector in use; `detecting.Detecting` is one."""

    def predictions(self, sample_ids: Sequence[str] | None = None) -> Mapping[str, Sequence[Box]]:
        """The boxes that it finds in some images, by sample id."""

    def write(self) -> Mapping[str, Sequence[Box]]:
        """Write what it finds in all images into the dataset; by sample id."""

    @property
    def trained_on(self) -> frozenset[str]:
        """Content hashes of the images that its weights were trained on."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Labelled images that the detector in use has not learned from, and what it finds in them.

    Attributes:
        cases: the true and the predicted boxes.
        sizes: width and height of each image in pixels.
        rows: of the dataset's table.
    """

    cases: BoxCases
    sizes: list[tuple[int, int]]
    rows: Rows


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

    def evaluate(self, table: Table) -> DetectionEvaluation:
        """Figures on the blind test split, or provisional ones until it has 30 labels.

        Provisional ones come from the labelled images of the pool that the detector has not learned
        from: those that its run held out, and those labelled since.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet, or nothing to measure it on.
        """
        provisional = len(table.labelled_test) < TEST_LABELS_NEEDED
        rows = self._unseen(table) if provisional else table.labelled_test
        if not provisional:
            self.keep(table)
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

    def errors(self, table: Table, kind: str | None = None) -> pd.DataFrame:
        """Every wrong box in images that the detector has not learned from, by kind.

        Args:
            table: the dataset as it is.
            kind: of which kind; by default of each.

        Returns:
            A row a box, by `sample_id`, the first to be looked at first within its kind: `path`,
            `split`, `kind`, `score`, `reason`, and the ids of the true `box` and of the one that
            was `found`, empty for none.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet, or nothing to measure it on.
            ValueError: there is no such kind.
        """
        if kind is not None and kind not in list(BoxErrorKind):
            raise ValueError(f"no kind of errors {kind!r}: there are {', '.join(BoxErrorKind)}")
        rows = np.concatenate([table.labelled_test, self._unseen(table)])
        seen = self._look(table, rows)
        found = find_box_errors(seen.cases)
        out = []
        for each in BoxErrorKind:
            for error in found.ranked(each, seen.sizes) if kind in (None, each) else ():
                row = int(seen.rows[error.image])
                out.append(
                    (
                        *(table.ids[row], table.paths[row]),
                        *("test" if table.is_test[row] else "pool", each.value),
                        *(error.score, error.reason),
                        *(_id(seen.cases.truth, error.truth), _id(seen.cases.said, error.said)),
                    )
                )
        return pd.DataFrame(out, columns=["sample_id", *ERROR_COLUMNS]).set_index("sample_id")

    def save_views(self, errors: pd.DataFrame) -> None:
        """Save a view of each kind of `errors` for the App, such as "Boxes: missed"."""
        from workbench.app import save_views

        views = {
            f"Boxes: {kind.value}": errors.index[errors["kind"] == kind.value].unique().tolist()
            for kind in BoxErrorKind
        }
        save_views(self._dataset, views)

    def suspects(self, table: Table) -> tuple[pd.DataFrame, BoxSuspects]:
        """The boxes of the pool, and the places without one, that are likely wrong.

        Only images that the detector has not learned from are judged.

        Returns:
            A row a suspect, by `sample_id`, the most suspicious first: `path`, `kind`, `label` (its
            class, empty for what is overlooked), `score`, `likely`, `reason`, and the ids of the
            labelled `box` and of the one `found` there; and the suspects themselves.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet, or it has learned from all labels.
        """
        seen = self._look(table, self._unseen(table))
        cases = seen.cases
        found = rank_box_suspects(cases.truth, cases.said, seen.sizes, cases.classes)
        rows = [
            (
                *(table.ids[seen.rows[one.image]], table.paths[seen.rows[one.image]]),
                one.kind.value,
                cases.classes[cases.truth.classes[one.label]] if one.label >= 0 else "",
                *(one.score, one.likely, one.reason),
                *(_id(cases.truth, one.label), _id(cases.said, one.said)),
            )
            for one in found.suspects
        ]
        frame = pd.DataFrame(rows, columns=["sample_id", *SUSPECT_COLUMNS])
        return frame.set_index("sample_id"), found

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
        said, _ = self._said(table, rows)
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
        said, sizes = self._said(table, rows)
        ids = [table.ids[row] for row in rows]
        truth = box_table(read_boxes(self._dataset, ids), sizes, table.classes)
        return Seen(BoxCases(ids, truth, said, table.classes), sizes, rows)

    def _said(self, table: Table, rows: Rows) -> tuple[BoxTable, list[tuple[int, int]]]:
        ids = [table.ids[row] for row in rows]
        found = self._finder.predictions(ids)
        sizes = read_sizes(self._dataset, ids)
        return box_table([found.get(each, ()) for each in ids], sizes, table.classes), sizes


def _id(table: BoxTable, row: int) -> str:
    return table.ids[row] if row >= 0 else ""
