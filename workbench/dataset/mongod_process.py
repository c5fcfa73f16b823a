"""One run of mongod as a child process: its options, getting it ready, ending it."""

import ctypes
import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workbench.dataset.mongod_log import last_words
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server_state import ServerState

REPLICA_SET = "workbench"
# mongod ends in about a second; one with a lot to write back may take longer.
STOP_SECONDS = 30.0
TRANSACTION_SECONDS = 20  # that one may be open; those of ours take a second at most

_PR_SET_PDEATHSIG = 1
# WiredTiger keeps a file open for each collection and each index.
_OPEN_FILES = 64_000


class MongodError(Exception):
    """mongod does not run, for the reason in the message."""


class MongodProcess:
    """A mongod that is our child.

    Args:
        run: the files of the data home.
        binary: the mongod to start.
        socket: where it is to listen.
    """

    def __init__(self, run: RunFolder, binary: Path, socket: Path) -> None:
        self._run = run
        if run.mongod_lock.exists() and run.mongod_lock.read_text().strip():
            run.unclean.touch()
        if run.mongod_log.exists():
            run.mongod_log.replace(f"{run.mongod_log}.previous")
        self._socket = socket
        self._process = _spawn(_command(binary, run, socket))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def make_ready(self, wait: Callable[[], None]) -> None:
        """Wait until it is a writable primary whose counts are right.

        Args:
            wait: called again and again meanwhile; may raise to break off.

        Raises:
            MongodError: it ended, or cannot be made ready.
        """
        ask = [sys.executable, "-P", "-m", "workbench.dataset.replica", str(self._socket)]
        if self._run.unclean.exists():
            ask.append("repair")
        with _spawn(ask, stdout=subprocess.PIPE) as helper:
            try:
                while helper.poll() is None:
                    if reason := self.why_it_ended():
                        raise MongodError(reason)
                    wait()
            finally:
                helper.kill()
            said = helper.stdout.read().decode() if helper.stdout else ""
        if helper.returncode:
            raise MongodError(said or f"see {self._run.keeper_log}")
        self._run.unclean.unlink(missing_ok=True)

    def why_it_ended(self) -> str:
        """Why it runs no longer; empty while it runs."""
        status = self._process.poll()
        if status is None:
            return ""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        said = last_words(self._run.mongod_log) or last_words(self._run.keeper_log)
        return f"mongod {how}: {said}"

    def stop(self) -> None:
        """End it cleanly, which may take a while."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once; acknowledged writes are in its journal."""
        self._process.kill()
        self._process.wait()


def end_orphan(run: RunFolder, wait: Callable[[], None]) -> None:
    """Wait for a mongod whose keeper was killed to end, and ask it to where the system did not.

    Args:
        run: the files of the data home; `server.json` still as that keeper left it.
        wait: called again and again meanwhile; may raise to break off.

    Raises:
        MongodError: the files are held by a mongod that no keeper has started.
    """
    began, asked = time.monotonic(), False
    while _is_locked(run.mongod_lock):
        waited = time.monotonic() - began
        pid = run.mongod_lock.read_text().strip()
        state = ServerState.read(run.server)
        ours = state is not None and str(state.mongod) == pid
        if ours and waited > 1.0 and not asked:
            os.kill(int(pid), signal.SIGTERM)
            asked = True
        if waited > STOP_SECONDS:
            raise MongodError(f"another mongod (process {pid}) uses {run.db}: end it first")
        wait()


def _is_locked(mongod_lock: Path) -> bool:
    """Whether a mongod lives that uses the folder of this `mongod.lock`."""
    try:
        with mongod_lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _command(binary: Path, run: RunFolder, socket: Path) -> list[str]:
    """A replica set even of one has transactions and change streams; the rest keeps it small."""
    return [
        str(binary),
        *("--dbpath", str(run.db)),
        *("--bind_ip", str(socket), "--port", "0", "--unixSocketPrefix", str(socket.parent)),
        *("--replSet", REPLICA_SET, "--oplogSize", "256"),
        *("--wiredTigerCacheSizeGB", "1"),
        # Without this, 300 MB of journal are written before the first document.
        *("--wiredTigerEngineConfigString", "log=(prealloc=false)"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # What a killed kernel had begun to write stands in the way of others for so long.
        *("--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}"),
        *("--logpath", str(run.mongod_log), "--logappend", "--quiet"),
    ]


def _spawn(command: list[str], stdout: int | None = None) -> "subprocess.Popen[bytes]":
    """Start a child that does not outlive us, on Linux: the system sends it SIGTERM then.

    It may open as many files as the system lets it.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def set_up() -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    # Code between fork and exec is unsafe beside other threads; the keeper has none.
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        preexec_fn=set_up,  # noqa: PLW1509
    )
