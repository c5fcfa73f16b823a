"""Committing labels: event and label in one transaction, and taking them back.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fiftyone as fo
import pandas as pd
from bson import ObjectId
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from workbench.dataset import fields
from workbench.dataset.connection import Connection
from workbench.dataset.types import Status
from workbench.errors import LabelError
from workbench.labels.drafts import KEEP, PROJECTION, Draft
from workbench.labels.events import CLASSES, LabelEvent, Source
from workbench.labels.history import EventLog
from workbench.labels.transactions import transact

_IMPORT_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Commit:
    """The answer to a commit: it is on disk.

    Attributes:
        event: what was recorded.
        conflict: the event of somebody else that stood in the way, if `event` was not applied.
    """

    event: LabelEvent
    conflict: LabelEvent | None = None


class LabelStore:
    """The labels of one dataset, for one annotator.

    Every method is safe to call from any thread, while cells run.

    Args:
        connection: the database.
        dataset: the FiftyOne dataset, prepared.
        annotator: who labels.
    """

    def __init__(self, connection: Connection, dataset: fo.Dataset, annotator: str) -> None:
        self.annotator = annotator
        self._connection = connection
        self._dataset = dataset
        self._log = EventLog(connection.database, str(dataset._doc.id))
        self._samples = connection.database[dataset._sample_collection_name]
        self._datasets = connection.database["datasets"]
        self._lock = threading.RLock()
        self._listeners: list[Callable[[LabelEvent], None]] = []
        self._classes: list[str] = list(dataset.default_classes)

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of their indices."""
        return list(self._classes)

    @property
    def dataset_id(self) -> str:
        """What events are kept under; stays the same when the dataset is renamed."""
        return str(self._dataset._doc.id)

    @property
    def events(self) -> EventLog:
        """The history."""
        return self._log

    def counts(self) -> dict[str, int]:
        """How many images have each label, counted by the database; skipped ones do not count."""
        label = f"${fields.GROUND_TRUTH}.label"
        found = self._samples.aggregate(
            [
                {"$match": {fields.STATUS: {"$ne": Status.SKIPPED.value}}},
                {"$group": {"_id": label, "count": {"$sum": 1}}},
            ]
        )
        return {row["_id"]: row["count"] for row in found if row["_id"] is not None}

    def history(self) -> pd.DataFrame:
        """Every event, a row each, oldest first; columns are `LabelEvent`'s attributes."""
        return self._log.to_pandas()

    def on_event(self, listener: Callable[[LabelEvent], None]) -> Callable[[], None]:
        """Call `listener` after each event of this store; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def commit(
        self,
        sample_id: str,
        label: str,
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        suggestion: str | None = None,
        model: str | None = None,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Label an image. When this returns, the label is on disk.

        Args:
            sample_id: the image.
            label: name of a class.
            seconds: spent on it; capped at 120.
            source: how it came about.
            suggestion: the class that was suggested, if one was shown.
            model: the model that suggested it.
            based_on: the event that the annotator saw as the image's latest (an empty string: none
                yet). If another is the latest by now, the label is recorded but not applied. By
                default whatever is there is overruled.
            event_id: id of the event, for a caller that may have to send it twice.

        Returns:
            What was recorded.

        Raises:
            LabelError: the class is not in the list, or there is no such image.
            DatabaseError: the database is gone; nothing was written.
        """
        self._known(label)
        draft = Draft(sample_id, label, Status.LABELLED, source, seconds, suggestion, model)
        return self._apply(draft, event_id, based_on)

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

    def undo(self, event_id: str | None = None) -> Commit | None:
        """Take back this annotator's latest event that still stands, as a new event.

        It works across restarts, as far back as the history goes.

        Args:
            event_id: id of the undoing event, for a caller that may have to send it twice.

        Returns:
            The undoing event, or None when there is nothing to take back.
        """
        with self._lock:
            if event_id is not None and (known := self._log.get(event_id)) is not None:
                return Commit(known)  # sent twice: one step back, not two
            last = self._log.latest_undoable(self.annotator)
            if last is None:
                return None
            if last.field == CLASSES:
                return self._change_classes(list(last.before or []), event_id, undoes=last.id)
            # A commit that lost against somebody else's changed nothing: nothing to restore.
            draft = Draft(
                last.sample_id,
                str(last.before) if last.before is not None else None,
                Status(last.status_before),
                Source.UNDO,
                undoes=last.id,
                restores=last.previous,
            )
            return self._apply(draft, event_id, based_on=last.id)

    def add_class(self, name: str, event_id: str | None = None) -> Commit:
        """Add a class at the end of the list.

        Raises:
            LabelError: the name is empty, too long, or taken.
        """
        from workbench.dataset.schema import clean_classes
        from workbench.errors import DatasetError

        with self._lock:
            self.reload_classes()
            try:
                (clean,) = clean_classes([name], existing=self._classes)
            except DatasetError as error:
                raise LabelError(str(error)) from error
            return self._change_classes([*self._classes, clean], event_id)

    def import_labels(self, labels: Mapping[str, str], annotator: str = "import") -> int:
        """Record labels that somebody else gave, an event each, in transactions of 1,000.

        Args:
            labels: class names by sample id; classes must be in the list.
            annotator: whose labels they are.

        Returns:
            How many were recorded.

        Raises:
            LabelError: a class is not in the list; nothing was written.
        """
        for label in set(labels.values()):
            self._known(label)
        items = list(labels.items())
        for start in range(0, len(items), _IMPORT_BATCH):
            self._import_batch(dict(items[start : start + _IMPORT_BATCH]), annotator)
        return len(items)

    def reload_classes(self) -> None:
        """Take in classes that another process added."""
        found = self._datasets.find_one({"_id": self._dataset._doc.id}, {CLASSES: 1})
        self._classes = list((found or {}).get(CLASSES, []))

    def _known(self, label: str) -> None:
        if label not in self._classes:
            self.reload_classes()
        if label not in self._classes:
            listed = ", ".join(repr(name) for name in self._classes[:20]) or "none yet"
            raise LabelError(
                f"unknown class {label!r}: the classes are {listed}; bench.classes.add({label!r}) adds it"
            )

    def _apply(self, draft: Draft, event_id: str | None, based_on: str | None) -> Commit:
        new_id = event_id or uuid.uuid4().hex
        try:
            key = ObjectId(draft.sample_id)
        except Exception as error:
            raise LabelError(
                f"no image has the id {draft.sample_id!r}: it is no sample id"
            ) from error

        def body(session: ClientSession) -> Commit:
            query: dict[str, Any] = {"_id": key}
            if based_on is not None:
                query[fields.EVENT] = based_on or None
            before = self._samples.find_one_and_update(
                query, draft.update(new_id, self.annotator), projection=PROJECTION, session=session
            )
            if before is not None:
                event = draft.event(new_id, self.annotator, before, based_on, applied=True)
                self._log.insert(event, session)
                return Commit(event)
            current = self._samples.find_one({"_id": key}, PROJECTION, session=session)
            if current is None:
                raise LabelError(
                    f"no image has the id {draft.sample_id!r} in {self._dataset.name!r}"
                )
            event = draft.event(new_id, self.annotator, current, based_on, applied=False)
            self._log.insert(event, session)
            return Commit(event, self._log.get(current.get(fields.EVENT) or "", session))

        return self._record(new_id, body, draft.sample_id)

    def _change_classes(
        self, after: Sequence[str], event_id: str | None, undoes: str | None = None
    ) -> Commit:
        new_id = event_id or uuid.uuid4().hex
        gone = set(self._classes) - set(after)
        label_path = f"{fields.GROUND_TRUTH}.label"
        if gone and (
            used := self._samples.find_one({label_path: {"$in": list(gone)}}, {label_path: 1})
        ):
            name = used[fields.GROUND_TRUTH]["label"]
            raise LabelError(
                f"the class {name!r} cannot be taken back: images are labelled with it"
            )

        def body(session: ClientSession) -> Commit:
            found = self._datasets.find_one_and_update(
                {"_id": self._dataset._doc.id}, {"$set": {CLASSES: list(after)}}, session=session
            )
            event = LabelEvent(
                id=new_id,
                sample_id="",
                field=CLASSES,
                before=list((found or {}).get(CLASSES, [])),
                after=list(after),
                status_before="",
                status_after="",
                annotator=self.annotator,
                time=datetime.now(UTC),
                seconds=None,
                source=Source.UNDO if undoes else Source.HUMAN,
                undoes=undoes,
            )
            self._log.insert(event, session)
            return Commit(event)

        with self._lock:
            commit = self._record(new_id, body, None)
            self._classes = list(after)
            self._dataset.reload()
        return commit

    def _record(
        self, event_id: str, body: Callable[[ClientSession], Commit], sample_id: str | None
    ) -> Commit:
        with self._lock:
            try:
                commit = transact(self._connection, body)
            except DuplicateKeyError:
                # Sent twice, or sent again because the answer got lost: it is on disk already.
                event = self._log.get(event_id)
                if event is None:
                    raise
                return Commit(event)
            if sample_id is not None:
                self._refresh(sample_id)
        for listener in list(self._listeners):
            listener(commit.event)
        return commit

    def _refresh(self, sample_id: str) -> None:
        """Bring a sample object that somebody holds in this process up to date."""
        loaded = fo.Sample._instances.get(self._dataset._sample_collection_name, {})
        sample = loaded.get(sample_id)
        if sample is not None:
            sample.reload()

    def _import_batch(self, labels: Mapping[str, str], annotator: str) -> None:
        ids = {sample_id: uuid.uuid4().hex for sample_id in labels}

        def body(session: ClientSession) -> None:
            keys = [ObjectId(sample_id) for sample_id in labels]
            current = {
                str(found["_id"]): found
                for found in self._samples.find({"_id": {"$in": keys}}, PROJECTION, session=session)
            }
            events, updates = [], []
            for sample_id, label in labels.items():
                draft = Draft(sample_id, label, Status.LABELLED, Source.IMPORT)
                new_id = ids[sample_id]
                events.append(
                    draft.event(new_id, annotator, current[sample_id], None, applied=True)
                )
                updates.append(
                    UpdateOne({"_id": ObjectId(sample_id)}, draft.update(new_id, annotator))
                )
            self._samples.bulk_write(updates, ordered=False, session=session)
            self._log.insert_many(events, session)

        with self._lock:
            transact(self._connection, body)
            for sample_id in labels:
                self._refresh(sample_id)
