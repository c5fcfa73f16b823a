"""Precision against recall of boxes, a curve a class."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.evaluation.boxcases import OVERLAPS, BoxCases


@dataclass(frozen=True)
class BoxCurves:
    """What each class would find, and how much of that would be right, at every threshold.

    Attributes:
        cases: what was predicted.
        per_class: figures of each class, as `DetectionEvaluation` has them.
    """

    cases: BoxCases
    per_class: pd.DataFrame

    @property
    def average_precision(self) -> pd.DataFrame:
        """By class, at an overlap of .5: `average_precision`, `low`, `high`, `support` (boxes)."""
        names = {"ap50": "average_precision", "ap50_low": "low", "ap50_high": "high"}
        return self.per_class[[*names, "support"]].rename(columns=names)

    def curve(self, name: str, overlap: float = 0.5) -> pd.DataFrame:
        """The curve of a class, a row a threshold, the highest first.

        Args:
            name: of the class.
            overlap: from which on a box counts as found: .5, .55, ..., .95.

        Returns:
            `threshold`, and `precision` and `recall` of the boxes from there on; empty for a class
            without a true or a predicted box. COCO's average precision reads the best precision at
            each recall or above, at 101 recalls.

        Raises:
            ValueError: there is no such class, or no such overlap.
        """
        if name not in self.cases.classes:
            raise ValueError(f"unknown class {name!r}: it has to be one of {self.cases.classes}")
        place = int(np.argmin(np.abs(OVERLAPS - overlap)))
        if abs(OVERLAPS[place] - overlap) > 1e-6:
            raise ValueError(f"overlap must be one of .5, .55, ..., .95, but got {overlap}")
        column = list(self.cases.classes).index(name)
        ranking = self.cases.ranking
        own = ranking.classes == column
        there = int((ranking.true_classes == column).sum())
        if not own.any() or there == 0:
            return pd.DataFrame({"threshold": [], "precision": [], "recall": []})
        scores, hits = ranking.scores[own], np.cumsum(ranking.hits[place, own])
        last = np.append(scores[1:] != scores[:-1], True)  # equal scores come in together
        return pd.DataFrame(
            {
                "threshold": scores[last],
                "precision": hits[last] / (np.flatnonzero(last) + 1),
                "recall": hits[last] / there,
            }
        )
