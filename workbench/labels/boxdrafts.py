"""A change to the boxes of an image before it is applied: which ones, and whether it may be."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import fiftyone as fo
from bson import ObjectId
from bson.errors import InvalidId

from workbench.dataset import fields
from workbench.dataset.boxdocuments import FLAGS, RESERVED
from workbench.dataset.boxes import Box, around, box_from_plain, corner_points, same_box
from workbench.dataset.detections import Change, boxes_in, edited, lost, size_in
from workbench.dataset.keypoints import Skeleton, outside
from workbench.dataset.types import FINISHED
from workbench.decoding import upright_size
from workbench.errors import LabelError
from workbench.labels.drafts import Draft
from workbench.labels.events import Changes, LabelEvent

if TYPE_CHECKING:
    from workbench.labels.classlist import ClassList

MOST = 10_000  # boxes of an image: its document stays far from MongoDB's 16 MB
MOST_CORNERS = 100_000  # points of all outlines or objects of an image, for the same reason
LONGEST = 1_000  # characters of an attribute
_TAKEN = RESERVED | set(dir(fo.Detection)) | set(dir(fo.Polyline))  # or FiftyOne cannot read it
_LARGEST = 2**63  # what MongoDB has for a whole number
GivenBox: TypeAlias = Box | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BoxDraft(Draft):
    """A change to the boxes of an image; with no changes, that they are all (`done`).

    A box is told by its id. What is partly outside of the image is kept as it is, as files in COCO's
    format and FiftyOne keep it; what has no part in it is refused.

    Attributes:
        changes: boxes before and after.
        whole: all the boxes that the image is to have, in the place of `changes`.
        kept: what labels that come back held besides their box, by id.
        outlined: whether objects have outlines here; one that is told by its box gets that for one.
        skeleton: which points objects have here, if they have any; then they have all of those.
        lost: what labels lose besides their box, by id; known once it is `against` an image.
    """

    changes: tuple[Change, ...] = ()
    whole: tuple[Box, ...] | None = None
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lost: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outlined: bool = False
    skeleton: Skeleton | None = None

    @property
    def writes_a_class(self) -> bool:
        """Whether it changes a box: also one that goes is found by its class."""
        return bool(self.changes) or self.whole is not None

    @property
    def needs_image(self) -> bool:
        """It does: only what is there can be changed."""
        return True

    def with_classes(self, classes: "ClassList") -> "BoxDraft":
        """The draft with its classes under the names that they have now.

        Raises:
            LabelError: one was removed, and the draft is not one that takes an event back: in that,
                boxes of the class stay away.
        """
        whole = self.whole
        if whole is not None:
            whole = tuple(_called(box, classes.class_of(box.label)) for box in whole)
        changes = []
        for before, after in self.changes:
            was = _renamed(before, classes)
            if self.undoes is not None:
                changes.append((was, _renamed(after, classes)))
            else:
                now = after and _called(after, classes.class_of(after.label))
                changes.append((was or before, now))
        told = tuple(change for change in changes if change != (None, None))
        return replace(self, changes=told, whole=whole)

    def against(self, sample: Mapping[str, Any]) -> Self:
        """The draft with those changes that it comes to for an image.

        What takes an event back passes over a box that somebody has changed past us since.

        Raises:
            LabelError: a box is not what it is to be changed from, is there already, lies outside
                of the image, lies exactly on another of its class, or has an outline where boxes are
                drawn, or other points than the skeleton; or there are too many.
        """
        there = {box.id: box for box in boxes_in(sample)}
        if self.whole is not None:
            whole = [box for each in self.whole if (box := self._shaped(each, sample))]
            found: list[Change] = _differences(there, whole)
        elif self.undoes is not None:
            found = [change for change in self.changes if _stands(change, there)]
        else:
            told = [(before, self._shaped(after, sample)) for before, after in self.changes]
            found = [_checked(change, there) for change in told]
        if self.undoes is None:
            _require_places([after for _, after in found if after], there, found, size_in(sample))
        return replace(self, changes=tuple(found), whole=None, lost=lost(sample, found))

    def _shaped(self, box: Box | None, sample: Mapping[str, Any]) -> Box | None:
        """An object as it is kept here: by its points, its outline, or its box."""
        if box is not None and (self.skeleton or box.points):
            _require_points(box, self.skeleton)
            return replace(box, confidence=None)
        if box is None or bool(box.outline) == self.outlined:
            return box
        if box.outline:
            raise LabelError(
                f"object {box.id} has an outline, and boxes are drawn here: make a dataset of outlines, "
                'workbench.open(name, task="instances", …)'
            )
        size = size_in(sample) or (upright_size(sample["filepath"]) if box.angle else (1, 1))
        corners = corner_points(box, size)
        ring = tuple((x / size[0], y / size[1]) for x, y in corners)
        return box_from_plain({**box.to_plain(), "outline": [ring]})

    def _label_update(self, sample: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, Any]:
        status = sample.get(fields.STATUS) if self.status is None else self.status.value
        finished = status in FINISHED
        return edited(
            sample,
            self.changes,
            finished=finished,
            about=about,
            key="keypoints" if self.skeleton else "polylines" if self.outlined else "detections",
            kept=self.kept,
        )

    def _changes(self) -> Changes:
        if self.whole is not None:  # it lost against another's: what was asked for
            return tuple((None, box.to_plain()) for box in self.whole)
        return tuple((_plain(before), _plain(after)) for before, after in self.changes)

    def _lost(self) -> Mapping[str, Mapping[str, Any]]:
        return self.lost


def drawn(changes: Iterable[tuple[GivenBox | None, GivenBox | None]]) -> tuple[Change, ...]:
    """Changes as somebody gives them, checked as far as that needs no image.

    What a person says is certain: a confidence is left out.

    Raises:
        LabelError: there are none, or one changes nothing, or a box into another; or a box is none.
    """
    read = [(_read(before), _read(after, certain=True)) for before, after in changes]
    for before, after in read:
        if before is None and after is None:
            raise LabelError("a change of boxes needs a box before or after it, but has neither")
        if before is not None and after is not None and before.id != after.id:
            raise LabelError(
                f"box {before.id} cannot become box {after.id}: erase the one and draw the other"
            )
        if after is not None:
            _require_attributes(after, before.attributes if before else {})
    _require_distinct([(after or before) for before, after in read])
    if not read:
        raise LabelError("no box is changed: give at least one (before, after)")
    return tuple(read)


def all_boxes(boxes: Iterable[GivenBox], *, certain: bool = True) -> tuple[Box, ...]:
    """All boxes of an image as somebody gives them, checked as far as that needs no image.

    Raises:
        LabelError: one is none, or two have the same id.
    """
    read = [box for each in boxes if (box := _read(each, certain=certain)) is not None]
    _require_distinct(read)
    for box in read:
        _require_attributes(box, {})
    return tuple(read)


def inverse(event: LabelEvent) -> tuple[Change, ...]:
    """The changes that take those of an event back."""
    return tuple((_read(after), _read(before)) for before, after in reversed(event.changes))


def _read(given: GivenBox | None, *, certain: bool = False) -> Box | None:
    if given is None:
        return None
    box = box_from_plain(given.to_plain() if isinstance(given, Box) else given)
    try:
        own = str(ObjectId(box.id))  # in lower case
    except InvalidId as error:
        raise LabelError(f"a box's id has 24 hexadecimal digits, not {box.id!r}") from error
    sure = None if certain else box.confidence
    same = own == box.id and sure == box.confidence
    return box if same else replace(box, id=own, confidence=sure)


def _plain(box: Box | None) -> dict[str, Any] | None:
    return None if box is None else box.to_plain()


def _renamed(box: Box | None, classes: "ClassList") -> Box | None:
    label = None if box is None else classes.left_of(box.label)
    return _called(box, label) if box is not None and isinstance(label, str) else None


def _called(box: Box, label: str) -> Box:
    return box if box.label == label else replace(box, label=label)


def _differences(there: Mapping[str, Box], wanted: Sequence[Box]) -> list[Change]:
    ids = {box.id for box in wanted}
    gone: list[Change] = [(box, None) for box in there.values() if box.id not in ids]
    pairs = [(there.get(box.id), box) for box in wanted]
    return gone + [(old, new) for old, new in pairs if old is None or not same_box(old, new)]


def _stands(change: Change, there: Mapping[str, Box]) -> bool:
    before, after = change
    if before is None:
        return after is not None and after.id not in there
    return before.id in there and same_box(before, there[before.id])


def _checked(change: Change, there: Mapping[str, Box]) -> Change:
    before, after = change
    if before is None:
        if after is not None and after.id in there:
            raise LabelError(f"the image has a box {after.id} already: a new box needs a new id")
        return change
    now = there.get(before.id)
    if now is None:
        raise LabelError(
            f"the image has no box {before.id} (any more), so it cannot be changed: look at the "
            "image as it is now"
        )
    if not same_box(before, now):
        raise LabelError(
            f"box {before.id} is not what it is to be changed from, for it was changed meanwhile: "
            "look at the image as it is now"
        )
    return now, after


def _require_places(
    new: Sequence[Box],
    there: Mapping[str, Box],
    changes: Sequence[Change],
    size: tuple[int, int] | None,
) -> None:
    """Raises LabelError where new boxes cannot be, given those that are there."""
    touched = {box.id for change in changes for box in change if box}
    kept = [box for box in there.values() if box.id not in touched]
    taken = {_spot(box): box.id for box in kept}
    if len(taken) + len(new) > MOST:
        raise LabelError(f"an image has at most {MOST:,} boxes, not {len(taken) + len(new):,}")
    corners = sum(len(ring) for box in (*new, *kept) for ring in (*box.outline, box.points))
    if corners > MOST_CORNERS:
        raise LabelError(
            f"the objects of an image have at most {MOST_CORNERS:,} points, not {corners:,}: "
            "simplify their outlines"
        )
    for box in new:
        if not box.points:
            _require_place(box, (1, 1) if size is None or not box.angle else size)
        if taken.setdefault(_spot(box), box.id) != box.id:
            raise LabelError(
                f"box {box.id} lies exactly on box {taken[_spot(box)]}, of the same class "
                f"{box.label!r}: one of the two is enough"
            )


def _require_place(box: Box, size: tuple[int, int]) -> None:
    left, top, right, bottom = around(box, size)
    if not (left < right and top < bottom):
        raise LabelError(f"box {box.id} has no size that can be told: draw it larger")
    if left >= size[0] or top >= size[1] or right <= 0 or bottom <= 0:
        raise LabelError(
            f"box {box.id} ({box.label!r}) lies outside of the image: x, y, width and height "
            "are shares of it, 0 to 1"
        )


def _spot(box: Box) -> tuple[object, ...]:
    return box.label, box.x, box.y, box.width, box.height, box.angle, box.outline, box.points


def _require_points(box: Box, skeleton: Skeleton | None) -> None:
    """Raises LabelError where an object has not the points that objects have here, or not in the image."""
    if skeleton is None:
        raise LabelError(
            f"object {box.id} has points, and none are labelled here: make a dataset of keypoints, "
            'workbench.open(name, task="keypoints", skeleton=…)'
        )
    if len(box.points) != len(skeleton):
        raise LabelError(
            f"object {box.id} needs {len(skeleton)} points, {', '.join(skeleton.names)[:200]}, but has "
            f"{len(box.points)}: give each of them, None for one that is not there"
        )
    if (found := outside(box.points)) is not None:
        at = box.points[found] or ()
        raise LabelError(
            f"point {skeleton.names[found]!r} of object {box.id} lies outside of the image, at "
            f"{at[:2]}: x and y are shares of it, 0 to 1; give None for a point that is not there"
        )
    if FLAGS in box.attributes:
        raise LabelError(
            f"an attribute of an object with points cannot be called {FLAGS!r}: FiftyOne has there "
            "which of them can be seen"
        )


def _require_distinct(boxes: Sequence[Box | None]) -> None:
    seen: set[str] = set()
    for box in boxes:
        if box is not None and box.id in seen:
            raise LabelError(f"box {box.id} appears twice: every box needs its own id")
        if box is not None:
            seen.add(box.id)


def _require_attributes(box: Box, known: Mapping[str, Any]) -> None:
    """Raises LabelError where an attribute cannot be; what was there already can stay."""
    new = {
        name: value
        for name, value in box.attributes.items()
        if name not in known or known[name] != value
    }
    for name, value in new.items():
        if not isinstance(name, str) or not name or name in _TAKEN or not _storable(name):
            raise LabelError(
                f"an attribute of a box cannot be called {name!r}: give it another name, without "
                "a dot, a dollar sign or an underscore at its beginning"
            )
        if not _is_attribute(value):
            raise LabelError(
                f"attribute {name!r} of a box must be a finite number, true, false or a text of at "
                f"most {LONGEST:,} characters, not {str(value)[:80]!r}"
            )


def _storable(name: str) -> bool:
    plain = len(name) <= LONGEST and not any("\ud800" <= each <= "\udfff" for each in name)
    return plain and not name.startswith(("_", "$")) and not {".", "\0"} & set(name)


def _is_attribute(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST and not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and -_LARGEST <= value < _LARGEST
