"""The append-only log of label events of one dataset."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from workbench.dataset.fields import NOTE
from workbench.labels.events import CLASSES, LabelEvent, Source

COLLECTION = "workbench.events"
_DUPLICATE = 11000  # MongoDB's code of a key that is there already


class EventLog:
    """Label events, oldest first.

    They are keyed by the dataset's id, not its name, so that a rename takes them along.

    Args:
        database: the database that FiftyOne keeps its datasets in.
        dataset_id: id of the FiftyOne dataset's document.
    """

    def __init__(self, database: Database[dict[str, Any]], dataset_id: str) -> None:
        self._dataset_id = dataset_id
        # Creating a collection inside a transaction would lock the whole database.
        self._events = database[COLLECTION]
        self._events.create_index([("dataset", ASCENDING), ("order", ASCENDING)])
        self._events.create_index([("dataset", ASCENDING), ("sample_id", ASCENDING)])
        self._events.create_index([("dataset", ASCENDING), ("undoes", ASCENDING)])

    def insert(self, event: LabelEvent, session: ClientSession) -> None:
        """Append one event, inside a transaction."""
        self._events.insert_one(self._document(event), session=session)

    def insert_many(self, events: Sequence[LabelEvent], session: ClientSession) -> None:
        """Append several events, inside a transaction.

        Raises:
            DuplicateKeyError: they are there already.
        """
        try:
            self._events.insert_many([self._document(event) for event in events], session=session)
        except BulkWriteError as error:
            # pymongo names it so for a single event only.
            known = [each for each in error.details["writeErrors"] if each["code"] == _DUPLICATE]
            if not known:
                raise
            raise DuplicateKeyError(known[0]["errmsg"], _DUPLICATE, known[0]) from error

    def get(self, event_id: str, session: ClientSession | None = None) -> LabelEvent | None:
        """One event by its id."""
        found = self._events.find_one({"_id": event_id}, session=session)
        return LabelEvent.from_document(found) if found else None

    def get_step(self, event_id: str) -> LabelEvent | None:
        """One event by its id, or the first of a step of many by the step's."""
        found = self.get(event_id)
        return found if found is not None else self.get(f"{event_id}.0")

    def __len__(self) -> int:
        return int(self._events.count_documents({"dataset": self._dataset_id}))

    def __iter__(self) -> Iterator[LabelEvent]:
        return self.find()

    def find(self, *, newest_first: bool = False, **equal: Any) -> Iterator[LabelEvent]:
        """Events whose fields equal what is given, by time."""
        order = DESCENDING if newest_first else ASCENDING
        cursor = self._events.find({"dataset": self._dataset_id, **equal}).sort("order", order)
        return (LabelEvent.from_document(found) for found in cursor)

    def latest_undoable(self, annotator: str, step: str | None = None) -> LabelEvent | None:
        """The annotator's newest event that was applied and not taken back.

        Args:
            annotator: who.
            step: only this event, or one of this step of many.
        """
        if step is not None and (event := self.get(step)) is not None:
            own = event.annotator == annotator and event.source not in (Source.UNDO, Source.IMPORT)
            stands = own and event.applied and not self._taken_back(event, Source.UNDO)
            return event if stands else None
        undone: set[str | None] = set()
        for event in self.find(newest_first=True, annotator=annotator):
            if event.source is Source.UNDO:
                # Also one that was not applied: what it wanted to undo is overruled already.
                undone.add(event.undoes)
            elif step not in (None, event.id, event.group):
                continue
            elif event.applied and event.source is not Source.IMPORT and event.id not in undone:
                return event
        return None

    def latest_redoable(self, annotator: str, step: str | None = None) -> LabelEvent | None:
        """The annotator's newest undo that was applied and not taken back, if only redos follow.

        Args:
            annotator: who.
            step: only this undo, or one of this step of many, whatever follows.
        """
        if step is not None and (event := self.get(step)) is not None:
            own = event.annotator == annotator and event.source is Source.UNDO
            stands = own and event.applied and not self._taken_back(event, Source.REDO)
            return event if stands else None
        redone: set[str | None] = set()
        for event in self.find(newest_first=True, annotator=annotator):
            if event.source is Source.REDO:
                redone.add(event.undoes)
            elif event.source is Source.UNDO:
                wanted = step in (None, event.id, event.group)
                if wanted and event.applied and event.id not in redone:
                    return event
            elif step is None and event.source is not Source.IMPORT:
                return None  # something new was done since
        return None

    def _taken_back(self, event: LabelEvent, by: Source) -> bool:
        """Whether whose event it is has taken it back."""
        taken = {"undoes": event.id, "annotator": event.annotator, "source": by.value}
        return self._events.find_one({"dataset": self._dataset_id, **taken}, {"_id": 1}) is not None

    def in_the_way(self, sample_id: str, at: str | None) -> LabelEvent | None:
        """What a commit lost against: the event that an image is at, else what took it back.

        Args:
            sample_id: the image.
            at: id of the event that it is at; None where it is at none, or at none any more.
        """
        changes = self.find(newest_first=True, sample_id=sample_id, applied=True)
        return self.get(at or "") or next((event for event in changes if event.field != NOTE), None)

    def class_changes(self) -> list[LabelEvent]:
        """Changes to the class list that were applied, oldest first."""
        # No image has the empty id, so the index on images leads there.
        return list(self.find(sample_id="", field=CLASSES, applied=True))

    def to_pandas(self) -> pd.DataFrame:
        """The history, a row an event, oldest first; columns are `LabelEvent`'s attributes."""
        rows = [asdict(event) | {"source": event.source.value} for event in self]
        return pd.DataFrame(rows, columns=list(LabelEvent.__dataclass_fields__))

    def _document(self, event: LabelEvent) -> dict[str, Any]:
        # `time` is cut to milliseconds by MongoDB; quick hands and scripts are faster than that.
        return {**event.to_document(), "dataset": self._dataset_id, "order": time.time_ns()}
