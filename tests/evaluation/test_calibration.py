"""Whether probabilities mean what they say, where it is known how far they do."""

import numpy as np
import pytest

from workbench.evaluation.calibration import (
    equal_mass,
    expected_calibration_error,
    reliability,
)
from workbench.evaluation.cases import Cases


def cases(truth, probabilities):
    probabilities = np.asarray(probabilities, dtype=np.float32)
    ids = [str(row) for row in range(len(probabilities))]
    names = [str(column) for column in range(probabilities.shape[1])]
    return Cases(ids, np.asarray(truth), probabilities, names)


def drawn(n, slope, rng):
    """(n, 1) what is said, whether it came true, and the mean error; slope 1 is calibrated."""
    scores = np.abs(rng.normal(1.5, 1.5, size=(n, 1)))
    said, holds = 1 / (1 + np.exp(-scores)), 1 / (1 + np.exp(-slope * scores))
    return said, rng.random((n, 1)) < holds, np.abs(said - holds).mean()


@pytest.mark.parametrize("n", [1, 2, 30, 250, 5_000])
def test_bins_have_equal_mass(n):
    values = np.random.default_rng(0).random(n)
    place = equal_mass(values)
    counts = np.bincount(place)
    assert len(counts) == max(1, min(10, max(3, n // 20), n))
    assert counts.max() - counts.min() <= 1
    means = [values[place == each].max() for each in range(len(counts))]
    assert means == sorted(means)


def test_equal_probabilities_share_a_bin():
    place = equal_mass(np.array([0.2] * 90 + [0.5] * 5 + [1.0] * 205))
    assert [len(set(place[rows])) for rows in (slice(90), slice(90, 95), slice(95, 300))] == [1] * 3
    assert set(place) == set(range(place.max() + 1))


@pytest.mark.parametrize("n", [60, 300])
def test_the_error_of_calibrated_probabilities_may_be_0(n):
    rng = np.random.default_rng(0)
    some = [drawn(n, 1, rng)[:2] for _ in range(60)]
    found = [expected_calibration_error(*each) for each in some]
    assert np.mean([each.low == 0 for each in found]) >= 0.88
    plain = [plain_error(*each) for each in some]
    assert np.mean([each.value for each in found]) < 0.75 * np.mean(plain)


@pytest.mark.parametrize("slope", [0.3, 0.5, 3.0])
@pytest.mark.parametrize("n", [60, 300])
def test_the_interval_covers_the_error_and_the_estimate_is_not_far_off(slope, n):
    rng = np.random.default_rng(1)
    expected = drawn(200_000, slope, rng)[2]
    found = [expected_calibration_error(*drawn(n, slope, rng)[:2]) for _ in range(60)]
    assert np.mean([each.low <= expected <= each.high for each in found]) >= 0.88
    assert np.mean([each.value for each in found]) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("n", [300, 6_000])
def test_what_is_clearly_off_is_not_0(n):
    found = expected_calibration_error(*drawn(n, 0.3, np.random.default_rng(0))[:2])
    assert found.low > 0.05


def plain_error(said, came):
    place = equal_mass(said.ravel())
    gaps = np.bincount(place, weights=(came - said).ravel())
    return np.abs(gaps).sum() / len(said)


def test_images_are_what_is_resampled_not_decisions():
    """Ten decisions an image that come true or not together are no more than one decision."""
    said, came, _ = drawn(200, 0.5, np.random.default_rng(0))
    alone = expected_calibration_error(said, came)
    together = expected_calibration_error(np.tile(said, 10), np.tile(came, 10))
    apart = expected_calibration_error(np.tile(said, (10, 1)), np.tile(came, (10, 1)))
    assert together.count == 200
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert apart.high - apart.low < 0.6 * (alone.high - alone.low)


def test_classification_is_judged_by_the_class_that_is_predicted():
    found = reliability(cases([0, 0, 1], [[0.8, 0.2], [0.6, 0.4], [0.9, 0.1]]))
    assert found.bins["confidence"].tolist() == pytest.approx([0.6, 0.8, 0.9])
    assert found.bins["share"].tolist() == [1, 1, 0]
    assert found.bins["count"].tolist() == [1, 1, 1]
    expected = np.mean([2 * 0.2**2, 2 * 0.4**2, 2 * 0.9**2])
    assert found.brier.value == pytest.approx(expected)
    assert found.brier.low <= found.brier.value <= found.brier.high


def test_several_classes_are_judged_decision_by_decision():
    truth = np.array([[True, False], [True, True]])
    found = reliability(cases(truth, [[0.9, 0.2], [0.6, 0.1]]))
    assert found.bins["count"].sum() == 4
    assert found.brier.value == pytest.approx(np.mean([0.1**2, 0.2**2, 0.4**2, 0.9**2]))
    assert found.ece.count == found.brier.count == 2


def test_a_single_image_is_judged_too():
    found = reliability(cases([0], [[0.7, 0.3]]))
    assert found.ece.value == pytest.approx(0.3)
    assert len(found.bins) == 1


def test_it_repeats_with_its_seed():
    some = cases([0, 1, 0, 0] * 20, [[0.8, 0.2], [0.6, 0.4], [0.9, 0.1], [0.3, 0.7]] * 20)
    assert reliability(some, seed=1).ece == reliability(some, seed=1).ece
    assert reliability(some, seed=1).brier != reliability(some, seed=2).brier
