"""Labels that came with the images: many at once, each still an event."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from workbench.dataset.connection import Connection
from workbench.dataset.types import Status
from workbench.labels.classlist import ClassesChangedError, ClassList
from workbench.labels.drafts import PROJECTION, Draft
from workbench.labels.events import Source
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder
from workbench.labels.transactions import transact

_BATCH = 1_000


class Importer:
    """Imports labels into one dataset.

    Args:
        connection: the database.
        samples: the collection of the dataset's samples.
        classes: its class list.
        log: its history.
        recorder: keeps objects in this process up to date.
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

    def record(self, labels: Mapping[str, str], annotator: str) -> int:
        """Record labels by sample id; `LabelStore.import_labels` documents it."""
        for label in set(labels.values()):
            self._classes.class_of(label)
        items = list(labels.items())
        for start in range(0, len(items), _BATCH):
            self._record(dict(items[start : start + _BATCH]), annotator)
        return len(items)

    def _record(self, labels: Mapping[str, str], annotator: str) -> None:
        ids = {sample_id: uuid.uuid4().hex for sample_id in labels}
        with self._recorder.lock:
            while True:
                now = {label: self._classes.class_of(label) for label in set(labels.values())}
                drafts = [
                    Draft(sample_id, now[label], Status.LABELLED, Source.IMPORT)
                    for sample_id, label in labels.items()
                ]
                try:
                    transact(self._connection, partial(self._write, drafts, ids, annotator))
                    break
                except ClassesChangedError:
                    self._classes.reload()
            self._recorder.refresh(*labels)

    def _write(
        self,
        drafts: list[Draft],
        ids: Mapping[str, str],
        annotator: str,
        session: ClientSession,
    ) -> None:
        self._classes.hold(session)
        keys = [ObjectId(draft.sample_id) for draft in drafts]
        found = self._samples.find({"_id": {"$in": keys}}, PROJECTION, session=session)
        current = {str(document["_id"]): document for document in found}
        updates = [
            UpdateOne({"_id": key}, draft.update(ids[draft.sample_id], annotator))
            for key, draft in zip(keys, drafts, strict=True)
        ]
        events = [
            draft.event(
                ids[draft.sample_id], annotator, current[draft.sample_id], None, applied=True
            )
            for draft in drafts
        ]
        self._samples.bulk_write(updates, ordered=False, session=session)
        self._log.insert_many(events, session)
