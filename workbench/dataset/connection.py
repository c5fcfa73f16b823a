"""This process's connection to the database of a data home."""

import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import AutoReconnect, PyMongoError, ServerSelectionTimeoutError

from workbench.dataset import fiftyone_settings
from workbench.dataset.home import make_home
from workbench.errors import DatabaseError, WorkbenchError

if TYPE_CHECKING:
    from workbench.dataset.server import OwnServer

# A server that does not answer for so long is not there.
ANSWER_SECONDS = 5.0
# A server of ours may die just when it is found alive.
_ATTEMPTS = 3
_OR_OURS = "Or unset FIFTYONE_DATABASE_URI to let workbench start a server of its own"

Client: TypeAlias = MongoClient[dict[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A process's connection to the database, from `connect`.

    Attributes:
        home: the data home.
        uri: the server; FiftyOne is told the same.
        client: a client of our own, beside FiftyOne's.
        database: the database that FiftyOne keeps its datasets in.
    """

    home: Path
    uri: str
    client: Client
    database: Database[dict[str, Any]]
    _server: "OwnServer | None" = field(repr=False)

    @property
    def owned(self) -> bool:
        """Whether we start and end the server; False for one of the user's."""
        return self._server is not None

    def ensure_running(self) -> None:
        """Make sure that the server answers; bring it back if it is ours and has gone.

        Once this returns, the stored counts of documents are right again too.

        Raises:
            DatabaseError: it does not answer, or cannot be started again.
            DataHomeError: its disk is full, or another machine holds the home.
        """
        if self._server is None:
            _greet(self)
            return
        for attempt in reversed(range(_ATTEMPTS)):
            state = self._server.ensure()
            try:
                _greet(self)
            except DatabaseError:
                if not attempt:
                    raise
            else:
                # If it died meanwhile, its successor may have answered before it was ready.
                if self._server.is_still(state):
                    return


class _Process:
    """What this process is connected to; only `connect` touches it."""

    def __init__(self) -> None:
        self.guard = threading.RLock()
        self.connection: Connection | None = None


_process = _Process()


def connect(home: Path | None = None) -> Connection:
    """Connect this process to the database of a data home, starting the server where needed.

    Call it before FiftyOne is first used: it tells FiftyOne which server to use. That is the one
    that the user has set (`FIFTYONE_DATABASE_URI`), else a mongod that all kernels of the home
    share and that ends with the last of them. It may be called again, from any thread; a forked
    child has to call it for itself.

    Args:
        home: the data home; by default the one that this process uses, else the environment's.

    Returns:
        The process's only connection. The server answers, and its counts are right.

    Raises:
        DatabaseError: no server can be found, started or reached; it has no transactions; or
            this process is bound to another one.
        DataHomeError: the home cannot be used.
    """
    with _process.guard:
        found = _process.connection
        if found is None:
            found = _process.connection = _open(make_home(home))
        elif home is not None and home.resolve() != found.home:
            raise DatabaseError(
                f"this process is connected to the data home {found.home}, wanted {home}: "
                f"restart the kernel to change it"
            )
        else:
            found.ensure_running()
        return found


def _open(home: Path) -> Connection:
    if uri := fiftyone_settings.user_uri():
        return _open_at(home, uri, None)
    if sys.platform == "win32":
        raise DatabaseError(
            "workbench cannot start MongoDB on Windows yet: run it inside WSL, or set "
            "FIFTYONE_DATABASE_URI to a MongoDB server"
        )
    # Only here: it needs what Windows does not have.
    from workbench.dataset.server import OwnServer

    server = OwnServer(home)
    try:
        server.ensure()
        return _open_at(home, server.uri, server)
    except BaseException:
        server.leave()
        raise


def _open_at(home: Path, uri: str, server: "OwnServer | None") -> Connection:
    fiftyone_settings.point_fiftyone_at(uri, own=server is not None)
    milliseconds = int(ANSWER_SECONDS * 1000)
    try:
        client = Client(
            uri,
            appname="workbench",
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
        )
    except PyMongoError as error:
        raise DatabaseError(
            f"FIFTYONE_DATABASE_URI is not the address of a MongoDB server ({error}): wanted "
            f"mongodb://host:port/?replicaSet=name. {_OR_OURS}"
        ) from error
    connection = Connection(home, uri, client, client[fiftyone_settings.database_name()], server)
    try:
        connection.ensure_running()
    except WorkbenchError:
        client.close()
        raise
    return connection


def _greet(connection: Connection) -> None:
    """Make sure that the server answers and has transactions."""
    shown = fiftyone_settings.without_password(connection.uri)
    try:
        try:
            hello = connection.client.admin.command("hello")
        except AutoReconnect as error:
            if isinstance(error, ServerSelectionTimeoutError):
                raise
            # One from the pool, to a mongod that has been restarted since: that empties the pool.
            hello = connection.client.admin.command("hello")
    except PyMongoError as error:
        raise DatabaseError(
            f"the MongoDB server at {shown} does not answer ({error}): "
            + (
                f"what it says is in {connection.home / 'run' / 'mongod.log'}"
                if connection.owned
                else f"is it running, and may you connect to it? {_OR_OURS}"
            )
        ) from error
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise DatabaseError(
            f"the MongoDB server at {shown} is no replica set, and labels are committed in "
            f"transactions, which need one: start it with `mongod --replSet rs0` and run "
            f"`rs.initiate()` once. {_OR_OURS}"
        )


def _forget() -> None:
    """In a forked child: the lease, the client and perhaps the guard belong to the parent."""
    _process.guard, _process.connection = threading.RLock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
