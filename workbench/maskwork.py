"""The work on masks: where its verbs mean something else than for labels of whole images.

Wiring; imports FiftyOne by way of it.
"""

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.dataset.connection import Connection
from workbench.dataset.fields import PREDICTION
from workbench.dataset.maskevaluations import record_mask_evaluation
from workbench.dataset.table import Table
from workbench.desk import Desks
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.measured import TEST_LABELS_NEEDED
from workbench.evaluation.segmentation import (
    SegmentationEvaluation,
    count_image,
    evaluate_segmentation,
)
from workbench.imagework import ImageWork
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.labels.store import LabelStore
from workbench.learning import Rows
from workbench.picking import Picking
from workbench.placegallery import Words, found_places
from workbench.regionmistakes import COLUMNS, TITLES, Masks, wrong_regions
from workbench.regionreview import RegionDoubts, doubt_masks
from workbench.segmenting import Segmenting
from workbench.selection.regions import RegionWorth, doubt_image, region_worth
from workbench.worklists import predicted_boxes
from workbench.wrongplaces import Found, WrongPlace, WrongPlaces

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.runs.run import TrainRun
    from workbench.runs.runs import Runs


class MaskWork(ImageWork):
    """What a bench does with masks; `Workbench` documents each verb.

    Images are queued as those of other tasks are; a segmenter takes the place of the probe, and they
    are picked by how much it doubts their regions.

    Attributes:
        segmenting: the segmenter in use.
    """

    def __init__(
        self, connection: Connection, dataset: "fo.Dataset", labels: LabelStore, queue: LabelQueue
    ) -> None:
        super().__init__(connection, dataset, labels, queue)
        self.segmenting = Segmenting(connection, dataset, self.learner, labels)
        self.desks = Desks(
            *(dataset, labels, queue, self.learner, self.display), heat=self.segmenting.doubt
        )
        self._picking = Picking(dataset, queue, self.learner, self._worth, self._measure)

    def seconds_a_label(self) -> float:
        """Median of what people have spent on an image; NaN for none."""
        return float(self._labels.seconds().median())

    def train(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> "TrainRun":
        """Queue a training run of a segmenter."""
        return self.segmenting.begin(
            backbone, weights=weights, minutes=minutes, seed=seed, choices=choices
        )

    @property
    def runs(self) -> "Runs":
        """The training runs."""
        return self.segmenting.runs

    def predict(self, folder: Path | None) -> pd.DataFrame:
        """The classes that the segmenter in use finds, in the dataset or in a folder."""
        return self.segmenting.to_pandas(folder)

    def save_model(self, folder: Path, *, overwrite: bool) -> Path:
        """Save the segmenter in use, with what it is measured at by now."""
        from workbench.saving import save_drawn

        table = self.table()
        parts = self.segmenting.current(), partial(self._measure, table), self._labels, table
        return save_drawn(*parts, folder, overwrite=overwrite)

    def evaluate(self) -> SegmentationEvaluation:
        """Figures of the segmenter in use on the blind test split."""
        found = self._measure(self.table())
        if not found.provisional:
            self.segmenting.write()
            record_mask_evaluation(self._dataset, [each.sample_id for each in found.counts])
        return found

    def _worth(self, table: Table, rows: Rows) -> RegionWorth:
        """What labelling some images of the pool would bring."""
        ids = [table.ids[row] for row in rows]
        doubts = [
            doubt_image(each.coarse, each.margin, len(table.classes))
            for each in self.segmenting.said(ids)
        ]
        return region_worth(doubts, table.classes)

    def _measure(self, table: Table) -> SegmentationEvaluation:
        provisional = len(table.labelled_test) < TEST_LABELS_NEEDED
        tested = [table.ids[row] for row in table.labelled_test]
        ids = self.segmenting.require(self.segmenting.unseen() if provisional else tested)
        counts = [
            count_image(
                sample_id, self._labels.masks.indices(sample_id), said.mask, len(table.classes)
            )
            for sample_id, said in zip(ids, self.segmenting.said(ids), strict=True)
        ]
        return evaluate_segmentation(
            counts,
            table.classes,
            provisional=provisional,
            test_labels=len(table.labelled_test),
            pool_labels=len(table.labelled_pool),
        )

    def errors(self, kind: str | None, count: int) -> WrongPlaces:
        """The first wrong regions of each kind, as a gallery, and a view of each for the App."""
        table = self.table()
        tested = [table.ids[row] for row in table.labelled_test]
        ids = self.segmenting.require([*tested, *self.segmenting.unseen()])
        self.segmenting.write()
        kinds = wrong_regions(table, ids, self._both_masks, kind, count)
        about = Found(self.segmenting.name, "regions", COLUMNS)
        parts = self.desks, self.display, Words(TITLES, "nothing labelled there"), _would_be
        errors = found_places(kinds, about, *parts)
        errors.save_views(self._dataset)
        return errors

    def _both_masks(self, sample_id: str) -> Masks:
        """What is labelled and what is said in an image, as class indices."""
        masks = self._labels.masks
        return masks.indices(sample_id), masks.indices(sample_id, PREDICTION)

    def doubts(self) -> RegionDoubts:
        """What segmenters say against masks of the pool that they have not learned from."""
        asked = self.segmenting.doubting()
        ids = [sample_id for _, own in asked for sample_id in own]
        found = self._queue.look_up(ids)
        return doubt_masks(
            [found[sample_id] for sample_id in ids],
            self._labels.masks.indices,
            chain.from_iterable(self.segmenting.said(own, run) for run, own in asked),
            self.table().classes,
            [run for run, own in asked for _ in own],
            self.segmenting.keep,
        )

    def refresh(self) -> None:
        """Bring the predictions up to date, if there is a segmenter."""
        with contextlib.suppress(NotEnoughLabelsError):
            self.segmenting.write()


def _would_be(item: QueueItem, wrong: Sequence[WrongPlace]) -> dict[str, Any]:
    """What the segmenter would have in an image where regions are wrong."""
    return {"suggestion": predicted_boxes(item)}
