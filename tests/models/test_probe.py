"""The instant probe on real digits: probabilities, calibration, and what it has seen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import average_precision_score

from tests.models.digit_vectors import digits, log_loss
from workbench.errors import NotEnoughLabelsError
from workbench.models import probe as module
from workbench.models.folds import continued_folds, stratified_folds
from workbench.models.probe import C_AGAINST_NOISE, PRIOR, class_means, fit_probe

COUNT = 120


@pytest.fixture(scope="module")
def fitted():
    features, targets = digits()
    return fit_probe(features[:COUNT], targets[:COUNT])


def test_probabilities_sum_to_1_over_the_full_class_list(fitted):
    features, _ = digits()
    found = fitted.predict_proba(features, 10)
    assert found.shape == (len(features), 10)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_it_knows_digits_that_it_has_not_seen(fitted):
    features, targets = digits()
    right = fitted.predict_proba(features[COUNT:], 10).argmax(axis=1) == targets[COUNT:]
    assert right.mean() > 0.85


def test_a_class_without_a_label_gets_probability_0():
    features, targets = digits()
    seen = np.flatnonzero(np.isin(targets, [2, 5, 7]))[:60]
    found = fit_probe(features[seen], targets[seen]).predict_proba(features, 12)
    absent = np.setdiff1d(np.arange(12), [2, 5, 7])
    assert (found[:, absent] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("count", [60, 120, 400])
def test_calibrated_probabilities_are_better_than_the_bare_head_on_held_out_digits(count):
    features, targets = digits()
    fitted = fit_probe(features[:count], targets[:count])
    held, truth = features[count:], targets[count:]
    bare = softmax(held @ fitted.logistic[:-1] + fitted.logistic[-1], axis=1)
    assert log_loss(fitted.predict_proba(held, 10), truth) < log_loss(bare, truth)


def test_confidence_means_what_it_says_on_held_out_digits():
    features, targets = digits()
    found = fit_probe(features[:400], targets[:400]).predict_proba(features[400:], 10)
    right = found.argmax(axis=1) == targets[400:]
    assert found.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.04)


def test_no_out_of_fold_row_comes_from_a_fit_that_saw_it(monkeypatch):
    """A label that is wrong on purpose must not be believed by its own out-of-fold row."""
    features, targets = digits()
    features, targets = features[:200], targets[:200].copy()
    wrong = np.arange(0, 200, 10)
    truth = targets[wrong].copy()
    targets[wrong] = (truth + 1) % 10
    fits = []
    real = module.fit_logistic
    monkeypatch.setattr(
        module, "fit_logistic", lambda x, *args, **more: fits.append(x) or real(x, *args, **more)
    )
    found = fit_probe(features, targets).out_of_fold
    believed = found[wrong].argmax(axis=1) == targets[wrong]
    assert believed.mean() < 0.2
    assert (found[wrong].argmax(axis=1) == truth).mean() > 0.7

    # Row by row: each is missing from exactly one of the folds' fits.
    def among(row, fit):
        return (fit == row).all(axis=1).any()

    folds = fits[:-1]
    assert all(sum(not among(row, fit) for fit in folds) == 1 for row in features)


def test_out_of_fold_rows_do_not_move_when_their_own_label_does():
    """Calibration weighs every label; the class that a row gets must not follow its own."""
    features, targets = digits()
    features, targets = features[:100], targets[:100]
    before = fit_probe(features, targets).out_of_fold
    changed = targets.copy()
    changed[0] = (targets[0] + 3) % 10
    after = fit_probe(features, changed).out_of_fold
    assert after[0, changed[0]] < 0.5
    assert before.shape == after.shape


def test_a_class_with_a_single_label_has_no_out_of_fold_row():
    features, targets = digits()
    rows = np.concatenate([np.flatnonzero(targets < 2)[:30], np.flatnonzero(targets == 9)[:1]])
    found = fit_probe(features[rows], targets[rows])
    known = np.isfinite(found.out_of_fold).all(axis=1)
    assert known.tolist() == [True] * 30 + [False]
    np.testing.assert_allclose(found.out_of_fold[known].sum(axis=1), 1, atol=1e-5)
    assert found.predict_proba(features[rows], 10)[-1, 9] > 0.2


def test_two_labels_of_two_classes_are_enough():
    features, targets = digits()
    rows = [int(np.flatnonzero(targets == c)[0]) for c in (3, 8)]
    found = fit_probe(features[rows], targets[rows])
    assert np.isnan(found.out_of_fold).all()
    assert found.head_weights.tolist() == PRIOR.tolist()
    assert found.predict_proba(features[rows], 10).argmax(axis=1).tolist() == [3, 8]


@given(st.lists(st.integers(0, 4), min_size=2, max_size=30).filter(lambda t: len(set(t)) > 1))
@settings(max_examples=40, deadline=None)
def test_any_labels_of_two_classes_or_more_give_probabilities(targets):
    features, _ = digits()
    found = fit_probe(features[: len(targets)], np.array(targets, dtype=np.int64))
    probabilities = found.predict_proba(features[:50], 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    known = np.isfinite(found.out_of_fold).all(axis=1)
    alone = np.bincount(targets)[targets] == 1
    assert not known[alone].any()


def test_images_that_all_look_alike_get_the_shares_of_their_labels():
    alike = np.tile(np.eye(1, 6, dtype=np.float32), (40, 1))
    targets = np.array([0] * 30 + [1] * 10)
    found = fit_probe(alike, targets).predict_proba(alike[:1], 2)
    assert np.isfinite(found).all()
    assert found[0, 0] > 0.5


@pytest.mark.parametrize("targets", [[], [4], [4, 4, 4]])
def test_labels_of_fewer_than_two_classes_are_not_enough(targets):
    features, _ = digits()
    with pytest.raises(NotEnoughLabelsError, match="labels in at least 2 classes"):
        fit_probe(features[: len(targets)], np.array(targets, dtype=np.int64))


def test_shapes_that_do_not_match_are_refused():
    features, targets = digits()
    with pytest.raises(ValueError, match="one target a row"):
        fit_probe(features[:5], targets[:6])


def test_rows_that_are_not_to_be_trusted_do_not_calibrate():
    """Half of the labels are chance: out of fold they look worse than any new image will."""
    features, targets = digits()
    labels = targets[:400].copy()
    labels[:200] = np.random.default_rng(0).integers(10, size=200)
    honest = np.arange(400) >= 200
    losses = [
        log_loss(
            fit_probe(features[:400], labels, calibrate_on=on).predict_proba(features[400:], 10),
            targets[400:],
        )
        for on in (None, honest, ~honest)
    ]
    assert losses[1] < 0.9 * losses[0] < losses[2]


def test_a_strong_penalty_finds_wrong_labels_better():
    features, targets = digits()
    gains = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        labels = targets[:600].copy()
        wrong = rng.random(600) < 0.1
        labels[wrong] = (labels[wrong] + rng.integers(1, 10, wrong.sum())) % 10
        usual, strong = (
            average_precision_score(
                wrong, -fit_probe(features[:600], labels, **more).out_of_fold[range(600), labels]
            )
            for more in ({}, {"C": C_AGAINST_NOISE})
        )
        gains.append(strong - usual)
    assert np.mean(gains) > 0


def test_trusting_every_row_is_the_default():
    features, targets = digits()
    everything = fit_probe(features[:80], targets[:80], calibrate_on=np.ones(80, dtype=bool))
    assert_same(everything, fit_probe(features[:80], targets[:80]))


def test_with_too_few_rows_to_trust_all_are_taken():
    features, targets = digits()
    few = np.arange(80) < 9
    assert_same(
        fit_probe(features[:80], targets[:80], calibrate_on=few),
        fit_probe(features[:80], targets[:80]),
    )


def assert_same(one, other):
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    np.testing.assert_array_equal(one.out_of_fold, other.out_of_fold)


def test_a_warm_start_gives_the_same_result():
    features, targets = digits()
    earlier = fit_probe(features[:150], targets[:150])
    cold = fit_probe(features[:200], targets[:200])
    warm = fit_probe(features[:200], targets[:200], warm=earlier)
    held = features[200:]
    one, other = (p.predict_proba(held, 10) for p in (cold, warm))
    np.testing.assert_allclose(one, other, atol=0.05)
    assert (one.argmax(axis=1) == other.argmax(axis=1)).mean() > 0.99


def test_a_warm_start_of_other_classes_is_passed_over():
    features, targets = digits()
    few = np.flatnonzero(targets < 4)[:60]
    earlier = fit_probe(features[few], targets[few])
    assert_same(
        fit_probe(features[:100], targets[:100], warm=earlier),
        fit_probe(features[:100], targets[:100]),
    )


def test_folds_that_go_on_never_see_a_row_that_they_are_asked_about(monkeypatch):
    """Not even in an earlier fit, with rows that come, go, come back, and change their label."""
    features, targets = digits()
    features, targets = features[:220], targets[:220].copy()
    seen = {}  # rows that each head goes back to, by the head's id
    kept = []  # so that no id is used twice
    real = module.fit_logistic

    def fit_logistic(x, y, k, C, start=None, **more):
        fitted = real(x, y, k, C, start, **more)
        kept.append(fitted)
        seen[id(fitted)] = seen.get(id(start), set()) | {row.tobytes() for row in x}
        return fitted

    monkeypatch.setattr(module, "fit_logistic", fit_logistic)
    rng = np.random.default_rng(0)
    probe, went_on = None, 0
    for count in range(160, 220, 6):
        names = np.sort(rng.choice(count, count - 10, replace=False))
        targets[names[0]] = (targets[names[0]] + 1) % 10
        before = probe
        probe = fit_probe(features[names], targets[names], warm=before, names=names)
        went_on += before is not None and len(probe.folds.of) > len(names)
        for name in names.tolist():
            head = probe.folds.heads[probe.folds.of[name]]
            assert features[name].tobytes() not in seen[id(head)]
    assert went_on == 9, "each but the first went on from the one before"


def test_folds_that_go_on_calibrate_as_well_as_new_ones():
    features, targets = digits()
    probe = None
    for count in range(200, 261, 6):
        names = np.arange(count)
        probe = fit_probe(features[:count], targets[:count], warm=probe, names=names)
    cold = fit_probe(features[:count], targets[:count])
    held, truth = features[count:], targets[count:]
    losses = [log_loss(p.predict_proba(held, 10), truth) for p in (probe, cold)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    oof = [log_loss(p.out_of_fold, targets[:count]) for p in (probe, cold)]
    assert oof[0] == pytest.approx(oof[1], rel=0.2)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 2)), min_size=1, max_size=60))
def test_rows_without_a_fold_go_where_their_class_is_rarest(rows):
    targets, known = (np.array(column) for column in zip(*rows, strict=True))
    fold = continued_folds(targets, known.tolist(), 3)
    assert ((fold == known) | (known < 0)).all()
    assert set(fold.tolist()) <= {0, 1, 2}
    for target in np.unique(targets):
        new, old = (targets == target) & (known < 0), (targets == target) & (known >= 0)
        before, after = (np.bincount(fold[each], minlength=3) for each in (old, old | new))
        grown = after > before
        # None got one while another fold had two fewer.
        assert not grown.any() or after[grown].max() <= after.min() + 1


def test_the_same_seed_gives_the_same_probe():
    features, targets = digits()
    one, two = (fit_probe(features[:100], targets[:100], seed=5) for _ in range(2))
    assert_same(one, two)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(2, 5))
def test_folds_deal_every_class_evenly(targets, folds):
    targets = np.array(targets)
    fold = stratified_folds(targets, folds, seed=0)
    assert set(fold.tolist()) <= set(range(folds))
    for rows in [np.ones(len(targets), bool), *(targets == c for c in np.unique(targets))]:
        sizes = np.bincount(fold[rows], minlength=folds)
        assert sizes.max() - sizes.min() <= 1


def test_class_means_are_unit_vectors_and_zero_without_a_row():
    features = np.array([[1, 0], [0, 1], [0, 2]], dtype=np.float32)
    means = class_means(features, np.array([0, 0, 2]), 4).T
    np.testing.assert_allclose(means, [[2**-0.5, 2**-0.5], [0, 0], [0, 1], [0, 0]], atol=1e-6)


def test_direction_is_the_gradient_of_the_classs_own_evidence(fitted):
    features, _ = digits()
    place = int(np.flatnonzero(fitted.classes == 4)[0])
    step = 1e-2 * fitted.direction(4)
    before, after = (fitted.logits(x[None])[0] for x in (features[0], features[0] + step))
    gain = (after - before)[place] - (after - before).mean()
    assert gain == pytest.approx(float(step @ step) / 1e-2, rel=1e-3)


def test_direction_of_a_class_without_a_label_is_refused(fitted):
    with pytest.raises(ValueError, match="class 11 is not among the fitted classes"):
        fitted.direction(11)
    with pytest.raises(ValueError, match="class 0"):
        replace(fitted, classes=np.arange(1, 11)).direction(0)
