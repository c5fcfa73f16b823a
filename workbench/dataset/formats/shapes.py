"""Between outlines and pixels, for the formats that hold objects as masks."""

import numpy as np

from workbench.dataset.boxdocuments import Size
from workbench.dataset.boxes import Box, corner_points
from workbench.dataset.outlines import (
    MOST_POINTS,
    Mask,
    Outline,
    fill,
    outline_from_plain,
    scaled,
    trace,
    window_of,
)
from workbench.errors import FormatError

_NEAR = 1e-6  # pixels that a point may be off the border of its pixel by rounding


def shape_of(box: Box, size: Size) -> Outline:
    """What an object takes, in shares: its outline, or the corners of its box."""
    if box.outline:
        return box.outline
    return scaled((tuple(corner_points(box, size)),), (1 / size[0], 1 / size[1]))


def outline_of(mask: Mask, size: Size, corner: tuple[int, int] = (0, 0)) -> Outline:
    """The outline along the borders of a mask's pixels, in shares.

    Args:
        mask: (height, width) of a part of the image.
        size: width and height of the image in pixels.
        corner: column and row of the image at which the mask's top left pixel is.

    Raises:
        FormatError: it would have too many points; they are counted before any is walked to.
        LabelError: the mask is empty.
    """
    if (count := _count_corners(mask)) > MOST_POINTS:
        raise FormatError(
            f"the outline of this mask would have {count:,} points, and at most {MOST_POINTS:,} can "
            "be kept: smooth the mask"
        )
    return outline_from_plain(trace(mask, size, corner))


def is_on_pixels(outline: Outline, size: Size) -> bool:
    """Whether an outline runs along the borders of the image's pixels: a mask has all of it."""
    for ring in scaled(outline, size):
        points = np.array(ring, dtype=np.float64)
        inside = (points > -_NEAR) & (points < np.array(size) + _NEAR)
        steps = np.abs(points - np.roll(points, 1, axis=0))
        if np.abs(points - points.round()).max() > _NEAR or not inside.all():
            return False
        if steps.min(axis=1).max() > _NEAR:
            return False
    return True


def tight(outline: Outline, size: Size) -> tuple[Mask, tuple[int, int]] | None:
    """The smallest mask that has all pixels of an outline, and the column and row where it begins.

    Returns:
        None where no pixel of the image has its middle in the outline.
    """
    window = window_of(outline, size)
    mask = fill(outline, size, window)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    part = mask[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    return part, (window[0] + left, window[1] + top)


def _count_corners(mask: Mask) -> int:
    """How many points `trace` has, by the four pixels around each of them.

    One of the four, or three, make one corner; two that touch by it alone make two.
    """
    padded = np.pad(mask, 1)
    above, below = padded[:-1], padded[1:]
    one, two, three, four = above[:, :-1], above[:, 1:], below[:, :-1], below[:, 1:]
    odd = int((one ^ two ^ three ^ four).sum())
    return odd + 2 * int(((one == four) & (two == three) & (one != two)).sum())
