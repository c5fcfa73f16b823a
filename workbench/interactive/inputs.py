"""What a hand gives to the magic tools, checked: pictures, boxes, points and strokes.

Places are in pixels of the upright image, (0, 0) its top left corner: so the middle of the first
pixel is at (0.5, 0.5).
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Point, Window
from workbench.errors import ImageError, LabelError

Rgb: TypeAlias = NDArray[np.uint8]
"""(height, width, 3)."""
Stroke: TypeAlias = Sequence[Point]
"""Where a brush went, point after point; a click is a stroke of one point."""

_FINE = 4  # bits of a pixel's fraction that OpenCV draws by


def as_rgb(image: NDArray[Any]) -> Rgb:
    """An image of 8 bits with three channels; of a grey one, all three are the same.

    Args:
        image: (height, width, 3), or (height, width) of a grey one.

    Raises:
        ImageError: it has another shape or type, or no pixel.
    """
    given = np.asarray(image)
    grey = given.ndim == 2
    if given.dtype != np.uint8 or not (grey or (given.ndim == 3 and given.shape[2] == 3)):
        raise ImageError(
            "a magic tool needs an image (height, width, 3) of uint8 in RGB, or (height, width) in "
            f"grey, but got {given.shape} of {given.dtype}: convert it"
        )
    if given.size == 0:
        raise ImageError(f"a magic tool needs an image with pixels, but got {given.shape}")
    return np.ascontiguousarray(np.repeat(given[..., None], 3, axis=2) if grey else given)


def size_of(image: NDArray[Any]) -> tuple[int, int]:
    """Width and height."""
    return int(image.shape[1]), int(image.shape[0])


def as_window(box: Sequence[float], size: tuple[int, int]) -> Window:
    """The whole pixels of an image that a box touches; corners may be in any order.

    Args:
        box: x and y of a corner, then of the opposite one.
        size: width and height of the image.

    Raises:
        LabelError: it is no box of four finite numbers, has no area, or none in the image.
    """
    given = np.asarray(box, dtype=np.float64)
    if given.shape != (4,) or not np.isfinite(given).all():
        raise LabelError(f"a box is four finite numbers, left, top, right and bottom, not {box!r}")
    low, high = np.minimum(given[:2], given[2:]), np.maximum(given[:2], given[2:])
    if (high <= low).any():
        raise LabelError(f"the box {given.tolist()} has no area: draw it around the object")
    left, top = np.floor(low).clip(0, size).astype(int).tolist()
    right, bottom = np.ceil(high).clip(0, size).astype(int).tolist()
    if left >= right or top >= bottom:
        raise LabelError(
            f"the box {given.tolist()} lies beyond the image of {size[0]} x {size[1]} pixels: "
            "draw it around an object in the image"
        )
    return left, top, right, bottom


def as_pixel(point: Point, size: tuple[int, int]) -> tuple[int, int]:
    """Column and row of the pixel at a point; the image's right and lower edges belong to it.

    Raises:
        LabelError: the point is no pair of finite numbers, or lies outside.
    """
    x, y = as_points([point])[0].tolist()
    if not (0 <= x <= size[0] and 0 <= y <= size[1]):
        raise LabelError(
            f"the point ({x:g}, {y:g}) lies outside of the image of {size[0]} x {size[1]} pixels: "
            "click into the image"
        )
    return min(int(x), size[0] - 1), min(int(y), size[1] - 1)


def as_points(points: Sequence[Point]) -> NDArray[np.float64]:
    """Points as an array (n, 2).

    Raises:
        LabelError: one is no pair of finite numbers.
    """
    try:
        found = np.asarray(points, dtype=np.float64).reshape(len(points), 2)
    except (TypeError, ValueError) as error:
        raise LabelError(f"points are pairs of numbers, not {str(points)[:80]!r}") from error
    if not np.isfinite(found).all():
        raise LabelError(f"points must be finite numbers, not {str(points)[:80]!r}")
    return found


def painted(strokes: Sequence[Stroke], radius: float, window: Window, scale: float = 1.0) -> Mask:
    """The pixels that a round brush took; at least those that its middle went over.

    Args:
        strokes: in pixels of the image; what is beyond the window is left out.
        radius: of the brush, in pixels of the image, from 0 on.
        window: the part of the image that is asked for.
        scale: of what is returned, pixels for each of the image's.

    Returns:
        (height, width) of the window, scaled.

    Raises:
        LabelError: a point is no pair of finite numbers.
    """
    left, top, right, bottom = window
    height, width = (max(1, round(side * scale)) for side in (bottom - top, right - left))
    canvas = np.zeros((height, width), dtype=np.uint8)
    fine = 1 << _FINE
    far = 2.0 * max(right, bottom)  # OpenCV counts in 32 bits
    for stroke in strokes:
        if not len(stroke):
            continue
        places = (as_points(stroke).clip(-far, far) - (left, top)) * scale - 0.5
        dots = np.rint(places * fine).astype(np.int32)
        thick = max(1, round(2 * radius * scale))
        if len(dots) > 1:
            cv2.polylines(canvas, [dots], False, 1, thick, cv2.LINE_8, _FINE)
        for dot in dots:
            cv2.circle(canvas, dot.tolist(), round(radius * scale * fine), 1, -1, cv2.LINE_8, _FINE)
        for column, row in np.floor(places + 0.5).astype(int).tolist():
            if 0 <= column < width and 0 <= row < height:
                canvas[row, column] = 1
    return canvas > 0
