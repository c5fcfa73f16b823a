"""Two sets of predictions for the same images, image by image."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from workbench.evaluation.cases import Cases
from workbench.evaluation.intervals import CONFIDENCE, Estimate

FIXED, BROKEN, BOTH_WRONG, BOTH_RIGHT = "fixed", "broken", "both wrong", "both right"
OUTCOMES = (FIXED, BROKEN, BOTH_WRONG, BOTH_RIGHT)


@dataclass(frozen=True, eq=False)
class Comparison:
    """What has changed from one evaluation to another, on the images that both judge.

    In multi-label an image is right if all its classes are.

    Attributes:
        images: a row an image, by sample id: `truth`, `before`, `after` (classes, in multi-label
            joined by " + ") and `outcome`: fixed, broken, both wrong or both right. The truth is
            that of the later evaluation.
        difference: share of right images, after less before, with the interval of Bonett and Price
            2012, "Adjusted Wald confidence interval for a difference of binomial proportions based
            on paired data".
        p_value: of the exact test of McNemar 1947, two-sided: whether as many could be fixed and
            broken if both were equally good.
        left_out: images that only one of the two evaluations judges.
        relabelled: images in common whose label was another one in the earlier evaluation.
    """

    images: pd.DataFrame
    difference: Estimate
    p_value: float
    left_out: int
    relabelled: int

    @property
    def counts(self) -> dict[str, int]:
        """Number of images by outcome: fixed, broken, both wrong, both right."""
        found = self.images["outcome"].value_counts()
        return {outcome: int(found.get(outcome, 0)) for outcome in OUTCOMES}

    @property
    def fixed(self) -> list[str]:
        """Ids of the images that were wrong and are right."""
        return self.where(FIXED)

    @property
    def broken(self) -> list[str]:
        """Ids of the images that were right and are wrong."""
        return self.where(BROKEN)

    def where(self, outcome: str) -> list[str]:
        """Ids of the images of an outcome.

        Raises:
            ValueError: there is no such outcome.
        """
        if outcome not in OUTCOMES:
            raise ValueError(f"unknown outcome {outcome!r}: choose one of {', '.join(OUTCOMES)}")
        return self.images.index[self.images["outcome"] == outcome].tolist()

    def to_pandas(self) -> pd.DataFrame:
        """A row an image, as `images`."""
        return self.images

    def __str__(self) -> str:
        step = self.difference
        words = [
            f"{100 * step.value:+.1f} points ({100 * step.low:+.1f} to {100 * step.high:+.1f})",
            f" on {step.count} images: ",
            ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items()),
            f" (McNemar p = {self.p_value:.2g})",
        ]
        if self.left_out:
            words.append(f"; {self.left_out} judged by one of the two only are left out")
        if self.relabelled:
            words.append(f"; {self.relabelled} labelled otherwise since, judged by the new label")
        return "".join(words)

    def _repr_html_(self) -> str:
        changed = self.images[self.images["outcome"].isin([FIXED, BROKEN])]
        return f"<p>{html.escape(str(self))}</p>{changed.to_html(max_rows=20)}"


def compare(before: Cases, after: Cases) -> Comparison:
    """Compare two sets of predictions on the images that both have.

    Args:
        before: the earlier ones.
        after: the later ones, whose truth counts.

    Raises:
        ValueError: they have no image in common, or are of different tasks.
    """
    if before.exclusive != after.exclusive:
        raise ValueError("a classification cannot be compared with a multi-label evaluation")
    row_of = {sample_id: row for row, sample_id in enumerate(before.ids)}
    common = [sample_id for sample_id in after.ids if sample_id in row_of]
    if not common:
        raise ValueError(
            "the evaluations have no image in common: one is provisional, on the pool, or they are "
            "of different datasets"
        )
    old = [row_of[sample_id] for sample_id in common]
    new = np.flatnonzero(np.isin(after.ids, common))
    truth = [frozenset(x) for x in _pick(after, after.truth, new)]
    said = [_pick(before, before.predicted, old), _pick(after, after.predicted, new)]
    was, now = (
        np.array([frozenset(x) == t for x, t in zip(each, truth, strict=True)]) for each in said
    )
    columns = [_pick(after, after.truth, new), *said]
    table = {
        name: [" + ".join(x) or "none of the classes" for x in column]
        for name, column in zip(("truth", "before", "after"), columns, strict=True)
    }
    chosen = np.select(
        [~was & now, was & ~now, ~was & ~now], [FIXED, BROKEN, BOTH_WRONG], BOTH_RIGHT
    )
    fixed, broken = int((~was & now).sum()), int((was & ~now).sum())
    earlier = [frozenset(x) for x in _pick(before, before.truth, old)]
    return Comparison(
        images=pd.DataFrame({**table, "outcome": chosen}, index=pd.Index(common, name="sample_id")),
        difference=paired_difference(fixed, broken, len(common)),
        p_value=mcnemar(fixed, broken),
        left_out=len(before) + len(after) - 2 * len(common),
        relabelled=sum(a != b for a, b in zip(earlier, truth, strict=True)),
    )


def mcnemar(fixed: int, broken: int) -> float:
    """Exact two-sided p-value of McNemar's test; 1 where nothing has changed."""
    if fixed + broken == 0:
        return 1.0
    return float(binomtest(fixed, fixed + broken, 0.5).pvalue)


def paired_difference(fixed: int, broken: int, count: int) -> Estimate:
    """(fixed - broken) / count with the adjusted Wald interval of Bonett and Price 2012.

    It covers well from a dozen images on, and has a width where nothing has changed.
    """
    gained, lost = (fixed + 1) / (count + 2), (broken + 1) / (count + 2)
    z = float(norm.ppf(0.5 + CONFIDENCE / 2))
    half = z * np.sqrt((gained + lost - (gained - lost) ** 2) / (count + 2))
    low, high = gained - lost - half, gained - lost + half
    value = (fixed - broken) / count
    return Estimate(value, max(-1.0, min(value, low)), min(1.0, max(value, high)), count)


def _pick(
    cases: Cases, values: NDArray[np.generic], rows: Sequence[int] | NDArray[np.int64]
) -> list[tuple[str, ...]]:
    return cases.named(values[np.asarray(rows, dtype=np.int64)])  # type: ignore[arg-type]
