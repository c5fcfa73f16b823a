"""Writing a change to one image with its event in one transaction, and taking an event back."""

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from workbench.dataset import fields
from workbench.errors import LabelError
from workbench.labels.bulk import BulkLabels
from workbench.labels.classeditor import ClassEditor
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import PROJECTION, Draft, sample_key
from workbench.labels.events import CLASSES, Commit, LabelEvent, Source
from workbench.labels.history import EventLog
from workbench.labels.notes import Notes
from workbench.labels.recording import Recorder
from workbench.labels.undoing import Undoing


class Committer:
    """Writes the changes of one annotator to the images of one dataset.

    Args:
        samples: the collection of the dataset's samples.
        annotator: who labels.
        classes: the class list.
        log: the history.
        recorder: writes events.
        undoing: how events are taken back.
        many: what takes steps of many images back.
        editor: what takes changes of the classes back.
        notes: what takes notes back.
    """

    def __init__(
        self,
        samples: Collection[dict[str, Any]],
        annotator: str,
        classes: ClassList,
        log: EventLog,
        recorder: Recorder,
        undoing: Undoing,
        *,
        many: BulkLabels,
        editor: ClassEditor,
        notes: Notes,
    ) -> None:
        self._samples = samples
        self._annotator = annotator
        self._classes = classes
        self._log = log
        self._recorder = recorder
        self._undoing = undoing
        self._many = many
        self._editor = editor
        self._notes = notes

    def apply(self, draft: Draft, event_id: str | None, based_on: str | None) -> Commit:
        """Write a change and its event; `LabelStore.commit` says the arguments.

        Raises:
            LabelError: it cannot be applied, or there is no such image; nothing was written.
            DatabaseError: the database is gone; nothing was written.
        """
        new_id = event_id or uuid.uuid4().hex
        key = sample_key(draft.sample_id)

        def attempt() -> Commit:
            named = draft.with_classes(self._classes)
            write = partial(self._write, named, key, new_id, based_on)
            return self._recorder.record(new_id, write, draft.sample_id)

        with self._recorder.lock:
            return self._classes.stable(attempt)

    def take_back(
        self,
        latest: Callable[[str], LabelEvent | None],
        source: Source,
        event_id: str | None,
    ) -> Commit | None:
        """Take an event of the annotator back, whatever it was of.

        Args:
            latest: finds the event, by annotator.
            source: undo or redo.
            event_id: id of the new event, for a caller that may have to send it twice.

        Returns:
            What was recorded, or None when there is nothing to take back.
        """
        with self._recorder.lock:
            if event_id is not None and (known := self._log.get_step(event_id)) is not None:
                return self._recorder.known(known)  # sent twice: one step, not two
            last = latest(self._annotator)
            if last is None:
                return None
            if last.group is not None:
                return Commit(self._many.take_back(last, source, event_id)[0])
            if last.field == CLASSES:
                return self._editor.take_back(last, source, self._annotator, event_id)
            if last.field == fields.NOTE:
                return self._notes.take_back(last, source, self._annotator, event_id)
            earlier = self._log.get(last.previous or "")
            # A commit that lost against somebody else's changed nothing: nothing to restore.
            draft = self._undoing.draft(last, source, earlier, kept=self._undoing.kept(last))
            return self.apply(draft, event_id, based_on=self._left(last))

    def _left(self, event: LabelEvent) -> str:
        """The event that an image is at after `event`; empty for none."""
        if event.undoes is None:
            return event.id
        taken_back = self._log.get(event.undoes)
        return (taken_back and taken_back.previous) or ""

    def _write(
        self,
        draft: Draft,
        key: ObjectId,
        new_id: str,
        based_on: str | None,
        session: ClientSession,
    ) -> Commit:
        if draft.writes_a_class:
            self._classes.hold(session)
        query: dict[str, Any] = {"_id": key}
        if based_on is not None:
            query[fields.EVENT] = based_on or None
        draft, before = self._change(draft, query, new_id, session)
        applied = before is not None
        if before is None:
            before = self._samples.find_one({"_id": key}, PROJECTION, session=session)
        if before is None:
            raise LabelError(f"no image has the id {draft.sample_id!r} in this dataset")
        event = draft.event(new_id, self._annotator, before, based_on, applied=applied)
        self._log.insert(event, session)
        at = before.get(fields.EVENT)
        return Commit(event, None if applied else self._log.in_the_way(draft.sample_id, at))

    def _change(
        self, draft: Draft, query: Mapping[str, Any], new_id: str, session: ClientSession
    ) -> tuple[Draft, dict[str, Any] | None]:
        """Change the image that a query finds; how, and what it was, None where it finds none."""
        if not draft.needs_image:
            update = draft.update(new_id, self._annotator)
            return draft, self._samples.find_one_and_update(
                query, update, projection=PROJECTION, session=session
            )
        before = self._samples.find_one(query, PROJECTION, session=session)
        if before is not None:
            draft = draft.against(before)
            update = draft.update(new_id, self._annotator, before)
            # Whoever changes it between the two makes this one fail, and the transaction run again.
            self._samples.update_one({"_id": before["_id"]}, update, session=session)
        return draft, before
