"""How many images have each class, counted by the database."""

from collections.abc import Sequence
from typing import Any

from pymongo.collection import Collection

from workbench.dataset import fields
from workbench.dataset.types import FINISHED, Status
from workbench.dataset.values import DRAWN, label_paths


def count_labels(
    samples: Collection[dict[str, Any]], task: str, classes: Sequence[str]
) -> dict[str, int]:
    """Images by class; those that were skipped, or whose boxes are not all drawn, do not count.

    Args:
        samples: the collection of the dataset's samples.
        task: what is labelled.
        classes: names in their order; any other that is found comes behind them.
    """
    counted = {"$in": list(FINISHED)} if task in DRAWN else {"$ne": Status.SKIPPED.value}
    said = [f"${path}" for path in label_paths(fields.GROUND_TRUTH, task)]
    label: Any = said[0]
    if task in DRAWN:  # once an image, however many boxes of the class it has
        label = {"$setUnion": [{"$ifNull": [each, []]} for each in said]}
    found = samples.aggregate(
        [
            {"$match": {fields.STATUS: counted}},
            {"$project": {"label": label}},
            {"$unwind": "$label"},  # a label of one class is a list of one to MongoDB
            {"$group": {"_id": "$label", "count": {"$sum": 1}}},
        ]
    )
    counts = {row["_id"]: row["count"] for row in found if row["_id"]}
    order = dict.fromkeys([*classes, *sorted(counts)])
    return {name: counts[name] for name in order if name in counts}
