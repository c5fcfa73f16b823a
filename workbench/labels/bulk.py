"""What one act of the hand does to many images: an event each, one step to undo."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from pymongo.errors import DuplicateKeyError

from workbench.dataset import fields
from workbench.dataset.boxes import Box, box_id
from workbench.dataset.masks import Painted
from workbench.dataset.types import FINISHED, Status
from workbench.dataset.values import Given, Value, to_plain
from workbench.errors import LabelError
from workbench.labels.batches import BatchWriter, Document, Stands, always
from workbench.labels.classlist import ClassList
from workbench.labels.drafting import draft_of
from workbench.labels.drafts import KEEP, Draft
from workbench.labels.drawing import Drawing
from workbench.labels.events import LabelEvent, Source
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder
from workbench.labels.undoing import Undoing

LARGEST = 5_000  # images in one step, which is one transaction

_OPEN = {Status.UNLABELLED.value, Status.QUEUED.value}


class BulkLabels:
    """Steps that label many images of one dataset; `LabelStore.undo` takes a step back as one.

    Each takes at most 5,000 images, and says of each what was recorded: where the step could not be
    applied to an image, because somebody has changed it meanwhile, the event is not `applied`.

    Args:
        writer: writes the changes.
        annotator: who labels.
        undoing: how events are taken back.
        log: the dataset's history.
        recorder: who tells of events.
        drawing: makes drafts where images are drawn on; None where they have classes.
        classes: the class list.
    """

    def __init__(
        self,
        writer: BatchWriter,
        annotator: str,
        undoing: Undoing,
        log: EventLog,
        recorder: Recorder,
        drawing: Drawing | None,
        classes: ClassList,
    ) -> None:
        self._drawing = drawing
        self._classes = classes
        self._writer = writer
        self._annotator = annotator
        self._undoing = undoing
        self._log = log
        self._recorder = recorder

    def label(
        self,
        sample_ids: Sequence[str],
        label: Given,
        *,
        relabel: bool = False,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        event_id: str | None = None,
    ) -> list[LabelEvent]:
        """Give images the same label.

        Args:
            sample_ids: the images.
            label: name of a class; in multi-label the names of all classes that they have.
            relabel: whether images that somebody else has labelled, or that were skipped, are to
                get this label too; by default they stay, as `LabelStore.commit_many` says.
            seconds: spent on all of them together.
            source: how it came about.
            event_id: id of the step, for a caller that may have to send it twice.

        Raises:
            LabelError: the class is not in the list or was removed, there is no such image, or
                there are none or too many; or images are labelled with boxes.
            DatabaseError: the database is gone; nothing was written.
        """
        if self._drawing is not None:
            raise LabelError(
                "images are labelled with boxes here, and none has the same as another: label them "
                "one by one"
            )
        unique = list(dict.fromkeys(sample_ids))
        each = None if seconds is None else seconds / max(1, len(unique))
        drafts = [
            replace(draft_of(self._drawing, i, label, source, self._classes), seconds=each)
            for i in unique
        ]
        stands = always if relabel else partial(_is_open_to, self._annotator)
        return self._step(drafts, stands, event_id)

    def accept(
        self, guesses: Mapping[str, tuple[Value, str | None]], *, event_id: str | None = None
    ) -> list[LabelEvent]:
        """Give images the label that a model predicts, in the place of any that they have.

        Predicted boxes become boxes of their own, with other ids.

        Args:
            guesses: by sample id, what is predicted and the model that does.
            event_id: id of the step, for a caller that may have to send it twice.

        Raises:
            LabelError: as `label`.
            DatabaseError: the database is gone; nothing was written.
        """
        drafts = [
            replace(
                draft_of(self._drawing, i, _own(value), Source.ACCEPTED, self._classes),
                suggestion=to_plain(value),
                model=model,
            )
            for i, (value, model) in guesses.items()
        ]
        return self._step(drafts, always, event_id)

    def send_to_review(
        self, sample_ids: Sequence[str], *, event_id: str | None = None
    ) -> list[LabelEvent]:
        """Mark labelled images as to be looked at again; their labels stay and count.

        Args:
            sample_ids: the images; it is not applied to one that has no label or was skipped.
            event_id: id of the step, for a caller that may have to send it twice.

        Raises:
            LabelError: there is no such image, or there are none or too many.
            DatabaseError: the database is gone; nothing was written.
        """
        counts = _counts if self._drawing is None else _is_finished
        return self._step(_marks(sample_ids, Status.IN_REVIEW), counts, event_id)

    def skip(self, sample_ids: Sequence[str], *, event_id: str | None = None) -> list[LabelEvent]:
        """Leave images without a label and out of the queue, as `LabelStore.skip` does.

        Arguments and errors are those of `send_to_review`; it is applied to every image.
        """
        return self._step(_marks(sample_ids, Status.SKIPPED), always, event_id)

    def take_back(self, last: LabelEvent, source: Source, event_id: str | None) -> list[LabelEvent]:
        """Take back every event of the step that `last` belongs to; a redo takes back an undo."""
        kept = self._undoing.kept(last)  # a step does the same to all of its images
        step = [event for event in self._log.find(group=last.group) if event.applied]
        related = [i for event in step for i in (event.undoes, event.previous) if i]
        known = {event.id: event for event in self._log.find(_id={"$in": related})}
        changes: list[tuple[Draft, Stands]] = []
        for event in step:
            earlier = known.get(event.previous or "")
            draft = self._undoing.draft(event, source, earlier, kept=kept)
            left = known[event.undoes].previous if event.undoes else event.id
            changes.append((draft, partial(_is_at, left or None)))
        return self._record(changes, event_id)

    def _step(
        self, drafts: Sequence[Draft], stands: Stands, event_id: str | None
    ) -> list[LabelEvent]:
        if not 0 < len(drafts) <= LARGEST:
            raise LabelError(
                f"1 to {LARGEST:,} images can be changed at once, but got {len(drafts):,}"
            )
        return self._record([(draft, stands) for draft in drafts], event_id)

    def _record(
        self, changes: Sequence[tuple[Draft, Stands]], event_id: str | None
    ) -> list[LabelEvent]:
        own = event_id or uuid.uuid4().hex
        ids = [f"{own}.{number}" for number in range(len(changes))]
        try:
            events = self._writer.write(changes, self._annotator, ids, group=own)
        except DuplicateKeyError:  # sent twice: it is on disk already
            return list(self._log.find(group=own))
        self._recorder.tell(events)
        return events


def _is_open_to(annotator: str, document: Document) -> bool:
    label = document.get(fields.GROUND_TRUTH)
    if label:
        return bool(label.get("annotator") == annotator)
    return (document.get(fields.STATUS) or Status.UNLABELLED.value) in _OPEN


def _counts(document: Document) -> bool:
    return bool(document.get(fields.GROUND_TRUTH)) and (
        document.get(fields.STATUS) != Status.SKIPPED.value
    )


def _own(value: Value) -> Value:
    boxes = (
        () if isinstance(value, str | Painted) else [box for box in value if isinstance(box, Box)]
    )
    return tuple(replace(box, id=box_id()) for box in boxes) if boxes else value


def _is_finished(document: Document) -> bool:
    return document.get(fields.STATUS) in FINISHED


def _marks(sample_ids: Sequence[str], status: Status) -> list[Draft]:
    return [Draft(i, KEEP, status, Source.HUMAN) for i in dict.fromkeys(sample_ids)]


def _is_at(event_id: str | None, document: Document) -> bool:
    return (document.get(fields.EVENT) or None) == event_id
