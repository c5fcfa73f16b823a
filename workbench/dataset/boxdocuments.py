"""A box as a document of FiftyOne: `Detection`, turned or outlined `Polyline`, with points `Keypoint`.

A turned box is a closed polyline of its four corners, in the order of `boxes.corner_points`, with
its `angle` and with what it is before turning as `unturned` [x, y, width, height], so that it comes
back to the last bit. A polyline that somebody else made is a turned box if it is a rectangle. An outline
is a filled polyline, its rings the shapes of that. A point that is not there is NaN, as FiftyOne has it,
and `visible` is a list of COCO's flags, as its importer makes it. What else a document holds (a mask,
tags, an index) stays with it while its box is changed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from bson import ObjectId

from workbench.dataset.boxes import Attribute, Box, corner_points
from workbench.dataset.keypoints import (
    OCCLUDED,
    SEEN,
    VISIBLE,
    Keypoint,
    Points,
    points_extent,
)
from workbench.dataset.outlines import extent, outline_from_plain
from workbench.errors import LabelError

Document: TypeAlias = dict[str, Any]
Size: TypeAlias = tuple[int, int]

GEOMETRY = frozenset({"bounding_box", "points", "closed", "filled", "angle", "unturned"})
_OWN = {"_id", "_cls", "tags", "attributes", "label", "confidence", "index", "instance"}
_MASKS = {"mask", "mask_path"}
FLAGS = "visible"
"""What no attribute of an object with points can be called, besides `RESERVED`."""
RESERVED = frozenset(GEOMETRY | _OWN | _MASKS | {"id", "outline"})
"""What no attribute of a box can be called."""
MARKS = frozenset({"blind_test", "blind_test_id", "blind_test_iou"})
"""What FiftyOne notes on each box when the blind test is evaluated; no attributes of the box."""
_STALE = 1e-6  # share of the image by which corners may differ from what `unturned` says
_SKEW = 1e-3  # by how much a rectangle's corners may be off, as a share of its sides


def write_box(box: Box, old: Mapping[str, Any] | None, size: Size) -> Document:
    """A box as a document, with what the old one held."""
    kind = "Keypoint" if box.points else "Polyline" if box.angle or box.outline else "Detection"
    unturned = [box.x, box.y, box.width, box.height]
    if box.points:
        geometry: Document = _pointed(box.points)
    elif box.outline:
        rings = [[list(point) for point in ring] for ring in box.outline]
        geometry = {"points": rings, "closed": True, "filled": True}
    elif box.angle:
        shares = [[x / size[0], y / size[1]] for x, y in corner_points(box, size)]
        geometry = {"points": [shares], "closed": True, "filled": False}
        geometry |= {"angle": box.angle, "unturned": unturned}
    else:
        geometry = {"bounding_box": unturned}
    kept = dict(old or {})
    goes = {*attributes_of(kept), *GEOMETRY}
    if not isinstance(
        kept.get("confidence"), list
    ):  # one of each point stays, as what else there is
        goes.add("confidence")
    if kept.get("_cls") not in (None, kind):
        goes |= _MASKS  # they fill the upright box that it was
    sure = {} if box.confidence is None else {"confidence": box.confidence}
    return {
        **{"tags": [], "attributes": {}},
        **{name: value for name, value in kept.items() if name not in goes},
        **{"_id": ObjectId(box.id), "_cls": kind, "label": box.label},
        **sure,
        **box.attributes,
        **geometry,
    }


def attributes_of(document: Mapping[str, Any]) -> dict[str, Attribute]:
    """What is said of an object besides its class and its place."""
    return {
        name: value
        for name, value in document.items()
        if name not in RESERVED | MARKS
        and isinstance(value, bool | int | float | str)
        and (not isinstance(value, float) or math.isfinite(value))
    }


def read_upright(document: Document) -> Box | None:
    """A box by a `Detection`; None if it has no class or no size."""
    return _box(document, document.get("bounding_box"), 0.0)


def read_turned(document: Document, size: Size | None) -> Box | None:
    """A turned box by a `Polyline`; None if it is no rectangle, as far as the image's size tells."""
    own = _box(document, document.get("unturned"), document.get("angle"))
    points = _points(document)
    if size is None or points is None:
        return own
    if own is not None:
        corners = [(x / size[0], y / size[1]) for x, y in corner_points(own, size)]
        if all(math.dist(a, b) < _STALE for a, b in zip(corners, points, strict=True)):
            return own
    pixels = [(x * size[0], y * size[1]) for x, y in points]
    return _rectangle(document, pixels, size)


def read_outlined(document: Document) -> Box | None:
    """An object by a polyline that is closed; None if it holds nothing."""
    if not (document.get("closed") or document.get("filled")):
        return None
    try:
        outline = outline_from_plain(document.get("points") or ())
    except LabelError:
        return None
    box = _box(document, extent(outline), 0.0)
    return None if box is None else replace(box, outline=outline)


def read_pointed(document: Document) -> Box | None:
    """An object by a `Keypoint`; None if none of its points is there."""
    flags = document.get(FLAGS)
    pairs: Sequence[Any] = document.get("points") or ()
    if not isinstance(flags, list) or len(flags) != len(pairs):
        flags = [flags if isinstance(flags, int) else SEEN[VISIBLE]] * len(pairs)
    points = tuple(_keypoint(pair, flag) for pair, flag in zip(pairs, flags, strict=True))
    label = document.get("label")
    if not any(points) or not (label and isinstance(label, str)):
        return None
    attributes = attributes_of(document)
    attributes.pop(FLAGS, None)
    place = points_extent(points)
    return Box(str(document["_id"]), label, *place, attributes=attributes, points=points)


def _keypoint(pair: Any, flag: Any) -> Keypoint | None:
    if not isinstance(pair, list | tuple) or len(pair) != 2 or flag == 0:
        return None
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in pair):
        return None
    return float(pair[0]), float(pair[1]), OCCLUDED if flag == SEEN[OCCLUDED] else VISIBLE


def _pointed(points: Points) -> Document:
    return {
        "points": [[at[0], at[1]] if at else [math.nan, math.nan] for at in points],
        FLAGS: [SEEN[at[2]] if at else 0 for at in points],
    }


def _points(document: Document) -> list[tuple[float, float]] | None:
    """The four corners of a closed polyline, as shares of the image; None if it is none."""
    shapes: Sequence[Any] = document.get("points") or ()
    if len(shapes) != 1 or not (document.get("closed") or document.get("filled")):
        return None
    points = [(float(point[0]), float(point[1])) for point in shapes[0]]
    if len(points) == 5 and points[0] == points[4]:
        points.pop()
    return points if len(points) == 4 else None


def _rectangle(
    document: Document, corners: Sequence[tuple[float, float]], size: Size
) -> Box | None:
    """The turned box that has these corners in pixels, whichever comes first; None if none has."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    across, down = (bx - ax, by - ay), (dx - ax, dy - ay)
    if across[0] * down[1] < across[1] * down[0]:  # counterclockwise
        across, down = down, across
    width, height = math.hypot(*across), math.hypot(*down)
    open_by = math.hypot(ax - bx + cx - dx, ay - by + cy - dy)
    slant = abs(across[0] * down[0] + across[1] * down[1])
    if open_by > _SKEW * (width + height) or slant > _SKEW * width * height:
        return None
    middle_x, middle_y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    place = [(middle_x - width / 2) / size[0], (middle_y - height / 2) / size[1]]
    shares = [*place, width / size[0], height / size[1]]
    return _box(document, shares, math.degrees(math.atan2(across[1], across[0])))


def _box(document: Document, place: Sequence[float] | None, angle: float | None) -> Box | None:
    # As `box_from_plain` would, in a third of the time: images can have thousands.
    label, sure = document.get("label"), document.get("confidence")
    if place is None or angle is None or len(place) != 4 or not (label and isinstance(label, str)):
        return None
    numbers = [*place, angle]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        return None
    if place[2] <= 0 or place[3] <= 0:
        return None
    x, y, width, height, turn = map(float, numbers)
    confidence = float(sure) if isinstance(sure, int | float) else None
    box = str(document["_id"])
    return Box(box, label, x, y, width, height, turn, confidence, attributes_of(document))
