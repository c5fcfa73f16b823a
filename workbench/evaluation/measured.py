"""What all evaluations have: a headline, what it rests on, and a table by class."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from workbench.evaluation.intervals import Estimate

TEST_LABELS_NEEDED = 30  # below, figures are out-of-fold and provisional


@dataclass(frozen=True, kw_only=True)
class Measured(ABC):
    """How good a model is, on the blind test split if it has enough labels.

    Attributes:
        measure: name of the headline figure.
        per_class: a row a class.
        provisional: True where too few test images are labelled, so that the figures come from
            out-of-fold predictions on the pool: images that were picked for being hard, as a rule,
            so that the truth is likely better.
        test_labels: labelled test images.
        pool_labels: labelled pool images.
    """

    measure: ClassVar[str]

    per_class: pd.DataFrame
    provisional: bool
    test_labels: int
    pool_labels: int

    @property
    @abstractmethod
    def headline(self) -> Estimate:
        """The figure that stands for all."""

    def __str__(self) -> str:
        figure = self.headline
        if self.provisional:
            basis = (
                f"provisional: out of fold on {figure.count} pool labels, until "
                f"{TEST_LABELS_NEEDED} test images are labelled ({self.test_labels} so far)"
            )
        else:
            basis = f"blind test, {figure.count} labels; trained on {self.pool_labels}"
        return f"{self.measure} {figure}, {basis}"

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>{self.per_class.to_html(float_format='{:.3f}'.format)}"
