"""A kernel's side of the server: find the one that runs, or start its keeper."""

import os
import signal
import socket as sockets
import threading
import time
from pathlib import Path

from workbench.dataset.hosts import refuse_if_held_elsewhere
from workbench.dataset.launch import start_keeper
from workbench.dataset.locks import ProcessLock
from workbench.dataset.replica import socket_uri
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server_state import ServerState
from workbench.errors import DatabaseError, DataHomeError

# Recovery after a crash takes seconds, the repair of many counts may take minutes.
WAIT_SECONDS = 300.0

_POLL_SECONDS = 0.02
# The keeper looks at the leases for some microseconds at a time.
_LEASE_SECONDS = 10.0


class OwnServer:
    """A process's part in the server of a data home.

    Args:
        home: the data home.
    """

    def __init__(self, home: Path) -> None:
        self._run = RunFolder(home)
        self._lease = ProcessLock(self._run.lease)
        self._socket: Path | None = None
        # The locks on files tell processes apart, not threads.
        self._guard = threading.Lock()

    @property
    def uri(self) -> str:
        """Where clients connect to, once `ensure` has returned."""
        assert self._socket is not None
        return socket_uri(self._socket)

    def ensure(self) -> ServerState:
        """Take part in the server, and make sure that it runs and is ready.

        Returns:
            The server that runs.

        Raises:
            DatabaseError: there is no mongod, it does not start, or it has moved elsewhere.
            DataHomeError: the home cannot be written to, is full, or held by another machine.
        """
        with self._guard:
            return self._ensure()

    def is_still(self, state: ServerState) -> bool:
        """Whether a server has been ready from when `ensure` found it until now."""
        return ServerState.read(self._run.server) == state

    def leave(self) -> None:
        """Give up the lease: without any other, the server ends a few seconds later."""
        self._lease.release()

    def _ensure(self) -> ServerState:
        self._run.prepare()
        try:
            # Before anything is looked at: from now on the keeper does not end the server.
            leased = self._lease.acquire(shared=True, timeout=_LEASE_SECONDS)
        except OSError as error:
            raise DataHomeError(
                f"files in {self._run.path} cannot be locked ({error.strerror}): set "
                f"WORKBENCH_HOME to a folder on a local disk"
            ) from error
        if not leased:
            raise DatabaseError(f"another program has locked {self._run.lease}: end it first")
        # Asked for each time: it makes the folder, which may have been cleaned away.
        chosen = self._run.choose_socket()
        state = ensure_server(self._run, self._socket or chosen)
        if self._socket not in (None, Path(state.socket)):
            raise DatabaseError(
                f"the database of {self._run.home} has moved from {self._socket} to "
                f"{state.socket}: restart the kernel"
            )
        self._socket = Path(state.socket)
        return state


def ensure_server(run: RunFolder, socket: Path) -> ServerState:
    """Make sure that the data home's server runs and is ready. The caller holds its lease.

    Args:
        run: the files of the data home.
        socket: where the server is to listen if it has to be started.

    Returns:
        The server that runs now.

    Raises:
        DatabaseError: there is no mongod, or it does not start.
        DataHomeError: the home is full, or held by another machine.
    """
    start = ProcessLock(run.start_lock)
    if not start.acquire(timeout=WAIT_SECONDS):
        raise DatabaseError(
            f"another process has been starting the database of {run.home} for "
            f"{WAIT_SECONDS:g} s: see {run.keeper_log}, or restart that kernel"
        )
    try:
        refuse_if_held_elsewhere(run.host)
        if (state := _running(run)) is None:
            start_keeper(run, socket)
            state = _running(run)
    finally:
        start.release()
    if state is None:
        raise DatabaseError(f"mongod started and ended at once: see {run.keeper_log}")
    return state


def stop_server(run: RunFolder, timeout: float = 60.0) -> None:
    """End the data home's server cleanly, whoever uses it.

    Args:
        run: the files of the data home.
        timeout: seconds to wait for its end.

    Raises:
        DatabaseError: it has not ended in time.
    """
    keeper = ProcessLock(run.keeper_lock)
    if (state := ServerState.read(run.server)) and keeper.held_by_another():
        os.kill(state.keeper, signal.SIGTERM)
    if not keeper.acquire(timeout=timeout):
        raise DatabaseError(
            f"the database of {run.home} still runs after {timeout:g} s: see {run.keeper_log}"
        )
    keeper.release()


def _running(run: RunFolder) -> ServerState | None:
    """The server that runs, once it is ready; None when no keeper lives."""
    keeper = ProcessLock(run.keeper_lock)
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        while keeper.held_by_another():
            state = ServerState.read(run.server)
            if state is not None and _listens(state.socket):
                return state
            if time.monotonic() >= deadline:
                raise DatabaseError(
                    f"the database of {run.home} is not ready after {WAIT_SECONDS:g} s: "
                    f"see {run.keeper_log} and {run.mongod_log}"
                )
            time.sleep(_POLL_SECONDS)
    finally:
        keeper.release()
    return None


def _listens(socket: str) -> bool:
    with sockets.socket(sockets.AF_UNIX) as probe:
        try:
            probe.connect(socket)
        except OSError:
            return False
    return True
