"""The batches picked for labelling, and a record of each round.

Wiring between the learner, the queue and the dataset. Imports FiftyOne by way of them.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.dataset.rounds import record_round
from workbench.dataset.table import Table
from workbench.dataset.types import Pick
from workbench.errors import NotEnoughLabelsError
from workbench.labels.queue import LabelQueue
from workbench.learning import Learner, Rows
from workbench.selection.boxes import Worth
from workbench.selection.regions import RegionWorth
from workbench.selection.strategies import OwnStrategy, find_strategy

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.evaluation.detection import DetectionEvaluation
    from workbench.evaluation.measured import Measured
    from workbench.evaluation.segmentation import SegmentationEvaluation


class Picking:
    """Picks batches into the queue of one dataset.

    Args:
        dataset: a prepared dataset; rounds are recorded in it.
        queue: where the picks go.
        learner: the model that they are picked by.
        worth: what they are picked by where the learner has no model; see `Learner.pick`.
        measure: how good the model in use is, for the record; by default the learner.
    """

    def __init__(
        self,
        dataset: "fo.Dataset",
        queue: LabelQueue,
        learner: Learner,
        worth: Callable[[Table, Rows], Worth | RegionWorth] | None = None,
        measure: Callable[[Table], "Measured | DetectionEvaluation | SegmentationEvaluation"]
        | None = None,
    ) -> None:
        self._worth = worth
        self._measure = measure or (lambda _: learner.evaluate(learner.fit()))
        self._dataset = dataset
        self._queue = queue
        self._learner = learner
        self._rng = np.random.default_rng()

    def seed(self, seed: int) -> None:
        """Make what is picked from here on repeatable."""
        self._rng = np.random.default_rng(seed)

    def pick(self, count: int, strategy: str | OwnStrategy) -> pd.DataFrame:
        """Queue a batch by a strategy; returns it as `to_pandas` shows it.

        Raises:
            ValueError: the strategy is unknown.
            StrategyError: the user's own failed; nothing is queued.
        """
        name = find_strategy(strategy).name  # or it is said before anything is measured
        measured = self._measured()
        figure = None if measured is None or self._worth is None else measured.headline
        picks = self._learner.pick(count, strategy, self._rng, self._worth, figure)
        batch = self._queue.add(picks)
        self._record(name, picks, measured)
        queued = self.to_pandas()
        return queued.loc[queued["batch"] == batch]

    def first_look(self, count: int) -> None:
        """Queue a first batch at random, without waiting for any embedding."""
        picks = self._learner.first_look(count, self._rng)
        if picks:
            self._queue.add(picks)
            self._record("random", picks, self._measured())

    def to_pandas(self) -> pd.DataFrame:
        """The queue, a row an image, by sample id."""
        rows = [
            (item.sample_id, item.filepath, item.batch, item.rank, item.strategy, item.reason)
            for item in self._queue.items()
        ]
        columns = ["sample_id", "filepath", "batch", "rank", "strategy", "reason"]
        return pd.DataFrame(rows, columns=columns).set_index("sample_id")

    def _measured(self) -> "Measured | DetectionEvaluation | SegmentationEvaluation | None":
        """How good the model in use is; a first round has no figure."""
        try:
            return self._measure(self._learner.table())
        except NotEnoughLabelsError:
            return None

    def _record(
        self,
        strategy: str,
        picks: Sequence[Pick],
        measured: "Measured | DetectionEvaluation | SegmentationEvaluation | None",
    ) -> None:
        values: dict[str, Any] = dict.fromkeys(("value", "low", "high", "provisional"))
        values["measure"] = self._learner.task.measure
        table = self._learner.table()
        if measured is not None:
            figure = measured.headline
            values = {
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "provisional": measured.provisional,
                "measure": measured.measure,
            }
        record_round(
            self._dataset,
            backbone=self._learner.key,
            pool_labels=len(table.labelled_pool),
            test_labels=len(table.labelled_test),
            strategy=strategy,
            picked=len(picks),
            **values,
        )
