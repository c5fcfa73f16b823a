"""Suspects among real digits with known errors, and at the edges where evidence is missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from tests.models.digit_vectors import digits
from workbench.models.probe import C_AGAINST_NOISE, fit_probe
from workbench.quality.neighbours import disagreement, vote
from workbench.quality.suspects import Suspects, explain, rank_suspects
from workbench.teaching.noise import flip_labels

NAMES = [str(digit) for digit in range(10)]
COUNT = 900


def judge(features, targets):
    probe = fit_probe(features, targets, C=C_AGAINST_NOISE)
    return rank_suspects(features, targets, probe.spread(probe.out_of_fold, 10))


@pytest.fixture(scope="module")
def noisy():
    """(features, truth, targets): 900 digits, 5 % of them with another label."""
    features, truth = digits()
    features, truth = features[:COUNT], truth[:COUNT]
    return features, truth, flip_labels(truth, 0.05, NAMES, np.random.default_rng(1))


@pytest.fixture(scope="module")
def found(noisy):
    features, _, targets = noisy
    return judge(features, targets)


# Finding errors


def test_known_errors_come_first(noisy, found):
    _, truth, targets = noisy
    wrong = targets != truth
    assert average_precision_score(wrong, found.score) > 0.93
    first = found.order[: wrong.sum()]
    assert wrong[first].mean() > 0.85
    assert (found.suggested[first] == truth[first]).mean() > 0.9


def test_the_joined_score_is_better_than_either_evidence_over_many_draws():
    features, truth = digits()
    found_by = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(truth), 250, replace=False)
        targets = flip_labels(truth[rows], 0.1, NAMES, rng)
        found = judge(features[rows], targets)
        model = -found.out_of_fold[range(250), targets]
        votes = disagreement(vote(found.neighbours, targets, 10), targets)
        found_by.append(
            [
                average_precision_score(targets != truth[rows], score)
                for score in (found.score, model, votes)
            ]
        )
    joined, model, votes = np.mean(found_by, axis=0)
    assert joined > max(model, votes) + 0.003


def test_likely_errors_are_about_as_many_as_there_are_and_mostly_right(noisy, found):
    _, truth, targets = noisy
    wrong = targets != truth
    assert found.likely.sum() == pytest.approx(wrong.sum(), rel=0.2)
    assert wrong[found.likely].mean() > 0.85
    assert found.score[found.likely].min() > 0.5


def test_hardly_anything_is_likely_wrong_where_nothing_was_flipped(noisy):
    features, truth, _ = noisy
    assert judge(features, truth).likely.mean() < 0.01


def test_the_order_is_that_of_the_scores(found):
    assert sorted(found.order.tolist()) == list(range(COUNT))
    assert (np.diff(found.score[found.order]) <= 0).all()
    assert 0 <= found.score.min() <= found.score.max() <= 1


def test_what_is_suggested_is_never_the_label(found):
    assert (found.suggested != found.targets).all()


# Where evidence is missing


def test_without_a_model_the_neighbours_decide_alone(noisy):
    features, _, targets = noisy
    nothing = np.full((COUNT, 10), np.nan, dtype=np.float32)
    found = rank_suspects(features, targets, nothing)
    alone = disagreement(vote(found.neighbours, targets, 10), targets)
    np.testing.assert_allclose(found.score, alone, atol=1e-5)


def test_a_row_without_a_model_leaves_the_others_as_they_are(noisy, found):
    features, _, targets = noisy
    model = found.out_of_fold.copy()
    model[:50] = np.nan
    partly = rank_suspects(features, targets, model)
    np.testing.assert_array_equal(partly.score[50:], found.score[50:])
    assert (partly.score[:50] != found.score[:50]).all()


def unit(vectors):
    vectors = np.asarray(vectors, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def two_groups(size=8, spread=0.3):
    """Two clearly separate groups, labelled right, and a model that knows them."""
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1], size)
    features = unit(np.eye(2, 6)[targets] + spread * rng.normal(size=(2 * size, 6)))
    model = np.where(np.eye(2)[targets] == 1, 0.9, 0.1).astype(np.float32)
    return features, targets, model


def test_one_class_only_has_no_suspects():
    features, _, model = two_groups()
    found = rank_suspects(features, np.zeros(16, dtype=np.int64), np.full_like(model, np.nan))
    assert found.score.max() < 1e-3
    assert not found.likely.any()
    assert found.suggested.tolist() == [0] * 16


def test_the_only_label_of_a_class_is_ranked_but_not_called_an_error():
    features, targets, model = two_groups()
    model = np.hstack([model, np.zeros((16, 1), dtype=np.float32)])
    targets[3] = 2
    certain = model.copy()
    certain[3] = [1, 0, 0]
    model[3] = np.nan
    found = rank_suspects(features, targets, model)
    for each in (found, rank_suspects(features, targets, certain)):
        assert each.order[0] == 3
        assert not each.likely[3]
    assert explain(found, 3, ["a", "b", "c"]).startswith(
        "labelled 'c', the only one so far; 5 of 5"
    )


def test_more_neighbours_than_images_are_all_images():
    features, targets, model = two_groups(size=3)
    found = rank_suspects(features, targets, model, k=100)
    assert found.neighbours.indices.shape == (6, 5)
    assert explain(found, 0, ["a", "b"]).endswith("of 5 nearest labelled images say 'b'")


@pytest.mark.parametrize("n", [0, 1])
def test_no_label_and_a_single_one_are_no_error(n):
    features, targets, model = two_groups()
    found = rank_suspects(features[:n], targets[:n], np.full_like(model[:n], np.nan))
    assert found.order.tolist() == list(range(n))
    assert not found.likely.any()
    assert n == 0 or explain(found, 0, ["a", "b"]) == "labelled 'a', the only one so far"


def test_a_class_without_a_label_is_not_suggested():
    features, targets, _ = two_groups()
    found = rank_suspects(features, targets, np.tile(np.eye(3, dtype=np.float32)[2], (16, 1)))
    assert set(found.suggested.tolist()) == {0, 1}


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=25), st.integers(1, 30), st.integers(0, 999)
)
@settings(max_examples=60)
def test_whatever_comes_scores_are_probabilities_and_reasons_can_be_given(targets, k, seed):
    rng = np.random.default_rng(seed)
    targets = np.array(targets, dtype=np.int64)
    features = unit(rng.normal(size=(len(targets), 4)))[
        rng.integers(len(targets), size=len(targets))
    ]
    model = rng.dirichlet(np.full(4, 0.1), len(targets)).astype(np.float32)
    model[rng.random(len(targets)) < 0.3] = np.nan
    found = rank_suspects(features, targets, model, k=k)
    assert np.isfinite(found.score).all()
    assert 0 <= found.score.min() <= found.score.max() <= 1 + 1e-9
    several = len(np.unique(targets)) > 1
    assert (found.suggested != targets).all() == several
    for row in range(len(targets)):
        assert explain(found, row, list("abcd")).startswith(f"labelled '{'abcd'[targets[row]]}'")


# The same image twice


def with_twin(features, targets, row, label):
    return judge(np.vstack([features, features[row]]), np.append(targets, label))


def test_a_sure_image_repeated_with_another_label_makes_the_first_suspect(noisy):
    features, truth, _ = noisy
    sure = int(judge(features, truth).order[-1])
    other = (truth[sure] + 1) % 10
    found = with_twin(features, truth, sure, other)
    assert found.order[0] == COUNT
    assert found.likely[COUNT]
    assert not found.likely[sure]
    assert found.suggested[COUNT] == truth[sure]
    assert f"the same image is also labelled '{other}'" in explain(found, sure, NAMES)
    assert "the same image" not in explain(found, int(found.order[-1]), NAMES)


def test_an_unsure_image_repeated_with_another_label_makes_two_suspects(noisy):
    features, truth, _ = noisy
    before = judge(features, truth)
    unsure = int(np.abs(before.out_of_fold[range(COUNT), truth] - 0.6).argmin())
    found = with_twin(features, truth, unsure, before.suggested[unsure])
    first = found.order[: COUNT // 20].tolist()
    assert COUNT in first
    assert unsure in first
    assert found.score[unsure] > before.score[unsure] + 0.1


# Reasons


def test_a_reason_says_what_each_witness_says():
    axes = np.eye(2, dtype=np.float32)
    features = unit(axes[[0, 0, 0, 0, 0, 0, 1, 1]] + np.linspace(0, 0.5, 16).reshape(8, 2))
    targets = np.array([3, 8, 8, 8, 8, 3, 3, 3])
    model = np.full((8, 10), 0.01, dtype=np.float32)
    model[:, 8] = 0.94
    model[6] = np.nan
    found = rank_suspects(features, targets, model)
    assert explain(found, 0, NAMES) == (
        "labelled '3'; the model, which has not seen this label, says '8' (94 %); "
        "4 of 5 nearest labelled images say '8'"
    )
    assert "has not seen this label, agrees (94 %); " in explain(found, 1, NAMES)
    assert "model" not in explain(found, 6, NAMES)
    assert isinstance(found, Suspects)


def test_neighbours_that_agree_say_so():
    features, targets, model = two_groups(spread=0.1)
    found = rank_suspects(features, targets, model)
    assert explain(found, 0, ["a", "b"]).endswith("5 of 5 nearest labelled images say 'a' too")


# What is refused


def test_shapes_and_values_that_cannot_be_are_refused():
    features, targets, model = two_groups()
    with pytest.raises(ValueError, match="one target a row"):
        rank_suspects(features[:3], targets, model)
    with pytest.raises(ValueError, match="one target a row"):
        rank_suspects(features, targets, model[:, 0])
    with pytest.raises(ValueError, match="indices into the 2 classes"):
        rank_suspects(features, targets + 1, model)
    with pytest.raises(ValueError, match=r"probabilities or NaN, but ranges from -3 to 2\.5"):
        rank_suspects(features, targets, np.where(model > 0.5, 2.5, -3).astype(np.float32))
    with pytest.raises(ValueError, match="k must be at least 1"):
        rank_suspects(features, targets, model, k=0)
