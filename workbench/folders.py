"""Labels that the names of folders give.

Wiring: paths from `dataset`, commits to `labels`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.classes import Classes
from workbench.dataset import fields
from workbench.dataset.values import DRAWN, label_path
from workbench.errors import DatasetError
from workbench.labels.store import LabelStore

if TYPE_CHECKING:
    import fiftyone as fo

FOLDERS = "folders"  # what `labels=` is to be, and who gave the labels


def refuse_boxes(task: str) -> None:
    """Refuse to read boxes from the names of folders.

    Raises:
        DatasetError: images are labelled with boxes.
    """
    if task in DRAWN:
        raise DatasetError(
            f"labels={FOLDERS!r} gives an image a class, but here they are labelled with boxes: "
            "leave it out"
        )


def label_by_folder(dataset: "fo.Dataset", labels: LabelStore, folder: Path) -> int:
    """Record the name of its folder as the label of each image that has no label yet.

    Classes that never were in the list are added; a folder named as a class was before it was
    renamed or merged gives the class as it is now, one named as a removed class gives no label.
    Images right in `folder` get none.

    Args:
        dataset: the dataset.
        labels: its labels.
        folder: what was imported.

    Returns:
        How many labels were recorded.

    Raises:
        DatasetError: images are labelled with boxes.
    """
    refuse_boxes(labels.task)
    root = folder.expanduser().absolute()
    found = dataset.values(["id", "filepath", label_path(fields.GROUND_TRUTH, labels.task)])
    names = {
        sample_id: name
        for sample_id, path, label in zip(*found, strict=True)
        if label is None and Path(path).parent != root and Path(path).is_relative_to(root)
        # Class names are stripped too; a folder whose name is blank names no class.
        if (name := Path(path).parent.name.strip())
    }
    Classes(labels).add(*[n for n in sorted(set(names.values())) if not labels.ever_had_class(n)])
    now = {name: labels.class_now(name) for name in set(names.values())}
    given = {i: label for i, name in names.items() if (label := now[name]) is not None}
    return labels.import_labels(given, annotator=FOLDERS)
