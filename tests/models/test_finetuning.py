import itertools
import math
import os
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
from workbench.models.recipe import Recipe
from workbench.models.runstate import read_state
from workbench.models.schedule import rate_groups, train_mode
from workbench.models.tensors import fingerprint

BRIEF = Recipe(epochs=2)


def run(backbone, digits, folder, **changes):
    paths, targets = digits
    options = {"minutes": 10, "checkpoint": folder, "classes": ("0", "1", "2", "3")}
    return fine_tune(backbone, paths, targets, 4, **(options | {"recipe": BRIEF} | changes))


def test_a_run_from_labels_to_a_backbone(small_lite, digits, tmp_path):
    before = fingerprint(small_lite.model)
    reports = []
    result = run(small_lite, digits, tmp_path / "run", progress=reports.append)

    assert [entry.epoch for entry in result.history] == [0, 1, 2]
    assert [r.step for r in reports] == [0, 1, 2, 3, 4]
    assert [r.looked for r in reports] == [True, False, True, False, True]
    assert all(math.isfinite(r.loss) and r.seconds_left > 0 for r in reports)
    assert all(r.images_per_second > 0 for r in reports[1:])
    assert len(result.held_out) == 12
    best = min(result.history, key=lambda entry: entry.held_out_log_loss)
    assert (result.best_epoch, result.figure_after) == (best.epoch, best.held_out_figure)
    assert result.figure_before == result.history[0].held_out_figure
    assert result.ended == "all 2 epochs done"
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


def test_held_out_labels_are_never_trained_on(small_lite, digits, tmp_path, monkeypatch):
    trained = []
    real = trainer.Trainer._learn

    def watched(self, step, rows):
        trained.extend(rows.tolist())
        return real(self, step, rows)

    monkeypatch.setattr(trainer.Trainer, "_learn", watched)
    result = run(small_lite, digits, tmp_path / "run")
    assert set(trained) == set(range(60)) - set(result.held_out.tolist())


def test_the_same_seed_gives_the_same_run(small_lite, digits, tmp_path):
    first, second = (run(small_lite, digits, tmp_path / name, seed=1) for name in "ab")
    assert [e.loss for e in first.history] == [e.loss for e in second.history]
    assert np.array_equal(first.held_out, second.held_out)
    files = [result.checkpoint / "model.safetensors" for result in (first, second)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_training_learns(small_lite, digits, tmp_path, monkeypatch):
    # From a head that knows nothing, so that what is learned is learned by training.
    blank = trainer.fit_head

    def forgetful(*arguments):
        head = blank(*arguments)
        nn.init.zeros_(head.linear.weight)
        nn.init.zeros_(head.linear.bias)
        return head

    monkeypatch.setattr(trainer, "fit_head", forgetful)
    result = run(small_lite, digits, tmp_path / "run", recipe=Recipe(epochs=6, ema=0.5))
    assert result.history[0].held_out_log_loss == pytest.approx(math.log(4), abs=0.01)
    assert result.figure_after > 0.7
    assert result.best_epoch > 0


def test_a_run_that_goes_astray_returns_to_its_best(small_lite, digits, tmp_path, monkeypatch):
    real = trainer.Trainer._learn

    def derailed(self, step, rows):
        loss = real(self, step, rows)
        with torch.no_grad():
            self.head.linear.weight.neg_()
        return loss

    monkeypatch.setattr(trainer.Trainer, "_learn", derailed)
    # One step an epoch: right is wrong, then right.
    recipe = Recipe(epochs=3, rate=0.0, batch_size=48, ema=0.0)
    result = run(small_lite, digits, tmp_path / "run", recipe=recipe)
    wrong = [entry.held_out_figure < 0.3 for entry in result.history]
    assert wrong == [False, True, False, True]
    stored = read_checkpoint(result.checkpoint)
    vectors = small_lite.embed([digits[0][row] for row in result.held_out])
    logits = torch.from_numpy(vectors) @ stored.head_weight.T + stored.head_bias
    right = logits.argmax(dim=1).numpy() == digits[1][result.held_out]
    assert right.mean() == result.figure_after == result.figure_before


def test_a_run_that_is_stopped_keeps_the_best_so_far(small_lite, digits, tmp_path):
    asked = itertools.count()
    result = run(small_lite, digits, tmp_path / "run", stop=lambda: next(asked) == 3)
    assert result.stopped
    assert result.ended == "by hand"
    assert [entry.step for entry in result.history] == [0, 2, 3]
    load_backbone(small_lite.name, weights=result.checkpoint)


@pytest.mark.parametrize("several", [False, True])
def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(
    small_lite, digits, tmp_path, monkeypatch, several
):
    paths, targets = digits
    if several:
        digits = paths, np.stack([targets % 2 == 1, targets > 1, targets == 0, targets < 3], axis=1)
    monkeypatch.setattr(finetuning, "_SAVING", 1e9)
    options = {"recipe": Recipe(epochs=3, save_every=0), "exclusive": not several, "seed": 2}
    whole = run(small_lite, digits, tmp_path / "whole", **options)

    class KilledError(Exception):
        pass

    def kill(progress):
        if progress.step == 3:  # in the second epoch: what came after the last look is done again
            raise KilledError

    state = tmp_path / "state.safetensors"
    with pytest.raises(KilledError):
        run(small_lite, digits, tmp_path / "broken", state=state, progress=kill, **options)
    assert not (tmp_path / "broken" / "model.json").exists()
    steps = []
    resumed = run(
        small_lite,
        digits,
        tmp_path / "broken",
        state=state,
        progress=lambda progress: steps.append(progress.step),
        **options,
    )
    assert steps == [3, 4, 5, 6]
    assert [e.loss for e in resumed.history] == [e.loss for e in whole.history]
    files = [result.checkpoint / "model.safetensors" for result in (whole, resumed)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_state_that_cannot_be_written_leaves_the_one_before(
    small_lite, digits, tmp_path, monkeypatch
):
    monkeypatch.setattr(finetuning, "_SAVING", 1e9)
    state = tmp_path / "state.safetensors"
    sync, calls = os.fsync, itertools.count()

    def full(descriptor):
        if next(calls) == 1:  # the second state; the checkpoint comes later
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr("workbench.models.runstate.os.fsync", full)
    recipe = Recipe(epochs=2, save_every=0)
    result = run(small_lite, digits, tmp_path / "run", state=state, recipe=recipe)
    assert len(result.notes) == 1
    assert "No space left on device" in result.notes[0]
    assert read_state(state).step == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", state.name]


def test_a_damaged_state_is_refused(small_lite, digits, tmp_path):
    state = tmp_path / "state.safetensors"
    for content in (b"", b"\xff" * 100, b"\x02" + 7 * b"\0" + b"{}"):
        state.write_bytes(content)
        with pytest.raises(BackboneError, match="is damaged"):
            run(small_lite, digits, tmp_path / "run", state=state)


def test_a_loss_that_is_not_finite_ends_the_run_with_the_best_so_far(
    small_lite, digits, tmp_path, monkeypatch
):
    real = trainer.Trainer._learn

    def diverged(self, step, rows):
        if step == 3:
            nn.init.constant_(self.head.linear.weight, math.nan)
        return real(self, step, rows)

    monkeypatch.setattr(trainer.Trainer, "_learn", diverged)
    result = run(small_lite, digits, tmp_path / "run")
    assert "no longer finite at step 4" in result.ended
    assert [entry.step for entry in result.history] == [0, 2]
    tensors = read_checkpoint(result.checkpoint).features
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_a_batch_that_memory_does_not_hold_goes_through_in_parts(
    small_lite, digits, tmp_path, monkeypatch
):
    whole = run(small_lite, digits, tmp_path / "whole", recipe=Recipe(epochs=1))
    limit = 12
    forward = type(small_lite.model).forward

    def short(self, pixels):
        if self.training and len(pixels) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, pixels)

    monkeypatch.setattr(type(small_lite.model), "forward", short)
    parted = run(small_lite, digits, tmp_path / "parted", recipe=Recipe(epochs=1))
    assert "in 4 parts, with the same result" in parted.notes[-1]
    assert parted.history[-1].loss == pytest.approx(whole.history[-1].loss, rel=1e-3)


def test_several_classes_an_image_are_learned(small_lite, digits, tmp_path):
    paths, targets = digits
    truth = np.stack([targets % 2 == 1, targets > 1, np.zeros(60, bool)], axis=1)
    result = fine_tune(
        small_lite,
        paths,
        truth,
        3,
        minutes=10,
        checkpoint=tmp_path / "run",
        exclusive=False,
        recipe=Recipe(epochs=2, label_smoothing=0.0),
    )
    assert result.figure_before > 0.7
    stored = read_checkpoint(result.checkpoint)
    tuned = load_backbone(small_lite.name, weights=result.checkpoint, device="cpu")
    logits = tuned.embed([paths[row] for row in result.held_out]) @ stored.head_weight.numpy().T
    logits += stored.head_bias.numpy()
    held = truth[result.held_out]
    hits = ((logits > 0) & held).sum()
    assert 2 * hits / ((logits > 0).sum() + held.sum()) == pytest.approx(result.figure_after)
    assert "held_out_micro_F1" in stored.metrics
    with pytest.raises(ValueError, match="booleans"):
        run(small_lite, (paths, truth.astype(int)), tmp_path / "no", exclusive=False)


def test_the_budget_ends_the_run_in_time_for_a_last_look(small_lite, digits, tmp_path, monkeypatch):
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) / 4)  # each glance takes 0.25 s
    monkeypatch.setattr(trainer, "time", clock)
    monkeypatch.setattr(finetuning, "time", clock)
    many = Recipe(epochs=100)
    last = run(small_lite, digits, tmp_path / "run", minutes=0.2, recipe=many).history[-1]
    assert last.step > 0
    assert 8 < last.seconds <= 12


def test_no_time_to_train_keeps_the_frozen_backbone(small_lite, digits, tmp_path):
    result = run(small_lite, digits, tmp_path / "run", minutes=1e-9)
    assert [entry.epoch for entry in result.history] == [0]
    assert result.best_epoch == 0
    assert result.figure_after == result.figure_before
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
    groups = rate_groups(small_lite.model, head, Recipe())
    by_parameter = {id(p): group for group in groups for p in group["params"]}
    everything = [*small_lite.model.parameters(), *head.parameters()]
    assert len(by_parameter) == len(everything)
    scales = [by_parameter[id(p)]["scale"] for p in everything]
    assert scales == sorted(scales)
    assert scales[-1] == 1
    assert scales[0] < scales[-1]
    for parameter in everything:
        assert (by_parameter[id(parameter)]["weight_decay"] > 0) is (parameter.ndim > 1)


def test_rare_classes_are_seen_oftener(small_lite, digits, tmp_path, monkeypatch):
    paths, targets = digits
    keep = np.concatenate([np.flatnonzero(targets == 0), np.flatnonzero(targets == 1)[:4]])
    seen = []

    def recorded(self, step, rows):
        seen.extend(self._targets[rows].tolist())
        return 1.0

    monkeypatch.setattr(trainer.Trainer, "_learn", recorded)
    few = [paths[i] for i in keep], targets[keep]
    recipe = Recipe(epochs=60, patience=60)
    fine_tune(small_lite, *few, 2, minutes=10, checkpoint=tmp_path / "run", recipe=recipe)
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


def test_no_step_is_judged_twice(small_lite, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "_LOOK", 0.0)  # a look after each step, the epoch's last included
    result = run(small_lite, digits, tmp_path / "run")
    assert [entry.step for entry in result.history] == [0, 1, 2, 3, 4]
