"""Margin and random picks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.selection.pools import make_pool
from workbench.selection.types import Query
from workbench.selection.uncertainty import doubt, margin, random


@pytest.mark.parametrize(
    "probabilities, expected",
    [
        ([1, 0, 0], 0),
        ([0.5, 0.5, 0], 1),
        ([0.2, 0.7, 0.1], 0.5),
        ([1 / 3, 1 / 3, 1 / 3], 1),
        ([1], 0),
    ],
)
def test_doubt_is_one_less_the_margin(probabilities, expected):
    assert doubt(np.array([probabilities], np.float32))[0] == pytest.approx(expected, abs=1e-6)


@given(hnp.arrays(np.float32, (12, 4), elements=st.floats(0.015625, 1, width=32)))
def test_margin_picks_in_the_order_of_doubt(raw):
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    query = Query(np.eye(12, dtype=np.float32), probabilities, np.empty((0, 12), np.float32), 8)
    picked = margin(query)
    everything = doubt(probabilities)
    np.testing.assert_array_equal(picked.scores, everything[picked.indices])
    assert (np.diff(picked.scores) <= 0).all()
    left = np.setdiff1d(np.arange(12), picked.indices)
    assert everything[left].max() <= picked.scores.min()


def test_ties_are_broken_at_random_not_by_file_order():
    tied = np.full((50, 2), 0.5, np.float32)
    vectors = np.eye(50, dtype=np.float32)

    def firsts(seed):
        rng = np.random.default_rng(seed)
        return margin(Query(vectors, tied, vectors[:0], 5, rng)).indices.tolist()

    assert firsts(1) != firsts(2)
    assert firsts(1) != [0, 1, 2, 3, 4]


def test_random_and_margin_without_a_model_have_no_score():
    for strategy in (random, margin):
        picked = strategy(make_pool(n=30, model=False, count=12))
        assert np.isnan(picked.scores).all()
        assert len(set(picked.indices.tolist())) == 12


@pytest.mark.parametrize("strategy", [random, margin])
def test_an_empty_pool_gives_no_pick(strategy):
    assert len(strategy(make_pool(n=0)).indices) == 0


def broken(name, value):
    query = make_pool(n=10)
    parts = {
        "candidates": query.candidates.copy(),
        "probabilities": query.probabilities.copy(),
        "labelled": query.labelled.copy(),
    }
    parts[name][2, 1] = value
    return parts


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["candidates", "probabilities", "labelled"])
def test_values_that_are_not_finite_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} hold NaN or infinity: embed those images again"):
        Query(**broken(name, value), count=3)


@pytest.mark.parametrize(
    "parts, message",
    [
        ({"candidates": np.ones(4)}, r"candidates must be \(n, d\), but got \(4,\)"),
        ({"labelled": np.ones((2, 5))}, r"labelled must be \(m, 3\), but got \(2, 5\)"),
        ({"labelled": np.ones(3)}, r"labelled must be \(m, 3\), but got \(3,\)"),
        ({"probabilities": np.ones((5, 2))}, r"probabilities must be \(4, k\), but got \(5, 2\)"),
        ({"probabilities": np.ones(4)}, r"probabilities must be \(4, k\), but got \(4,\)"),
        ({"count": 0}, "count must be at least 1, but got 0"),
    ],
)
def test_shapes_that_contradict_each_other_are_refused(parts, message):
    good = {
        "candidates": np.ones((4, 3)),
        "probabilities": None,
        "labelled": np.ones((2, 3)),
        "count": 2,
    }
    with pytest.raises(ValueError, match=message):
        Query(**{**good, **parts})
