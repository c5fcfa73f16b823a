"""Deleting what is kept of a dataset's labels outside FiftyOne's own collections."""

from typing import Any

from pymongo.database import Database

from workbench.labels import classlist, guidelines, history, relabelling


def delete_labels(database: Database[dict[str, Any]], dataset_id: str) -> None:
    """Delete the history of a dataset and what belongs to it, with the dataset.

    Args:
        database: the database that FiftyOne keeps its datasets in.
        dataset_id: what its events are kept under.
    """
    for module in (history, relabelling, guidelines):
        database[module.COLLECTION].delete_many({"dataset": dataset_id})
    database[classlist.COLLECTION].delete_one({"_id": dataset_id})
