"""The training run behind `fine_tune`: a head on frozen features, then everything together."""

import math
import time
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from workbench.models.augmentation import augment
from workbench.models.backbones import Backbone
from workbench.models.devices import autocast, training_dtype
from workbench.models.gradients import Gradients
from workbench.models.heads import LinearHead, fit_head, score
from workbench.models.objectives import Objective, Targets
from workbench.models.pixels import PixelStore
from workbench.models.preprocessing import normalise
from workbench.models.progress import FineTuneProgress, Guide
from workbench.models.recipe import Recipe
from workbench.models.runstate import RunState
from workbench.models.schedule import rate_groups, set_rate, train_mode

_CHUNK = 16  # images embedded at once
_LOOK = 0.1  # share of the budget after which a long epoch pauses for a look at held-out labels
_WRITING = 200e6  # bytes a second at which the checkpoint is hoped to be written

Ints = NDArray[np.int64]


class Trainer:
    """One run: `run` does all of it.

    Every random number is decided by the seed and the step, so that a run that was broken off and
    resumed is the run that was not.

    Args:
        student: the backbone to train, in place.
        store: the images' pixels.
        objective: the task's loss and figure.
        targets: (n,) class indices, or (n, num_classes) yes or no.
        train: rows to train on.
        held: rows to judge by.
        num_classes: number of classes.
        recipe: the choices.
        minutes: the budget.
        seed: of the order and the augmentation.
        guide: whom to ask and tell.

    Attributes:
        history: one entry for each look at the held-out labels.
        best: the entry with the smallest held-out log loss; of a detector, the highest figure.
        head: the linear head, once fitted; of a detector, all that comes after the backbone.
        ended: why training ended, in words.
        stopped: whether somebody said so.
    """

    judged_by = "log loss"

    def __init__(
        self,
        student: Backbone,
        store: PixelStore,
        objective: Objective,
        targets: Targets,
        train: Ints,
        held: Ints,
        num_classes: int,
        *,
        recipe: Recipe,
        minutes: float,
        seed: int,
        guide: Guide,
    ) -> None:
        self.student = student
        self.history: list[FineTuneProgress] = []
        self.best: FineTuneProgress
        self.head: nn.Module
        self.ended = ""
        self.stopped = False
        self._store, self._objective, self._targets = store, objective, targets
        self._train, self._held, self._num_classes = train, held, num_classes
        self._recipe, self._seed, self._guide = recipe, seed, guide
        self._started = time.monotonic()
        self._budget = minutes * 60
        self._dtype = _dtype(recipe, student)
        self._best_state: dict[str, Tensor] = {}
        self._looking = 0.0  # seconds that a look at the held-out labels takes
        self._training = 0.0  # seconds before the first step
        self._epoch_losses: list[float] = []
        self._epoch_seconds = 0.0
        self._order: tuple[int, Ints] = (0, np.empty(0, np.int64))
        self._next = 0  # step
        self._net: nn.ModuleList
        self._gradients: Gradients
        self._average: ModelEmaV3 | None = None
        self._optimiser: torch.optim.Optimizer

    # --- where it starts --------------------------------------------------------------------

    def run(self, begun: RunState | None = None) -> None:
        """Train, and put the best weights seen into `student` and `head`.

        Args:
            begun: what a run that was broken off is to go on from.
        """
        if begun is None:
            self.begin()
        else:
            self.resume(begun)
        with self._gradients:
            self.train()
        self.restore_best()

    def begin(self) -> None:
        """Fit the head on frozen features: where training starts from, and what it must better."""
        features = self._embed(self.student.model, self._train)
        begun = time.monotonic()
        held = self._embed(self.student.model, self._held)
        self._looking = time.monotonic() - begun
        truth, held_truth = self._targets[self._train], self._targets[self._held]
        objective = self._objective
        head = fit_head(objective, features, truth, held, held_truth, self._num_classes)
        self.head = head
        self._prepare()
        figures = score(objective, head, held, held_truth)
        self._record(0, 0, score(objective, head, features, truth)[1], figures)

    def resume(self, state: RunState) -> None:
        """Go on from where a run with the same images, labels, seed and recipe was broken off."""
        self.head = self._empty_head(state)
        self._prepare()
        self._net.load_state_dict(state.weights)
        if self._average is not None:
            self._average.module.load_state_dict(state.average)
        for place, moments in state.moments.items():
            parameter = self._parameters()[place]
            self._optimiser.state[parameter] = {
                name: value.to(parameter.device) if name != "step" else value
                for name, value in moments.items()
            }
        self._best_state = dict(state.best)
        self.history = [FineTuneProgress(**entry) for entry in state.history]
        self.best = self.history[state.best_entry]
        self._epoch_losses, self._epoch_seconds = list(state.losses), state.loss_seconds
        self._looking, self._training = state.looking, state.training
        self._next = state.step
        self._started = time.monotonic() - state.seconds

    def _empty_head(self, state: RunState) -> nn.Module:
        return LinearHead.empty(self.student.dim, self._num_classes, state.head_scale)

    def _prepare(self) -> None:
        self.head.to(self.student.device)
        model = self.student.model
        self._net = nn.ModuleList([model, self.head]).requires_grad_(True)
        self._optimiser = torch.optim.AdamW(rate_groups(model, self.head, self._recipe))
        if self._recipe.ema:
            self._average = ModelEmaV3(self._net, self._recipe.ema, use_warmup=True)
        self._gradients = Gradients(self._net, self._loss_of, self._guide.note)

    def _state(self) -> RunState:
        moments = {
            place: dict(self._optimiser.state[parameter])
            for place, parameter in enumerate(self._parameters())
            if parameter in self._optimiser.state
        }
        return RunState(
            step=self._next,
            seconds=time.monotonic() - self._started,
            head_scale=float(getattr(self.head, "scale", 1.0)),
            history=[vars(entry) for entry in self.history],
            best_entry=self.history.index(self.best),
            losses=list(self._epoch_losses),
            loss_seconds=self._epoch_seconds,
            looking=self._looking,
            training=self._training,
            weights=self._net.state_dict(),
            average=self._average.module.state_dict() if self._average else {},
            best=self._best_state,
            moments=moments,
        )

    def _parameters(self) -> list[nn.Parameter]:
        return [
            parameter for group in self._optimiser.param_groups for parameter in group["params"]
        ]

    # --- the run ----------------------------------------------------------------------------

    def train(self) -> None:
        """Train backbone and head until the budget, the epochs or the patience are spent."""
        recipe = self._recipe
        batch = min(recipe.batch_size, len(self._train))
        per_epoch = math.ceil(len(self._train) / batch)
        total = recipe.epochs * per_epoch
        if not self._training:
            self._training = self._elapsed()
        looked, first = self._elapsed(), self._next
        for step in range(first, total):
            epoch, place = step // per_epoch + 1, step % per_epoch
            if place == 0:
                self._epoch_losses, self._epoch_seconds = [], 0.0
            if self._ends(first):
                self._look(epoch)
                return
            set_rate(self._optimiser, self._done(step, total), recipe)
            begun = time.monotonic()
            loss = self._learn(step, self._rows(epoch, place, batch, per_epoch))
            self._epoch_seconds += time.monotonic() - begun
            if not math.isfinite(loss):
                self.ended = (
                    f"the loss was no longer finite at step {step + 1}; the best so far stands "
                    "(a lower rate may hold)"
                )
                return
            self._epoch_losses.append(loss)
            self._next = step + 1
            last = place == per_epoch - 1
            if last or self._elapsed() - looked > _LOOK * self._budget:
                self._look(epoch)
                looked = self._elapsed()
            else:
                self._guide.report(self._entry(epoch))
            if last and epoch - self.best.epoch >= recipe.patience:
                self.ended = f"no better held-out {self.judged_by} for {recipe.patience} epochs"
                return
        self.ended = f"all {recipe.epochs} epochs done"

    def restore_best(self) -> None:
        """Put the best weights seen back into `student` and `head`."""
        self._net.load_state_dict(self._best_state)
        self._net.eval().requires_grad_(False)

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _done(self, step: int, total: int) -> float:
        """How far the schedule has come: by steps, which the seed decides, while the clock allows."""
        spent = self._elapsed() - self._training
        spent /= max(self._budget - self._training, 1e-9)
        return step / total if spent <= (step + 1) / total else spent

    def _ends(self, first: int) -> bool:
        """Whether this is the end: somebody says so, or the time left is needed for the rest.

        The rest is a last look, and writing the checkpoint.
        """
        if self._guide.stop():
            self.ended, self.stopped = "by hand", True
            return True
        steps = self._next - first
        one_step = (self._elapsed() - self._training) / steps if steps else 0.0
        size = sum(int(tensor.nbytes) for tensor in self.student.model.state_dict().values())
        needed = one_step + 1.5 * self._looking + float(size) / _WRITING
        if self._elapsed() + needed < self._budget:
            return False
        self.ended = "the time was up"
        return True

    def _rows(self, epoch: int, place: int, batch: int, per_epoch: int) -> Ints:
        """The rows of one batch; all batches are full."""
        if self._order[0] != epoch:
            rng = np.random.default_rng([self._seed, epoch])
            odds = self._odds()
            if odds is None:
                order = rng.permutation(self._train)
            else:
                order = rng.choice(self._train, len(self._train), p=odds)
            self._order = epoch, np.resize(order, batch * per_epoch)
        return self._order[1][place * batch : (place + 1) * batch]

    def _odds(self) -> NDArray[np.float64] | None:
        return self._objective.odds(self._targets[self._train], self._recipe.balance)

    def _learn(self, step: int, rows: Ints) -> float:
        """One step; the batch's mean loss."""
        train_mode(self._net, freeze_statistics=self.student.pretrained)
        generator = torch.Generator().manual_seed(_seed_of(self._seed, step))
        torch.manual_seed(_seed_of(self._seed, step))  # of dropout
        loss = self._gradients.compute(*self._batch(rows, generator))
        if math.isfinite(loss):
            nn.utils.clip_grad_norm_(self._net.parameters(), self._recipe.gradient_norm)
            self._optimiser.step()
            if self._average is not None:
                self._average.update(self._net, step=step + 1)
        return loss

    def _batch(self, rows: Ints, generator: torch.Generator) -> tuple[Tensor, Any]:
        """Inputs of the network, and what it should say of each."""
        student = self.student
        pixels = self._store.rows(rows).to(student.device)
        pixels = augment(pixels, generator, self._recipe.augmentation)
        inputs = normalise(pixels, student.config)
        return inputs, torch.from_numpy(self._targets[rows]).to(student.device)

    def _loss_of(self, inputs: Tensor, truth: Any) -> tuple[Tensor, float]:
        """The sum of the losses of some inputs, and of how many it is."""
        with autocast(self.student.device, self._dtype):
            features = self.student.model(inputs)
        mean = self._objective.loss(self.head(features), truth, self._recipe.label_smoothing)
        return mean * len(inputs), len(inputs)

    # --- looks at the held-out labels ---------------------------------------------------------

    def _look(self, epoch: int) -> None:
        if self.history[-1].step == self._next:
            return
        begun = time.monotonic()
        figures = self._figures(*self._judged())
        self._looking = max(self._looking / 2, time.monotonic() - begun)
        self._record(epoch, self._next, self._loss(), figures)

    def _figures(self, model: nn.Module, head: nn.Module) -> tuple[float, float]:
        """The figure and the loss on the held-out labels."""
        features = self._embed(model.eval(), self._held)
        truth = self._targets[self._held]
        return score(self._objective, cast(LinearHead, head), features, truth)

    def _ahead(self, entry: FineTuneProgress) -> bool:
        return entry.held_out_log_loss < self.best.held_out_log_loss

    def _judged(self) -> nn.ModuleList:
        return self._net if self._average is None else cast(nn.ModuleList, self._average.module)

    def _record(self, epoch: int, step: int, loss: float, held: tuple[float, float]) -> None:
        entry = self._progress(epoch, step, loss, held, looked=True)
        self.history.append(entry)
        if epoch == 0 or self._ahead(entry):
            state = self._judged().state_dict()
            self._best_state = {key: t.detach().cpu().clone() for key, t in state.items()}
            self.best = entry
        self._guide.report(entry)
        if epoch:
            self._guide.keep(self._state)

    def _entry(self, epoch: int) -> FineTuneProgress:
        last = self.history[-1]
        held = last.held_out_figure, last.held_out_log_loss
        return self._progress(epoch, self._next, self._loss(), held, looked=False)

    def _loss(self) -> float:
        return float(np.mean(self._epoch_losses)) if self._epoch_losses else math.nan

    def _progress(
        self, epoch: int, step: int, loss: float, held: tuple[float, float], *, looked: bool
    ) -> FineTuneProgress:
        batch = min(self._recipe.batch_size, len(self._train))
        seconds = self._epoch_seconds
        return FineTuneProgress(
            epoch=epoch,
            step=step,
            seconds=self._elapsed(),
            seconds_left=max(0.0, self._budget - self._elapsed()),
            loss=loss,
            held_out_figure=held[0],
            held_out_log_loss=held[1],
            images_per_second=batch * len(self._epoch_losses) / seconds if seconds else 0.0,
            looked=looked,
        )

    def _embed(self, model: nn.Module, rows: Ints) -> NDArray[np.float32]:
        chunks = (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
        return np.concatenate(
            [self.student.forward(self._store.rows(chunk), model) for chunk in chunks]
        )


def _dtype(recipe: Recipe, student: Backbone) -> torch.dtype:
    if recipe.precision == "auto":
        return training_dtype(student.device, student.model)
    return cast(torch.dtype, getattr(torch, recipe.precision))


def _seed_of(seed: int, step: int) -> int:
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> 1)
