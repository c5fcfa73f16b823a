"""Masks: a class for every pixel of an image, as files beside the dataset. No FiftyOne in here.

On disk a mask is a PNG of one channel that holds a number for each pixel of the upright image, 0 where
none of the classes is. Files are named by what they hold and are never changed: a new mask is a new
file, so whoever reads one that was just replaced has it whole. What changes a mask is told by tiles,
which name classes: so the history can be read without the files, and outlives numbers.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.errors import LabelError, MaskError

IdMask: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width) number of each pixel's class, 0 for none of them."""

MOST_NUMBERS = 65_535  # what a PNG of 16 bits holds
MOST_PIXELS = 250_000_000  # of a mask
BACKGROUND = ""  # in the place of a class's name
_WRITTEN = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)  # a fifth of the default's time, and half of its bytes, for areas of one number


@dataclass(frozen=True, slots=True)
class Painted:
    """The mask of an image, as a label.

    Attributes:
        path: its file; empty where nobody has painted yet.
        names: of the classes in it.
    """

    path: str
    names: tuple[str, ...] = ()


def read_mask(path: str | Path) -> IdMask:
    """The mask in a file.

    Raises:
        MaskError: the file is missing, cannot be decoded, or has more than one channel.
    """
    file = Path(path)
    try:
        data = np.fromfile(file, dtype=np.uint8)
    except OSError as error:
        raise MaskError(
            f"the mask {file} cannot be read ({error.strerror}): bring the file back, or paint the "
            "image anew"
        ) from error
    mask: Any = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if mask is None:
        raise MaskError(f"the mask {file} is no image that can be decoded: bring the file back")
    if mask.ndim != 2 or mask.dtype not in (np.uint8, np.uint16):
        raise MaskError(
            f"the mask {file} must have one channel of 8 or 16 bits, but has the shape {mask.shape} "
            f"of {mask.dtype}: write a number for each pixel, 0 for none of the classes"
        )
    return np.asarray(mask)


def write_mask(folder: Path, mask: NDArray[Any]) -> Path:
    """Write a mask to a file of its own, named by its content; it is on disk when this returns.

    Args:
        folder: of masks, made where it is not there.
        mask: (height, width) of whole numbers, 0 to 65,535.

    Raises:
        MaskError: it is no such array, or cannot be written.
    """
    numbers = as_numbers(mask)
    encoded, data = cv2.imencode(".png", numbers, _WRITTEN)
    if not encoded:
        raise MaskError(f"a mask of {mask.shape} pixels cannot be encoded")
    path = folder / f"{hashlib.sha256(data.tobytes()).hexdigest()[:32]}.png"
    if path.exists():
        return path
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            file.write(data.tobytes())
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise MaskError(
            f"a mask cannot be written to {folder} ({error.strerror}): free some space there, or "
            "make it writable"
        ) from error
    return path


def as_numbers(mask: NDArray[Any]) -> IdMask:
    """A mask in as few bits as hold it.

    Raises:
        MaskError: it is no array (height, width) of whole numbers from 0 to 65,535.
    """
    given = np.asarray(mask)
    whole = np.issubdtype(given.dtype, np.integer) or given.dtype == np.bool_
    if given.ndim != 2 or not whole or given.size == 0 or given.size > MOST_PIXELS:
        raise MaskError(
            f"a mask is an array (height, width) of whole numbers, of up to {MOST_PIXELS:,} pixels, "
            f"but got {given.shape} of {given.dtype}"
        )
    if given.dtype == np.uint8:
        return given.astype(np.uint8, order="C", copy=False)
    least, most = int(given.min()), int(given.max())
    if least < 0 or most > MOST_NUMBERS:
        raise MaskError(
            f"numbers in a mask go from 0 to {MOST_NUMBERS:,}, but got {least} to {most}"
        )
    return given.astype(np.uint8, order="C") if most < 256 else given.astype(np.uint16, order="C")


def numbers_in(mask: IdMask) -> list[int]:
    """The numbers that a mask has, in order, without 0; linear in the pixels."""
    top = 256 if mask.dtype == np.uint8 else MOST_NUMBERS + 1
    found = cv2.calcHist([np.ascontiguousarray(mask)], [0], None, [top], [0, top]).ravel()
    return [int(number) for number in np.flatnonzero(found) if number]


def looked_up(mask: IdMask, table: Mapping[int, int]) -> NDArray[np.uint16]:
    """A mask with other numbers.

    Args:
        mask: with the numbers that it has.
        table: new number by old one; what is not in it becomes 0.
    """
    values = np.zeros(256 if mask.dtype == np.uint8 else MOST_NUMBERS + 1, dtype=np.uint16)
    for old, new in table.items():
        if 0 < old < len(values):
            values[old] = new
    return values[mask]


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A rectangle of a mask, with the names of the classes in it.

    Attributes:
        x: column of its left edge in the upright image.
        y: row of its top edge.
        names: classes by the numbers in `values`; an empty one for none of the classes.
        values: (height, width) places in `names`.
    """

    x: int
    y: int
    names: tuple[str, ...]
    values: NDArray[np.uint16]

    def to_plain(self) -> dict[str, Any]:
        """For JSON and for the history: row by row, runs of pixels alike, each as `<value>x<count>`."""
        height, width = self.values.shape
        flat = self.values.ravel()
        ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]), flat.size - 1)
        counts = np.diff(ends, prepend=-1).tolist()
        runs = " ".join(
            f"{value}x{count}" for value, count in zip(flat[ends].tolist(), counts, strict=True)
        )
        place = {"x": self.x, "y": self.y, "width": width, "height": height}
        return {**place, "names": list(self.names), "runs": runs}

    @property
    def window(self) -> tuple[slice, slice]:
        """Its rows and columns in the mask."""
        height, width = self.values.shape
        return slice(self.y, self.y + height), slice(self.x, self.x + width)


def tile_from_plain(plain: Mapping[str, Any]) -> Tile:
    """A tile from JSON or from the history, checked.

    Raises:
        LabelError: it lies before the image's first pixel, has no size, a run is none, the runs are
            not as long as it has pixels, or a value has no name.
    """
    place = [plain.get(each) for each in ("x", "y", "width", "height")]
    x, y, width, height = (each if type(each) is int else -1 for each in place)
    if min(x, y) < 0 or min(width, height) < 1 or width * height > MOST_PIXELS:
        raise LabelError(
            f"a tile of a mask needs x and y from 0 on, width and height from 1 on, not {place}"
        )
    names = plain.get("names")
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise LabelError(f"a tile of a mask needs a list of names, not {names!r}")
    try:
        runs = np.array(
            [run.split("x") for run in str(plain.get("runs", "")).split()], dtype=np.int64
        ).reshape(-1, 2)
    except (ValueError, OverflowError) as error:
        raise LabelError("the runs of a tile are '<value>x<count> …', and these are not") from error
    values, counts = runs[:, 0], runs[:, 1]
    if (counts < 1).any() or (counts > width * height).any() or counts.sum() != width * height:
        raise LabelError(
            f"a tile of {width} x {height} pixels has runs of {int(counts.sum())} in all"
        )
    if (values < 0).any() or (values >= len(names)).any():
        raise LabelError(f"a tile has a value that none of its {len(names)} names is for")
    spread = np.repeat(values.astype(np.uint16), counts).reshape(height, width)
    return Tile(x, y, tuple(names), spread)


def difference(was: IdMask, now: IdMask) -> tuple[slice, slice] | None:
    """Rows and columns of the smallest rectangle outside of which two masks are the same."""
    changed = was != now
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
