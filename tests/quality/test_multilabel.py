"""Suspects among scenes of real digits with known errors, and where evidence is missing."""

import numpy as np
import pytest
from cleanlab.multilabel_classification.rank import get_label_quality_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from tests.models.digit_scenes import CLASSES, scenes
from workbench.models.multiprobe import fit_multiprobe
from workbench.models.probe import C_AGAINST_NOISE
from workbench.quality.multilabel import explain, rank_multilabel_suspects
from workbench.quality.neighbours import vote_each

COUNT = 600


def judge(features, targets):
    probe = fit_multiprobe(features, targets, C=C_AGAINST_NOISE)
    out_of_fold = probe.spread(probe.out_of_fold, targets.shape[1])
    return rank_multilabel_suspects(features, targets, out_of_fold)


def flipped(seed, count, rate):
    """(features, truth, targets): scenes, some of their cells wrong."""
    features, truth = scenes()
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(truth), count, replace=False)
    return features[rows], truth[rows], truth[rows] ^ (rng.random((count, 10)) < rate)


@pytest.fixture(scope="module")
def noisy():
    return flipped(0, COUNT, 0.02)


@pytest.fixture(scope="module")
def found(noisy):
    features, _, targets = noisy
    return judge(features, targets)


# Finding errors


def test_known_errors_come_first(noisy, found):
    _, truth, targets = noisy
    wrong = (targets != truth).any(axis=1)
    assert average_precision_score(wrong, found.score) > 3.5 * wrong.mean()
    first = found.order[: wrong.sum() // 2]
    assert wrong[first].mean() > 0.8


def test_joined_evidence_ranks_errors_better_than_cleanlab_and_than_neighbours():
    found_by = []
    for seed in range(4):
        features, truth, targets = flipped(seed, 400, 0.05)
        wrong = (targets != truth).any(axis=1)
        found = judge(features, targets)
        votes = vote_each(found.neighbours, targets)
        model = np.where(np.isfinite(found.out_of_fold), found.out_of_fold, targets)
        lists = [np.flatnonzero(row).tolist() for row in targets]
        scores = (
            found.score,
            -get_label_quality_scores(lists, model.astype(float)),
            np.abs(targets - votes).max(axis=1),
        )
        found_by.append([average_precision_score(wrong, score) for score in scores])
    ours, cleanlab, neighbours = np.mean(found_by, axis=0)
    assert ours > max(cleanlab, neighbours) + 0.005


def test_likely_errors_are_mostly_found_and_what_is_suggested_has_fewer(noisy, found):
    _, truth, targets = noisy
    wrong = targets != truth
    assert found.likely_cells[wrong].mean() > 0.65
    assert wrong[found.likely_cells].mean() > 15 * wrong.mean()
    likely = found.likely
    before, after = (wrong[likely].sum(), (found.suggested != truth)[likely].sum())
    assert found.likely.sum() < 2 * wrong.any(axis=1).sum()
    assert (found.suggested == truth)[wrong].mean() > 0.65
    assert after < 1.5 * before


def test_what_is_suggested_is_the_label_with_its_likely_errors_turned_round(found):
    np.testing.assert_array_equal(found.suggested ^ found.targets, found.likely_cells)
    np.testing.assert_array_equal(found.likely, found.likely_cells.any(axis=1))
    assert (found.doubt[found.likely_cells] > 0.5).mean() > 0.99


def test_the_order_is_that_of_the_scores(found):
    assert sorted(found.order.tolist()) == list(range(COUNT))
    assert (np.diff(found.score[found.order]) <= 0).all()
    assert 0 <= found.score.min() <= found.score.max() <= 1


def test_the_score_adds_doubtful_cells_up():
    features, targets, model = two_groups()
    one, two = model.copy(), model.copy()
    one[0, 1] = two[0, 1] = 0.8
    two[0, 2] = 0.8
    scores = [rank_multilabel_suspects(features, targets, m).score[0] for m in (model, one, two)]
    assert scores[0] < scores[1] < scores[2]


# Where evidence is missing


def test_without_a_model_the_neighbours_decide_alone(noisy):
    features, _, targets = noisy
    nothing = np.full(targets.shape, np.nan, dtype=np.float32)
    found = rank_multilabel_suspects(features, targets, nothing)
    alone = np.abs(targets - vote_each(found.neighbours, targets))
    np.testing.assert_allclose(found.doubt, alone, atol=1e-5)
    np.testing.assert_allclose(found.score, 1 - (1 - alone**2).prod(axis=1), atol=1e-5)
    assert "model" not in explain(found, 0, CLASSES)


def test_neighbours_alone_are_as_sure_as_they_may_be_of_how_many_errors_there_are():
    """Their votes are cautious: taken at their word, they would count a fifth too few."""
    counted, true = 0, 0
    for seed in range(3):
        features, truth, targets = flipped(seed, 400, 0.03)
        nothing = np.full(targets.shape, np.nan, dtype=np.float32)
        counted += rank_multilabel_suspects(features, targets, nothing).likely_cells.sum()
        true += (targets != truth).sum()
    assert counted == pytest.approx(true, rel=0.2)


def test_a_cell_without_a_model_leaves_the_others_as_they_are(noisy, found):
    features, _, targets = noisy
    model = found.out_of_fold.copy()
    model[:50, 3] = np.nan
    partly = rank_multilabel_suspects(features, targets, model)
    changed = partly.doubt != found.doubt
    assert changed[:50, 3].all()
    assert changed.sum() == 50


def unit(vectors):
    vectors = np.asarray(vectors, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def two_groups(size=8, spread=0.3):
    """Two clearly separate groups of other classes, one of which all have; a model that knows."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1], size)
    targets = np.array([[1, 0, 0, 1], [0, 1, 1, 1]], dtype=np.bool_)[kind]
    features = unit(np.eye(2, 6)[kind] + spread * rng.normal(size=(2 * size, 6)))
    return features, targets, np.where(targets, 0.9, 0.1).astype(np.float32)


def test_labels_that_are_all_the_same_are_not_suspected():
    features, _, model = two_groups()
    for value in (True, False):
        targets = np.full((16, 4), value)
        found = rank_multilabel_suspects(features, targets, np.full_like(model, np.nan))
        assert found.score.max() < 0.1
        assert not found.likely.any()
        assert (found.suggested == targets).all()


@pytest.mark.parametrize("value", [True, False])
def test_the_only_label_that_has_or_lacks_a_class_is_ranked_but_not_called_an_error(value):
    features, targets, model = two_groups()
    targets[:, 2] = not value
    targets[3, 2] = value
    model[:, 2] = 0.05 if value else 0.95
    found = rank_multilabel_suspects(features, targets, model)
    assert found.order[0] == 3
    assert not found.likely.any()
    assert (found.suggested[3] == targets[3]).all()
    said = explain(found, 3, list("abcd"))
    assert ("'c' in no other label so far" in said) == value


def test_more_neighbours_than_images_are_all_images():
    features, targets, model = two_groups(size=3)
    found = rank_multilabel_suspects(features, targets, model, k=100)
    assert found.neighbours.indices.shape == (6, 5)
    assert "of 5 nearest labelled images" in explain(found, 0, list("abcd"))


@pytest.mark.parametrize("n", [0, 1])
def test_no_label_and_a_single_one_are_no_error(n):
    features, targets, model = two_groups()
    found = rank_multilabel_suspects(features[:n], targets[:n], np.full_like(model[:n], np.nan))
    assert found.order.tolist() == list(range(n))
    assert not found.likely.any()
    assert n == 0 or explain(found, 0, list("abcd")) == (
        "labelled 'a' and 'd'; 'a' and 'd' in no other label so far"
    )


@given(
    st.integers(1, 20),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.integers(1, 30),
    st.integers(0, 999),
)
@settings(max_examples=60)
def test_whatever_comes_scores_are_probabilities_and_reasons_can_be_given(n, size, share, k, seed):
    rng = np.random.default_rng(seed)
    targets = rng.random((n, size)) < share
    features = unit(rng.normal(size=(n, 4)))[rng.integers(n, size=n)]
    model = rng.choice([0, 1e-9, 0.3, 1, np.nan], (n, size)).astype(np.float32)
    found = rank_multilabel_suspects(features, targets, model, k=k)
    assert np.isfinite(found.score).all()
    assert 0 <= found.score.min() <= found.score.max() <= 1
    for row in range(n):
        assert explain(found, row, list("abcd"[:size])).startswith("labelled ")


# The same image twice


def test_an_image_repeated_with_another_label_makes_the_first_suspect(noisy):
    features, truth, _ = noisy
    sure = int(judge(features, truth).order[-1])
    other = truth[sure].copy()
    other[[3, 8]] ^= True
    found = judge(np.vstack([features, features[sure]]), np.vstack([truth, other]))
    assert COUNT in found.order[:3]
    assert found.likely[COUNT]
    assert (found.suggested[COUNT] == truth[sure]).all()
    assert "the same image is also labelled " in explain(found, sure, CLASSES)
    assert "the same image" not in explain(found, int(found.order[COUNT // 2]), CLASSES)


# Reasons


def reasons_of(label, says):
    """What is said of the first of six look-alikes, whose others are labelled 'cat' and 'dog'."""
    features = unit([[1, 0], [1, 0.1], [1, 0.2], [1, 0.3], [1, 0.4], [1, 0.5]])
    targets = np.array([[label == "cat", label == "dog", 0], *[[1, 1, 0]] * 4, [0, 1, 0]], np.bool_)
    model = np.tile(np.array(says, dtype=np.float32), (6, 1))
    return explain(rank_multilabel_suspects(features, targets, model), 0, ["cat", "dog", "ox"])


def test_a_reason_says_what_each_witness_says():
    assert reasons_of("dog", [0.97, 0.9, 0.1]) == (
        "labelled 'dog'; the model, which has not seen this label, misses 'cat' (97 %); "
        "4 of 5 nearest labelled images have 'cat'"
    )
    assert reasons_of("", [0.97, 0.9, 0.1]) == (
        "labelled none of the classes; the model, which has not seen this label, "
        "misses 'cat' (97 %) and 'dog' (90 %); "
        "4 of 5 nearest labelled images have 'cat' and 5 have 'dog'"
    )


def test_a_class_that_should_not_be_there_is_named():
    said = reasons_of("cat", [0.02, 0.9, 0.1])
    assert "misses 'dog' (90 %) and sees no 'cat' (2 %); " in said


def test_neighbours_that_agree_say_so():
    features, targets, model = two_groups(spread=0.1)
    found = rank_multilabel_suspects(features, targets, model)
    assert explain(found, 0, list("abcd")) == (
        "labelled 'a' and 'd'; the model, which has not seen this label, agrees; "
        "5 of 5 nearest labelled images have the same label"
    )


# What is refused


def test_shapes_and_values_that_cannot_be_are_refused():
    features, targets, model = two_groups()
    with pytest.raises(ValueError, match=r"targets \(n, K\), but got \(3, 6\) and \(16, 4\)"):
        rank_multilabel_suspects(features[:3], targets, model)
    with pytest.raises(ValueError, match=r"out_of_fold must be \(16, 4\) as targets are"):
        rank_multilabel_suspects(features, targets, model[:, :2])
    with pytest.raises(ValueError, match="targets must be of bool, but got int64"):
        rank_multilabel_suspects(features, targets.astype(np.int64), model)
    with pytest.raises(ValueError, match=r"probabilities or NaN, but ranges from -3 to 2\.5"):
        rank_multilabel_suspects(features, targets, np.where(targets, 2.5, -3).astype(np.float32))
    with pytest.raises(ValueError, match="k must be at least 1"):
        rank_multilabel_suspects(features, targets, model, k=0)
