"""Confident learning, checked against the counts that its paper defines."""

import subprocess
import sys

import numpy as np
import pytest
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.quality.confident import likely_errors, likely_wrong_cells, self_confidence


def make(n, classes, seed, sharpness=4.0):
    """Labels that are mostly right, and probabilities that mostly know it."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), truth] += sharpness
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.where(rng.random(n) < 0.2, rng.integers(classes, size=n), truth)
    return targets, probabilities.astype(np.float32)


@given(st.integers(20, 120), st.integers(2, 5), st.integers(0, 10_000))
@settings(max_examples=40)
def test_likely_errors_are_those_confidently_of_another_class(n, classes, seed):
    targets, probabilities = make(n, classes, seed)
    present = np.unique(targets)
    bar = {c: probabilities[targets == c, c].mean() for c in present}
    for row, found in enumerate(likely_errors(targets, probabilities)):
        confident = [c for c in present if probabilities[row, c] >= bar[c] - 1e-6]
        best = max(confident, key=lambda c: probabilities[row, c], default=targets[row])
        seen = probabilities[row, present]
        doubted = best != targets[row] and present[seen.argmax()] != targets[row]
        assert found == doubted


def test_a_flipped_label_is_a_likely_error():
    targets, probabilities = make(300, 3, seed=1, sharpness=9.0)
    found = likely_errors(targets, probabilities)
    np.testing.assert_array_equal(found, probabilities.argmax(axis=1) != targets)
    assert 20 < found.sum() < 60


def test_self_confidence_is_the_probability_of_the_label():
    targets, probabilities = make(50, 4, seed=2)
    expected = probabilities[np.arange(50), targets]
    np.testing.assert_allclose(self_confidence(targets, probabilities), expected, rtol=1e-6)


def test_classes_without_a_label_change_nothing():
    targets, probabilities = make(100, 3, seed=3)
    wide = np.zeros((100, 7), dtype=np.float32)
    wide[:, [1, 4, 6]] = probabilities
    moved = np.array([1, 4, 6])[targets]
    np.testing.assert_array_equal(likely_errors(moved, wide), likely_errors(targets, probabilities))
    np.testing.assert_array_equal(
        self_confidence(moved, wide), self_confidence(targets, probabilities)
    )


@pytest.mark.parametrize("targets", [[], [2, 2, 2]])
def test_where_there_is_one_class_nothing_contradicts_it(targets):
    probabilities = np.full((len(targets), 3), 1 / 3, dtype=np.float32)
    targets = np.array(targets, dtype=np.int64)
    assert not likely_errors(targets, probabilities).any()
    assert len(self_confidence(targets, probabilities)) == len(targets)


@pytest.mark.parametrize("ask", [likely_errors, self_confidence])
def test_rows_that_no_fold_predicted_are_refused(ask):
    targets, probabilities = make(10, 2, seed=0)
    probabilities[3] = np.nan
    with pytest.raises(ValueError, match="1 of 10 rows hold NaN"):
        ask(targets, probabilities)
    with pytest.raises(ValueError, match="one target a row"):
        ask(targets[:5], probabilities)


def test_cleanlab_is_loaded_late():
    ask = "import sys, workbench.quality.confident; print('cleanlab' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"


def test_cells_are_judged_as_by_cleanlabs_multi_label_filter():
    rng = np.random.default_rng(4)
    truth = rng.random((200, 4)) < 0.3
    probabilities = np.clip(truth * 0.5 + rng.random(truth.shape) / 2, 0, 1).astype(np.float32)
    targets = truth ^ (rng.random(truth.shape) < 0.1)
    lists = [np.flatnonzero(row).tolist() for row in targets]
    expected = find_multilabel_issues_per_class(
        lists, probabilities, filter_by="confident_learning", n_jobs=1
    )
    found = likely_wrong_cells(targets, probabilities)
    np.testing.assert_array_equal(found, expected)
    assert found.sum() >= 20


def test_a_class_that_all_have_or_none_has_is_not_doubted():
    probabilities = np.tile(np.array([[0.1, 0.9, 0.5]], dtype=np.float32), (6, 1))
    targets = np.tile([[True, False, False]], (6, 1))
    assert not likely_wrong_cells(targets, probabilities).any()
    assert likely_wrong_cells(targets[:0], probabilities[:0]).shape == (0, 3)


def test_cells_that_are_not_alike_or_hold_no_probability_are_refused():
    targets, probabilities = np.zeros((4, 2), dtype=np.bool_), np.full((4, 2), 0.5, np.float32)
    with pytest.raises(ValueError, match=r"alike, but got \(4, 2\) and \(4, 1\)"):
        likely_wrong_cells(targets, probabilities[:, :1])
    probabilities[2, 1] = np.nan
    with pytest.raises(ValueError, match="1 of 4 rows hold NaN"):
        likely_wrong_cells(targets, probabilities)
