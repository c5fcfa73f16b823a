"""The change that labels an image, whatever the task."""

import numpy as np

from workbench.dataset.masks import Painted
from workbench.dataset.types import Status
from workbench.dataset.values import Given, from_plain
from workbench.errors import LabelError
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import KEEP, Draft
from workbench.labels.drawing import Drawing
from workbench.labels.events import Source


def draft_of(
    drawing: Drawing | None, sample_id: str, label: Given, source: Source, classes: ClassList
) -> Draft:
    """A draft that gives an image this label, or all that is drawn, and says that it is labelled.

    Args:
        drawing: makes drafts where images are drawn on; None where they have classes.
        sample_id: the image.
        label: as `LabelStore.commit` takes it.
        source: how it came about.
        classes: the class list.

    Raises:
        LabelError: it is no label of this task, a box is none, or a class is unknown or was removed.
    """
    about = Draft(sample_id, KEEP, Status.LABELLED, source)
    if drawing is not None:
        return drawing.whole(about, label, classes).with_classes(classes)
    if isinstance(label, Painted | np.ndarray):
        raise LabelError(
            "images are labelled with classes here, but got a mask: make a dataset of masks, "
            'workbench.open(name, task="segmentation", …)'
        )
    return Draft(sample_id, classes.value_of(from_plain(label)), Status.LABELLED, source)
