"""Labels out of a bench, in other tools' files; images and boxes as tables.

Wiring: writers from `dataset.formats`.
"""

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench.dataset import fields
from workbench.dataset.boxes import Box
from workbench.dataset.detections import read_boxes, read_sizes
from workbench.dataset.formats import coco, cvat, folders, objectmasks, tables, voc, yolo
from workbench.dataset.formats.found import Said
from workbench.dataset.formats.items import Item, distinct_names
from workbench.dataset.formats.losses import Loss, losses
from workbench.dataset.keypoints import points_in_pixels
from workbench.dataset.outlines import scaled
from workbench.dataset.types import FINISHED, Split
from workbench.dataset.values import (
    BOXED,
    CLASSIFICATION,
    DETECTION,
    INSTANCES,
    KEYPOINTS,
    MULTILABEL,
    SEGMENTATION,
    label_path,
    names_of,
)
from workbench.errors import FormatError
from workbench.labels.store import LabelStore
from workbench.maskfiles import removed_classes, write_masks

if TYPE_CHECKING:
    import fiftyone as fo

_WRITERS = {
    "coco": coco.write,
    "yolo": yolo.write,
    "voc": voc.write,
    "cvat": cvat.write,
    "csv": tables.write,
    "folders": folders.write,
    "masks": objectmasks.write,
}
_FORMATS = {
    DETECTION: ("coco", "yolo", "voc", "cvat", "csv", "fiftyone"),
    INSTANCES: ("coco", "cvat", "masks", "fiftyone"),
    CLASSIFICATION: ("folders", "csv", "fiftyone"),
    MULTILABEL: ("csv", "fiftyone"),
    SEGMENTATION: ("masks", "fiftyone"),
    KEYPOINTS: ("coco", "fiftyone"),
}
_SHAPES = {INSTANCES: "outline", KEYPOINTS: "points"}  # columns of a table of objects


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes:
        format: such as `coco`.
        folder: where.
        images: how many.
        boxes: how many they have.
        lost: what the format could not carry.
        outlined: how many of the boxes are of objects with an outline, or with points.
    """

    format: str
    folder: Path
    images: int
    boxes: int
    lost: tuple[Loss, ...]
    outlined: int = 0

    def __str__(self) -> str:
        what = "objects" if self.outlined else "boxes"
        boxes = f" with {self.boxes:,} {what}" if self.boxes else ""
        lost = f"; not carried: {'; '.join(map(str, self.lost))}" if self.lost else ""
        return f"{self.format}: {self.images:,} images{boxes} in {self.folder}{lost}"

    __repr__ = __str__

    def to_pandas(self) -> pd.DataFrame:
        """A row for each thing that was not carried: `what`, `count`."""
        return pd.DataFrame(
            [(loss.what, loss.count) for loss in self.lost], columns=["what", "count"]
        )


def export(dataset: "fo.Dataset", labels: LabelStore, folder: Path, format: str) -> ExportReport:
    """Write the labelled images with their labels, in the format of another tool.

    Images are copied. What the format cannot carry is said by a warning before anything is written,
    and in the report. Only `fiftyone` takes the unlabelled images along.

    Args:
        dataset: the dataset.
        labels: its labels.
        folder: must not exist, or be empty; it is there whole, or not at all.
        format: `coco`, `yolo`, `voc`, `cvat`, `csv` or `fiftyone` for boxes, `coco`, `cvat`, `masks`
            or `fiftyone` for objects with outlines, `coco` or `fiftyone` for those with points, `folders`,
            `csv` or `fiftyone` for classes, `masks` or `fiftyone` for masks.

    Raises:
        FormatError: the format does not go with the task, the folder is taken, nothing is
            labelled, or a class cannot be written in this format.
    """
    formats = _FORMATS[labels.task]
    if format not in formats:
        raise FormatError(f"{labels.task} is exported to {', '.join(formats)}, but got {format!r}")
    target = folder.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FormatError(f"{target} is there already, and not empty: give a new folder")
    items = labelled_items(dataset, labels.task)
    if not items:
        raise FormatError("no image is labelled: there is nothing to export")
    lost = (*losses(format, items), *_beside_labels(dataset, labels, format, items))
    if lost:
        said = "; ".join(map(str, lost))
        warnings.warn(f"{format} does not carry {said}", UserWarning, stacklevel=3)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        new = Path(scratch) / "export"
        new.mkdir()
        _write(new, dataset, items, labels, format)
        if target.exists():
            target.rmdir()
        new.rename(target)
    boxes = [box for item in items for box in item.boxes]
    count = len(dataset) if format == "fiftyone" else len(items)
    outlined = sum(bool(box.outline or box.points) for box in boxes)
    return ExportReport(format, target, count, len(boxes), lost, outlined)


def to_pandas(dataset: "fo.Dataset", labels: LabelStore, rows: str = "images") -> pd.DataFrame:
    """The images, or their boxes, as a table.

    Args:
        dataset: the dataset.
        labels: its labels.
        rows: `images` or `boxes`.

    Returns:
        A row an image: `id`, `path`, `split`, `status`, `label` (a class; in multi-label a list of
        them; in segmentation the classes in its mask, in detection those of its boxes, a list) and,
        in detection, `boxes` (how many).
        `label` is None for an image that is not labelled. Or a row a box: `image`, `path`,
        `split`, `status`, `box`, `label`, `left`, `top`, `width`, `height` (pixels, before
        turning), `angle` (degrees, clockwise), `attributes` and, where objects have outlines, `outline`
        (rings of points in pixels) or, where they have points, `points` (in the order of the
        skeleton: x, y in pixels and `visible` or `occluded`; None for one that is not there).

    Raises:
        ValueError: `rows` is something else, or there are no boxes in this task.
    """
    if rows not in ("images", "boxes") or (rows == "boxes" and labels.task not in BOXED):
        wanted = '"images" or "boxes"' if labels.task in BOXED else '"images"'
        raise ValueError(f"rows of {labels.task} are {wanted}, but got {rows!r}")
    columns = ["id", "filepath", fields.SPLIT, fields.STATUS]
    ids, paths, splits, statuses = dataset.values(columns)
    table = pd.DataFrame({"id": ids, "path": paths, "split": splits, "status": statuses})
    if labels.task not in BOXED:
        named = dataset.values(label_path(fields.GROUND_TRUTH, labels.task))
        if labels.task == SEGMENTATION:  # what somebody has begun to paint is no label yet
            each = zip(named, statuses, strict=True)
            named = [names if status in FINISHED else None for names, status in each]
        table["label"] = pd.Series(named, dtype=object)
        return table
    boxes = read_boxes(dataset, ids)
    if rows == "boxes":
        sizes = read_sizes(dataset, ids)
        return _box_rows(table, boxes, sizes, _SHAPES.get(labels.task))
    done = [status in FINISHED for status in statuses]
    said = [list(names_of(each)) if ok else None for each, ok in zip(boxes, done, strict=True)]
    table["label"] = pd.Series(said, dtype=object)
    return table.assign(boxes=[len(each) for each in boxes])


def labelled_items(dataset: "fo.Dataset", task: str) -> list[Item]:
    """The labelled images of a dataset, ready to be written.

    Args:
        dataset: a prepared dataset.
        task: what is labelled.
    """
    columns = ["id", "filepath", fields.SPLIT, fields.STATUS]
    if task in BOXED:
        values = list(zip(*dataset.values(columns), strict=True))
        kept = [row for row in values if row[3] in FINISHED]
        said: list[Said] = list(read_boxes(dataset, [row[0] for row in kept]))
    else:
        names = label_path(fields.GROUND_TRUTH, task)
        full = list(zip(*dataset.values([*columns, names]), strict=True))
        kept = [row for row in full if row[4] is not None and row[3] in FINISHED]
        said = [(row[4],) if isinstance(row[4], str) else tuple(row[4]) for row in kept]
    sizes = read_sizes(dataset, [row[0] for row in kept])
    names_now = distinct_names([Path(row[1]) for row in kept])
    return [
        Item(Path(row[1]), name, size, each, row[2] == Split.TEST.value)
        for row, name, size, each in zip(kept, names_now, sizes, said, strict=True)
    ]


def _beside_labels(
    dataset: "fo.Dataset", labels: LabelStore, format: str, items: Sequence[Item]
) -> list[Loss]:
    """What there is beside the labels that does not go along."""
    if format == "fiftyone":
        return [Loss("events of the history (who said what, and when)", len(labels.events))]
    found = [Loss("images that are not labelled", len(dataset) - len(items))]
    if labels.task == SEGMENTATION:
        found += removed_classes(dataset, labels, items)
    test = len(dataset.match({fields.SPLIT: Split.TEST.value, fields.STATUS: {"$in": [*FINISHED]}}))
    if format != "yolo":
        found.append(Loss("marks of the blind test split", test))
    return [loss for loss in found if loss.count]


def _write(
    new: Path, dataset: "fo.Dataset", items: Sequence[Item], labels: LabelStore, format: str
) -> None:
    if format == "fiftyone":
        from workbench.dataset.formats.fiftyone_folder import write

        write(new, dataset)
        return
    for item in items if format != "folders" else ():
        place = yolo.place_of(item) if format == "yolo" else Path(item.name)
        copy = new / "images" / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(item.path, copy)
    if labels.task == SEGMENTATION:
        write_masks(new, dataset, labels, items)
        return
    points = {} if labels.skeleton is None else {"skeleton": labels.skeleton}
    _WRITERS[format](new, items, labels.classes, **points)


def _box_rows(
    table: pd.DataFrame,
    boxes: Sequence[Sequence[Box]],
    sizes: Sequence[tuple[int, int]],
    shape: str | None,
) -> pd.DataFrame:
    rows = [
        (
            *(image.id, image.path, image.split, image.status, box.id, box.label),
            *(box.x * size[0], box.y * size[1], box.width * size[0], box.height * size[1]),
            *(box.angle, dict(box.attributes)),
            *(scaled(box.outline, size), points_in_pixels(box.points, size)),
        )
        for image, own, size in zip(table.itertuples(), boxes, sizes, strict=True)
        for box in own
    ]
    columns = ["image", "path", "split", "status", "box", "label"]
    columns += ["left", "top", "width", "height", "angle", "attributes", "outline", "points"]
    found = pd.DataFrame(rows, columns=columns)
    return found.drop(columns=[name for name in _SHAPES.values() if name != shape])
