"""What the pixels of one mask of others say: indices of classes, by numbers or by colours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.dataset.boxdocuments import Size
from workbench.dataset.formats.masknames import VOID, MaskClasses, colour_of
from workbench.dataset.masks import IdMask, as_numbers, numbers_in
from workbench.decoding import opened
from workbench.errors import ImageError, MaskError

_UNKNOWN, _IGNORED = 65_535, 65_534  # in the table of colours, which has fewer classes
_SAID = 5  # numbers or colours that a fault names
_DEPTH_AT = 24  # the byte of a PNG that tells its bits

Pixels: TypeAlias = NDArray[Any]
"""(height, width) numbers, or (height, width, 3) colours."""


class UnusableMaskError(MaskError):
    """A mask that cannot be used.

    Attributes:
        problem: in words that are the same for all of its kind.
        detail: the very thing.
    """

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail


class MaskReader:
    """Reads masks that have the same classes.

    Args:
        classes: what pixels stand for.
    """

    def __init__(self, classes: MaskClasses) -> None:
        self._classes = classes
        self._by_colour: NDArray[np.uint16] | None = None

    def read(self, file: Path, size: Size) -> tuple[IdMask, int]:
        """The indices of a mask, 0 for the background, k + 1 for class k.

        Args:
            file: a PNG.
            size: width and height in pixels of the upright image that it is of.

        Returns:
            (height, width) of the image, and how many pixels nobody labelled; those are 0.

        Raises:
            UnusableMaskError: it cannot be used.
        """
        pixels: Pixels | None = None
        try:
            with opened(file) as found:
                own, in_palette = found.size, found.mode == "P"
                if own == size:
                    pixels = _pixels(found, file, bool(self._classes.colours))
        except ImageError as error:
            raise UnusableMaskError("mask that cannot be read", str(error)) from error
        if own != size:
            detail = f"{own[0]} x {own[1]}, but the image has {size[0]} x {size[1]}"
            turned = ": it was drawn before the image was turned" * (own == size[::-1])
            raise UnusableMaskError("mask of another size than its image", detail + turned)
        if pixels is None:
            detail = f"{file}: export it as a PNG of numbers, of a palette, or of colours"
            raise UnusableMaskError("mask that is transparent, or of another kind", detail)
        if pixels.ndim == 2:
            return self._of_numbers(pixels, in_palette)
        if self._classes.colours:
            return self._of_colours(pixels)
        if (pixels != pixels[:, :, :1]).any():
            detail = f"{self._classes.source} has none: labelmap.txt has"
            raise UnusableMaskError("mask of colours, and no list of them", detail)
        return self._of_numbers(np.ascontiguousarray(pixels[:, :, 0]), in_palette)

    def _of_numbers(self, pixels: Pixels, in_palette: bool) -> tuple[IdMask, int]:
        named = self._classes.numbers
        ignored = self._classes.void | ({VOID} if in_palette else set())
        nameless = [number for number in numbers_in(pixels) if number not in named]
        if unknown := [number for number in nameless if number not in ignored]:
            detail = f"{_some(unknown)}, in {self._classes.source}: name them there"
            void = f', or say in classes.json that nobody labelled those, "{VOID}": null'
            void *= VOID in unknown
            raise UnusableMaskError("number without a name", detail + void)
        table = np.zeros(int(np.iinfo(pixels.dtype).max) + 1, dtype=np.uint16)
        for number, index in named.items():
            if number < len(table):
                table[number] = index
        count = int(np.isin(pixels, nameless).sum()) if nameless else 0
        return as_numbers(table[pixels]), count

    def _of_colours(self, pixels: Pixels) -> tuple[IdMask, int]:
        if self._by_colour is None:
            self._by_colour = _colour_table(self._classes)
        indices = self._by_colour[_packed(pixels)]
        unknown = pixels[indices == _UNKNOWN]
        if len(unknown):
            colours = [tuple(each) for each in np.unique(unknown, axis=0).tolist()]
            detail = f"{_some(colours)}, in {self._classes.source}: export PNG, with sharp borders"
            raise UnusableMaskError("colour without a class", detail)
        void = indices == _IGNORED
        indices[void] = 0
        return as_numbers(indices), int(void.sum())


def _pixels(image: Image.Image, file: Path, by_colour: bool) -> Pixels | None:
    """What a mask says: numbers or colours; None where it is neither, or transparent."""
    if image.format != "PNG":
        return None
    if image.mode in ("LA", "RGBA"):
        *channels, alpha = image.split()
        if alpha.getextrema() != (255, 255):
            return None
        image = Image.merge("L" if len(channels) == 1 else "RGB", channels)
    if image.mode == "P" and by_colour:
        # What else a palette says of transparency is no class; Pillow would warn of it.
        image.info.pop("transparency", None)
        image = image.convert("RGB")
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8)
    if image.mode in ("L", "P", "RGB"):
        pixels: NDArray[np.uint8] = np.asarray(image)
        return pixels // _step(file) if image.mode == "L" else pixels
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    return None


def _step(file: Path) -> int:
    """By how much Pillow spreads the grey levels of a PNG with fewer than 8 bits."""
    with file.open("rb") as stream:
        stream.seek(_DEPTH_AT)
        depth = stream.read(1)[0]
    return 255 // (2**depth - 1) if depth < 8 else 1


def _colour_table(classes: MaskClasses) -> NDArray[np.uint16]:
    """(256 ** 3,) index by colour."""
    table = np.full(1 << 24, _UNKNOWN, dtype=np.uint16)
    for colour, index in {colour_of(VOID): _IGNORED, **classes.colours}.items():
        table[_packed(np.array(colour, dtype=np.uint8))] = index
    return table


def _packed(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Colours (…, 3) as one number each."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _some(things: Sequence[object]) -> str:
    named = ", ".join(map(str, things[:_SAID]))
    return named if len(things) <= _SAID else f"{named} and {len(things) - _SAID:,} more"
