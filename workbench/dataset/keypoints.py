"""Named points of objects, and the skeleton that says which there are. No FiftyOne in here.

Coordinates are shares of the upright image, in double precision, as those of boxes are. An object has
its points in the order of its skeleton; one that is not there is None.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from workbench.errors import DatasetError, LabelError

Keypoint: TypeAlias = tuple[float, float, str]
"""Its x, its y, and whether it is `VISIBLE` or `OCCLUDED`."""
Points: TypeAlias = tuple[Keypoint | None, ...]

VISIBLE, OCCLUDED = "visible", "occluded"
SEEN = {OCCLUDED: 1, VISIBLE: 2}
"""Visibility as COCO and FiftyOne have it; 0 is a point that is not there."""
MOST = (
    500  # points of a skeleton: 10,000 objects of an image have the room that they need as outlines
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The points that each object of a dataset has.

    Attributes:
        names: of the points, in their order.
        edges: pairs of their indices, between which a line is drawn.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def to_plain(self) -> dict[str, Any]:
        """For JSON, with FiftyOne's keys."""
        return {"labels": list(self.names), "edges": [list(edge) for edge in self.edges]}


def skeleton_from(given: Any) -> Skeleton:
    """A skeleton as somebody says it, checked.

    Args:
        given: the names of its points, in a list; or `labels` and `edges`, as a mapping or as a
            `fiftyone.KeypointSkeleton`. An edge leads along two points or more, which are named, or
            numbered from 0.

    Raises:
        DatasetError: it is none.
    """
    if isinstance(given, Skeleton):
        return given
    if isinstance(given, Mapping):
        names, edges = given.get("labels"), given.get("edges") or ()
    else:
        names, edges = getattr(given, "labels", given), getattr(given, "edges", None) or ()
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise DatasetError(
            'a skeleton is a list of the names of its points, or {"labels": names, "edges": pairs of '
            f"them}}, but got {str(given)[:80]!r}"
        )
    clean = tuple(_name(name) for name in names)
    if len(set(clean)) != len(clean) or len(clean) > MOST:
        raise DatasetError(
            f"a skeleton has at most {MOST} points, each with a name of its own, but got "
            f"{', '.join(clean)[:120]}"
        )
    lines = [[_index(point, clean) for point in edge] for edge in edges]
    pairs = dict.fromkeys(pair for line in lines for pair in pairwise(line) if pair[0] != pair[1])
    return Skeleton(clean, tuple(pairs))


def _name(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST:
        raise DatasetError(
            f"a point of a skeleton needs a name of at most {_LONGEST} characters, not {name!r}"
        )
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise DatasetError(f"the name {name!r} of a point holds half a character: take it out")
    return name.strip()


def _index(point: Any, names: Sequence[str]) -> int:
    if isinstance(point, str) and point.strip() in names:
        return names.index(point.strip())
    if isinstance(point, int) and not isinstance(point, bool) and 0 <= point < len(names):
        return point
    raise DatasetError(
        f"an edge of a skeleton is between points that it has, but got {point!r}: there are "
        f"{', '.join(names)[:200]} (or 0 to {len(names) - 1})"
    )


def points_from_plain(value: Any) -> Points:
    """Points from JSON, from the history or from somebody's hand, checked.

    Args:
        value: for each point of the skeleton x and y, which may be followed by `visible` (the
            default) or `occluded`; None for one that is not there.

    Raises:
        LabelError: it is no such list, a coordinate is no finite number, or no point is there.
    """
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        raise LabelError(f"keypoints are a list of points, not {str(value)[:80]!r}")
    points = tuple(None if each is None else _point(each) for each in value)
    if not any(points):
        raise LabelError("an object needs at least one point that is there: place one, or erase it")
    return points


def _point(value: Any) -> Keypoint:
    try:
        x, y, *rest = value
        known = not any(isinstance(number, bool | str) for number in (x, y))
        point = float(x), float(y), *(rest or [VISIBLE])
    except (TypeError, ValueError):
        known, point = False, ()
    if (
        not known
        or len(point) != 3
        or point[2] not in SEEN
        or not all(map(math.isfinite, point[:2]))
    ):
        raise LabelError(
            f"a keypoint is [x, y], [x, y, {OCCLUDED!r}] or None, with finite numbers, not "
            f"{str(value)[:80]!r}"
        )
    return point


def points_extent(points: Points) -> tuple[float, float, float, float]:
    """Left, top, width and height of the upright box around; points in one line have no area."""
    xs = [point[0] for point in points if point]
    ys = [point[1] for point in points if point]
    left, top = min(xs), min(ys)
    return left, top, max(xs) - left, max(ys) - top


def outside(points: Points) -> int | None:
    """Index of the first point that is outside of the image; None if all are in it."""
    found = (n for n, at in enumerate(points) if at and not (0 <= at[0] <= 1 and 0 <= at[1] <= 1))
    return next(found, None)


def in_order_of(points: Points, own: Skeleton, wanted: Skeleton) -> Points:
    """The points of one skeleton as those of another, by their names.

    Raises:
        LabelError: there are more or fewer than the one has, or one is there that the other has not.
    """
    if len(points) != len(own):
        raise LabelError(f"{', '.join(own.names)[:200]} are {len(own)} points, not {len(points)}")
    there = {name: at for name, at in zip(own.names, points, strict=True) if at}
    if unknown := [name for name in there if name not in wanted.names]:
        raise LabelError(
            f"there is no point {unknown[0]!r} here: there are {', '.join(wanted.names)[:200]}"
        )
    return tuple(there.get(name) for name in wanted.names)


def points_in_pixels(points: Points, size: tuple[int, int]) -> Points:
    """The same points in pixels of an image of this size."""
    return tuple(at and (at[0] * size[0], at[1] * size[1], at[2]) for at in points)
