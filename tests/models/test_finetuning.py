import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from workbench.errors import BackboneError, ImageError, NotEnoughLabelsError
from workbench.models import finetuning, trainer
from workbench.models.backbones import load_backbone
from workbench.models.checkpoints import read_checkpoint
from workbench.models.finetuning import fine_tune
from workbench.models.tensors import fingerprint
from workbench.models.trainer import rate_groups, train_mode


@pytest.fixture
def brief(monkeypatch):
    """Runs of two epochs, whatever the budget."""
    monkeypatch.setattr(trainer, "_EPOCHS", 2)
    monkeypatch.setattr(trainer, "_PATIENCE", 1)
    monkeypatch.setattr(trainer, "_STEPS", 0)


def run(backbone, digits, folder, **changes):
    paths, targets = digits
    options = {"minutes": 10, "checkpoint": folder, "classes": ("0", "1", "2", "3")}
    return fine_tune(backbone, paths, targets, 4, **(options | changes))


def test_a_run_from_labels_to_a_backbone(brief, small_lite, digits, tmp_path):
    before = fingerprint(small_lite.model)
    reports = []
    result = run(small_lite, digits, tmp_path / "run", progress=reports.append)

    assert [entry.epoch for entry in result.history] == [0, 1, 2]
    assert [r.step for r in reports] == [0, 1, 2, 2, 3, 4, 4]  # each step, and each look
    assert all(math.isfinite(r.loss) and r.seconds_left > 0 for r in reports)
    assert len(result.held_out) == 12
    best = min(result.history, key=lambda entry: entry.held_out_log_loss)
    assert (result.best_epoch, result.accuracy_after) == (best.epoch, best.held_out_accuracy)
    assert result.accuracy_before == result.history[0].held_out_accuracy
    assert not result.interrupted
    assert fingerprint(small_lite.model) == before  # the one given stays as it is

    # What was judged is what was stored: the head on the stored backbone's features.
    checkpoint = read_checkpoint(result.checkpoint)
    assert checkpoint.classes == ("0", "1", "2", "3")
    paths, targets = digits
    tuned = load_backbone(small_lite.name, weights=result.checkpoint, device="cpu")
    assert tuned.config == small_lite.config
    vectors = torch.from_numpy(tuned.embed([paths[row] for row in result.held_out]))
    logits = vectors @ checkpoint.head_weight.T + checkpoint.head_bias
    truth = torch.from_numpy(targets[result.held_out])
    loss = nn.functional.cross_entropy(logits, truth).item()
    assert loss == pytest.approx(best.held_out_log_loss, abs=1e-3)


def test_held_out_labels_are_never_trained_on(brief, small_lite, digits, tmp_path, monkeypatch):
    trained = []
    step = trainer.Trainer._step

    def watched(self, net, optimiser, rows):
        trained.extend(rows.tolist())
        return step(self, net, optimiser, rows)

    monkeypatch.setattr(trainer.Trainer, "_step", watched)
    result = run(small_lite, digits, tmp_path / "run")
    assert set(trained) == set(range(60)) - set(result.held_out.tolist())


def test_the_same_seed_gives_the_same_run(brief, small_lite, digits, tmp_path):
    first, second = (run(small_lite, digits, tmp_path / name, seed=1) for name in "ab")
    assert [e.loss for e in first.history] == [e.loss for e in second.history]
    assert np.array_equal(first.held_out, second.held_out)
    files = [result.checkpoint / "model.safetensors" for result in (first, second)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_training_learns(small_lite, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "_EPOCHS", 6)
    monkeypatch.setattr(trainer, "_STEPS", 0)
    # From a head that knows nothing, so that what is learned is learned by training.
    blank = trainer.fit_head

    def forgetful(*arguments):
        head = blank(*arguments)
        nn.init.zeros_(head.linear.weight)
        nn.init.zeros_(head.linear.bias)
        return head

    monkeypatch.setattr(trainer, "fit_head", forgetful)
    result = run(small_lite, digits, tmp_path / "run")
    assert result.history[0].held_out_log_loss == pytest.approx(math.log(4), abs=0.01)
    assert result.accuracy_after > 0.7
    assert result.best_epoch > 0


def test_a_run_that_goes_astray_returns_to_its_best(
    brief, small_lite, digits, tmp_path, monkeypatch
):
    step = trainer.Trainer._step

    def derailed(self, net, optimiser, rows):
        loss = step(self, net, optimiser, rows)
        with torch.no_grad():
            self.head.linear.weight.neg_()
        return loss

    monkeypatch.setattr(trainer.Trainer, "_step", derailed)
    monkeypatch.setattr(trainer, "_RATE", 0.0)
    monkeypatch.setattr(trainer, "_BATCH", 48)  # one step an epoch: right is wrong, then right
    monkeypatch.setattr(trainer, "_EPOCHS", 3)
    result = run(small_lite, digits, tmp_path / "run")
    wrong = [entry.held_out_accuracy < 0.3 for entry in result.history]
    assert wrong == [False, True, False, True]
    stored = read_checkpoint(result.checkpoint)
    vectors = small_lite.embed([digits[0][row] for row in result.held_out])
    logits = torch.from_numpy(vectors) @ stored.head_weight.T + stored.head_bias
    right = logits.argmax(dim=1).numpy() == digits[1][result.held_out]
    assert right.mean() == result.accuracy_after == result.accuracy_before


def test_an_interrupt_keeps_the_best_so_far(brief, small_lite, digits, tmp_path):
    def impatient(report):
        if report.step == 3:
            raise KeyboardInterrupt

    result = run(small_lite, digits, tmp_path / "run", progress=impatient)
    assert result.interrupted
    assert [entry.epoch for entry in result.history] == [0, 1]
    load_backbone(small_lite.name, weights=result.checkpoint)


def test_the_budget_ends_the_run_in_time_for_a_last_look(small_lite, digits, tmp_path, monkeypatch):
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) / 4)  # each glance takes 0.25 s
    monkeypatch.setattr(trainer, "time", clock)
    monkeypatch.setattr(finetuning, "time", clock)
    last = run(small_lite, digits, tmp_path / "run", minutes=0.2).history[-1]
    assert last.step > 0
    assert 8 < last.seconds <= 12


def test_no_time_to_train_keeps_the_frozen_backbone(small_lite, digits, tmp_path):
    result = run(small_lite, digits, tmp_path / "run", minutes=1e-9)
    assert [entry.epoch for entry in result.history] == [0]
    assert result.best_epoch == 0
    assert result.accuracy_after == result.accuracy_before
    state = load_backbone(small_lite.name, weights=result.checkpoint).model
    assert fingerprint(state) == fingerprint(small_lite.model)


@pytest.mark.parametrize(("pretrained", "moved"), [(True, False), (False, True)])
def test_small_batches_do_not_move_learned_statistics(pretrained, moved):
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    train_mode(net, freeze_statistics=pretrained)
    net(torch.randn(8, 3, 4, 4))
    assert bool(net[1].running_mean.any()) is moved
    assert net[2].training
    assert net[1].weight.requires_grad


def test_rates_rise_with_depth_and_vectors_do_not_decay(small_lite):
    head = nn.Linear(small_lite.dim, 3)
    groups = rate_groups(small_lite.model, head)
    by_parameter = {id(p): group for group in groups for p in group["params"]}
    everything = [*small_lite.model.parameters(), *head.parameters()]
    assert len(by_parameter) == len(everything)
    scales = [by_parameter[id(p)]["scale"] for p in everything]
    assert scales == sorted(scales)
    assert scales[-1] == 1
    assert scales[0] < scales[-1]
    for parameter in everything:
        assert (by_parameter[id(parameter)]["weight_decay"] > 0) is (parameter.ndim > 1)


def test_rare_classes_are_seen_oftener(brief, small_lite, digits, tmp_path, monkeypatch):
    paths, targets = digits
    keep = np.concatenate([np.flatnonzero(targets == 0), np.flatnonzero(targets == 1)[:4]])
    seen = []

    def recorded(self, net, optimiser, rows):
        seen.extend(self._targets[rows].tolist())
        return 1.0

    monkeypatch.setattr(trainer.Trainer, "_step", recorded)
    monkeypatch.setattr(trainer, "_STEPS", 60)
    few = [paths[i] for i in keep], targets[keep]
    fine_tune(small_lite, *few, 2, minutes=10, checkpoint=tmp_path / "run")
    assert np.mean(seen) > 1.4 * np.mean(few[1])


def test_what_cannot_be_trained_on_is_refused_before_any_work(small_lite, digits, tmp_path):
    paths, targets = digits
    options = {"minutes": 1, "checkpoint": tmp_path / "run"}
    with pytest.raises(NotEnoughLabelsError, match="there are 9 labels"):
        fine_tune(small_lite, paths[:9], targets[:9], 4, **options)
    with pytest.raises(ValueError, match=r"targets must have shape \(60,\)"):
        fine_tune(small_lite, paths, targets[:-1], 4, **options)
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        fine_tune(small_lite, paths, targets, 2, **options)
    with pytest.raises(ValueError, match="3 class names for 4 classes"):
        run(small_lite, digits, tmp_path / "run", classes=("a", "b", "c"))
    with pytest.raises(ValueError, match="minutes must be above 0"):
        run(small_lite, digits, tmp_path / "run", minutes=0)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("precious")
    with pytest.raises(BackboneError, match="is not empty"):
        run(small_lite, digits, tmp_path / "taken")
    assert not (tmp_path / "run").exists()


def test_an_unreadable_image_is_named(small_lite, digits, tmp_path):
    paths, targets = digits
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    with pytest.raises(ImageError, match=r"bad\.png"):
        run(small_lite, ([bad, *paths[1:]], targets), tmp_path / "run")


def test_no_step_is_judged_twice(brief, small_lite, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "_LOOK", 0.0)  # a look after each step, the epoch's last included
    result = run(small_lite, digits, tmp_path / "run")
    assert [entry.step for entry in result.history] == [0, 1, 2, 3, 4]
