"""What one act of the hand does to many images: an event each, one step to undo."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from workbench.dataset import fields
from workbench.dataset.connection import Connection
from workbench.dataset.types import Status
from workbench.errors import LabelError
from workbench.labels.classlist import ClassesChangedError, ClassList
from workbench.labels.drafts import KEEP, PROJECTION, Draft, sample_key
from workbench.labels.events import LabelEvent, Source
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder
from workbench.labels.transactions import transact
from workbench.labels.undoing import Undoing

LARGEST = 5_000  # images in one step, which is one transaction

_OPEN = {Status.UNLABELLED.value, Status.QUEUED.value}
_Document = Mapping[str, Any]
_Stands = Callable[[_Document], bool]
"""Whether a change may be applied, by the image's document as it is."""


class BulkLabels:
    """Steps that label many images of one dataset; `LabelStore.undo` takes a step back as one.

    Each takes at most 5,000 images, and says of each what was recorded: where the step could not be
    applied to an image, because somebody has changed it meanwhile, the event is not `applied`.

    Args:
        connection: the database.
        samples: the collection of the dataset's samples.
        annotator: who labels.
        undoing: how events are taken back.
        classes: its class list.
        log: its history.
        recorder: who tells of events.
    """

    def __init__(
        self,
        connection: Connection,
        samples: Collection[dict[str, Any]],
        annotator: str,
        undoing: Undoing,
        classes: ClassList,
        log: EventLog,
        recorder: Recorder,
    ) -> None:
        self._connection = connection
        self._samples = samples
        self._annotator = annotator
        self._undoing = undoing
        self._classes = classes
        self._log = log
        self._recorder = recorder

    def label(
        self,
        sample_ids: Sequence[str],
        label: str,
        *,
        relabel: bool = False,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        event_id: str | None = None,
    ) -> list[LabelEvent]:
        """Give images the same label.

        Args:
            sample_ids: the images.
            label: name of a class.
            relabel: whether images that somebody else has labelled, or that were skipped, are to
                get this label too; by default they stay, as `LabelStore.commit_many` says.
            seconds: spent on all of them together.
            source: how it came about.
            event_id: id of the step, for a caller that may have to send it twice.

        Raises:
            LabelError: the class is not in the list or was removed, there is no such image, or
                there are none or too many.
            DatabaseError: the database is gone; nothing was written.
        """
        unique = list(dict.fromkeys(sample_ids))
        each = None if seconds is None else seconds / max(1, len(unique))
        drafts = [Draft(i, label, Status.LABELLED, source, each) for i in unique]
        stands = _always if relabel else partial(_is_open_to, self._annotator)
        return self._step(drafts, stands, event_id)

    def accept(
        self, guesses: Mapping[str, tuple[str, str | None]], *, event_id: str | None = None
    ) -> list[LabelEvent]:
        """Give images the label that a model predicts, in the place of any that they have.

        Args:
            guesses: by sample id, the class and the model that predicts it.
            event_id: id of the step, for a caller that may have to send it twice.

        Raises:
            LabelError: as `label`.
            DatabaseError: the database is gone; nothing was written.
        """
        drafts = [
            Draft(i, label, Status.LABELLED, Source.ACCEPTED, suggestion=label, model=model)
            for i, (label, model) in guesses.items()
        ]
        return self._step(drafts, _always, event_id)

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
        return self._step(_marks(sample_ids, Status.IN_REVIEW), _counts, event_id)

    def skip(self, sample_ids: Sequence[str], *, event_id: str | None = None) -> list[LabelEvent]:
        """Leave images without a label and out of the queue, as `LabelStore.skip` does.

        Arguments and errors are those of `send_to_review`; it is applied to every image.
        """
        return self._step(_marks(sample_ids, Status.SKIPPED), _always, event_id)

    def take_back(self, last: LabelEvent, source: Source, event_id: str | None) -> list[LabelEvent]:
        """Take back every event of the step that `last` belongs to; a redo takes back an undo."""
        kept = self._undoing.kept(last)  # a step does the same to all of its images
        step = [event for event in self._log.find(group=last.group) if event.applied]
        related = [i for event in step for i in (event.undoes, event.previous) if i]
        known = {event.id: event for event in self._log.find(_id={"$in": related})}
        while True:
            changes: list[tuple[Draft, _Stands]] = []
            for event in step:
                earlier = known.get(event.previous or "")
                draft = self._undoing.draft(event, source, earlier, kept=kept)
                draft = draft.with_classes(self._classes.class_of)
                left = known[event.undoes].previous if event.undoes else event.id
                changes.append((draft, partial(_is_at, left or None)))
            try:
                return self._record(changes, event_id)
            except ClassesChangedError:
                self._classes.reload()

    def _step(
        self, drafts: Sequence[Draft], stands: _Stands, event_id: str | None
    ) -> list[LabelEvent]:
        if not 0 < len(drafts) <= LARGEST:
            raise LabelError(
                f"1 to {LARGEST:,} images can be changed at once, but got {len(drafts):,}"
            )
        while True:
            named = [draft.with_classes(self._classes.class_of) for draft in drafts]
            try:
                return self._record([(draft, stands) for draft in named], event_id)
            except ClassesChangedError:
                self._classes.reload()

    def _record(
        self, changes: Sequence[tuple[Draft, _Stands]], event_id: str | None
    ) -> list[LabelEvent]:
        own = event_id or uuid.uuid4().hex
        with self._recorder.lock:
            try:
                write = partial(self._write, changes, own)
                events = transact(self._connection, write)
            except DuplicateKeyError:  # sent twice: it is on disk already
                return list(self._log.find(group=own))
            self._recorder.refresh(*(event.sample_id for event in events))
        self._recorder.tell(events)
        return events

    def _write(
        self,
        changes: Sequence[tuple[Draft, _Stands]],
        group: str,
        session: ClientSession,
    ) -> list[LabelEvent]:
        if any(draft.writes_a_class for draft, _ in changes):
            self._classes.hold(session)
        keys = [sample_key(draft.sample_id) for draft, _ in changes]
        found = self._samples.find({"_id": {"$in": keys}}, PROJECTION, session=session)
        current = {document["_id"]: document for document in found}
        events, updates = [], []
        for number, (key, (draft, stands)) in enumerate(zip(keys, changes, strict=True)):
            if key not in current:
                raise LabelError(f"no image has the id {draft.sample_id!r} in this dataset")
            new_id, before = f"{group}.{number}", current[key]
            applied = stands(before)
            if applied:
                updates.append(UpdateOne({"_id": key}, draft.update(new_id, self._annotator)))
            events.append(
                draft.event(new_id, self._annotator, before, None, applied=applied, group=group)
            )
        if updates:
            self._samples.bulk_write(updates, ordered=False, session=session)
        self._log.insert_many(events, session)
        return events


def _is_open_to(annotator: str, document: _Document) -> bool:
    label = document.get(fields.GROUND_TRUTH)
    if label:
        return bool(label.get("annotator") == annotator)
    return (document.get(fields.STATUS) or Status.UNLABELLED.value) in _OPEN


def _counts(document: _Document) -> bool:
    return bool(document.get(fields.GROUND_TRUTH)) and (
        document.get(fields.STATUS) != Status.SKIPPED.value
    )


def _always(_: _Document) -> bool:
    return True


def _marks(sample_ids: Sequence[str], status: Status) -> list[Draft]:
    return [Draft(i, KEEP, status, Source.HUMAN) for i in dict.fromkeys(sample_ids)]


def _is_at(event_id: str | None, document: _Document) -> bool:
    return (document.get(fields.EVENT) or None) == event_id
