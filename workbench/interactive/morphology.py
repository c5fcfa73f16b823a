"""Masks made neater: holes filled, borders smoothed, parts joined, cut, dropped, grown and shrunk.

Pixels of a mask are neighbours if they share a side, as in `trace`; so pixels around it are also if they
share a corner. Beyond the image a mask goes on as at its edge: a part that the edge cuts off is not
eaten from there.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Outline, fill
from workbench.errors import MaskError
from workbench.interactive.contours import to_outline


def fill_holes(mask: Mask, up_to: float = np.inf) -> Mask:
    """A mask with its holes filled.

    Args:
        mask: (height, width).
        up_to: pixels of the largest hole that is filled; by default all are.
    """
    labels, areas, boxes = _parts(~as_mask(mask), connectivity=8)
    height, width = mask.shape
    right, bottom = boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    inner = (boxes[:, :2] > 0).all(axis=1) & (right < width) & (bottom < height)
    inner &= areas <= up_to
    inner[0] = False  # the mask itself
    return np.asarray(mask | inner[labels])


def keep_largest(mask: Mask) -> Mask:
    """The largest part of a mask, or of several that are as large the uppermost."""
    labels, areas, _ = _parts(as_mask(mask), connectivity=4)
    if len(areas) < 2:
        return np.zeros(mask.shape, dtype=np.bool_)
    return np.asarray(labels == 1 + int(areas[1:].argmax()))


def without_specks(mask: Mask, pixels: float) -> Mask:
    """A mask without parts and holes of fewer pixels than that; its largest part stays anyway."""
    labels, areas, _ = _parts(as_mask(mask), connectivity=4)
    kept = areas >= pixels
    kept[0] = False  # what is no part of it
    if len(areas) > 1:
        kept[1 + int(areas[1:].argmax())] = True
    return fill_holes(kept[labels], up_to=max(0.0, np.ceil(pixels) - 1))


def smooth(mask: Mask, radius: float) -> Mask:
    """A mask whose border has no detail much smaller than a radius in pixels; its area hardly changes.

    Where a Gaussian of that deviation sees more of the mask than of what is around. A mask that would
    vanish stays as it is.
    """
    if radius <= 0:
        return as_mask(mask).copy()
    blurred = cv2.GaussianBlur(
        as_mask(mask).astype(np.float32), (0, 0), radius, borderType=cv2.BORDER_REPLICATE
    )
    found = blurred > 0.5
    return np.asarray(found if found.any() else mask.copy())


def smooth_outline(
    outline: Outline, size: tuple[int, int], radius: float, within: float = 1.0
) -> Outline:
    """An outline without details much smaller than a radius.

    Args:
        outline: in shares of the image.
        size: width and height of the image in pixels.
        radius: in pixels, as for `smooth`.
        within: largest deviation of the new outline in pixels, as for `to_outline`.
    """
    return to_outline(smooth(fill(outline, size), radius), within)


def grow(mask: Mask, pixels: float) -> Mask:
    """A mask that reaches so many pixels farther to all sides; by a negative number, it shrinks.

    Pixels are taken by the distance of their middles from the nearest one inside, or outside.
    """
    given = as_mask(mask)
    if pixels == 0 or given.all() or not given.any():
        return given.copy()
    other = (~given if pixels > 0 else given).astype(np.uint8)
    away = cv2.distanceTransform(other, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= pixels if pixels > 0 else away > -pixels)


def join(one: Mask, other: Mask) -> Mask:
    """The pixels of either mask.

    Raises:
        MaskError: they are of different sizes.
    """
    return np.asarray(as_mask(one) | _fitting(other, one))


def cut(mask: Mask, away: Mask) -> Mask:
    """The pixels of a mask that another one has not.

    Raises:
        MaskError: they are of different sizes.
    """
    return np.asarray(as_mask(mask) & ~_fitting(away, mask))


def as_mask(mask: NDArray[Any]) -> Mask:
    """A mask, checked.

    Raises:
        MaskError: it is no array (height, width) of bool with pixels.
    """
    given = np.asarray(mask)
    if given.ndim != 2 or given.dtype != np.bool_ or given.size == 0:
        raise MaskError(
            f"a mask is an array (height, width) of bool, but got {given.shape} of {given.dtype}: "
            "compare it with a number first"
        )
    return given


def _fitting(mask: Mask, other: Mask) -> Mask:
    if as_mask(mask).shape != other.shape:
        raise MaskError(
            f"masks of one image are of one size, but got {mask.shape} beside {other.shape}"
        )
    return mask


def _parts(
    mask: Mask, connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Each pixel's part, 0 for what is not in the mask; pixels and boxes (x, y, w, h) of the parts."""
    _, labels, about, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=connectivity
    )
    return np.asarray(labels), about[:, cv2.CC_STAT_AREA], about[:, : cv2.CC_STAT_HEIGHT + 1]
