"""Starting the keeper of a data home, and hearing from it whether mongod has come up."""

import json
import os
import selectors
import subprocess
import sys
from pathlib import Path
from typing import IO

from workbench.dataset.mongod import check_mongod, find_mongod
from workbench.dataset.runfolder import RunFolder
from workbench.errors import DatabaseError, DataHomeError

# A keeper that starts says so every second.
SILENCE_SECONDS = 30.0
# A journal file takes 100 MB, a new database 20 MB, and some has to be left to work with.
NEEDED_BYTES = 160 * 1024**2


def start_keeper(run: RunFolder, socket: Path) -> None:
    """Start the keeper and wait until its server is ready. The caller holds the start lock.

    Args:
        run: the files of the data home.
        socket: where the server is to listen.

    Raises:
        DatabaseError: there is no mongod, or it does not start; the message has its reason.
        DataHomeError: the disk is full.
    """
    _require_space(run)
    binary = find_mongod()
    check_mongod(binary)
    with run.keeper_log.open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "workbench.dataset.keeper"),
                *(str(run.home), str(binary), str(socket)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=0,  # a line read ahead would hide from the selector
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
    assert process.stdout is not None
    with process.stdout as report:
        process.wait()  # it has only forked the keeper
        error = _error_reported(report)
    if error is not None:
        _require_space(run)  # a disk that has just become full is the better reason
        raise DatabaseError(
            f"the database of {run.home} does not start: {error or 'its keeper died'}. "
            f"More is in {run.mongod_log} and {run.keeper_log}"
        )


def _error_reported(report: IO[bytes]) -> str | None:
    """Wait for the keeper's report; the reason why it failed, None when the server is ready."""
    with selectors.DefaultSelector() as selector:
        selector.register(report, selectors.EVENT_READ)
        while selector.select(SILENCE_SECONDS):
            line = report.readline()
            if not line:
                return ""
            said = json.loads(line)
            if "ready" in said:
                return None
            if "error" in said:
                return str(said["error"])
    return f"its keeper has said nothing for {SILENCE_SECONDS:g} s"


def _require_space(run: RunFolder) -> None:
    found = os.statvfs(run.db)
    free = found.f_bavail * found.f_frsize
    if free < NEEDED_BYTES:
        raise DataHomeError(
            f"the disk of the data home {run.home} is full: the database needs "
            f"{NEEDED_BYTES // 1024**2} MB, {free // 1024**2} MB are free. Free some space, or "
            f"set WORKBENCH_HOME to a folder on another disk"
        )


def _environment() -> dict[str, str]:
    """Ours, in which the keeper's Python finds this very package."""
    root = Path(__file__).resolve().parents[2]
    if root.name in ("site-packages", "dist-packages"):
        return dict(os.environ)
    path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
