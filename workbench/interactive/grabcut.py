"""GrabCut: an object from a box around it, and from strokes where the first answer is wrong.

Rother, Kolmogorov and Blake, "GrabCut: Interactive foreground extraction using iterated graph cuts"
(SIGGRAPH 2004), as OpenCV has it. The graph is cut in a window around the box, made smaller where it is
large; the border is then brought to the image's own edges by a guided filter (He, Sun and Tang, "Guided
Image Filtering", TPAMI 2013).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Window
from workbench.interactive.inputs import (
    Rgb,
    Stroke,
    as_points,
    as_rgb,
    as_window,
    painted,
    size_of,
)
from workbench.interactive.morphology import without_specks

ITERATIONS = 3  # of colours learned and graph cut
BRUSH = 2.0  # pixels, radius of a stroke

_MOST_CUT = 25_000  # pixels of the graph
_AROUND = 0.3  # share of the box's sides that is looked at around it, to each side
_LEAST_AROUND = 8  # pixels
_SPECK = 0.01  # share of the object's pixels up to which a part or a hole of it is noise
_COLOURS = 5  # Gaussians of the foreground and of the background, each
_EDGE = 1e-3  # square share of the range of brightness from which on the guided filter sees an edge


def grabcut(
    image: NDArray[Any],
    box: Sequence[float],
    foreground: Sequence[Stroke] = (),
    background: Sequence[Stroke] = (),
    *,
    brush: float = BRUSH,
    iterations: int = ITERATIONS,
) -> Mask:
    """The pixels of an object in a box; the same answer for the same gestures.

    Args:
        image: (height, width, 3) RGB, or grey.
        box: left, top, right and bottom in pixels; what is outside of it is background.
        foreground: strokes that lie on the object; beyond the box they widen it.
        background: strokes beside the object; where both went, it is background.
        brush: radius of the strokes in pixels.
        iterations: of colours learned and graph cut.

    Returns:
        (height, width). The whole box, less the strokes of background, where nothing in it stands out.

    Raises:
        ImageError: `image` is none.
        LabelError: the box has no area in the image, or a point is no pair of finite numbers.
    """
    rgb = as_rgb(image)
    size = size_of(rgb)
    box = _widened(as_window(box, size), foreground, brush, size)
    window = _around(box, size)
    left, top, right, bottom = window
    part = rgb[top:bottom, left:right]
    scale = min(1.0, (_MOST_CUT / (part.shape[0] * part.shape[1])) ** 0.5)
    small = part
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in size_of(part))
        small = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA))
    hints = _hints(box, window, small, scale, (foreground, background), brush)
    found = _cut(small, hints, iterations)
    if scale < 1:
        found = _brought_to_edges(found, part, scale)
    found = without_specks(found, _SPECK * found.sum())
    inner = np.zeros(found.shape, dtype=np.bool_)
    inner[box[1] - top : box[3] - top, box[0] - left : box[2] - left] = True
    found &= inner
    if not found.any():
        found = inner
    found = (found | painted(foreground, brush, window)) & ~painted(background, brush, window)
    mask = np.zeros((size[1], size[0]), dtype=np.bool_)
    mask[top:bottom, left:right] = found
    return mask


def _widened(box: Window, strokes: Sequence[Stroke], brush: float, size: tuple[int, int]) -> Window:
    """A box that holds the strokes, too, as far as they are in the image."""
    points = [as_points(stroke) for stroke in strokes if len(stroke)]
    if not points:
        return box
    every = np.concatenate(points)
    low, high = np.floor(every.min(axis=0) - brush), np.ceil(every.max(axis=0) + brush)
    left, top = np.minimum(box[:2], low).clip(0, size).astype(int).tolist()
    right, bottom = np.maximum(box[2:], high).clip(0, size).astype(int).tolist()
    return left, top, right, bottom


def _around(box: Window, size: tuple[int, int]) -> Window:
    """A box with some of what is around it, to learn the background from."""
    left, top, right, bottom = box
    across, down = (
        max(_LEAST_AROUND, round(_AROUND * side)) for side in (right - left, bottom - top)
    )
    return (
        max(0, left - across),
        max(0, top - down),
        min(size[0], right + across),
        min(size[1], bottom + down),
    )


def _hints(
    box: Window,
    window: Window,
    small: Rgb,
    scale: float,
    strokes: tuple[Sequence[Stroke], Sequence[Stroke]],
    brush: float,
) -> NDArray[np.uint8]:
    """What is known of each pixel of a window, in OpenCV's numbers."""
    hints = np.full(small.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    left, top, right, bottom = (
        round((place - window[axis % 2]) * scale) for axis, place in enumerate(box)
    )
    if (right - left, bottom - top) == size_of(small):  # the object is cut off on all sides
        left, top, right, bottom = left + 1, top + 1, right - 1, bottom - 1
    hints[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = cv2.GC_PR_FGD
    hints[painted(strokes[0], brush, window, scale)] = cv2.GC_FGD
    hints[painted(strokes[1], brush, window, scale)] = cv2.GC_BGD
    return hints


def _cut(small: Rgb, hints: NDArray[np.uint8], iterations: int) -> Mask:
    there = (hints == cv2.GC_FGD) | (hints == cv2.GC_PR_FGD)
    if min(int(there.sum()), int((~there).sum())) < _COLOURS:  # too few to learn colours from
        return np.asarray(there)
    cv2.setRNGSeed(0)  # the colours are learned from random beginnings
    learned = np.zeros((2, 1, 13 * _COLOURS))
    cv2.grabCut(small, hints, None, learned[0], learned[1], iterations, cv2.GC_INIT_WITH_MASK)
    return np.asarray((hints == cv2.GC_FGD) | (hints == cv2.GC_PR_FGD))


def _brought_to_edges(mask: Mask, part: Rgb, scale: float) -> Mask:
    """A mask of a smaller copy, in the pixels of the image, its border drawn to the nearest edges."""
    side = 2 * int(np.ceil(1 / scale)) + 1
    guide = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    rough = cv2.resize(mask.astype(np.float32), size_of(part), interpolation=cv2.INTER_LINEAR)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (side, side)))

    middle, wanted = mean(guide), mean(rough)
    slope = (mean(guide * rough) - middle * wanted) / (mean(guide * guide) - middle**2 + _EDGE)
    offset = wanted - slope * middle
    return np.asarray(mean(slope) * guide + mean(offset) > 0.5)
