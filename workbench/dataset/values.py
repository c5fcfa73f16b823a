"""Label values: what is said of an image, and how FiftyOne stores it.

In classification a value is the name of a class. In multi-label it is a tuple of the names of all
classes that the image has, in the order of the class list; an empty one says that it has none of
them. Where there is no label yet there is no value: None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from bson import ObjectId

Value: TypeAlias = str | tuple[str, ...]
Plain: TypeAlias = str | list[str] | None  # a value in JSON and in the history
Document = Mapping[str, Any]

CLASSIFICATION, MULTILABEL = "classification", "multilabel"
TASKS = (CLASSIFICATION, MULTILABEL)

_EACH = "classifications"


def label_path(field: str, task: str) -> str:
    """Where FiftyOne has the class names of a field."""
    return f"{field}.{_EACH}.label" if task == MULTILABEL else f"{field}.label"


def label_paths(field: str) -> tuple[str, ...]:
    """Where class names of a field can be, whatever the task."""
    return tuple(label_path(field, task) for task in TASKS)


def read_value(document: Document | None) -> Value | None:
    """The value of a label as MongoDB holds it."""
    if not document:
        return None
    if _EACH in document:
        return tuple(each["label"] for each in document[_EACH] or ())
    return document.get("label")


def write_value(
    value: Value, scores: Sequence[float] | None = None, **attributes: Any
) -> dict[str, Any]:
    """A label as MongoDB holds it: a `Classification`, or a `Classifications` for a tuple.

    Args:
        value: what it says.
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
    leaves a multi-label image with its others.

    Args:
        document: the label as MongoDB holds it.
        new: a class's name by the one that it has; None for one that goes.

    Returns:
        The changes, empty if there is none; None where the label itself goes.
    """
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


def names_of(value: Value | None) -> tuple[str, ...]:
    """The names of the classes in a value."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def to_plain(value: Value | None) -> Plain:
    """A value for JSON and for the history."""
    return list(value) if isinstance(value, tuple) else value


def from_plain(value: str | Iterable[str]) -> Value:
    """A value from JSON or from the history."""
    return value if isinstance(value, str) else tuple(value)


def in_order(names: Iterable[str], classes: Sequence[str]) -> tuple[str, ...]:
    """Names once each, in the order of the class list; those that are not in it come last."""
    place = {name: index for index, name in enumerate(classes)}
    return tuple(sorted(dict.fromkeys(names), key=lambda name: place.get(name, len(place))))


def same_value(one: Value | None, other: Value | None) -> bool:
    """Whether two values say the same; the order of classes does not matter."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return set(one) == set(other)
    return one == other


def caption(value: Value | None) -> str:
    """A value in words: "cat", "cat + dog", "none of the classes"."""
    if isinstance(value, tuple):
        return " + ".join(value) or "none of the classes"
    return value or "no label"
