"""Label values: what is said of an image, and how FiftyOne stores it.

In classification a value is the name of a class. In multi-label it is a tuple of the names of all
classes that the image has, in the order of the class list; an empty one says that it has none of
them. In detection it is a tuple of boxes (`dataset.boxes`), and of such with an outline, or with
points, where objects are labelled by those; how they are stored, `dataset.detections` knows. In
segmentation it is `Painted`, a mask in a file. Where there is no label yet there is no value: None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeAlias, overload

from bson import ObjectId
from numpy.typing import NDArray

from workbench.dataset.boxes import Box, box_from_plain, box_id
from workbench.dataset.detections import boxes_in
from workbench.dataset.fields import GROUND_TRUTH, rotated
from workbench.dataset.masks import BACKGROUND, Painted
from workbench.errors import LabelError

Named: TypeAlias = str | tuple[str, ...]  # all but boxes
Value: TypeAlias = Named | tuple[Box, ...] | Painted
# A value in JSON; in the history too, where boxes are told by their changes.
PlainNamed: TypeAlias = str | list[str] | None
PlainPainted: TypeAlias = dict[str, Any]  # `mask`, what tells it from others, and `names`
Plain: TypeAlias = PlainNamed | list[dict[str, Any]] | PlainPainted
Given: TypeAlias = str | Iterable[str | Box | Mapping[str, Any]] | Painted | NDArray[Any]
"""A value as somebody says it: any sequence will do, and a box may be plain; a mask is an array."""
Document = Mapping[str, Any]

CLASSIFICATION, MULTILABEL = "classification", "multilabel"
DETECTION, INSTANCES = "detection", "instances"
SEGMENTATION, KEYPOINTS = "segmentation", "keypoints"
TASKS = (CLASSIFICATION, MULTILABEL, DETECTION, INSTANCES, SEGMENTATION, KEYPOINTS)
BOXED = frozenset({DETECTION, INSTANCES, KEYPOINTS})
"""Tasks in which the objects of an image are labelled one by one."""
DRAWN = BOXED | {SEGMENTATION}
"""Tasks in which images are drawn on until somebody says that it is all."""

_EACH = "classifications"
_MASK = "Segmentation"
_LISTS = {"detections", "polylines", "keypoints"}
_PATHS = {
    CLASSIFICATION: "label",
    MULTILABEL: f"{_EACH}.label",
    DETECTION: "detections.label",
    INSTANCES: "polylines.label",
    SEGMENTATION: "classes",
    KEYPOINTS: "keypoints.label",
}


def label_path(field: str, task: str) -> str:
    """Where FiftyOne has the class names of a field; of turned boxes, see `label_paths`."""
    return f"{field}.{_PATHS[task]}"


def label_paths(field: str, *tasks: str) -> tuple[str, ...]:
    """Where class names of a field can be: of some tasks, by default whatever the task."""
    paths = [label_path(field, task) for task in tasks or TASKS]
    if DETECTION in (tasks or TASKS):
        paths.append(f"{rotated(field)}.polylines.label")
    return tuple(paths)


def read_value(document: Document | None) -> Named | None:
    """The value of a label as MongoDB holds it; None for boxes."""
    if not document:
        return None
    if _EACH in document:
        return tuple(each["label"] for each in document[_EACH] or ())
    return document.get("label")


def read_label(sample: Document, field: str = GROUND_TRUTH) -> Value | None:
    """What a field of an image says, from the image's document as MongoDB holds it."""
    label = sample.get(field)
    if label and is_mask(label):
        return Painted(label.get("mask_path") or "", _names_in(label))
    if sample.get(rotated(field)) or (label and _LISTS & label.keys()):
        return boxes_in(sample, field)
    return read_value(label)


def write_value(
    value: Named, scores: Sequence[float] | None = None, **attributes: Any
) -> dict[str, Any]:
    """A label as MongoDB holds it: a `Classification`, or a `Classifications` for a tuple.

    Args:
        value: what it says; no boxes.
        scores: confidence of each class in it, where a model says it.
        attributes: what else is kept with it.
    """
    names = names_of(value)
    confidences = [{}] * len(names) if scores is None else [{"confidence": s} for s in scores]
    each = [
        {"_id": ObjectId(), "_cls": "Classification", "tags": [], "label": name, **confidence}
        for name, confidence in zip(names, confidences, strict=True)
    ]
    if isinstance(value, str):
        return {**each[0], **attributes}
    return {"_cls": "Classifications", _EACH: each, **attributes}


def renamed_value(document: Document, new: Callable[[str], str | None]) -> dict[str, Any] | None:
    """What to set on a label whose classes get other names, by path below its field.

    Where two classes become one, the more confident of the two stays. A class that goes (None)
    leaves a multi-label image with its others, and takes its boxes; of boxes nothing else goes.

    Args:
        document: the label as MongoDB holds it.
        new: a class's name by the one that it has; None for one that goes.

    Returns:
        The changes, empty if there is none; None where the label itself goes.
    """
    for key in _LISTS & document.keys():
        was = list(document[key] or ())
        now = [_renamed_box(box, new) for box in was]
        return {} if now == was else {key: [box for box in now if box is not None]}
    if is_mask(document):
        old = list(document.get("classes") or ())
        names = [(new(name) or BACKGROUND) if name else name for name in old]
        return {} if names == old else {"classes": names}
    if _EACH not in document:
        name = new(document["label"])
        if name is None:
            return None
        return {} if name == document["label"] else {"label": name}
    each: dict[str, dict[str, Any]] = {}
    for old in document[_EACH] or ():
        name = new(old["label"])
        if name is None:
            continue
        there = each.get(name)
        if there is None or (old.get("confidence") or 0) > (there.get("confidence") or 0):
            each[name] = {**old, "label": name}
    return {} if list(each.values()) == list(document[_EACH] or ()) else {_EACH: [*each.values()]}


def is_mask(label: Document) -> bool:
    """Whether a label is a mask, as MongoDB holds it."""
    return label.get("_cls") == _MASK


def _names_in(label: Document) -> tuple[str, ...]:
    """The classes in a mask; the numbers of those that were removed have none."""
    return tuple(dict.fromkeys(name for name in label.get("classes") or () if name))


def _renamed_box(box: Document, new: Callable[[str], str | None]) -> Document | None:
    name = new(box["label"]) if box.get("label") is not None else box.get("label")
    if name == box.get("label"):
        return box
    return None if name is None else {**box, "label": name}


def names_of(value: Value | None) -> tuple[str, ...]:
    """The names of the classes in a value, once each."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Painted):
        return value.names
    return tuple(dict.fromkeys(_name(each) for each in value))


def _name(each: str | Box) -> str:
    return each.label if isinstance(each, Box) else each


@overload
def to_plain(value: Named | None) -> PlainNamed: ...
@overload
def to_plain(value: Value | None) -> Plain: ...
def to_plain(value: Value | None) -> Plain:
    """A value for JSON and for the history."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Painted):
        return {"mask": PurePath(value.path).stem, "names": list(value.names)}
    if boxes := [each.to_plain() for each in value if isinstance(each, Box)]:
        return boxes
    return [each for each in value if isinstance(each, str)]


@overload
def from_plain(value: str | list[str]) -> Named: ...
@overload
def from_plain(value: Given) -> Value: ...
def from_plain(value: Given) -> Value:
    """A value from JSON or from the history; a box that has no id yet gets one.

    Raises:
        LabelError: a box is none, as `box_from_plain` says, or is among class names.
    """
    if isinstance(value, str | Painted):
        return value
    each = [
        box_from_plain({"id": box_id(), **one}) if isinstance(one, Mapping) else one
        for one in value
    ]
    boxes = tuple(one for one in each if isinstance(one, Box))
    names = tuple(one for one in each if not isinstance(one, Box))
    if boxes and names:
        raise LabelError(f"a label is of boxes or of class names, but got both: {names[0]!r}")
    return boxes or names


def in_order(names: Iterable[str], classes: Sequence[str]) -> tuple[str, ...]:
    """Names once each, in the order of the class list; those that are not in it come last."""
    place = {name: index for index, name in enumerate(classes)}
    return tuple(sorted(dict.fromkeys(names), key=lambda name: place.get(name, len(place))))


def same_value(one: Value | None, other: Value | None) -> bool:
    """Whether two values say the same; the order of classes does not matter.

    Nor does that of boxes, nor their ids, nor how sure somebody is of them.
    """
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return one == other
    said, other_said = ([_said(each) for each in value] for value in (one, other))
    return sorted(said) == sorted(other_said)


def _said(each: str | Box) -> tuple[str, ...]:
    if isinstance(each, str):
        return (each,)
    numbers = (each.x, each.y, each.width, each.height, each.angle)
    more = [f"{name}={each.attributes[name]!r}" for name in sorted(each.attributes)]
    more += [repr(each.outline)] * bool(each.outline) + [repr(each.points)] * bool(each.points)
    return (each.label, *map(repr, numbers), *more)


def caption(value: Value | None) -> str:
    """A value in words: "cat", "cat + dog", "none of the classes", "2 boxes: cat, dog"."""
    if isinstance(value, Painted):
        return f"mask: {', '.join(value.names)}" if value.names else "none of the classes"
    if isinstance(value, tuple):
        count = sum(isinstance(each, Box) for each in value)
        if count:
            lone = any(
                isinstance(each, Box) and not (each.outline or each.points) for each in value
            )
            what = ("box", "boxes") if lone else ("object", "objects")
            return f"{count} {what[count > 1]}: {', '.join(names_of(value))}"
        return " + ".join(names_of(value)) or "none of the classes"
    return value or "no label"
