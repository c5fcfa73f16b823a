"""An image under the magic tools: what is slow is done once, when the first gesture needs it."""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Outline, Point, trace
from workbench.interactive.contours import to_outline
from workbench.interactive.grabcut import grabcut
from workbench.interactive.inputs import Rgb, as_rgb, size_of
from workbench.interactive.regiongrow import Seed, plant, to_lab
from workbench.interactive.scissors import Path, Scissors
from workbench.interactive.superpixels import Superpixels, superpixels

if TYPE_CHECKING:
    from workbench.interactive.segmentanything import EmbeddedImage, SegmentAnything

MOST_PIXELS = (
    4_000_000  # of the copy that the tools work on; an answer on it takes well below a second
)
MOST_IN_PATCHES = 1_000_000  # of the copy that is divided into superpixels, which takes a second
_OFF = 0.75  # pixels of a smaller copy by which an outline may be off the borders of its pixels


class PreparedImage:
    """An image for the magic tools; all places are shares of its sides, from 0 to 1.

    Args:
        image: (height, width, 3) RGB, or grey; a larger one than `MOST_PIXELS` is worked on smaller.

    Attributes:
        rgb: (height, width, 3) what is worked on.

    Raises:
        ImageError: it is none.
    """

    def __init__(self, image: NDArray[Any]) -> None:
        whole = as_rgb(image)
        self.rgb: Rgb = _at_most(whole, MOST_PIXELS)
        self._whole = size_of(whole)
        self._seeds: dict[Point, Seed] = {}
        self._paths: dict[tuple[Point, Point], Path] = {}  # of the way asked for last
        self._patches: dict[float, Superpixels] = {}
        self._embedded: dict[int, EmbeddedImage] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is worked on."""
        return size_of(self.rgb)

    def region(self, at: Point, threshold: float | None = None) -> tuple[Mask, float]:
        """What is of a colour with a point and connected with it, by `regiongrow`.

        Args:
            at: the point.
            threshold: in CIELAB; by default the one at which the region ends at an edge.

        Returns:
            (height, width) of `rgb`, and the threshold.

        Raises:
            LabelError: the point lies outside, or the threshold is below 0.
        """
        seed = self._seeds.get(at)
        if seed is None:
            seed = plant(self._lab, self.places([at])[0])
            self._seeds = {at: seed}  # a drag asks for the same one again
        used = seed.suggested() if threshold is None else threshold
        return seed.region(used), used

    def boxed(self, box: Sequence[float]) -> Mask:
        """The object in a box (left, top, right, bottom), by `grabcut`; errors as there."""
        (left, top), (right, bottom) = self.places([(box[0], box[1]), (box[2], box[3])])
        return grabcut(self.rgb, (left, top, right, bottom))

    def way(self, points: Sequence[Point]) -> Path:
        """(n, 2) the way along edges through points, in shares; errors as of `Scissors.path`."""
        known, self._paths = self._paths, {}
        for leg in pairwise(points):
            found = known.get(leg)
            self._paths[leg] = self._scissors.path(*self.places(leg)) if found is None else found
        return np.asarray(np.concatenate([*self._paths.values()]) / self.size)

    def enclosed(self, anchors: Sequence[Point]) -> Mask:
        """What the closed way along edges encloses; errors as of `Scissors.enclosed`."""
        return self._scissors.enclosed(self.places(anchors))

    def patches(self, stroke: Sequence[Point], side: float) -> Mask:
        """The superpixels that a stroke came over.

        Args:
            stroke: the pointer's way.
            side: of a superpixel, as a share of the image's longer side.

        Returns:
            (height, width) of a copy with at most `MOST_IN_PATCHES`.

        Raises:
            LabelError: a point is no pair of finite numbers, or the side is too small.
        """
        found = self._patches.get(side)
        if found is None:
            small = _at_most(self.rgb, MOST_IN_PATCHES)
            found = superpixels(small, side * max(size_of(small)))
            self._patches = {side: found}
        return found.drag(_places(stroke, size_of(found.labels)))

    def anything(
        self,
        model: "SegmentAnything",
        points: Sequence[Point],
        labels: Sequence[int],
        box: Sequence[float] | None = None,
    ) -> Mask:
        """What a Segment-Anything model takes points and a box for; errors as of `EmbeddedImage.mask`."""
        embedded = self._embedded.get(id(model))
        if embedded is None:
            embedded = model.embed(self.rgb)
            self._embedded = {id(model): embedded}
        corners = self.places([(box[0], box[1]), (box[2], box[3])]) if box else []
        edges = [edge for corner in corners for edge in corner]
        return embedded.mask(self.places(points), labels, edges or None).mask

    def outline(self, mask: Mask, exact: bool) -> Outline:
        """The outline of a mask, in shares.

        Args:
            mask: (height, width) of `rgb`, or of a smaller copy.
            exact: whether it runs along the borders of the pixels, so that filled it is the mask
                again; that of a smaller copy than the image does not.
        """
        if not mask.any():
            return ()
        if exact and size_of(mask) == self._whole:
            return trace(mask, self._whole)
        return to_outline(mask, _OFF)

    def places(self, points: Sequence[Point]) -> list[Point]:
        """Points of the image in pixels of `rgb`."""
        return _places(points, self.size)

    @cached_property
    def _lab(self) -> NDArray[np.float32]:
        return to_lab(self.rgb)

    @cached_property
    def _scissors(self) -> Scissors:
        return Scissors(self.rgb)


def _at_most(rgb: Rgb, pixels: int) -> Rgb:
    """An image, smaller where it has more pixels."""
    scale = (pixels / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    if scale >= 1:
        return rgb
    size = [max(1, round(side * scale)) for side in size_of(rgb)]
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _places(points: Sequence[Point], size: tuple[int, int]) -> list[Point]:
    return [(float(x) * size[0], float(y) * size[1]) for x, y in points]
