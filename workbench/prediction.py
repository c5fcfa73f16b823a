"""What the current model says, of the dataset's images and of others.

Wiring; imports FiftyOne by way of `learning`.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench.dataset.connection import Connection
from workbench.dataset.files import check_files, find_files
from workbench.dataset.predictions import write_predictions
from workbench.dataset.types import Prediction
from workbench.dataset.values import Plain, to_plain
from workbench.errors import ImportFolderError
from workbench.learning import Fit, Learner

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.models.linearprobe import LinearProbe

Row = tuple[str, Plain, float | None, str]


class Predictor:
    """Keeps the `prediction` of a dataset's images up to date, and predicts others.

    Args:
        connection: the database.
        dataset: a prepared dataset.
        learner: the model in use.
    """

    def __init__(self, connection: Connection, dataset: "fo.Dataset", learner: Learner) -> None:
        self._connection = connection
        self._dataset = dataset
        self._learner = learner
        self._lock = threading.Lock()
        self._written: LinearProbe | None = None  # whose predictions the dataset holds
        # The same of these images alone.
        self._tested: tuple[LinearProbe | None, list[str]] = (None, [])

    def write(self, fit: Fit) -> Mapping[str, Prediction]:
        """Write a fit's predictions into the dataset, unless they are there; by sample id."""
        predictions = self._learner.predictions(fit)
        with self._lock:  # a training run that has ended writes on a thread of its own
            if fit.probe is not self._written:
                write_predictions(self._connection, self._dataset, predictions, self._learner.key)
                self._written = fit.probe
        return predictions

    def write_tested(self, fit: Fit) -> None:
        """The same for the labelled images of the blind test alone, at the cost of those."""
        table = fit.table
        rows = table.labelled_test
        ids = [table.ids[row] for row in rows]
        with self._lock:
            known, of = self._tested
            if fit.probe is self._written or (fit.probe is known and ids == of):
                return
            said = self._learner.task.predict(fit.at(rows), table.classes)
            predictions = dict(zip(ids, said, strict=True))
            write_predictions(self._connection, self._dataset, predictions, self._learner.key)
            self._tested = fit.probe, ids

    def to_pandas(self, folder: Path | None) -> pd.DataFrame:
        """Predict the dataset's images, or all files below a folder.

        Raises:
            ImportFolderError: the folder is missing or holds no file.
            NotEnoughLabelsError: fewer than two classes have a label.
        """
        fit = self._learner.fit()
        rows = self._own(fit) if folder is None else predict_folder(self._learner, fit, folder)
        return pd.DataFrame(rows, columns=["path", "label", "confidence", "problem"])

    def _own(self, fit: Fit) -> list[Row]:
        predictions = self.write(fit)
        return [
            (path, to_plain(predictions[i].label), predictions[i].confidence, "")
            for i, path in zip(fit.table.ids, fit.table.paths, strict=True)
        ]


def predict_folder(learner: Learner, fit: Fit, folder: Path) -> list[Row]:
    """Predict every file below a folder.

    Returns:
        (path, label, confidence, problem) for each file, by path; a file that cannot be used has a
        problem and no label.

    Raises:
        ImportFolderError: the folder is missing or holds no file.
    """
    files = list(check_files(find_files(folder)))
    if not files:
        raise ImportFolderError(f"{folder} holds no files to predict: give a folder of images")
    good = [file for file in files if not file.problem]
    vectors = learner.embedder.backbone.embed([file.path for file in good])
    probabilities = learner.predict_vectors(fit, vectors)
    said = learner.task.predict(probabilities, fit.table.classes)
    answers = {
        file.path: (to_plain(prediction.label), prediction.confidence)
        for file, prediction in zip(good, said, strict=True)
    }
    return [(str(file.path), *answers.get(file.path, (None, None)), file.problem) for file in files]
