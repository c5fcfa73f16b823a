"""Objects as masks: a PNG of object numbers for each image, and one table of what they are.

`masks/<stem of the image>.png` has one channel of 16 bits: for each pixel of the upright image the
number of the object there, 0 for none. `objects.csv` has the columns `path`, `object` (the number in
its image, from 1 on), `label` and, if there, `attributes` (a JSON object). A row with a path alone says
that nothing is there; an image without a row is unlabelled. What other tools call instance masks
comes in this way, with a table beside it.

A pixel has one number, so where objects overlap it goes to the smallest of them: what a large object
loses is least missed. Holes and parts stay.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from workbench.dataset.boxdocuments import Size
from workbench.dataset.formats.found import Findings, Imported, Said, class_names
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.formats.shapes import outline_of, shape_of
from workbench.dataset.formats.tables import Row, attributes_cell, attributes_in, load
from workbench.dataset.masks import MOST_NUMBERS, IdMask, numbers_in, read_mask
from workbench.dataset.outlines import fill, window_of
from workbench.decoding import upright_size
from workbench.errors import FormatError, ImageError, LabelError, MaskError

FILE = "objects.csv"
FOLDER = "masks"
_NUMBER = "object"
_COLUMNS = ("path", _NUMBER, "label")
_MORE = ("attributes",)


@dataclass(frozen=True)
class Painting:
    """The objects of an image, painted one over the other.

    Attributes:
        numbers: (height, width) number of the object that each pixel shows, 0 for none.
        whole: (n,) pixels that each object has.
        left: (n,) pixels of each object that show.
    """

    numbers: NDArray[np.uint16]
    whole: NDArray[np.int64]
    left: NDArray[np.int64]


def read(path: Path, images: Images) -> Imported:
    """Read a table of objects and the masks beside it.

    Args:
        path: the table, beside which `masks` lies.
        images: what it can speak of.

    Raises:
        FormatError: the table cannot be read, or columns are missing.
    """
    rows, columns = load(path)
    if missing := [name for name in _COLUMNS if name not in columns]:
        raise FormatError(
            f"{path} needs the columns {', '.join(_COLUMNS)}, but has {', '.join(columns)[:200]}: "
            f"add {', '.join(missing)}"
        )
    findings = Findings("masks", str(path))
    for name in sorted(set(columns) - {*_COLUMNS, *_MORE}):
        findings.note("column that is passed over", "", name[:80])
    said: dict[str, tuple[Path, Said]] = {}
    seen: dict[Path, str] = {}
    for name, own in _by_image(rows, findings).items():
        found = find_image(images, findings, name)
        if found is None:
            continue
        file = path.parent / FOLDER / f"{found[0].stem}.png"
        if (other := seen.setdefault(file, name)) != name:
            findings.fault("image that has its mask from another one", name, other)
            findings.fault("image that has its mask from another one", other, name)
            continue
        placer = Placer(findings, name, found[1])
        told = _by_number(own, findings, name)
        # Nothing is there, and nobody has drawn a mask of that.
        mask = _mask(file, found[1], findings, name) if told or file.exists() else None
        if mask is not None:
            _place(mask, told, placer, findings, name, images)
        said[name] = found[0], placer.boxes
    return findings.close(said, class_names(said))


def write(folder: Path, items: Sequence[Item], classes: Sequence[str]) -> None:
    """Write `objects.csv` and `masks`; paths are those of the copies in `images`.

    Raises:
        FormatError: a mask cannot be written.
    """
    (folder / FOLDER).mkdir()
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_COLUMNS, *_MORE])
        for item in items:
            painting = paint(item)
            mask = folder / FOLDER / f"{Path(item.name).stem}.png"
            # Not by cv2.imwrite, which cannot open every name on Windows.
            encoded, data = cv2.imencode(".png", painting.numbers)
            if not encoded:
                raise FormatError(f"the mask {mask} of {item.size} pixels cannot be encoded")
            mask.write_bytes(data.tobytes())
            writer.writerows(_rows(item, painting))


def paint(item: Item) -> Painting:
    """Paint the objects of an image, small ones over large ones; numbers are their places from 1 on."""
    width, height = item.size
    numbers = np.zeros((height, width), dtype=np.uint16)
    shapes = [shape_of(box, item.size) for box in item.boxes]
    windows = [window_of(shape, item.size) for shape in shapes]
    fills = [fill(*each) for each in zip(shapes, [item.size] * len(shapes), windows, strict=True)]
    whole = np.array([mask.sum() for mask in fills], dtype=np.int64)
    for place in np.argsort(-whole, kind="stable").tolist():
        left, top, right, bottom = windows[place]
        numbers[top:bottom, left:right][fills[place]] = place + 1
    left_over = np.bincount(numbers.ravel(), minlength=len(shapes) + 1)[1:]
    return Painting(numbers, whole, left_over.astype(np.int64))


def is_table(path: Path) -> bool:
    """Whether a CSV file is a table of objects.

    Raises:
        FormatError: it cannot be read.
    """
    return _NUMBER in load(path)[1]


def refuse_among_images(path: Path, files: Collection[Path]) -> None:
    """Refuse a folder of images that has the masks in it, for they would be taken for images.

    Args:
        path: the table.
        files: what is to be imported.

    Raises:
        FormatError: masks are among them.
    """
    masks = (path.parent / FOLDER).resolve()
    for folder in {file.parent for file in files}:
        if folder.resolve().is_relative_to(masks):
            raise FormatError(
                f"what lies in {folder} are masks, and would be imported as images: give the folder "
                f"of the images alone, such as {str(masks.parent / 'images')!r}, with "
                f"labels={str(path)!r}"
            )


def _by_image(rows: Iterable[Row], findings: Findings) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if not (name := (row["path"] or "").strip()):
            findings.note("row without a path, passed over", "", str(row)[:80])
        else:
            found.setdefault(name, []).append(row)
    return found


def _by_number(rows: Iterable[Row], findings: Findings, name: str) -> dict[int, Row]:
    told: dict[int, Row] = {}
    for row in rows:
        text = (row[_NUMBER] or "").strip()
        if not text and not (row["label"] or "").strip():
            continue
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        if not 0 < number <= MOST_NUMBERS:
            detail = f"{text[:40]!r}, and numbers go from 1 to {MOST_NUMBERS:,}"
            findings.fault("object without a number", name, detail)
        elif number in told:
            findings.fault("object number that the table has twice", name, text)
        else:
            told[number] = row
    return told


def _mask(file: Path, size: Size, findings: Findings, name: str) -> IdMask | None:
    """The mask of an image; None where there is a fault."""
    if not file.is_file():
        findings.fault("image without its mask", name, f"no file {file}")
        return None
    try:
        # Before it is decoded: a small file can hold more pixels than the memory does.
        own = upright_size(file)
        mask = read_mask(file) if own == size else None
    except (ImageError, MaskError) as error:
        findings.fault("mask that cannot be read", name, str(error))
        return None
    if mask is None:
        detail = f"{own[0]} x {own[1]}, but the image has {size[0]} x {size[1]}"
        findings.fault("mask of another size than its image", name, detail)
    return mask


def _place(
    mask: IdMask,
    told: Mapping[int, Row],
    placer: Placer,
    findings: Findings,
    name: str,
    images: Images,
) -> None:
    there = set(numbers_in(mask))
    for number in sorted(there - told.keys()):
        findings.fault("object number without a row", name, str(number))
    for number in sorted(told.keys() - there):
        findings.fault("object without a pixel in the mask", name, str(number))
    if name in findings.faulty:
        return
    size = mask.shape[1], mask.shape[0]
    # A window a number, None for those that are not there.
    windows = ndimage.find_objects(mask, max(told, default=0))
    for number, row in told.items():
        attributes = attributes_in(row, findings, name)
        if attributes is None:
            continue
        rows, columns = windows[number - 1]
        corner = columns.start, rows.start
        extent = columns.stop - columns.start, rows.stop - rows.start
        try:
            outline = outline_of(mask[rows, columns] == number, size, corner)
        except (FormatError, LabelError) as error:
            findings.fault("outline that cannot be used", name, f"object {number}: {error}")
            continue
        if not images.outlined:
            findings.note("outline that is not taken, only its box", name, f"object {number}")
        placer.place(
            (row["label"] or "").strip(),
            corner,
            extent,
            attributes=attributes,
            outline=outline if images.outlined else (),
        )


def _rows(item: Item, painting: Painting) -> Iterator[Sequence[str]]:
    path = f"images/{item.name}"
    if not item.boxes:
        yield [path]
    for place in np.flatnonzero(painting.left).tolist():
        box = item.boxes[place]
        yield [path, str(place + 1), box.label, attributes_cell(box)]
