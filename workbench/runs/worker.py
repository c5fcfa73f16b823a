"""The process of a training run: `python -m workbench.runs.worker <folder>`.

It ends by itself when the kernel that started it has gone: its standard input is a pipe that the
kernel holds. What it has learned until then can be resumed.
"""

import gc
import hashlib
import json
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.dataset.locks import ProcessLock
from workbench.dataset.vectors import vector_store
from workbench.errors import TrainingError, WorkbenchError
from workbench.runs.files import RunFiles, read_json, write_whole
from workbench.runs.job import Job, read_job
from workbench.vectorising import embed_missing

if TYPE_CHECKING:
    from workbench.models.finetuning import FineTuneProgress, FineTuneResult

MACHINE_LOCK = "training.lock"  # in the home's folder of runs: one run at a time
_TELL_EVERY = 0.25  # seconds
_NICE = 5  # labelling goes before training


class _GoneError(BaseException):
    """The kernel has gone."""


class Worker:
    """One process on one run.

    Args:
        files: of the run.
    """

    def __init__(self, files: RunFiles) -> None:
        self._files = files
        self._gone = threading.Event()
        self._told = 0.0
        self._progress = files.progress.open("a", encoding="utf-8")

    def run(self) -> None:
        """Do it, and write down what came of it."""
        threading.Thread(target=self._watch, daemon=True).start()
        job = read_job(self._files.job)
        begun = time.time()
        try:
            self._wait_for_turn(job)
            outcome = self._train(job)
        except _GoneError:
            return  # resumable
        except WorkbenchError as error:
            outcome = {"status": "failed", "reason": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with its reason
            traceback.print_exc()
            outcome = {"status": "failed", "reason": f"{type(error).__name__}: {error}"}
        outcome |= {"begun": begun, "ended_at": time.time()}
        write_whole(self._files.outcome, outcome)
        if outcome["status"] != "failed":
            self._files.state.unlink(missing_ok=True)

    def _wait_for_turn(self, job: Job) -> None:
        lock = ProcessLock(self._files.folder.parent.parent / MACHINE_LOCK)
        self._lock = lock  # held as long as this process lives
        if not lock.acquire():
            self._tell(phase="waiting")
            while not lock.acquire(timeout=0.5):
                if self._stop():
                    raise WorkbenchError("stopped before its turn came")
        self._tell(phase="loading", backbone=job.backbone)

    def _train(self, job: Job) -> dict[str, Any]:
        require_unchanged(job)
        if job.boxed:
            return self._train_detector(job)
        if job.masked:
            return self._train_segmenter(job)
        from workbench.models.backbones import load_backbone
        from workbench.models.finetuning import fine_tune
        from workbench.models.objectives import objective_of
        from workbench.models.recipe import Recipe
        from workbench.models.weights import as_weights

        self._clear()
        source = load_backbone(job.backbone, weights=as_weights(job.weights))
        recipe, targets = Recipe(**job.recipe), targets_of(job)
        held = objective_of(job.exclusive).hold_out(targets, recipe.held_out, job.seed)[1]
        before = baseline_figure(job, held.tolist())
        device = device_name(source.device)
        self._tell(phase="features", device=device, images=len(job.paths), before=before)
        result = fine_tune(
            source,
            job.paths,
            targets,
            len(job.classes),
            minutes=job.minutes,
            checkpoint=self._files.model,
            exclusive=job.exclusive,
            classes=job.classes,
            recipe=recipe,
            seed=job.seed,
            state=self._files.state,
            progress=self._report,
            stop=self._stop,
        )
        outcome = _judge(job, result, source.key, before) | {"device": device}
        del source
        gc.collect()
        backbone = load_backbone(job.backbone, weights=self._files.model)
        outcome |= {"key": backbone.key, "dim": backbone.dim}
        if outcome["better"]:
            self._embed(job, backbone)
        return outcome

    def _train_detector(self, job: Job) -> dict[str, Any]:
        from workbench.models.detectortraining import train_detector
        from workbench.models.recipe import DetectorRecipe
        from workbench.runs.detection import baseline_of_boxes, labelled_images

        recipe, images = DetectorRecipe(**job.recipe), labelled_images(job)
        measured = partial(baseline_of_boxes, job, images, recipe)
        return self._learn_drawn(job, partial(train_detector, recipe=recipe), images, measured)

    def _train_segmenter(self, job: Job) -> dict[str, Any]:
        from workbench.models.recipe import SegmenterRecipe
        from workbench.models.segmentertraining import train_segmenter
        from workbench.runs.segmentation import baseline_of_masks, painted_images

        recipe, images = SegmenterRecipe(**job.recipe), painted_images(job)
        measured = partial(baseline_of_masks, job, images, recipe)
        return self._learn_drawn(job, partial(train_segmenter, recipe=recipe), images, measured)

    def _learn_drawn(
        self,
        job: Job,
        train: Callable[..., "FineTuneResult"],
        images: Sequence[Any],
        measured: Callable[[], float | None],
    ) -> dict[str, Any]:
        """Train on images with what was drawn on them; `measured` is the figure to better."""
        from workbench.models.backbones import load_backbone
        from workbench.models.weights import as_weights

        self._clear()
        source = load_backbone(job.backbone, weights=as_weights(job.weights))
        device = device_name(source.device)
        self._tell(phase="images", device=device, images=len(images))
        before = measured()
        self._tell(phase="images", device=device, images=len(images), before=before)
        result = train(
            source,
            images,
            job.classes,
            minutes=job.minutes,
            checkpoint=self._files.model,
            seed=job.seed,
            state=self._files.state,
            progress=self._report,
            stop=self._stop,
            trained_on={"dataset": job.dataset},
        )
        return _outcome(result, before, changed=result.best_epoch > 0) | {"device": device}

    def _clear(self) -> None:
        if not self._files.outcome.exists():  # left by a process that was killed between the two
            shutil.rmtree(self._files.model, ignore_errors=True)

    def _embed(self, job: Job, backbone: Any) -> None:
        """Embed the dataset with a better backbone, so that nobody has to wait for that later."""
        store = vector_store(Path(job.home), backbone.key, backbone.dim)
        others = (read_json(self._files.others) or {}).get("images", [])
        paths = [*job.paths, *(path for path, _ in others)]
        hashes = [*job.hashes, *(digest for _, digest in others)]
        for done, total in embed_missing(store, backbone, hashes, paths):
            self._tell(phase="embedding", done=done, total=total)
            self._require_kernel()

    def _report(self, progress: "FineTuneProgress") -> None:
        now = time.monotonic()
        if progress.looked or now - self._told >= _TELL_EVERY:
            self._told = now
            self._tell(phase="training", **vars(progress))

    def _tell(self, **line: Any) -> None:
        self._progress.write(json.dumps(line) + "\n")
        self._progress.flush()

    def _stop(self) -> bool:
        self._require_kernel()
        return self._files.stop.exists()

    def _require_kernel(self) -> None:
        if self._gone.is_set():
            raise _GoneError

    def _watch(self) -> None:
        while sys.stdin.buffer.read(1):
            pass
        self._gone.set()


def _judge(job: Job, result: "FineTuneResult", key: str, before: float) -> dict[str, Any]:
    """What came of it, beside what the model in use says of the same labels."""
    # At epoch 0 the weights are those it began with: nothing new, unless they are not in use.
    changed = result.best_epoch > 0 or key != job.in_use
    return _outcome(result, before, changed=changed)


def _outcome(result: "FineTuneResult", before: float | None, *, changed: bool) -> dict[str, Any]:
    return {
        "status": "stopped" if result.stopped else "finished",
        "reason": result.ended,
        "notes": list(result.notes),
        "held_out": result.held_out.tolist(),
        "before": before,
        "frozen": result.figure_before,
        "after": result.figure_after,
        "best_epoch": result.best_epoch,
        "better": bool(changed and before is not None and result.figure_after > before),
    }


def require_unchanged(job: Job) -> None:
    """Check that the files are those that were labelled.

    Raises:
        TrainingError: one has gone or has another content.
    """
    for path, digest in zip(job.paths, job.hashes, strict=True):
        try:
            with Path(path).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise TrainingError(
                f"{path} cannot be read ({error.strerror}), though it is labelled: put it back"
            ) from error
        if found != digest:
            raise TrainingError(
                f"{path} is not the image that was labelled, its content has changed since: put "
                "the old one back, or import the new one under another name"
            )


def targets_of(job: Job) -> np.ndarray:
    """Targets as `fine_tune` takes them: (n,) class indices, or (n, num_classes) booleans."""
    return _as_array(job.targets, job)


def baseline_figure(job: Job, rows: list[int]) -> float:
    """Accuracy, or micro F1, of the model in use on some of the labels, out of fold.

    What it could not say of, such as the only label of a class, it has not got right.
    """
    if job.exclusive:
        right = [job.baseline[row] == job.targets[row] for row in rows]
        return float(sum(right) / len(right))
    truth = _as_array([job.targets[row] for row in rows], job)
    said = _as_array([job.baseline[row] or [] for row in rows], job)
    hits, told = int((said & truth).sum()), int(said.sum()) + int(truth.sum())
    return 2.0 * hits / told if told else 1.0


def _as_array(values: Any, job: Job) -> np.ndarray:
    if job.exclusive:
        return np.asarray(values, dtype=np.int64)
    out = np.zeros((len(values), len(job.classes)), dtype=np.bool_)
    for row, classes in enumerate(values):
        out[row, list(classes)] = True
    return out


def device_name(device: Any) -> str:
    """What computes, in words."""
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "cpu":
        return f"CPU, {torch.get_num_threads()} threads"
    return str(device.type)


def main() -> None:
    """Work on the run whose folder is the argument."""
    files = RunFiles(Path(sys.argv[1]))
    lock = ProcessLock(files.worker_lock)
    if not lock.acquire(timeout=5):
        raise SystemExit(f"{files.folder} is being worked on by another process")
    os.nice(_NICE)
    Worker(files).run()


if __name__ == "__main__":
    main()
