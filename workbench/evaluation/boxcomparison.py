"""Two sets of predicted boxes for the same images, image by image."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.averageprecision import Floats
from workbench.evaluation.boxcases import BoxCases
from workbench.evaluation.comparison import (
    BOTH_RIGHT,
    BOTH_WRONG,
    BROKEN,
    FIXED,
    Comparison,
    mcnemar,
)
from workbench.evaluation.intervals import CONFIDENCE, Estimate, percentiles

RESAMPLES = 1_000
MANY = 100_000  # boxes from which on a fifth of the resamples have to do


@dataclass(frozen=True, eq=False)
class DetectionComparison(Comparison):
    """What has changed from one evaluation of boxes to another, on the images that both judge.

    An image is right if all its boxes are found at an overlap of .5, and there is no false alarm.

    Attributes:
        images: a row an image, by sample id: `boxes`, `missed_before`, `false_alarms_before`,
            `missed_after`, `false_alarms_after` and `outcome`. The truth is that of the later
            evaluation.
        difference: of COCO's mAP, after less before, with a paired bootstrap: each resample of the
            images is judged by both (Efron and Tibshirani 1993, chapter 10), percentiles as in
            `intervals.bootstrap`.
        difference50: likewise at an overlap of .5 alone.
        p_value: of the exact test of McNemar 1947, two-sided, on right and wrong images.
        relabelled: images in common whose boxes were others in the earlier evaluation.
    """

    difference50: Estimate

    def __str__(self) -> str:
        text = super().__str__().replace(" points", " points of mAP", 1)
        step = self.difference50
        values = [100 * end for end in (step.value, step.low, step.high)]
        return f"{text}; mAP50 {values[0]:+.1f} ({values[1]:+.1f} to {values[2]:+.1f})"


def compare_boxes(
    before: BoxCases, after: BoxCases, threshold: float, seed: int = 0
) -> DetectionComparison:
    """Compare two sets of predicted boxes on the images that both have.

    Args:
        before: the earlier ones.
        after: the later ones, whose truth counts.
        threshold: confidence from which on a box counts for whether an image is right.
        seed: of the bootstrap.

    Raises:
        ValueError: they have no image in common, or are of different classes.
    """
    if list(before.classes) != list(after.classes):
        raise ValueError(
            f"the evaluations are of different classes: {list(before.classes)} and "
            f"{list(after.classes)}; evaluate both models with the classes of today"
        )
    row_of = {sample_id: row for row, sample_id in enumerate(before.ids)}
    common = [row for row, sample_id in enumerate(after.ids) if sample_id in row_of]
    if not common:
        raise ValueError(
            "the evaluations have no image in common: one is provisional, on the pool, or they are "
            "of different datasets"
        )
    now = after.select(common)
    earlier = before.select([row_of[sample_id] for sample_id in now.ids])
    was = BoxCases(now.ids, now.truth, earlier.said, now.classes)
    found, missed, false = now.counts(threshold)
    _, missed_before, false_before = was.counts(threshold)
    ok, ok_before = missed + false == 0, missed_before + false_before == 0
    outcomes = np.select(
        [~ok_before & ok, ok_before & ~ok, ~ok_before & ~ok],
        [FIXED, BROKEN, BOTH_WRONG],
        BOTH_RIGHT,
    )
    table = {
        "boxes": found + missed,
        "missed_before": missed_before,
        "false_alarms_before": false_before,
        "missed_after": missed,
        "false_alarms_after": false,
        "outcome": outcomes,
    }
    steps = _differences(was, now, seed)
    return DetectionComparison(
        images=pd.DataFrame(table, index=pd.Index(now.ids, name="sample_id")),
        difference=steps[0],
        difference50=steps[1],
        p_value=mcnemar(int((~ok_before & ok).sum()), int((ok_before & ~ok).sum())),
        left_out=len(before) + len(after) - 2 * len(common),
        relabelled=_relabelled(earlier, now),
    )


def _differences(was: BoxCases, now: BoxCases, seed: int) -> list[Estimate]:
    """Of mAP and mAP50, with paired intervals."""
    n = len(now)
    boxes = len(was.said) + len(now.said) + len(now.truth)
    resamples = RESAMPLES // 5 if boxes >= MANY else RESAMPLES
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    values = _difference(was, now, np.ones(n))
    steps = np.stack([_difference(was, now, weights) for weights in draws])
    steps = steps[np.isfinite(steps).all(axis=1)]
    if not np.isfinite(values).all() or len(steps) == 0:
        return [Estimate(float("nan"), -1.0, 1.0, n)] * 2
    low, high = percentiles(steps, CONFIDENCE, values)
    return [
        Estimate(float(value), min(float(value), float(a)), max(float(value), float(b)), n)
        for value, a, b in zip(values, low, high, strict=True)
    ]


def _difference(was: BoxCases, now: BoxCases, weights: Floats) -> Floats:
    earlier, later = (x.ranking.average_precision(weights) for x in (was, now))
    defined = np.isfinite(later[0])
    step = (later - earlier)[:, defined]
    return np.array([step.mean(), step[0].mean()]) if step.size else np.full(2, np.nan)


def _relabelled(earlier: BoxCases, now: BoxCases) -> int:
    """Images whose true boxes differ, in place or class."""

    def by_image(cases: BoxCases) -> list[list[tuple[float, ...]]]:
        out: list[list[tuple[float, ...]]] = [[] for _ in cases.ids]
        rows = zip(cases.truth.images, cases.truth.classes, cases.truth.corners, strict=True)
        for image, index, corners in rows:
            out[image].append((float(index), *np.round(corners, 6).tolist()))
        return [sorted(each) for each in out]

    return sum(a != b for a, b in zip(by_image(earlier), by_image(now), strict=True))
