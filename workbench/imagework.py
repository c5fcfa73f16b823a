"""The work on labels of whole images, classification and multi-label: what its verbs mean there.

Wiring: it makes the parts of a bench that depend on the kind of its labels, and `session` delegates
to them. Imports FiftyOne by way of them.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.dataset.connection import Connection
from workbench.dataset.display import Display
from workbench.dataset.table import Table
from workbench.dataset.values import DRAWN
from workbench.desk import Desks
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.measured import Measured
from workbench.judging import Judge
from workbench.labels.queue import LabelQueue
from workbench.labels.store import LabelStore
from workbench.learning import Learner
from workbench.picking import Picking
from workbench.prediction import Predictor
from workbench.selection.strategies import OwnStrategy
from workbench.training import Training

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.evaluation.detection import DetectionEvaluation
    from workbench.evaluation.segmentation import SegmentationEvaluation
    from workbench.mistakes import Errors
    from workbench.review import Evidence
    from workbench.runs.run import TrainRun
    from workbench.runs.runs import Runs
    from workbench.widgets.labelling import LabelWidget
    from workbench.wrongplaces import WrongPlaces


class ImageWork:
    """What a bench does with labels of whole images; `Workbench` documents each verb.

    Args:
        connection: the database.
        dataset: a prepared dataset.
        labels: its labels.
        queue: what is to be labelled next.

    Attributes:
        learner: the model in use.
        desks: what labelling widgets need.
        display: makes the pictures that are shown.
    """

    def __init__(
        self, connection: Connection, dataset: "fo.Dataset", labels: LabelStore, queue: LabelQueue
    ) -> None:
        self.learner = Learner(connection.home, dataset, labels)
        self.display = Display(connection.home)
        self.desks = Desks(dataset, labels, queue, self.learner, self.display)
        self._dataset = dataset
        self._labels = labels
        self._queue = queue
        self._picking = Picking(dataset, queue, self.learner)
        self._predictor = Predictor(connection, dataset, self.learner)
        self._training = Training(connection.home, dataset, self.learner, self._predictor)
        self._judge = Judge(dataset, self.learner, self._predictor)

    def seed(self, seed: int) -> None:
        """Make the picks repeatable from here on."""
        self._picking.seed(seed)

    def table(self) -> Table:
        """The dataset as it is now."""
        return self.learner.table()

    def seconds_a_label(self) -> float:
        """Median of what people have spent on a label; NaN for none."""
        events = self._labels.history()
        told = events["seconds"].notna() & events["applied"]
        return float(events.loc[told, "seconds"].median())

    def label(
        self, count: int | None, review: str | None, instant: bool, keys: Mapping[str, str] | None
    ) -> "LabelWidget":
        """A widget to label or to review in."""
        from workbench.widgets.labelling import LabelWidget

        feedback = self.desks.feedback  # with the curve as it was before a first batch
        worklist = None
        if review is not None:
            from workbench.review import start_review

            worklist = start_review(review, self.doubts, self._queue, count)
        elif len(self._queue) == 0:
            self._picking.first_look(50 if count is None else count)
        feedback.enabled = instant and self._labels.task not in DRAWN
        return LabelWidget(self.desks.at(worklist), keys=keys)

    def doubts(self) -> "Evidence":
        """What speaks against the pool's labels."""
        from workbench.review import find_doubts

        return find_doubts(self.learner)

    def suspects(self) -> pd.DataFrame:
        """The pool's labels, the most doubtful first."""
        return self.doubts().to_pandas()

    def train(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> "TrainRun":
        """Queue a training run."""
        return self._training.begin(
            backbone, weights=weights, minutes=minutes, seed=seed, choices=choices
        )

    @property
    def runs(self) -> "Runs":
        """The training runs."""
        return self._training.runs

    def predict(self, folder: Path | None) -> pd.DataFrame:
        """What the model in use says, of the dataset or of a folder."""
        return self._predictor.to_pandas(folder)

    def save_model(self, folder: Path, *, overwrite: bool) -> Path:
        """Save the model in use."""
        from workbench.saving import save_model

        parts = self.learner, self._labels, str(self._dataset.name)
        return save_model(*parts, folder, overwrite=overwrite)

    def evaluate(self) -> "Measured | DetectionEvaluation | SegmentationEvaluation":
        """Figures on the blind test split."""
        return self._judge.evaluate(self.learner.fit())

    def errors(self, kind: str | None, count: int) -> "Errors | WrongPlaces":
        """The images to look at, and a view of each kind for the App."""
        from workbench.gallery import find_errors_to_show

        errors = find_errors_to_show(self.desks, kind=kind, count=count)
        errors.save_views(self._dataset)
        return errors

    def refresh(self) -> None:
        """Bring up to date what the App shows of the model in use, if there is one."""
        with contextlib.suppress(NotEnoughLabelsError):  # then the images alone are worth a look
            fit = self.learner.fit()
            self._predictor.write(fit)
            self._judge.keep(fit)

    def pick(self, count: int, strategy: str | OwnStrategy) -> pd.DataFrame:
        """Queue the next batch."""
        return self._picking.pick(count, strategy)

    @property
    def picks(self) -> pd.DataFrame:
        """The queue."""
        return self._picking.to_pandas()
