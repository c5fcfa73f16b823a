"""One way to write: a journaled majority transaction that survives a restart of the server."""

import time
from collections.abc import Callable
from typing import TypeVar

from pymongo import ReadPreference
from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from workbench.dataset.connection import Connection
from workbench.errors import DatabaseError

T = TypeVar("T")

DURABLE = WriteConcern(w="majority", j=True)
# For so long is tried again what others' writes stand in the way of: longer than a server keeps what
# a killed kernel had begun to write, 60 seconds unless it was told otherwise.
CONFLICT_SECONDS = 75.0
_TRIES = 3
_PAUSE = 0.001  # seconds
_TRY_AGAIN, _PERHAPS_COMMITTED = "TransientTransactionError", "UnknownTransactionCommitResult"


def transact(connection: Connection, body: Callable[[ClientSession], T]) -> T:
    """Run `body` in one transaction; when it returns, what it wrote is on disk.

    A write conflict is tried again. A server that went away is brought back and the body run again,
    so the body must be safe to repeat: give its documents ids of their own.

    The driver's own `with_transaction` is of no use here: it would spend two minutes looking for a
    server that only we can start again.

    Args:
        connection: where to.
        body: called with the session to pass to every operation.

    Returns:
        What `body` returned.

    Raises:
        DatabaseError: the server cannot be reached nor started, or goes away again and again.
    """
    until = time.monotonic() + CONFLICT_SECONDS
    lost = 0
    while True:
        try:
            return _run(connection, body)
        except ConnectionFailure as error:
            lost += 1
            if lost == _TRIES:
                raise DatabaseError(
                    f"the database went away {lost} times while a label was written ({error}): "
                    "the label may not be on disk; commit it again"
                ) from error
            connection.ensure_running()
        except PyMongoError as error:
            if not error.has_error_label(_TRY_AGAIN) or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)  # a change of the classes may hold everybody up for seconds


def _run(connection: Connection, body: Callable[[ClientSession], T]) -> T:
    with connection.client.start_session() as session:
        try:
            with session.start_transaction(
                read_concern=ReadConcern("snapshot"),
                write_concern=DURABLE,
                read_preference=ReadPreference.PRIMARY,
            ):
                result = body(session)
        except PyMongoError as error:
            if not error.has_error_label(_PERHAPS_COMMITTED):
                raise
            # The answer was lost, perhaps not the commit. The server remembers which, on disk: it
            # confirms the one and refuses the other, upon which the body is run again.
            connection.ensure_running()
            session.commit_transaction()
        return result
