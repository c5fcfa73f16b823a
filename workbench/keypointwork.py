"""The work on keypoints: what of its verbs there is. They are labelled, stored and exported.

Wiring; imports FiftyOne by way of it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

from workbench.errors import NotEnoughLabelsError
from workbench.imagework import ImageWork

if TYPE_CHECKING:
    from workbench.evaluation.measured import Measured
    from workbench.mistakes import Errors
    from workbench.review import Evidence
    from workbench.runs.run import TrainRun


class KeypointWork(ImageWork):
    """What a bench does with objects that have points; `Workbench` documents each verb.

    Images are queued and picked as those of other tasks are, by what they look like.
    """

    def seconds_a_label(self) -> float:
        """Median of what people have spent on an image, with all of its objects; NaN for none."""
        return float(self._labels.seconds().median())

    def train(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> "TrainRun":
        """Not for keypoints.

        Raises:
            NotEnoughLabelsError: always.
        """
        _refuse("trained", 'bench.export(folder, "coco") writes them for a tool that learns them')

    def predict(self, folder: Path | None) -> pd.DataFrame:
        """Not for keypoints.

        Raises:
            NotEnoughLabelsError: always.
        """
        _refuse("predicted", 'bench.to_pandas("boxes") has those that were labelled')

    def save_model(self, folder: Path, *, overwrite: bool) -> Path:
        """Not for keypoints.

        Raises:
            NotEnoughLabelsError: always.
        """
        _refuse("trained", 'bench.export(folder, "fiftyone") writes the dataset')

    def evaluate(self) -> "Measured":
        """Not for keypoints.

        Raises:
            NotEnoughLabelsError: always.
        """
        _refuse("predicted", "there is nothing to measure; bench.status() counts the labels")

    def errors(self, kind: str | None, count: int) -> "Errors":
        """Not for keypoints.

        Raises:
            NotEnoughLabelsError: always.
        """
        _refuse("predicted", "bench.inspect() shows the labels")

    def doubts(self) -> "Evidence":
        """Not for keypoints.

        Raises:
            NotEnoughLabelsError: always.
        """
        _refuse("doubted", 'bench.label(review="sent") shows what was sent to review from the App')


def _refuse(what: str, instead: str) -> NoReturn:
    # For a model that there is not, there are never enough labels: callers that can do without go on.
    raise NotEnoughLabelsError(
        f"keypoints are labelled, stored and exported, not {what}: {instead}"
    )
