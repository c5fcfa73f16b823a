"""Picks, reasons and groups where an image may have any number of classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.models.digit_scenes import CLASSES, scenes
from tests.selection.pools import unit
from workbench.models.multiprobe import fit_multiprobe
from workbench.selection.batch import pick_batch
from workbench.selection.grouping import by_prediction
from workbench.selection.strategies import STRATEGIES
from workbench.selection.types import Query
from workbench.selection.uherding import uherding
from workbench.selection.uncertainty import doubt, margin

NAMES = ["dent", "rust", "<b>oil</b>", "crack"]
some_probabilities = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 40), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.625, 0.95, 1.0]),
)


def ask(probabilities, count=10, seed=0, **more):
    n = len(probabilities)
    vectors = unit(np.random.default_rng(seed).normal(size=(n + 3, 5)))
    return Query(
        vectors[:n],
        np.asarray(probabilities, np.float32),
        vectors[n:],
        count,
        np.random.default_rng(seed),
        exclusive=False,
        **more,
    )


def scene_query(count=30):
    """A hundred scenes of digits to pick from, and a probe's probabilities; 60 are labelled."""
    features, targets = scenes()
    probe = fit_multiprobe(features[:60], targets[:60])
    candidates = features[60:160]
    probabilities = probe.predict_proba(candidates, 10)
    return Query(candidates, probabilities, features[:60], count, exclusive=False)


# Doubt


@pytest.mark.parametrize(
    "probabilities, expected",
    [
        ([0.0, 0.0, 0.0], 0),
        ([1.0, 1.0, 1.0], 0),
        ([0.9, 0.9, 0.9], 0.2),
        ([0.5, 0.0, 1.0], 1),
        ([0.1, 0.4, 0.95], 0.8),
        ([0.3], 0.6),
        ([], 0),
    ],
)
def test_doubt_is_that_of_the_class_most_in_doubt(probabilities, expected):
    found = doubt(np.array([probabilities], np.float32), exclusive=False)
    assert found.shape == (1,)
    assert found[0] == pytest.approx(expected, abs=1e-6)


@given(some_probabilities, st.integers(0, 99))
def test_margin_picks_in_the_order_of_doubt(probabilities, seed):
    picked = margin(ask(probabilities, seed=seed))
    everything = doubt(probabilities, exclusive=False)
    np.testing.assert_array_equal(picked.scores, everything[picked.indices])
    left = np.setdiff1d(np.arange(len(probabilities)), picked.indices)
    assert everything[left].max(initial=0) <= picked.scores.min()


def test_an_image_that_surely_has_two_classes_is_in_no_doubt():
    """To classes that exclude each other it would be the most doubtful of all."""
    query = ask([[0.99, 0.99, 0.01], [0.6, 0.01, 0.01]], count=1)
    assert margin(query).indices.tolist() == [1]
    exclusive = Query(query.candidates, query.probabilities, query.labelled, 1)
    assert margin(exclusive).indices.tolist() == [0]


def test_uherding_covers_the_doubtful_and_not_the_merely_plural():
    axes = np.repeat(np.eye(3, dtype=np.float32), 10, axis=0)
    probabilities = np.repeat([[0.99, 0.99], [0.5, 0.01], [0.01, 0.01]], 10, axis=0)
    query = Query(axes, probabilities.astype(np.float32), axes[:0], 1, exclusive=False)
    assert uherding(query).indices[0] in range(10, 20)


def test_a_model_that_is_sure_of_everything_leaves_the_pool_to_cover():
    picked = uherding(ask(np.tile([[1.0, 0.0]], (20, 1))))
    assert len(set(picked.indices.tolist())) == 10
    assert picked.scores.max() > 0


def test_picks_of_real_scenes_are_more_doubtful_than_the_pool():
    query = scene_query(10)
    everything = doubt(query.probabilities, exclusive=False)
    assert everything[margin(query).indices].min() > np.median(everything)
    assert everything[uherding(query).indices].mean() > everything.mean()


# Reasons


def reason_for(probabilities, strategy="uherding"):
    query = Query(
        np.array([[1.0, 0.0]], np.float32),
        np.array([probabilities], np.float32),
        np.array([[1.0, 0.0], [0.0, 1.0]], np.float32),
        1,
        exclusive=False,
    )
    return pick_batch(query, strategy, ["id"], NAMES[: len(probabilities)], 0)[0].reason


@pytest.mark.parametrize(
    "probabilities, expected",
    [
        ([0.52, 0.1, 0.99], "unsure whether 'dent' is there (52 %)"),
        ([0.3, 0.9, 0.02], "unsure whether 'dent' is there (30 %)"),
        ([0.6, 0.55, 0.02], "unsure whether 'rust' (55 %) and 'dent' (60 %) are there"),
        (
            [0.6, 0.55, 0.3, 0.7],
            "unsure whether 'rust' (55 %) and 'dent' (60 %) are there, and of 2 more",
        ),
        ([0.9, 0.1, 0.02], "probably dent (90 %), and stands for others like it"),
        (
            [0.9, 0.97, 0.02],
            "probably rust (97 %) + dent (90 %), and stands for others like it",
        ),
        (
            [0.05, 0.11, 0.02],
            "probably none of the classes (at most 11 % for any), and stands for others like it",
        ),
    ],
)
def test_a_reason_says_what_the_model_does_not_know(probabilities, expected):
    assert reason_for(probabilities) == expected


def test_margin_does_not_claim_to_look_for_images_that_stand_for_others():
    assert reason_for([0.9, 0.1], strategy="margin") == "probably dent (90 %)"


def test_the_sum_of_many_classes_says_nothing():
    query = scene_query()
    picks = pick_batch(query, "uherding", [str(row) for row in range(100)], CLASSES)
    chosen = [pick for pick in picks if pick.strategy == "uherding"]
    for pick in chosen:
        unsure = doubt(query.probabilities[[int(pick.sample_id)]], exclusive=False)[0] > 0.5
        assert pick.reason.startswith("unsure whether '" if unsure else "probably ")
    assert any("unsure" in pick.reason for pick in chosen)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("size", [1, 4])
def test_every_strategy_picks_and_says_why(strategy, size):
    probabilities = np.random.default_rng(0).random((30, size))
    picks = pick_batch(ask(probabilities), strategy, [str(i) for i in range(30)], NAMES[:size])
    assert len({pick.sample_id for pick in picks}) == 10
    assert all(pick.reason for pick in picks)


# Groups


@given(some_probabilities)
@settings(max_examples=80)
def test_groups_are_the_predicted_sets(probabilities):
    n, size = probabilities.shape
    names = NAMES[:size]
    found = by_prediction(probabilities, names, exclusive=False)
    assert sorted(found.order.tolist()) == list(range(n))
    assert len(set(found.names)) == len(found.names)
    predicted = [
        " + ".join(name for name, there in zip(names, row, strict=True) if there)
        or "none of the classes"
        for row in probabilities >= 0.5
    ]
    for name, rows in zip(found.names, found.groups(), strict=True):
        if name == "sets of few images":
            assert len({predicted[row] for row in rows}) > 1
            assert max(predicted.count(predicted[row]) for row in rows) < 3
        else:
            assert {predicted[row] for row in rows} == {name}
    sizes = [len(rows) for rows in found.groups()]
    if "sets of few images" in found.names:
        assert found.names.index("sets of few images") == len(sizes) - 1
        sizes.pop()
    assert sizes == sorted(sizes, reverse=True)


def test_a_single_rare_set_is_called_by_its_name():
    found = by_prediction(
        np.array([[0.9, 0.1]] * 5 + [[0.9, 0.9]], np.float32), ["cat", "dog"], exclusive=False
    )
    assert found.names == ["cat", "cat + dog"]


def test_rare_sets_share_the_last_group():
    sets = [[0.9, 0.1, 0.1]] * 4 + [[0.1, 0.1, 0.1]] * 5 + [[0.9, 0.9, 0.1], [0.1, 0.9, 0.9]]
    found = by_prediction(np.array(sets, np.float32), ["cat", "dog", "ox"], exclusive=False)
    assert found.names == ["none of the classes", "cat", "sets of few images"]
    assert sorted(found.groups()[2].tolist()) == [9, 10]


def test_the_surest_come_first_and_the_unsure_ones_last():
    chances = np.random.default_rng(0).uniform(0.5, 1, (40, 2))
    found = by_prediction(chances.astype(np.float32), ["cat", "dog"], exclusive=False)
    np.testing.assert_array_equal(found.order, np.argsort(-chances.prod(axis=1)))


def test_with_features_look_alikes_lie_side_by_side():
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=60)
    features = unit(np.eye(3, 8)[kinds] + rng.normal(0, 0.05, (60, 8)))
    sure = rng.uniform(0.85, 0.95, (60, 1)).astype(np.float32)
    chances = np.hstack([sure, 1 - sure])
    found = by_prediction(chances, ["cat", "dog"], features=features, exclusive=False)
    assert found.names == ["cat"]
    assert (np.diff(kinds[found.order]) != 0).sum() == 2
    plain = by_prediction(chances, ["cat", "dog"], exclusive=False)
    assert (np.diff(kinds[plain.order]) != 0).sum() > 10


def test_what_the_model_gets_wrong_in_real_scenes_lies_towards_the_end_of_its_group():
    features, targets = scenes()
    probe = fit_multiprobe(features[:300], targets[:300])
    held = slice(300, 1_000)
    found = by_prediction(probe.predict_proba(features[held], 10), CLASSES, exclusive=False)
    right = ((probe.predict_proba(features[held], 10) >= 0.5) == targets[held]).all(axis=1)
    large = [rows for rows in found.groups()[:-1] if len(rows) >= 10]
    halves = [(right[rows[: len(rows) // 2]], right[rows[len(rows) // 2 :]]) for rows in large]
    first, second = (np.concatenate(half).mean() for half in zip(*halves, strict=True))
    assert first > second + 0.1


@pytest.mark.parametrize("n, size", [(0, 3), (5, 0), (0, 0)])
def test_no_image_and_no_class_are_no_trouble(n, size):
    chances = np.zeros((n, size), dtype=np.float32)
    features = unit(np.ones((n, 4))) if n else np.empty((0, 4), dtype=np.float32)
    for given_ in (None, features):
        found = by_prediction(chances, NAMES[:size], features=given_, exclusive=False)
        assert sorted(found.order.tolist()) == list(range(n))
        assert found.names == (["none of the classes"] if n else [])
