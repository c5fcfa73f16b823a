"""Changing the class list: the list, the images of the class and the event together.

They are written in one transaction. Where a class has more images than fit into one, the change is
marked as unfinished in it and further transactions carry it on, after a crash those of whoever
opens the dataset or changes its classes next. It counts from the first one: no label is written
under an old name any more.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import fiftyone as fo
from bson import ObjectId
from pymongo.client_session import ClientSession

from workbench.dataset.connection import Connection
from workbench.errors import LabelError
from workbench.labels import classedits
from workbench.labels.classedits import ClassEdit, Editor, is_rename
from workbench.labels.classlist import ClassesChangedError, ClassList, follow, standing
from workbench.labels.events import CLASSES, Commit, LabelEvent, Source
from workbench.labels.guidelines import Guidelines
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder
from workbench.labels.relabelling import LeftAs, Relabelling
from workbench.labels.transactions import transact


class ClassEditor:
    """Changes of the class list of one dataset, as events.

    Args:
        connection: the database.
        dataset: the FiftyOne dataset, prepared.
        guidelines: what its classes mean.
        classes: its class list.
        log: its history.
        recorder: writes events.
        told: called once a change has reached every image.
    """

    def __init__(
        self,
        connection: Connection,
        dataset: fo.Dataset,
        guidelines: Guidelines,
        classes: ClassList,
        log: EventLog,
        recorder: Recorder,
        told: Callable[[], None],
    ) -> None:
        self._told = told
        self._connection = connection
        self._dataset = dataset
        self._guidelines = guidelines
        self._classes = classes
        self._log = log
        self._recorder = recorder
        samples = connection.database[dataset._sample_collection_name]
        self._images = Relabelling(connection.database, samples, str(dataset._doc.id), log)

    def change(self, editor: Editor, annotator: str, event_id: str | None) -> Commit:
        """Carry out a change.

        Args:
            editor: works out the change for the list as it is.
            annotator: who changes it.
            event_id: id of the event, for a caller that may have to send it twice.

        Raises:
            LabelError: the change is not possible; nothing was written.
        """
        if event_id is not None and (known := self._log.get(event_id)) is not None:
            return Commit(known)  # sent twice: the name that it takes is taken by itself
        return self._change(editor, annotator, event_id)

    def take_back(
        self, last: LabelEvent, source: Source, annotator: str, event_id: str | None
    ) -> Commit:
        """Take back a change, or what took one back.

        Where others have changed the same classes since, that is recorded and nothing changed.

        Args:
            last: the event to take back.
            source: undo or redo.
            annotator: who takes it back.
            event_id: id of the new event.

        Raises:
            LabelError: images are labelled with the class that goes; nothing was written.
        """
        undone = self._log.get(last.undoes or "")
        if source is Source.REDO and undone is not None:
            editor: Editor = partial(classedits.again, undone)
        else:
            editor = partial(classedits.backwards, last)
        return self._change(editor, annotator, event_id, source, last.id)

    def _change(
        self,
        editor: Editor,
        annotator: str,
        event_id: str | None,
        source: Source = Source.HUMAN,
        undoes: str | None = None,
    ) -> Commit:
        new_id = event_id or uuid.uuid4().hex
        with self._recorder.lock:
            while True:
                self.finish()
                now = self._classes.names
                edit = editor(now)
                event = LabelEvent(
                    id=new_id,
                    sample_id="",
                    field=CLASSES,
                    before=now,
                    after=now if edit is None else edit.after,
                    status_before="",
                    status_after="",
                    annotator=annotator,
                    time=datetime.now(UTC),
                    seconds=None,
                    source=source,
                    undoes=undoes,
                    applied=edit is not None,
                    renamed=() if edit is None else edit.renamed,
                    images=0,
                )
                try:
                    commit = self._recorder.record(new_id, partial(self._write, event, edit))
                except ClassesChangedError:
                    continue  # another process was faster: work it out anew
                self.finish()
                self._told()
                self._dataset.reload()
                return commit

    def describe(
        self, name: str, text: str | None, examples: Sequence[str] | None
    ) -> dict[str, Any]:
        """Set a class's guideline; `LabelStore.describe_class` documents it."""
        given = self._guidelines.check(text, examples)

        def attempt() -> str:
            now = self._classes.class_of(name)

            def body(session: ClientSession) -> None:
                self._classes.hold(session)
                self._guidelines.write(now, given, session)

            transact(self._connection, body)
            return now

        with self._recorder.lock:
            now = self._classes.stable(attempt)
            return self._guidelines.read([now])[now]

    def finish(self) -> None:
        """Read the class list, and carry a change of it on that has not reached every image yet."""
        with self._recorder.lock:
            self._classes.reload()
            while change := self._log.get(self._classes.unfinished):
                after: ObjectId | None = None
                more = True
                while more:
                    after, more = transact(self._connection, partial(self._go_on, change, after))
                self._dataset.reload()
                self._classes.reload()

    def _write(self, event: LabelEvent, edit: ClassEdit | None, session: ClientSession) -> Commit:
        if edit is None:
            changes = self._log.class_changes()
            self._log.insert(event, session)
            return Commit(event, changes[-1] if changes else None)
        # First of all: from here on no other process can write a label.
        self._classes.write(edit.after, event.id, session)
        if edit.unused is not None and self._images.count([edit.unused], session):
            raise LabelError(
                f"the class {edit.unused!r} cannot be taken back: images are labelled with it; "
                f"bench.classes.remove({edit.unused!r}) takes their labels away too"
            )
        event = replace(event, images=self._count(event, session))
        self._log.insert(event, session)
        self._describe(event, session)
        self._classes.unfinished = event.id
        self._go_on(event, None, session)
        return Commit(event)

    def _describe(self, change: LabelEvent, session: ClientSession) -> None:
        """Let guidelines follow their classes."""
        if is_rename(change):
            ((old, new),) = change.renamed
            self._guidelines.rename(old, str(new), session)
        else:
            gone = set(change.before or []) - set(change.after or [])
            self._guidelines.drop(gone, change.id, session)
        if change.undoes is not None:
            self._guidelines.restore(change.undoes, session)

    def _go_on(
        self, change: LabelEvent, after: ObjectId | None, session: ClientSession
    ) -> tuple[ObjectId | None, bool]:
        """Carry a change to the next images: where to go on behind, and whether there are more."""
        more = False
        if change.renamed:
            after = self._images.relabel(
                dict(change.renamed),
                session,
                # A rename is taken back by its name; of a merge, the label does not tell any more.
                keep_for=None if is_rename(change) else change.id,
                after=after,
            )
            more = after is not None
        elif kept := self._taken_back(change):
            more = self._images.give_back(kept.id, self._left_as(kept, change), session)
        if not more:
            self._classes.finish(session)
        return after, more

    def _count(self, change: LabelEvent, session: ClientSession) -> int:
        """How many images' labels a change changes, before it does."""
        if change.renamed:
            return self._images.count([old for old, _ in change.renamed], session)
        if kept := self._taken_back(change):
            return self._images.count_kept(kept.id, self._left_as(kept, change), session)
        return 0

    def _taken_back(self, change: LabelEvent) -> LabelEvent | None:
        """The merge or removal that a change takes back, if that is what it does."""
        undone = self._log.get(change.undoes or "")
        return undone if undone and undone.renamed and not change.renamed else None

    def _left_as(self, kept: LabelEvent, change: LabelEvent) -> LeftAs:
        """What a merge or removal left labels with, by what they were, just before `change`."""
        earlier = [other for other in self._log.class_changes() if other.id != change.id]
        stand = standing(earlier)
        since = stand[stand.index(kept) :]
        return lambda label: follow(label, since)
