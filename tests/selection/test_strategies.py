"""Each strategy against its definition, written out with nothing clever; and a user's own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as bits

from tests.selection.pools import CLASSES, make_pool, unit
from workbench.errors import StrategyError
from workbench.selection import typiclust as typiclust_module
from workbench.selection.badge import badge
from workbench.selection.batch import pick_batch
from workbench.selection.kcenter import kcenter
from workbench.selection.strategies import find_strategy
from workbench.selection.types import Picked, Query
from workbench.selection.typiclust import typiclust
from workbench.selection.uherding import maxherding, uherding
from workbench.selection.uncertainty import entropy

SEEDS = st.integers(0, 10_000)


@given(SEEDS, st.sampled_from([1, 2, 9]))
@settings(max_examples=30, deadline=None)
def test_kcenter_takes_what_is_farthest_from_everything_taken(seed, labelled):
    query = make_pool(n=40, labelled=labelled, count=12, seed=seed)
    picked = kcenter(query)
    taken = query.labelled
    for row, score in zip(picked.indices, picked.scores, strict=True):
        away = np.linalg.norm(query.candidates[:, None] - taken[None], axis=2).min(axis=1)
        assert score == pytest.approx(away.max(), abs=1e-3)
        assert away[row] == pytest.approx(away.max(), abs=1e-3)
        taken = np.vstack([taken, query.candidates[row]])


def test_kcenter_begins_in_the_middle_where_nothing_is_labelled():
    pool = unit([[1, 0], [1, 0.1], [1, -0.1], [0, 1]])
    assert kcenter(Query(pool, None, pool[:0], 2)).indices.tolist() == [1, 3]


@pytest.mark.parametrize("exclusive", [True, False])
def test_badge_samples_among_gradients_that_it_does_not_make(exclusive):
    """The same draws by the definition: k-means++ among the gradients themselves."""
    query = replace(make_pool(n=50, count=10, seed=3), exclusive=exclusive)
    p, x = query.probabilities.astype(np.float64), query.candidates.astype(np.float64)
    answer = np.eye(p.shape[1])[p.argmax(axis=1)] if exclusive else p >= 0.5
    gradients = ((p - answer)[:, :, None] * x[:, None]).reshape(len(p), -1)
    rng = np.random.default_rng(3)
    rows = [int((gradients**2).sum(axis=1).argmax())]
    while len(rows) < 10:
        away = ((gradients[:, None] - gradients[rows][None]) ** 2).sum(axis=2).min(axis=1)
        away = np.minimum(away, (gradients**2).sum(axis=1))
        away[rows] = 0
        rows.append(int(rng.choice(len(p), p=away / away.sum())))
    picked = badge(replace(query, rng=np.random.default_rng(3)))
    assert picked.indices.tolist() == rows
    assert picked.scores == pytest.approx((gradients[rows] ** 2).sum(axis=1), rel=1e-3)


def test_badge_without_a_model_spreads_over_the_pool():
    pool = np.repeat(np.eye(4, dtype=np.float32), 25, axis=0)
    rows = [
        badge(Query(pool, None, pool[:0], 4, np.random.default_rng(s))).indices for s in range(9)
    ]
    assert all(len(set((each // 25).tolist())) == 4 for each in rows)


@pytest.mark.parametrize("references", [2_000, 20])
def test_typiclust_takes_the_typical_image_of_each_group_without_labels(monkeypatch, references):
    monkeypatch.setattr(typiclust_module, "REFERENCES", references)
    rng = np.random.default_rng(0)
    groups = [unit(axis + rng.normal(0, 0.05, (40, 6))) for axis in np.eye(6)[:5]]
    pool = np.vstack(groups)
    query = Query(pool, None, unit(np.eye(6)[:2]), 3, np.random.default_rng(1))
    picked = typiclust(query)
    assert set((picked.indices // 40).tolist()) == {2, 3, 4}, "two groups have labels already"
    for row in picked.indices:
        group = groups[row // 40]
        away = np.sort(np.linalg.norm(group - pool[row], axis=1))[1:21].mean()
        others = [np.sort(np.linalg.norm(group - each, axis=1))[1:21].mean() for each in group]
        assert away <= np.quantile(others, 0.05 if references > 40 else 0.5)
    assert (picked.scores > 0).all()


def test_typiclust_goes_on_where_every_group_has_a_label():
    query = make_pool(n=60, labelled=30, count=45)
    assert len(set(typiclust(query).indices.tolist())) == 45


def test_entropy_is_that_of_scipy():
    query = make_pool(n=50, count=50)
    picked = entropy(query)
    wanted = bits(query.probabilities, axis=1) / np.log(query.probabilities.shape[1])
    assert picked.scores == pytest.approx(wanted[picked.indices], abs=1e-5)
    assert (np.diff(picked.scores) <= 0).all()
    several = entropy(replace(query, exclusive=False))
    p = query.probabilities
    each = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    assert several.scores == pytest.approx(each.mean(axis=1)[several.indices], abs=1e-4)


def test_maxherding_is_uherding_without_a_doubt():
    query = make_pool()
    blind = uherding(replace(query, probabilities=None))
    assert maxherding(query).indices.tolist() == blind.indices.tolist()
    assert maxherding(query).indices.tolist() != uherding(query).indices.tolist()


# --- a user's own ---------------------------------------------------------------------------------


def pick(query, strategy):
    return pick_batch(
        query, strategy, [f"id{row}" for row in range(len(query.candidates))], CLASSES
    )


def first_come(query):
    return range(query.count)


def test_a_function_of_ones_own_picks_and_its_name_is_kept():
    picks = pick(make_pool(n=40, count=10), first_come)
    own = [each for each in picks if each.strategy != "random"]
    assert {each.strategy for each in own} == {"first_come"} and len(own) == 9
    places = [int(each.sample_id[2:]) for each in own]
    assert places == sorted(places) and max(places) < 12
    bare = pick(make_pool(n=40, count=10, model=False), first_come)
    assert "picked by first_come" in {each.reason for each in bare}
    assert find_strategy(uherding).name == "uherding"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([0, 0, *range(2, 9)], "each once, but gave"),
        ([99, *range(8)], "each once, but gave"),
        ([-1, *range(8)], "each once, but gave"),
        ([0, 1], "must return 9 rows"),
        ([0.5] * 9, "but gave float64"),
        (None, "must return 9 rows"),
        (Picked(np.arange(9), np.zeros(2, np.float32)), "a score of each"),
    ],
)
def test_what_cannot_be_picked_is_said(answer, message):
    def own(query):
        return answer

    with pytest.raises(StrategyError, match=message):
        pick(make_pool(n=40, count=10), own)


def test_an_error_of_ones_own_is_told_with_its_strategy():
    def broken(query):
        return query.embeddings

    with pytest.raises(StrategyError, match="strategy broken failed, and nothing was picked: Attr"):
        pick(make_pool(), broken)


def test_a_name_that_is_taken_is_refused():
    def margin(query):
        return range(query.count)

    with pytest.raises(ValueError, match="give it a name of its own"):
        pick(make_pool(), margin)
