"""Intervals that every headline figure carries."""

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


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Estimate:
    """Wilson's score interval of a proportion; sane at 0, at 1 and with few trials.

    Args:
        successes: number of hits, 0 to `trials`.
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
    z = float(norm.ppf(0.5 + confidence / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = (
        z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    )
    low = 0.0 if successes == 0 else max(0.0, float(centre - half))
    high = 1.0 if successes == trials else min(1.0, float(centre + half))
    return Estimate(share, low, high, trials)


def trials_for(half_width: float, share: float, confidence: float = CONFIDENCE) -> int:
    """Labels that a proportion's interval needs to be no wider than asked for.

    Args:
        half_width: half of the interval's width, 0 to 0.5.
        share: the proportion expected; 0.5 is the worst case.
        confidence: level of the interval.

    Returns:
        The smallest n whose Wilson interval is no wider than twice `half_width`.

    Raises:
        ValueError: `half_width` is not within 0 and 0.5.
    """
    if not 0 < half_width <= 0.5:
        raise ValueError(f"half_width must be above 0 and at most 0.5, but got {half_width}")
    low, high = 1, 1 << 22
    while low < high:
        middle = (low + high) // 2
        found = wilson(round(share * middle), middle, confidence)
        if (found.high - found.low) / 2 <= half_width:
            high = middle
        else:
            low = middle + 1
    return low


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    count: int,
    *,
    resamples: int = 1_000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bootstrap over images.

    Args:
        statistic: takes (count,) row indices and gives (m,) figures; NaN where undefined.
        count: number of images.
        resamples: number of resamples.
        confidence: level of the interval.
        seed: of the resampling.

    Returns:
        (m,) lower and (m,) upper ends.

    Source:
        Efron 1979.
    """
    rng = np.random.default_rng(seed)
    draws = np.stack([statistic(rng.integers(count, size=count)) for _ in range(resamples)])
    tail = (1 - confidence) / 2
    with np.errstate(all="ignore"):
        low = np.nanquantile(draws, tail, axis=0)
        high = np.nanquantile(draws, 1 - tail, axis=0)
    return low, high
