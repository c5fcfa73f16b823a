"""The batch: how much of it is random, that it holds no image twice, and what it says of each."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.selection.pools import CLASSES, make_pool, unit
from workbench.selection.batch import pick_batch
from workbench.selection.mixing import CONTROL_REASON, as_control, mix_in
from workbench.selection.strategies import STRATEGIES, find_strategy
from workbench.selection.types import Query

BY_A_MODEL = sorted(set(STRATEGIES) - {"random"})


def pick(query, strategy="uherding", **more):
    ids = [f"id{row}" for row in range(len(query.candidates))]
    return pick_batch(query, strategy, ids, CLASSES, **more)


def control_arm(picks):
    return [p for p in picks if p.strategy == "random"]


@given(st.integers(1, 90), st.sampled_from(BY_A_MODEL), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_tenth_rounded_up_is_random_and_nothing_is_picked_twice(count, strategy, seed):
    picks = pick(make_pool(n=80, count=count, seed=seed), strategy)
    size = min(count, 80)
    assert len(picks) == size
    assert len({p.sample_id for p in picks}) == size
    assert len(control_arm(picks)) == -(-size // 10)
    assert [p.rank for p in picks] == list(range(size))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pool_smaller_than_the_batch_is_picked_whole(strategy):
    picks = pick(make_pool(n=7, count=50), strategy)
    assert {p.sample_id for p in picks} == {f"id{row}" for row in range(7)}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_empty_pool_gives_an_empty_batch(strategy):
    assert pick(make_pool(n=0), strategy) == []


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("labelled", [0, 1, 5])
def test_cold_start_needs_no_model(strategy, labelled):
    picks = pick(make_pool(n=40, labelled=labelled, model=False), strategy)
    assert len({p.sample_id for p in picks}) == 20


def test_what_is_picked_at_random_for_want_of_a_model_is_marked_as_random():
    picks = pick(make_pool(n=40, model=False), "margin")
    assert {p.strategy for p in picks} == {"random"}
    assert {p.reason for p in picks} == {CONTROL_REASON}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", [True, False])
def test_images_that_all_look_alike_are_picked_all_the_same(strategy, model):
    query = make_pool(n=30, model=model)
    same = np.repeat(query.candidates[:1], 30, axis=0)
    alike = Query(same, query.probabilities, np.repeat(same[:1], 4, axis=0), 10, query.rng)
    assert len({p.sample_id for p in pick(alike, strategy)}) == 10


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_single_class_leaves_nothing_to_doubt_but_images_to_pick(strategy):
    query = make_pool(n=30)
    single = Query(query.candidates, np.ones((30, 1), np.float32), query.labelled, 10, query.rng)
    picks = pick(single, strategy)
    assert len({p.sample_id for p in picks}) == 10
    assert all(p.reason for p in picks)


@pytest.mark.parametrize("share, expected", [(0, 0), (0.1, 2), (0.5, 10), (1, 20)])
def test_the_random_share_can_be_chosen(share, expected):
    assert len(control_arm(pick(make_pool(n=60), random_share=share))) == expected


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_random_share_outside_0_to_1_is_refused(share):
    with pytest.raises(ValueError, match="random_share must be within 0 and 1"):
        pick(make_pool(), random_share=share)


def test_an_unknown_strategy_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown strategy 'best': choose one of .*uherding"):
        find_strategy("best")


def test_every_image_is_as_likely_in_the_control_arm_as_any_other():
    drawn = np.zeros(20)
    for seed in range(600):
        for p in control_arm(pick(make_pool(n=20, count=10, seed=seed))):
            drawn[int(p.sample_id[2:])] += 1
    # 30 expected of each; six standard deviations either way.
    assert drawn.sum() == 600
    assert np.abs(drawn - 30).max() < 6 * np.sqrt(30 * 0.95)


@pytest.mark.parametrize("seed", range(8))
def test_what_the_control_arm_took_is_covered(seed):
    pool = np.repeat(np.eye(2, dtype=np.float32), [13, 7], axis=0)
    query = Query(pool, None, pool[:0], 2, np.random.default_rng(seed))
    picks = pick(query, random_share=0.5)
    assert {int(p.sample_id[2:]) < 13 for p in picks} == {True, False}


def test_the_control_arm_is_not_given_away_by_its_place():
    places = {
        p.rank
        for seed in range(60)
        for p in control_arm(pick(make_pool(n=40, count=10, seed=seed)))
    }
    assert places == set(range(10))


def test_the_same_seed_picks_the_same_batch():
    assert pick(make_pool(seed=3)) == pick(make_pool(seed=3))
    assert pick(make_pool(seed=3)) != pick(make_pool(seed=4))


def reason_for(probabilities, candidate=(1.0, 0.0), strategy="uherding"):
    query = Query(
        np.array([candidate], np.float32),
        np.array([probabilities], np.float32),
        np.array([[1.0, 0.0], [0.0, 1.0]], np.float32),
        1,
    )
    return pick(query, strategy, random_share=0)[0].reason


def test_a_doubtful_pick_names_the_two_classes_in_order():
    assert reason_for([0.1, 0.55, 0.35]) == "unsure between <b>b</b> and c (55 : 35)"


def test_a_sure_pick_says_what_it_stands_for():
    assert reason_for([0.9, 0.05, 0.05]) == "probably a (90 %), and stands for others like it"


def test_margin_does_not_claim_to_look_for_images_that_stand_for_others():
    assert reason_for([0.9, 0.05, 0.05], strategy="margin") == "probably a (90 %)"


def test_a_pick_far_from_all_labels_says_so():
    near = unit(np.tile([1.0, 0.0, 0.0], (19, 1)) + np.eye(3)[np.arange(19) % 3] * 1e-3)
    far = np.array([[0.0, 0.0, -1.0]], np.float32)
    query = Query(np.vstack([near, far]), np.full((20, 2), 0.5, np.float32), near[:2].copy(), 20)
    unlike = [p.sample_id for p in pick(query, random_share=0) if "unlike anything" in p.reason]
    assert unlike == ["id19"]


def test_mixing_in_keeps_the_order_and_deals_the_ranks_anew():
    first, second = as_control([*"abcdef"]), as_control([*"xyz"])
    mixed = mix_in(first, second, np.random.default_rng(1))
    assert [p.sample_id for p in mixed if p.sample_id in "abcdef"] == [*"abcdef"]
    assert sorted(p.sample_id for p in mixed) == sorted("abcdefxyz")
    assert [p.rank for p in mixed] == list(range(9))
