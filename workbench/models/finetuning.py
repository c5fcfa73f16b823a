"""Fine-tune a whole backbone on few labels, within a budget of minutes."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.models.backbones import Backbone, load_backbone
from workbench.models.checkpoints import Checkpoint, require_free, write_checkpoint
from workbench.models.heads import LinearHead
from workbench.models.objectives import Objective, objective_of
from workbench.models.pixels import PixelStore
from workbench.models.progress import FineTuneProgress
from workbench.models.recipe import Recipe, default_recipe
from workbench.models.runstate import RunState, read_state, write_state
from workbench.models.trainer import Trainer

__all__ = ["FineTuneProgress", "FineTuneResult", "fine_tune"]

Ints = NDArray[np.int64]

_SAVING = 0.05  # share of the run that writing its states may take


@dataclass(frozen=True)
class FineTuneResult:
    """What fine-tuning came to.

    The held-out labels chose the epoch and the head's regularisation, so that their figures are a
    little flattering; the test split is the judge.

    Attributes:
        checkpoint: folder of the best model; `load_backbone(name, weights=checkpoint)` opens it.
        history: one entry for each look at the held-out labels, the frozen backbone first.
        held_out: indices, into the paths given, of the labels set aside.
        figure_before: held-out accuracy, or micro F1, of the frozen backbone and a linear head.
        figure_after: that of the model kept.
        best_epoch: the epoch it comes from; 0 if training did not better the frozen backbone.
        ended: why training ended, in words.
        stopped: whether that was because `stop` said so.
        notes: what went otherwise than asked for.
    """

    checkpoint: Path
    history: tuple[FineTuneProgress, ...]
    held_out: Ints
    figure_before: float
    figure_after: float
    best_epoch: int
    ended: str
    stopped: bool
    notes: tuple[str, ...]

    @classmethod
    def of(cls, trainer: Trainer, guide: "RunGuide", held: Ints, checkpoint: Path) -> Self:
        """What a run that has ended came to."""
        return cls(
            checkpoint=checkpoint,
            history=tuple(trainer.history),
            held_out=held,
            figure_before=trainer.history[0].held_out_figure,
            figure_after=trainer.best.held_out_figure,
            best_epoch=trainer.best.epoch,
            ended=trainer.ended,
            stopped=trainer.stopped,
            notes=tuple(guide.notes),
        )


def fine_tune(
    backbone: str | Backbone,
    paths: Sequence[str | Path],
    targets: Any,
    num_classes: int,
    *,
    minutes: float,
    checkpoint: Path,
    exclusive: bool = True,
    classes: Sequence[str] | None = None,
    recipe: Recipe | None = None,
    seed: int = 0,
    state: Path | None = None,
    progress: Callable[[FineTuneProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> FineTuneResult:
    """Fine-tune a backbone on labelled images and keep what does best on labels set aside.

    First a linear head on frozen features, then everything together (Kumar et al., "Fine-Tuning
    can Distort Pretrained Features", ICLR 2022), earlier layers more slowly; AdamW, cosine
    schedule, a moving average of the weights, mild augmentation without flips.

    The same seed gives the same run on the same machine with the same number of threads, also when
    it was broken off and resumed, unless it is the budget that ends it: how many steps fit into a
    minute is the machine's affair. On a GPU, sums may differ in the last digits.

    Args:
        backbone: name of a timm model, or a loaded backbone, which stays as it is.
        paths: image files.
        targets: (n,) their class indices, or in multi-label (n, num_classes) booleans.
        num_classes: number of classes.
        minutes: wall-clock budget. The frozen features are always computed, however long it takes.
        checkpoint: folder for the result; must not exist, or be empty.
        exclusive: whether an image has one class only.
        classes: the classes' names to store; by default their numbers.
        recipe: the choices; by default those of `default_recipe`.
        seed: of the split, the order, the augmentation.
        state: file for what is needed to go on after the run was broken off, written now and then;
            if it is there, the run goes on from it.
        progress: called after every step and every look at the held-out labels.
        stop: asked before every step whether to end and keep the best so far.

    Returns:
        What came of it.

    Raises:
        NotEnoughLabelsError: fewer than 10 labels, or fewer than two classes with two labels.
        BackboneError: the backbone cannot be had, the checkpoint folder is taken, or the state is
            damaged.
        ImageError: a file cannot be read.
        ValueError: targets, classes or minutes are out of range.
    """
    objective = objective_of(exclusive)
    truth = objective.checked(targets, len(paths), num_classes)
    names = tuple(classes) if classes is not None else tuple(str(i) for i in range(num_classes))
    if len(names) != num_classes:
        raise ValueError(f"there are {len(names)} class names for {num_classes} classes")
    if not minutes > 0:
        raise ValueError(f"minutes must be above 0, not {minutes}")
    recipe = recipe or default_recipe(exclusive, len(paths))
    train, held = objective.hold_out(truth, recipe.held_out, seed)
    require_free(checkpoint)
    begun = read_state(state) if state is not None and state.exists() else None
    source = load_backbone(backbone) if isinstance(backbone, str) else backbone
    guide = RunGuide(progress, stop, state, recipe.save_every)
    with PixelStore(source, paths) as store, torch.random.fork_rng():
        torch.manual_seed(seed)
        trainer = Trainer(
            copy.deepcopy(source),
            store,
            objective,
            truth,
            train,
            held,
            num_classes,
            recipe=recipe,
            minutes=minutes,
            seed=seed,
            guide=guide,
        )
        trainer.run(begun)
    _write(trainer, source, names, objective, checkpoint)
    return FineTuneResult.of(trainer, guide, held, checkpoint)


class RunGuide:
    """Passes on what a run asks and tells, and writes its state now and then (`trainer.Guide`)."""

    def __init__(
        self,
        progress: Callable[[FineTuneProgress], None] | None,
        stop: Callable[[], bool] | None,
        state: Path | None,
        every: float,
    ) -> None:
        self._progress = progress
        self._stop = stop
        self._path = state
        self._every = every
        self._written = time.monotonic()
        self._taking = 0.0  # seconds that writing takes
        self.notes: list[str] = []

    def report(self, progress: FineTuneProgress) -> None:
        if self._progress is not None:
            self._progress(progress)

    def stop(self) -> bool:
        return self._stop is not None and self._stop()

    def keep(self, state: Callable[[], RunState]) -> None:
        begun = time.monotonic()
        due = max(self._every, self._taking / _SAVING)
        if self._path is None or begun - self._written < due:
            return
        try:
            write_state(self._path, state())
        except OSError as error:
            self.note(
                f"what the run could go on from was not written ({error.strerror}): what was "
                "written before is intact; free some space"
            )
        self._written = time.monotonic()
        self._taking = self._written - begun

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _write(
    trainer: Trainer, source: Backbone, classes: tuple[str, ...], objective: Objective, folder: Path
) -> None:
    weight, bias = cast(LinearHead, trainer.head).folded()
    metrics = {
        f"held_out_{objective.measure.replace(' ', '_')}": trainer.best.held_out_figure,
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
        task=objective.task,
    )
    write_checkpoint(folder, checkpoint)
