"""Region growing: what is of a colour with the pixel that was clicked, and connected with it.

Colours are compared as they are seen: by their distance in CIELAB (CIE 1976, in which 2.3 is just
noticeable). A seed is planted once; its region at another threshold comes at once.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Point
from workbench.errors import LabelError
from workbench.interactive.inputs import Rgb, as_pixel, as_rgb, size_of
from workbench.interactive.morphology import fill_holes, smooth

SMOOTH = 1.0  # pixels, radius of the details that are smoothed away

_NOISE = 5  # pixels, side of the median that takes the grain from the image
_NEAR = 2  # pixels around the seed whose median is its colour
_LEAST, _MOST, _FINER = (
    2.0,
    60.0,
    1.12,
)  # thresholds that are tried, each so many times the one before
_TRIED = 65_536  # pixels of the copy that they are tried on
_SMALLEST = 0.0002  # share of the image that an object takes at least
_LARGEST = 0.6  # and at most


@dataclass(frozen=True, eq=False)
class Seed:
    """A pixel that regions grow from.

    Attributes:
        pixel: its column and row.
        away: (height, width) how far each pixel's colour is from its, in CIELAB.
    """

    pixel: tuple[int, int]
    away: NDArray[np.float32]

    def region(self, threshold: float, *, radius: float = SMOOTH, filled: bool = True) -> Mask:
        """The pixels around the seed whose colours are at most so far from its.

        Args:
            threshold: in CIELAB, from 0 on.
            radius: in pixels, of the details that are smoothed away; at 0, none are.
            filled: whether holes are filled.

        Returns:
            (height, width), in one piece before it is smoothed.

        Raises:
            LabelError: the threshold is below 0, or no number.
        """
        if not threshold >= 0:
            raise LabelError(f"a threshold of colours is at least 0, not {threshold}")
        found = _connected(self.away, self.pixel, threshold)
        if filled:
            found = fill_holes(found)
        return smooth(found, radius)

    def suggested(self) -> float:
        """The threshold at which the region's border is most of an edge.

        There, colours change most from just inside the border to just outside of it, and a lower or a
        higher threshold would not change the region much.
        """
        scale = min(1.0, (_TRIED / self.away.size) ** 0.5)
        away, pixel = self.away, self.pixel
        if scale < 1:
            width, height = (max(1, round(side * scale)) for side in size_of(away))
            away = np.asarray(cv2.resize(away, (width, height), interpolation=cv2.INTER_AREA))
            pixel = min(int(pixel[0] * scale), width - 1), min(int(pixel[1] * scale), height - 1)
        count = round(np.log(_MOST / _LEAST) / np.log(_FINER)) + 1
        tried = _LEAST * _FINER ** np.arange(count)
        return float(max(tried, key=lambda threshold: _contrast(away, pixel, float(threshold))))


def plant(lab: NDArray[np.float32], point: Point) -> Seed:
    """A seed at a point.

    Args:
        lab: (height, width, 3) as `to_lab` gives it.
        point: x and y in pixels.

    Raises:
        LabelError: the point lies outside of the image.
    """
    column, row = pixel = as_pixel(point, size_of(lab))
    near = lab[
        max(0, row - _NEAR) : row + _NEAR + 1, max(0, column - _NEAR) : column + _NEAR + 1
    ].reshape(-1, 3)
    off = lab - np.median(near, axis=0).astype(np.float32)
    away = np.sqrt(np.einsum("ijk,ijk->ij", off, off))
    return Seed(pixel, np.asarray(away, dtype=np.float32))


def to_lab(image: NDArray[Any]) -> NDArray[np.float32]:
    """An image in CIELAB, the grain taken from it by a median: once per image, for all of its seeds.

    Args:
        image: (height, width, 3) RGB, or grey.

    Returns:
        (height, width, 3) lightness from 0 to 100, and a and b.

    Raises:
        ImageError: it is no image.
    """
    rgb: Rgb = as_rgb(image)
    calm = cv2.medianBlur(rgb, _NOISE)
    return np.asarray(cv2.cvtColor(calm.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def _connected(away: NDArray[np.float32], pixel: tuple[int, int], threshold: float) -> Mask:
    """The part of the pixels within a threshold that the seed is in; the seed always is."""
    near = away <= threshold
    near[pixel[1], pixel[0]] = True
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    return np.asarray(labels == labels[pixel[1], pixel[0]])


def _contrast(away: NDArray[np.float32], pixel: tuple[int, int], threshold: float) -> float:
    """How much farther from the seed's colour it is just outside of a region than just inside."""
    found = fill_holes(_connected(away, pixel, threshold))
    share = found.mean()
    if not _SMALLEST <= share <= _LARGEST:
        return 0.0
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    own = found.astype(np.uint8)
    outside = (cv2.dilate(own, disc) > 0) & ~found
    inside = found & (cv2.erode(own, disc, borderType=cv2.BORDER_REPLICATE) == 0)
    if not outside.any() or not inside.any():
        return 0.0
    return float(away[outside].mean() - away[inside].mean())
