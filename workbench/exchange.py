"""Labels in and out of a bench, in other tools' files; images and boxes as tables.

Wiring: readers and writers from `dataset.formats`, commits to `labels`.
"""

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench.classes import Classes
from workbench.dataset import fields
from workbench.dataset.boxes import Box
from workbench.dataset.detections import read_boxes, read_sizes
from workbench.dataset.files import find_files
from workbench.dataset.formats import coco, cvat, folders, tables, voc, yolo
from workbench.dataset.formats.finding import READERS, find_labels
from workbench.dataset.formats.found import Finding, Imported, LabelReport, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item, distinct_names
from workbench.dataset.formats.losses import Loss, losses
from workbench.dataset.ingest import ImportReport, add_folder
from workbench.dataset.schema import clean_classes
from workbench.dataset.types import FINISHED, Split
from workbench.dataset.values import CLASSIFICATION, DETECTION, MULTILABEL, label_path, names_of
from workbench.errors import FormatError
from workbench.labels.store import LabelStore

if TYPE_CHECKING:
    import fiftyone as fo

_WRITERS = {
    "coco": coco.write,
    "yolo": yolo.write,
    "voc": voc.write,
    "cvat": cvat.write,
    "csv": tables.write,
    "folders": folders.write,
}
_FORMATS = {
    DETECTION: ("coco", "yolo", "voc", "cvat", "csv", "fiftyone"),
    CLASSIFICATION: ("folders", "csv", "fiftyone"),
    MULTILABEL: ("csv", "fiftyone"),
}


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes:
        format: such as `coco`.
        folder: where.
        images: how many.
        boxes: how many they have.
        lost: what the format could not carry.
    """

    format: str
    folder: Path
    images: int
    boxes: int
    lost: tuple[Loss, ...]

    def __str__(self) -> str:
        boxes = f" with {self.boxes:,} boxes" if self.boxes else ""
        lost = f"; not carried: {'; '.join(map(str, self.lost))}" if self.lost else ""
        return f"{self.format}: {self.images:,} images{boxes} in {self.folder}{lost}"

    __repr__ = __str__

    def to_pandas(self) -> pd.DataFrame:
        """A row for each thing that was not carried: `what`, `count`."""
        return pd.DataFrame(
            [(loss.what, loss.count) for loss in self.lost], columns=["what", "count"]
        )


def add_labelled(
    dataset: "fo.Dataset",
    labels: LabelStore,
    folder: Path,
    source: str | Path,
    test_fraction: float,
) -> ImportReport:
    """Import the images of a folder, with what a file of labels says of them.

    The file is read and checked whole before anything is written. Where the bench has no classes
    yet, it gets the file's; else a class that is not in the list is a fault. An image with a fault
    is left without a label, and one that has a label keeps it.

    Args:
        dataset: the dataset.
        labels: its labels.
        folder: searched for images with its sub-folders.
        source: a format, or a file of labels, as `find_labels` takes it.
        test_fraction: share of new images that go to the blind test split.

    Returns:
        The report of the images; its `labels` is that of the labels.

    Raises:
        FormatError: the file cannot be used as a whole, has nothing for any of the images, or has
            boxes where classes are wanted or the other way round; nothing was written.
        ImportFolderError: the folder is missing, or holds no usable image.
    """
    root = folder.expanduser().absolute()
    name, path = find_labels(source, root)
    found = READERS[name](path, Images(root, find_files(root)))
    found = _of_task(found, labels)
    if not found.labels:
        raise FormatError(
            f"no image below {root} gets a label from {path}, and nothing was imported: "
            f"{found.report}"
        )
    report = add_folder(dataset, root, test_fraction)
    if not labels.classes:
        Classes(labels).add(*clean_classes(found.classes))
    report.labels = _record(dataset, labels, found)
    # The file of labels itself is no image that is missed.
    report.skipped = [row for row in report.skipped if Path(row[0]) != path]
    return report


def export(dataset: "fo.Dataset", labels: LabelStore, folder: Path, format: str) -> ExportReport:
    """Write the labelled images with their labels, in the format of another tool.

    Images are copied. What the format cannot carry is said by a warning before anything is written,
    and in the report. Only `fiftyone` takes the unlabelled images along.

    Args:
        dataset: the dataset.
        labels: its labels.
        folder: must not exist, or be empty; it is there whole, or not at all.
        format: `coco`, `yolo`, `voc`, `cvat`, `csv` or `fiftyone` for boxes, `folders`, `csv` or
            `fiftyone` for classes.

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
    lost = (*losses(format, items), *_beside_labels(dataset, labels, format, len(items)))
    if lost:
        said = "; ".join(map(str, lost))
        warnings.warn(f"{format} does not carry {said}", UserWarning, stacklevel=3)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        new = Path(scratch) / "export"
        new.mkdir()
        _write(new, dataset, items, labels.classes, format)
        if target.exists():
            target.rmdir()
        new.rename(target)
    boxes = sum(len(item.boxes) for item in items)
    count = len(dataset) if format == "fiftyone" else len(items)
    return ExportReport(format, target, count, boxes, lost)


def to_pandas(dataset: "fo.Dataset", labels: LabelStore, rows: str = "images") -> pd.DataFrame:
    """The images, or their boxes, as a table.

    Args:
        dataset: the dataset.
        labels: its labels.
        rows: `images` or `boxes`.

    Returns:
        A row an image: `id`, `path`, `split`, `status`, `label` (a class; in multi-label a list of
        them; in detection the classes of its boxes, a list) and, in detection, `boxes` (how many).
        `label` is None for an image that is not labelled. Or a row a box: `image`, `path`,
        `split`, `status`, `box`, `label`, `left`, `top`, `width`, `height` (pixels, before
        turning), `angle` (degrees, clockwise), `attributes`.

    Raises:
        ValueError: `rows` is something else, or there are no boxes in this task.
    """
    if rows not in ("images", "boxes") or (rows == "boxes" and labels.task != DETECTION):
        wanted = '"images" or "boxes"' if labels.task == DETECTION else '"images"'
        raise ValueError(f"rows of {labels.task} are {wanted}, but got {rows!r}")
    columns = ["id", "filepath", fields.SPLIT, fields.STATUS]
    ids, paths, splits, statuses = dataset.values(columns)
    table = pd.DataFrame({"id": ids, "path": paths, "split": splits, "status": statuses})
    if labels.task != DETECTION:
        table["label"] = pd.Series(
            dataset.values(label_path(fields.GROUND_TRUTH, labels.task)), dtype=object
        )
        return table
    boxes = read_boxes(dataset, ids)
    if rows == "boxes":
        return _box_rows(table, boxes, read_sizes(dataset, ids))
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
    if task == DETECTION:
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


def _of_task(found: Imported, labels: LabelStore) -> Imported:
    """What of a file goes with the bench: its task and its classes."""
    boxed = any(isinstance(each, Box) for said in found.labels.values() for each in said)
    named = any(isinstance(each, str) for said in found.labels.values() for each in said)
    if (boxed and labels.task != DETECTION) or (named and labels.task == DETECTION):
        raise FormatError(
            f"{found.report.source} has {'boxes' if boxed else 'classes of whole images'}, but this "
            f"bench labels {labels.task}: open one with the task that goes with the file"
        )
    new = set() if labels.classes else set(clean_classes(found.classes))
    kept: dict[Path, Said] = {}
    faults: list[Finding] = []
    for path, said in found.labels.items():
        unknown = [name for name in names_of(said) if name not in new and not _known(labels, name)]
        if unknown:
            detail = f"{unknown[0]!r}: bench.classes.add({unknown[0]!r}), then import again"
            faults.append(Finding("class that is not in the list", str(path), detail, fatal=True))
        elif labels.task == CLASSIFICATION and len(said) != 1:
            detail = ", ".join(names_of(said)) or "none"
            faults.append(Finding("image without its one class", str(path), detail, fatal=True))
        else:
            kept[path] = said
    findings = (*found.report.findings, *faults)
    return replace(found, labels=kept, report=_counted(found.report, kept, findings))


def _known(labels: LabelStore, name: str) -> bool:
    return labels.ever_had_class(name) and labels.class_now(name) is not None


def _record(dataset: "fo.Dataset", labels: LabelStore, found: Imported) -> LabelReport:
    """Give the images that have none their labels."""
    columns = ["id", "filepath", fields.STATUS, fields.EVENT]
    there = {Path(row[1]): row for row in zip(*dataset.values(columns), strict=True)}
    open_ids = [row[0] for path, row in there.items() if path in found.labels and _is_open(row)]
    drawn = dict(zip(open_ids, read_boxes(dataset, open_ids), strict=True))
    kept: dict[Path, Said] = {}
    given: dict[str, Said | str] = {}
    findings = list(found.report.findings)
    already = 0
    for path, said in found.labels.items():
        row = there.get(path)
        if row is None:
            detail = "the import left it out: its report says why"
            findings.append(
                Finding("image that is not in the dataset", str(path), detail, fatal=True)
            )
        elif not _is_open(row) or drawn.get(row[0]):
            already += 1
        else:
            kept[path] = said
            one = labels.task == CLASSIFICATION and isinstance(said[0], str)
            given[row[0]] = names_of(said)[0] if one else said
    labels.import_labels(given, annotator=found.report.format)
    report = _counted(found.report, kept, tuple(findings))
    return replace(report, already=already)


def _is_open(row: Sequence[str | None]) -> bool:
    return row[2] not in FINISHED


def _counted(
    report: LabelReport, kept: dict[Path, Said], findings: tuple[Finding, ...]
) -> LabelReport:
    boxes = sum(isinstance(each, Box) for said in kept.values() for each in said)
    negatives = sum(not said for said in kept.values())
    return replace(report, images=len(kept), boxes=boxes, negatives=negatives, findings=findings)


def _beside_labels(
    dataset: "fo.Dataset", labels: LabelStore, format: str, exported: int
) -> list[Loss]:
    """What there is beside the labels that does not go along."""
    if format == "fiftyone":
        return [Loss("events of the history (who said what, and when)", len(labels.events))]
    found = [Loss("images that are not labelled", len(dataset) - exported)]
    test = len(dataset.match({fields.SPLIT: Split.TEST.value, fields.STATUS: {"$in": [*FINISHED]}}))
    if format != "yolo":
        found.append(Loss("marks of the blind test split", test))
    return [loss for loss in found if loss.count]


def _write(
    new: Path, dataset: "fo.Dataset", items: Sequence[Item], classes: Sequence[str], format: str
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
    _WRITERS[format](new, items, classes)


def _box_rows(
    table: pd.DataFrame, boxes: Sequence[Sequence[Box]], sizes: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    rows = [
        (
            *(image.id, image.path, image.split, image.status, box.id, box.label),
            *(box.x * size[0], box.y * size[1], box.width * size[0], box.height * size[1]),
            *(box.angle, dict(box.attributes)),
        )
        for image, own, size in zip(table.itertuples(), boxes, sizes, strict=True)
        for box in own
    ]
    columns = ["image", "path", "split", "status", "box", "label"]
    columns += ["left", "top", "width", "height", "angle", "attributes"]
    return pd.DataFrame(rows, columns=columns)
