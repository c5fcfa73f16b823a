"""The labelling queue: which images come next, and why.

The queue is in the dataset itself (`label_status` is `queued`, `pick` says why), so that it
survives restarts, shows in the App, and is the same for every kernel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fiftyone as fo
from bson import ObjectId
from pymongo import ASCENDING, UpdateOne

from workbench.dataset import fields
from workbench.dataset.connection import Connection
from workbench.dataset.types import Pick, Split, Status
from workbench.dataset.values import Value, label_paths, read_value
from workbench.labels.transactions import DURABLE

BY_HAND = "chosen"  # strategy of an image that a person put into the queue: it comes first


@dataclass(frozen=True, slots=True)
class QueueItem:
    """An image to label.

    Attributes:
        sample_id: the image.
        filepath: where it lies.
        split: pool or test; test images get no suggestion.
        batch: number of the batch it was picked in.
        rank: place in the batch.
        strategy: what picked it.
        reason: why, in words.
        label: the label it has already, if any.
        event: id of its latest event; empty for none.
        source: how it came by its label; empty for none.
        note: what somebody wrote on it.
        status: its `label_status`.
    """

    sample_id: str
    filepath: str
    split: Split
    batch: int
    rank: int
    strategy: str
    reason: str
    label: Value | None
    event: str
    source: str
    note: str
    status: Status


class LabelQueue:
    """The queue of one dataset. Safe to use from any thread.

    Args:
        connection: the database.
        dataset: the FiftyOne dataset, prepared.
    """

    def __init__(self, connection: Connection, dataset: fo.Dataset) -> None:
        database = connection.database
        self._samples = database.get_collection(
            dataset._sample_collection_name, write_concern=DURABLE
        )
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after images were queued through this object; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __len__(self) -> int:
        return int(self._samples.count_documents({fields.STATUS: Status.QUEUED.value}))

    def items(self, limit: int | None = None) -> list[QueueItem]:
        """The queue in labelling order: chosen by hand first, then batch by batch."""
        found = self._samples.find({fields.STATUS: Status.QUEUED.value}, _PROJECTION)
        items = sorted((_item(document) for document in found), key=_order)
        return items if limit is None else items[:limit]

    def in_review(self) -> list[QueueItem]:
        """The images that were sent to review, in the order of import, in the form of the queue."""
        found = self._samples.find({fields.STATUS: Status.IN_REVIEW.value}, _PROJECTION)
        return [_item(document) for document in found.sort("_id", ASCENDING)]

    def item(self, sample_id: str) -> QueueItem | None:
        """Any image, queued or not, in the form of the queue."""
        found = self._samples.find_one({"_id": ObjectId(sample_id)}, _PROJECTION)
        return _item(found) if found else None

    def look_up(self, sample_ids: Sequence[str]) -> dict[str, QueueItem]:
        """Images by sample id, queued or not, in the form of the queue; unknown ids are left out."""
        keys = [ObjectId(sample_id) for sample_id in sample_ids]
        found = self._samples.find({"_id": {"$in": keys}}, _PROJECTION)
        return {str(document["_id"]): _item(document) for document in found}

    def add(self, picks: Sequence[Pick]) -> int:
        """Queue a batch behind what is there.

        Args:
            picks: what to queue; an image that was labelled since it was picked is queued again.

        Returns:
            The number of the batch, counted from 1.
        """
        batch = self.last_batch() + 1
        writes = [
            UpdateOne(
                {"_id": ObjectId(pick.sample_id)},
                {
                    "$set": {
                        fields.STATUS: Status.QUEUED.value,
                        "last_modified_at": datetime.now(UTC),
                        fields.PICK: {
                            "_cls": "DynamicEmbeddedDocument",
                            "batch": batch,
                            "rank": pick.rank,
                            # NaN has no order in a sort and no place in JSON.
                            "score": pick.score if pick.score == pick.score else None,
                            "strategy": pick.strategy,
                            "reason": pick.reason,
                        },
                    }
                },
            )
            for pick in picks
        ]
        if writes:
            self._samples.bulk_write(writes, ordered=False)
            for listener in list(self._listeners):
                listener()
        return batch

    def add_by_hand(self, sample_ids: Sequence[str], reason: str = "chosen by hand") -> int:
        """Queue images that a person chose, before all others.

        Returns:
            How many were not in the queue before.
        """
        ids = [ObjectId(sample_id) for sample_id in sample_ids]
        queued = {"_id": {"$in": ids}, fields.STATUS: Status.QUEUED.value}
        there = int(self._samples.count_documents(queued))
        self.add(
            [Pick(i, rank, float("nan"), BY_HAND, reason) for rank, i in enumerate(sample_ids)]
        )
        return len(ids) - there

    def last_batch(self) -> int:
        """Number of the newest batch, 0 before the first."""
        path = f"{fields.PICK}.batch"
        newest = self._samples.find_one({path: {"$gt": 0}}, {path: 1}, sort=[(path, -1)])
        return int(newest[fields.PICK]["batch"]) if newest else 0


_PROJECTION = {
    "filepath": 1,
    fields.SPLIT: 1,
    fields.PICK: 1,
    **dict.fromkeys(label_paths(fields.GROUND_TRUTH), 1),
    f"{fields.GROUND_TRUTH}.source": 1,
    fields.EVENT: 1,
    fields.NOTE: 1,
    fields.STATUS: 1,
}


def _order(item: QueueItem) -> tuple[bool, int, int]:
    return item.strategy != BY_HAND, item.batch, item.rank


def _item(document: dict[str, Any]) -> QueueItem:
    pick = document.get(fields.PICK) or {}
    return QueueItem(
        sample_id=str(document["_id"]),
        filepath=document["filepath"],
        split=Split(document.get(fields.SPLIT) or Split.POOL),
        batch=pick.get("batch") or 0,
        rank=pick.get("rank") or 0,
        strategy=pick.get("strategy") or "",
        reason=pick.get("reason") or "",
        label=read_value(document.get(fields.GROUND_TRUTH)),
        event=document.get(fields.EVENT) or "",
        note=document.get(fields.NOTE) or "",
        status=Status(document.get(fields.STATUS) or Status.UNLABELLED),
        source=(document.get(fields.GROUND_TRUTH) or {}).get("source") or "",
    )
