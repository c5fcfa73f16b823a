"""A probe for each class on scenes of real digits: probabilities, calibration, what it has seen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits

from tests.models.digit_scenes import different, log_loss, scenes
from workbench.errors import NotEnoughLabelsError
from workbench.models import multiprobe as module
from workbench.models.multiprobe import PRIOR, fit_multiprobe, positive_means, rarest

COUNT = 300


def mean_average_precision(probabilities, targets):
    return average_precision_score(targets, probabilities, average="macro")


@pytest.fixture(scope="module")
def fitted():
    features, targets = scenes()
    return fit_multiprobe(features[:COUNT], targets[:COUNT])


def test_probabilities_are_of_each_class_by_itself(fitted):
    features, targets = scenes()
    found = fitted.predict_proba(features, 10)
    assert found.shape == (len(features), 10)
    assert ((found > 0) & (found <= 1)).all()
    assert found.sum(axis=1).max() > 1.8
    assert found.sum(axis=1).mean() == pytest.approx(targets.sum(axis=1).mean(), rel=0.1)


def test_it_is_the_weighted_sum_of_its_heads(fitted):
    features, targets = scenes()
    logistic = features @ fitted.logistic[:-1] + fitted.logistic[-1]
    means = features @ positive_means(features[:COUNT], targets[:COUNT])
    one, other, offset = fitted.head_weights
    assert (np.abs(offset) > 0.01).any()
    expected = one * logistic + other * means + offset
    np.testing.assert_allclose(fitted.logits(features), expected, atol=1e-3)


def test_it_knows_scenes_that_it_has_not_seen(fitted):
    features, targets = scenes()
    found = fitted.predict_proba(features[COUNT:], 10)
    assert f1_score(targets[COUNT:], found >= 0.5, average="micro") > 0.74
    assert mean_average_precision(found, targets[COUNT:]) > 0.77


@pytest.mark.parametrize("count", [50, 100, 300])
def test_it_is_better_than_plain_logistic_regressions(count):
    features, targets = scenes()
    held, truth = features[1_000:], targets[1_000:]
    figures = []
    for seed in range(3):
        rows = np.random.default_rng(seed).permutation(1_000)[:count]
        plain = OneVsRestClassifier(LogisticRegression(max_iter=1_000))
        with threadpool_limits(1):  # many small fits, which threads only hold up
            plain.fit(features[rows], targets[rows])
        ours = fit_multiprobe(features[rows], targets[rows])
        for found in (ours.predict_proba(held, 10), plain.predict_proba(held)):
            figures.append(
                [
                    f1_score(truth, found >= 0.5, average="micro"),
                    mean_average_precision(found, truth),
                    -log_loss(found, truth),
                ]
            )
    ours, plain = np.mean(figures[::2], axis=0), np.mean(figures[1::2], axis=0)
    assert (ours - plain > (0.1, 0.0, 0.02)).all()


@pytest.mark.parametrize("count", [60, 150, 400])
def test_calibrated_probabilities_are_better_than_the_bare_heads_on_held_out_scenes(count):
    features, targets = scenes()
    fitted = fit_multiprobe(features[:count], targets[:count])
    held, truth = features[count:], targets[count:]
    bare = fitted.spread(expit(held @ fitted.logistic[:-1] + fitted.logistic[-1]), 10)
    assert log_loss(fitted.predict_proba(held, 10), truth) < log_loss(bare, truth)


def test_a_probability_means_what_it_says_on_held_out_scenes():
    features, targets = scenes()
    found = fit_multiprobe(features[:400], targets[:400]).predict_proba(features[400:], 10)
    for low in np.arange(0, 1, 0.2):
        among = (found >= low) & (found < low + 0.2)
        assert targets[400:][among].mean() == pytest.approx(found[among].mean(), abs=0.08)
    np.testing.assert_allclose(found.mean(axis=0), targets[400:].mean(axis=0), atol=0.05)


# What no label has, and what every label has


def test_a_class_that_no_label_has_gets_probability_0():
    features, targets = scenes()
    targets = targets[:60].copy()
    targets[:, [3, 7]] = False
    fitted = fit_multiprobe(features[:60], targets)
    found = fitted.predict_proba(features, 12)
    assert (found[:, [3, 7, 10, 11]] == 0).all()
    assert (found[:, [0, 1, 2]] > 0).all()
    assert fitted.classes.tolist() == [0, 1, 2, 4, 5, 6, 8, 9]


def test_a_class_that_every_label_has_gets_its_smoothed_share_everywhere():
    features, targets = scenes()
    targets = targets[:60].copy()
    targets[:, 4] = True
    fitted = fit_multiprobe(features[:60], targets)
    np.testing.assert_allclose(fitted.predict_proba(features, 10)[:, 4], 61 / 62, rtol=1e-5)
    np.testing.assert_allclose(fitted.out_of_fold[:, 4], 49 / 50, rtol=1e-5)
    assert not fitted.direction(4).any()


def test_a_class_that_a_single_label_has_has_one_cell_without_a_probability():
    features, targets = scenes()
    targets = targets[:60].copy()
    targets[:, 9] = False
    targets[17, 9] = True
    fitted = fit_multiprobe(features[:60], targets)
    column = fitted.out_of_fold[:, np.flatnonzero(fitted.classes == 9)[0]]
    assert np.flatnonzero(np.isnan(column)).tolist() == [17]
    assert np.nanmax(column) < 0.3
    assert np.isfinite(np.delete(fitted.out_of_fold, 17, axis=0)).all()
    found = fitted.predict_proba(features[:60], 10)[:, 9]
    assert found.argmax() == 17


def test_a_class_that_a_single_label_lacks_has_one_cell_without_a_probability():
    features, targets = scenes()
    targets = targets[:60].copy()
    targets[:, 0] = True
    targets[17, 0] = False
    fitted = fit_multiprobe(features[:60], targets)
    assert np.flatnonzero(np.isnan(fitted.out_of_fold[:, 0])).tolist() == [17]
    assert fitted.predict_proba(features[:60], 10)[:, 0].argmin() == 17


def test_a_single_class_there_or_not_is_enough():
    features, targets = scenes()
    fitted = fit_multiprobe(features[:COUNT], targets[:COUNT, :1])
    found = fitted.predict_proba(features[COUNT:], 1)
    assert average_precision_score(targets[COUNT:, 0], found[:, 0]) > 0.85


def test_two_labels_are_enough():
    features, targets = scenes()
    rows = [int(np.flatnonzero(targets[:, 0])[0]), int(np.flatnonzero(~targets[:, 0])[0])]
    fitted = fit_multiprobe(features[rows], targets[rows, :1])
    assert np.isnan(fitted.out_of_fold).all()
    assert fitted.head_weights[:, 0].tolist() == [*PRIOR, 0]
    assert (fitted.predict_proba(features[rows], 1)[:, 0] > 0.5).tolist() == [True, False]


def test_images_that_all_look_alike_get_the_shares_of_their_labels():
    alike = np.tile(np.eye(1, 6, dtype=np.float32), (40, 1))
    targets = np.stack([np.arange(40) < 30, np.arange(40) < 4], axis=1)
    found = fit_multiprobe(alike, targets).predict_proba(alike[:1], 2)[0]
    np.testing.assert_allclose(found, [0.75, 0.1], atol=0.05)


@given(
    hnp.arrays(np.bool_, st.tuples(st.integers(1, 25), st.integers(1, 4))), st.integers(0, 1_000)
)
@settings(max_examples=60)
def test_any_labels_that_differ_give_probabilities(targets, seed):
    features, _ = scenes()
    rows = np.random.default_rng(seed).permutation(len(features))[: len(targets)]
    n, counts = len(targets), targets.sum(axis=0)
    if not ((counts > 0) & (counts < n)).any():
        with pytest.raises(NotEnoughLabelsError):
            fit_multiprobe(features[rows], targets)
        return
    fitted = fit_multiprobe(features[rows], targets)
    found = fitted.predict_proba(features[:50], targets.shape[1])
    assert ((found >= 0) & (found <= 1)).all()
    assert ((found == 0).all(axis=0) == (counts == 0)).all()
    alone = np.where(targets, counts == 1, counts == n - 1)[:, fitted.classes]
    assert np.isnan(fitted.out_of_fold[alone]).all()
    known = fitted.out_of_fold[np.isfinite(fitted.out_of_fold)]
    assert ((known > 0) & (known < 1)).all()


@pytest.mark.parametrize(
    "targets, message",
    [
        (np.zeros((0, 3)), "none of the 0 labels has any"),
        (np.zeros((4, 3)), "none of the 4 labels has any"),
        (np.ones((4, 3)), "all of the 4 labels have the same classes"),
        ([[1, 0, 1]], "all of the 1 labels have the same classes"),
        (np.zeros((4, 0)), "none of the 4 labels has any"),
    ],
)
def test_labels_that_do_not_differ_are_not_enough(targets, message):
    features, _ = scenes()
    targets = np.asarray(targets, dtype=np.bool_)
    with pytest.raises(NotEnoughLabelsError, match=message):
        fit_multiprobe(features[: len(targets)], targets)


def test_shapes_and_types_that_do_not_match_are_refused():
    features, targets = scenes()
    with pytest.raises(ValueError, match=r"targets \(n, K\), but got \(5, 128\) and \(6, 10\)"):
        fit_multiprobe(features[:5], targets[:6])
    with pytest.raises(ValueError, match=r"but got \(5, 128\) and \(5,\)"):
        fit_multiprobe(features[:5], targets[:5, 0])
    with pytest.raises(ValueError, match="targets must be of bool, but got int64"):
        fit_multiprobe(features[:5], targets[:5].astype(np.int64))


# Out of fold


def test_no_out_of_fold_row_comes_from_a_fit_that_saw_it(monkeypatch):
    """A cell that is wrong on purpose must not be believed by its own out-of-fold row."""
    features, targets = different(COUNT)
    wrong = np.flatnonzero(targets[:, 0])[::6]
    targets[wrong, 0] = False
    fits = []
    real = module.fit_one_vs_rest
    monkeypatch.setattr(
        module, "fit_one_vs_rest", lambda x, *args, **more: fits.append(x) or real(x, *args, **more)
    )
    fitted = fit_multiprobe(features, targets)
    assert (fitted.out_of_fold[wrong, 0] > 0.5).mean() > 0.5

    # Row by row: each is missing from exactly one of the folds' fits.
    def among(row, fit):
        return (fit == row).all(axis=1).any()

    folds = fits[:-1]
    assert len(folds) == 5
    assert all(sum(not among(row, fit) for fit in folds) == 1 for row in features)


def test_out_of_fold_probabilities_are_as_good_as_those_of_new_scenes(fitted):
    features, targets = scenes()
    held = log_loss(fitted.predict_proba(features[COUNT:], 10), targets[COUNT:])
    own = log_loss(fitted.out_of_fold, targets[:COUNT])
    assert own == pytest.approx(held, rel=0.2)


def test_rows_that_are_not_to_be_trusted_do_not_calibrate():
    """Half of the labels are those of other scenes: out of fold they look worse than new ones."""
    features, targets = scenes()
    labels = targets[:600].copy()
    labels[:300] = labels[np.random.default_rng(0).permutation(300)]
    honest = np.arange(600) >= 300
    losses = [
        log_loss(
            fit_multiprobe(features[:600], labels, calibrate_on=on).predict_proba(
                features[600:], 10
            ),
            targets[600:],
        )
        for on in (None, honest, ~honest)
    ]
    assert losses[1] < 0.95 * losses[0] < losses[2]


def assert_same(one, other):
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    np.testing.assert_array_equal(one.out_of_fold, other.out_of_fold)


def test_with_too_few_rows_to_trust_all_are_taken():
    features, targets = scenes()
    few = np.arange(80) < 9
    assert_same(
        fit_multiprobe(features[:80], targets[:80], calibrate_on=few),
        fit_multiprobe(features[:80], targets[:80]),
    )


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 30), st.integers(1, 5))))
def test_the_rarest_of_a_row_is_what_the_fewest_rows_share(targets):
    found = rarest(targets)
    for row, number in zip(targets, found.tolist(), strict=True):
        column, value = divmod(number, 2)
        assert row[column] == value
        shared = (targets == row).sum(axis=0)
        assert shared[column] == shared.min()


def test_rare_classes_come_apart_over_the_folds(fitted):
    _, targets = scenes()
    for seed in range(5):
        rows = np.random.default_rng(seed).permutation(COUNT)[:60]
        folds = module.deal(rarest(targets[rows]), None, None, seed)[0]
        for column in targets[rows].T:
            counts = np.bincount(folds[column], minlength=5)
            assert counts.max() <= max(2, column.sum() - 2)


# Where the evidence lies


def test_direction_is_the_gradient_of_the_classs_logit(fitted):
    features, _ = scenes()
    step = 1e-2 * fitted.direction(4)
    before, after = (fitted.logits(x[None])[0, 4] for x in (features[0], features[0] + step))
    assert after - before == pytest.approx(float(step @ step) / 1e-2, rel=1e-3)


def test_direction_of_a_class_without_a_label_is_refused(fitted):
    with pytest.raises(ValueError, match="class 11 is not among the fitted classes"):
        fitted.direction(11)
    with pytest.raises(ValueError, match="class 0"):
        replace(fitted, classes=np.arange(1, 11)).direction(0)
