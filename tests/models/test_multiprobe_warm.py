"""Probes that go on from an earlier fit, and folds that do."""

import numpy as np
import pytest

from tests.models.digit_scenes import different, log_loss, scenes
from workbench.models import multiprobe as module
from workbench.models.multiprobe import fit_multiprobe


def assert_same(one, other):
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    np.testing.assert_array_equal(one.out_of_fold, other.out_of_fold)


def test_a_warm_start_gives_the_same_result():
    features, targets = scenes()
    earlier = fit_multiprobe(features[:290], targets[:290])
    cold = fit_multiprobe(features[:300], targets[:300])
    warm = fit_multiprobe(features[:300], targets[:300], warm=earlier)
    one, other = (p.predict_proba(features[300:], 10) for p in (cold, warm))
    np.testing.assert_allclose(one, other, atol=0.05)
    assert ((one >= 0.5) == (other >= 0.5)).mean() > 0.99


def test_a_warm_start_of_other_classes_is_passed_over():
    features, targets = scenes()
    fewer = targets[:100].copy()
    fewer[:, 2] = False
    earlier = fit_multiprobe(features[:100], fewer)
    assert_same(
        fit_multiprobe(features[:100], targets[:100], warm=earlier),
        fit_multiprobe(features[:100], targets[:100]),
    )


def test_folds_that_go_on_never_see_a_row_that_they_are_asked_about(monkeypatch):
    """Not even in an earlier fit, with rows that come, go, come back, and change their label."""
    features, targets = different(220)
    heads = []  # (rows that it goes back to, coefficients) of each fit
    real = module.fit_one_vs_rest

    def fit_one_vs_rest(x, y, C, start=None, **more):
        fitted = real(x, y, C, start, **more)
        began = (rows for rows, head in heads if start is not None and np.array_equal(head, start))
        heads.append((next(began, set()) | {row.tobytes() for row in x}, fitted))
        return fitted

    monkeypatch.setattr(module, "fit_one_vs_rest", fit_one_vs_rest)
    rng = np.random.default_rng(0)
    probe, went_on = None, 0
    for count in range(160, 220, 12):
        names = np.sort(rng.choice(count, count - 10, replace=False))
        targets[names[0], 0] ^= True
        before = probe
        probe = fit_multiprobe(features[names], targets[names], warm=before, names=names)
        went_on += before is not None and len(probe.folds.of) > len(names)
        for name in names.tolist():
            head = probe.folds.heads[probe.folds.of[name]]
            seen = next(rows for rows, known in heads if np.array_equal(known, head))
            assert features[name].tobytes() not in seen
    assert went_on == 4, "each but the first went on from the one before"


def test_folds_that_go_on_calibrate_as_well_as_new_ones():
    features, targets = scenes()
    probe = None
    for count in range(240, 301, 6):
        probe = fit_multiprobe(
            features[:count], targets[:count], warm=probe, names=np.arange(count)
        )
    cold = fit_multiprobe(features[:count], targets[:count])
    losses = [log_loss(p.predict_proba(features[300:], 10), targets[300:]) for p in (probe, cold)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    own = [log_loss(p.out_of_fold, targets[:count]) for p in (probe, cold)]
    assert own[0] == pytest.approx(own[1], rel=0.1)


def test_the_same_seed_gives_the_same_probe():
    features, targets = scenes()
    one, two = (fit_multiprobe(features[:100], targets[:100], seed=5) for _ in range(2))
    assert_same(one, two)
