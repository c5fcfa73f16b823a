"""Pairs of classes that are confused, planted and by chance."""

import numpy as np
import pytest

from workbench.evaluation.confusions import FALSE_DISCOVERIES, confused_pairs

SIZE = 10
EYE = np.eye(SIZE, dtype=np.bool_)


def answers(rng, count=600, wrong=0.1, planted=0.0):
    """Truth and what is said of it; `planted`: share of the 3s that are called 8."""
    truth = rng.integers(SIZE, size=count)
    said = truth.copy()
    mistaken = rng.random(count) < wrong
    said[mistaken] = (truth + rng.integers(1, SIZE, size=count))[mistaken] % SIZE
    said[(truth == 3) & (rng.random(count) < planted)] = 8
    return EYE[truth], EYE[said]


def names(pairs):
    return [(pair.first, pair.second) for pair in pairs]


def test_a_planted_pair_is_found_and_comes_first():
    for seed in range(20):
        truth, said = answers(np.random.default_rng(seed), planted=0.3)
        pairs = confused_pairs(truth, said)
        assert names(pairs)[0] == (3, 8)
        [pair] = [each for each in pairs if (each.first, each.second) == (3, 8)]
        assert (
            pair.count
            == ((truth & ~said)[:, 3] & said[:, 8]).sum()
            + ((truth & ~said)[:, 8] & said[:, 3]).sum()
        )
        assert pair.count > 2 * pair.expected


def test_mistakes_at_random_are_hardly_ever_called_a_pair():
    draws = [confused_pairs(*answers(np.random.default_rng(seed))) for seed in range(200)]
    assert np.mean([len(pairs) > 0 for pairs in draws]) <= FALSE_DISCOVERIES


def test_what_chance_expects_adds_up_to_all_mistakes():
    truth, said = answers(np.random.default_rng(0), count=400, wrong=0.5)
    from workbench.evaluation.confusions import _taken_for_each_other

    counts, expected = _taken_for_each_other(truth, said)
    assert counts.sum() / 2 == (truth != said).any(axis=1).sum()
    assert expected.sum() / 2 == pytest.approx(counts.sum() / 2)


def test_of_two_classes_there_is_no_pair_that_stands_out():
    rng = np.random.default_rng(0)
    truth = np.eye(2, dtype=np.bool_)[rng.integers(2, size=300)]
    assert confused_pairs(truth, np.where(rng.random((300, 1)) < 0.4, ~truth, truth)) == []


def test_a_rare_class_that_takes_everything_is_found_with_each():
    truth = EYE[np.repeat(np.arange(5), 40)]
    said = truth.copy()
    said[::8] = EYE[9]  # which no image has
    assert {second for _, second in names(confused_pairs(truth, said))} == {9}


def test_with_several_classes_an_image_a_pair_is_one_missed_and_one_said_instead():
    rng = np.random.default_rng(0)
    truth = rng.random((800, SIZE)) < 0.2
    said = truth ^ (rng.random((800, SIZE)) < 0.03)
    assert confused_pairs(truth, said) == []
    swapped = truth[:, 2] & ~truth[:, 5] & (rng.random(800) < 0.4)
    said[swapped, 2], said[swapped, 5] = False, True
    assert names(confused_pairs(truth, said))[0] == (2, 5)
    # One that is missed, or said too often, is confused with nothing.
    missing = truth.copy()
    missing[:, 2] = False
    assert confused_pairs(truth, missing) == []


@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_answers_or_none_are_no_pair(count):
    truth, said = answers(np.random.default_rng(1), count=count)
    assert confused_pairs(truth, said) == []
    assert confused_pairs(truth, truth) == []


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="truth and said must be"):
        confused_pairs(EYE, EYE[:3])
