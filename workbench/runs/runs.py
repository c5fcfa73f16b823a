"""The training runs of a dataset: begun one after the other, each in a process of its own."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench.dataset.locks import ProcessLock
from workbench.errors import TrainingError
from workbench.runs import run as states
from workbench.runs.files import RunFiles, read_json, write_whole
from workbench.runs.job import Job
from workbench.runs.run import LIVE, TrainRun
from workbench.versions import versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_log = logging.getLogger(__name__)

_POLL = 0.1  # seconds
_COLUMNS = [
    *("backbone", "status", "labels", "before", "after", "used", "minutes", "epochs", "seed"),
    *("created", "reason"),
]


class Runs:
    """All training runs of a dataset, the oldest first; shown as a table.

    Args:
        folder: of the dataset's runs, a folder each.
        adopt: told of a run of this kernel that has ended with a model; what it raises is kept as
            the reason why the model is not in use.
    """

    def __init__(self, folder: Path, adopt: Callable[[TrainRun], None]) -> None:
        self._folder = folder
        self._adopt = adopt
        self._queue: deque[TrainRun] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._locks: dict[Path, ProcessLock] = {}

    def __len__(self) -> int:
        return len(self._folders())

    def __iter__(self) -> Iterator[TrainRun]:
        return (self._run(folder) for folder in self._folders())

    def __getitem__(self, which: int | str) -> TrainRun:
        """The run of a place (-1 the latest) or a name.

        Raises:
            TrainingError: there is none.
        """
        folders = self._folders()
        try:
            if isinstance(which, str):
                return self._run(next(f for f in folders if f.name == which))
            return self._run(folders[which])
        except (IndexError, StopIteration):
            raise TrainingError(
                f"there is no run {which!r}: there are {len(folders)}, bench.runs shows them; "
                "bench.train() begins one"
            ) from None

    def to_pandas(self) -> pd.DataFrame:
        """A row a run: what it did, on how many labels, the figure before and after, and why it ended.

        `before` is the model in use then, out of fold, and `after` the trained one, on the same
        held-out labels: accuracy, or micro F1 in multi-label.
        """
        rows = []
        for run in self:
            job, outcome = run.job, run.outcome or {}
            about = [job.backbone, run.status, len(job.targets)]
            about += [outcome.get("before"), outcome.get("after"), run.used, job.minutes]
            about += [int(run.history["epoch"].max()) if len(run.history) else 0, job.seed]
            rows.append([*about, job.created, run.reason])
        names = pd.Index([run.id for run in self], name="run")
        return pd.DataFrame(rows, columns=_COLUMNS, index=names)

    def best(self) -> TrainRun:
        """The run with the best figure on its held-out labels, of those that compare.

        Raises:
            TrainingError: none has ended with a model.
        """
        ended = [run for run in self if run.compares]
        if not ended:
            raise TrainingError("no run has ended with a model yet: bench.train() begins one")
        return max(ended, key=lambda run: float((run.outcome or {})["after"]))

    def plot(self) -> "Figure":
        """The held-out figure of each run over its minutes, in one picture."""
        from workbench.runs.plots import all_curves

        return all_curves(list(self))

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html(float_format="{:.3f}".format, na_rep=""))

    def __repr__(self) -> str:
        return self.to_pandas().to_string() if len(self) else "no runs yet: bench.train()"

    def repeat(self, which: int | str) -> TrainRun:
        """Begin a run again, with the very images, labels, split, recipe and seed of its job.

        Raises:
            TrainingError: there is no such run.
        """
        name, created = new_id()
        before = self[which]
        job = replace(before.job, id=name, created=created, versions=versions())
        others = (read_json(RunFiles(before.folder).others) or {}).get("images", [])
        return self.begin(job, others)

    def delete(self, patience: float = 60.0) -> None:
        """Delete all of them with their models; those that are at work are stopped first.

        Args:
            patience: seconds to wait for them to stop.

        Raises:
            TrainingError: one is still at work then; nothing was deleted.
        """
        until = time.monotonic() + patience
        for run in self:
            run.stop()
        for run in self:
            while run.status not in states.ENDED:
                if time.monotonic() > until:
                    raise TrainingError(
                        f"{run} was asked to stop and is still at work after {patience:.0f} s: "
                        "delete again when it has ended"
                    )
                time.sleep(_POLL)
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- beginning ------------------------------------------------------------------------------

    def begin(self, job: Job, others: Sequence[Sequence[str]] = ()) -> TrainRun:
        """Queue a run and return at once.

        Args:
            job: what it is to do.
            others: (path, content hash) of further images, for a better backbone to embed.

        Raises:
            TrainingError: its folder cannot be made.
        """
        files = RunFiles(self._folder / job.id)
        try:
            files.folder.mkdir(parents=True)
            # In a file of its own: there may be very many, and the table of runs reads every job.
            write_whole(files.others, {"images": list(others)})
            job.write(files.job)
        except OSError as error:
            raise TrainingError(
                f"the folder {files.folder} of the run cannot be written ({error.strerror}): free "
                "some space, or choose another data home"
            ) from error
        run = self._run(files.folder)
        self._enqueue(run)
        return run

    def _enqueue(self, run: TrainRun) -> None:
        lock = ProcessLock(RunFiles(run.folder).owner_lock)
        if not lock.acquire():
            raise TrainingError(f"{run} belongs to another kernel: use it there")
        with self._lock:
            self._locks[run.folder] = lock
            LIVE[run.folder] = states.QUEUED
            self._queue.append(run)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="workbench-runs", daemon=True
                )
                self._thread.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._thread = None
                    return
                run = self._queue.popleft()
            try:
                self._carry_out(run)
            except Exception:  # noqa: BLE001 - those that wait for their turn must not suffer
                _log.exception("what came of %s could not be written down", run.id)
            finally:
                LIVE.pop(run.folder, None)
                if lock := self._locks.pop(run.folder, None):
                    lock.release()

    def _carry_out(self, run: TrainRun) -> None:
        files = RunFiles(run.folder)
        if files.stop.exists():
            write_whole(files.outcome, _failed("stopped before its turn came"))
            return
        LIVE[run.folder] = states.RUNNING
        try:
            code = _work_in_process(files)
        except OSError as error:
            write_whole(files.outcome, _failed(f"its process could not be started: {error}"))
            return
        outcome = run.outcome
        if outcome is None:
            write_whole(files.outcome, _failed(_explain(code, files)))
        elif outcome.get("better"):
            try:
                self._adopt(run)
                run.mark_used()
            except Exception as error:  # noqa: BLE001 - said where the run is looked at
                notes = [*outcome["notes"], f"it could not be taken into use: {error}"]
                write_whole(files.outcome, {**outcome, "notes": notes})

    def _run(self, folder: Path) -> TrainRun:
        return TrainRun(RunFiles(folder), self._enqueue, self._adopt)

    def _folders(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path.parent for path in self._folder.glob("*/job.json"))


def new_id() -> tuple[str, str]:
    """Name of a run that begins now, and the time as ISO 8601."""
    now = datetime.now(UTC)
    return now.strftime("%Y%m%d-%H%M%S-%f"), now.isoformat(timespec="seconds")


def _work_in_process(files: RunFiles) -> int:
    """Let a process work on a run until it ends; returns its exit code.

    It is of a session of its own, so that an interrupt of the cell does not reach it, and its
    standard input is a pipe that breaks when this process dies.
    """
    with files.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.runs.worker", str(files.folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_environment(),
        )
    with process:
        return process.wait()


def _environment() -> dict[str, str]:
    """The kernel's, with what has been put on its path since: `-P` leaves the rest out."""
    paths = [path for path in sys.path if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _failed(reason: str) -> dict[str, object]:
    return {"status": states.FAILED, "reason": reason, "ended_at": time.time()}


def _explain(code: int, files: RunFiles) -> str:
    """Why a process ended without an outcome."""
    if code == -signal.SIGKILL:
        return (
            "its process was killed (signal 9), as a system does when memory runs out: a smaller "
            "batch_size or backbone needs less"
        )
    if code < 0:
        return f"its process ended by signal {-code} ({signal.Signals(-code).name})"
    try:
        last = files.log.read_text(errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        last = "it printed nothing"
    return f"its process ended with code {code}: {last} ({files.log})"
