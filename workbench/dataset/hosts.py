"""One machine at a time may hold a data home; on a shared disk, locks alone cannot tell.

The keeper bumps a counter in `run/host.json` every two seconds. Another machine that finds the
file watches it for a while: a counter that moves means a holder that lives, one that stands still
means that its machine went down without cleaning up.
"""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from workbench.errors import DataHomeError

BEAT_SECONDS = 2.0
PATIENCE_SECONDS = 6.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Host:
    """A machine, as far as a file can remember it.

    Attributes:
        name: its host name.
        machine: its machine id, empty where there is none.
        boot: an id that is new with every boot, empty where there is none.
    """

    name: str
    machine: str
    boot: str

    def is_same(self, other: "Host") -> bool:
        """Whether locks taken on `other` are seen here.

        One boot is one kernel, whatever the name (laptops change theirs, containers have their
        own). Machine ids alone prove nothing: cloned disk images share them.
        """
        if self.boot and self.boot == other.boot:
            return True
        return (self.name, self.machine) == (other.name, other.machine)


@cache
def this_host() -> Host:
    """The machine that this process runs on."""
    return Host(
        name=socket.gethostname(),
        machine=_first_line("/etc/machine-id") or _first_line("/var/lib/dbus/machine-id"),
        boot=_boot_id(),
    )


class Heartbeat:
    """Says in a file that this machine holds the data home and that it is alive.

    Args:
        path: the file, `run/host.json`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._due = 0.0

    def beat(self) -> bool:
        """Bump the counter if it is time to.

        Returns:
            False once another machine has taken the home over: this one was silent for too long,
            as a laptop is that slept.
        """
        now = time.monotonic()
        if now < self._due:
            return True
        self._due = now + BEAT_SECONDS
        if self._count and (found := _read(self._path)) and not found[0].is_same(this_host()):
            return False
        self._count += 1
        draft = self._path.with_suffix(f".{os.getpid()}")
        try:
            draft.write_text(json.dumps({**asdict(this_host()), "beats": self._count}))
            draft.replace(self._path)
        except OSError:
            # A full disk. mongod finds out by itself, and says so better.
            draft.unlink(missing_ok=True)
        return True

    def end(self) -> None:
        """Let the next machine in without a wait; leaves another machine's file alone."""
        if (found := _read(self._path)) and found[0].is_same(this_host()):
            self._path.unlink(missing_ok=True)


def refuse_if_held_elsewhere(path: Path, patience: float = PATIENCE_SECONDS) -> None:
    """Make sure that no other machine holds the data home.

    Args:
        path: the heartbeat's file, `run/host.json`.
        patience: seconds to watch another machine's heartbeat before it counts as dead.

    Raises:
        DataHomeError: another machine holds the home, and lives.
    """
    found = _read(path)
    if found is None or found[0].is_same(this_host()):
        return
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        now = _read(path)
        if now is None:
            return
        if now != found:
            raise DataHomeError(
                f"the data home {path.parent.parent} is in use on the machine {now[0].name!r}, and "
                f"this is {this_host().name!r}: close the notebooks there, or set WORKBENCH_HOME "
                f"to another folder here, or let both use one MongoDB server by setting "
                f"FIFTYONE_DATABASE_URI"
            )


def _read(path: Path) -> tuple[Host, int] | None:
    try:
        found = json.loads(path.read_text())
        return Host(found["name"], found["machine"], found["boot"]), int(found["beats"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _boot_id() -> str:
    if sys.platform == "darwin":
        ask = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
    return _first_line("/proc/sys/kernel/random/boot_id")


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
