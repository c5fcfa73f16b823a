"""Folders of masks: for each image a PNG of the same stem, of which every pixel says a class.

All stems may have the same end after that of the image, such as `_mask`.

A mask has one channel of numbers, a palette, or colours. Colours, also those of a palette, are read as
the list of classes has them, as CVAT's "segmentation mask 1.1" writes `labelmap.txt`; where the list has
no colours, the numbers count. As Pascal VOC has it, 255 in a palette that no class is called by, and
the colour that belongs to it, say that nobody labelled the pixel. That becomes background, and is told.

Written are `masks/<stem>.png` and `classes.txt`: numbers of 8 bits in Pascal VOC's palette, so that any
viewer shows them, or of 16 bits without colours where there are more classes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.dataset.boxdocuments import Size
from workbench.dataset.formats.masknames import (
    BACKGROUND_NAME,
    CLASSES_FILE,
    VOID,
    MaskClasses,
    classes_of,
    colour_of,
)
from workbench.dataset.formats.maskpixels import MaskReader, UnusableMaskError
from workbench.dataset.masks import IdMask, as_numbers
from workbench.decoding import upright_size
from workbench.errors import FormatError, ImageError, MaskError

FOLDER = "masks"
_CVAT_FOLDER = "SegmentationClass"


@dataclass(frozen=True, slots=True, eq=False)
class FoundMask:
    """The mask of an image, or why there is none.

    Attributes:
        image: the image; None for a mask that no image goes with.
        file: the mask; None for an image that no mask goes with.
        indices: (height, width) of the upright image, 0 for the background, k + 1 for class k; None
            where there is a problem.
        problem: in words that are the same for all of its kind; empty for a good mask.
        detail: the very thing.
        ignored: pixels of which the file says that nobody labelled them; they are background here.
    """

    image: Path | None
    file: Path | None
    indices: IdMask | None = None
    problem: str = ""
    detail: str = ""
    ignored: int = 0


def folder_of_masks(folder: Path) -> Path:
    """Where the masks of an export are: in CVAT's sub-folder, in ours, or right in it."""
    for name in (_CVAT_FOLDER, FOLDER):
        if (folder / name).is_dir():
            return folder / name
    return folder


def read(
    folder: Path,
    images: Iterable[Path],
    classes: MaskClasses,
    *,
    only: Collection[Path] | None = None,
) -> Iterator[FoundMask]:
    """Read the masks of images, one at a time; what is wrong with one is said, not raised.

    Args:
        folder: searched for PNG files with its sub-folders.
        images: the images, and only those.
        classes: as `masknames.find_classes` or `masknames.classes_of` has them.
        only: those of the images that are wanted; which mask is whose is a matter of all of them.

    Yields:
        One for each image that is wanted, in the order given, then one for each mask that no image
        goes with.

    Raises:
        FormatError: there is no PNG file in the folder.
    """
    paths = list(dict.fromkeys(images))
    taken = set(paths)
    files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() == ".png"]
    files = [file for file in files if file not in taken and file.is_file()]
    if not files:
        raise FormatError(f"{folder} has no masks: give the folder that has a PNG for each image")
    own, strays = _pairs(folder, files, paths)
    yield from read_pairs(folder, own, paths, classes, only=only)
    yield from strays


def read_pairs(
    source: Path,
    own: Mapping[Path, Sequence[Path]],
    images: Iterable[Path],
    classes: MaskClasses,
    *,
    only: Collection[Path] | None = None,
) -> Iterator[FoundMask]:
    """As `read`, where it is said which masks are whose.

    Args:
        source: where that was said.
        own: the masks of each image.
        images: the images.
        classes: what their pixels stand for.
        only: those of the images that are wanted.

    Yields:
        One for each image that is wanted, in the order given.
    """
    reader = MaskReader(classes)
    for path in images:
        if only is not None and path not in only:
            continue
        found = own.get(path, ())
        if not found:
            yield FoundMask(path, None, problem="image without a mask", detail=str(source))
        elif len(found) > 1:
            detail = f"{found[0]} and {found[1]}"
            yield FoundMask(path, found[0], problem="image with several masks", detail=detail)
        else:
            yield _found(reader, path, found[0])


def write(
    folder: Path, masks: Iterable[tuple[str, Size, NDArray[np.integer]]], classes: Sequence[str]
) -> None:
    """Write masks and the list of their classes.

    Args:
        folder: is there; written into as the masks come, so give one that is nobody's yet.
        masks: of each image its file name, its width and height in pixels, and its (height, width)
            indices, 0 for the background, k + 1 for class k.
        classes: names in order.

    Raises:
        FormatError: a class cannot stand in the list, two images have the same stem, or a mask is
            of another size than its image or has an index without a class.
        MaskError: a mask is no array of whole numbers.
    """
    names = _writable(classes)
    (folder / FOLDER).mkdir()
    (folder / CLASSES_FILE).write_bytes("".join(f"{name}\n" for name in names).encode())
    seen: set[str] = set()
    for name, size, indices in masks:
        stem = Path(name).stem
        if stem.casefold() in seen:
            raise FormatError(f"two images have the stem {stem!r}: give them different names")
        seen.add(stem.casefold())
        numbers = as_numbers(indices)
        if numbers.shape != size[::-1]:
            raise FormatError(
                f"the mask of {name} has {numbers.shape[1]} x {numbers.shape[0]} pixels, but the "
                f"image has {size[0]} x {size[1]}"
            )
        if (most := int(numbers.max())) >= len(names):
            raise FormatError(
                f"the mask of {name} has the index {most}, but there are {len(classes)} classes"
            )
        (folder / FOLDER / f"{stem}.png").write_bytes(_encoded(numbers, len(names)))


def _found(reader: MaskReader, image: Path, file: Path) -> FoundMask:
    try:
        indices, ignored = reader.read(file, upright_size(image))
    except ImageError as error:
        return FoundMask(image, file, problem="image that cannot be read", detail=str(error))
    except UnusableMaskError as fault:
        return FoundMask(image, file, problem=fault.problem, detail=fault.detail)
    return FoundMask(image, file, indices, ignored=ignored)


def _pairs(
    folder: Path, files: Sequence[Path], images: Sequence[Path]
) -> tuple[dict[Path, list[Path]], list[FoundMask]]:
    """The masks of each image, and those of none."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in images:
        by_stem[path.stem].append(path)
    own: dict[Path, list[Path]] = defaultdict(list)
    strays = []
    suffix = _suffix([file.stem for file in files], by_stem)
    for file in files:
        stem = file.stem.removesuffix(suffix)
        found = by_stem.get(stem, []) if file.stem == stem + suffix else []
        if len(found) > 1:
            # Where several images are called so, the folders tell which one is meant.
            above = file.relative_to(folder).parts[:-1]
            found = [path for path in found if path.parts[-1 - len(above) : -1] == above]
        if len(found) == 1:
            own[found[0]].append(file)
        elif found:
            detail = f"{found[0]} and {found[1]}: have the folders of the masks tell them apart"
            strays.append(FoundMask(None, file, problem="mask of several images", detail=detail))
        else:
            detail = f"none has the stem {stem!r}"
            strays.append(FoundMask(None, file, problem="mask without an image", detail=detail))
    return own, strays


def _suffix(stems: Sequence[str], images: Collection[str]) -> str:
    """What stands after the stem of each mask's image, such as `_mask`; where one has none, nothing does."""
    if any(stem in images for stem in stems):
        return ""
    ends = [_ends(stem, images) for stem in stems]
    known = [each for each in ends if each]
    return min(set.intersection(*known), key=len, default="") if known else ""


def _ends(stem: str, images: Collection[str]) -> set[str]:
    """What is left of a stem after those of images; letters and digits right after may belong to them."""
    cuts = (length for length, mark in enumerate(stem) if length and not mark.isalnum())
    return {stem[length:] for length in cuts if stem[:length] in images}


def _writable(classes: Sequence[str]) -> list[str]:
    """The lines of `classes.txt`, checked by what a reader makes of them."""
    lines = [BACKGROUND_NAME, *classes]
    if any("\n" in name for name in classes) or classes_of(lines).names != tuple(classes):
        raise FormatError(
            "classes in a list have one line each, without blanks around, and none is called "
            f"{BACKGROUND_NAME!r}: rename those of {', '.join(map(repr, classes))[:200]}"
        )
    return lines


def _encoded(numbers: IdMask, count: int) -> bytes:
    """A PNG of numbers below `count`."""
    if count > VOID:
        encoded, data = cv2.imencode(".png", numbers.astype(np.uint16))
        if not encoded:
            raise MaskError(f"a mask of {numbers.shape} pixels cannot be encoded")
        return data.tobytes()
    image = Image.fromarray(numbers.astype(np.uint8))
    image.putpalette([channel for number in range(256) for channel in colour_of(number)])
    stream = BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()
