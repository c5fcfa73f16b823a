"""What a model may be asked about: files, folders, PIL images, arrays; each checked beforehand."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from workbench.dataset.files import check_files, find_files
from workbench.decoding import MAX_PIXELS, too_many
from workbench.errors import ImageError, ImportFolderError
from workbench.models.images import read_picture
from workbench.models.pixels import Preprocessor

OneImage: TypeAlias = str | Path | Image.Image | NDArray[np.uint8]
Images: TypeAlias = OneImage | Iterable[OneImage]


@dataclass(frozen=True, slots=True)
class Input:
    """One image that was asked about.

    Attributes:
        path: its file; None where it has none.
        pixels: what the backbone wants of an image without a file, (3, height, width) uint8.
        size: (width, height) in pixels of an image without a file.
        problem: why it cannot be used; empty for a good one.
    """

    path: Path | None = None
    pixels: Tensor | None = None
    size: tuple[int, int] | None = None
    problem: str = ""

    @property
    def image(self) -> Path | Tensor:
        """What a backbone embeds."""
        found = self.path if self.pixels is None else self.pixels
        if found is None:
            raise AssertionError("a good input has a file or pixels")
        return found


def take_in(images: Images, prepare: Preprocessor) -> list[Input]:
    """Sort out what was given, in its order; files are read to their end to see if they are good.

    Args:
        images: a file; a folder, of which all files are taken, also below; a PIL image of any mode;
            an array (H, W, 3) of uint8, RGB; or many of them.
        prepare: a backbone, say, whose preprocessing images without a file get.

    Raises:
        ImportFolderError: a folder is missing or empty.
        TypeError, ValueError: something is none of these.
    """
    inputs = [_one(image, prepare) for image in _each(images)]
    files = {
        place: each.path
        for place, each in enumerate(inputs)
        if each.path is not None and each.pixels is None and not each.problem
    }
    for place, file in zip(files, check_files([*files.values()]), strict=True):
        inputs[place] = replace(inputs[place], problem=file.problem)
    return inputs


def _each(images: Images) -> Iterable[OneImage]:
    if isinstance(images, str | os.PathLike):
        path = Path(images).expanduser()
        if not path.is_dir():
            return [path]
        if not (files := find_files(path)):
            raise ImportFolderError(f"{path} holds no files to predict: give a folder of images")
        return files
    if isinstance(images, Image.Image) or (isinstance(images, np.ndarray) and images.ndim == 3):
        return [images]
    if isinstance(images, Iterable):
        return images
    raise TypeError(
        "images must be a folder, a file, a PIL image, an array (H, W, 3) of uint8, or a list of "
        f"these, but got {type(images).__name__}"
    )


def _one(image: Any, prepare: Preprocessor) -> Input:
    if isinstance(image, str | os.PathLike):
        return Input(Path(image).expanduser().absolute())
    if isinstance(image, np.ndarray):
        image = _of_array(image)
    if not isinstance(image, Image.Image):
        raise TypeError(
            "an image must be a path, a PIL image or an array (H, W, 3) of uint8, but got "
            f"{type(image).__name__}"
        )
    name = getattr(image, "filename", None)
    path = Path(name).absolute() if isinstance(name, str) and name else None
    try:
        picture = read_picture(image)
        return Input(path, prepare.preprocess(picture), size=picture.size)
    except ImageError as error:
        return Input(path, problem=str(error))


def _of_array(array: NDArray[Any]) -> Image.Image:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise ValueError(
            "an array must be one RGB image, (H, W, 3) of uint8 from 0 to 255, but is "
            f"{array.shape} of {array.dtype}: convert it, or give PIL images"
        )
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise ValueError(too_many(f"{array.shape[1]} x {array.shape[0]} pixels are "))
    return Image.fromarray(np.ascontiguousarray(array))
