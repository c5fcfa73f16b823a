"""The work on boxes: where its verbs mean something else than for labels of whole images.

Wiring; imports FiftyOne by way of it.
"""

import contextlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.boxjudging import BoxJudge
from workbench.boxmistakes import WrongBoxes
from workbench.boxreview import BoxDoubts
from workbench.dataset.connection import Connection
from workbench.detecting import Detecting
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.detection import DetectionEvaluation
from workbench.imagework import ImageWork
from workbench.labels.queue import LabelQueue
from workbench.labels.store import LabelStore
from workbench.picking import Picking

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.runs.run import TrainRun
    from workbench.runs.runs import Runs


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

    def errors(self, kind: str | None, count: int) -> WrongBoxes:
        """The first wrong boxes of each kind, as a gallery, and a view of each for the App."""
        from workbench.boxgallery import box_gallery

        kinds = self.judge.errors(self.table(), kind, count)
        ids = {box.sample_id for each in kinds.values() for box in each.boxes}
        events = {each: item.event for each, item in self._queue.look_up([*ids]).items()}
        gallery = box_gallery(self.desks, self.display)
        errors = WrongBoxes(kinds, events, self.detecting.name, gallery)
        errors.save_views(self._dataset)
        return errors

    def doubts(self) -> BoxDoubts:
        """What the detector says against boxes that it has not learned from."""
        return self.judge.doubts(self.table())

    def refresh(self) -> None:
        """Bring the predictions up to date, if there is a detector."""
        with contextlib.suppress(NotEnoughLabelsError):
            self.detecting.write()
