"""What all evaluations have: a headline, what it rests on, a table by class, and what goes wrong."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from workbench.evaluation.calibration import Reliability, reliability
from workbench.evaluation.candidates import Properties, candidates
from workbench.evaluation.cases import Cases, Mask
from workbench.evaluation.comparison import Comparison, compare
from workbench.evaluation.curves import PrecisionRecall, precision_recall
from workbench.evaluation.intervals import Estimate
from workbench.evaluation.slices import LEVEL, find_slices

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEST_LABELS_NEEDED = 30  # below, figures are out-of-fold and provisional


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured(ABC):
    """How good a model is, on the blind test split if it has enough labels.

    What takes longer than the figures (reliability, curves, slices) is computed when it is first
    asked for, and kept.

    Attributes:
        measure: name of the headline figure.
        cases: the images that it is measured on, what is true of them, and what is predicted.
        per_class: a row a class.
        provisional: True where too few test images are labelled, so that the figures come from
            out-of-fold predictions on the pool: images that were picked for being hard, as a rule,
            so that the truth is likely better.
        test_labels: labelled test images.
        pool_labels: labelled pool images.
        describe: finds out what else is known of the images, to slice them by.
    """

    measure: ClassVar[str]

    cases: Cases = field(repr=False)
    per_class: pd.DataFrame
    provisional: bool
    test_labels: int
    pool_labels: int
    describe: Callable[[], Properties] | None = field(default=None, repr=False)

    @property
    @abstractmethod
    def headline(self) -> Estimate:
        """The figure that stands for all."""

    @cached_property
    def reliability(self) -> Reliability:
        """Whether probabilities mean what they say: bins, ECE and Brier score."""
        return reliability(self.cases)

    @property
    def ece(self) -> Estimate:
        """Expected calibration error; `calibration.expected_calibration_error` says how."""
        return self.reliability.ece

    @cached_property
    def precision_recall(self) -> PrecisionRecall:
        """Precision against recall of each class, and average precision with intervals."""
        return precision_recall(self.cases)

    def slices(self, level: float = LEVEL, least: int | None = None) -> pd.DataFrame:
        """Kinds of images that the model is worse at than at the rest, the surest finding first.

        Tried are classes; the brightness, sharpness, size and aspect of the images, and every other
        number in the dataset, cut at quantiles; tags and every other word in it; and groups of
        look-alikes of all sizes. In multi-label an image counts as wrong if any of its classes is.
        The image files are looked at when this is first asked for.

        Args:
            level: chance of reporting anything where there is nothing; 1 lists all that was tried.
            least: images in a slice, at least; by default 10, or a hundredth of the images.

        Returns:
            A row a slice, by name, as `evaluation.slices.find_slices` has it: `images`, `errors`,
            `error_rate` with `low` and `high`, `rest`, `difference`, `p_value` (adjusted for all
            that was tried) and `new_errors` (in no slice above). No row where nothing stands out.
        """
        return find_slices(self.cases.wrong, self._candidates(least), level=level)

    def in_slice(self, name: str, least: int | None = None) -> list[str]:
        """Ids of the images in a slice, the wrong ones first, for `bench.dataset.select(...)`.

        Args:
            name: as in `slices(...)`.
            least: as it was given there.

        Raises:
            KeyError: there is no such slice.
        """
        found = self._candidates(least)
        if name not in found:
            raise KeyError(
                f"no slice {name!r}: evaluation.slices(level=1) lists all that are tried"
            )
        wrong = self.cases.wrong
        rows = sorted(found[name].nonzero()[0].tolist(), key=lambda row: not wrong[row])
        return [self.cases.ids[row] for row in rows]

    def compare(self, before: "Measured") -> Comparison:
        """Image by image, what this evaluation gets right or wrong that an earlier one did not.

        Args:
            before: the other evaluation, of the same dataset. Images that only one of them has
                are left out, and counted.

        Raises:
            ValueError: they have no image in common, or are of different tasks.
        """
        return compare(before.cases, self.cases)

    def plot(self) -> "Figure":
        """What is taken for what, whether probabilities hold, and precision against recall."""
        from workbench.evaluation.plots import evaluation_figure

        figure: Figure = evaluation_figure(self)
        return figure

    def _candidates(self, least: int | None) -> dict[str, Mask]:
        if least not in self._tried:
            self._tried[least] = candidates(self.cases, self._properties, least)
        return self._tried[least]

    @cached_property
    def _tried(self) -> dict[int | None, dict[str, Mask]]:
        return {}

    @cached_property
    def _properties(self) -> Properties:
        return self.describe() if self.describe else Properties(names=self.cases.ids)

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
        table = self.per_class.to_html(float_format="{:.3f}".format)
        return f"<p>{self}</p><p>expected calibration error {self.ece}</p>{table}"
