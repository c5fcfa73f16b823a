"""Mistakes of a real model on real digits, sorted and put into words."""

import numpy as np
import pytest

from tests.models.digit_scenes import scenes
from tests.models.digit_vectors import digits
from workbench.models.multiprobe import fit_multiprobe
from workbench.models.probe import fit_probe
from workbench.quality.cases import (
    SURE,
    confident_and_wrong,
    describe,
    judge,
    of_confused_pairs,
)

NAMES = [str(digit) for digit in range(10)]
LEARNT = 300


@pytest.fixture(scope="module")
def judged():
    """700 digits judged by a model that learned from 300 others, half of the 4s called 7."""
    features, targets = digits()
    taught = targets[:LEARNT].copy()
    fours = np.flatnonzero(taught == 4)
    taught[fours[::2]] = 7
    probe = fit_probe(features[:LEARNT], taught)
    rows = np.arange(LEARNT, LEARNT + 700)
    return judge(rows, targets[rows], probe.predict_proba(features[rows], 10), exclusive=True)


def several():
    """400 scenes judged by a model that learned from 300 others."""
    features, targets = scenes()
    probe = fit_multiprobe(features[:LEARNT], targets[:LEARNT])
    rows = np.arange(LEARNT, LEARNT + 400)
    return judge(rows, targets[rows], probe.predict_proba(features[rows], 10), exclusive=False)


def test_who_is_wrong_and_sure_comes_first(judged):
    truth = judged.truth.argmax(axis=1)
    best = judged.probabilities.argmax(axis=1)
    sure = judged.probabilities.max(axis=1)
    cases = confident_and_wrong(judged, NAMES)
    assert {case.row - LEARNT for case in cases} == set(
        np.flatnonzero((truth != best) & (sure >= SURE)).tolist()
    )
    assert [case.score for case in cases] == sorted((case.score for case in cases), reverse=True)
    place = cases[0].row - LEARNT
    assert cases[0].score == pytest.approx(sure[place])
    assert cases[0].reason == (
        f"says '{best[place]}' ({100 * sure[place]:.0f} %), labelled '{truth[place]}'"
    )


def test_what_is_right_has_no_confidence_in_a_mistake(judged):
    assert (judged.confidence[~judged.wrong] == 0).all()
    assert (judged.confidence[judged.wrong] > 0).all()


def test_a_pair_that_the_model_was_taught_to_confuse_is_found(judged):
    cases, pairs = of_confused_pairs(judged, NAMES)
    assert (pairs[0].first, pairs[0].second) == (4, 7)
    own = [case for case in cases if case.group.startswith("'4' and '7': ")]
    assert len(own) == pairs[0].count
    assert own[0].group.endswith(f"{pairs[0].count} times, {pairs[0].expected:.1f} by chance")
    truth, best = judged.truth.argmax(axis=1), judged.probabilities.argmax(axis=1)
    for case in own:
        assert {truth[case.row - LEARNT], best[case.row - LEARNT]} == {4, 7}


def test_with_several_classes_the_surest_mistake_counts():
    judged = several()
    wrong = judged.truth != judged.said
    sure = np.where(judged.said, judged.probabilities, 1 - judged.probabilities)
    cases = confident_and_wrong(judged, NAMES)
    assert cases
    for case in cases:
        place = case.row - LEARNT
        assert case.score == pytest.approx(sure[place][wrong[place]].max())
        assert case.score >= SURE
    assert len(cases) == ((wrong * sure).max(axis=1) >= SURE).sum()


def test_several_mistakes_in_words():
    truth = np.array([[True, True, False, False], [False] * 4])
    p = np.array([[0.12, 0.9, 0.91, 0.7], [0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    judged = judge(np.arange(2), truth, p, exclusive=False)
    assert describe(judged, 0, ["cat", "bird", "dog", "cow"]) == (
        "says that 'dog' is there (91 %), 'cow' is there (70 %) and 'cat' is not (88 %), "
        "labelled 'cat' + 'bird'"
    )
    assert (
        describe(judged, 1, ["cat", "bird", "dog", "cow"]) == "agrees, labelled none of the classes"
    )


@pytest.mark.parametrize("exclusive", [True, False])
def test_nothing_known_is_no_case(exclusive):
    targets = np.zeros(0, dtype=np.int64) if exclusive else np.zeros((0, 10), dtype=np.bool_)
    none = np.zeros(0, dtype=np.int64)
    judged = judge(none, targets, np.zeros((0, 10), dtype=np.float32), exclusive=exclusive)
    assert confident_and_wrong(judged, NAMES) == []
    assert of_confused_pairs(judged, NAMES) == ([], [])


def test_what_does_not_fit_is_refused():
    p = np.full((2, 3), 0.3, dtype=np.float32)
    with pytest.raises(ValueError, match="a row an image"):
        judge(np.arange(3), np.zeros(2, dtype=np.int64), p, exclusive=True)
    with pytest.raises(ValueError, match="leave out rows of NaN"):
        judge(np.arange(2), np.zeros(2, dtype=np.int64), p * np.nan, exclusive=True)
