"""Outlines of objects: rings of points, and the pixels that they hold. No FiftyOne in here.

Points are shares of the upright image, in double precision, as boxes are. A pixel belongs to an object
if its middle lies in an odd number of the rings: so a ring inside of another is a hole, several beside
each other are parts, and what a ring that crosses itself holds is defined, too.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.errors import LabelError

Point: TypeAlias = tuple[float, float]
Ring: TypeAlias = tuple[Point, ...]
Outline: TypeAlias = tuple[Ring, ...]
Mask: TypeAlias = NDArray[np.bool_]
Window: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom in whole pixels."""

LEAST_POINTS = 3
MOST_POINTS = 20_000  # of one object
_FLAT = 1e-12  # square share of the image, twice the area up to which a triangle is a line
# Clockwise around pixels: the steps to the right, down, left and up, along their borders.
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def outline_from_plain(value: Any) -> Outline:
    """An outline from JSON, from the history or from somebody's hand, checked.

    Raises:
        LabelError: it is no list of rings of at least three points, a coordinate is no finite
            number, it has too many points, or it holds nothing.
    """
    try:
        outline = tuple(tuple((float(x), float(y)) for x, y in ring) for ring in value)
    except (TypeError, ValueError) as error:
        raise LabelError(
            f"an outline is a list of rings, each a list of points [x, y], not {str(value)[:80]!r}"
        ) from error
    for ring in outline:
        if len(ring) < LEAST_POINTS:
            raise LabelError(
                f"a ring of an outline needs at least {LEAST_POINTS} points, but has {len(ring)}"
            )
    points = np.array([point for ring in outline for point in ring], dtype=np.float64)
    if not 0 < len(points) <= MOST_POINTS:
        raise LabelError(
            f"an outline has 1 to {MOST_POINTS:,} points, not {len(points):,}: simplify it"
        )
    if not np.isfinite(points).all():
        raise LabelError("points of an outline must be finite numbers")
    if all(_is_flat(ring) for ring in outline):
        raise LabelError(
            "an outline must hold something, but all of its points lie on one line: draw it wider"
        )
    return outline


def extent(outline: Outline) -> tuple[float, float, float, float]:
    """Left, top, width and height of the upright box around, as shares."""
    xs = [x for ring in outline for x, _ in ring]
    ys = [y for ring in outline for _, y in ring]
    left, top = min(xs), min(ys)
    return left, top, max(xs) - left, max(ys) - top


def fill(outline: Outline, size: tuple[int, int], window: Window | None = None) -> Mask:
    """The pixels of an image that an object takes.

    Args:
        outline: of the object.
        size: width and height of the image in pixels.
        window: the part of the image that is asked for; by default all of it.

    Returns:
        (height, width) of the window.
    """
    left, top, right, bottom = window or (0, 0, *size)
    flips = np.zeros((bottom - top, right - left + 1), dtype=np.int32)
    for ring in outline:
        start = np.array(ring, dtype=np.float64) * size - (left, top)
        _flip(flips, start, np.roll(start, -1, axis=0))
    return np.asarray(flips.cumsum(axis=1)[:, :-1] % 2 == 1)


def _flip(flips: NDArray[np.int32], start: NDArray[np.float64], end: NDArray[np.float64]) -> None:
    """Note from which pixel of each row on edges change between inside and outside."""
    rows, columns = flips.shape
    first = np.ceil(np.minimum(start[:, 1], end[:, 1]) - 0.5).clip(0, rows).astype(np.int64)
    last = np.ceil(np.maximum(start[:, 1], end[:, 1]) - 0.5).clip(0, rows).astype(np.int64)
    many = last - first  # rows whose middle an edge crosses
    edge = np.repeat(np.arange(len(start)), many)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(many) - many, many) + first[edge]
    (x, y), (to_x, to_y) = start[edge].T, end[edge].T
    at = x + (row + 0.5 - y) * (to_x - x) / (to_y - y)
    column = np.ceil(at - 0.5).clip(0, columns - 1).astype(np.int64)
    np.add.at(flips, (row, column), 1)


def window_of(outline: Outline, size: tuple[int, int]) -> Window:
    """The smallest window in the image that has all pixels of an object; it may have no area."""
    x, y, width, height = extent(outline)
    left, right = np.clip([np.floor(x * size[0]), np.ceil((x + width) * size[0])], 0, size[0])
    top, bottom = np.clip([np.floor(y * size[1]), np.ceil((y + height) * size[1])], 0, size[1])
    return int(left), int(top), int(right), int(bottom)


def trace(mask: Mask, size: tuple[int, int], corner: tuple[int, int] = (0, 0)) -> Outline:
    """The outline of a mask along the borders of its pixels: `fill` gives the same mask again.

    Outer rings go clockwise, holes the other way round, so that any rule of filling shows them.

    Args:
        mask: (height, width) of a part of the image.
        size: width and height of the image in pixels.
        corner: column and row of the image at which the mask's top left pixel is.

    Returns:
        No ring for an empty mask.
    """
    padded = np.pad(mask, 1)
    # Borders of pixels, by direction, the inside on the right-hand side; where each begins.
    begins = [
        np.argwhere(padded[1:, 1:-1] & ~padded[:-1, 1:-1]),
        np.argwhere(padded[1:-1, :-1] & ~padded[1:-1, 1:]),
        np.argwhere(padded[:-1, 1:-1] & ~padded[1:, 1:-1]) + np.array([0, 1]),
        np.argwhere(padded[1:-1, 1:] & ~padded[1:-1, :-1]) + np.array([1, 0]),
    ]
    borders: dict[tuple[int, int], list[int]] = defaultdict(list)
    for direction, places in enumerate(begins):
        for row, column in places.tolist():
            borders[column, row].append(direction)
    shares = []
    for ring in _rings(borders):
        points = [((x + corner[0]) / size[0], (y + corner[1]) / size[1]) for x, y in ring]
        shares.append(tuple(points))
    return tuple(shares)


def _rings(borders: dict[tuple[int, int], list[int]]) -> list[list[tuple[int, int]]]:
    """Corners of closed walks along all borders, each of which is walked once."""
    rings = []
    while borders:
        start = next(iter(borders))
        at, before = start, -1
        corners: list[tuple[int, int]] = []
        first = -1
        while True:
            here = borders[at]
            # Where pixels touch by a corner alone, the way to the right keeps them apart.
            turn = here.index((before + 1) % 4) if (before + 1) % 4 in here and before >= 0 else 0
            direction = here.pop(turn)
            if not here:
                del borders[at]
            if direction != before:
                corners.append(at)
            first = direction if first < 0 else first
            before = direction
            at = at[0] + _STEPS[direction][0], at[1] + _STEPS[direction][1]
            if at == start and (before + 1) % 4 not in borders.get(at, ()):
                break
        if before == first:  # the walk began in the middle of a side
            corners.pop(0)
        rings.append(corners)
    return rings


@dataclass(frozen=True)
class Filled:
    """The pixels of one object.

    Attributes:
        window: the part of the image that has them.
        mask: (height, width) of the window.
    """

    window: Window
    mask: Mask

    def overlap(self, other: "Filled") -> float:
        """Intersection over union, 0 to 1."""
        left, top = (max(self.window[i], other.window[i]) for i in (0, 1))
        right, bottom = (min(self.window[i], other.window[i]) for i in (2, 3))
        if left >= right or top >= bottom:
            return 0.0
        common = (left, top, right, bottom)
        shared = int((self._within(common) & other._within(common)).sum())
        return shared / max(1, int(self.mask.sum()) + int(other.mask.sum()) - shared)

    def _within(self, part: Window) -> Mask:
        left, top, right, bottom = part
        own = self.window
        return self.mask[top - own[1] : bottom - own[1], left - own[0] : right - own[0]]


def filled(outline: Outline) -> Filled:
    """The pixels of an object by its outline in pixels."""
    x, y, width, height = extent(outline)
    window = floor(x), floor(y), ceil(x + width), ceil(y + height)
    return Filled(window, fill(outline, (1, 1), window))


def scaled(outline: Outline, by: tuple[float, float]) -> Outline:
    """An outline in other units."""
    return tuple(tuple((x * by[0], y * by[1]) for x, y in ring) for ring in outline)


def clipped(outline: Outline) -> Outline:
    """An outline whose points beyond the image are brought to its edge, in shares."""
    return tuple(
        tuple((min(1.0, max(0.0, x)), min(1.0, max(0.0, y))) for x, y in ring) for ring in outline
    )


def has_holes(outline: Outline) -> bool:
    """Whether a ring lies inside of another, by its first point."""
    return any(
        _is_inside(ring[0], other) for ring in outline for other in outline if other is not ring
    )


def _is_inside(point: Point, ring: Ring) -> bool:
    x, y = point
    crossed = 0
    for (from_x, from_y), (to_x, to_y) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (from_y > y) != (to_y > y):
            crossed += x < from_x + (y - from_y) * (to_x - from_x) / (to_y - from_y)
    return crossed % 2 == 1


def area(outline: Outline, size: tuple[int, int]) -> float:
    """What a simple outline with holes holds, in square pixels; its holes go the other way round."""
    return abs(sum(_signed(ring) for ring in outline)) * size[0] * size[1]


def crosses_itself(ring: Sequence[Point]) -> bool:
    """Whether two sides of a ring that are not neighbours cross."""
    points = np.array(ring, dtype=np.float64)
    start, end = points, np.roll(points, -1, axis=0)
    count = len(points)
    for one in range(count):
        others = np.arange(one + 2, count - (one == 0))
        if len(others) == 0:
            continue
        a, b = start[one], end[one]
        c, d = start[others], end[others]
        apart = _side(a, b, c) * _side(a, b, d) < 0
        if (apart & (_side(c, d, a) * _side(c, d, b) < 0)).any():
            return True
    return False


def _is_flat(ring: Sequence[Point]) -> bool:
    """Whether all points lie on one line; one that crosses itself can have no area, and is not flat."""
    points = np.array(ring, dtype=np.float64) - ring[0]
    farthest = points[np.abs(points).sum(axis=1).argmax()]
    beside = points[:, 0] * farthest[1] - points[:, 1] * farthest[0]
    return bool(np.abs(beside).max() <= _FLAT)


def _side(a: Any, b: Any, point: Any) -> Any:
    along, to = b - a, point - a
    return along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]


def _signed(ring: Sequence[Point]) -> float:
    """Area by the shoelace formula, above 0 if the ring goes clockwise on the screen."""
    closed = [*ring, ring[0]]
    return sum(x * to_y - to_x * y for (x, y), (to_x, to_y) in pairwise(closed)) / 2
