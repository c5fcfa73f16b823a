"""Changes to many images in one transaction, each with its event."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from workbench.dataset.connection import Connection
from workbench.errors import LabelError
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import PROJECTION, Draft, sample_key
from workbench.labels.events import LabelEvent
from workbench.labels.history import EventLog
from workbench.labels.recording import Recorder
from workbench.labels.transactions import transact

Document = Mapping[str, Any]
Stands = Callable[[Document], bool]
"""Whether a change may be applied, by the image's document as it is."""


class BatchWriter:
    """Writes changes to many images of one dataset, with an event for each.

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

    def write(
        self,
        changes: Sequence[tuple[Draft, Stands]],
        annotator: str,
        event_ids: Sequence[str],
        *,
        group: str | None = None,
    ) -> list[LabelEvent]:
        """Write changes in one transaction; nobody is told of them.

        Args:
            changes: what is to become of an image, and whether it may.
            annotator: who changes them.
            event_ids: ids of the events, in the order of the changes.
            group: the step that the events belong to.

        Returns:
            The events. Where a change did not stand, its event is not `applied`.

        Raises:
            LabelError: a class was removed, or there is no such image; nothing was written.
            DuplicateKeyError: an event of such an id is on disk; nothing was written.
        """

        def attempt() -> list[LabelEvent]:
            named = [(draft.with_classes(self._classes), it) for draft, it in changes]
            body = partial(self._write, named, annotator, event_ids, group)
            return transact(self._connection, body)

        with self._recorder.lock:
            events = self._classes.stable(attempt)
            self._recorder.refresh(*(event.sample_id for event in events))
        return events

    def _write(
        self,
        changes: Sequence[tuple[Draft, Stands]],
        annotator: str,
        event_ids: Sequence[str],
        group: str | None,
        session: ClientSession,
    ) -> list[LabelEvent]:
        if any(draft.writes_a_class for draft, _ in changes):
            self._classes.hold(session)
        keys = [sample_key(draft.sample_id) for draft, _ in changes]
        found = self._samples.find({"_id": {"$in": keys}}, PROJECTION, session=session)
        current = {document["_id"]: document for document in found}
        events, updates = [], []
        for key, new_id, (wanted, stands) in zip(keys, event_ids, changes, strict=True):
            if key not in current:
                raise LabelError(f"no image has the id {wanted.sample_id!r} in this dataset")
            before = current[key]
            applied = stands(before)
            draft = wanted.against(before) if applied else wanted
            if applied:
                updates.append(UpdateOne({"_id": key}, draft.update(new_id, annotator, before)))
            events.append(
                draft.event(new_id, annotator, before, None, applied=applied, group=group)
            )
        if updates:
            self._samples.bulk_write(updates, ordered=False, session=session)
        self._log.insert_many(events, session)
        return events


def always(_: Document) -> bool:
    """A change that stands whatever the image is."""
    return True
