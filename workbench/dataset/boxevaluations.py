"""The blind test of boxes as an evaluation run of FiftyOne, for the App's Model Evaluation panel.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from typing import Any

import fiftyone as fo
from bson import ObjectId

from workbench.dataset import fields
from workbench.dataset.detections import predicted
from workbench.dataset.evaluations import BLIND_TEST, quiet
from workbench.dataset.schema import task_of
from workbench.dataset.values import INSTANCES


def record_box_evaluation(
    dataset: fo.Dataset, sample_ids: Sequence[str], classes: Sequence[str]
) -> Any:
    """Keep how the predicted boxes in the dataset do on some images, as the run `blind_test`.

    FiftyOne marks each box as `tp`, `fp` or `fn` under the run's key; marks are no attributes of a
    box (`detections.MARKS`). Its mAP is COCO's too, but counts 100 boxes of an image, not 100 of each
    class, and leaves turned boxes out. Of outlines it compares the areas as geometry (Shapely), not the
    pixels, and knows no holes.

    Args:
        dataset: a prepared dataset of boxes, predictions written.
        sample_ids: the images.
        classes: names of the classes.

    Returns:
        FiftyOne's results; None without an image.
    """
    if not sample_ids:
        return None
    if BLIND_TEST in dataset.list_evaluations():
        dataset.delete_evaluation(BLIND_TEST)
    # FiftyOne skips images without the field: one where nothing is found has to say so.
    none = predicted((), outlined=task_of(dataset) == INSTANCES)
    keys = [ObjectId(sample_id) for sample_id in sample_ids]
    dataset._sample_collection.update_many(
        {"_id": {"$in": keys}, fields.PREDICTION: None}, {"$set": {fields.PREDICTION: none}}
    )
    with quiet():
        return dataset.select(list(sample_ids)).evaluate_detections(
            fields.PREDICTION,
            gt_field=fields.GROUND_TRUTH,
            eval_key=BLIND_TEST,
            classes=list(classes),
            method="coco",
            compute_mAP=True,
            progress=False,
        )
