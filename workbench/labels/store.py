"""Committing labels: event and label in one transaction, and taking them back.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import fiftyone as fo
import pandas as pd
from bson import ObjectId
from pymongo.client_session import ClientSession

from workbench.dataset import fields
from workbench.dataset.connection import Connection
from workbench.dataset.schema import task_of
from workbench.dataset.types import Status
from workbench.dataset.values import MULTILABEL, Plain, from_plain
from workbench.errors import LabelError
from workbench.labels import classedits
from workbench.labels.batches import BatchWriter
from workbench.labels.bulk import BulkLabels
from workbench.labels.classeditor import ClassEditor
from workbench.labels.classlist import ClassList
from workbench.labels.counting import count_labels
from workbench.labels.drafts import KEEP, PROJECTION, Draft, sample_key
from workbench.labels.events import CLASSES, Commit, LabelEvent, Source
from workbench.labels.guidelines import Guidelines
from workbench.labels.history import EventLog
from workbench.labels.imports import import_labels
from workbench.labels.notes import Notes
from workbench.labels.recording import Recorder
from workbench.labels.undoing import Undoing

__all__ = ["Commit", "LabelStore"]


class LabelStore:
    """The labels of one dataset, for one annotator.

    Every method is safe to call from any thread, while cells run.

    Args:
        connection: the database.
        dataset: the FiftyOne dataset, prepared.
        annotator: who labels.

    Attributes:
        task: what is labelled: one class an image, or several.
        many: what is done to many images at once, as one step.
    """

    def __init__(self, connection: Connection, dataset: fo.Dataset, annotator: str) -> None:
        self.annotator = annotator
        self.task = task_of(dataset)
        self._connection = connection
        self._dataset = dataset
        self._log = EventLog(connection.database, self.dataset_id)
        self._samples = connection.database[dataset._sample_collection_name]
        self._recorder = Recorder(connection, dataset, self._log)
        multilabel = self.task == MULTILABEL
        database = connection.database
        self._classes = ClassList(database, self.dataset_id, self._log, multilabel=multilabel)
        self._guidelines = Guidelines(connection.database, self._samples, self.dataset_id)
        parts = self._classes, self._log, self._recorder
        self._editor = ClassEditor(connection, dataset, self._guidelines, *parts)
        self._writer = BatchWriter(connection, self._samples, *parts)
        self._undoing = Undoing(self._log)
        self.many = BulkLabels(self._writer, annotator, self._undoing, self._log, self._recorder)
        self._notes = Notes(self._samples, self._log, self._recorder)
        self._editor.finish()

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of their indices."""
        return list(self._classes.names)

    @property
    def dataset_id(self) -> str:
        """What events are kept under; stays the same when the dataset is renamed."""
        return str(self._dataset._doc.id)

    @property
    def events(self) -> EventLog:
        """The history."""
        return self._log

    def counts(self) -> dict[str, int]:
        """How many images have each class, in the order of the classes; skipped ones do not count."""
        return count_labels(self._samples, self.task, self._classes.names)

    def history(self) -> pd.DataFrame:
        """Every event, a row each, oldest first; columns are `LabelEvent`'s attributes."""
        return self._log.to_pandas()

    def on_event(self, listener: Callable[[LabelEvent], None]) -> Callable[[], None]:
        """Call `listener` after each event of this store; returns how to stop that."""
        return self._recorder.on_event(listener)

    def commit(
        self,
        sample_id: str,
        label: str | Sequence[str],
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        suggestion: Plain = None,
        model: str | None = None,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Label an image. When this returns, the label is on disk.

        Args:
            sample_id: the image.
            label: name of a class, in multi-label the names of all classes that it has; a name
                that a class had before it was renamed or merged will do.
            seconds: spent on it; capped at 120.
            source: how it came about.
            suggestion: what was suggested, if that was shown.
            model: the model that suggested it.
            based_on: the event that the annotator saw as the image's latest (an empty string: none
                yet). If another is the latest by now, the label is recorded but not applied. By
                default whatever is there is overruled.
            event_id: id of the event, for a caller that may have to send it twice.

        Returns:
            What was recorded.

        Raises:
            LabelError: the class is not in the list or was removed, or there is no such image.
            DatabaseError: the database is gone; nothing was written.
        """
        value = self._classes.value_of(from_plain(label))
        draft = Draft(sample_id, value, Status.LABELLED, source, seconds, suggestion, model)
        return self._apply(draft, event_id, based_on)

    def commit_many(
        self,
        sample_ids: Sequence[str],
        label: str | Sequence[str],
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        event_id: str | None = None,
    ) -> list[LabelEvent]:
        """Label many images, as one step: one `undo` takes all of it back.

        Nobody else's label is overruled: that takes a look at the image, and `commit`.

        Args:
            sample_ids: the images, at most 5,000.
            label: name of a class; in multi-label the names of all classes that they have.
            seconds: spent on all of them together.
            source: how it came about.
            event_id: id of the step, for a caller that may have to send it twice.

        Returns:
            An event an image. Where somebody else has labelled the image, or it was skipped, it is
            recorded but not applied.

        Raises:
            LabelError: the class is not in the list or was removed, there is no such image, or
                there are none or too many.
            DatabaseError: the database is gone; nothing was written.
        """
        return self.many.label(sample_ids, label, seconds=seconds, source=source, event_id=event_id)

    def skip(
        self,
        sample_id: str,
        *,
        seconds: float | None = None,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Leave an image without a label and out of the queue; its label, if any, stays.

        Arguments, result and errors are those of `commit`.
        """
        draft = Draft(sample_id, KEEP, Status.SKIPPED, Source.HUMAN, seconds)
        return self._apply(draft, event_id, based_on)

    def note(self, sample_id: str, text: str, *, event_id: str | None = None) -> Commit:
        """Write a note on an image, in the place of the one it has; an empty one takes it away.

        The image's label, its status and what commits are based on stay as they are.

        Args:
            sample_id: the image.
            text: at most 10,000 characters.
            event_id: id of the event, for a caller that may have to send it twice.

        Returns:
            What was recorded.

        Raises:
            LabelError: it is no text or too long, or there is no such image.
        """
        return self._notes.write(sample_id, text, self.annotator, event_id)

    def undo(self, event_id: str | None = None, step: str | None = None) -> Commit | None:
        """Take back this annotator's latest event that still stands, as a new event.

        What `commit_many` recorded is taken back as one; across restarts, to the first event.

        Args:
            event_id: id of the undoing event, for a caller that may have to send it twice.
            step: id of the event or step to take back, in place of the latest.

        Returns:
            The undoing event, or None when there is nothing to take back.
        """
        return self._take_back(partial(self._log.latest_undoable, step=step), Source.UNDO, event_id)

    def redo(self, event_id: str | None = None, step: str | None = None) -> Commit | None:
        """Take back this annotator's latest undo, as a new event that can be undone again.

        All undos there are can be taken back, until the annotator does anything new.

        Args:
            event_id: id of the redoing event, for a caller that may have to send it twice.
            step: id of the undo to take back, in place of the latest, whatever was done since.

        Returns:
            The redoing event, or None when there is nothing to do again.
        """
        return self._take_back(partial(self._log.latest_redoable, step=step), Source.REDO, event_id)

    def add_class(self, name: str, event_id: str | None = None) -> Commit:
        """Add a class at the end of the list.

        Raises:
            LabelError: the name is empty, too long, or taken.
        """
        return self._editor.change(partial(classedits.add, name), self.annotator, event_id)

    def rename_class(self, old: str, new: str, event_id: str | None = None) -> Commit:
        """Give a class another name, on all of its images; its index stays.

        Returns:
            What was recorded; `event.images` says how many labels changed.

        Raises:
            LabelError: there is no such class, or the new name is empty, too long, or taken.
        """
        return self._editor.change(partial(classedits.rename, old, new), self.annotator, event_id)

    def merge_classes(
        self, sources: Sequence[str], into: str, event_id: str | None = None
    ) -> Commit:
        """Make one class of several: the images of `sources` become those of `into`.

        Returns:
            What was recorded; `event.images` says how many labels changed.

        Raises:
            LabelError: one of them is no class, or there is nothing to merge.
        """
        return self._editor.change(
            partial(classedits.merge, sources, into), self.annotator, event_id
        )

    def remove_class(self, name: str, event_id: str | None = None) -> Commit:
        """Remove a class; images that are labelled with it become unlabelled.

        Returns:
            What was recorded; `event.images` says how many labels were taken away.

        Raises:
            LabelError: there is no such class.
        """
        return self._editor.change(partial(classedits.remove, name), self.annotator, event_id)

    def describe_class(
        self, name: str, text: str | None = None, examples: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Say what a class means. It is no event: what was said before is replaced.

        Args:
            name: the class.
            text: at most 10,000 characters; None leaves what there is.
            examples: sample ids, at most 100; None leaves what there is.

        Returns:
            The class's `text` and `examples` now.

        Raises:
            LabelError: there is no such class or image, or the text is too long.
        """
        return self._editor.describe(name, text, examples)

    def guidelines(self) -> dict[str, dict[str, Any]]:
        """`text` and `examples` (sample ids) of each class that has been described, by name."""
        return self._guidelines.read(self.classes)

    def ever_had_class(self, name: str) -> bool:
        """Whether a class is called so, or was before it was renamed, merged or removed."""
        return self._classes.ever_had(name)

    def class_now(self, name: str) -> str | None:
        """What a class is called that is or was called `name`; None if it was removed.

        Raises:
            LabelError: there never was one.
        """
        return self._classes.class_now(name)

    def import_labels(
        self, labels: Mapping[str, str | Sequence[str]], annotator: str = "import"
    ) -> int:
        """Record labels that somebody else gave, an event each, in transactions of 1,000.

        Args:
            labels: by sample id, as `commit` takes them; classes must be in the list.
            annotator: whose labels they are.

        Returns:
            How many were recorded.

        Raises:
            LabelError: a class is not in the list or was removed; nothing was written.
        """
        return import_labels(self._writer, self._classes, labels, annotator)

    def reload_classes(self) -> None:
        """Take in what another process did to the classes."""
        self._classes.reload()

    def _take_back(
        self,
        latest: Callable[[str], LabelEvent | None],
        source: Source,
        event_id: str | None,
    ) -> Commit | None:
        with self._recorder.lock:
            if event_id is not None and (known := self._log.get_step(event_id)) is not None:
                return self._recorder.known(known)  # sent twice: one step, not two
            last = latest(self.annotator)
            if last is None:
                return None
            if last.group is not None:
                return Commit(self.many.take_back(last, source, event_id)[0])
            if last.field == CLASSES:
                return self._editor.take_back(last, source, self.annotator, event_id)
            if last.field == fields.NOTE:
                return self._notes.take_back(last, source, self.annotator, event_id)
            earlier = self._log.get(last.previous or "")
            # A commit that lost against somebody else's changed nothing: nothing to restore.
            draft = self._undoing.draft(last, source, earlier, kept=self._undoing.kept(last))
            return self._apply(draft, event_id, based_on=self._left(last))

    def _left(self, event: LabelEvent) -> str:
        """The event that an image is at after `event`; empty for none."""
        if event.undoes is None:
            return event.id
        taken_back = self._log.get(event.undoes)
        return (taken_back and taken_back.previous) or ""

    def _apply(self, draft: Draft, event_id: str | None, based_on: str | None) -> Commit:
        new_id = event_id or uuid.uuid4().hex
        key = sample_key(draft.sample_id)

        def attempt() -> Commit:
            named = draft.with_classes(self._classes)
            write = partial(self._write, named, key, new_id, based_on)
            return self._recorder.record(new_id, write, draft.sample_id)

        with self._recorder.lock:
            return self._classes.stable(attempt)

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
        update = draft.update(new_id, self.annotator)
        before = self._samples.find_one_and_update(
            query, update, projection=PROJECTION, session=session
        )
        applied = before is not None
        if before is None:
            before = self._samples.find_one({"_id": key}, PROJECTION, session=session)
        if before is None:
            raise LabelError(f"no image has the id {draft.sample_id!r} in {self._dataset.name!r}")
        event = draft.event(new_id, self.annotator, before, based_on, applied=applied)
        self._log.insert(event, session)
        at = before.get(fields.EVENT)
        return Commit(event, None if applied else self._log.in_the_way(draft.sample_id, at))
