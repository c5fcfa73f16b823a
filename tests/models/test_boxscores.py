"""Average precision, on cases that can be worked out by hand."""

import numpy as np
import pytest

from workbench.models.boxcalibration import BoxCalibration, fit_calibration
from workbench.models.boxscores import average_precision, overlaps, right_boxes
from workbench.models.detector import Detections

ONE, TWO, FAR = (0, 0, 10, 10), (20, 0, 30, 10), (60, 60, 70, 70)


def boxes(*rows):
    """Rows of (corners, class, score)."""
    return Detections(
        np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, 4),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.float64),
    )


def test_overlap_is_intersection_over_union():
    one, other = np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 0, 10, 5], [5, 0, 15, 10], FAR])
    np.testing.assert_allclose(overlaps(one, other), [[0.5, 1 / 3, 0]])


def test_a_true_box_is_found_once_by_the_surest_of_its_class():
    truth = boxes((ONE, 0, 1), (TWO, 1, 1))
    found = boxes((ONE, 0, 0.5), (ONE, 0, 0.9), (TWO, 0, 0.8), ((20, 0, 30, 4), 1, 0.7))
    assert right_boxes(found, truth).tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    "found, expected",
    [
        ([(ONE, 0, 0.9), (TWO, 0, 0.8)], 1.0),
        ([], 0.0),
        ([(ONE, 0, 0.9)], 51 / 101),  # precision 1 up to half of the recall, then nothing
        ([(FAR, 0, 0.9), (ONE, 0, 0.8), (TWO, 0, 0.7)], (51 * 2 / 3 + 50 * 2 / 3) / 101),
        ([(ONE, 0, 0.9), (FAR, 0, 0.8), (TWO, 0, 0.7)], (51 + 50 * 2 / 3) / 101),
        ([(ONE, 0, 0.9), (TWO, 0, 0.8), (FAR, 1, 0.99)], 1.0),  # of a class that is not there
    ],
)
def test_average_precision_as_coco_interpolates_it(found, expected):
    truth = [boxes((ONE, 0, 1), (TWO, 0, 1)), boxes()]
    assert average_precision([boxes(*found), boxes()], truth) == pytest.approx(expected)


def test_classes_count_alike_and_nothing_can_be_found_rightly():
    truth = [boxes((ONE, 0, 1), (TWO, 1, 1))]
    assert average_precision([boxes((ONE, 0, 0.9))], truth) == pytest.approx(0.5)
    assert average_precision([boxes()], [boxes()]) == 1.0
    assert average_precision([boxes((ONE, 0, 0.9))], [boxes()]) == 0.0


def test_confidences_become_the_share_that_is_right():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.05, 0.95, 4_000)
    right = rng.random(4_000) < scores**2  # a detector that is too sure of itself
    found = [boxes((ONE if hit else FAR, 0, s)) for hit, s in zip(right, scores, strict=True)]
    curve = fit_calibration(found, [boxes((ONE, 0, 1))] * len(found))
    told = curve.apply(scores)
    assert (np.diff(told[np.argsort(scores)]) >= 0).all()
    for low in (0.1, 0.3, 0.5, 0.7):
        some = (told > low) & (told < low + 0.2)
        assert told[some].mean() == pytest.approx(right[some].mean(), abs=0.06)
    assert abs(scores.mean() - right.mean()) > 0.1  # there was something to put right


def test_too_few_boxes_or_only_right_ones_leave_scores_as_they_are():
    truth = [boxes((ONE, 0, 1))]
    assert fit_calibration([boxes((ONE, 0, 0.4))], truth) == BoxCalibration()
    assert fit_calibration([boxes((ONE, 0, 0.4))] * 20, truth * 20) == BoxCalibration()
    np.testing.assert_allclose(BoxCalibration().apply(np.array([0.2, 0.9])), [0.2, 0.9])
