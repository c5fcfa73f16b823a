"""Labels to look at again, in the form of a list to walk through: likely errors, or those sent.

Wiring: what the model has not seen speaks against a label, and so do its neighbours (`quality`);
here their evidence is gathered, put into words, and kept in step with what is settled meanwhile.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from workbench.dataset.table import Table
from workbench.dataset.types import Status
from workbench.dataset.values import Value, same_value, to_plain
from workbench.errors import NotEnoughImagesError, NotEnoughLabelsError
from workbench.labels.events import LabelEvent, Source
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.learning import Learner
from workbench.models.probe import C_AGAINST_NOISE
from workbench.tasks import AnySuspects, Task, suggestion

NEIGHBOURS = 5  # shown beside an image


class Evidence(Protocol):
    """Labels to doubt, by row; `Doubts` and `boxreview.BoxDoubts` are it."""

    @property
    def ids(self) -> Sequence[str]:
        """(n,) sample ids of the images."""

    @property
    def order(self) -> list[int]:
        """Rows of those that are doubted, the most doubtful first."""

    @property
    def ranks(self) -> dict[str, int]:
        """Places in `order`, by sample id."""

    def is_likely(self, row: int) -> bool:
        """Whether it counts as a likely error."""

    def label(self, row: int) -> Value:
        """The label that was judged."""

    def evidence(self, row: int) -> dict[str, Any]:
        """What speaks against it, as a page gets it."""

    def to_pandas(self) -> pd.DataFrame:
        """What is doubted, as `Workbench.suspects` gives it."""


@dataclass(frozen=True)
class Doubts:
    """The labels of a pool, the most doubtful first.

    Attributes:
        task: what was labelled.
        suspects: the evidence, a row a labelled pool image.
        ids: (n,) their sample ids.
        paths: (n,) their files.
        classes: names by index.
        model: what gave the out-of-fold probabilities.
    """

    task: Task
    suspects: AnySuspects
    ids: list[str]
    paths: list[str]
    classes: list[str]
    model: str

    def to_pandas(self) -> pd.DataFrame:
        """A row a label, the most doubtful first: `label`, `suggested`, `score`, `likely`, `reason`."""
        suspects = self.suspects
        rows = [
            (
                self.ids[row],
                self.paths[row],
                to_plain(self.label(row)),
                to_plain(self.suggested(row)),
                float(suspects.score[row]),
                bool(suspects.likely[row]),
                self.task.explain(suspects, row, self.classes),
            )
            for row in self.order
        ]
        columns = ["sample_id", "path", "label", "suggested", "score", "likely", "reason"]
        return pd.DataFrame(rows, columns=columns).set_index("sample_id")

    @cached_property
    def order(self) -> list[int]:
        """Rows of the labels, the most doubtful first."""
        rows: list[int] = self.suspects.order.tolist()
        return rows

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Places of the labels by sample id, 0 the most doubtful."""
        return {self.ids[row]: rank for rank, row in enumerate(self.order)}

    def is_likely(self, row: int) -> bool:
        """Whether a label counts as a likely error."""
        return bool(self.suspects.likely[row])

    def label(self, row: int) -> Value:
        """The label that was judged."""
        return self._value(self.suspects.targets[row])

    def suggested(self, row: int) -> Value:
        """The label that the evidence speaks for."""
        return self._value(self.suspects.suggested[row])

    def _value(self, target: Any) -> Value:
        return self.task.value(target, self.classes)

    def evidence(self, row: int) -> dict[str, Any]:
        """What speaks for another label, as a page gets it."""
        suspects = self.suspects
        scores = suspects.out_of_fold[row]
        return {
            "reason": self.task.explain(suspects, row, self.classes),
            "suggestion": suggestion(self.suggested(row), scores, self.classes, self.model),
            "neighbours": self.neighbours(row),
        }

    def neighbours(self, row: int) -> list[dict[str, Any]]:
        """The most similar labelled images, as a page gets them."""
        suspects = self.suspects
        near = zip(
            suspects.neighbours.indices[row][:NEIGHBOURS].tolist(),
            suspects.neighbours.similarities[row][:NEIGHBOURS].tolist(),
            strict=True,
        )
        return [
            {
                "id": self.ids[other],
                "label": to_plain(self.label(other)),
                "similarity": round(similarity, 3),
            }
            for other, similarity in near
        ]


def find_doubts(learner: Learner, table: Table | None = None) -> Doubts:
    """Judge every label of the pool by a model that has not seen it, and by its neighbours.

    The blind test set is left out: were its labels reviewed where a model disagrees with them, only
    the model's mistakes would be put right, and every figure on it would flatter the model.

    Args:
        learner: the current model.
        table: the dataset; by default as it is now.

    Raises:
        NotEnoughLabelsError: the pool's labels do not tell two classes apart.
    """
    table = table or learner.table()
    rows = table.labelled_pool
    task = learner.task
    task.require_labels(table, rows)
    features = learner.features(table)[rows]
    targets = table.targets[rows]
    probe = task.fit(features, targets, C=C_AGAINST_NOISE)
    out_of_fold = probe.spread(probe.out_of_fold, len(table.classes))
    return Doubts(
        task=task,
        suspects=task.suspects(features, targets, out_of_fold),
        ids=[table.ids[row] for row in rows],
        paths=[table.paths[row] for row in rows],
        classes=table.classes,
        model=f"{learner.key}@{len(rows)}, out of fold",
    )


def still_open(doubts: Evidence, queue: LabelQueue) -> list[int]:
    """Rows of the labels that nobody has looked at again, the most doubtful first."""
    known = queue.look_up([doubts.ids[row] for row in doubts.order])
    return [row for row in doubts.order if not is_settled(known.get(doubts.ids[row]))]


class Review:
    """Likely wrong labels to walk through, in the manner of the labelling queue.

    Args:
        doubts: what was found.
        queue: to look images up in.
        count: how many to walk through; by default those that count as likely errors.
    """

    def __init__(self, doubts: Evidence, queue: LabelQueue, count: int | None = None) -> None:
        self._doubts = doubts
        self._queue = queue
        rows = still_open(doubts, queue)
        likely = sum(doubts.is_likely(row) for row in rows)
        chosen = rows[: likely if count is None else count]
        self._rows = {doubts.ids[row]: row for row in chosen}

    mode = "review"

    def __len__(self) -> int:
        return len(self.items())

    def items(self) -> list[QueueItem]:
        """What is still to be looked at, the most doubtful first."""
        found = self._queue.look_up(list(self._rows))
        return [found[i] for i in self._rows if not is_settled(found.get(i))]

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """What speaks against its label; nothing for an image that is not on the list."""
        row = self._rows.get(item.sample_id)
        return {} if row is None else self._doubts.evidence(row)

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """How a label that is given here comes about."""
        return Source.REVIEWED

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event's image is to be looked at now."""
        return event.sample_id in self._rows and event.source is not Source.REVIEWED


class SentReview:
    """What was sent to review, to walk through in the manner of the labelling queue.

    It is the dataset's `label_status` that says so: what is sent meanwhile is on the list too,
    and a label that is kept or changed, here or elsewhere, leaves it.

    Args:
        doubts: the evidence; None where there is none yet. Test images have none.
        queue: to look images up in.
        count: how many of those there are now to walk through; by default all, and all to come.
    """

    def __init__(
        self, doubts: Evidence | None, queue: LabelQueue, count: int | None = None
    ) -> None:
        self._doubts = doubts
        self._queue = queue
        self._ranks = {} if doubts is None else doubts.ranks
        self._only: set[str] | None = None
        if count is not None:
            self._only = {item.sample_id for item in self.items()[:count]}

    mode = "review"

    def __len__(self) -> int:
        return len(self.items())

    def items(self) -> list[QueueItem]:
        """What is still to be looked at, the most doubtful first, then what nothing is known of."""
        sent = [item for item in self._queue.in_review() if self._is_meant(item.sample_id)]
        return sorted(sent, key=lambda item: self._ranks.get(item.sample_id, len(self._ranks)))

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """What the model and the neighbours say of its label; nothing where they were not asked."""
        rank, doubts = self._ranks.get(item.sample_id), self._doubts
        if doubts is None or rank is None:
            return {}
        row = doubts.order[rank]
        return doubts.evidence(row) if same_value(item.label, doubts.label(row)) else {}

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """How a label that is given here comes about."""
        return Source.REVIEWED

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event's image is to be looked at now."""
        sent = event.applied and event.status_after == Status.IN_REVIEW.value
        return sent and self._is_meant(event.sample_id)

    def _is_meant(self, sample_id: str) -> bool:
        return self._only is None or sample_id in self._only


def start_review(
    what: str, find: Callable[[], Evidence], queue: LabelQueue, count: int | None
) -> Review | SentReview:
    """The labels that a person wants to walk through; `Workbench.label` says which there are.

    Raises:
        ValueError: there is no such review.
        NotEnoughLabelsError: suspects are wanted, and there are too few labels to doubt any.
    """
    if what == "suspects":
        return Review(find(), queue, count)
    if what != "sent":
        raise ValueError(f'cannot review {what!r}: there are review="suspects" and review="sent"')
    doubts = None
    if queue.in_review():  # else there is nothing to gather evidence for
        with suppress(NotEnoughLabelsError, NotEnoughImagesError):
            doubts = find()
    return SentReview(doubts, queue, count)


def is_settled(item: QueueItem | None) -> bool:
    """Whether somebody has looked again, or there is no label left to doubt."""
    if item is None or item.label is None:
        return True
    return item.source == Source.REVIEWED and item.status is not Status.IN_REVIEW
