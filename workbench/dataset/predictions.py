"""Writing what the current model says into the dataset, in bulk.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone as fo
from bson import ObjectId
from pymongo import UpdateOne

from workbench.dataset import fields
from workbench.dataset.connection import Connection
from workbench.dataset.types import Prediction
from workbench.dataset.values import Value, from_plain, label_path, write_value

_BATCH = 5_000


def write_predictions(
    connection: Connection,
    dataset: fo.Dataset,
    predictions: Mapping[str, Prediction],
    model: str,
) -> None:
    """Set `prediction` of each image, as FiftyOne would.

    Predictions can be computed again, so they are not journaled one by one as labels are.

    Args:
        connection: the database.
        dataset: a prepared dataset.
        predictions: by sample id.
        model: name of the model, kept with each.
    """
    samples = connection.database[dataset._sample_collection_name]
    items = list(predictions.items())
    for start in range(0, len(items), _BATCH):
        samples.bulk_write(
            [
                UpdateOne(
                    {"_id": ObjectId(sample_id)},
                    {"$set": {fields.PREDICTION: _document(prediction, model)}},
                )
                for sample_id, prediction in items[start : start + _BATCH]
            ],
            ordered=False,
        )
    dataset._reload_docs()


def read_predictions(
    dataset: fo.Dataset, sample_ids: Sequence[str], task: str
) -> dict[str, tuple[Value, str | None]]:
    """What the dataset holds as predictions of some images.

    Args:
        dataset: a prepared dataset.
        sample_ids: the images.
        task: what is labelled.

    Returns:
        By sample id, in the order asked for, the label and the model that predicts it, None where
        that was not written down; an image without a prediction is left out.
    """
    view = dataset.select(list(sample_ids), ordered=True)
    label, model = label_path(fields.PREDICTION, task), f"{fields.PREDICTION}.model"
    rows = zip(*view.values(["id", label, model]), strict=True)
    return {
        sample_id: (from_plain(value), by) for sample_id, value, by in rows if value is not None
    }


def _document(prediction: Prediction, model: str) -> dict[str, Any]:
    about = {"confidence": prediction.confidence, "margin": prediction.margin, "model": model}
    return write_value(prediction.label, prediction.scores or None, **about)
