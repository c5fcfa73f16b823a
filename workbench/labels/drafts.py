"""A change to an image before it is applied: what it writes and what it records."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId

from workbench.dataset import fields
from workbench.dataset.types import Status
from workbench.errors import LabelError
from workbench.labels.events import MAX_SECONDS, LabelEvent, Source

KEEP = "\0keep"  # as a draft's label: leave the label as it is
PROJECTION = {fields.GROUND_TRUTH: 1, fields.STATUS: 1, fields.EVENT: 1, fields.PICK: 1}


def sample_key(sample_id: str) -> ObjectId:
    """The key of an image's document.

    Raises:
        LabelError: it can be no image's id.
    """
    try:
        return ObjectId(sample_id)
    except (InvalidId, TypeError) as error:
        raise LabelError(f"no image has the id {sample_id!r}: it is no sample id") from error


@dataclass(frozen=True, slots=True)
class Draft:
    """A change to an image that has not been applied yet.

    Attributes:
        sample_id: the image.
        label: the class it gets, None to take its label away, `KEEP` to leave it.
        status: the `label_status` it gets.
        source: how the change came about.
        seconds: spent on it, as measured.
        suggestion: the class that was suggested.
        model: the model that suggested it.
        undoes: the event that the change takes back.
        restores: with `undoes`, the event that the image was at before it, None for none.
        given_by: with `undoes`, annotator and source of the label that comes back, if known.
    """

    sample_id: str
    label: str | None
    status: Status
    source: Source
    seconds: float | None = None
    suggestion: str | None = None
    model: str | None = None
    undoes: str | None = None
    restores: str | None = None
    given_by: tuple[str, Source] | None = None

    @property
    def writes_a_class(self) -> bool:
        """Whether it puts the name of a class on the image."""
        return self.label is not None and self.label != KEEP

    def with_classes(self, class_of: Callable[[str], str]) -> "Draft":
        """The draft with its class under the name that it has now.

        Args:
            class_of: that name by an earlier one; raises LabelError if the class was removed.

        Raises:
            LabelError: it was, and the draft is not one that takes an event back: that leaves the
                image without a label, as the removal would have.
        """
        if self.label is None or self.label == KEEP:
            return self
        try:
            return replace(self, label=class_of(self.label))
        except LabelError:
            if self.undoes is None:
                raise
            gone = self.status in (Status.LABELLED, Status.IN_REVIEW)
            status = Status.UNLABELLED if gone else self.status
            return replace(self, label=None, status=status)

    def update(self, event_id: str, annotator: str) -> dict[str, Any]:
        """The update of the sample's document."""
        change: dict[str, Any] = {
            fields.STATUS: self.status.value,
            # Taking an event back returns the image to the event before it, so that the next undo
            # finds what it is to undo, and a commit based on what was taken back does not pass.
            fields.EVENT: self.restores if self.undoes else event_id,
            "last_modified_at": datetime.now(UTC),
        }
        if self.label != KEEP:
            who, how = self.given_by or (annotator, self.source)
            change[fields.GROUND_TRUTH] = self.label and {
                "_id": ObjectId(),
                "_cls": "Classification",
                "tags": [],
                "label": self.label,
                "annotator": who,
                "source": how.value,
            }
        return {"$set": change}

    def event(
        self,
        event_id: str,
        annotator: str,
        before: Mapping[str, Any],
        based_on: str | None,
        *,
        applied: bool,
        group: str | None = None,
    ) -> LabelEvent:
        """The event, given the sample's document as it was."""
        old = (before.get(fields.GROUND_TRUTH) or {}).get("label")
        seconds = self.seconds
        if seconds is not None:
            sane = math.isfinite(seconds) and seconds >= 0
            seconds = min(float(seconds), MAX_SECONDS) if sane else None
        return LabelEvent(
            id=event_id,
            sample_id=self.sample_id,
            field=fields.GROUND_TRUTH,
            before=old,
            after=old if self.label == KEEP else self.label,
            status_before=before.get(fields.STATUS) or Status.UNLABELLED.value,
            status_after=self.status.value,
            annotator=annotator,
            time=datetime.now(UTC),
            seconds=seconds,
            source=self.source,
            suggestion=self.suggestion,
            model=self.model,
            batch=(before.get(fields.PICK) or {}).get("batch"),
            based_on=based_on,
            undoes=self.undoes,
            previous=before.get(fields.EVENT),
            applied=applied,
            group=group,
        )
