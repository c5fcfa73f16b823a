"""The training run behind `fine_tune`: a head on frozen features, then everything together."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workbench.models.augmentation import augment
from workbench.models.backbones import Backbone
from workbench.models.devices import autocast, training_dtype
from workbench.models.heads import LinearHead, fit_head, score
from workbench.models.pixels import PixelStore
from workbench.models.preprocessing import normalise

_BATCH = 32
_CHUNK = 16  # images embedded at once
_EPOCHS = 20  # where the budget allows,
_STEPS = 200  # and at least so many batches: an epoch of few labels is no time at all
_PATIENCE = 0.5  # share of the epochs after which to give up on a better held-out log loss
_RATE = 1e-4  # learning rate of the head and the last layers
_FIRST_LAYER = 0.5  # of that rate, for the first layer; in between geometrically
_SMOOTHING = 0.05  # label smoothing, against certainty that few labels do not bear out
_WEIGHT_DECAY = 0.02
_GRADIENT_NORM = 1.0  # longer gradients are cut to this
_WARM_UP = 0.05  # share of the run over which the rate rises
_LOOK = 0.1  # share of the budget after which a long epoch pauses for a look at held-out labels
_GROUPS = 10  # groups of layers with a common rate
_IMBALANCED = 2.0  # ratio of the largest to the smallest class from which rare ones are repeated
_WRITING = 200e6  # bytes a second at which the checkpoint is hoped to be written

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class FineTuneProgress:
    """How far fine-tuning has come.

    Attributes:
        epoch: passes over the training part that were begun; 0 is the frozen backbone.
        step: batches trained on.
        seconds: since the start.
        seconds_left: of the budget; the run may end before.
        loss: mean training loss of this epoch, in nats: smoothed log loss on augmented images.
        held_out_accuracy: on the labels set aside, when last looked at.
        held_out_log_loss: likewise, in nats.
    """

    epoch: int
    step: int
    seconds: float
    seconds_left: float
    loss: float
    held_out_accuracy: float
    held_out_log_loss: float


Report = Callable[[FineTuneProgress], None]


class Trainer:
    """One run. `fit_head`, then `train`, then `restore_best`.

    Args:
        student: the backbone to train, in place.
        store: the images' pixels.
        targets: (n,) class indices.
        train: rows to train on.
        held: rows to judge by.
        num_classes: number of classes.
        deadline: when to be done, on `time.monotonic()`'s clock.
        started: when the budget began, on the same clock.
        seed: of the order and the augmentation.
        report: told of every step and every look.

    Attributes:
        history: one entry for each look at the held-out labels.
        best: the entry with the smallest held-out log loss.
        head: the linear head, once fitted.
    """

    def __init__(
        self,
        student: Backbone,
        store: PixelStore,
        targets: Ints,
        train: Ints,
        held: Ints,
        num_classes: int,
        *,
        started: float,
        deadline: float,
        seed: int,
        report: Report | None,
    ) -> None:
        self.student = student
        self.history: list[FineTuneProgress] = []
        self.best: FineTuneProgress
        self.head: LinearHead
        self._store, self._targets = store, targets
        self._train, self._held, self._num_classes = train, held, num_classes
        self._started, self._deadline = started, deadline
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._report = report
        self._best_state: dict[str, Tensor] = {}
        self._dtype = training_dtype(student.device, student.model)
        self._looking = 0.0  # seconds that a look at the held-out labels takes

    def fit_head(self) -> None:
        """Fit the head on frozen features: where training starts from, and what it must better."""
        features = self._embed(self._train)
        begun = time.monotonic()
        held = self._embed(self._held)
        self._looking = time.monotonic() - begun
        truth, held_truth = self._targets[self._train], self._targets[self._held]
        self.head = fit_head(features, truth, held, held_truth, self._num_classes)
        self.head.to(self.student.device)
        self._record(0, 0, score(self.head, features, truth)[1], score(self.head, held, held_truth))

    def train(self) -> None:
        """Train backbone and head until the budget, the epochs or the patience are spent."""
        net = nn.ModuleList([self.student.model, self.head]).requires_grad_(True)
        optimiser = torch.optim.AdamW(rate_groups(self.student.model, self.head))
        batch = min(_BATCH, len(self._train))
        per_epoch = math.ceil(len(self._train) / batch)
        epochs = max(_EPOCHS, math.ceil(_STEPS / per_epoch))
        step, begun = 0, time.monotonic()
        for epoch in range(1, epochs + 1):
            losses: list[float] = []
            looked = time.monotonic()
            for rows in self._batches(batch, per_epoch):
                spent = (time.monotonic() - begun) / max(self._deadline - begun, 1e-9)
                if self._must_stop(step, begun):
                    if losses:
                        self._look(epoch, step, float(np.mean(losses)))
                    return
                # The schedule follows the steps, which the seed decides, while the clock allows.
                done, next_done = (n / (epochs * per_epoch) for n in (step, step + 1))
                set_rate(optimiser, done if spent <= next_done else spent)
                losses.append(self._step(net, optimiser, rows))
                step += 1
                if not math.isfinite(losses[-1]):
                    return  # it has diverged; the best so far stands
                self._tell(epoch, step, float(np.mean(losses)))
                if time.monotonic() - looked > _LOOK * (self._deadline - self._started):
                    self._look(epoch, step, float(np.mean(losses)))
                    looked = time.monotonic()
            self._look(epoch, step, float(np.mean(losses)))
            if epoch - self.best.epoch >= _PATIENCE * epochs:
                return

    def restore_best(self) -> None:
        """Put the best weights seen back into `student` and `head`."""
        net = nn.ModuleList([self.student.model, self.head])
        if self._best_state:
            net.load_state_dict(self._best_state)
        net.eval().requires_grad_(False)

    def _step(self, net: nn.Module, optimiser: torch.optim.Optimizer, rows: Ints) -> float:
        student = self.student
        train_mode(net, freeze_statistics=student.pretrained)
        pixels = augment(self._store.rows(rows).to(student.device), self._generator)
        inputs = normalise(pixels, student.config).contiguous(memory_format=torch.channels_last)
        truth = torch.from_numpy(self._targets[rows]).to(student.device)
        with autocast(student.device, self._dtype):
            features = student.model(inputs)
        logits = self.head(features)
        loss = nn.functional.cross_entropy(logits, truth, label_smoothing=_SMOOTHING)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), _GRADIENT_NORM)
        optimiser.step()
        return float(loss.item())

    def _batches(self, batch: int, count: int) -> Iterator[Ints]:
        """Draw one epoch's batches, all full; where classes are uneven, rare ones come oftener."""
        targets = self._targets[self._train]
        sizes = np.bincount(targets)
        present = sizes[sizes > 0]
        if present.max() > _IMBALANCED * present.min():
            # By the square root: even classes would repeat a rare one's few images too often.
            odds = 1 / np.sqrt(sizes[targets])
            order = self._rng.choice(self._train, len(self._train), p=odds / odds.sum())
        else:
            order = self._rng.permutation(self._train)
        yield from np.resize(order, batch * count).reshape(count, batch)

    def _must_stop(self, step: int, begun: float) -> bool:
        """Say whether the time left is needed to look once more and write the checkpoint."""
        now = time.monotonic()
        one_step = (now - begun) / step if step else 0.0
        size = sum(int(tensor.nbytes) for tensor in self.student.model.state_dict().values())
        needed = one_step + 1.5 * self._looking + float(size) / _WRITING
        return now + needed >= self._deadline

    def _look(self, epoch: int, step: int, loss: float) -> None:
        if self.history[-1].step == step:
            return
        begun = time.monotonic()
        self.student.model.eval()
        held = score(self.head, self._embed(self._held), self._targets[self._held])
        self._looking = max(self._looking / 2, time.monotonic() - begun)
        self._record(epoch, step, loss, held)

    def _record(self, epoch: int, step: int, loss: float, held: tuple[float, float]) -> None:
        entry = self._entry(epoch, step, loss, *held)
        self.history.append(entry)
        if epoch == 0 or entry.held_out_log_loss < self.best.held_out_log_loss:
            net = nn.ModuleList([self.student.model, self.head])
            self._best_state = {
                key: t.detach().cpu().clone() for key, t in net.state_dict().items()
            }
            self.best = entry
        if self._report is not None:
            self._report(entry)

    def _tell(self, epoch: int, step: int, loss: float) -> None:
        if self._report is not None:
            last = self.history[-1]
            held = last.held_out_accuracy, last.held_out_log_loss
            self._report(self._entry(epoch, step, loss, *held))

    def _entry(
        self, epoch: int, step: int, loss: float, accuracy: float, log_loss: float
    ) -> FineTuneProgress:
        now = time.monotonic()
        left = max(0.0, self._deadline - now)
        return FineTuneProgress(epoch, step, now - self._started, left, loss, accuracy, log_loss)

    def _embed(self, rows: Ints) -> NDArray[np.float32]:
        chunks = (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
        return np.concatenate([self.student.forward(self._store.rows(chunk)) for chunk in chunks])


def rate_groups(model: nn.Module, head: nn.Module) -> list[dict[str, object]]:
    """Group parameters by learning rate and weight decay.

    Networks register their parameters from input to output, so the place in that order stands for
    depth: the rate rises geometrically from the first layer's to the head's. Vectors (biases,
    normalisation) are not decayed.
    """
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    parameters = list(model.parameters())
    for place, parameter in enumerate(parameters):
        layer = place * _GROUPS // len(parameters)
        groups.setdefault((layer, parameter.ndim > 1), []).append(parameter)
    for parameter in head.parameters():
        groups.setdefault((_GROUPS, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": members,
            "scale": _FIRST_LAYER ** (1 - layer / _GROUPS),
            "lr": 0.0,
            "weight_decay": _WEIGHT_DECAY if decayed else 0.0,
        }
        for (layer, decayed), members in groups.items()
    ]


def set_rate(optimiser: torch.optim.Optimizer, done: float) -> None:
    """Set learning rates: a short rise, then half a cosine down to zero, as `done` goes 0 to 1."""
    if done < _WARM_UP:
        factor = (done + 1e-2) / (_WARM_UP + 1e-2)
    else:
        factor = (1 + math.cos(math.pi * min(1.0, (done - _WARM_UP) / (1 - _WARM_UP)))) / 2
    for group in optimiser.param_groups:
        group["lr"] = _RATE * group["scale"] * factor


def train_mode(net: nn.Module, *, freeze_statistics: bool) -> None:
    """Switch to training; with `freeze_statistics`, batch normalisation keeps its statistics.

    A small batch's own mean and variance are noise; those of pretraining are not. An untrained
    network has none worth keeping.
    """
    net.train()
    if freeze_statistics:
        for module in net.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
