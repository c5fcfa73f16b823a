"""The edge of an image along an outline, and at places beside it; `outlines` judges by it.

An outline is walked in blocks of a few points. The strength of the image's edge across a block is the
length of the mean of the image's gradient along the outline's normals, colour by colour: so noise
averages out, an edge that runs another way does not count, and an object may be lighter than its ground
on one side and darker on the other.

Source:
    Cootes, Taylor, Cooper and Graham 1995, "Active Shape Models: Their Training and Application"
    (Computer Vision and Image Understanding 61), for the search along normals.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Outline

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
Pixels = NDArray[np.uint8]

SPACING = 2.0  # units between points of an outline; a unit is a pixel, for large objects several
MOST = 200  # points that are looked at, about: the unit of a longer outline grows
BLOCK = 6  # points
LEAST_BLOCKS = 4
REACH = 9  # units; how far off a better place is looked for
SHARE = 0.35  # of the object's own size, likewise: farther off are other objects
NEAR = 1.5  # units that nobody would move an outline for
STEP = 0.5  # units between offsets
_FINE = 4  # steps between two points, to follow corners
_SMOOTH = 9  # of these steps; borders of pixels are stairs
_MARGIN = 2 * REACH + 3  # units of no gradient around a window: usual offset and reach end in it


@dataclass(frozen=True)
class Contour:
    """Points along an outline, in units, and the gradients of the image around it.

    Attributes:
        unit: pixels.
        reach: units that a better place may be off.
        points: (n, 2) x and y in the window.
        normals: (n, 2) of length 1, out of the object.
        shares: (B, n) of each point in the mean of each block.
        gradients: (height, width, 2 C) of the window, to the right and then downwards, by colour;
            zeros beyond the image.
    """

    unit: int
    reach: float
    points: Floats
    normals: Floats
    shares: Singles
    gradients: Singles


def contour_of(image: Pixels, outline: Outline) -> Contour | None:
    """What is to be known of an object and its surroundings; takes time by the outline's length.

    Args:
        image: (height, width) or (height, width, C), upright; only a window of it is read.
        outline: of the object, in pixels.

    Returns:
        None for an object that is too small, or of whose outline too little lies within the image.

    Raises:
        ValueError: the image is no array of two or three dimensions.
    """
    if image.ndim not in (2, 3):
        raise ValueError(f"an image is (height, width) or (height, width, C), not {image.shape}")
    rings = [np.array(ring, dtype=np.float64) for ring in outline]
    length = sum(float(_sides(ring).sum()) for ring in rings)
    unit = max(1, int(np.ceil(length / (MOST * SPACING))))
    size = np.array(image.shape[1::-1])
    every = np.concatenate(rings)
    least, most = every.min(axis=0), every.max(axis=0)
    low = np.maximum(np.floor(least) - unit * (REACH + 3), 0).astype(int)
    high = np.minimum(np.ceil(most) + unit * (REACH + 3), size).astype(int)
    walked = [_walk(rings, place, unit) for place in range(len(rings))]
    # At the image's own border an outline ends for want of image: no edge is to be seen there.
    beside, beyond = unit * NEAR, size - unit * NEAR
    seen = [((points > beside) & (points < beyond)).all(axis=1) for points, _ in walked]
    blocks = [
        (points[rows], normals[rows])
        for (points, normals), inside in zip(walked, seen, strict=True)
        for rows in np.array_split(np.flatnonzero(inside), max(1, round(inside.sum() / BLOCK)))
        if len(rows) >= BLOCK / 2
    ]
    if len(blocks) < LEAST_BLOCKS:
        return None
    sizes = np.array([len(points) for points, _ in blocks])
    members = np.repeat(np.eye(len(blocks), dtype=np.float32), sizes, axis=1)
    return Contour(
        unit=unit,
        reach=min(REACH, max(2 * NEAR, SHARE * float((most - least).prod()) ** 0.5 / unit)),
        points=(np.concatenate([points for points, _ in blocks]) - low - 0.5) / unit + _MARGIN,
        normals=np.concatenate([normals for _, normals in blocks]),
        shares=members / members.sum(axis=1, keepdims=True),
        gradients=_gradients(image[low[1] : high[1] : unit, low[0] : high[0] : unit]),
    )


def _walk(rings: Sequence[Floats], place: int, unit: int) -> tuple[Floats, Floats]:
    """Points in pixels along one of the rings, evenly, and the normals out of the object."""
    ring = rings[place]
    sides = _sides(ring)
    length = float(sides.sum())
    count = _FINE * round(length / (SPACING * unit))
    if count < _SMOOTH:
        return np.zeros((0, 2)), np.zeros((0, 2))
    closed, at = np.vstack([ring, ring[:1]]), np.concatenate([[0.0], np.cumsum(sides)])
    along = (np.arange(count) + 0.5) * length / count
    fine = np.stack([np.interp(along, at, closed[:, axis]) for axis in (0, 1)], axis=1)
    half = _SMOOTH // 2
    sums = np.cumsum(np.vstack([np.zeros((1, 2)), fine[-half:], fine, fine[:half]]), axis=0)
    smooth = (sums[_SMOOTH:] - sums[:-_SMOOTH]) / _SMOOTH
    steps = np.roll(smooth, -half, axis=0) - np.roll(smooth, half, axis=0)
    steps = steps[::_FINE] / np.maximum(np.hypot(*steps[::_FINE].T), 1e-9)[:, None]
    (x, y), (to_x, to_y) = ring.T, np.roll(ring, -1, axis=0).T
    turn = float(np.sign((x * to_y - to_x * y).sum()))
    others = [each for other, each in enumerate(rings) if other != place]
    if sum(_holds(other, ring[0]) for other in others) % 2:
        turn = -turn  # the object lies on the other side of a hole's ring
    return smooth[::_FINE], turn * np.stack([steps[:, 1], -steps[:, 0]], axis=1)


def _sides(ring: Floats) -> Floats:
    steps = np.roll(ring, -1, axis=0) - ring
    length: Floats = np.hypot(steps[:, 0], steps[:, 1])
    return length


def _holds(ring: Floats, point: Floats) -> bool:
    """Whether a point lies in a ring, by the even-odd rule."""
    start, end = ring, np.roll(ring, -1, axis=0)
    crossed = (start[:, 1] > point[1]) != (end[:, 1] > point[1])
    (x, y), (to_x, to_y) = start[crossed].T, end[crossed].T
    return int((point[0] < x + (point[1] - y) * (to_x - x) / (to_y - y)).sum()) % 2 == 1


def _gradients(window: Pixels) -> Singles:
    """Of the smoothed window, with a margin of zeros; as `Contour.gradients`."""
    plain = window.reshape(*window.shape[:2], -1).astype(np.float32)
    near = np.pad(plain, ((2, 2), (2, 2), (0, 0)), mode="edge")
    near = near[:-2] + 2 * near[1:-1] + near[2:]
    near = near[:, :-2] + 2 * near[:, 1:-1] + near[:, 2:]
    height, width, colours = plain.shape
    out = np.zeros((height + 2 * _MARGIN, width + 2 * _MARGIN, 2 * colours), dtype=np.float32)
    inner = out[_MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width]
    inner[..., :colours] = near[1:-1, 2:] - near[1:-1, :-2]
    inner[..., colours:] = near[2:, 1:-1] - near[:-2, 1:-1]
    return out


def offsets_of(contour: Contour) -> Floats:
    """(D,) units along the normals that are tried."""
    steps = int(contour.reach / STEP)
    return np.arange(-steps, steps + 1, dtype=np.float64) * STEP


def shifts_of(contour: Contour) -> Floats:
    """(D, 2) whole units to the right and downwards that are tried."""
    side = np.arange(-int(contour.reach), int(contour.reach) + 1, dtype=np.float64)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    near: Floats = grid[np.hypot(grid[:, 0], grid[:, 1]) <= contour.reach]
    return near


def across(contour: Contour, offsets: Floats) -> Floats:
    """(D, B) strengths of the edge at offsets along the normals, between pixels by bilinear weights."""
    places = contour.points + offsets[:, None, None] * contour.normals
    corner = places.astype(np.int64)
    share = (places - corner).astype(np.float32)
    right, down, one = share[..., :1], share[..., 1:], np.float32(1)
    columns = contour.gradients.shape[1]
    first = _rows(contour, corner)
    upper = _at(contour, first) * (one - right) + _at(contour, first + 1) * right
    first += columns
    lower = _at(contour, first) * (one - right) + _at(contour, first + 1) * right
    return _strengths(contour, upper * (one - down) + lower * down)


def beside(contour: Contour, shifts: Floats, usual: float) -> Floats:
    """(D, B) strengths of the edge where the outline, with the usual offset, is shifted to.

    The nearest pixel will do: of whole steps it is off by the same for all of them.
    """
    points = np.rint(contour.points + usual * contour.normals).astype(np.int64)
    steps = _rows(contour, shifts.astype(np.int64))
    return _strengths(contour, _at(contour, _rows(contour, points) + steps[:, None]))


def _rows(contour: Contour, places: Ints) -> Ints:
    """Of pixels, columns and rows of the window, in a table of all of its pixels."""
    found: Ints = places[..., 1] * contour.gradients.shape[1] + places[..., 0]
    return found


def _at(contour: Contour, rows: Ints) -> Singles:
    """The gradients of some pixels."""
    return contour.gradients.reshape(-1, contour.gradients.shape[2]).take(rows, axis=0)


def _strengths(contour: Contour, gradients: Singles) -> Floats:
    """(D, B) from (D, n, 2 C)."""
    colours = gradients.shape[2] // 2
    right, down = (contour.shares * side for side in contour.normals.T.astype(np.float32))
    means = right @ gradients[..., :colours] + down @ gradients[..., colours:]
    strength: Floats = np.sqrt(np.square(means).sum(axis=2)).astype(np.float64)
    return strength
