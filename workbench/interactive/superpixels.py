"""Superpixels: small patches of one colour, of which objects are put together by clicking or dragging.

Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods" (TPAMI 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from workbench.dataset.outlines import Mask, Point
from workbench.errors import LabelError
from workbench.interactive.inputs import as_pixel, as_points, as_rgb, size_of
from workbench.interactive.regiongrow import to_lab

COMPACTNESS = 10.0  # differences of colour in CIELAB that weigh as much as a superpixel's side
ITERATIONS = 5  # the paper takes 10; after 5 hardly a pixel changes

_LEAST = 2.0  # pixels of a superpixel's side
_FRAGMENT = 0.25  # share of a superpixel's pixels below which a piece goes to a neighbour

Labels = NDArray[np.int32]
Numbers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Superpixels:
    """An image in patches, each in one piece.

    Attributes:
        labels: (height, width) number of each pixel's patch, from 0 on.
        count: how many there are.
    """

    labels: Labels
    count: int

    def pick(self, points: Sequence[Point]) -> Mask:
        """The patches that points lie in: (height, width).

        Raises:
            LabelError: a point lies outside of the image.
        """
        size = size_of(self.labels)
        pixels = [as_pixel(point, size) for point in points]
        return self._patches([int(self.labels[row, column]) for column, row in pixels])

    def drag(self, stroke: Sequence[Point]) -> Mask:
        """The patches that a pointer came over on its way from point to point: (height, width).

        What lies outside of the image is passed over.

        Raises:
            LabelError: a point is no pair of finite numbers.
        """
        places = as_points(stroke)
        size = size_of(self.labels)
        if not len(places):
            return self._patches([])
        inside = places.clip(-size[0] - size[1], 2 * (size[0] + size[1]))
        steps = np.ceil(np.abs(np.diff(inside, axis=0)).max(axis=1, initial=0)).astype(int) + 1
        ways = [
            np.linspace(one, other, count, endpoint=False)
            for one, other, count in zip(inside[:-1], inside[1:], steps.tolist(), strict=True)
        ]
        passed = np.floor(np.concatenate([*ways, inside[-1:]])).astype(int)
        passed = passed[((passed >= 0) & (passed < size)).all(axis=1)]
        return self._patches(np.unique(self.labels[passed[:, 1], passed[:, 0]]).tolist())

    def _patches(self, numbers: Sequence[int]) -> Mask:
        picked = np.zeros(self.count, dtype=np.bool_)
        picked[list(numbers)] = True
        return picked[self.labels]


def superpixels(
    image: NDArray[Any],
    side: float,
    *,
    compactness: float = COMPACTNESS,
    iterations: int = ITERATIONS,
) -> Superpixels:
    """Divide an image, or a window of one, into superpixels.

    Args:
        image: (height, width, 3) RGB, or grey.
        side: of a superpixel in pixels, about.
        compactness: the larger, the more they are squares; the smaller, the closer to the edges.
        iterations: of the clustering.

    Raises:
        ImageError: it is no image.
        LabelError: `side` is below two pixels, or no number.
    """
    rgb = as_rgb(image)
    if not _LEAST <= side < np.inf:
        raise LabelError(f"a superpixel's side is at least {_LEAST:g} pixels, not {side}")
    lab = to_lab(rgb)
    places = _seeds(lab, side)
    width, height = size_of(rgb)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    # Weighed so that a Euclidean distance is the paper's D.
    weight = np.float32(compactness / side)
    planes = np.dstack([lab, columns * weight, rows * weight])
    centres = planes[places[:, 1], places[:, 0]]
    labels = np.zeros((height, width), dtype=np.int32)
    for _ in range(iterations):
        labels = _assigned(planes, centres, float(weight), side)
        centres = _means(planes, labels, centres)
    return _in_one_piece(labels, _FRAGMENT * side**2)


def _seeds(lab: NDArray[np.float32], side: float) -> NDArray[np.int64]:
    """(n, 2) columns and rows of a grid, each moved to the least gradient of its 3 x 3 pixels."""
    height, width = lab.shape[:2]
    across, down = (
        np.arange(n) for n in (max(1, round(width / side)), max(1, round(height / side)))
    )
    columns = ((across + 0.5) * width / len(across)).astype(np.int64)
    rows = ((down + 0.5) * height / len(down)).astype(np.int64)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    gradient = sum(cv2.Sobel(lab[..., 0], cv2.CV_32F, *order) ** 2 for order in ((1, 0), (0, 1)))
    near = grid[:, None] + np.array([(x, y) for y in (0, -1, 1) for x in (0, -1, 1)])
    near = near.clip(0, (width - 1, height - 1))
    least = np.asarray(gradient)[near[..., 1], near[..., 0]].argmin(axis=1)
    return np.asarray(near[np.arange(len(grid)), least])


def _assigned(
    planes: NDArray[np.float32], centres: NDArray[np.float32], weight: float, side: float
) -> Labels:
    """The nearest centre of each pixel among those less than a side away, or else of all of the rest."""
    height, width = planes.shape[:2]
    labels = np.full((height, width), -1, dtype=np.int32)
    nearest = np.full((height, width), np.inf, dtype=np.float32)
    middles = centres[:, 3:] / weight
    low = np.floor(middles - side).clip(0).astype(int).tolist()
    high = np.ceil(middles + side + 1).astype(int).tolist()
    for number, ((left, top), (right, bottom)) in enumerate(zip(low, high, strict=True)):
        off = planes[top:bottom, left:right] - centres[number]
        away = np.einsum("ijk,ijk->ij", off, off)
        seen = nearest[top:bottom, left:right]
        closer = away < seen
        np.copyto(seen, away, where=closer)
        np.copyto(labels[top:bottom, left:right], number, where=closer)
    return labels


def _means(
    planes: NDArray[np.float32], labels: Labels, before: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Means of the pixels of each centre; where it has none, as it was."""
    flat = labels.ravel() + 1  # what no centre is near to is 0
    many = np.bincount(flat, minlength=len(before) + 1)[1:]
    sums = [
        np.bincount(flat, planes[..., plane].ravel(), len(before) + 1)[1:]
        for plane in range(planes.shape[2])
    ]
    means = np.stack(sums, axis=1) / np.maximum(many, 1)[:, None]
    return np.where(many[:, None] > 0, means, before).astype(np.float32)


def _in_one_piece(labels: Labels, least: float) -> Superpixels:
    """Each patch in one piece: small pieces go to the neighbour with which they share most sides."""
    pieces, count = _pieces(labels)
    sizes: Numbers = np.bincount(pieces.ravel(), minlength=count)
    one, other, sides = _borders(pieces, count)
    merged: Numbers = np.arange(count)  # the patch of each piece
    while True:
        from_small = np.flatnonzero(sizes[one] < least)
        if not len(from_small):
            return Superpixels(merged.astype(np.int32)[pieces], len(sizes))
        order = from_small[np.lexsort((sides[from_small], one[from_small]))]
        last = np.append(one[order][1:] != one[order][:-1], True)  # the longest border of each
        count, joined = _linked(one[order][last], other[order][last], len(sizes))
        merged = joined[merged]
        sizes = np.bincount(joined, sizes, count)
        one, other, sides = _counted(joined[one], joined[other], sides, count)


def _pieces(labels: Labels) -> tuple[Labels, int]:
    """The connected pieces of equal labels, numbered; pixels are neighbours if they share a side."""
    index = np.arange(labels.size, dtype=np.int32).reshape(labels.shape)
    ways = [
        (index[:, :-1], index[:, 1:], labels[:, :-1] == labels[:, 1:]),
        (index[:-1], index[1:], labels[:-1] == labels[1:]),
    ]
    one = np.concatenate([a[same] for a, _, same in ways])
    other = np.concatenate([b[same] for _, b, same in ways])
    count, found = _linked(one, other, labels.size)
    return found.reshape(labels.shape).astype(np.int32), count


def _linked(one: Numbers, other: Numbers, count: int) -> tuple[int, Labels]:
    """How many groups links between so many things make, and the group of each."""
    ones = np.ones(len(one), dtype=np.bool_)
    graph = coo_matrix((ones, (one, other)), shape=(count, count))
    groups, found = connected_components(graph, directed=False)
    return int(groups), found


def _borders(pieces: Labels, count: int) -> tuple[Numbers, Numbers, Numbers]:
    """Pairs of neighbouring pieces, both ways round, and how many sides of pixels they share."""
    one = np.concatenate([pieces[:, :-1].ravel(), pieces[:-1].ravel()]).astype(np.int64)
    other = np.concatenate([pieces[:, 1:].ravel(), pieces[1:].ravel()]).astype(np.int64)
    apart = one != other
    one, other = one[apart], other[apart]
    both = np.concatenate([one, other]), np.concatenate([other, one])
    return _counted(*both, np.ones(2 * len(one), dtype=np.int64), count)


def _counted(
    one: Numbers, other: Numbers, sides: Numbers, count: int
) -> tuple[Numbers, Numbers, Numbers]:
    """Each pair of different things once, with the sum of its sides."""
    apart = one != other
    codes, place = np.unique(one[apart] * count + other[apart], return_inverse=True)
    total = np.bincount(place, sides[apart], len(codes)).astype(np.int64)
    return codes // count, codes % count, total
