"""Making a mongod that has just been started ready: a replica set of one, its counts right.

The keeper runs it as a short-lived process of its own, `python -m workbench.dataset.replica`: so
the keeper, which stays for hours, needs neither pymongo nor its threads.
"""

import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from workbench.dataset.mongod_process import REPLICA_SET

PRIMARY_SECONDS = 60.0
_POLL_SECONDS = 0.02
_NOT_YET_INITIALIZED = 94
_MONGODB_OWN = ("admin", "config", "local")


def socket_uri(socket: Path) -> str:
    """The URI of a mongod that listens on a Unix socket; a few seconds without it are an error."""
    place = quote(str(socket), safe="")
    return f"mongodb://{place}/?directConnection=true&serverSelectionTimeoutMS=5000"


def make_primary(socket: Path, timeout: float = PRIMARY_SECONDS) -> None:
    """Bring a mongod to be the writable primary of a replica set of one.

    Args:
        socket: where it listens, or is about to.
        timeout: seconds that it may take, recovery after a crash included.

    Raises:
        TimeoutError: it has not become writable in time.
        PyMongoError: it refuses the replica set.
    """
    deadline = time.monotonic() + timeout
    configured = False
    while time.monotonic() < deadline:
        if socket.exists():
            # A new client each time: one that met the server before it had a replica set
            # goes on treating it as a standalone.
            with MongoClient[dict[str, Any]](socket_uri(socket)) as client:
                try:
                    if not configured:
                        _configure(client, socket)
                        configured = True
                    if client.admin.command("hello").get("isWritablePrimary"):
                        return
                except AutoReconnect:
                    pass  # still starting
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"mongod on {socket} was not writable after {timeout:g} s")


def repair_counts(socket: Path) -> None:
    """Let MongoDB count every collection anew.

    After an unclean stop the stored number of documents may be any older one, and with it
    `len(dataset)`, while the documents themselves are all there. MongoDB's `validate` corrects it.
    """
    with MongoClient[dict[str, Any]](socket_uri(socket)) as client:
        for name in client.list_database_names():
            if name in _MONGODB_OWN:
                continue
            database = client[name]
            for collection in database.list_collections(filter={"type": "collection"}):
                if not collection["name"].startswith("system."):
                    database.command("validate", collection["name"])


def _configure(client: MongoClient[dict[str, Any]], socket: Path) -> None:
    """Start the replica set, or move it to the socket it has now: the home may have moved."""
    member = {"_id": 0, "host": str(socket)}
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
        return
    if [each["host"] for each in config["members"]] != [str(socket)]:
        config["members"] = [member]
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def main(socket: Path, *, repair: bool) -> int:
    """Make the server ready; what went wrong goes to standard output.

    Returns:
        The exit status, 0 when the server is ready.
    """
    try:
        make_primary(socket)
        if repair:
            repair_counts(socket)
    except (PyMongoError, TimeoutError) as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), repair="repair" in sys.argv[2:]))
