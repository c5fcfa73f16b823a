"""A simulated optimal clicker: how many clicks a mask takes, by each tool, if every click is the best.

It knows the true mask. What that is worth differs between tools, so each gets a search of its own for
the clicks that a perfect hand would make; where a search may miss the optimum, it errs against the magic
tools (corrections are placed greedily) and is run from many beginnings for the polygon.
"""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Point, fill
from workbench.interactive.grabcut import grabcut
from workbench.interactive.regiongrow import plant
from workbench.interactive.scissors import Scissors
from workbench.interactive.superpixels import Superpixels

MOST = 20  # clicks, after which an object counts as not reached, as usual where clicks are counted
Vertices = NDArray[np.float64]  # (k, 2)

_BOX_MARGINS = (0, 1, 2, 4)  # pixels that a box may be wider than the object
_SEEDS = 25  # pixels that are tried as a seed
_THRESHOLDS = np.arange(3.0, 60.0, 1.5)  # CIELAB
_TURNS = 8  # beginnings of a polygon or of a way around
_STEPS = (4.0, 2.0, 1.0, 0.5, 0.25)  # pixels that a vertex is moved by
_AROUND = 8  # pixels around an object that a polygon may use
_MOVES = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]


def overlap(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def polygon(truth: Mask, goal: float) -> int:
    """Vertices of the smallest polygon that is found to reach an IoU.

    For 3 vertices, for 4 and so on: eight polygons whose vertices lie on the true border, an equal way
    apart, all shapes in between at first pushed outwards to the true area. Then each vertex goes wherever
    the overlap grows, off the border, too, by 4 pixels down to a quarter of one, until none can gain.
    """
    rows, columns = np.flatnonzero(truth.any(axis=1)), np.flatnonzero(truth.any(axis=0))
    top, left = max(0, rows[0] - _AROUND), max(0, columns[0] - _AROUND)
    part = truth[top : rows[-1] + 1 + _AROUND, left : columns[-1] + 1 + _AROUND]
    border = border_of(part)
    for count in range(3, MOST):
        for turn in range(_TURNS):
            start = _spaced(border, count, turn / _TURNS)
            if _climbed(_of_area(start, float(part.sum())), part, goal) >= goal:
                return count
    return MOST


def border_of(truth: Mask) -> Vertices:
    """(n, 2) middles of the pixels along a mask's longest border, in order."""
    found, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(found, key=len)[:, 0] + 0.5, dtype=np.float64)


def _spaced(border: Vertices, count: int, turn: float) -> Vertices:
    places = (np.arange(count) + turn) / count * len(border)
    return np.asarray(border[places.astype(int) % len(border)])


def _of_area(vertices: Vertices, pixels: float) -> Vertices:
    middle = vertices.mean(axis=0)
    area = cv2.contourArea(vertices.astype(np.float32))
    return np.asarray(middle + (vertices - middle) * (pixels / max(area, 1.0)) ** 0.5)


def _climbed(vertices: Vertices, truth: Mask, goal: float) -> float:
    """The overlap of a polygon after moving its vertices; it stops where the goal is reached."""
    best = _polygon_overlap(vertices, truth)
    for step in _STEPS:
        gained = True
        while gained and best < goal:
            gained = False
            for place in range(len(vertices)):
                for move in _MOVES:
                    tried = vertices.copy()
                    tried[place] += np.multiply(move, step)
                    found = _polygon_overlap(tried, truth)
                    if found > best + 1e-9:
                        vertices, best, gained = tried, found, True
    return best


def _polygon_overlap(vertices: Vertices, truth: Mask) -> float:
    height, width = truth.shape
    ring = tuple((float(x), float(y)) for x, y in vertices / (width, height))
    return overlap(fill((ring,), (width, height)), truth)


def by_grabcut(image: NDArray[Any], truth: Mask, goal: float) -> int:
    """Two clicks for a box, tight or up to four pixels wider; then a point a correction.

    A correction goes to the middle of the largest part that is wrong.
    """
    rows, columns = np.flatnonzero(truth.any(axis=1)), np.flatnonzero(truth.any(axis=0))
    tight = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    boxes = [tight + margin * np.array([-1, -1, 1, 1]) for margin in _BOX_MARGINS]
    box = max(boxes, key=lambda each: overlap(grabcut(image, each.tolist()), truth)).tolist()
    strokes: tuple[list[list[Point]], list[list[Point]]] = ([], [])
    for clicks in range(2, MOST):
        found = grabcut(image, box, *strokes)
        if overlap(found, truth) >= goal:
            return clicks
        point, missed = _worst(found, truth)
        strokes[0 if missed else 1].append([point])
    return MOST


def _worst(found: Mask, truth: Mask) -> tuple[Point, bool]:
    """The middle of the largest part that is wrong, and whether it is missed there."""
    _, labels, about, _ = cv2.connectedComponentsWithStats((found != truth).astype(np.uint8))
    largest = labels == 1 + int(about[1:, cv2.CC_STAT_AREA].argmax())
    row, column = _deepest(largest)
    return (column + 0.5, row + 0.5), bool(truth[row, column])


def _deepest(mask: Mask) -> tuple[int, int]:
    """Row and column of the pixel that is farthest from what is not in a mask."""
    away = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(away.argmax()), away.shape)
    return int(row), int(column)


def by_superpixels(patches: Superpixels, truth: Mask, goal: float) -> int:
    """A click a patch, each time the one by which the overlap gains most."""
    total = np.bincount(patches.labels.ravel(), minlength=patches.count)
    inside = np.bincount(patches.labels[truth], minlength=patches.count)
    shared, union = 0, int(truth.sum())
    left = set(np.flatnonzero(inside).tolist())
    for clicks in range(1, MOST):
        if not left:
            break
        gains = {p: (shared + inside[p]) / (union + total[p] - inside[p]) for p in left}
        best = max(gains, key=lambda p: gains[p])
        left.remove(best)
        shared, union = shared + inside[best], union + total[best] - inside[best]
        if shared / union >= goal:
            return clicks
    return MOST


def by_growing(lab: NDArray[np.float32], truth: Mask, goal: float) -> int:
    """One click where the suggested threshold does; one more for another threshold, from any seed."""
    seeds = [plant(lab, point) for point in seeds_in(truth)]
    if any(overlap(seed.region(seed.suggested()), truth) >= goal for seed in seeds):
        return 1
    tried = ((seed, threshold) for seed in seeds for threshold in _THRESHOLDS.tolist())
    reached = any(overlap(seed.region(at), truth) >= goal for seed, at in tried)
    return 2 if reached else MOST


def by_growing_from_middle(lab: NDArray[np.float32], truth: Mask, goal: float) -> int:
    """As `by_growing`, by a hand that just clicks the middle of the object."""
    seed = plant(lab, seeds_in(truth)[0])
    if overlap(seed.region(seed.suggested()), truth) >= goal:
        return 1
    reached = any(overlap(seed.region(at), truth) >= goal for at in _THRESHOLDS.tolist())
    return 2 if reached else MOST


def seeds_in(truth: Mask) -> list[Point]:
    """The object's deepest pixel, then others spread evenly over its pixels."""
    rows, columns = np.nonzero(truth)
    spread = np.linspace(0, len(rows) - 1, _SEEDS + 1).astype(int)[1:]
    row, column = _deepest(truth)
    others = zip(columns[spread].tolist(), rows[spread].tolist(), strict=True)
    return [(column + 0.5, row + 0.5), *((x + 0.5, y + 0.5) for x, y in others)]


def by_scissors(scissors: Scissors, truth: Mask, goal: float) -> int:
    """A click an anchor, an equal way apart on the true border, from eight beginnings."""
    border = border_of(truth)
    for count in range(2, MOST):
        for turn in range(_TURNS):
            anchors = [(float(x), float(y)) for x, y in _spaced(border, count, turn / _TURNS)]
            if overlap(scissors.enclosed(anchors), truth) >= goal:
                return count
    return MOST


def coins() -> Iterator[Mask]:
    """The true masks of the 24 coins: a watershed on the photograph's gradients.

    Its boxes are within two pixels of those that were checked by eye (`workbench.dataset.coins`).
    """
    from scipy import ndimage
    from skimage import data
    from skimage.filters import sobel
    from skimage.segmentation import watershed

    photo = data.coins()
    markers = np.where(photo < 30, 1, 0) + np.where(photo > 150, 2, 0)
    labels, count = ndimage.label(ndimage.binary_fill_holes(watershed(sobel(photo), markers) - 1))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    for number in np.flatnonzero(sizes > 200)[1:]:
        yield labels == number
