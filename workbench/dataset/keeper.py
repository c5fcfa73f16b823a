"""The process that starts mongod for a data home, watches over it, and ends it.

`python -m workbench.dataset.keeper HOME MONGOD SOCKET`, started by the first kernel that needs
the server (`workbench.dataset.server`). It belongs to no kernel: it ends mongod, and then itself,
a few seconds after the last kernel has let go of its lease. It uses the standard library alone
and a single thread, to stay small and so that it may fork.

While it starts, it reports to the kernel by lines of JSON on its standard output: `{}` for every
second that it is still at it, then once `{"ready": true}` or `{"error": "why"}`.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from workbench.dataset.hosts import Heartbeat
from workbench.dataset.locks import ProcessLock
from workbench.dataset.mongod_process import MongodError, MongodProcess, end_orphan
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server_state import ServerState

# How long mongod outlives the last kernel, so that a restarted one finds it warm.
GRACE_SECONDS = 3.0
# A mongod that dies more often than this within the window is not started again.
RESTARTS = 3
RESTART_WINDOW_SECONDS = 60.0

_WATCH_SECONDS = 0.25
_START_POLL_SECONDS = 0.02
_REPORT_SECONDS = 1.0


class _AskedToEndError(Exception):
    """SIGTERM came while something else was waited for."""


class _TakenOverError(Exception):
    """Another machine holds the data home by now."""


class Keeper:
    """The care for one data home's mongod.

    Args:
        run: the files of the data home.
        binary: the mongod to start.
        socket: where it is to listen.
        report: file descriptor of the pipe to the kernel that started us.
    """

    def __init__(self, run: RunFolder, binary: Path, socket: Path, report: int) -> None:
        self._run = run
        self._binary = binary
        self._socket = socket
        self._report_to: int | None = report
        self._report_due = 0.0
        self._heartbeat = Heartbeat(run.host)
        self._start_lock = ProcessLock(run.start_lock)
        self._lease = ProcessLock(run.lease)
        self._mongod: MongodProcess | None = None
        self._asked_to_end = False

    def ask_to_end(self, _signal: int, _frame: FrameType | None) -> None:
        """Signal handler: end mongod cleanly, then the keeper."""
        self._asked_to_end = True

    def report(self, what: dict[str, Any]) -> None:
        """Tell the kernel that waits for us; anything but `{}` is the last that it hears."""
        if self._report_to is None:
            return
        with contextlib.suppress(BrokenPipeError):
            os.write(self._report_to, json.dumps(what).encode() + b"\n")
        if what:
            os.close(self._report_to)
            self._report_to = None

    def live(self) -> int:
        """Start mongod, stay with it as long as somebody needs it, and end it.

        Returns:
            The exit status.
        """
        try:
            self._start()
            self.report({"ready": True})
            self._watch()
        except _AskedToEndError:
            self.report({"error": "the keeper was asked to end"})
        except _TakenOverError:
            # No clean stop: another mongod may already write where this one would.
            if self._mongod:
                self._mongod.kill()
            self.report({"error": f"another machine has taken over {self._run.home}"})
            return 1
        except (MongodError, OSError) as error:
            _log(str(error))
            self.report({"error": str(error)})
            self._stop()
            return 1
        self._stop()
        return 0

    def _start(self) -> None:
        """Start mongod and wait until it is ready; only then `server.json` is there."""
        end_orphan(self._run, self._wait)
        self._run.server.unlink(missing_ok=True)
        self._mongod = MongodProcess(self._run, self._binary, self._socket)
        self._mongod.make_ready(self._wait)
        ServerState(os.getpid(), self._mongod.pid, str(self._socket)).write(self._run.server)

    def _stop(self) -> None:
        self._run.server.unlink(missing_ok=True)
        if self._mongod:
            self._mongod.stop()
        self._heartbeat.end()

    def _watch(self) -> None:
        """Return when nobody needs the server any longer.

        Raises:
            MongodError: mongod ends again and again.
        """
        restarts: deque[float] = deque(maxlen=RESTARTS)
        last_needed = time.monotonic()
        while True:
            self._wait(_WATCH_SECONDS)
            now = time.monotonic()
            if self._mongod and (reason := self._mongod.why_it_ended()):
                if len(restarts) == RESTARTS and now - restarts[0] < RESTART_WINDOW_SECONDS:
                    raise MongodError(f"{reason} (and {RESTARTS} times before: giving up)")
                restarts.append(now)
                self._restart(reason)
            if self._lease.held_by_another():
                last_needed = time.monotonic()
            elif now - last_needed >= GRACE_SECONDS and self._may_end():
                return

    def _restart(self, reason: str) -> None:
        _log(f"{reason}; starting it again")
        try:
            self._start()
        except (MongodError, OSError) as error:
            # The watch finds mongod ended and counts the next try, or gives up.
            _log(str(error))
            if self._mongod:
                self._mongod.stop()

    def _may_end(self) -> bool:
        """Whether nobody has come while we looked: settled under the lock that a kernel takes.

        The lock then stays held until this process has ended: a kernel that comes now waits.
        """
        if not self._start_lock.acquire():
            return False
        if self._lease.held_by_another():
            self._start_lock.release()
            return False
        return True

    def _wait(self, seconds: float = _START_POLL_SECONDS) -> None:
        """Sleep, and do what has to go on whatever is waited for."""
        time.sleep(seconds)
        if self._asked_to_end:
            raise _AskedToEndError
        if not self._heartbeat.beat():
            raise _TakenOverError
        if (now := time.monotonic()) >= self._report_due:
            self._report_due = now + _REPORT_SECONDS
            self.report({})


def _log(line: str) -> None:
    with contextlib.suppress(OSError):  # the disk may be full
        sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
        sys.stderr.flush()


def main(home: Path, binary: Path, socket: Path) -> NoReturn:
    """Leave the kernel that started us behind, then live."""
    if os.fork():
        os._exit(0)  # the kernel is not our parent now, and has no zombie to reap
    os.umask(0o077)
    report = os.dup(1)
    os.dup2(2, 1)
    run = RunFolder(home)
    keeper = Keeper(run, binary, socket, report)
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, keeper.ask_to_end)
    only_one = ProcessLock(run.keeper_lock)  # held until this process has ended
    if not only_one.acquire(timeout=5.0):
        keeper.report({"error": f"another keeper holds {run.keeper_lock}"})
        sys.exit(1)
    sys.exit(keeper.live())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
