"""Preprocessed images for many passes: decoded once, kept as long as there is room."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor

_ROOM = 1 << 30  # bytes of pixels kept; the rest is decoded again each time


class Preprocessor(Protocol):
    """Makes of a file what a network is given."""

    def preprocess(self, image: Image.Image | str | Path) -> Tensor:
        """uint8 (3, height, width), of the same size for every file."""


class PixelStore:
    """The pixels of a list of files, by row. Use as a context: it owns threads.

    Args:
        prepare: its preprocessing is applied: a backbone, say.
        paths: the files.
        workers: threads that decode.
    """

    def __init__(
        self, prepare: Preprocessor, paths: Sequence[str | Path], workers: int = 2
    ) -> None:
        self._prepare = prepare
        self._paths = paths
        self._kept: dict[int, Tensor] = {}
        self._room = _ROOM
        self._pool = ThreadPoolExecutor(workers, "workbench-pixels")

    def __enter__(self) -> "PixelStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def rows(self, rows: Iterable[int]) -> Tensor:
        """Return uint8 (n, 3, height, width), decoding in parallel what is not kept.

        Raises:
            ImageError: a file cannot be read.
        """
        wanted = [int(row) for row in rows]
        missing = [row for row in dict.fromkeys(wanted) if row not in self._kept]
        paths = (self._paths[row] for row in missing)
        fresh = dict(zip(missing, self._pool.map(self._prepare.preprocess, paths), strict=True))
        for row, pixels in fresh.items():
            if self._room >= pixels.nbytes:
                self._kept[row] = pixels
                self._room -= pixels.nbytes
        return torch.stack([fresh.get(row, self._kept.get(row)) for row in wanted])
