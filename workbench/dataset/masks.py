"""Masks: a class for every pixel of an image, as files beside the dataset. No FiftyOne in here.

On disk a mask is a PNG of one channel that holds a number for each pixel of the upright image, 0 where
none of the classes is. Files are named by what they hold and are never changed: a new mask is a new
file, so whoever reads one that was just replaced has it whole. What changes a mask is told by tiles,
which name classes: so the history can be read without the files, and outlives numbers.
"""

import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
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
_BAND = 1 << 18  # pixels that are worked on at once
_ADLER = 65_521  # the largest prime below 2 ** 16


@dataclass(frozen=True, slots=True)
class Painted:
    """The mask of an image, as a label.

    Attributes:
        path: its file; empty where nobody has painted yet.
        names: of the classes in it.
    """

    path: str
    names: tuple[str, ...] = ()


class Encoder:
    """Encodes masks as PNG (https://www.w3.org/TR/png-3), one after the other.

    The data are bands of rows that are packed one by one, as runs, so that only what is not as in the
    mask before has to be packed: a stroke changes a few of the bands. Masks that were encoded are not
    to be written to.
    """

    def __init__(self) -> None:
        self._mask: IdMask | None = None
        self._bands: list[_Packed] = []

    def encode(self, mask: IdMask) -> bytes:
        """The file of a mask."""
        was = self._mask
        if was is None or (was.shape, was.dtype) != (mask.shape, mask.dtype):
            self._bands, was = [], None
        known = self._bands
        self._bands = [
            known[place]
            if was is not None and np.array_equal(was[rows], mask[rows])
            else _packed(mask[rows])
            for place, rows in enumerate(_bands(mask))
        ]
        self._mask = mask
        check = 1
        for band in self._bands:
            check = _both_checks(check, band.check, band.length)
        # Deflate in a window of 32 KB, then an empty last block, and the check of all.
        data = [b"\x78\x01", *(band.data for band in self._bands), b"\x03\x00", check.to_bytes(4)]
        height, width = mask.shape
        head = struct.pack(">IIBBBBB", width, height, 8 * mask.itemsize, 0, 0, 0, 0)
        chunks = _chunk(b"IHDR", head), _chunk(b"IDAT", b"".join(data)), _chunk(b"IEND", b"")
        return b"".join([b"\x89PNG\r\n\x1a\n", *chunks])


@dataclass(frozen=True, slots=True)
class _Packed:
    """Rows of a mask as deflate's blocks; `check` and `length` are of the bytes that are in them."""

    data: bytes
    check: int
    length: int


def _packed(rows: IdMask) -> _Packed:
    size = rows.itemsize
    lines = np.zeros((len(rows), 1 + size * rows.shape[1]), dtype=np.uint8)  # 0 first: no filter
    lines[:, 1:] = np.ascontiguousarray(rows.astype(f">u{size}", copy=False)).view(np.uint8)
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    data = packer.compress(lines.data) + packer.flush(zlib.Z_FULL_FLUSH)
    return _Packed(data, zlib.adler32(lines.data), lines.size)


def _both_checks(one: int, other: int, length: int) -> int:
    """Adler-32 (RFC 1950) of two parts together, by that of each and the bytes of the second."""
    low = ((one & 0xFFFF) + (other & 0xFFFF) - 1) % _ADLER
    high = ((one >> 16) + (other >> 16) + length * ((one & 0xFFFF) - 1)) % _ADLER
    return high << 16 | low


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    crc = zlib.crc32(data, zlib.crc32(kind))
    return b"".join([len(data).to_bytes(4), kind, data, crc.to_bytes(4)])


def _bands(mask: NDArray[Any]) -> Iterator[slice]:
    """Its rows, some at a time."""
    height, width = mask.shape
    step = max(1, _BAND // width)
    return (slice(top, top + step) for top in range(0, height, step))


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


def write_mask(folder: Path, mask: NDArray[Any], encoder: Encoder | None = None) -> Path:
    """Write a mask to a file of its own, named by its content; it is on disk when this returns.

    Args:
        folder: of masks, made where it is not there.
        mask: (height, width) of whole numbers, 0 to 65,535.
        encoder: which has encoded much the same mask before.

    Raises:
        MaskError: it is no such array, or cannot be written.
    """
    numbers = as_numbers(mask)
    data = (encoder or Encoder()).encode(numbers)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    if path.exists():
        return path
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            file.write(data)
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
    return np.asarray(recoded(mask, values), dtype=np.uint16)


def recoded(mask: NDArray[Any], values: IdMask) -> IdMask:
    """A new mask with other numbers.

    Args:
        mask: (height, width) places in `values`.
        values: new number by old one.
    """
    if mask.dtype == np.uint8:
        table = np.zeros(256, dtype=values.dtype)
        table[: len(values)] = values[:256]
        looked: IdMask = np.asarray(cv2.LUT(mask, table))
        return looked
    changed: IdMask = np.empty(mask.shape, dtype=values.dtype)
    for rows in _bands(mask):  # NumPy takes eight bytes a place on the way
        changed[rows] = values[mask[rows]]
    return changed


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
    values: IdMask

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
    spread = np.repeat(values.astype(bits_for(len(names) - 1)), counts).reshape(height, width)
    return Tile(x, y, tuple(names), spread)


def bits_for(most: int) -> np.dtype[Any]:
    """The type that holds numbers from 0 to `most` in as few bits as can be."""
    return np.dtype(np.uint8 if most < 256 else np.uint16)


def difference(was: IdMask, now: IdMask) -> tuple[slice, slice] | None:
    """Rows and columns of the smallest rectangle outside of which two masks are the same."""
    changed = was != now
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
