"""Intervals: within bounds, around the point, as narrow as promised."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.evaluation.intervals import Estimate, bootstrap, trials_for, trials_like, wilson

# successes, trials, low, high: from R's prop.test(correct = FALSE).
KNOWN = [
    (0, 10, 0.0, 0.2775),
    (10, 10, 0.7225, 1.0),
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize("successes, trials, low, high", KNOWN)
def test_wilson_gives_the_published_intervals(successes, trials, low, high):
    found = wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_wilson_stays_within_0_and_1_around_the_point(trials, share, confidence):
    found = wilson(round(share * trials), trials, confidence)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.count == trials


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_treats_hits_and_misses_alike(trials, share):
    hits = round(share * trials)
    one, other = wilson(hits, trials), wilson(trials - hits, trials)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


def test_wilson_without_trials_knows_nothing():
    found = wilson(0, 0)
    assert np.isnan(found.value)
    assert (found.low, found.high, found.count) == (0, 1, 0)


@pytest.mark.parametrize("successes, trials", [(-1, 5), (6, 5), (1, 0), (0, -1)])
def test_wilson_refuses_more_hits_than_tries(successes, trials):
    with pytest.raises(ValueError, match="successes must be within 0 and trials"):
        wilson(successes, trials)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.97, 0.99])
@pytest.mark.parametrize("half_width", [0.2, 0.1, 0.05, 0.02])
def test_trials_for_is_the_smallest_number_that_will_do(half_width, share):
    def width(trials):
        # The formula itself: a whole number of hits is seldom just that share.
        z, n = 1.959964, trials
        return z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)

    needed = trials_for(half_width, share)
    assert width(needed) <= half_width
    assert needed == 1 or width(needed - 1) > half_width


def test_trials_for_agrees_with_wilson():
    needed = trials_for(0.05, 0.8)
    found = wilson(round(0.8 * needed), needed)
    assert (found.high - found.low) / 2 == pytest.approx(0.05, abs=5e-4)


def test_an_interval_narrows_with_the_root_of_the_images():
    measured = Estimate(0.6, 0.45, 0.65, 30)
    assert trials_like(measured, 0.05) == 120
    assert trials_like(measured, 0.1) == 30
    with pytest.raises(ValueError, match="above 0"):
        trials_like(measured, 0.0)


def test_trials_for_finds_large_numbers_too():
    assert trials_for(2e-4, 0.5) == pytest.approx(0.25 * (1.96 / 2e-4) ** 2, rel=1e-3)


@pytest.mark.parametrize("half_width", [0, -0.1, 0.51])
def test_trials_for_refuses_widths_that_make_no_sense(half_width):
    with pytest.raises(ValueError, match=r"half_width must be above 0 and at most 0.5"):
        trials_for(half_width, 0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_trials_for_refuses_shares_outside_0_to_1(share):
    with pytest.raises(ValueError, match="share must be within 0 and 1"):
        trials_for(0.1, share)


def test_bootstrap_of_a_mean_agrees_with_the_normal_interval():
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = bootstrap(lambda rows: np.array([values[rows].mean()]), 400)
    error = 1.96 * values.std() / 20
    assert low[0] == pytest.approx(values.mean() - error, abs=0.03)
    assert high[0] == pytest.approx(values.mean() + error, abs=0.03)


def test_bootstrap_repeats_with_its_seed():
    values = np.random.default_rng(0).normal(size=30)

    def run(seed):
        return bootstrap(lambda rows: np.array([values[rows].mean()]), 30, seed=seed)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_bootstrap_of_a_figure_that_is_never_defined_is_undefined_and_quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = bootstrap(lambda rows: np.array([np.nan, 1.0]), 5, resamples=20)
    np.testing.assert_array_equal(low, [np.nan, 1])
    np.testing.assert_array_equal(high, [np.nan, 1])


def test_an_estimate_reads_as_a_percentage_with_its_range():
    assert str(Estimate(0.873, 0.84, 0.9, 400)) == "87.3 % (84.0 to 90.0)"
