"""The work on boxes: where its verbs mean something else than for labels of whole images.

Wiring; imports FiftyOne by way of it.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.dataset.connection import Connection
from workbench.detecting import Detecting
from workbench.errors import NotEnoughLabelsError
from workbench.imagework import ImageWork
from workbench.labels.queue import LabelQueue
from workbench.labels.store import LabelStore

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
    """

    def __init__(
        self, connection: Connection, dataset: "fo.Dataset", labels: LabelStore, queue: LabelQueue
    ) -> None:
        super().__init__(connection, dataset, labels, queue)
        self.detecting = Detecting(connection, dataset, self.learner)

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
        return self.detecting.save(folder, overwrite=overwrite)

    def refresh(self) -> None:
        """Bring the predictions up to date, if there is a detector."""
        with contextlib.suppress(NotEnoughLabelsError):
            self.detecting.write()
