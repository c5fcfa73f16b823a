"""Masks as outlines with few points. The way back is `workbench.dataset.outlines.fill`."""

import numpy as np
import shapely
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Outline, Ring, scaled, trace


def to_outline(mask: Mask, within: float = 1.0) -> Outline:
    """The outline of a mask with few points, its holes kept.

    Along the borders of the pixels, then without each point that Douglas and Peucker (1973) can miss;
    rings are thinned together, so that none of them crosses itself or another.

    Args:
        mask: (height, width) of the whole image.
        within: pixels by which a corner of the mask's border may lie beside the outline; at 0, `fill`
            gives the same mask again.

    Returns:
        In shares of the image; no ring for an empty mask.

    Raises:
        ValueError: `within` is below 0, or no number.
    """
    if not within >= 0:
        raise ValueError(f"an outline deviates by at least 0 pixels, not by {within}")
    size = mask.shape[1], mask.shape[0]
    rings = [_begun_at_corner(ring) for ring in scaled(trace(mask, size), size)]
    if not rings:
        return ()
    # As closed lines: of a ring, GEOS takes the first point away as well, and may so go too far.
    lines = [shapely.linestrings(np.vstack([ring, ring[:1]])) for ring in rings]
    thinned = shapely.simplify(shapely.multilinestrings(lines), within, preserve_topology=True)
    found: Outline = tuple(
        tuple((float(x), float(y)) for x, y in shapely.get_coordinates(ring)[:-1])
        for ring in shapely.get_parts(thinned)
    )
    return scaled(found, (1 / size[0], 1 / size[1]))


def _begun_at_corner(ring: Ring) -> NDArray[np.float64]:
    """A ring that begins at its extreme point: the one that is kept whatever happens."""
    points = np.array(ring, dtype=np.float64)
    return np.roll(points, -int((points @ (1.0, 1.0)).argmin()), axis=0)
