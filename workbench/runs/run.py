"""One training run, as a notebook sees it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.dataset.locks import ProcessLock
from workbench.errors import TrainingError
from workbench.runs.files import RunFiles, read_json, write_whole
from workbench.runs.job import Job, read_job
from workbench.runs.told import Told

if TYPE_CHECKING:
    from matplotlib.figure import Figure

QUEUED, RUNNING = "queued", "running"
FINISHED, STOPPED, FAILED, INTERRUPTED = "finished", "stopped", "failed", "interrupted"
ENDED = (FINISHED, STOPPED, FAILED, INTERRUPTED)

_POLL = 0.2  # seconds
_GONE = "its process ended without a word: the kernel or the machine went down"

# Runs of this process's kernel that have not ended; locks tell processes apart, not these.
LIVE: dict[Path, str] = {}


class TrainRun:
    """A training run: in its queue, at work, or ended; `bench.train` begins one.

    It draws itself in a notebook, with a button to stop it. Everything it knows is in its folder,
    so that it can be looked at from any kernel.

    Args:
        files: of the run.
        resume: begins it again.
        use: takes its model into use.
    """

    def __init__(
        self,
        files: RunFiles,
        resume: Callable[["TrainRun"], None],
        use: Callable[["TrainRun"], None],
    ) -> None:
        self._files = files
        self._resume = resume
        self._use = use
        self._told = Told()

    @property
    def id(self) -> str:
        """Its name: when it was asked for."""
        return self._files.folder.name

    @property
    def folder(self) -> Path:
        """Folder of everything it has written."""
        return self._files.folder

    @cached_property
    def job(self) -> Job:
        """What it is to do: images, labels, recipe, seed and versions, as they were pinned."""
        return read_job(self._files.job)

    # --- how it stands ------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """`queued`, `running`, `finished`, `stopped`, `failed` or `interrupted`.

        A run is interrupted when its process, its kernel or the machine went down; it can be
        resumed.
        """
        if self._files.folder in LIVE:  # this kernel's: it has ended when that is taken in, too
            return LIVE[self._files.folder]
        if outcome := self.outcome:
            return str(outcome["status"])
        if ProcessLock(self._files.worker_lock).held_by_another():
            return RUNNING
        if ProcessLock(self._files.owner_lock).held_by_another():
            return QUEUED
        return INTERRUPTED

    @property
    def outcome(self) -> Mapping[str, Any] | None:
        """What came of it, once it has ended."""
        return read_json(self._files.outcome)

    @property
    def reason(self) -> str:
        """Why it ended, in words; empty while it has not."""
        status = self.status
        if status not in ENDED:
            return ""
        return str((self.outcome or {}).get("reason", _GONE))

    @property
    def used(self) -> bool:
        """Whether its model was taken into use."""
        return bool((self.outcome or {}).get("used"))

    @property
    def compares(self) -> bool:
        """Whether its model is measured on what the model in use has not learned from, either."""
        return (self.outcome or {}).get("before") is not None

    @property
    def checkpoint(self) -> Path:
        """Folder of its model; `load_backbone(name, weights=checkpoint)` opens it.

        Raises:
            TrainingError: there is none (yet).
        """
        if "after" not in (self.outcome or {}):
            raise TrainingError(f"{self} has no model: {self._what_to_do()}")
        return self._files.model

    @property
    def held_out(self) -> list[int]:
        """Which of its job's labels were set aside; they are known from its end on."""
        return list((self.outcome or {}).get("held_out", ()))

    @property
    def trained_on(self) -> list[str]:
        """Content hashes of the images that its weights were trained on."""
        held = set(self.held_out)
        return [digest for row, digest in enumerate(self.job.hashes) if row not in held]

    @property
    def progress(self) -> Mapping[str, Any]:
        """The latest that it told: `phase`, and what belongs to it."""
        return self._hear().latest

    @property
    def history(self) -> pd.DataFrame:
        """Its looks at the held-out labels, a row each: `epoch`, `step`, `seconds`, `loss`, ….

        `figure` is the accuracy, in multi-label micro F1, in detection mAP50; `loss` and `log_loss`
        are in nats.
        """
        names = {"held_out_figure": "figure", "held_out_log_loss": "log_loss"}
        columns = ["epoch", "step", "seconds", "loss", *names, "images_per_second"]
        rows = [[look[name] for name in columns] for look in self._hear().looks]
        return pd.DataFrame(rows, columns=[names.get(name, name) for name in columns])

    @property
    def best_look(self) -> int:
        """Row of `history` that its model is from, or would be by now."""
        history = self.history
        if self.job.boxed or self.job.masked:
            return int(history["figure"].argmax())
        return int(history["log_loss"].argmin())

    def _hear(self) -> Told:
        self._told.read_on(self._files.progress)
        return self._told

    # --- what can be done with it -------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> "TrainRun":
        """Wait until it has ended, with a bar; an interrupt of the cell leaves it running.

        Args:
            timeout: seconds to wait at most.

        Returns:
            The run itself.

        Raises:
            TrainingError: it failed or was interrupted; the message says why.
            TimeoutError: it has not ended within the time.
        """
        from tqdm.auto import tqdm

        deadline = math.inf if timeout is None else time.monotonic() + timeout
        total = round(self.job.minutes * 60)
        look = "{desc} {percentage:3.0f}%|{bar}| {n:.0f} of {total} s{postfix}"
        with tqdm(total=total, desc=self.job.backbone, bar_format=look, disable=None) as bar:
            while self.status not in ENDED:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self} has not ended within {timeout} s")
                told = self.progress
                bar.n = min(total, round(told.get("seconds", 0)))
                bar.set_postfix_str(said(told, self.job), refresh=True)
                time.sleep(_POLL)
        if self.status in (FAILED, INTERRUPTED):
            raise TrainingError(f"{self}. {self._what_to_do()}")
        return self

    def stop(self) -> None:
        """End it soon, and keep the best so far; harmless once it has ended."""
        if self.status not in ENDED:
            self._files.stop.touch()

    def resume(self, minutes: float | None = None) -> "TrainRun":
        """Go on with a run that was interrupted or has failed, from what it last wrote down.

        Args:
            minutes: another budget for all of it; by default what was left of its own.

        Returns:
            The run itself.

        Raises:
            TrainingError: it has not ended, or has a model already.
            ValueError: `minutes` is not above 0.
        """
        status = self.status
        if status not in (FAILED, INTERRUPTED):
            raise TrainingError(
                f"{self} cannot be resumed: only what failed or was interrupted can; "
                "bench.train() begins another"
            )
        if minutes is not None:
            if not minutes > 0:
                raise ValueError(f"minutes must be above 0, not {minutes}")
            self.job = replace(self.job, minutes=minutes)
            self.job.write(self._files.job)
        for path in (self._files.outcome, self._files.stop):
            path.unlink(missing_ok=True)
        self._resume(self)
        return self

    def use(self) -> None:
        """Make its model the one in use, whether it did better or not.

        Raises:
            TrainingError: it has no model, or one that is there to doubt labels only.
        """
        _ = self.checkpoint  # or there is none to use
        if not self.compares:
            raise TrainingError(
                f"{self} cannot be taken into use: it has learned from images that every detector is "
                "judged on; train one without fold="
            )
        self._use(self)
        self.mark_used()

    def mark_used(self) -> None:
        """Write down that its model was taken into use."""
        write_whole(self._files.outcome, {**(self.outcome or {}), "used": True})

    def plot(self) -> "Figure":
        """Its curves: losses, and the figure on the held-out labels, over the minutes."""
        from workbench.runs.plots import run_curves

        return run_curves(self)

    # --- how it looks -------------------------------------------------------------------------

    def view(self) -> dict[str, Any]:
        """How it stands, as a page gets it (`widgets.run_view`)."""
        status, told, job, history = self.status, self.progress, self.job, self.history
        looks = history[["seconds", "loss", "log_loss", "figure"]].to_dict("records")
        for look in looks[:1]:
            look["loss"] = None  # of the frozen backbone's head: another loss
        about = self._hear().about
        return {
            "title": f"{job.backbone}, {len(job.targets):,} labels",
            "status": status,
            "said": said(told, job),
            "ended": status in ENDED,
            "verdict": self._in_words() if status in ENDED else "",
            "measure": job.measure,
            "minutes": job.minutes,
            "seconds": told.get("seconds", 0.0),
            "left": told.get("seconds_left", 0.0),
            "device": about.get("device", ""),
            "before": about.get("before"),
            "looks": looks,
            "best": self.best_look if looks else None,
            "stopping": self._files.stop.exists(),
        }

    def __str__(self) -> str:
        return f"{self.job.backbone} ({self.id}): {self._in_words()}"

    __repr__ = __str__

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from workbench.widgets.run_view import RunView

        return RunView(self)._repr_mimebundle_(**options)

    def _in_words(self) -> str:
        status, outcome = self.status, self.outcome or {}
        if status not in ENDED:
            return said(self.progress, self.job) or status
        if status in (FAILED, INTERRUPTED):
            return f"{status}, {self.reason}"
        found = f"{100 * outcome['after']:.1f} % on {len(self.held_out)} held-out labels"
        if self.compares:
            found += f", {100 * outcome['before']:.1f} % before"
        verdict = "not better: the model in use stays"
        if outcome.get("used"):
            verdict = "now in use"
        elif outcome["better"]:
            verdict = "better; run.use() takes it into use"
        elif not self.compares:
            verdict = "it doubts those labels, bench.suspects(), and is not taken into use"
        notes = "".join(f"; {note}" for note in outcome["notes"])
        return f"{status}, {self.reason}: {found}; {verdict}{notes}"

    def _what_to_do(self) -> str:
        return {
            QUEUED: "wait for it, run.wait()",
            RUNNING: "wait for it, run.wait()",
            FAILED: "run.resume() goes on from what it last wrote down",
            INTERRUPTED: "run.resume() goes on from what it last wrote down",
        }.get(self.status, "")


def said(told: Mapping[str, Any], job: Job) -> str:
    """What a run told last, in words."""
    match told.get("phase"):
        case "waiting":
            return "waits for another run on this machine"
        case "loading":
            return f"loading {job.backbone}"
        case "features":
            return f"a linear head first, on the features of {told['images']:,} images"
        case "images":
            return f"reading {told['images']:,} images"
        case "training":
            return (
                f"epoch {told['epoch']} of {job.recipe['epochs']}, loss {told['loss']:.2f}, held "
                f"out {job.measure} {100 * told['held_out_figure']:.1f} %, "
                f"{told['images_per_second']:.0f} images/s"
            )
        case "embedding":
            return f"better: embedding images with it, {told['done']:,} of {told['total']:,}"
    return ""
