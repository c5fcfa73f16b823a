"""One way to write: a journaled majority transaction that survives a restart of the server."""

from collections.abc import Callable
from typing import Any, TypeVar

from pymongo import ReadPreference
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect, ConnectionFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from workbench.dataset.connection import Connection

T = TypeVar("T")

DURABLE = WriteConcern(w="majority", j=True)
_TRIES = 3


def transact(connection: Connection, body: Callable[[ClientSession], T]) -> T:
    """Run `body` in one transaction; when it returns, what it wrote is on disk.

    A write conflict is retried by the driver. A server that went away is brought back and the body
    run again, so the body must be safe to repeat: give its documents ids of their own.

    Args:
        connection: where to.
        body: called with the session to pass to every operation.

    Returns:
        What `body` returned.

    Raises:
        DatabaseError: the server cannot be reached nor started; nothing was written.
    """
    for attempt in range(_TRIES):
        try:
            with connection.client.start_session() as session:
                result: Any = session.with_transaction(
                    body,
                    read_concern=ReadConcern("snapshot"),
                    write_concern=DURABLE,
                    read_preference=ReadPreference.PRIMARY,
                )
                return result  # type: ignore[no-any-return]
        except (AutoReconnect, ConnectionFailure):
            if attempt == _TRIES - 1:
                raise
            connection.ensure_running()
    raise AssertionError("unreachable")
