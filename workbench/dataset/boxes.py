"""Boxes around objects: plain values, and columns of them for what computes. No FiftyOne in here.

Coordinates are shares of the upright image, as FiftyOne keeps them, in double precision: what is not
changed comes back to the last bit, whatever the image's size. What computes in pixels asks for
`BoxTable`. An object of which more than its box is known has an outline, or named points, and its box is
the one around those.
"""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.keypoints import Points, points_extent, points_from_plain
from workbench.dataset.outlines import Outline, extent, outline_from_plain, scaled
from workbench.errors import LabelError

Attribute: TypeAlias = bool | int | float | str
_NUMBERS = ("x", "y", "width", "height", "angle")
_SAID = attrgetter("id", "label", *_NUMBERS, "attributes", "outline", "points")


@dataclass(frozen=True, slots=True)
class Box:
    """One object in one image.

    Attributes:
        id: 24 hexadecimal digits, FiftyOne's id of the label; stays while the box is changed.
        label: name of its class.
        x: left edge before turning, as a share of the image's width.
        y: top edge before turning, as a share of its height.
        width: as a share of the image's width, above 0; with points, 0 where they are in one line.
        height: as a share of its height, likewise.
        angle: degrees by which it is turned clockwise about its middle, in the image's pixels.
        confidence: calibrated probability that it is right, of a predicted one.
        attributes: what else is said of it.
        outline: rings of points around it, as `outlines` has them; none where only its box is known.
        points: as `keypoints` has them, in the order of the dataset's skeleton; none where objects
            have no points.
    """

    id: str
    label: str
    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0
    confidence: float | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    outline: Outline = ()
    points: Points = ()

    def to_plain(self) -> dict[str, Any]:
        """For JSON and for the history; what is not said is left out."""
        plain: dict[str, Any] = {"id": self.id, "label": self.label}
        plain |= {name: getattr(self, name) for name in _NUMBERS if name != "angle"}
        if self.angle:
            plain["angle"] = self.angle
        if self.confidence is not None:
            plain["confidence"] = self.confidence
        if self.attributes:
            plain["attributes"] = dict(self.attributes)
        if self.outline:
            plain["outline"] = [[list(point) for point in ring] for ring in self.outline]
        if self.points:
            plain["points"] = [at and list(at) for at in self.points]
        return plain


def box_from_plain(plain: Mapping[str, Any]) -> Box:
    """A box from JSON or from the history, checked; its outline or its points say where it is.

    Raises:
        LabelError: a coordinate is no finite number, the box has no size, its id or class is no
            text, its confidence is no number, or its attributes, its outline or its points are none.
    """
    for name in ("id", "label"):
        if not isinstance(plain.get(name), str) or not plain[name]:
            raise LabelError(f"a box needs {name!r} as text, but has {plain.get(name)!r}")
    outline = outline_from_plain(plain["outline"]) if plain.get("outline") else ()
    points = () if plain.get("points") is None else points_from_plain(plain["points"])
    if outline or points:
        place = points_extent(points) if points else extent(outline)
        plain = {**plain, **dict(zip(_NUMBERS, (*place, 0.0), strict=True))}
    numbers = {name: plain.get(name, 0.0 if name == "angle" else None) for name in _NUMBERS}
    for name, number in numbers.items():
        known = isinstance(number, int | float) and not isinstance(number, bool)
        if not known or not math.isfinite(number):
            raise LabelError(f"{name} of a box must be a finite number, not {number!r}")
    if not points and not (numbers["width"] > 0 and numbers["height"] > 0):
        raise LabelError(
            f"a box must be wider and higher than 0, not {numbers['width']} x {numbers['height']}"
        )
    confidence, attributes = plain.get("confidence"), plain.get("attributes") or {}
    if confidence is not None and not isinstance(confidence, int | float):
        raise LabelError(f"confidence of a box must be a number, not {confidence!r}")
    if not isinstance(attributes, Mapping):
        raise LabelError(f"attributes of a box must be values by name, not {attributes!r}")
    return Box(
        id=plain["id"],
        label=plain["label"],
        **{name: float(number) for name, number in numbers.items()},
        confidence=None if confidence is None else float(confidence),
        attributes=dict(attributes),
        outline=outline,
        points=points,
    )


def outlined(label: str, outline: Outline, *, confidence: float | None = None, id: str = "") -> Box:
    """An object by its outline.

    Args:
        label: name of its class.
        outline: rings of points; at least one.
        confidence: of a predicted one.
        id: by default a new one.
    """
    x, y, width, height = extent(outline)
    return Box(id or box_id(), label, x, y, width, height, 0.0, confidence, outline=outline)


def pointed(label: str, points: Points, *, id: str = "") -> Box:
    """An object by its points.

    Args:
        label: name of its class.
        points: in the order of the skeleton; at least one is there.
        id: by default a new one.
    """
    x, y, width, height = points_extent(points)
    return Box(id or box_id(), label, x, y, width, height, points=points)


def box_id() -> str:
    """An id for a new box."""
    return secrets.token_hex(12)


def same_box(one: Box, other: Box) -> bool:
    """Whether two boxes say the same, but for how sure somebody is of it."""
    return bool(_SAID(one) == _SAID(other))


@dataclass(frozen=True)
class BoxTable:
    """Upright boxes of many images as columns, sorted by image.

    Attributes:
        images: (m,) row of the image that each box is in.
        corners: (m, 4) left, top, right and bottom in pixels of the upright image.
        classes: (m,) class index.
        scores: (m,) calibrated confidence; ones for what a person said.
        ids: (m,) ids of the boxes.
        outlines: (m,) of each, in pixels, where objects have outlines; then these are what overlaps.
    """

    images: NDArray[np.int64]
    corners: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    ids: tuple[str, ...]
    outlines: tuple[Outline, ...] | None = None

    def __post_init__(self) -> None:
        count = len(self.images)
        outlines = () if self.outlines is None else (self.outlines,)
        columns = (self.corners, self.classes, self.scores, self.ids, *outlines)
        if any(len(column) != count for column in columns) or self.corners.shape != (count, 4):
            raise ValueError(
                f"the columns of {count} boxes must be as long, and corners ({count}, 4), not "
                f"{self.corners.shape}"
            )
        if (np.diff(self.images) < 0).any():
            raise ValueError("boxes must be sorted by image")

    def __len__(self) -> int:
        return len(self.images)


def box_table(
    boxes: Sequence[Sequence[Box]], sizes: Sequence[tuple[int, int]], classes: Sequence[str]
) -> BoxTable:
    """Columns of the boxes of n images; a turned box counts as the upright one around it.

    Args:
        boxes: of each image.
        sizes: width and height of each image, in pixels.
        classes: names by index; boxes of other classes are left out.
    """
    index = {name: place for place, name in enumerate(classes)}
    rows = [(row, box) for row, each in enumerate(boxes) for box in each if box.label in index]
    corners = [around(box, sizes[row]) for row, box in rows]
    outlines = tuple(scaled(box.outline, sizes[row]) for row, box in rows if box.outline)
    return BoxTable(
        images=np.array([row for row, _ in rows], dtype=np.int64),
        corners=np.array(corners, dtype=np.float64).reshape(len(rows), 4),
        classes=np.array([index[box.label] for _, box in rows], dtype=np.int64),
        scores=np.array(
            [1.0 if box.confidence is None else box.confidence for _, box in rows],
            dtype=np.float64,
        ),
        ids=tuple(box.id for _, box in rows),
        outlines=outlines if len(outlines) == len(rows) else None,
    )


def around(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom, in pixels, of the upright box around one that may be turned."""
    points = corner_points(box, size)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def rings_of(box: Box, size: tuple[int, int]) -> list[list[tuple[float, float]]]:
    """What to draw around an object, in pixels: its outline, or the corners of its box."""
    if box.outline:
        return [[*ring] for ring in scaled(box.outline, size)]
    return [corner_points(box, size)]


def corner_points(box: Box, size: tuple[int, int]) -> list[tuple[float, float]]:
    """Its four corners in pixels, clockwise from what is the top left one before turning."""
    width, height = size
    left, top = box.x * width, box.y * height
    right, bottom = (box.x + box.width) * width, (box.y + box.height) * height
    upright = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if not box.angle:
        return upright
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    turn = math.radians(box.angle)
    cos, sin = math.cos(turn), math.sin(turn)
    return [
        (
            middle_x + (x - middle_x) * cos - (y - middle_y) * sin,
            middle_y + (x - middle_x) * sin + (y - middle_y) * cos,
        )
        for x, y in upright
    ]
