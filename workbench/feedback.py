"""Instant feedback: the model learns in the background while somebody labels.

After every few commits the probe is fitted anew, on a thread of its own; whoever listens gets fresh
suggestions for the queue, the order of what is left of it, and a point of the learning curve.
Wiring; imports FiftyOne by way of the rooms.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from workbench.dataset.fields import NOTE
from workbench.dataset.table import Table
from workbench.dataset.types import Split, Status
from workbench.errors import NotEnoughImagesError, NotEnoughLabelsError
from workbench.labels.events import CLASSES, LabelEvent
from workbench.labels.queue import BY_HAND, LabelQueue, QueueItem
from workbench.labels.store import LabelStore
from workbench.learning import Fit, Learner
from workbench.selection.mixing import reorder
from workbench.selection.uncertainty import doubt

EVERY = 3  # commits to a refit
IDLE = 1.0  # seconds of rest after which fewer will do
FRESH = 25  # refits after which the dataset is read again: other kernels label, too
SCORES = 5  # likeliest classes told of an image
LEAST = 0.005  # probability that is worth telling
WINDOW = 300  # queued images that get suggestions at a time
POINTS = 200  # of the curve that are kept
STAYS = {"random", BY_HAND}  # strategies whose picks keep their places

News = dict[str, Any]


class Feedback:
    """Refits the probe of one dataset while its images are labelled.

    It rests until the first commit, while nobody listens, and while it is switched off.

    Args:
        learner: the model.
        labels: whose commits it follows.
        queue: what suggestions are for.
        curve: points so far, each with `labels`, `accuracy`, `low`, `high`, `provisional`.
    """

    def __init__(
        self,
        learner: Learner,
        labels: LabelStore,
        queue: LabelQueue,
        curve: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._learner = learner
        self._labels = labels
        self._queue = queue
        self._changed = threading.Condition()
        self._pending: list[LabelEvent] = []
        self._listeners: list[Callable[[News], None]] = []
        self._enabled = True
        self._thread: threading.Thread | None = None
        self._table: Table | None = None
        self._refits = 0
        self._curve: list[dict[str, Any]] = [dict(point) for point in curve]
        self._suggestions: dict[str, dict[str, Any]] = {}
        self._order: list[str] = []
        labels.on_event(self._note)
        queue.on_change(self._forget)

    @property
    def enabled(self) -> bool:
        """Whether it works at all: the off switch."""
        return self._enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        with self._changed:
            self._enabled = on
            self._changed.notify_all()

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Points of the learning curve, oldest first."""
        return list(self._curve)

    def suggestion(self, sample_id: str) -> dict[str, Any] | None:
        """What the model says of a queued pool image: `label`, `scores`, `model`; None if nothing."""
        return self._suggestions.get(sample_id) if self._enabled else None

    def in_order(self, items: Sequence[QueueItem]) -> list[QueueItem]:
        """Queued images in the order that was told last; those it does not know stay behind."""
        if not self._enabled:
            return list(items)
        place = {sample_id: position for position, sample_id in enumerate(self._order)}
        return sorted(items, key=lambda item: place.get(item.sample_id, len(place)))

    def on_news(self, listener: Callable[[News], None]) -> Callable[[], None]:
        """Call `listener` with each refit's outcome, on another thread; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # --- what comes in --------------------------------------------------------------------

    def _note(self, event: LabelEvent) -> None:
        if event.field == NOTE:
            return
        if not self._listeners or not event.applied:
            self._forget()
            return
        with self._changed:
            self._pending.append(event)
            if self._thread is None:
                name = "workbench-feedback"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _forget(self) -> None:
        self._table = None  # it is read again at the next refit

    # --- on the thread --------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._pending) and self._wanted())
                self._changed.wait_for(lambda: len(self._pending) >= EVERY, timeout=IDLE)
                events, self._pending = self._pending, []
            try:
                self._refit(events)
            except (NotEnoughLabelsError, NotEnoughImagesError):
                self._tell({"working": ""})  # the next labels may do
            except Exception as error:  # noqa: BLE001 - labelling goes on without it; said, not hidden
                self._forget()
                self._tell({"working": f"no suggestions: {error}"})

    def _wanted(self) -> bool:
        return self._enabled and bool(self._listeners)

    def _refit(self, events: Sequence[LabelEvent]) -> None:
        if self._table is None or self._refits % FRESH == 0:
            table = self._learner.table()
        else:
            table = with_events(self._table, events) or self._learner.table()
        if not self._learner.embedder.vectors_in_background(
            table, self._say_embedding, self._wanted
        ):
            with self._changed:  # the events are in the database, one is enough to come back for
                self._pending.extend(events[-1:])
                self._changed.wait(timeout=IDLE)
            return
        fit = self._learner.fit(table)
        items = self._queue.items(WINDOW)
        self._suggestions = _suggestions(fit, items, f"{self._learner.key}@{len(fit.rows)}")
        self._order = _order(fit, items)
        self._add_point(fit)
        self._table = table
        self._refits += 1
        self._tell(
            {
                "working": "",
                "suggestions": self._suggestions,
                "order": self._order,
                "curve": self._curve,
            }
        )

    def _say_embedding(self, done: int, total: int) -> None:
        self._tell({"working": f"looking at images, {done:,} of {total:,}"})

    def _add_point(self, fit: Fit) -> None:
        evaluation = self._learner.evaluate(fit)
        accuracy = evaluation.accuracy
        point = {
            "labels": len(fit.rows),
            "accuracy": accuracy.value,
            "low": accuracy.low,
            "high": accuracy.high,
            "provisional": evaluation.provisional,
        }
        # A label taken back takes its point back.
        kept = [old for old in self._curve if old["labels"] < point["labels"]]
        self._curve = [*kept, point][-POINTS:]

    def _tell(self, news: News) -> None:
        for listener in list(self._listeners):
            listener({"news": "model", **news})


def with_events(table: Table, events: Sequence[LabelEvent]) -> Table | None:
    """The table after some events, without reading the dataset again.

    Args:
        table: as it was before them.
        events: applied ones, oldest first.

    Returns:
        A new table; None where it has to be read again: the classes changed, or an image is new.
    """
    row_of = {sample_id: row for row, sample_id in enumerate(table.ids)}
    index = {name: position for position, name in enumerate(table.classes)}
    statuses = table.statuses.astype(f"<U{max(len(status) for status in Status)}")
    targets = table.targets.copy()
    for event in events:
        row = row_of.get(event.sample_id)
        known = event.after is None or event.after in table.classes
        if event.field == CLASSES or row is None or not known:
            return None
        statuses[row] = event.status_after
        gone = event.status_after == Status.SKIPPED or event.after is None
        targets[row] = -1 if gone else index[str(event.after)]
    return replace(table, statuses=statuses, targets=targets)


def _pool_rows(fit: Fit, items: Sequence[QueueItem]) -> dict[str, int]:
    """Rows of the queued pool images: test images get no suggestion and no order."""
    wanted = {item.sample_id for item in items if item.split is Split.POOL}
    ids = enumerate(fit.table.ids)
    return {sample_id: row for row, sample_id in ids if sample_id in wanted}


def _suggestions(fit: Fit, items: Sequence[QueueItem], model: str) -> dict[str, dict[str, Any]]:
    rows = _pool_rows(fit, items)
    classes = fit.table.classes
    out = {}
    for sample_id, scores in zip(rows, fit.at(list(rows.values())), strict=True):
        best = np.argsort(-scores)[:SCORES]
        out[sample_id] = {
            "label": classes[int(best[0])],
            "scores": {
                classes[int(i)]: round(float(scores[i]), 4) for i in best if scores[i] > LEAST
            },
            "model": model,
        }
    return out


def _order(fit: Fit, items: Sequence[QueueItem]) -> list[str]:
    """Ids of the queue: the model's own picks by its present doubt, all others where they were."""
    rows = _pool_rows(fit, items)
    doubts = dict(zip(rows, doubt(fit.at(list(rows.values()))).tolist(), strict=True))
    out: list[str] = []
    for _, group in groupby(items, key=lambda item: item.batch):
        batch = list(group)
        fixed = [item.strategy in STAYS or item.sample_id not in rows for item in batch]
        places = reorder(fixed, [doubts.get(item.sample_id, 0.0) for item in batch])
        out.extend(batch[place].sample_id for place in places)
    return out
