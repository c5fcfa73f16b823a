"""Masks as lengths of runs, first of what is outside; COCO goes column by column, CVAT row by row.

Source:
    Lin et al. 2014, "Microsoft COCO: Common Objects in Context", as its reference implementation,
    pycocotools, has it; compressed, each length is told by its difference to the one before the last,
    in characters of 5 bits and one that says whether more follow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask
from workbench.errors import FormatError

_FIRST = 48  # code of the character that says 0
_BITS, _MORE, _SIGN = 0x1F, 0x20, 0x10


def encode(mask: Mask) -> dict[str, Any]:
    """A mask (height, width) as `size` and `counts`, not compressed."""
    return {"size": list(mask.shape), "counts": runs(mask.ravel(order="F"))}


def decode(value: Any, size: tuple[int, int]) -> Mask:
    """The mask of an image of (width, height) pixels.

    Raises:
        FormatError: it is of another size, or is none.
    """
    if not isinstance(value, dict) or value.get("size") != [size[1], size[0]]:
        told = value.get("size") if isinstance(value, dict) else value
        raise FormatError(f"wanted a mask of [{size[1]}, {size[0]}], but got {str(told)[:40]}")
    counts = value.get("counts")
    if isinstance(counts, str):
        counts = _uncompressed(counts)
    if not isinstance(counts, list):
        raise FormatError("the runs of a mask are whole numbers of at least 0, in a list")
    return spread(counts, size[0] * size[1]).reshape((size[1], size[0]), order="F")


def runs(flat: NDArray[np.bool_]) -> list[int]:
    """Lengths of the runs in a row of (n,) pixels, n at least 1, the first of what is outside."""
    ends = np.concatenate([[False], flat, [not flat[-1]]])
    borders = np.flatnonzero(ends[1:] != ends[:-1])
    counts: list[int] = np.diff(borders, prepend=0).tolist()
    return counts


def spread(counts: Sequence[Any], count: int) -> NDArray[np.bool_]:
    """The row of `count` pixels that has these runs.

    Raises:
        FormatError: a run is no whole number of at least 0, or they do not add up.
    """
    if not all(type(each) is int and each >= 0 for each in counts):
        raise FormatError("the runs of a mask are whole numbers of at least 0, in a list")
    if sum(counts) != count:
        raise FormatError("the runs of a mask do not add up to its size")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def _uncompressed(text: str) -> list[int]:
    counts: list[int] = []
    number = shift = 0
    for character in text:
        code = ord(character) - _FIRST
        if not 0 <= code < 64 or shift > 60:
            raise FormatError(f"a compressed mask has no character {character!r} there")
        number |= (code & _BITS) << shift
        shift += 5
        if code & _MORE:
            continue
        if code & _SIGN:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    return counts
