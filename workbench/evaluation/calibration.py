"""Whether probabilities mean what they say."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.evaluation.cases import Cases, Mask
from workbench.evaluation.intervals import CONFIDENCE, Estimate, wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 10  # at most
IN_A_BIN = 20  # decisions on average, at least, where that leaves three bins
RESAMPLES = 1_000
MANY = 5_000  # images from which on a fifth of the resamples have to do
_CHUNK = 2_000_000  # weights that are drawn at a time


@dataclass(frozen=True)
class Reliability:
    """How far predicted probabilities are from how often they come true.

    In classification it is the probability of the predicted class, against how often that is
    right. In multi-label each class of each image is a decision by itself: its probability, against
    how often the class is there.

    Attributes:
        bins: a row a bin of about equally many decisions, from the least probable on: `confidence`
            (mean probability), `share` (that came true) with its Wilson interval `low` and `high`,
            `count` of decisions.
        ece: expected calibration error; 0 is perfect. `expected_calibration_error` says how.
        brier: Brier score, 0 is perfect: squared distance of the probabilities from what is true,
            summed over classes in classification (0 to 2), their mean in multi-label (0 to 1);
            with a percentile bootstrap interval over images.
    """

    bins: pd.DataFrame
    ece: Estimate
    brier: Estimate


def reliability(cases: Cases, seed: int = 0) -> Reliability:
    """Compare probabilities with what came true.

    Args:
        cases: what is to be judged.
        seed: of the bootstrap.

    Source:
        Bins of equal mass: Nguyen and O'Connor 2015, "Posterior calibration and exploratory
        analysis for natural language processing models". Brier 1950, "Verification of forecasts
        expressed in terms of probability".
    """
    said, came = _decisions(cases)
    place = equal_mass(said.ravel())
    squares = (cases.probabilities.astype(np.float64) - cases.presence) ** 2
    squared = squares.sum(axis=1) if cases.exclusive else squares.mean(axis=1)
    draws = np.sort(_resampled(squared[:, None], seed)[:, 0])
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = float(squared.mean())
    return Reliability(
        bins=_bins(said.ravel(), came.ravel(), place),
        ece=expected_calibration_error(said, came, seed),
        brier=Estimate(value, min(value, float(low)), max(value, float(high)), len(cases)),
    )


def expected_calibration_error(said: Floats, came: Mask, seed: int = 0) -> Estimate:
    """Expected calibration error (ECE): mean distance of probability and frequency over bins.

    The plain estimate is too large, for chance moves every bin away from its probability: by .05
    for 300 perfectly calibrated decisions in ten bins. What the bootstrap adds once more is taken
    off (Efron and Tibshirani 1993); three fifths of the bias are left where probabilities are
    perfect, and next to nothing where they are off. Errors that cancel within a bin stay hidden, so
    that the true error is, if anything, larger (Kumar, Liang and Ma 2019, "Verified uncertainty
    calibration").

    Of the interval, the lower end is 0 unless perfect calibration is rejected at the 5 % level (by
    the bootstrap of the centred bins); else it is the basic bootstrap's. The upper end is the
    percentile bootstrap's, which errs on the safe side.

    Args:
        said: (n, m) probabilities, a row an image; images are what is resampled.
        came: (n, m) whether it came true.
        seed: of the bootstrap.

    Source:
        Roelofs et al. 2022, "Mitigating bias in calibration error estimation" (bins of equal mass,
        and what bias they have); Bröcker and Smith 2007, "Increasing the reliability of
        reliability diagrams" (resampling what perfect calibration would give).
    """
    n, m = said.shape
    place = equal_mass(said.ravel()).reshape(n, m)
    gaps = np.zeros((n, int(place.max()) + 1))
    np.add.at(gaps, (np.arange(n)[:, None], place), (came - said) / m)
    mean = gaps.mean(axis=0)
    plain = float(np.abs(mean).sum())
    draws = _resampled(gaps, seed)
    again = np.abs(draws).sum(axis=1)
    by_chance = np.abs(draws - mean).sum(axis=1)
    high = float(np.quantile(again, (1 + CONFIDENCE) / 2))
    value = min(max(0.0, 2 * plain - float(again.mean())), plain)
    rejected = (by_chance >= plain).mean() <= 1 - CONFIDENCE
    least = max(0.0, 2 * plain - high) if rejected else 0.0
    return Estimate(value, min(value, least), max(value, high), n)


def equal_mass(values: Floats) -> Ints:
    """(n,) bin of each value, from 0 on without a gap; about equally many in each, ties in one."""
    wanted = max(1, min(BINS, max(3, len(values) // IN_A_BIN), len(values)))
    inner = np.quantile(values, np.arange(1, wanted) / wanted)
    _, place = np.unique(np.searchsorted(inner, values, side="left"), return_inverse=True)
    return place.astype(np.int64)


def _decisions(cases: Cases) -> tuple[Floats, Mask]:
    """(n, m) probabilities and whether they came true: m is 1, in multi-label K."""
    probabilities = cases.probabilities.astype(np.float64)
    if cases.exclusive:
        return probabilities.max(axis=1)[:, None], ~cases.wrong[:, None]
    return probabilities, cases.presence


def _bins(said: Floats, came: Mask, place: Ints) -> pd.DataFrame:
    counts = np.bincount(place)
    hits = np.bincount(place, weights=came).astype(np.int64)
    ends = [wilson(int(hit), int(count)) for hit, count in zip(hits, counts, strict=True)]
    return pd.DataFrame(
        {
            "confidence": np.bincount(place, weights=said) / counts,
            "share": hits / counts,
            "low": [end.low for end in ends],
            "high": [end.high for end in ends],
            "count": counts,
        },
        index=pd.RangeIndex(len(counts), name="bin"),
    )


def _resampled(values: Floats, seed: int) -> Floats:
    """Means of (n, c) columns over resampled rows: (resamples, c)."""
    n = len(values)
    resamples = RESAMPLES if n < MANY else RESAMPLES // 5
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // n)
    chunks = [min(step, resamples - start) for start in range(0, resamples, step)]
    return np.concatenate(
        [rng.multinomial(n, np.full(n, 1 / n), size=size) @ values / n for size in chunks]
    )
