"""Outlines joined and cut, exactly: points that stay are the very same ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from workbench.dataset.outlines import LEAST_POINTS, Outline, Ring


def join(one: Outline, other: Outline) -> Outline:
    """What lies in either of two outlines.

    Args:
        one: rings of points; what lies in an odd number of them is inside.
        other: likewise, in the same units.
    """
    return _combined(shapely.union, one, other)


def cut(one: Outline, away: Outline) -> Outline:
    """What lies in an outline and not in another; no ring where nothing is left."""
    return _combined(shapely.difference, one, away)


def touch(one: Outline, other: Outline) -> bool:
    """Whether two outlines have a place in common, be it on their edges."""
    return bool(shapely.intersects(_area(one), _area(other)))


def without_holes(outline: Outline) -> Outline:
    """An outline with what it encloses."""
    shells = [shapely.polygons(ring) for ring, is_hole in _rings(_area(outline)) if not is_hole]
    return outline_of(shapely.union_all(shells))


def _combined(how: Callable[[Any, Any], Any], one: Outline, other: Outline) -> Outline:
    return outline_of(how(_area(one), _area(other)))


def _area(outline: Outline) -> Any:
    """What rings hold, by the rule of odd numbers; they may cross themselves and each other."""
    closed = [np.array([*ring, ring[0]]) for ring in outline]
    noded = shapely.node(shapely.multilinestrings([shapely.linestrings(ring) for ring in closed]))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    inside = np.zeros(len(faces), dtype=np.bool_)
    for ring in closed:
        inside ^= _crossed(ring, inner)
    return shapely.union_all(faces[inside])


def _crossed(ring: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a ray to the right from each point crosses a closed ring an odd number of times."""
    (x, y), (to_x, to_y) = ring[:-1].T, ring[1:].T
    across, down = points[:, :1], points[:, 1:]
    passes = (y > down) != (to_y > down)
    with np.errstate(divide="ignore", invalid="ignore"):
        meets = x + (down - y) * (to_x - x) / (to_y - y)
    return np.asarray((passes & (meets > across)).sum(axis=1) % 2 == 1)


def outline_of(area: Any) -> Outline:
    """The rings of a polygon or several, holes too, as shapely has them."""
    return tuple(ring for ring, _ in _rings(area))


def _rings(area: Any) -> list[tuple[Ring, bool]]:
    """The rings of an area, and whether each is a hole."""
    found = []
    for part in shapely.get_parts(area):
        if shapely.get_dimensions(part) < 2:
            continue  # two areas touch along a line
        edges = [(shapely.get_exterior_ring(part), False)]
        edges += [
            (shapely.get_interior_ring(part, place), True)
            for place in range(shapely.get_num_interior_rings(part))
        ]
        for edge, is_hole in edges:
            points = np.asarray(shapely.get_coordinates(edge))[:-1]
            if len(points) >= LEAST_POINTS:
                found.append((tuple((float(x), float(y)) for x, y in points), is_hole))
    return found
