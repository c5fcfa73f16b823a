"""The work on boxes: where its verbs mean something else than for labels of whole images.

Wiring; imports FiftyOne by way of it.
"""

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.boxjudging import BoxJudge
from workbench.boxmistakes import COLUMNS, WrongBox
from workbench.boxreview import SHOWN, BoxDoubts, in_place_of
from workbench.dataset.boxes import Box
from workbench.dataset.connection import Connection
from workbench.detecting import Detecting
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.boxerrors import BoxErrorKind
from workbench.evaluation.detection import DetectionEvaluation
from workbench.imagework import ImageWork
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.labels.store import LabelStore
from workbench.picking import Picking
from workbench.placegallery import Words, found_places
from workbench.wrongplaces import Found, WrongPlace, WrongPlaces

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.runs.run import TrainRun
    from workbench.runs.runs import Runs

TITLES = {
    BoxErrorKind.MISSED: "Missed",
    BoxErrorKind.FALSE_ALARM: "False alarms",
    BoxErrorKind.BADLY_PLACED: "Badly placed",
    BoxErrorKind.CONFUSED: "Confused",
    BoxErrorKind.DUPLICATE: "Found twice",
}


class BoxWork(ImageWork):
    """What a bench does with boxes; `Workbench` documents each verb.

    Images are queued and picked as those of other tasks are; a detector takes the place of the
    probe.

    Attributes:
        detecting: the detector in use.
        judge: measures it, and doubts labels by it.
    """

    def __init__(
        self, connection: Connection, dataset: "fo.Dataset", labels: LabelStore, queue: LabelQueue
    ) -> None:
        super().__init__(connection, dataset, labels, queue)
        self.detecting = Detecting(connection, dataset, self.learner, labels)
        self.judge = BoxJudge(dataset, self.detecting, labels)
        judge = self.judge
        self._picking = Picking(dataset, queue, self.learner, judge.worth, judge.measure)

    def seconds_a_label(self) -> float:
        """Median of what people have spent on an image, with all of its boxes; NaN for none."""
        return float(self._labels.seconds().median())

    def train(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> "TrainRun":
        """Queue a training run of a detector."""
        return self.detecting.begin(
            backbone, weights=weights, minutes=minutes, seed=seed, choices=choices
        )

    @property
    def runs(self) -> "Runs":
        """The training runs."""
        return self.detecting.runs

    def predict(self, folder: Path | None) -> pd.DataFrame:
        """The boxes that the detector in use finds, in the dataset or in a folder."""
        return self.detecting.to_pandas(folder)

    def save_model(self, folder: Path, *, overwrite: bool) -> Path:
        """Save the detector in use."""
        from workbench.saving import save_drawn

        table = self.table()
        parts = self.detecting.current(), partial(self.judge.measure, table), self._labels, table
        return save_drawn(*parts, folder, overwrite=overwrite)

    def evaluate(self) -> DetectionEvaluation:
        """Figures of the detector in use on the blind test split."""
        return self.judge.evaluate(self.table())

    def errors(self, kind: str | None, count: int) -> WrongPlaces:
        """The first wrong boxes of each kind, as a gallery, and a view of each for the App."""
        kinds = self.judge.errors(self.table(), kind, count)
        about = Found(self.detecting.name, "boxes", COLUMNS)
        parts = self.desks, self.display, Words(TITLES, "no box there"), self._would_be
        errors = found_places(kinds, about, *parts)
        errors.save_views(self._dataset)
        return errors

    def _would_be(self, item: QueueItem, wrong: Sequence[WrongPlace]) -> dict[str, Any]:
        """What the detector would have in an image where boxes are wrong."""
        boxes = [each for each in wrong if isinstance(each, WrongBox)]
        suggested = [instead for box in boxes if (instead := _instead(box)) is not None]
        labelled = next((box.label.id for box in boxes if box.label), "")
        return {
            "suggestion": {"boxes": suggested, "model": self.detecting.name, "threshold": SHOWN},
            "point": suggested[0]["id"] if suggested else labelled,
        }

    def doubts(self) -> BoxDoubts:
        """What the detector says against boxes that it has not learned from."""
        return self.judge.doubts(self.table())

    def refresh(self) -> None:
        """Bring the predictions up to date, if there is a detector."""
        with contextlib.suppress(NotEnoughLabelsError):
            self.detecting.write()


def _instead(box: WrongBox) -> Mapping[str, Any] | None:
    """What the detector would have there; None where that is no other box than there is."""
    if box.found is None or box.kind is BoxErrorKind.DUPLICATE:
        return None
    confused = box.kind is BoxErrorKind.CONFUSED
    label: Box | None = None if box.kind is BoxErrorKind.FALSE_ALARM else box.label
    return {**in_place_of(box.found, label, only_class=confused), "reason": box.reason}
