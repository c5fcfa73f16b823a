"""Label noise: how much, where, and into which classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.teaching.noise import flip_labels

CLASSES = ["a", "b", "c", "d"]


def flip(targets, rate, seed=0, confusion=None):
    return flip_labels(targets, rate, CLASSES, np.random.default_rng(seed), confusion)


@given(st.lists(st.integers(0, 3), max_size=80), st.floats(0, 1), st.integers(0, 1000))
def test_exactly_the_share_asked_for_is_flipped(targets, rate, seed):
    targets = np.array(targets, dtype=np.int64)
    before = targets.copy()
    noisy = flip(targets, rate, seed)
    assert (noisy != targets).sum() == round(rate * len(targets))
    assert noisy.dtype == np.int64
    assert np.isin(noisy, range(4)).all()
    np.testing.assert_array_equal(targets, before)


def test_without_a_matrix_every_image_and_every_other_class_is_as_likely():
    targets = np.repeat([0, 0, 0, 1], 3000)
    noisy = flip(targets, 0.3)
    changed = noisy != targets
    assert changed[targets == 0].mean() == pytest.approx(0.3, abs=0.03)
    assert changed[targets == 1].mean() == pytest.approx(0.3, abs=0.03)
    went = np.bincount(noisy[changed & (targets == 0)], minlength=4) / changed[targets == 0].sum()
    np.testing.assert_allclose(went, [0, 1 / 3, 1 / 3, 1 / 3], atol=0.04)


def test_a_matrix_says_who_is_mistaken_for_whom():
    """Counts as an evaluation gives them: a is called b in 1 of 10, b is called d in 3 of 10."""
    confusion = np.array([[90, 10, 0, 0], [0, 14, 0, 6], [0, 0, 5, 0], [0, 0, 0, 0]])
    targets = np.repeat([0, 1, 2, 3], 3000)
    noisy = flip(targets, 0.05, confusion=confusion)
    changed = noisy != targets
    assert changed.sum() == 600
    assert set(noisy[changed & (targets == 0)]) == {1}
    assert set(noisy[changed & (targets == 1)]) == {3}
    assert not changed[targets >= 2].any()
    assert changed[targets == 1].sum() / changed[targets == 0].sum() == pytest.approx(3, rel=0.25)


def test_the_same_seed_makes_the_same_errors():
    targets = np.arange(200) % 4
    np.testing.assert_array_equal(flip(targets, 0.2, 5), flip(targets, 0.2, 5))
    assert (flip(targets, 0.2, 5) != flip(targets, 0.2, 6)).any()


@pytest.mark.parametrize("rate", [-0.1, 1.01, float("nan")])
def test_a_rate_outside_0_to_1_is_refused(rate):
    with pytest.raises(ValueError, match="within 0 and 1"):
        flip(np.array([0, 1]), rate)


@pytest.mark.parametrize("target", [-1, 4])
def test_a_target_that_is_no_class_is_refused(target):
    with pytest.raises(ValueError, match="indices into the 4 classes"):
        flip(np.array([0, target]), 0.5)


@pytest.mark.parametrize("matrix", [np.eye(3), -np.eye(4), np.full((4, 4), np.nan)])
def test_a_matrix_that_is_none_is_refused(matrix):
    with pytest.raises(ValueError, match=r"must be \(4, 4\) without negative entries"):
        flip(np.array([0, 1]), 0.5, confusion=matrix)


def test_more_flips_than_confusable_images_are_refused():
    matrix = np.eye(4)
    matrix[0, 1] = 1
    with pytest.raises(ValueError, match="2 labels were to be flipped, but only 1 images"):
        flip(np.array([0, 1, 2, 3]), 0.5, confusion=matrix)


def test_a_single_class_has_nothing_to_be_flipped_to():
    with pytest.raises(ValueError, match="give more classes"):
        flip_labels(np.zeros(4, dtype=np.int64), 0.5, ["only"], np.random.default_rng(0))
