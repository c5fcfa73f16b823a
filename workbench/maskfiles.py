"""Masks into a bench, as folders of PNG files or FiftyOne has them, and out of it as such folders.

Wiring: the files are `dataset.formats.maskfolder`'s, the commits those of `labels`. Masks are read one at
a time, once to check all of them and once more to keep them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.dataset import fields
from workbench.dataset.boxdocuments import Size
from workbench.dataset.files import find_files
from workbench.dataset.formats import maskfolder
from workbench.dataset.formats.found import Findings, Imported, LabelReport, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.losses import Loss
from workbench.dataset.formats.maskfolder import FoundMask, folder_of_masks
from workbench.dataset.formats.masknames import MaskClasses, find_classes, read_classes
from workbench.dataset.masks import IdMask, numbers_in
from workbench.dataset.types import FINISHED
from workbench.dataset.values import SEGMENTATION
from workbench.errors import FormatError
from workbench.labels.store import LabelStore

if TYPE_CHECKING:
    import fiftyone as fo

NAME, FIFTYONE = "masks", "fiftyone"


def read_mask_labels(
    folder: Path, source: str | Path, known: Callable[[str], bool] | None
) -> Imported:
    """What a folder of masks says of the images of a folder.

    Args:
        folder: searched for images with its sub-folders.
        source: `"masks"` for those of `folder` itself; or the folder that has the masks, or `masks`,
            or the list of their classes; or `"fiftyone"`, or a folder that FiftyOne exported.
        known: whether a class is in the bench's list; None where that is empty yet, and any goes.

    Returns:
        Of each image the classes in its mask.

    Raises:
        FormatError: there are no masks or no list of their classes, the masks lie among the images,
            or none of them is of any use.
    """
    files = find_files(folder)
    masks = _place(folder, source, files)
    classes = masks.classes
    findings = Findings(NAME, str(masks.folder))
    said: dict[Path, Said] = {}
    for each in masks.read(files):
        names = _names(each, classes, known, findings)
        if names is not None and each.image is not None:
            said[each.image] = names
    report = LabelReport(NAME, str(masks.folder), findings=tuple(findings.found)).counted(said)
    if not said:
        raise FormatError(
            f"no image below {folder} gets a mask from {masks.folder}, and nothing was imported: {report}"
        )
    return Imported(said, classes.names, report)


def record_masks(
    dataset: "fo.Dataset", labels: LabelStore, found: Imported, folder: Path, source: str | Path
) -> LabelReport:
    """Give the images that have no mask those of a folder, one event each.

    Args:
        dataset: the dataset.
        labels: its labels; the class list has all classes of the masks.
        found: by `read_mask_labels`, of the same folder and source.
        folder: searched for images with its sub-folders.
        source: where the masks are.

    Returns:
        The report of the masks that were recorded; one that changed or went since it was checked is
        a fault of its image.
    """
    columns = ["id", "filepath", fields.STATUS, f"{fields.GROUND_TRUTH}.mask_path"]
    there = {Path(row[1]): row for row in zip(*dataset.values(columns), strict=True)}
    findings = Findings(NAME, found.report.source, list(found.report.findings))
    for path in found.labels:
        if path not in there:
            detail = "the import left it out: its report says why"
            findings.fault("image that is not in the dataset", str(path), detail)
    own = [path for path in found.labels if path in there]
    wanted = {path for path in own if there[path][2] not in FINISHED and not there[path][3]}
    files = find_files(folder)
    masks = _place(folder, source, files)
    classes = masks.classes
    table = _table(classes, labels)
    kept: dict[Path, Said] = {}
    # Of all images, for a mask that would go with several is told by its folder.
    for each in masks.read(files, wanted) if wanted else ():
        if each.image is None:
            continue
        names = tuple(found.labels[each.image])
        if each.indices is None:
            findings.fault(each.problem, str(each.image), each.detail)
        elif _classes_in(each.indices, classes) != names:
            detail = f"{each.file}: import again"
            findings.fault("mask that changed while it was read", str(each.image), detail)
        else:
            given = {there[each.image][0]: table[each.indices]}
            labels.import_labels(given, annotator=NAME)
            kept[each.image] = found.labels[each.image]
    already = len(own) - len(wanted)
    report = replace(found.report, already=already, findings=tuple(findings.found))
    return report.counted(kept)


def removed_classes(dataset: "fo.Dataset", labels: LabelStore, items: Sequence[Item]) -> list[Loss]:
    """What masks hold of classes that were removed, which no format has a place for.

    Args:
        dataset: the dataset.
        labels: its labels.
        items: the images that are to be written.
    """
    there = set(labels.masks.index_of())
    numbers = dict(
        zip(*dataset.values(["filepath", f"{fields.GROUND_TRUTH}.numbers"]), strict=True)
    )
    count = sum(not there.issuperset(numbers[str(item.path)] or ()) for item in items)
    what = "images with pixels of classes that were removed, which become background"
    return [Loss(what, count)]


def write_masks(
    folder: Path, dataset: "fo.Dataset", labels: LabelStore, items: Sequence[Item]
) -> None:
    """Write the masks of labelled images; errors as those of `maskfolder.write`.

    Args:
        folder: is there; `masks` and the list of the classes are written into it.
        dataset: the dataset.
        labels: its labels.
        items: the images.
    """
    ids = dict(zip(*dataset.values(["filepath", "id"]), strict=True))

    def masks() -> Iterator[tuple[str, Size, NDArray[np.uint16]]]:
        for item in items:
            yield item.name, item.size, labels.masks.indices(ids[str(item.path)])

    maskfolder.write(folder, masks(), labels.classes)


@dataclass(frozen=True)
class _Masks:
    """Where masks are.

    Attributes:
        folder: that has them.
        classes: what their pixels stand for.
        own: the masks of each image; None where their names say it.
    """

    folder: Path
    classes: MaskClasses
    own: Mapping[Path, Sequence[Path]] | None = None

    def read(
        self, files: Sequence[Path], only: Collection[Path] | None = None
    ) -> Iterator[FoundMask]:
        """Those of images, or of some of them, one at a time."""
        if self.own is None:
            return maskfolder.read(self.folder, files, self.classes, only=only)
        return maskfolder.read_pairs(self.folder, self.own, files, self.classes, only=only)


def _place(folder: Path, source: str | Path, files: Sequence[Path]) -> _Masks:
    """Where the masks of the images of a folder are.

    Raises:
        FormatError: as `read_mask_labels` does.
    """
    from workbench.dataset.formats.finding import READERS, is_fiftyone

    path = folder if source in (NAME, FIFTYONE) else Path(source).expanduser().absolute()
    if source == FIFTYONE or (source != NAME and path.is_dir() and is_fiftyone(path)):
        from workbench.dataset.formats.fiftyone_folder import read_masks

        classes, own = read_masks(path, Images(folder, files))
        if not set(files).isdisjoint(mask for masks in own.values() for mask in masks):
            raise FormatError(
                f"masks of {path} lie in {folder}, and would be imported as images: give the folder of "
                f"the images alone, {str(path / 'data')!r} say, with labels={str(path)!r}"
            )
        return _Masks(path, classes, own)
    if path.is_dir():
        masks = folder_of_masks(path)
        found = _Masks(masks, find_classes(masks))
    elif path.is_file():
        found = _Masks(folder_of_masks(path.parent), read_classes(path))
    elif source in READERS:
        raise FormatError(
            f"labels of {SEGMENTATION} are masks, which the format {source} does not give: give the "
            f"folder of the masks, or {NAME!r}"
        )
    else:
        raise FormatError(
            f"there is nothing at {path}: give the folder of the masks, or the list of their classes"
        )
    _refuse_among_images(found.folder, folder, files)
    return found


def _refuse_among_images(masks: Path, folder: Path, files: Collection[Path]) -> None:
    above, below = masks.resolve(), folder.resolve()
    if above in below.parents:
        return  # the images have a folder of their own, and what lies there is no mask
    if any(file.resolve().is_relative_to(above) for file in files):
        raise FormatError(
            f"what lies in {masks} are masks, and would be imported as images: give the folder of the "
            f"images alone, with labels={str(masks)!r}"
        )


def _names(
    found: FoundMask,
    classes: MaskClasses,
    known: Callable[[str], bool] | None,
    findings: Findings,
) -> tuple[str, ...] | None:
    """The classes in a mask; None where there is none of any use."""
    name = str(found.image or found.file)
    if found.file is None:
        findings.note(f"{found.problem}, which stays unlabelled", name, found.detail)
        return None
    if found.indices is None:
        findings.fault(found.problem, name, found.detail)
        return None
    names = _classes_in(found.indices, classes)
    unknown = [each for each in names if known is not None and not known(each)]
    if unknown:
        detail = f"{unknown[0]!r}: bench.classes.add({unknown[0]!r}), then import again"
        findings.fault("class that is not in the list", name, detail)
        return None
    if found.ignored:
        detail = f"{found.ignored:,} pixels"
        findings.note("mask with unlabelled pixels, which become background", name, detail)
    return names


def _classes_in(indices: IdMask, classes: MaskClasses) -> tuple[str, ...]:
    return tuple(classes.names[number - 1] for number in numbers_in(indices))


def _table(classes: MaskClasses, labels: LabelStore) -> NDArray[np.uint16]:
    """Class indices of the bench by those of the masks."""
    place: Mapping[str, int] = {name: index + 1 for index, name in enumerate(labels.classes)}
    now = [labels.class_now(name) for name in classes.names]
    return np.array([0, *(place.get(name or "", 0) for name in now)], dtype=np.uint16)
