"""Fine-tune a whole backbone on few labels, within a budget of minutes."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.models.backbones import Backbone, load_backbone
from workbench.models.checkpoints import Checkpoint, require_free, write_checkpoint
from workbench.models.heldout import hold_out
from workbench.models.pixels import PixelStore
from workbench.models.trainer import FineTuneProgress, Trainer

__all__ = ["FineTuneProgress", "FineTuneResult", "fine_tune"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class FineTuneResult:
    """What fine-tuning came to.

    The held-out labels chose the epoch and the head's regularisation, so that their figures are a
    little flattering; the test split is the judge.

    Attributes:
        checkpoint: folder of the best model; `load_backbone(name, weights=checkpoint)` opens it.
        history: one entry for each look at the held-out labels, the frozen backbone first.
        held_out: indices, into the paths given, of the labels set aside.
        accuracy_before: held-out accuracy of the frozen backbone and a linear head.
        accuracy_after: held-out accuracy of the model kept.
        best_epoch: the epoch it comes from; 0 if training did not better the frozen backbone.
        interrupted: whether a KeyboardInterrupt ended it.
    """

    checkpoint: Path
    history: tuple[FineTuneProgress, ...]
    held_out: Ints
    accuracy_before: float
    accuracy_after: float
    best_epoch: int
    interrupted: bool


def fine_tune(
    backbone: str | Backbone,
    paths: Sequence[str | Path],
    targets: Sequence[int] | Ints,
    num_classes: int,
    *,
    minutes: float,
    checkpoint: Path,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    held_out: float = 0.2,
    progress: Callable[[FineTuneProgress], None] | None = None,
) -> FineTuneResult:
    """Fine-tune a backbone on labelled images and keep what does best on labels set aside.

    First a linear head on frozen features, then everything together (Kumar et al., "Fine-Tuning
    can Distort Pretrained Features", ICLR 2022), earlier layers more slowly; AdamW, cosine
    schedule, mild augmentation without flips. A KeyboardInterrupt keeps the best so far,
    once the head is fitted.

    The same seed gives the same run on the same machine with the same number of threads, unless it
    is the budget that ends it: how many steps fit into a minute is the machine's affair. On a GPU,
    sums may differ in the last digits.

    Args:
        backbone: name of a timm model, or a loaded backbone, which stays as it is.
        paths: image files.
        targets: (n,) their class indices.
        num_classes: number of classes.
        minutes: wall-clock budget. The frozen features are always computed, however long it takes.
        checkpoint: folder for the result; must not exist, or be empty.
        classes: the classes' names to store; by default their numbers.
        seed: of the split, the order, the augmentation.
        held_out: share of the labels to set aside, stratified.
        progress: called after every step and every look at the held-out labels.

    Returns:
        What came of it.

    Raises:
        NotEnoughLabelsError: fewer than 10 labels, or fewer than two classes with two labels.
        BackboneError: the backbone cannot be had, or the checkpoint folder is taken.
        ImageError: a file cannot be read.
        ValueError: targets, classes, minutes or share are out of range.
    """
    started = time.monotonic()
    truth = _checked_targets(paths, targets, num_classes)
    names = tuple(classes) if classes is not None else tuple(str(i) for i in range(num_classes))
    if len(names) != num_classes:
        raise ValueError(f"there are {len(names)} class names for {num_classes} classes")
    if not minutes > 0:
        raise ValueError(f"minutes must be above 0, not {minutes}")
    train, held = hold_out(truth, held_out, seed)
    require_free(checkpoint)
    source = load_backbone(backbone) if isinstance(backbone, str) else backbone
    with PixelStore(source, paths) as store, torch.random.fork_rng():
        torch.manual_seed(seed)
        trainer = Trainer(
            copy.deepcopy(source),
            store,
            truth,
            train,
            held,
            num_classes,
            started=started,
            deadline=started + minutes * 60,
            seed=seed,
            report=progress,
        )
        interrupted = _run(trainer)
    _write(trainer, source, names, checkpoint)
    return FineTuneResult(
        checkpoint=checkpoint,
        history=tuple(trainer.history),
        held_out=held,
        accuracy_before=trainer.history[0].held_out_accuracy,
        accuracy_after=trainer.best.held_out_accuracy,
        best_epoch=trainer.best.epoch,
        interrupted=interrupted,
    )


def _run(trainer: Trainer) -> bool:
    """Train and go back to the best; say whether the user broke it off."""
    interrupted = False
    try:
        trainer.fit_head()
        trainer.train()
    except KeyboardInterrupt:
        if not trainer.history:  # nothing to keep yet
            raise
        interrupted = True
    trainer.restore_best()
    return interrupted


def _write(trainer: Trainer, source: Backbone, classes: tuple[str, ...], folder: Path) -> None:
    weight, bias = trainer.head.folded()
    metrics = {
        "held_out_accuracy": trainer.best.held_out_accuracy,
        "held_out_log_loss": trainer.best.held_out_log_loss,
    }
    checkpoint = Checkpoint(
        backbone=source.name,
        config=source.config,
        classes=classes,
        features=trainer.student.model.state_dict(),
        head_weight=weight,
        head_bias=bias,
        arguments=source.arguments,
        metrics=metrics,
    )
    write_checkpoint(folder, checkpoint)


def _checked_targets(
    paths: Sequence[str | Path], targets: Sequence[int] | Ints, num_classes: int
) -> Ints:
    truth = np.asarray(targets, dtype=np.int64)
    if truth.shape != (len(paths),):
        raise ValueError(f"targets must have shape ({len(paths)},), as paths, not {truth.shape}")
    if len(truth) and not (truth.min() >= 0 and truth.max() < num_classes):
        raise ValueError(
            f"targets must lie between 0 and {num_classes - 1}, but reach from {truth.min()} to "
            f"{truth.max()}"
        )
    return truth
