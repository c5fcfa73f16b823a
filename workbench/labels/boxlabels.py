"""The labels of boxes when classes change: which box gets its class, or comes back itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from workbench.dataset.fields import GROUND_TRUTH, rotated
from workbench.labels.events import LabelEvent

Document = dict[str, Any]
LISTS = (
    *((GROUND_TRUTH, "detections"), (GROUND_TRUTH, "polylines")),
    *((GROUND_TRUTH, "keypoints"), (rotated(GROUND_TRUTH), "polylines")),
)
_BOXES = 5_000  # in a document that keeps them: about 1.5 MB, more with masks


def are_boxes(label: Mapping[str, Any]) -> bool:
    """Whether a label is of boxes, as MongoDB holds it."""
    return any(key in label for _, key in LISTS)


def has_boxes(sample: Mapping[str, Any]) -> bool:
    """Whether an image is labelled with boxes."""
    return any(are_boxes(sample.get(field) or {}) for field, _ in LISTS)


def packed(images: Iterable[Document], most: int) -> Iterator[list[Document]]:
    """Images in chunks that fit into a document each.

    Args:
        images: documents of images.
        most: images in a chunk; fewer where they have many boxes.
    """
    chunk: list[Document] = []
    boxes = 0
    for image in images:
        chunk.append(image)
        boxes += sum(len(_listed(image, *each)) for each in LISTS)
        if len(chunk) == most or boxes >= _BOXES:
            yield chunk
            chunk, boxes = [], 0
    if chunk:
        yield chunk


def given_back(
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    left_as: Callable[[str], str | None],
    gone: Set[str] = frozenset(),
) -> Document:
    """The fields to set on an image so that its boxes have the classes that a change took.

    Args:
        was: the image before the change.
        now: as it is. A box that was given another class since keeps it.
        left_as: what the change left a class as; None where its boxes went.
        gone: ids of boxes that are not to come back.
    """
    lists = {each: list(_listed(now, *each)) for each in LISTS}
    place = {box["_id"]: (boxes, i) for boxes in lists.values() for i, box in enumerate(boxes)}
    for each in LISTS:
        for old in _listed(was, *each):
            left = left_as(old["label"]) if old.get("label") else old.get("label")
            if left == old.get("label"):
                continue
            boxes, i = place.get(old["_id"], (None, 0))
            if boxes is None and left is None and str(old["_id"]) not in gone:
                lists[each].append(old)
            elif boxes is not None and boxes[i]["label"] == left:
                boxes[i] = {**boxes[i], "label": old["label"]}
    change: Document = {}
    for (field, key), boxes in lists.items():
        if boxes != list(_listed(now, field, key)):
            holder = now.get(field)
            change |= {f"{field}.{key}": boxes} if holder else {field: {**was[field], key: boxes}}
    return change


def gone(events: Sequence[LabelEvent], at: str | None) -> set[str]:
    """Ids of the boxes that were drawn in an image and are not there at one of its events.

    Args:
        events: all events of the image that were applied.
        at: id of the event that the image is at; None for none. Those that led to it count, and
            not what was undone.
    """
    by_id = {event.id: event for event in events}
    there: dict[str, bool] = {}
    while at and at in by_id:
        for before, after in by_id[at].changes:
            there.setdefault((after or before or {})["id"], after is not None)
        at = by_id[at].previous
    for event in events:
        for before, after in event.changes:
            if before is None and after is not None:
                there.setdefault(after["id"], False)
    return {box for box, is_there in there.items() if not is_there}


def _listed(sample: Mapping[str, Any], field: str, key: str) -> list[Document]:
    return (sample.get(field) or {}).get(key) or []
