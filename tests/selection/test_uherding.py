"""Uncertainty herding against the plain greedy algorithm that it is a lazy form of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.selection.pools import make_pool, unit
from workbench.selection import uherding as module
from workbench.selection.types import Query
from workbench.selection.uherding import uherding
from workbench.selection.uncertainty import doubt


def all_gains(query):
    """The definition, with nothing clever: every candidate's gain, given the picks so far."""
    x = query.candidates.astype(np.float64)
    u = np.ones(len(x)) if query.probabilities is None else doubt(query.probabilities)
    width = module._width(query.labelled, query.candidates)

    def kernel(points):
        squared = ((x[:, None] - points[None].astype(np.float64)) ** 2).sum(-1)
        return np.exp(-squared / width**2)

    pairs = kernel(query.candidates)
    nothing = np.zeros((len(x), 1))

    def gains(picked):
        known = np.hstack([nothing, kernel(query.labelled), pairs[:, picked]])
        covered = known.max(axis=1, keepdims=True)
        return (np.maximum(pairs - covered, 0) * u[:, None]).mean(axis=0)

    return gains


@given(st.integers(0, 10_000), st.sampled_from([0, 1, 2, 9]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_lazy_greedy_takes_the_best_at_every_step_as_plain_greedy_does(seed, labelled, model):
    query = make_pool(n=50, labelled=labelled, count=12, model=model, seed=seed)
    picked, gains = uherding(query), all_gains(query)
    for step, (row, score) in enumerate(zip(picked.indices, picked.scores, strict=True)):
        now = gains(picked.indices[:step])
        assert score == pytest.approx(now[row], rel=1e-3, abs=1e-6)
        assert now[row] == pytest.approx(now.max(), rel=1e-3, abs=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 70), st.booleans())
@settings(max_examples=40, deadline=None)
def test_gains_only_fall_and_no_row_comes_twice(seed, count, model):
    picked = uherding(make_pool(n=60, count=count, model=model, seed=seed))
    assert len(set(picked.indices.tolist())) == len(picked.indices) == min(count, 60)
    assert (picked.scores >= 0).all()
    assert (np.diff(picked.scores) <= 1e-6).all()


def test_what_is_labelled_already_is_not_covered_again():
    axes = np.eye(3, dtype=np.float32)
    pool = unit(np.repeat(axes, [10, 9, 8], axis=0) + 1e-4)
    assert uherding(Query(pool, None, axes[:0], 1)).indices[0] < 10
    assert 10 <= uherding(Query(pool, None, axes[:1], 1)).indices[0] < 19


def test_doubt_draws_the_picks():
    axes = np.eye(2, dtype=np.float32)
    pool = np.repeat(axes, [10, 10], axis=0)
    sure, torn = [0.98, 0.02], [0.55, 0.45]
    probabilities = np.array([sure] * 10 + [torn] * 10, np.float32)
    assert uherding(Query(pool, probabilities, axes[:0], 1)).indices[0] >= 10


def test_a_model_that_is_sure_of_everything_gets_the_pool_covered():
    axes = np.eye(3, dtype=np.float32)
    pool = np.repeat(axes, 5, axis=0)
    certain = np.tile(np.array([1, 0], np.float32), (15, 1))
    picked = uherding(Query(pool, certain, axes[:0], 3))
    assert set((picked.indices // 5).tolist()) == {0, 1, 2}


def test_an_empty_pool_gives_no_pick():
    assert len(uherding(make_pool(n=0)).indices) == 0


def test_big_pools_are_sampled_and_the_picks_are_still_good(monkeypatch):
    query = make_pool(n=600, count=20)
    exact = uherding(query)
    monkeypatch.setattr(module, "CONSIDERED", 200)
    monkeypatch.setattr(module, "REFERENCES", 150)
    monkeypatch.setattr(module, "CELLS", 64 * 150)
    sampled = uherding(query, exact_up_to=200)
    assert len(set(sampled.indices.tolist())) == 20
    assert sampled.indices.max() >= 200, "rows of the whole pool, not of the sample"
    assert value(query, sampled.indices) > 0.75 * value(query, exact.indices)
    # The sampled gains estimate the exact ones.
    assert sampled.scores.sum() == pytest.approx(exact.scores.sum(), rel=0.3)


def value(query, rows):
    """What a set of picks covers beyond the labelled images."""
    kernel = module._Kernel(module._width(query.labelled, query.candidates))
    before = kernel.best(query.candidates, query.labelled)
    after = np.maximum(before, kernel.best(query.candidates, query.candidates[rows]))
    return float(((after - before) * doubt(query.probabilities)).mean())
