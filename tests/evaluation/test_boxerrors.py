"""What goes wrong is sorted into kinds, and told in words."""

import numpy as np
import pytest

from tests.evaluation.boxes import cases, scenes
from workbench.evaluation.boxerrors import BoxErrorKind, find_box_errors, sort_errors

CAT = (0, 0, 10, 10)
SIZE = (100, 100)


def reasons(found, kind, images=1):
    return [error.reason for error in found.ranked(BoxErrorKind(kind), [SIZE] * images)]


def counts(found):
    return found.summary["count"].to_dict()


def only(**kinds):
    return {kind.value: kinds.get(kind.name.lower(), 0) for kind in BoxErrorKind}


@pytest.mark.parametrize(
    ("said", "expected", "gain"),
    [
        ([], only(missed=1), 1.0),
        ([(0, 0, 0.9, *CAT)], only(), 0.0),
        ([(0, 0, 0.9, 0, 0, 10, 4)], only(badly_placed=1), 1.0),
        ([(0, 1, 0.9, *CAT)], only(confused=1), 1.0),
        ([(0, 0, 0.9, *CAT), (0, 0, 0.8, *CAT)], only(duplicate=1), 0.0),
        ([(0, 0, 0.8, *CAT), (0, 0, 0.9, 50, 50, 60, 60)], only(false_alarm=1), 0.5),
        ([(0, 0, 0.9, *CAT), (0, 1, 0.9, 0, 0, 10, 4)], only(false_alarm=1), 0.0),
        # What nobody believes in is no error, and finds nothing.
        ([(0, 0, 0.4, *CAT), (0, 1, 0.3, 50, 50, 60, 60)], only(missed=1), 0.0),
    ],
)
def test_each_kind_and_what_mending_it_brings(said, expected, gain):
    found = find_box_errors(cases([(0, 0, *CAT)], said))
    assert counts(found) == expected
    assert found.summary["gain"].max() == pytest.approx(gain)


def test_every_wrong_box_is_of_one_kind_and_mending_none_does_harm():
    for seed in range(5):
        found = scenes(seed, images=30)
        errors = sort_errors(found, 0.0)
        right = found.found >= 0
        np.testing.assert_array_equal(errors.kind < 0, right)
        covered = np.zeros(len(found.truth), dtype=bool)
        covered[found.found[right]] = True
        half = np.isin(errors.kind, [1, 2])
        covered[errors.target[half]] = True
        np.testing.assert_array_equal(errors.missed, ~covered)
        gains = find_box_errors(found).summary["gain"]
        assert (gains >= -1e-9).all()
        assert gains.sum() > 0.05


def test_of_two_that_are_put_right_the_surer_one_stays():
    """Two boxes beside one cat: mended, the second of them would be a duplicate."""
    said = [(0, 0, 0.9, 0, 0, 10, 4), (0, 0, 0.8, 0, 0, 4, 10)]
    found = find_box_errors(cases([(0, 0, *CAT), (1, 0, *CAT)], [*said, (1, 0, 0.85, *CAT)]))
    assert counts(found) == only(badly_placed=2)
    # Recall 1 at full precision, as if only the surer one had been there.
    before = found.cases.ranking.average_precision()[0, 0]
    assert found.summary.loc["badly placed", "gain"] == pytest.approx(1 - before)


def test_kinds_are_told_in_words_and_ranked():
    truth = [
        (0, 0, 0, 40, 10, 60),
        (0, 0, 70, 70, 90, 90),
        (0, 1, 40, 40, 60, 60),
        (0, 0, 40, 5, 60, 25),
    ]
    said = [
        (0, 0, 0.3, 70, 70, 90, 90),
        (0, 0, 0.8, 40, 40, 60, 60),
        (0, 0, 0.9, 40, 5, 60, 13),
        (0, 1, 0.6, 5, 5, 15, 15),
        (0, 1, 0.7, 80, 5, 95, 15),
    ]
    found = find_box_errors(cases(truth, said))
    assert reasons(found, "missed") == [
        "'cat' missed at the bottom right, seen with 30 % only",
        "'cat' missed at the left edge",
    ]
    assert reasons(found, "confused") == ["'dog' in the middle taken for 'cat' (80 %)"]
    assert reasons(found, "badly placed") == [
        "'cat' at the top badly placed: overlaps the true box by 40 % (90 %)"
    ]
    assert reasons(found, "false alarm") == [
        "says 'dog' at the top right (70 %), where nothing is",
        "says 'dog' at the top left (60 %), where nothing is",
    ]
    missed = found.ranked(BoxErrorKind.MISSED, [SIZE])[0]
    assert (missed.image, missed.said, missed.truth) == (0, -1, 1)
    assert missed.score == pytest.approx(0.04)
    assert found.summary.loc["false alarm", "images"] == 1


def test_no_boxes_at_all():
    found = find_box_errors(cases([], [], 3))
    assert counts(found) == only()
    assert found.summary["gain"].isna().all()
    assert [reasons(found, kind, 3) for kind in BoxErrorKind] == [[]] * 5
    noise = find_box_errors(cases([], [(0, 0, 0.9, *CAT)], 2))
    assert counts(noise) == only(false_alarm=1)
