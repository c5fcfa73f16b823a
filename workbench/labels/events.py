"""The label event: what was said about an image, by whom, when and on what evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from dataclasses import field as default
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from workbench.dataset.values import Plain

CLASSES = "default_classes"  # `LabelEvent.field` of a change to the list of classes
Renamed: TypeAlias = tuple[tuple[str, str | None], ...]
PlainBox: TypeAlias = Mapping[str, Any]
Changes: TypeAlias = tuple[tuple[PlainBox | None, PlainBox | None], ...]
MAX_SECONDS = 120.0  # spent on one label; a longer pause is a pause


class Source(StrEnum):
    """Where a label comes from."""

    HUMAN = "human"
    ACCEPTED = "accepted"
    REVIEWED = "reviewed"  # looked at again, and kept or changed
    AUTO = "auto"
    IMPORT = "import"
    EXTERNAL = "external"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One entry of the append-only history.

    Attributes:
        id: chosen by whoever commits, so that sending it twice records it once.
        sample_id: the image; empty for a change to the class list.
        field: the field that changes.
        before: its value before: a class name, a list of class names (in multi-label, or of the
            class list), or None; None for boxes, of which `changes` tells.
        after: its value after.
        status_before: the image's `label_status` before.
        status_after: and after.
        annotator: who.
        time: when, UTC.
        seconds: spent on it, at most 120; None where nobody looked, as on import.
        source: how it came about.
        suggestion: what the model suggested, if that was shown; in multi-label a list, in
            detection a list of plain boxes.
        model: the model that suggested it.
        batch: number of the batch the image was picked in.
        based_on: the event that the annotator saw as the image's latest; None where unknown.
        undoes: the event that this one takes back; for a redo, that is an undo.
        previous: the event that the image was at before this one; None for none.
        applied: False where somebody else's newer event stood in the way: it is kept in the
            history, the image keeps the other's label.
        renamed: in a change to the class list, the names that went, each with the name that stands
            for it since; None for a class that was removed.
        group: the step it belongs to, where one act of the hand labelled many images; they are
            taken back together.
        images: in a change to the class list, how many images' labels it changed.
        changes: in detection, each box that was drawn, changed or erased, as plain boxes before and
            after; None where there is none. What else the image has is not in the event.
        lost: with them, what labels of others held besides their box, such as a mask, and lost, by
            the box's id: it comes back with the box.
    """

    id: str
    sample_id: str
    field: str
    before: str | list[str] | None
    after: str | list[str] | None
    status_before: str
    status_after: str
    annotator: str
    time: datetime
    seconds: float | None
    source: Source
    suggestion: Plain = None
    model: str | None = None
    batch: int | None = None
    based_on: str | None = None
    undoes: str | None = None
    previous: str | None = None
    applied: bool = True
    group: str | None = None
    renamed: Renamed = ()
    images: int | None = None
    changes: Changes = ()
    lost: Mapping[str, Mapping[str, Any]] = default(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """As MongoDB stores it; the id becomes `_id`."""
        document = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "id"}
        document["source"] = self.source.value
        return {"_id": self.id, **document}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "LabelEvent":
        """From MongoDB; keys of other versions are passed over."""
        known = {f.name: document[f.name] for f in fields(cls) if f.name in document}
        known["source"] = Source(document["source"])
        known["renamed"] = tuple((old, new) for old, new in document.get("renamed", ()))
        known["changes"] = tuple((old, new) for old, new in document.get("changes", ()))
        return cls(id=document["_id"], **known)


@dataclass(frozen=True, slots=True)
class Commit:
    """The answer to a commit: it is on disk.

    Attributes:
        event: what was recorded.
        conflict: the event of somebody else that stood in the way, if `event` was not applied.
    """

    event: LabelEvent
    conflict: LabelEvent | None = None
