"""A box of a file, checked and put into shares of its image."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.dataset.boxdocuments import FLAGS, RESERVED, Size
from workbench.dataset.boxes import Attribute, Box, around, box_id, outlined, pointed
from workbench.dataset.formats.found import Findings
from workbench.dataset.formats.images import Images
from workbench.dataset.keypoints import Points, outside
from workbench.dataset.outlines import Outline

MOST = 10_000  # boxes of an image, as labels have it
MOST_CORNERS = 100_000  # points of all outlines or objects of an image, likewise
_LONGEST = 1_000
_LARGEST = 2**63
_BEYOND = 0.5  # pixels outside of the image that are rounding, not worth a word


class Placer:
    """Makes boxes of one image from what a file says in pixels.

    Args:
        findings: where faults go.
        name: what findings call the image.
        size: its width and height in pixels.
    """

    def __init__(self, findings: Findings, name: str, size: Size) -> None:
        self._findings = findings
        self._name = name
        self._size = size
        self._boxes: dict[tuple[Any, ...], Box] = {}

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Those that were placed, each once."""
        if len(self._boxes) > MOST:
            detail = f"{len(self._boxes):,} boxes, and at most {MOST:,} can be kept"
            self._findings.fault("too many boxes", self._name, detail)
        rings = (ring for box in self._boxes.values() for ring in (*box.outline, box.points))
        corners = sum(map(len, rings))
        if corners > MOST_CORNERS:
            detail = f"{corners:,} points, and at most {MOST_CORNERS:,} can be kept: simplify them"
            self._findings.fault("objects with too many points", self._name, detail)
        return tuple(self._boxes.values())

    def place(
        self,
        label: Any,
        corner: tuple[Any, Any],
        extent: tuple[Any, Any],
        *,
        angle: Any = 0.0,
        attributes: Mapping[str, Any] | None = None,
        outline: Outline = (),
    ) -> None:
        """Take a box, or say what is wrong with it.

        Args:
            label: name of its class.
            corner: left and top before turning, in pixels.
            extent: width and height, in pixels.
            angle: degrees, clockwise.
            attributes: what else is said of it.
            outline: of the object, in shares; then that is where it is.
        """
        where = f"{label!r} at {_short(corner)}, {_short(extent)}"
        if not isinstance(label, str) or not label.strip() or len(label) > 200:
            return self._fault("box without a class name", where)
        numbers = (*corner, *extent, angle)
        if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
            return self._fault("box whose place is not in numbers", where)
        try:
            left, top, width, height, turn = (float(number) for number in numbers)
        except OverflowError:
            return self._fault("box whose place is not finite", where)
        if not all(map(math.isfinite, (left, top, width, height, turn))):
            return self._fault("box whose place is not finite", where)
        across, down = self._size
        x, y, w, h = left / across, top / down, width / across, height / down
        kept = self._kept(attributes or {})
        if outline:
            self.accept(replace(outlined(label.strip(), outline), attributes=kept))
            return
        self.accept(Box(box_id(), label.strip(), x, y, w, h, turn % 360.0, attributes=kept))

    def place_points(self, label: str, points: Points, attributes: Mapping[str, Any]) -> None:
        """Take an object by its points, or say what is wrong with it.

        Args:
            label: name of its class.
            points: in shares, in the order of the skeleton; at least one is there.
            attributes: what else is said of it.
        """
        told = dict(attributes)
        if FLAGS in told:
            detail = f"{FLAGS!r} = {str(told.pop(FLAGS))[:40]!r}"
            self._findings.note("attribute of a box that cannot be kept", self._name, detail)
        wide, high = self._size
        inside = tuple(
            at and (self._held(at[0], wide), self._held(at[1], high), at[2]) for at in points
        )
        self.accept(replace(pointed(label, inside), attributes=self._kept(told)))

    def _held(self, share: float, side: int) -> float:
        """A coordinate; one that is beside its image by rounding is at its edge."""
        edge = min(1.0, max(0.0, share))
        return edge if abs(share - edge) * side <= _BEYOND else share

    def accept(self, box: Box) -> None:
        """Take a box that is one already, or say what is wrong with it."""
        across, down = self._size
        key = (box.label, box.x, box.y, box.width, box.height, box.angle, box.outline, box.points)
        where = f"{box.label!r} at {box.x * across:.6g} x {box.y * down:.6g}"
        if box.points:
            if (found := outside(box.points)) is not None:
                detail = f"{where}, point {found + 1} of {len(box.points)}"
                return self._fault("keypoint outside of its image", detail)
            if key in self._boxes:
                return self._twice(where)
            self._boxes[key] = box
            return None
        if min(box.width, box.height) <= 0 or not (
            box.x + box.width > box.x and box.y + box.height > box.y
        ):
            return self._fault("box without a size", where)
        x1, y1, x2, y2 = around(box, self._size)
        if not (x1 < x2 and y1 < y2):
            return self._fault("box without a size", where)
        if x1 >= across or y1 >= down or x2 <= 0 or y2 <= 0:
            return self._fault("box outside of its image", f"{where} of {across} x {down}")
        if min(x1, y1, across - x2, down - y2) < -_BEYOND:
            self._findings.note("box kept that reaches beyond its image", self._name, where)
        if key in self._boxes:
            return self._twice(where)
        self._boxes[key] = box

    def _twice(self, where: str) -> None:
        self._findings.note("box that is there twice, kept once", self._name, where)

    def _fault(self, kind: str, detail: str) -> None:
        self._findings.fault(kind, self._name, detail)

    def _kept(self, attributes: Mapping[str, Any]) -> dict[str, Attribute]:
        kept = {name: value for name, value in attributes.items() if can_keep(name, value)}
        for name in attributes.keys() - kept.keys():
            detail = f"{str(name)[:40]!r} = {str(attributes[name])[:40]!r}"
            self._findings.note("attribute of a box that cannot be kept", self._name, detail)
        return kept


def can_keep(name: Any, value: Any) -> bool:
    """Whether a box can have such an attribute."""
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST or name in RESERVED:
        return False
    if name[0] in "_$" or {".", "\0"} & set(name) or not _whole(name):
        return False
    if isinstance(value, str):
        return len(value) <= _LONGEST and _whole(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and -_LARGEST <= value < _LARGEST


def find_image(images: Images, findings: Findings, name: str) -> tuple[Any, Size] | None:
    """Path and size of the image that a file calls `name`, or a fault."""
    found = images.find(name)
    if not found:
        detail = f"no such file below {images.root}"
        findings.fault("image that is not there", name, detail)
        return None
    if len(found) > 1:
        detail = f"{found[0]} and {found[1]}: have the names say the folders too"
        findings.fault("name that several images have", name, detail)
        return None
    size = images.size(found[0])
    if size is None:
        findings.fault("image that cannot be read", name, str(found[0]))
        return None
    return found[0], size


def _whole(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _short(pair: tuple[Any, Any]) -> str:
    return " x ".join(str(each)[:20] for each in pair)
