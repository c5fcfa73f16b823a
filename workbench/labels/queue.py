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
from workbench.dataset.boxes import Box
from workbench.dataset.connection import Connection
from workbench.dataset.detections import SIZE, boxes_in
from workbench.dataset.fields import rotated
from workbench.dataset.masks import Painted
from workbench.dataset.schema import task_of
from workbench.dataset.types import FINISHED, Pick, Split, Status
from workbench.dataset.values import (
    CLASSIFICATION,
    DRAWN,
    MULTILABEL,
    Value,
    label_paths,
    read_label,
)
from workbench.errors import WorkbenchError
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
        is_labelled: whether it has a label that counts: not skipped, and of boxes, all of them.
        predicted: in detection, the boxes that a model predicts; none of test images.
        guess: in segmentation, the mask that a model predicts; None for test images.
        model: that model; empty for none.
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
    is_labelled: bool = False
    predicted: tuple[Box, ...] = ()
    guess: Painted | None = None
    model: str = ""


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
        self._task = task_of(dataset)
        self._projection = _PROJECTION | (_OF_BOXES if self._task in DRAWN else _OF_IMAGES)
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after images were queued through this object; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __len__(self) -> int:
        return int(self._samples.count_documents({fields.STATUS: Status.QUEUED.value}))

    def items(self, limit: int | None = None, *, boxes: int | None = None) -> list[QueueItem]:
        """The queue in labelling order: chosen by hand first, then batch by batch.

        Args:
            limit: images, at most.
            boxes: of so many images, from the first one on, boxes are read; by default of all.
        """
        lean = _PROJECTION if self._task in DRAWN else self._projection
        found = self._samples.find({fields.STATUS: Status.QUEUED.value}, lean)
        items = sorted((self._item(document) for document in found), key=_order)[:limit]
        if self._task not in DRAWN:
            return items
        full = self.look_up([item.sample_id for item in items[:boxes]])
        return [full.get(item.sample_id, item) for item in items]

    def in_review(self) -> list[QueueItem]:
        """The images that were sent to review, in the order of import, in the form of the queue."""
        found = self._samples.find({fields.STATUS: Status.IN_REVIEW.value}, self._projection)
        return [self._item(document) for document in found.sort("_id", ASCENDING)]

    def item(self, sample_id: str) -> QueueItem | None:
        """Any image, queued or not, in the form of the queue."""
        found = self._samples.find_one({"_id": ObjectId(sample_id)}, self._projection)
        return self._item(found) if found else None

    def path(self, sample_id: str) -> str:
        """The file of an image.

        Raises:
            WorkbenchError: there is no such image.
        """
        found = self._samples.find_one({"_id": ObjectId(sample_id)}, {"filepath": 1})
        if found is None:
            raise WorkbenchError(f"no image has the id {sample_id!r}")
        return str(found["filepath"])

    def look_up(self, sample_ids: Sequence[str]) -> dict[str, QueueItem]:
        """Images by sample id, queued or not, in the form of the queue; unknown ids are left out."""
        keys = [ObjectId(sample_id) for sample_id in sample_ids]
        found = self._samples.find({"_id": {"$in": keys}}, self._projection)
        return {str(document["_id"]): self._item(document) for document in found}

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

    def _item(self, document: dict[str, Any]) -> QueueItem:
        pick = document.get(fields.PICK) or {}
        label = read_label(document)
        status = Status(document.get(fields.STATUS) or Status.UNLABELLED)
        boxes = self._task in DRAWN
        split = Split(document.get(fields.SPLIT) or Split.POOL)
        hinted = boxes and split is Split.POOL
        guess = read_label(document, fields.PREDICTION) if hinted else None
        return QueueItem(
            sample_id=str(document["_id"]),
            filepath=document["filepath"],
            split=split,
            batch=pick.get("batch") or 0,
            rank=pick.get("rank") or 0,
            strategy=pick.get("strategy") or "",
            reason=pick.get("reason") or "",
            label=label,
            event=document.get(fields.EVENT) or "",
            note=document.get(fields.NOTE) or "",
            status=status,
            source=(document.get(fields.GROUND_TRUTH) or {}).get("source") or "",
            is_labelled=status in FINISHED
            if boxes
            else label is not None and status is not Status.SKIPPED,
            predicted=boxes_in(document, fields.PREDICTION) if hinted else (),
            guess=guess if hinted and isinstance(guess, Painted) else None,
            model=(document.get(fields.PREDICTION) or {}).get("model") or "" if hinted else "",
        )


_PROJECTION = {
    "filepath": 1,
    fields.SPLIT: 1,
    fields.PICK: 1,
    fields.EVENT: 1,
    fields.NOTE: 1,
    fields.STATUS: 1,
}
_OF_IMAGES = {
    **dict.fromkeys(label_paths(fields.GROUND_TRUTH, CLASSIFICATION, MULTILABEL), 1),
    f"{fields.GROUND_TRUTH}.source": 1,
}
_OF_BOXES = {
    **dict.fromkeys((fields.GROUND_TRUTH, rotated(fields.GROUND_TRUTH), fields.PREDICTION), 1),
    **SIZE,
}


def _order(item: QueueItem) -> tuple[bool, int, int]:
    return item.strategy != BY_HAND, item.batch, item.rank
