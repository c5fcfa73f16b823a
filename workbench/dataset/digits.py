"""Real images that need no download: scikit-learn's 1,797 handwritten digits, alone and together.

Source:
    Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits" (CC BY 4.0), as bundled
    with scikit-learn.
"""

import fcntl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.boxes import Box, outlined
from workbench.dataset.home import make_home
from workbench.dataset.outlines import fill, trace

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = 64  # pixels; the originals are 8 x 8
SHEETS = 480
MOST = 3  # digits on a sheet, in four places
INK = 200  # of 255; what is darker

Pictures = Callable[[], Iterator[tuple[str, "Image"]]]


def write_digits(home: Path | None = None) -> Path:
    """Write the digits as PNG files, one folder a class; files that exist are left alone.

    Dark ink on white paper, scaled up smoothly, so that they look like handwriting to a person.

    Args:
        home: the data home; by default the environment's.

    Returns:
        The folder: `0/0000.png` to `9/1796.png`.
    """
    return write_once(home, "digits", _digits)


def write_digit_sheets(home: Path | None = None) -> Path:
    """Write sheets of paper with none to three different digits, to try multi-label on.

    No digit is on two sheets, so that none of the pool is in the test split.

    Args:
        home: the data home; by default the environment's.

    Returns:
        The folder: `0000 nothing.png`, `0001 3+7.png` and so on; the name tells what is there.
    """
    return write_once(home, "digit sheets", _sheets)


def digit_sheet_boxes(home: Path | None = None) -> dict[str, tuple[Box, ...]]:
    """Where the digits on those sheets are, to try detection on: tight boxes around their ink.

    Returns:
        By path of the sheet, its boxes; the digit is the class.
    """
    found = digit_sheet_outlines(home)
    return {
        path: tuple(replace(each, outline=()) for each in objects)
        for path, objects in found.items()
    }


def digit_sheet_outlines(home: Path | None = None) -> dict[str, tuple[Box, ...]]:
    """The same with the outlines of their ink, to try instances on: a 0 and an 8 have holes.

    Returns:
        By path of the sheet, its objects.
    """
    folder = write_digit_sheets(home)
    return {str(folder / name): objects for name, _, objects in _sheets_with_objects()}


def digit_sheet_masks(home: Path | None = None) -> dict[str, NDArray[np.uint8]]:
    """The same pixel by pixel, to try segmentation on.

    Returns:
        By path of the sheet, (height, width): 0 on bare paper, one more than the digit on its ink.
    """
    size = 2 * SIZE, 2 * SIZE
    masks = {}
    for path, objects in digit_sheet_outlines(home).items():
        mask = np.zeros(size, dtype=np.uint8)
        for each in objects:
            mask[fill(each.outline, size)] = 1 + int(each.label)
        masks[path] = mask
    return masks


def _digits() -> Iterator[tuple[str, "Image"]]:
    from PIL.Image import Resampling, fromarray
    from sklearn.datasets import load_digits

    images, targets = load_digits(return_X_y=True)
    for index, (pixels, target) in enumerate(zip(images, targets, strict=True)):
        grey = (255 - pixels.reshape(8, 8) * (255 / 16)).round().astype(np.uint8)
        picture = fromarray(grey).resize((SIZE, SIZE), Resampling.BICUBIC)
        yield f"{int(target)}/{index:04d}.png", picture


def _sheets() -> Iterator[tuple[str, "Image"]]:
    return ((name, sheet) for name, sheet, _ in _sheets_with_objects())


def _sheets_with_objects() -> Iterator[tuple[str, "Image", tuple[Box, ...]]]:
    from PIL import Image

    rng = np.random.default_rng(0)
    digits = [(Path(name).parent.name, picture) for name, picture in _digits()]
    left = {name: [p for n, p in digits if n == name] for name in sorted({n for n, _ in digits})}
    for number in range(SHEETS):
        count = int(rng.integers(MOST + 1))
        wanted = sorted(rng.choice([*left], count, replace=False).tolist())
        there = [name for name in wanted if left[name]]
        sheet = Image.new("L", (2 * SIZE, 2 * SIZE), 255)
        objects = []
        for name, place in zip(there, rng.permutation(4).tolist(), strict=False):
            digit, corner = left[name].pop(), (SIZE * (place % 2), SIZE * (place // 2))
            sheet.paste(digit, corner)
            objects.append(_around_ink(digit, corner, name, f"{number:020x}{place:04x}"))
        if not there:
            if number % 4:  # a few will do: they look alike
                continue
            sheet.putpixel((number % (2 * SIZE), number // (2 * SIZE)), 230)  # no two the same
        yield f"{number:04d} {'+'.join(there) or 'nothing'}.png", sheet, tuple(objects)


def _around_ink(digit: "Image", corner: tuple[int, int], label: str, box_id: str) -> Box:
    outline = trace(np.asarray(digit) < INK, (2 * SIZE, 2 * SIZE), corner)
    return outlined(label, outline, id=box_id)


def write_once(home: Path | None, name: str, pictures: Pictures) -> Path:
    """Write pictures below the home's media, unless they are all there."""
    folder = make_home(home) / "media" / name
    complete = folder / ".complete"
    if complete.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two kernels may be at it
        for file, picture in pictures():
            path = folder / file
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            picture.save(partial, "PNG")
            partial.rename(path)
        complete.touch()
    return folder
