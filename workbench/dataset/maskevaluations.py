"""The blind test of masks as an evaluation run of FiftyOne, for the App's Model Evaluation panel.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from typing import Any

import fiftyone as fo

from workbench.dataset import fields
from workbench.dataset.evaluations import BLIND_TEST, quiet


def record_mask_evaluation(dataset: fo.Dataset, sample_ids: Sequence[str]) -> Any:
    """Keep how the predicted masks do on some images, as the run `blind_test`.

    FiftyOne counts the pixels of each number in the masks, where two numbers of merged classes are
    two; it has no IoU, but precision, recall and F1 of pixels.

    Args:
        dataset: a prepared dataset of masks, predictions written.
        sample_ids: the images.

    Returns:
        FiftyOne's results; None without an image.
    """
    if not sample_ids:
        return None
    dataset.reload()
    if BLIND_TEST in dataset.list_evaluations():
        dataset.delete_evaluation(BLIND_TEST)
    with quiet():
        return dataset.select(list(sample_ids)).evaluate_segmentations(
            fields.PREDICTION,
            gt_field=fields.GROUND_TRUTH,
            eval_key=BLIND_TEST,
            mask_targets=dict(dataset.default_mask_targets),
            progress=False,
        )
