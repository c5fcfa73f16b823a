"""Intelligent scissors: a path along edges from a point that was clicked to where the pointer is.

Mortensen and Barrett, "Intelligent Scissors for Image Composition" (SIGGRAPH 1995), as OpenCV has it. All
cheapest paths from a point through a window around both ends are found at once, so that the path to
another place of the pointer only has to be read. A large window is made smaller for that; the path
found there is then drawn to the strongest edge of its neighbourhood in the image itself.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Point, Window, fill
from workbench.errors import LabelError
from workbench.interactive.inputs import Rgb, as_pixel, as_rgb, size_of

Path = NDArray[np.float64]
"""(n, 2) points in pixels of the image, in order; apart from sharp bends about a pixel apart."""

_MOST_MAPPED = 10_000  # pixels of a window that paths are found in
_STEP = 16  # of those pixels, to which windows are rounded: so the next place lies in the same one
_AROUND = 0.25  # share of the distance that a path may leave the box of both ends by
_LEAST_AROUND = 12  # pixels
_STRONGEST = 200.0  # gradient from which on an edge is as good as any
_CANNY = (16.0, 100.0)  # gradients of a weak edge and of a strong one
_SMALLEST = 3  # pixels of an image's side; a smaller one has no gradient
_BEND = 0.02  # price of a step to the side, beside an edge's 0 to 1


class Scissors:
    """An image, prepared for paths along its edges.

    Args:
        image: (height, width, 3) RGB, or grey.

    Raises:
        ImageError: it is none.
    """

    def __init__(self, image: NDArray[Any]) -> None:
        self._rgb = as_rgb(image)
        self._price = _prices(self._rgb)
        self._mapped: tuple[Any, Any] = (None, None)

    def path(self, start: Point, end: Point) -> Path:
        """The path along edges from a point to another, the middles of their pixels included.

        Raises:
            LabelError: a point lies outside of the image.
        """
        size = size_of(self._rgb)
        ends = as_pixel(start, size), as_pixel(end, size)
        straight = np.array(ends[:1] if ends[0] == ends[1] else ends) + 0.5
        if len(straight) < 2 or min(size) < _SMALLEST:
            return straight
        window, smaller = _window(ends, size)
        tool = self._map(ends[0], window, smaller)
        target = _within(ends[1], window, smaller)
        found = tool.getContour(target).reshape(-1, 2).astype(np.float64)
        if smaller == 1:
            return np.asarray(found + window[:2] + 0.5)
        rough = (found + 0.5) * smaller + window[:2]
        rough[0], rough[-1] = straight
        return _drawn_to_edges(rough, self._price, smaller)

    def enclosed(self, anchors: Sequence[Point]) -> Mask:
        """The pixels inside of the closed way along edges through some points.

        Args:
            anchors: at least two, in order.

        Returns:
            (height, width).

        Raises:
            LabelError: there are fewer points, or one lies outside of the image.
        """
        if len(anchors) < 2:
            raise LabelError(f"a way around needs at least two points, not {len(anchors)}")
        following = [*anchors[1:], anchors[0]]
        paths = [self.path(*ends)[:-1] for ends in zip(anchors, following, strict=True)]
        size = size_of(self._rgb)
        ring = tuple((float(x), float(y)) for x, y in np.concatenate(paths) / size)
        return fill((ring,), size)

    def _map(self, start: tuple[int, int], window: Window, smaller: int) -> Any:
        """OpenCV's scissors with all paths from a pixel; kept for the next place of the pointer."""
        key = start, window, smaller
        if self._mapped[0] != key:
            left, top, right, bottom = window
            part = self._rgb[top:bottom, left:right]
            if smaller > 1:
                width, height = (-(-side // smaller) for side in size_of(part))
                part = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
            tool = cv2.segmentation.IntelligentScissorsMB()
            tool.setEdgeFeatureCannyParameters(*_CANNY)
            tool.setGradientMagnitudeMaxLimit(_STRONGEST)
            tool.applyImage(np.ascontiguousarray(part))
            tool.buildMap(_within(start, window, smaller))
            self._mapped = key, tool
        return self._mapped[1]


def _window(ends: tuple[tuple[int, int], ...], size: tuple[int, int]) -> tuple[Window, int]:
    """The part of an image that a path is looked for in, and how many times smaller."""
    places = np.array(ends)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    around = max(_LEAST_AROUND, int(_AROUND * (high - low).max()))
    smaller = 1
    while True:
        step = _STEP * smaller
        first = ((low - around) // step * step).clip(0, size)
        last = (-(-(high + around) // step) * step).clip(0, size)
        first = np.minimum(first, last - _SMALLEST).clip(0)  # at an edge of the image
        if (last - first).prod() <= _MOST_MAPPED * smaller**2:
            break
        smaller *= 2
    left, top, right, bottom = (int(each) for each in (*first, *last))
    return (left, top, right, bottom), smaller


def _within(pixel: tuple[int, int], window: Window, smaller: int) -> tuple[int, int]:
    """A pixel in the smaller copy of a window."""
    left, top = window[:2]
    return (pixel[0] - left) // smaller, (pixel[1] - top) // smaller


def _prices(rgb: Rgb) -> NDArray[np.float32]:
    """What a path pays for each pixel: 0 on strong edges, 1 where there is none."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    strength = cv2.magnitude(across, down) / _STRONGEST
    return np.asarray(1 - np.minimum(strength, 1), dtype=np.float32)


def _drawn_to_edges(rough: Path, price: NDArray[np.float32], smaller: int) -> Path:
    """The cheapest path within a strip along a rough one, from the same start to the same end.

    By dynamic programming over the strip's cross-sections, a pixel apart.
    """
    # Cross-sections of a line with steps would cross each other.
    calm = cv2.blur(_resampled(rough, 1.0), (1, 4 * smaller + 1), borderType=cv2.BORDER_REPLICATE)
    line = _resampled(np.concatenate([rough[:1], calm[1:-1], rough[-1:]]), 1.0)
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    reach = smaller + 2
    aside = np.arange(-reach, reach + 1)
    spots = (line[:, None] + normal[:, None] * aside[:, None] - 0.5).astype(np.float32)
    paid = cv2.remap(
        price, spots, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=2.0
    )
    paid[0] = paid[-1] = np.where(aside == 0, 0, np.inf)
    best = np.full((len(line), len(aside) + 2), np.inf, dtype=np.float32)  # one more at both ends
    best[0, 1:-1] = paid[0]
    bent, cheapest = np.empty(len(aside) + 2, np.float32), np.empty(len(aside), np.float32)
    for before, after, price_here in zip(best[:-1], best[1:], paid[1:], strict=True):
        np.add(before, _BEND, out=bent)
        np.minimum(bent[:-2], bent[2:], out=cheapest)
        np.minimum(cheapest, before[1:-1], out=cheapest)
        np.add(cheapest, price_here, out=after[1:-1])
    at = reach + 1
    chosen = [at]
    for row in best[-2::-1].tolist():
        bends = row[at - 1] + _BEND, row[at], row[at + 1] + _BEND
        at += bends.index(min(bends)) - 1
        chosen.append(at)
    offsets = aside[np.array(chosen[::-1]) - 1]
    height, width = price.shape
    return np.asarray((line + normal * offsets[:, None]).clip(0, (width, height)))


def _resampled(line: Path, step: float) -> Path:
    """Points along a line at equal distances of about a step, its ends kept."""
    far = np.concatenate([[0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    at = np.linspace(0, far[-1], max(2, round(far[-1] / step) + 1))
    return np.stack([np.interp(at, far, line[:, axis]) for axis in (0, 1)], axis=1)
