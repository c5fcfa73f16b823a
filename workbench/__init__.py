"""workbench: the vision-AI flywheel inside a Jupyter notebook.

    import workbench as wb

    bench = wb.open("parts", images="photos/", classes=["ok", "scratch", "dent"])
    bench.label()      # a widget, by keyboard
    bench.pick(50)     # the next batch, each image with its reason
    bench.evaluate()   # on the blind test split, with an interval
    bench.inspect()    # the FiftyOne App on the errors

Importing it loads nothing heavy, starts no process and opens no connection.
"""

from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    import fiftyone as fo
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from workbench.dataset.boxes import Box
    from workbench.models.saved import SavedModel
    from workbench.models.saveddetector import SavedDetector
    from workbench.models.savedsegmenter import SavedSegmenter
    from workbench.session import Workbench

__version__ = "0.1.0"
__all__ = [
    "WorkbenchError",
    "delete",
    "digit_sheet_boxes",
    "digit_sheet_masks",
    "digit_sheet_outlines",
    "digit_sheets",
    "digits",
    "list",
    "load_model",
    "open",
]


def open(
    name: "str | fo.Dataset",
    images: str | Path | None = None,
    *,
    task: str | None = None,
    classes: Sequence[str] = (),
    labels: str | Path | None = None,
    annotator: str | None = None,
    test_fraction: float = 0.2,
    skeleton: Any = None,
    home: str | Path | None = None,
) -> "Workbench":
    """Open a dataset; a name that exists is resumed, after a restart, a crash or a month.

    Args:
        name: of the dataset, or a FiftyOne dataset to take over.
        images: folder of images, for a new dataset.
        task: what is labelled: `classification` (one class an image), which is the default,
            `multilabel` (any number of classes, or none), `detection` (boxes around objects),
            `instances` (outlines of objects), `segmentation` (a class for each pixel) or `keypoints`
            (named points of objects, which are labelled, stored and exported, not learned).
        classes: names of the classes, for a new dataset; more can be added while labelling.
        labels: of a new dataset's images, as `bench.add` takes them: `"folders"` for the name of the
            folder that an image lies in; `"coco"`, `"yolo"`, `"voc"`, `"cvat"`, `"csv"`,
            `"fiftyone"`, or a file's path.
        annotator: who labels; by default `WORKBENCH_ANNOTATOR`, else the user's name.
        test_fraction: share of the images that go to the blind test split, decided by content; a
            dataset keeps that which it was made with.
        skeleton: of a new dataset of keypoints: the names of an object's points in a list, or
            `{"labels": names, "edges": pairs of them}`, or a `fiftyone.KeypointSkeleton`; by default
            that of the file of labels.
        home: the data home; by default `WORKBENCH_HOME`, else the platform's data folder.

    Returns:
        The workbench.

    Raises:
        DatasetError: no such dataset and no images, another task or skeleton, bad class names.
        ImportFolderError: the folder is missing or holds no usable image.
        FormatError: the file of labels cannot be used; no dataset was made.
        DatabaseError: the database cannot be found, started or reached.
        DataHomeError: the data home cannot be used.
    """
    from workbench.dataset.connection import connect

    connection = connect(Path(home) if home is not None else None)
    from workbench.benches import open_workbench

    return open_workbench(
        connection,
        name,
        images=images,
        task=task,
        classes=classes,
        labels=labels,
        annotator=annotator,
        test_fraction=test_fraction,
        skeleton=skeleton,
    )


def list(home: str | Path | None = None) -> "pd.DataFrame":
    """The datasets of a data home: a row each, with task, images, labels, classes, created."""
    from workbench.dataset.connection import connect

    connect(Path(home) if home is not None else None)
    from workbench.dataset.opening import list_datasets

    return list_datasets()


def delete(name: str, home: str | Path | None = None) -> None:
    """Delete a dataset with its labels, history, embeddings and models; the image files stay.

    Training runs of it that are at work are stopped first, in whichever kernel they are.

    Raises:
        DatasetError: there is none of that name.
        TrainingError: a run does not stop within a minute; nothing was deleted.
    """
    from workbench.dataset.connection import connect

    connection = connect(Path(home) if home is not None else None)
    from workbench.dataset.home import masks_folder
    from workbench.dataset.opening import dataset_id, delete_dataset, prune_vectors
    from workbench.labels.deletion import delete_labels
    from workbench.runs.runs import Runs

    kept_under = dataset_id(name)
    Runs(connection.home / "runs" / kept_under, adopt=lambda run: None).delete()
    delete_dataset(name)
    delete_labels(connection.database, kept_under)
    rmtree(masks_folder(connection.home, kept_under), ignore_errors=True)
    prune_vectors(connection.home)


def load_model(
    folder: str | Path, *, device: str | None = None
) -> "SavedModel | SavedDetector | SavedSegmenter":
    """Open a model that `bench.save_model(folder)` saved: no dataset, no database, no code in it.

    Args:
        folder: of the model.
        device: where to compute, such as `cpu`; by default a GPU where there is one.

    Returns:
        The model; `.predict(images)` takes a folder, files, PIL images and arrays.

    Raises:
        BackboneError: the folder holds no model, or one that was damaged or changed.
    """
    from workbench.models.saved import load_model

    return load_model(Path(folder), device)


def digits(home: str | Path | None = None) -> Path:
    """A folder of real images to try things on: scikit-learn's 1,797 handwritten digits."""
    from workbench.dataset.digits import write_digits

    return write_digits(Path(home) if home is not None else None)


def digit_sheets(home: str | Path | None = None) -> Path:
    """A folder of real images to try multi-label on: sheets with none to three of those digits.

    A file's name tells what is on it, as in `0001 4+5+9.png` or `0004 nothing.png`.
    """
    from workbench.dataset.digits import write_digit_sheets

    return write_digit_sheets(Path(home) if home is not None else None)


def digit_sheet_boxes(home: str | Path | None = None) -> "dict[str, tuple[Box, ...]]":
    """Where the digits on those sheets are, by path: to try detection on."""
    from workbench.dataset.digits import digit_sheet_boxes

    return digit_sheet_boxes(Path(home) if home is not None else None)


def digit_sheet_outlines(home: str | Path | None = None) -> "dict[str, tuple[Box, ...]]":
    """The outlines of the digits on those sheets, by path: to try instances on."""
    from workbench.dataset.digits import digit_sheet_outlines

    return digit_sheet_outlines(Path(home) if home is not None else None)


def digit_sheet_masks(home: str | Path | None = None) -> "dict[str, NDArray[np.uint8]]":
    """Which digit each pixel of those sheets is of, by path: to try segmentation on."""
    from workbench.dataset.digits import digit_sheet_masks

    return digit_sheet_masks(Path(home) if home is not None else None)
