"""Fine-tuning on the labels of a dataset, and whether the result is taken into use.

Wiring: it hands the labelled pool to `models` and the result to the learner. Imports FiftyOne by
way of it.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from workbench.errors import WorkbenchError
from workbench.learning import Fit, Learner
from workbench.models.backbones import load_backbone
from workbench.models.finetuning import FineTuneProgress, fine_tune


@dataclass(frozen=True)
class TrainResult:
    """What `bench.train` came to.

    Attributes:
        backbone: the timm model that was fine-tuned.
        checkpoint: folder of the result.
        held_out: labels set aside to judge it by.
        accuracy_before: there, of the model in use before, out of fold.
        accuracy_after: there, of the fine-tuned one. These labels also chose when to stop, which
            flatters a little; `bench.evaluate()` is the judge.
        used: whether it was better, and is now in use.
        history: loss and held-out figures as training went on.
    """

    backbone: str
    checkpoint: Path
    held_out: int
    accuracy_before: float
    accuracy_after: float
    used: bool
    history: pd.DataFrame

    def __str__(self) -> str:
        verdict = "now in use" if self.used else "not better: the model in use stays"
        return (
            f"{self.backbone} fine-tuned: {100 * self.accuracy_after:.1f} % on {self.held_out} "
            f"held-out labels, {100 * self.accuracy_before:.1f} % before; {verdict}"
        )

    __repr__ = __str__


def train(
    learner: Learner, backbone: str, folder: Path, *, minutes: float, seed: int
) -> TrainResult:
    """Fine-tune on the labelled pool and use the result, if it is better.

    Args:
        learner: the model in use.
        backbone: a timm model name.
        folder: checkpoints are written below it.
        minutes: wall-clock budget of the training.
        seed: of everything random.

    Raises:
        BackboneError: the backbone is unknown, or its weights cannot be had.
        NotEnoughLabelsError: too few labels.
        WorkbenchError: images have several classes; only the probe learns from those so far.
    """
    if not learner.task.exclusive:
        raise WorkbenchError(
            "fine-tuning a backbone is not built for multi-label yet: the probe on the frozen "
            "backbone learns by itself, bench.evaluate() shows how well"
        )
    source = load_backbone(backbone)  # an unknown name is said before anything is computed
    fit = learner.fit()
    table, rows = fit.table, fit.rows
    checkpoint = (
        folder / f"{backbone}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**6:06d}"
    )
    with _Bar(minutes) as bar:
        result = fine_tune(
            source,
            [table.paths[row] for row in rows],
            table.targets[rows].astype(np.int64, copy=False),
            len(table.classes),
            minutes=minutes,
            checkpoint=checkpoint,
            classes=table.classes,
            seed=seed,
            progress=bar.show,
        )
    before = _out_of_fold_accuracy(fit, result.held_out)
    # At epoch 0 the weights are those it began with: nothing new to use, unless they are not in use.
    changed = result.best_epoch > 0 or source.key != learner.key
    used = changed and result.accuracy_after > before
    if used:
        held = set(result.held_out.tolist())
        seen = [table.hashes[row] for place, row in enumerate(rows) if place not in held]
        learner.use(load_backbone(backbone, weights=checkpoint), checkpoint, seen)
    return TrainResult(
        backbone=backbone,
        checkpoint=checkpoint,
        held_out=len(result.held_out),
        accuracy_before=before,
        accuracy_after=result.accuracy_after,
        used=used,
        history=pd.DataFrame(result.history),
    )


def _out_of_fold_accuracy(fit: Fit, places: np.ndarray) -> float:
    """Accuracy of the fitted probe on some of its training rows, each predicted by other folds."""
    probabilities = fit.probe.spread(fit.probe.out_of_fold[places], len(fit.table.classes))
    known = np.isfinite(fit.probe.out_of_fold[places]).all(axis=1)
    right = probabilities.argmax(axis=1) == fit.table.targets[fit.rows[places]]
    return float((right & known).mean())  # a class with a single label cannot be got right


class _Bar:
    """A progress bar over the time budget, with the figures that matter beside it."""

    def __init__(self, minutes: float) -> None:
        self._bar = tqdm(
            total=round(minutes * 60),
            desc="fine-tuning",
            bar_format="{desc} {percentage:3.0f}%|{bar}| {n:.0f} of {total} s{postfix}",
        )

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, progress: FineTuneProgress) -> None:
        self._bar.n = min(self._bar.total, round(progress.seconds))
        self._bar.set_postfix_str(
            f"epoch {progress.epoch}, loss {progress.loss:.2f}, "
            f"held out {100 * progress.held_out_accuracy:.1f} %",
            refresh=True,
        )
