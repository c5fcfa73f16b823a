"""What a model is judged by: checked once, for all that look at it."""

import numpy as np
import pytest

from workbench.evaluation.cases import Cases


def cases(truth, probabilities, classes="ab"):
    probabilities = np.asarray(probabilities, dtype=np.float32)
    ids = [str(row) for row in range(len(probabilities))]
    return Cases(ids, np.asarray(truth), probabilities, list(classes))


def test_one_class_an_image():
    found = cases([0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    assert found.exclusive
    assert found.predicted.tolist() == [0, 0, 1]
    assert found.wrong.tolist() == [False, True, False]
    assert found.presence.tolist() == [[True, False], [False, True], [False, True]]
    assert found.named(found.predicted) == [("a",), ("a",), ("b",)]


def test_any_number_of_classes():
    truth = np.array([[True, True], [False, False], [True, False]])
    found = cases(truth, [[0.9, 0.5], [0.1, 0.7], [0.8, 0.2]])
    assert not found.exclusive
    assert found.predicted.tolist() == [[True, True], [False, True], [True, False]]
    assert found.wrong.tolist() == [False, True, False]
    assert found.presence is truth
    assert found.named(found.truth) == [("a", "b"), (), ("a",)]


def test_rounding_of_single_precision_is_let_pass():
    assert cases([0], [[1.000001, -0.000001]]).predicted.tolist() == [0]


@pytest.mark.parametrize(
    "truth, probabilities, classes, message",
    [
        ([], np.zeros((0, 2)), "ab", r"here \(0, 2\), but got \(0, 2\)"),
        ([0, 1], np.zeros((2, 2)), "abc", r"here \(2, 3\), but got \(2, 2\)"),
        (np.zeros((2, 0)), np.zeros((2, 0)), "", r"here \(2, 0\)"),
        ([0, 1, 1], np.zeros((2, 2)), "ab", r"truth must be \(2,\) or \(2, 2\), but got \(3,\)"),
        ([[0, 1]], np.zeros((2, 2)), "ab", r"but got \(1, 2\)"),
        ([0, 2], np.zeros((2, 2)), "ab", "within 0 and 1, the list of classes"),
        ([0, -1], np.zeros((2, 2)), "ab", "within 0 and 1, the list of classes"),
        ([0], [[np.nan, 0]], "ab", "within 0 and 1: leave out the rows that no fold"),
        ([0], [[1.5, 0]], "ab", "probabilities must be within 0 and 1"),
        ([0], [[1.0001, 0]], "ab", "probabilities must be within 0 and 1"),
        ([0], [[1, -0.0001]], "ab", "probabilities must be within 0 and 1"),
    ],
)
def test_rows_that_make_no_sense_are_refused(truth, probabilities, classes, message):
    with pytest.raises(ValueError, match=message):
        cases(truth, probabilities, classes)
