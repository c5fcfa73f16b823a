"""The masks of one dataset: where they lie, and what their numbers stand for.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fiftyone.core.utils as fou
import numpy as np

from workbench.dataset.detections import size_in
from workbench.dataset.fields import GROUND_TRUTH
from workbench.dataset.masks import (
    BACKGROUND,
    MOST_NUMBERS,
    Encoder,
    IdMask,
    Tile,
    as_numbers,
    bits_for,
    numbers_in,
    read_mask,
    recoded,
    write_mask,
)
from workbench.decoding import upright_size
from workbench.errors import LabelError, MaskError
from workbench.labels.classnumbers import ClassNumbers, first_numbers

_KEPT = 2  # masks in memory: the one that is painted on, and what it was


class Painter:
    """Reads and writes the masks of one dataset.

    Args:
        folder: of its masks.
        numbers: which number stands for which class.
    """

    def __init__(self, folder: Path, numbers: ClassNumbers) -> None:
        self.names = numbers.names
        self._folder = folder
        self._kept: dict[str, IdMask] = {}
        self._encoder = Encoder()

    def mask_in(self, sample: Mapping[str, Any], field: str = GROUND_TRUTH) -> IdMask:
        """The mask of an image, from its document as MongoDB holds it; not to be written to.

        Raises:
            MaskError: its file is missing or damaged, or it is of another size than the image.
            ImageError: nobody has painted yet, and the image cannot be read.
        """
        label = sample.get(field) or {}
        path = label.get("mask_path")
        if path:
            mask = self._kept.get(path)
            mask = self._keep(path, read_mask(path)) if mask is None else mask
        elif label.get("mask") is not None:
            mask = as_numbers(fou.deserialize_numpy_array(label["mask"]))
        else:
            width, height = _size(sample)
            return np.zeros((height, width), dtype=np.uint8)
        size = size_in(sample)
        if size is not None and mask.shape != size[::-1]:
            raise MaskError(
                f"the mask {path or 'in the database'} has {mask.shape[1]} x {mask.shape[0]} pixels, "
                f"but its image {sample.get('filepath')} has {size[0]} x {size[1]}: bring them to one "
                "size, or clear the field"
            )
        return mask

    def kept(self, name: str) -> Path | None:
        """The file of a mask by its name, without its ending; None where there is none."""
        path = self._folder / f"{name}.png"
        return path if path.parent == self._folder and path.is_file() else None

    def write(self, mask: IdMask) -> str:
        """Write a mask to its file; the path. From then on the array is not to be written to.

        Raises:
            MaskError: it cannot be written.
        """
        for path, kept in self._kept.items():
            if kept is mask and Path(path).parent == self._folder and Path(path).exists():
                return path  # nothing was painted
        path = str(write_mask(self._folder, mask, self._encoder))
        self._keep(path, mask)
        return path

    def _keep(self, path: str, mask: IdMask) -> IdMask:
        mask.setflags(write=False)
        self._kept.pop(path, None)
        self._kept[path] = mask
        for old in list(self._kept)[:-_KEPT]:
            self._kept.pop(old, None)
        return mask


def tile_of(mask: IdMask, window: tuple[slice, slice], names: Mapping[int, str]) -> Tile:
    """A rectangle of a mask by the names of its classes; one that was removed is none.

    Args:
        mask: of an image.
        window: rows and columns.
        names: of classes by number.
    """
    part = mask[window]
    there = [number for number in numbers_in(part) if number in names]
    listed = [BACKGROUND, *dict.fromkeys(names[number] for number in there)]
    places = np.zeros(
        256 if mask.dtype == np.uint8 else MOST_NUMBERS + 1, bits_for(len(listed) - 1)
    )
    for number in there:
        places[number] = listed.index(names[number])
    return Tile(window[1].start, window[0].start, tuple(listed), recoded(part, places))


def in_numbers(tile: Tile, names: Mapping[int, str]) -> IdMask:
    """A tile by the numbers that its classes are painted with."""
    number = {BACKGROUND: 0, **first_numbers(names)}
    numbers = [number[name] for name in tile.names]
    return recoded(tile.values, np.array(numbers, dtype=bits_for(max(numbers))))


def names_in(mask: IdMask, names: Mapping[int, str]) -> tuple[list[int], list[str]]:
    """The numbers in a mask, and the classes that they stand for; empty for one that was removed."""
    numbers = numbers_in(mask)
    return numbers, [names.get(number, BACKGROUND) for number in numbers]


def whole_tile(mask: IdMask, classes: Sequence[str]) -> Tile:
    """A mask of class indices, one more than the place in the class list, as one tile.

    Raises:
        LabelError: it has a number that no class is for.
    """
    top = int(mask.max())
    if top > len(classes):
        raise LabelError(
            f"a mask has 0 for none of the classes and 1 to {len(classes)} for {', '.join(classes)}, "
            f"but this one has {top}"
        )
    return Tile(0, 0, (BACKGROUND, *classes), mask)


def _size(sample: Mapping[str, Any]) -> tuple[int, int]:
    return size_in(sample) or upright_size(sample["filepath"])
