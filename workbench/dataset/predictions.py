"""Writing what the current model says into the dataset, in bulk.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import fiftyone as fo
from bson import ObjectId
from pymongo.collection import Collection

from workbench.dataset import fields
from workbench.dataset.boxes import Box
from workbench.dataset.connection import Connection
from workbench.dataset.detections import predicted as as_document
from workbench.dataset.detections import read_boxes
from workbench.dataset.schema import task_of
from workbench.dataset.types import Prediction
from workbench.dataset.values import (
    BOXED,
    INSTANCES,
    Value,
    from_plain,
    label_path,
    names_of,
    write_value,
)

_BATCH = 1_000  # images, and names of classes; far below the 16 MB that a command may have
_POINTS = 8  # of an outline, that take as much of a command as a box
_WRITERS = 2  # the server is at one batch while the next one is put together

_Item = tuple[str, Prediction]


def write_predictions(
    connection: Connection,
    dataset: fo.Dataset,
    predictions: Mapping[str, Prediction],
    model: str,
) -> None:
    """Set `prediction` of each image, as FiftyOne's `set_values` would; an image that is gone stays so.

    Predictions can be computed again, so they are not journaled one by one as labels are.

    Args:
        connection: the database.
        dataset: a prepared dataset.
        predictions: by sample id.
        model: name of the model, kept with each.
    """
    samples = connection.database[dataset._sample_collection_name]
    now = datetime.now(UTC)
    with ThreadPoolExecutor(_WRITERS, "workbench-predictions") as pool:
        for _ in pool.map(
            lambda batch: _write(samples, _documents(batch, model), now),
            _batches(predictions.items()),
        ):
            pass  # asks each for its error
    dataset._reload_docs()


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Cut into batches that are written with one command each."""
    batch: list[_Item] = []
    names = 0
    for item in items:
        batch.append(item)
        names += len(names_of(item[1].label))
        if max(len(batch), names) >= _BATCH:
            yield batch
            batch, names = [], 0
    if batch:
        yield batch


def _write(
    samples: "Collection[dict[str, Any]]", batch: Mapping[str, dict[str, Any]], now: datetime
) -> None:
    """Write a batch as one update, in which each image finds its own document.

    The server plans it once, where one update an image is planned, and noted for a retry, for each.
    It looks constants up by a hash table, and literals are what they are, whatever they begin with.
    """
    ids = [ObjectId(sample_id) for sample_id in batch]
    place = {"$indexOfArray": [{"$literal": ids}, "$_id"]}
    mine = {"$arrayElemAt": [{"$literal": list(batch.values())}, place]}
    samples.update_many(
        {"_id": {"$in": ids}}, [{"$set": {fields.PREDICTION: mine, "last_modified_at": now}}]
    )


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
    rows = [
        row for row in zip(*view.values(["id", label, model]), strict=True) if row[1] is not None
    ]
    if task in BOXED:
        ids = [row[0] for row in rows]
        boxes = read_boxes(dataset, ids, fields.PREDICTION)
        return {row[0]: (found, row[2]) for row, found in zip(rows, boxes, strict=True)}
    return {sample_id: (from_plain(value), by) for sample_id, value, by in rows}


def write_predicted_boxes(
    connection: Connection,
    dataset: fo.Dataset,
    predicted: Mapping[str, Sequence[Box]],
    model: str,
) -> None:
    """Set `prediction` of each image to the boxes that a model predicts, as `write_predictions`.

    Args:
        connection: the database.
        dataset: a prepared dataset of boxes.
        predicted: by sample id; upright ones, or outlines, each with its confidence.
        model: name of the model, kept with each image.
    """
    samples = connection.database[dataset._sample_collection_name]
    now = datetime.now(UTC)
    outlined = task_of(dataset) == INSTANCES
    batch: dict[str, dict[str, Any]] = {}
    count = 0
    for sample_id, boxes in predicted.items():
        batch[sample_id] = as_document(boxes, outlined=outlined, model=model)
        count += sum(1 + sum(map(len, box.outline)) // _POINTS for box in boxes)
        if max(len(batch), count) >= _BATCH:
            _write(samples, batch, now)
            batch, count = {}, 0
    if batch:
        _write(samples, batch, now)
    dataset._reload_docs()


def write_predicted_masks(
    connection: Connection,
    dataset: fo.Dataset,
    predicted: Mapping[str, tuple[str, Sequence[int], Sequence[str]]],
    model: str,
) -> None:
    """Set `prediction` of each image to the mask that a model predicts, as `write_predictions`.

    Args:
        connection: the database.
        dataset: a prepared dataset of masks.
        predicted: by sample id, the mask's file, the numbers in it and the classes that they stand for.
        model: name of the model, kept with each image.
    """
    samples = connection.database[dataset._sample_collection_name]
    now = datetime.now(UTC)
    items = list(predicted.items())
    for start in range(0, len(items), _BATCH):
        batch = {
            sample_id: {
                "_id": ObjectId(),
                "_cls": "Segmentation",
                "tags": [],
                "mask_path": path,
                "numbers": list(numbers),
                "classes": list(classes),
                "model": model,
            }
            for sample_id, (path, numbers, classes) in items[start : start + _BATCH]
        }
        _write(samples, batch, now)
    dataset._reload_docs()


def _documents(batch: Sequence[_Item], model: str) -> dict[str, dict[str, Any]]:
    return {sample_id: _document(prediction, model) for sample_id, prediction in batch}


def _document(prediction: Prediction, model: str) -> dict[str, Any]:
    about = {"confidence": prediction.confidence, "margin": prediction.margin, "model": model}
    return write_value(prediction.label, prediction.scores or None, **about)
