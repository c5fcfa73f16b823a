"""The change that labels an image, whatever the task."""

from workbench.dataset.boxes import Box
from workbench.dataset.types import Status
from workbench.dataset.values import DRAWN, INSTANCES, Given, from_plain
from workbench.errors import LabelError
from workbench.labels.boxdrafts import BoxDraft, all_boxes
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import KEEP, Draft
from workbench.labels.events import Source


def draft_of(task: str, sample_id: str, label: Given, source: Source, classes: ClassList) -> Draft:
    """A draft that gives an image this label, or all of these boxes, and says that it is labelled.

    Args:
        task: what is labelled.
        sample_id: the image.
        label: as `LabelStore.commit` takes it.
        source: how it came about; a person's boxes have no confidence, imported ones keep theirs.
        classes: the class list.

    Raises:
        LabelError: it is no label of this task, a box is none, or a class is unknown or was removed.
    """
    value = from_plain(label)
    if task not in DRAWN:
        return Draft(sample_id, classes.value_of(value), Status.LABELLED, source)
    boxes = [] if isinstance(value, str) else [each for each in value if isinstance(each, Box)]
    if isinstance(value, str) or len(boxes) != len(value):
        raise LabelError(
            f"images are labelled with boxes here, but got {label!r}: give each box its label, x, "
            "y, width and height (shares of the image), or its outline, in a list"
        )
    whole = all_boxes(boxes, certain=source is not Source.IMPORT)
    draft = BoxDraft(
        sample_id, KEEP, Status.LABELLED, source, whole=whole, outlined=task == INSTANCES
    )
    return draft.with_classes(classes)
