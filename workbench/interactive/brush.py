"""A round brush that leaves an outline."""

from collections.abc import Sequence

import numpy as np
import shapely

from workbench.dataset.outlines import Outline, Point, scaled
from workbench.errors import LabelError
from workbench.interactive.combining import outline_of

_LEAST_RADIUS = 0.5  # pixels
_ARCS = 12  # straight lines to a quarter of a circle
_OFF = 0.01  # of the radius, that an outline may be off for fewer points


def brushed(stroke: Sequence[Point], diameter: float, size: tuple[int, int]) -> Outline:
    """What a brush covers that is drawn along a stroke.

    Args:
        stroke: the way of its middle, in shares of the image's sides.
        diameter: as a share of the image's longer side.
        size: width and height of the image, in pixels.

    Returns:
        Rings of points in shares, within the image; none where the stroke is beside it.

    Raises:
        LabelError: there is no point, or the diameter is not above 0.
    """
    if not stroke or not 0 < diameter <= 1:
        raise LabelError(
            "a brush needs a stroke and a diameter above 0 and at most 1, not "
            f"{len(stroke)} points and {diameter!r}"
        )
    places = np.array(stroke, dtype=np.float64) * size
    way = shapely.linestrings(places) if len(places) > 1 else shapely.points(places[0])
    radius = max(_LEAST_RADIUS, diameter * max(size) / 2)
    covered = shapely.simplify(shapely.buffer(way, radius, quad_segs=_ARCS), _OFF * radius)
    within = shapely.intersection(covered, shapely.box(0, 0, *size))
    return scaled(outline_of(within), (1 / size[0], 1 / size[1]))
