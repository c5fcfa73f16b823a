"""Intervals that every headline figure carries."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: the point estimate.
        low: lower end of the interval.
        high: upper end of the interval.
        count: number of images behind it.
    """

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


def wilson(successes: float, trials: int, confidence: float = CONFIDENCE) -> Estimate:
    """Wilson's score interval of a proportion; sane at 0, at 1 and with few trials.

    Args:
        successes: number of hits, 0 to `trials`; a fraction where what is no share is taken for one.
        trials: number of tries; with none, the interval is 0 to 1 and the value NaN.
        confidence: level of the interval.

    Raises:
        ValueError: `successes` is not within 0 to `trials`.

    Source:
        Wilson 1927; recommended by Brown, Cai and DasGupta 2001.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be within 0 and trials, but got {successes} of {trials}")
    if trials == 0:
        return Estimate(float("nan"), 0.0, 1.0, 0)
    z = _z(confidence)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = _half_width(share, trials, z)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return Estimate(share, low, high, trials)


def trials_like(measured: Estimate, half_width: float) -> int:
    """Images that a figure of any kind needs for an interval no wider than asked for.

    An interval narrows with the root of the number of images that it comes from.

    Args:
        measured: the figure on the images that there are.
        half_width: half of the interval's width, above 0.

    Raises:
        ValueError: `half_width` is not above 0.
    """
    if not half_width > 0:
        raise ValueError(f"half_width must be above 0, but got {half_width}")
    now = (measured.high - measured.low) / 2
    return math.ceil(measured.count * (now / half_width) ** 2)


def trials_for(half_width: float, share: float, confidence: float = CONFIDENCE) -> int:
    """Labels that a proportion's interval needs to be no wider than asked for.

    Args:
        half_width: half of the interval's width, 0 to 0.5.
        share: the proportion expected; 0.5 is the worst case.
        confidence: level of the interval.

    Returns:
        The smallest n whose Wilson interval, at just that share of hits, is no wider than twice
        `half_width`.

    Raises:
        ValueError: `half_width` is not within 0 and 0.5, or `share` not within 0 and 1.
    """
    if not 0 < half_width <= 0.5:
        raise ValueError(f"half_width must be above 0 and at most 0.5, but got {half_width}")
    if not 0 <= share <= 1:
        raise ValueError(f"share must be within 0 and 1, but got {share}")
    z = _z(confidence)
    low, high = 1, 1
    while _half_width(share, high, z) > half_width:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if _half_width(share, middle, z) <= half_width:
            high = middle
        else:
            low = middle + 1
    return low


def _z(confidence: float) -> float:
    return float(norm.ppf(0.5 + confidence / 2))


def _half_width(share: float, trials: int, z: float) -> float:
    """Half of Wilson's interval; falls with every trial when the share is held."""
    spread = math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return z * spread / (1 + z * z / trials)


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    count: int,
    *,
    resamples: int = 1_000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
    about: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bootstrap over images.

    Args:
        statistic: takes (count,) row indices and gives (m,) figures; NaN where undefined.
        count: number of images.
        resamples: number of resamples.
        confidence: level of the interval.
        seed: of the resampling.
        about: (m,) the figures of all images; where they are given, the percentiles are corrected
            for the bias of figures that rise, or fall, when images are drawn twice.

    Returns:
        (m,) lower and (m,) upper ends.

    Source:
        Efron 1979; the corrected percentiles: Efron 1981, "Nonparametric standard errors and
        confidence intervals".
    """
    rng = np.random.default_rng(seed)
    draws = np.stack([statistic(rng.integers(count, size=count)) for _ in range(resamples)])
    return percentiles(draws, confidence, about)


def percentiles(
    draws: NDArray[np.float64], confidence: float, about: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the bootstrap's intervals: (resamples, m) figures to (m,) and (m,); see `bootstrap`."""
    tail = (1 - confidence) / 2
    low, high = np.full((2, draws.shape[1]), np.nan)
    # A figure that no resample defines stays NaN; NumPy would warn of it.
    defined = np.isfinite(draws).any(axis=0)
    if about is None:
        if defined.any():
            ends = np.nanquantile(draws[:, defined], [tail, 1 - tail], axis=0)
            low[defined], high[defined] = ends
        return low, high
    for column in np.flatnonzero(defined):
        own = draws[np.isfinite(draws[:, column]), column]
        below = (own < about[column]).mean() + (own == about[column]).mean() / 2
        # Within what that many resamples can tell.
        shift = norm.ppf(np.clip(below, 1 / len(own), 1 - 1 / len(own)))
        z = _z(confidence)
        low[column], high[column] = np.quantile(own, norm.cdf([2 * shift - z, 2 * shift + z]))
    return low, high
