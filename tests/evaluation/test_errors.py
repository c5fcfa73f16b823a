"""Mistakes of a real model on real digits, sorted and put into words."""

import numpy as np
import pytest

from tests.models.digit_scenes import scenes
from tests.models.digit_vectors import digits
from workbench.evaluation.cases import Cases
from workbench.evaluation.errors import SURE, confident_and_wrong, describe, of_confused_pairs
from workbench.models.multiprobe import fit_multiprobe
from workbench.models.probe import fit_probe

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
    return Cases(rows.tolist(), targets[rows], probe.predict_proba(features[rows], 10), NAMES)


def several():
    """400 scenes judged by a model that learned from 300 others."""
    features, targets = scenes()
    probe = fit_multiprobe(features[:LEARNT], targets[:LEARNT])
    rows = np.arange(LEARNT, LEARNT + 400)
    return Cases(rows.tolist(), targets[rows], probe.predict_proba(features[rows], 10), NAMES)


def test_who_is_wrong_and_sure_comes_first(judged):
    truth = judged.truth
    best = judged.probabilities.argmax(axis=1)
    sure = judged.probabilities.max(axis=1)
    cases = confident_and_wrong(judged)
    assert {case.row for case in cases} == set(
        np.flatnonzero((truth != best) & (sure >= SURE)).tolist()
    )
    assert [case.score for case in cases] == sorted((case.score for case in cases), reverse=True)
    place = cases[0].row
    assert cases[0].score == pytest.approx(sure[place])
    assert cases[0].reason == (
        f"says '{best[place]}' ({100 * sure[place]:.0f} %), labelled '{truth[place]}'"
    )


def test_what_is_right_has_no_confidence_in_a_mistake(judged):
    assert (judged.sure_of_mistake[~judged.wrong] == 0).all()
    assert (judged.sure_of_mistake[judged.wrong] > 0).all()


def test_a_pair_that_the_model_was_taught_to_confuse_is_found(judged):
    cases, pairs = of_confused_pairs(judged)
    assert (pairs[0].first, pairs[0].second) == (4, 7)
    own = [case for case in cases if case.group.startswith("'4' and '7': ")]
    assert len(own) == pairs[0].count
    assert own[0].group.endswith(f"{pairs[0].count} times, {pairs[0].expected:.1f} by chance")
    truth, best = judged.truth, judged.probabilities.argmax(axis=1)
    for case in own:
        assert {truth[case.row], best[case.row]} == {4, 7}


def test_with_several_classes_the_surest_mistake_counts():
    judged = several()
    wrong = judged.truth != judged.said
    sure = np.where(judged.said, judged.probabilities, 1 - judged.probabilities)
    cases = confident_and_wrong(judged)
    assert cases
    for case in cases:
        place = case.row
        assert case.score == pytest.approx(sure[place][wrong[place]].max())
        assert case.score >= SURE
    assert len(cases) == ((wrong * sure).max(axis=1) >= SURE).sum()


def test_several_mistakes_in_words():
    truth = np.array([[True, True, False, False], [False] * 4])
    p = np.array([[0.12, 0.9, 0.91, 0.7], [0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    judged = Cases(["a", "b"], truth, p, ["cat", "bird", "dog", "cow"])
    assert describe(judged, 0) == (
        "says that 'dog' is there (91 %), 'cow' is there (70 %) and 'cat' is not (88 %), "
        "labelled 'cat' + 'bird'"
    )
    assert describe(judged, 1) == "agrees, labelled none of the classes"
