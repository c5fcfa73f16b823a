"""Instant feedback: the model learns in the background while somebody labels.

After every few commits the probe is fitted anew, on a thread of its own; whoever listens gets fresh
suggestions for the queue, the order of what is left of it, and a point of the learning curve.
Wiring; imports FiftyOne by way of the rooms.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from workbench.dataset.fields import GROUND_TRUTH
from workbench.dataset.types import Split
from workbench.errors import NotEnoughImagesError, NotEnoughLabelsError
from workbench.labels.events import CLASSES, LabelEvent
from workbench.labels.queue import BY_HAND, LabelQueue, QueueItem
from workbench.labels.store import LabelStore
from workbench.learning import Fit, Learner
from workbench.selection.mixing import reorder
from workbench.selection.uncertainty import doubt
from workbench.tasks import suggestion

EVERY = 3  # commits to a refit
REST = 0.2  # seconds without a commit after which fewer will do
WINDOW = 300  # queued images that get suggestions at a time
POINTS = 200  # of the curve that are kept
STAYS = {"random", BY_HAND}  # strategies whose picks keep their places

News = dict[str, Any]

_log = logging.getLogger(__name__)


class Feedback:
    """Refits the probe of one dataset while its images are labelled.

    It rests until the first commit, while nobody listens, and while it is switched off; then it has
    no thread either. What to learn from it reads from the dataset each time, so that no label is
    lost between two refits, and those of other kernels come in with the next one.

    Args:
        learner: the model.
        labels: whose commits it follows.
        queue: what suggestions are for.
        curve: points so far, each with `labels`, `value`, `low`, `high`, `provisional`.
    """

    def __init__(
        self,
        learner: Learner,
        labels: LabelStore,
        queue: LabelQueue,
        curve: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._learner = learner
        self._queue = queue
        self._changed = threading.Condition()
        self._listeners: list[Callable[[News], None]] = []
        self._enabled = True
        self._thread: threading.Thread | None = None
        self._began = False  # with the first commit
        self._waiting = 0  # changes since the last refit began
        self._latest = 0.0  # when the last of them came
        self._curve: list[dict[str, Any]] = [dict(point) for point in curve]
        self._suggestions: dict[str, dict[str, Any]] = {}
        self._doubts: dict[str, float] = {}
        # Both live as long as this does: one for a bench.
        labels.on_event(self._note)
        queue.on_change(self._note_queue)

    @property
    def enabled(self) -> bool:
        """Whether it works at all: the off switch."""
        return self._enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        with self._changed:
            self._enabled = on
            self._wake()

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Points of the learning curve, oldest first."""
        return list(self._curve)

    def suggestion(self, sample_id: str) -> dict[str, Any] | None:
        """What the model says of a queued pool image: `label`, `scores`, `model`; None if nothing."""
        return self._suggestions.get(sample_id) if self._enabled else None

    def in_order(self, items: Sequence[QueueItem]) -> list[QueueItem]:
        """Queued images as they are best labelled: batch by batch, the most doubtful first.

        The random arm, what was chosen by hand, test images, and what the model has not judged yet
        keep their places.
        """
        return in_order(items, self._doubts) if self._enabled else list(items)

    def on_news(self, listener: Callable[[News], None]) -> Callable[[], None]:
        """Call `listener` with each refit's outcome, on another thread; returns how to stop.

        What it raises is logged: neither other listeners nor the learning suffer from it.
        """
        with self._changed:
            self._listeners.append(listener)
            self._wake()

        def stop() -> None:
            with self._changed, contextlib.suppress(ValueError):  # stopped before
                self._listeners.remove(listener)

        return stop

    # --- what comes in --------------------------------------------------------------------

    def _note(self, event: LabelEvent) -> None:
        if not event.applied or event.field not in (GROUND_TRUTH, CLASSES):
            return
        with self._changed:
            self._began |= event.field == GROUND_TRUTH
            self._count()

    def _note_queue(self) -> None:
        with self._changed:
            self._count()

    def _count(self) -> None:
        if self._began:
            self._waiting += 1
            self._latest = time.monotonic()
            self._wake()

    def _wake(self) -> None:
        self._changed.notify_all()
        if self._thread is None and self._waiting and self._wanted():
            name = "workbench-feedback"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def _wanted(self) -> bool:
        return self._enabled and bool(self._listeners)

    # --- on the thread --------------------------------------------------------------------

    def _run(self) -> None:
        while self._take():
            try:
                self._refit()
            except Exception as error:  # noqa: BLE001 - labelling goes on without it; said, not hidden
                self._tell({"working": f"no suggestions: {error}"})

    def _take(self) -> bool:
        """Wait until there is enough to learn from; False, and the thread ends, if there is none."""
        with self._changed:
            while self._wanted() and 0 < self._waiting < EVERY:
                rest = self._latest + REST - time.monotonic()
                if rest <= 0:
                    break
                self._changed.wait(rest)
            if not (self._waiting and self._wanted()):
                self._thread = None
                return False
            self._waiting = 0
            return True

    def _refit(self) -> None:
        table = self._learner.live_table()
        try:
            if not (
                self._learner.has_features(table)
                or self._learner.embedder.vectors_in_background(
                    table, self._say_embedding, self._wanted
                )
            ):
                self._give_way()
                return
            fit = self._learner.fit(table)
        except (NotEnoughLabelsError, NotEnoughImagesError):  # the next labels may do
            fit = None
        items = self._queue.items(WINDOW)
        self._judge(fit, items)
        self._add_point(fit, len(table.labelled_pool))
        if self._wanted():
            self._tell(
                {
                    "working": "",
                    "suggestions": self._suggestions,
                    "order": [item.sample_id for item in self.in_order(items)],
                    "curve": self._curve,
                }
            )

    def _give_way(self) -> None:
        """Come back later for what was not embedded now."""
        with self._changed:
            self._waiting += 1
            self._changed.wait(REST)
        if not self._wanted():
            self._tell({"working": ""})

    def _judge(self, fit: Fit | None, items: Sequence[QueueItem]) -> None:
        if fit is None:
            self._suggestions, self._doubts = {}, {}
            return
        rows = _pool_rows(fit, items)
        probabilities = fit.at(list(rows.values()))
        model = f"{self._learner.key}@{len(fit.rows)}"
        task, classes = self._learner.task, fit.table.classes
        said = task.predict(probabilities, classes)
        self._suggestions = {
            sample_id: suggestion(prediction.label, scores, classes, model)
            for sample_id, prediction, scores in zip(rows, said, probabilities, strict=True)
        }
        doubts = doubt(probabilities, exclusive=task.exclusive)
        self._doubts = dict(zip(rows, doubts.tolist(), strict=True))

    def _add_point(self, fit: Fit | None, labels: int) -> None:
        # A label taken back takes its point back.
        curve = [point for point in self._curve if point["labels"] < labels]
        with contextlib.suppress(NotEnoughLabelsError):  # there may be nothing to measure on yet
            if fit is not None:
                figure, provisional = self._learner.figure(fit)
                point = {
                    "labels": labels,
                    "value": figure.value,
                    "low": figure.low,
                    "high": figure.high,
                    "provisional": provisional,
                }
                curve.append(point)
        self._curve = curve[-POINTS:]

    def _say_embedding(self, done: int, total: int) -> None:
        self._tell({"working": f"looking at images, {done:,} of {total:,}"})

    def _tell(self, news: News) -> None:
        for listener in list(self._listeners):
            try:
                listener({"news": "model", **news})
            except Exception:  # noqa: BLE001 - logged; the others are to hear it
                _log.exception("a listener could not take the news of the model")


def in_order(items: Sequence[QueueItem], doubts: Mapping[str, float]) -> list[QueueItem]:
    """Sort the model's own picks by its present doubt, batch by batch, around all others.

    Args:
        items: the queue, batch by batch.
        doubts: of pool images, by sample id; what has none keeps its place.
    """
    out: list[QueueItem] = []
    for _, group in groupby(items, key=lambda item: (item.strategy == BY_HAND, item.batch)):
        batch = list(group)
        fixed = [item.strategy in STAYS or item.sample_id not in doubts for item in batch]
        places = reorder(fixed, [doubts.get(item.sample_id, 0.0) for item in batch])
        out.extend(batch[place] for place in places)
    return out


def _pool_rows(fit: Fit, items: Sequence[QueueItem]) -> dict[str, int]:
    """Rows of the queued pool images: test images get no suggestion and no order."""
    row_of = fit.table.row_of
    pool = (item.sample_id for item in items if item.split is Split.POOL)
    return {sample_id: row_of[sample_id] for sample_id in pool if sample_id in row_of}
