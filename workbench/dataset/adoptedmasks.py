"""Masks of a dataset that somebody else made: which classes are in each, by name.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Mapping
from typing import Any

import fiftyone as fo
import fiftyone.core.utils as fou
from pymongo import UpdateOne

from workbench.dataset.fields import GROUND_TRUTH
from workbench.dataset.masks import BACKGROUND, as_numbers, numbers_in, read_mask
from workbench.errors import MaskError

_BATCH = 1_000


def mask_names(dataset: fo.Dataset) -> dict[int, str]:
    """What the numbers in a dataset's masks stand for, as FiftyOne keeps it; without the background."""
    told = dataset.mask_targets.get(GROUND_TRUTH) or dataset.default_mask_targets or {}
    return {int(n): str(name) for n, name in told.items() if str(n).isdigit() and int(n) > 0}


def adopt_masks(dataset: fo.Dataset) -> dict[str, str]:
    """Write down which numbers each mask has, and the classes that they stand for.

    A number without a name becomes a class of its own, called by the number. Masks stay where they
    are, in files or in the database.

    Args:
        dataset: a prepared dataset of masks, as it came.

    Returns:
        What is wrong with masks that cannot be read, by sample id; they stay as they are.
    """
    samples = dataset._sample_collection
    found: dict[Any, list[int]] = {}
    problems: dict[str, str] = {}
    for document in samples.find({GROUND_TRUTH: {"$ne": None}}, {GROUND_TRUTH: 1}):
        try:
            found[document["_id"]] = _numbers(document[GROUND_TRUTH])
        except MaskError as error:
            problems[str(document["_id"])] = str(error)
    names = mask_names(dataset)
    names |= {n: str(n) for each in found.values() for n in each if n not in names}
    dataset.default_classes = list(dict.fromkeys([*dataset.default_classes, *names.values()]))
    dataset.default_mask_targets = names
    dataset.save()
    writes = [
        UpdateOne(
            {"_id": key},
            {
                "$set": {
                    f"{GROUND_TRUTH}.numbers": numbers,
                    f"{GROUND_TRUTH}.classes": [names.get(n, BACKGROUND) for n in numbers],
                }
            },
        )
        for key, numbers in found.items()
    ]
    for start in range(0, len(writes), _BATCH):
        samples.bulk_write(writes[start : start + _BATCH], ordered=False)
    dataset.reload()
    return problems


def _numbers(label: Mapping[str, Any]) -> list[int]:
    if label.get("mask_path"):
        return numbers_in(read_mask(label["mask_path"]))
    if label.get("mask") is not None:
        return numbers_in(as_numbers(fou.deserialize_numpy_array(label["mask"])))
    raise MaskError("the label has no mask, neither in a file nor in the database: clear the field")
