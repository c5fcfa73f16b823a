"""Logistic regression against scikit-learn's, and the weighing of heads."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info

from tests.models.digit_scenes import scenes
from tests.models.digit_vectors import digits, log_loss
from workbench.models.logistic import (
    few_threads,
    fit_logistic,
    fit_one_vs_rest,
    stack,
    stack_binary,
)


def proba(coefficients, features):
    return softmax(features @ coefficients[:-1] + coefficients[-1], axis=1)


@pytest.mark.parametrize("C", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("rows, classes", [(40, 3), (300, 10)])
def test_coefficients_and_probabilities_are_scikit_learns(C, rows, classes):
    features, targets = digits()
    keep = targets < classes
    features, targets = features[keep][:rows], targets[keep][:rows]
    ours = fit_logistic(features, targets, classes, C, max_iterations=2_000)
    theirs = LogisticRegression(C=C, tol=1e-8, max_iter=5_000).fit(features, targets)
    expected = np.vstack([theirs.coef_.T, theirs.intercept_])
    # Biases are free up to a constant that softmax takes out.
    ours[-1] -= ours[-1].mean()
    expected[-1] -= expected[-1].mean()
    np.testing.assert_allclose(ours, expected, atol=0.02 * np.abs(expected).max())
    np.testing.assert_allclose(proba(ours, features), theirs.predict_proba(features), atol=0.01)


def test_the_few_iterations_that_are_the_default_predict_the_same():
    features, targets = digits()
    ours = fit_logistic(features[:200], targets[:200], 10, 300.0)
    theirs = LogisticRegression(C=300.0, max_iter=5_000).fit(features[:200], targets[:200])
    held = features[200:]
    same = proba(ours, held).argmax(axis=1) == theirs.predict(held)
    assert same.mean() > 0.97


def test_a_warm_start_arrives_at_the_same_place():
    features, targets = digits()
    first = fit_logistic(features[:150], targets[:150], 10, 30.0)
    cold = fit_logistic(features[:200], targets[:200], 10, 30.0, max_iterations=500)
    warm = fit_logistic(features[:200], targets[:200], 10, 30.0, start=first, max_iterations=500)
    np.testing.assert_allclose(proba(warm, features), proba(cold, features), atol=0.01)


def test_a_warm_start_is_not_changed_by_the_fit():
    features, targets = digits()
    start = fit_logistic(features[:50], targets[:50], 10, 1.0)
    kept = start.copy()
    fit_logistic(features[:60], targets[:60], 10, 1.0, start=start)
    np.testing.assert_array_equal(start, kept)


def test_a_class_without_a_row_becomes_improbable():
    features, targets = digits()
    keep = targets < 3
    fitted = fit_logistic(features[keep][:60], targets[keep][:60], 4, 30.0)
    assert proba(fitted, features[keep])[:, 3].max() < 0.1


def test_stacking_finds_the_temperature_of_a_single_head():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4_000, 5)).astype(np.float32)
    targets = np.array([rng.choice(5, p=row) for row in softmax(logits.astype(float), axis=1)])
    # Three times too sure of itself: a third is the answer.
    (weight,) = stack(3 * logits[None], targets, np.array([1.0]))
    assert weight == pytest.approx(1 / 3, rel=0.1)


def test_stacking_prefers_the_head_that_knows_and_never_weighs_below_zero():
    targets = digits()[1]
    noise, other = np.random.default_rng(1).normal(size=(2, len(targets), 10)).astype(np.float32)
    knows = 2 * np.eye(10, dtype=np.float32)[targets] + noise
    prior = np.array([0.5, 0.5])
    weights = stack(np.stack([knows, other]), targets, prior)
    assert weights[0] > 10 * weights[1]
    assert stack(np.stack([knows, -other, -knows / 2]), targets, np.full(3, 0.5)).min() == 0


def test_stacking_beats_every_head_alone():
    features, targets = digits()
    halves = [
        proba_logits(fit_logistic(features[:150, part], targets[:150], 10, 30.0), features[:, part])
        for part in (slice(0, None, 2), slice(1, None, 2))
    ]
    heads, truth = np.stack(halves)[:, 150:], targets[150:]
    prior = np.array([0.5, 0.5])

    def loss(chosen):
        weights = stack(heads[chosen], truth, prior[chosen])
        return log_loss(softmax(np.einsum("h,hnk->nk", weights, heads[chosen]), axis=1), truth)

    assert loss([0, 1]) < min(loss([0]), loss([1]))


def test_without_evidence_the_prior_stands():
    flat = np.zeros((2, 5, 3), dtype=np.float32)
    np.testing.assert_allclose(stack(flat, np.zeros(5, int), np.array([0.5, 5])), [0.5, 5])


def proba_logits(coefficients, features):
    return features @ coefficients[:-1] + coefficients[-1]


# One against rest


@pytest.mark.parametrize("C", [0.1, 1.0, 30.0])
def test_coefficients_of_each_class_are_scikit_learns(C):
    features, targets = scenes()
    features, targets = features[:200], targets[:200, :4]
    ours = fit_one_vs_rest(features, targets, C, max_iterations=2_000)
    for column in range(4):
        theirs = LogisticRegression(C=C, tol=1e-8, max_iter=5_000)
        theirs.fit(features, targets[:, column])
        expected = np.append(theirs.coef_[0], theirs.intercept_)
        np.testing.assert_allclose(
            ours[:, column], expected, atol=0.02 * np.abs(expected).max(), err_msg=str(column)
        )


def test_classes_are_fitted_as_if_alone():
    features, targets = scenes()
    features, targets = features[:150], targets[:150]
    together = fit_one_vs_rest(features, targets, 10.0, max_iterations=1_000)
    alone = fit_one_vs_rest(features, targets[:, [3]], 10.0, max_iterations=1_000)
    np.testing.assert_allclose(
        expit(features @ together[:-1, [3]] + together[-1, 3]),
        expit(features @ alone[:-1] + alone[-1]),
        atol=0.01,
    )


def test_one_against_rest_starts_where_it_is_told_and_leaves_that_alone():
    features, targets = scenes()
    start = fit_one_vs_rest(features[:150], targets[:150], 30.0, max_iterations=500)
    kept = start.copy()
    cold = fit_one_vs_rest(features[:160], targets[:160], 30.0, max_iterations=500)
    warm = fit_one_vs_rest(features[:160], targets[:160], 30.0, start)
    np.testing.assert_array_equal(start, kept)
    both = (expit(features @ each[:-1] + each[-1]) for each in (warm, cold))
    np.testing.assert_allclose(*both, atol=0.02)


def test_logits_of_any_size_give_a_finite_fit():
    features = np.array([[1e3, 0], [-1e3, 0], [0, 1e3], [0, -1e3]], dtype=np.float32)
    targets = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], dtype=np.bool_)
    assert np.isfinite(fit_one_vs_rest(features, targets, 1e3)).all()


def calibrated_scores(spread, count=4_000, seed=0):
    """Log-odds of two classes, and which they turned out to be there in."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (count, 2)).astype(np.float32)
    return logits, rng.random((count, 2)) < expit(logits)


def test_stacking_finds_the_scale_and_the_offset_of_each_class():
    logits, targets = calibrated_scores(2)
    # One three times too sure of itself, one half as sure as it may be and too low by 1.
    off = np.stack([3 * logits[:, 0], (logits[:, 1] - 1) / 2], axis=1)[None]
    known = np.ones_like(targets)
    found = stack_binary(off, targets, known, np.array([[1.0, 1.0], [0.0, 0.0]]), 1.0)
    np.testing.assert_allclose(found, [[1 / 3, 2], [0, 1]], atol=0.12)
    without = stack_binary(off, targets, known, np.array([[1.0, 1.0]]), 1.0)
    assert without.shape == (1, 2)


def test_stacking_learns_from_known_cells_alone():
    logits, targets = calibrated_scores(2)
    known = np.ones_like(targets)
    known[:2_000, 0] = False
    broken = logits.copy()
    broken[:2_000, 0] = np.nan
    prior = np.array([[0.5, 0.5], [0.0, 0.0]])
    found = stack_binary(broken[None], targets, known, prior, 1.0)
    late = stack_binary(logits[None, 2_000:], targets[2_000:], known[2_000:], prior, 1.0)
    np.testing.assert_allclose(found[:, 0], late[:, 0], atol=1e-3)
    nothing = stack_binary(broken[None], targets, np.zeros_like(known), prior, 1.0)
    np.testing.assert_allclose(nothing, prior)


def test_binary_stacking_never_weighs_a_head_below_zero():
    logits, targets = calibrated_scores(2)
    noise = np.random.default_rng(1).normal(size=logits.shape).astype(np.float32)
    heads = np.stack([logits + noise, -logits + noise])
    found = stack_binary(heads, targets, np.ones_like(targets), np.full((2, 2), 0.5), 1.0)
    assert (found[1] == 0).all()
    assert (found[0] > 0.3).all()


def test_a_strong_prior_holds_the_weights_of_few_labels():
    logits, targets = calibrated_scores(2, count=12)
    prior, known = np.array([[3.0, 3.0]]), np.ones_like(targets)
    held, free = (stack_binary(logits[None], targets, known, prior, s) for s in (1e4, 1e-4))
    np.testing.assert_allclose(held, prior, rtol=0.02)
    assert (np.abs(free - prior) > np.abs(held - prior)).all()


# Threads


def test_small_products_get_one_thread_and_what_was_set_comes_back():
    def threads():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = threads()
    with few_threads(1_000):
        assert set(threads()) <= {1}
    assert threads() == before
    with few_threads(10_000_000):
        assert threads() == before
