"""Labelling many images by one act of the hand: an event each, one step to undo."""

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
from workbench.labels.drafts import PROJECTION, Draft, sample_key
from workbench.labels.events import LabelEvent, Source
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder
from workbench.labels.transactions import transact

LARGEST = 5_000  # images in one step, which is one transaction

_OPEN = {Status.UNLABELLED.value, Status.QUEUED.value}
_Document = Mapping[str, Any]
_Stands = Callable[[_Document], bool]
"""Whether a change may be applied, by the image's document as it is."""


class BulkLabels:
    """Steps that label many images of one dataset.

    Args:
        connection: the database.
        samples: the collection of the dataset's samples.
        classes: its class list.
        log: its history.
        recorder: who tells of events.
    """

    def __init__(
        self,
        connection: Connection,
        samples: Collection[dict[str, Any]],
        classes: ClassList,
        log: EventLog,
        recorder: Recorder,
    ) -> None:
        self._connection = connection
        self._samples = samples
        self._classes = classes
        self._log = log
        self._recorder = recorder

    def label(
        self,
        sample_ids: Sequence[str],
        label: str,
        annotator: str,
        *,
        seconds: float | None,
        source: Source,
        group: str | None,
    ) -> list[LabelEvent]:
        """Label images that nobody else has labelled; `LabelStore.commit_many` documents it."""
        unique = list(dict.fromkeys(sample_ids))
        if not 0 < len(unique) <= LARGEST:
            raise LabelError(
                f"1 to {LARGEST:,} images can be labelled at once, but got {len(unique):,}"
            )
        each = None if seconds is None else seconds / len(unique)
        while True:
            now = self._classes.class_of(label)
            drafts = [Draft(i, now, Status.LABELLED, source, each) for i in unique]
            try:
                stands = partial(_is_open_to, annotator)
                return self._record([(draft, stands) for draft in drafts], annotator, group)
            except ClassesChangedError:
                self._classes.reload()

    def take_back(
        self, last: LabelEvent, source: Source, annotator: str, group: str | None
    ) -> list[LabelEvent]:
        """Take back every event of the step that `last` belongs to; a redo takes back an undo."""
        step = [event for event in self._log.find(group=last.group) if event.applied]
        related = [i for event in step for i in (event.undoes, event.previous) if i]
        known = {event.id: event for event in self._log.find(_id={"$in": related})}
        while True:
            changes: list[tuple[Draft, _Stands]] = []
            for event in step:
                draft = Draft(
                    event.sample_id,
                    str(event.before) if event.before is not None else None,
                    Status(event.status_before),
                    source,
                    undoes=event.id,
                    restores=event.previous,
                    given_by=_giver(known.get(event.previous or "")),
                ).with_classes(self._classes.class_of)
                left = known[event.undoes].previous if event.undoes else event.id
                changes.append((draft, partial(_is_at, left or None)))
            try:
                return self._record(changes, annotator, group)
            except ClassesChangedError:
                self._classes.reload()

    def _record(
        self,
        changes: Sequence[tuple[Draft, _Stands]],
        annotator: str,
        group: str | None,
    ) -> list[LabelEvent]:
        own = group or uuid.uuid4().hex
        with self._recorder.lock:
            try:
                write = partial(self._write, changes, annotator, own)
                events = transact(self._connection, write)
            except DuplicateKeyError:  # sent twice: it is on disk already
                return list(self._log.find(group=own))
            self._recorder.refresh(*(event.sample_id for event in events))
        self._recorder.tell(events)
        return events

    def _write(
        self,
        changes: Sequence[tuple[Draft, _Stands]],
        annotator: str,
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
                updates.append(UpdateOne({"_id": key}, draft.update(new_id, annotator)))
            events.append(
                draft.event(new_id, annotator, before, None, applied=applied, group=group)
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


def _is_at(event_id: str | None, document: _Document) -> bool:
    return (document.get(fields.EVENT) or None) == event_id


def _giver(event: LabelEvent | None) -> tuple[str, Source] | None:
    return (event.annotator, event.source) if event else None
