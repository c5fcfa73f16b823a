"""Writing an event and what it changes, and telling about it."""

import logging
import threading
from collections.abc import Callable, Sequence

import fiftyone as fo
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from workbench.dataset.connection import Connection
from workbench.dataset.fields import NOTE
from workbench.labels.events import Commit, LabelEvent
from workbench.labels.history import EventLog
from workbench.labels.transactions import transact

_log = logging.getLogger(__name__)


class Recorder:
    """Writes events of one dataset, one at a time within this process.

    Args:
        connection: the database.
        dataset: the FiftyOne dataset, prepared.
        log: its history.

    Attributes:
        lock: held while an event is written.
    """

    def __init__(self, connection: Connection, dataset: fo.Dataset, log: EventLog) -> None:
        self.lock = threading.RLock()
        self._connection = connection
        self._dataset = dataset
        self._log = log
        self._listeners: list[Callable[[LabelEvent], None]] = []

    def on_event(self, listener: Callable[[LabelEvent], None]) -> Callable[[], None]:
        """Call `listener` after each event that is recorded here; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def record(
        self,
        event_id: str,
        body: Callable[[ClientSession], Commit],
        sample_id: str | None = None,
    ) -> Commit:
        """Run a transaction that inserts the event, unless it is on disk already.

        Args:
            event_id: the event's id.
            body: writes it and what it changes.
            sample_id: the image that it changes; None where it may be any.

        Returns:
            What `body` returned, or the event that there was.
        """
        with self.lock:
            try:
                commit = transact(self._connection, body)
            except DuplicateKeyError:
                # Sent twice, or sent again because the answer got lost: it is on disk already.
                event = self._log.get(event_id)
                if event is None:
                    raise
                return self.known(event)
            if sample_id is not None:
                self.refresh(sample_id)
            else:
                self._dataset.reload()
        self.tell([commit.event])
        return commit

    def known(self, event: LabelEvent) -> Commit:
        """The answer to what is on disk already; it lost then if it was not applied."""
        lost = not event.applied and event.field != NOTE
        conflict = self._log.in_the_way(event.sample_id, event.previous) if lost else None
        return Commit(event, conflict)

    def tell(self, events: Sequence[LabelEvent]) -> None:
        """Tell whoever listens what was recorded; what a listener raises is logged, no more."""
        for listener in list(self._listeners):
            for event in events:
                try:
                    listener(event)
                except Exception:  # noqa: BLE001 - it is on disk: its commit must not fail of this
                    _log.exception("a listener could not take an event of the labels")

    def refresh(self, *sample_ids: str) -> None:
        """Bring sample objects that somebody holds in this process up to date."""
        loaded = fo.Sample._instances.get(self._dataset._sample_collection_name, {})
        for sample_id in sample_ids:
            sample = loaded.get(sample_id)
            if sample is not None:
                sample.reload()
