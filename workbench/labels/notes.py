"""Notes on images: free text, in the history like labels and apart from them."""

import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from workbench.dataset import fields
from workbench.errors import LabelError
from workbench.labels.drafts import sample_key
from workbench.labels.events import Commit, LabelEvent, Source
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder

LONGEST = 10_000  # characters


class Notes:
    """The notes of one dataset. They touch neither `label_event` nor `label_status`.

    Args:
        samples: the collection of the dataset's samples.
        log: its history.
        recorder: writes events.
    """

    def __init__(
        self, samples: Collection[dict[str, Any]], log: EventLog, recorder: Recorder
    ) -> None:
        self._samples = samples
        self._log = log
        self._recorder = recorder

    def write(self, sample_id: str, text: str, annotator: str, event_id: str | None) -> Commit:
        """Replace an image's note; `LabelStore.note` documents it."""
        clean = clean_text(text, "a note")
        new_id = event_id or uuid.uuid4().hex
        body = partial(
            self._write, new_id, sample_key(sample_id), clean, annotator, Source.HUMAN, None
        )
        return self._recorder.record(new_id, body, sample_id)

    def take_back(
        self, last: LabelEvent, source: Source, annotator: str, event_id: str | None
    ) -> Commit:
        """Take back a note, or what took one back; only recorded where it was changed since."""
        new_id = event_id or uuid.uuid4().hex
        text = None if last.before is None else str(last.before)
        key = sample_key(last.sample_id)
        body = partial(self._write, new_id, key, text, annotator, source, last)
        return self._recorder.record(new_id, body, last.sample_id)

    def _write(
        self,
        new_id: str,
        key: ObjectId,
        text: str | None,
        annotator: str,
        source: Source,
        undone: LabelEvent | None,
        session: ClientSession,
    ) -> Commit:
        query: dict[str, Any] = {"_id": key}
        if undone is not None:
            query[fields.NOTE] = undone.after
        change = {"$set": {fields.NOTE: text, "last_modified_at": datetime.now(UTC)}}
        before = self._samples.find_one_and_update(
            query, change, projection={fields.NOTE: 1}, session=session
        )
        applied = before is not None
        if before is None:
            before = self._samples.find_one({"_id": key}, {fields.NOTE: 1}, session=session)
        if before is None:
            raise LabelError(f"no image has the id {str(key)!r} in this dataset")
        event = LabelEvent(
            id=new_id,
            sample_id=str(key),
            field=fields.NOTE,
            before=before.get(fields.NOTE),
            after=text,
            status_before="",
            status_after="",
            annotator=annotator,
            time=datetime.now(UTC),
            seconds=None,
            source=source,
            undoes=undone.id if undone else None,
            applied=applied,
        )
        notes = self._log.find(newest_first=True, sample_id=str(key), field=fields.NOTE)
        in_the_way = None if applied else next((note for note in notes if note.applied), None)
        self._log.insert(event, session)
        return Commit(event, in_the_way)


def clean_text(text: str, what: str) -> str | None:
    """Text as it is stored; None if nothing of it is visible.

    Raises:
        LabelError: it is no text, or longer than 10,000 characters, or cannot be stored.
    """
    if not isinstance(text, str):
        raise LabelError(f"{what} must be text, but got {text!r}")
    if len(text) > LONGEST:
        raise LabelError(
            f"{what} has at most {LONGEST:,} characters, but got {len(text):,}: shorten it"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise LabelError(f"{what} holds half a character at {error.start}: take it out") from error
    return text if text.strip() else None
