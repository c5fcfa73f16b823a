"""A change to an image before it is applied: what it writes and what it records."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from bson import ObjectId
from bson.errors import InvalidId

from workbench.dataset import fields
from workbench.dataset.detections import SIZE
from workbench.dataset.fields import rotated
from workbench.dataset.types import Status
from workbench.dataset.values import Named, Plain, read_value, to_plain, write_value
from workbench.errors import LabelError
from workbench.labels.events import MAX_SECONDS, Changes, LabelEvent, Source

if TYPE_CHECKING:
    from workbench.labels.classlist import ClassList

KEEP = "\0keep"  # as a draft's label: leave the label as it is
PROJECTION = {
    **dict.fromkeys((fields.GROUND_TRUTH, rotated(fields.GROUND_TRUTH)), 1),
    **dict.fromkeys((fields.STATUS, fields.EVENT, fields.PICK), 1),
    **SIZE,
}


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
    """A change to an image that has not been applied yet; `BoxDraft` is one to its boxes.

    Attributes:
        sample_id: the image.
        label: what it is labelled, None to take its label away, `KEEP` to leave it.
        status: the `label_status` it gets; None leaves it.
        source: how the change came about.
        seconds: spent on it, as measured.
        suggestion: what was suggested.
        model: the model that suggested it.
        undoes: the event that the change takes back.
        restores: with `undoes`, the event that the image was at before it, None for none.
        given_by: with `undoes`, annotator and source of the label that comes back, if known.
    """

    sample_id: str
    label: Named | None
    status: Status | None
    source: Source
    seconds: float | None = None
    suggestion: Plain = None
    model: str | None = None
    undoes: str | None = None
    restores: str | None = None
    given_by: tuple[str, Source] | None = None

    @property
    def writes_a_class(self) -> bool:
        """Whether it labels the image."""
        return self.label is not None and self.label != KEEP

    @property
    def needs_image(self) -> bool:
        """Whether `against` and `update` have to know the image as it is."""
        return False

    def against(self, sample: Mapping[str, Any]) -> Self:
        """The draft as it comes to for an image whose document is `sample`.

        Raises:
            LabelError: it cannot be applied to that.
        """
        return self

    def with_classes(self, classes: "ClassList") -> "Draft":
        """The draft with its classes under the names that they have now.

        Raises:
            LabelError: one was removed, and the draft is not one that takes an event back: that
                leaves the image as the removal would have.
        """
        if self.label is None or self.label == KEEP:
            return self
        if self.undoes is None:
            return replace(self, label=classes.value_of(self.label))
        left = classes.left_of(self.label)
        gone = left is None and self.status in (Status.LABELLED, Status.IN_REVIEW)
        return replace(self, label=left, status=Status.UNLABELLED if gone else self.status)

    def update(
        self, event_id: str, annotator: str, sample: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The update of the sample's document, which is given where it `needs_image`."""
        change: dict[str, Any] = {
            # Taking an event back returns the image to the event before it, so that the next undo
            # finds what it is to undo, and a commit based on what was taken back does not pass.
            fields.EVENT: self.restores if self.undoes else event_id,
            "last_modified_at": datetime.now(UTC),
        }
        if self.status is not None:
            change[fields.STATUS] = self.status.value
        who, how = self.given_by or (annotator, self.source)
        about = {"annotator": who, "source": how.value}
        return {"$set": change | self._label_update(sample or {}, about)}

    def _label_update(self, sample: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, Any]:
        if self.label == KEEP:
            return {}
        if self.label is None:
            return {fields.GROUND_TRUTH: None}
        return {fields.GROUND_TRUTH: write_value(self.label, None, **about)}

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
        old = to_plain(read_value(before.get(fields.GROUND_TRUTH)))
        status = before.get(fields.STATUS) or Status.UNLABELLED.value
        seconds = self.seconds
        if seconds is not None:
            sane = math.isfinite(seconds) and seconds >= 0
            seconds = min(float(seconds), MAX_SECONDS) if sane else None
        return LabelEvent(
            id=event_id,
            sample_id=self.sample_id,
            field=fields.GROUND_TRUTH,
            before=old,
            after=old if self.label == KEEP else to_plain(self.label),
            status_before=status,
            status_after=status if self.status is None else self.status.value,
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
            changes=self._changes(),
            lost=self._lost(),
        )

    def _changes(self) -> Changes:
        return ()

    def _lost(self) -> Mapping[str, Mapping[str, Any]]:
        return {}
