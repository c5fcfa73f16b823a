"""Nearest neighbours against the plain definition."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.quality import neighbours as module
from workbench.quality.neighbours import (
    Neighbours,
    disagreement,
    nearest_neighbours,
    shares,
    vote,
    vote_each,
)


def unit(points):
    points = np.asarray(points, dtype=np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def cloud(n, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(n, 6)))


@given(
    st.integers(2, 60),
    st.integers(1, 65),
    st.sampled_from([1, 7, 300]),
    st.sampled_from([2, 5, 64]),
    st.integers(0, 999),
)
def test_they_are_what_sorting_all_similarities_gives(n, k, block, group, seed):
    features = cloud(n, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        patch.setattr(module, "GROUP", group)
        found = nearest_neighbours(features, k)
    similarity = features.astype(np.float64) @ features.T
    np.fill_diagonal(similarity, -np.inf)
    expected = np.argsort(-similarity, axis=1)[:, : min(k, n - 1)]
    np.testing.assert_array_equal(found.indices, expected)
    values = np.take_along_axis(similarity, expected, axis=1)
    np.testing.assert_allclose(found.similarities, values, atol=1e-6)


def test_an_image_is_not_its_own_neighbour_even_among_its_doubles():
    features = np.repeat(cloud(3), 4, axis=0)
    found = nearest_neighbours(features, 3)
    for row, others in enumerate(found.indices):
        same = set(range(row - row % 4, row - row % 4 + 4)) - {row}
        assert set(others.tolist()) == same
    np.testing.assert_allclose(found.similarities, 1, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_without_others_there_are_no_neighbours(n):
    found = nearest_neighbours(cloud(n), 5)
    assert found.indices.shape == found.similarities.shape == (n, 0)


def test_memory_is_bounded_by_the_block_and_not_by_the_square(monkeypatch):
    features = cloud(6_000)
    monkeypatch.setattr(module, "BLOCK", 300_000)
    tracemalloc.start()
    nearest_neighbours(features, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6 < 6_000**2 * 4


@pytest.mark.parametrize("features", [np.zeros(3), np.full((3, 2), np.nan)])
def test_features_that_are_none_are_refused(features):
    with pytest.raises(ValueError, match=r"finite \(n, d\) matrix"):
        nearest_neighbours(features.astype(np.float32), 2)


def test_no_neighbours_wanted_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, but got 0"):
        nearest_neighbours(cloud(3), 0)


# What their labels say


def test_a_vote_weighs_the_squared_similarity_and_the_shares_of_the_classes_once():
    found = Neighbours(
        np.array([[1, 2], [0, 2], [0, 1]]),
        np.array([[0.5, -0.2], [0.5, 0.1], [0.1, -0.2]], dtype=np.float32),
    )
    targets = np.array([0, 1, 1])
    votes = vote(found, targets, 4)
    # Row 0: 0.25 for class 1, nothing for what points away; 1/3 and 2/3 for the shares.
    np.testing.assert_allclose(votes[0], [1 / 3 / 1.25, (0.25 + 2 / 3) / 1.25, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(votes.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(disagreement(votes, targets)[0], 1 - 1 / 3 / 1.25, rtol=1e-5)


def test_no_row_votes_for_itself():
    features, targets = cloud(30), np.arange(30) % 3
    found = nearest_neighbours(features, 4)
    changed = targets.copy()
    changed[7] = (targets[7] + 1) % 3
    one, other = vote(found, targets, 3), vote(found, changed, 3)
    np.testing.assert_allclose(one[7], other[7], atol=0.02)  # the shares of the classes move a bit


def test_a_twin_outweighs_the_others_together():
    features = unit(np.array([[1, 0], [1, 0], [1, 0.1], [1, 0.12], [1, -0.1]]))
    votes = vote(nearest_neighbours(features, 4), np.array([0, 1, 0, 0, 0]), 2)
    assert votes[0, 1] > 0.5
    assert votes[1, 0] > 0.9


def test_without_neighbours_the_shares_of_the_classes_are_left():
    votes = vote(nearest_neighbours(cloud(1), 3), np.array([1]), 3)
    assert votes.tolist() == [[0, 1, 0]]


def test_a_vote_on_each_class_is_that_on_having_it_or_not():
    features = cloud(40)
    targets = np.random.default_rng(1).random((40, 3)) < 0.3
    found = nearest_neighbours(features, 6)
    votes = vote_each(found, targets)
    smoothed = (targets.sum(axis=0) + 1) / 42
    for column in range(3):
        apart = vote(found, targets[:, column].astype(int), 2)[:, 1]
        weight = 1 + (np.maximum(found.similarities, 0) ** 2).sum(axis=1)
        moved = (smoothed[column] - targets[:, column].mean()) / weight
        np.testing.assert_allclose(votes[:, column], apart + moved, atol=1e-5)


def test_of_no_neighbours_and_of_labels_that_are_all_the_same_nothing_is_certain():
    alone = vote_each(nearest_neighbours(cloud(1), 3), np.array([[True, False]]))
    np.testing.assert_allclose(alone, [[2 / 3, 1 / 3]], rtol=1e-6)
    votes = vote_each(nearest_neighbours(cloud(9), 3), np.tile([[True, False]], (9, 1)))
    assert (votes[:, 0] > 0.9).all()
    assert (votes[:, 0] < 1).all()
    assert (votes[:, 1] > 0).all()
    assert shares(np.zeros((0, 2), dtype=np.bool_)).tolist() == [0.5, 0.5]
