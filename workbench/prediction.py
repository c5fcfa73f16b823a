"""Predicting images that are not in the dataset: the first model is of use at once.

Imports FiftyOne by way of `learning`.
"""

from pathlib import Path

from workbench.dataset.files import check_files, find_files
from workbench.dataset.values import Plain, to_plain
from workbench.errors import ImportFolderError
from workbench.learning import Fit, Learner


def predict_folder(
    learner: Learner, fit: Fit, folder: Path
) -> list[tuple[str, Plain, float | None, str]]:
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
