"""Labels into a bench, from other tools' files.

Wiring: readers from `dataset.formats`, commits to `labels`.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from workbench.classes import Classes
from workbench.dataset import fields
from workbench.dataset.boxes import Box
from workbench.dataset.detections import read_boxes
from workbench.dataset.files import find_files
from workbench.dataset.formats.found import Finding, Imported, LabelReport, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.ingest import ImportReport, add_folder
from workbench.dataset.keypoints import Skeleton, skeleton_from
from workbench.dataset.opening import import_is_done, is_there, pending_import
from workbench.dataset.schema import check_task, clean_classes
from workbench.dataset.types import FINISHED
from workbench.dataset.values import (
    BOXED,
    CLASSIFICATION,
    DRAWN,
    INSTANCES,
    KEYPOINTS,
    SEGMENTATION,
    names_of,
)
from workbench.errors import FormatError
from workbench.folders import FOLDERS, label_by_folder, refuse_boxes
from workbench.labels.store import LabelStore
from workbench.maskfiles import read_mask_labels, record_masks

if TYPE_CHECKING:
    import fiftyone as fo


def add_labelled(
    dataset: "fo.Dataset",
    labels: LabelStore,
    folder: Path,
    source: str | Path | None,
    test_fraction: float,
) -> ImportReport:
    """Import the images of a folder, with what their folders or a file of labels say of them.

    A file is read and checked whole before anything is written. Where the bench has no classes
    yet, it gets the file's; else a class that is not in the list is a fault. An image with a fault
    is left without a label, and one that has a label keeps it.

    Args:
        dataset: the dataset.
        labels: its labels.
        folder: searched for images with its sub-folders.
        source: `"folders"`; or a format, or a file of labels, as `find_labels` takes it; or None.
        test_fraction: share of new images that go to the blind test split.

    Returns:
        The report of the images; its `labels` is that of the labels in a file.

    Raises:
        FormatError: the file cannot be used as a whole, has nothing for any of the images, or has
            boxes where classes are wanted or the other way round; nothing was written.
        ImportFolderError: the folder is missing, or holds no usable image.
        DatasetError: `"folders"`, where images are labelled with boxes.
    """
    root = folder.expanduser().absolute()
    if source == FOLDERS:
        refuse_boxes(labels.task)
    found = None
    if _is_file(source):
        found = read_labels(root, source, labels.task, _known(labels), labels.skeleton)
    report = add_folder(dataset, root, test_fraction)
    take_labels(dataset, labels, root, source, report, found)
    return report


def read_first_labels(
    name: "str | fo.Dataset",
    folder: str | Path | None,
    source: str | Path | None,
    task: str | None,
    classes: Sequence[str],
    skeleton: Any = None,
) -> Imported | None:
    """What a file says of images that a dataset is to be made of; of no use, it makes none.

    Returns:
        What was read; None where there is no file to read, or the dataset is there already.

    Raises:
        FormatError: the file cannot be used as a whole.
        DatasetError: `"folders"`, where images are to be labelled with boxes.
    """
    wanted = check_task(task or CLASSIFICATION)
    if source == FOLDERS:
        refuse_boxes(wanted)
    if not _is_file(source) or folder is None or is_there(name):
        return None
    names = set(clean_classes(classes))
    known = names.__contains__ if names else None
    root = Path(folder).expanduser().absolute()
    own = None if skeleton is None else skeleton_from(skeleton)
    return read_labels(root, source, wanted, known, own)


def to_remember(source: str | Path | None) -> str | None:
    """Where labels come from, as text that says the same in whichever folder it is read again."""
    if not _is_file(source):
        return None if source is None else FOLDERS
    from workbench.dataset.formats.finding import READERS

    return str(source if source in READERS else Path(source).expanduser().absolute())


def finish_import(
    dataset: "fo.Dataset",
    labels: LabelStore,
    source: str | Path | None,
    report: ImportReport | None,
    found: Imported | None,
) -> None:
    """Bring in the labels of a first import, be it one that was cut short, which then is done.

    Where nobody has named another source by now, and the one that was named then cannot be used any
    more, the images are worth having without it: a warning tells what to do.

    Args:
        dataset: the dataset.
        labels: its labels.
        source: as `add_labelled` takes it; None for what was named when the import began.
        report: of the images, if they were imported just now; gets that of the labels.
        found: what was read of a file, if it was.

    Raises:
        FormatError: the file cannot be used.
    """
    pending = pending_import(dataset)
    if pending is None:
        return
    try:
        take_labels(dataset, labels, pending.folder, source or pending.labels, report, found)
    except FormatError as error:
        if source is not None:
            raise
        warnings.warn(
            f"the import of {pending.folder} was cut short before its labels were in, and they can "
            f"no longer be read: {error}; bench.add(folder, labels=file) takes them from elsewhere",
            stacklevel=4,
        )
    import_is_done(dataset)


def take_labels(
    dataset: "fo.Dataset",
    labels: LabelStore,
    folder: Path,
    source: str | Path | None,
    report: ImportReport | None,
    found: Imported | None,
) -> None:
    """Record what is said of images that were imported, where they have no label.

    Args:
        dataset: the dataset.
        labels: its labels.
        folder: what was imported.
        source: as `add_labelled` takes it.
        report: of the images, if they were imported just now; gets that of the labels.
        found: what was read of a file; None reads it now, where an import was cut short before.

    Raises:
        FormatError: the file cannot be used.
    """
    if source == FOLDERS:
        label_by_folder(dataset, labels, folder)
    if not _is_file(source):
        return
    if found is None:
        found = read_labels(folder, source, labels.task, _known(labels), labels.skeleton)
    if not labels.classes:
        Classes(labels).add(*clean_classes(found.classes))
    if labels.task == SEGMENTATION:
        told = record_masks(dataset, labels, found, folder, source)
    else:
        told = _record(dataset, labels, found)
    if report is not None:
        report.labels = told
        # The file of labels itself is no image that is missed.
        report.skipped = [row for row in report.skipped if row[0] != found.report.source]


def read_labels(
    folder: Path,
    source: str | Path,
    task: str,
    known: Callable[[str], bool] | None,
    skeleton: Skeleton | None = None,
) -> Imported:
    """What a file of labels says of the images of a folder, as far as it goes with a bench.

    Args:
        folder: searched for images with its sub-folders.
        source: a format, or a file of labels, as `find_labels` takes it.
        task: what is labelled.
        known: whether a class is in the list; None where that is empty yet, and any goes.
        skeleton: of the bench, where objects have points; None takes the file's.

    Raises:
        FormatError: the file cannot be used as a whole, has nothing for any of the images, or has
            boxes where classes are wanted or the other way round; or the masks of its objects lie
            among the images.
    """
    from workbench.dataset.formats.finding import READERS, find_labels
    from workbench.dataset.formats.objectmasks import refuse_among_images

    if task == SEGMENTATION:
        return read_mask_labels(folder, source, known)
    name, path = find_labels(source, folder)
    files = find_files(folder)
    if name == "masks":
        refuse_among_images(path, files)
    wants = {"outlined": task == INSTANCES, "pointed": task == KEYPOINTS}
    images = Images(folder, files, **wants, skeleton=skeleton)
    found = _of_task(READERS[name](path, images), task, known)
    if not found.labels:
        raise FormatError(
            f"no image below {folder} gets a label from {path}, and nothing was imported: "
            f"{found.report}"
        )
    return found


def _is_file(source: str | Path | None) -> TypeGuard[str | Path]:
    return source not in (None, FOLDERS)


def _of_task(found: Imported, task: str, known: Callable[[str], bool] | None) -> Imported:
    """What of a file goes with the bench: its task and its classes."""
    boxed = any(isinstance(each, Box) for said in found.labels.values() for each in said)
    named = any(isinstance(each, str) for said in found.labels.values() for each in said)
    if (boxed and task not in BOXED) or (named and task in DRAWN):
        raise FormatError(
            f"{found.report.source} has {'boxes' if boxed else 'classes of whole images'}, but this "
            f"bench labels {task}: open one with the task that goes with the file"
        )
    bare = [each for said in found.labels.values() for each in said if isinstance(each, Box)]
    if task == KEYPOINTS and not all(box.points for box in bare):
        raise FormatError(
            f"{found.report.source} has objects without points, but this bench labels keypoints: open "
            "one with the task that goes with the file"
        )
    in_list = set(clean_classes(found.classes)).__contains__ if known is None else known
    kept: dict[Path, Said] = {}
    faults: list[Finding] = []
    for path, said in found.labels.items():
        unknown = [name for name in names_of(said) if not in_list(name)]
        if unknown:
            detail = f"{unknown[0]!r}: bench.classes.add({unknown[0]!r}), then import again"
            faults.append(Finding("class that is not in the list", str(path), detail, fatal=True))
        elif task == CLASSIFICATION and len(said) != 1:
            detail = ", ".join(names_of(said)) or "none"
            faults.append(Finding("image without its one class", str(path), detail, fatal=True))
        else:
            kept[path] = said
    findings = (*found.report.findings, *faults)
    return replace(
        found, labels=kept, report=replace(found.report, findings=findings).counted(kept)
    )


def _known(labels: LabelStore) -> Callable[[str], bool] | None:
    if not labels.classes:
        return None
    return lambda name: labels.ever_had_class(name) and labels.class_now(name) is not None


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
    report = replace(found.report, already=already, findings=tuple(findings))
    return report.counted(kept)


def _is_open(row: Sequence[str | None]) -> bool:
    return row[2] not in FINISHED
