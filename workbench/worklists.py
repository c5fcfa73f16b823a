"""What a page walks through: the labelling queue, or another list of images in its form."""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any, Protocol

from workbench.dataset.types import Split, Status
from workbench.feedback import Feedback
from workbench.labels.events import LabelEvent, Source
from workbench.labels.queue import LabelQueue, QueueItem


class Worklist(Protocol):
    """Images to walk through, and what is told of each."""

    @property
    def mode(self) -> str:
        """What the page is for: `queue` or `review`."""

    def items(self) -> list[QueueItem]:
        """What is left, the next one first."""

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """What the page is told of an image beside what it is."""

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """How a label that is given to an image here comes about."""

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event's image is on the list after it."""


Suggest = Callable[[QueueItem], dict[str, Any] | None]
"""The boxes or the mask that a model suggests, as the page gets them; None if there are none."""
READ = 300  # queued images whose boxes are read at a time: a page is told of no more
THRESHOLD = 0.5  # of calibrated confidence: from here on a box is more probably right than not


def predicted_boxes(item: QueueItem) -> dict[str, Any] | None:
    """What is in an image's `prediction`: `boxes`, plain, `model` and `threshold`; or a `mask`.

    The threshold is the confidence from which on boxes are worth showing at first.
    """
    if item.guess is not None and item.guess.names:
        return {"mask": PurePath(item.guess.path).stem, "model": item.model or None}
    if not item.predicted:
        return None
    boxes = [box.to_plain() for box in item.predicted]
    return {"boxes": boxes, "model": item.model or None, "threshold": THRESHOLD}


class BoxQueue:
    """The labelling queue of boxes, in its own order, with the boxes that a model suggests.

    Args:
        queue: the queue.
        suggest: what is suggested for a pool image.
    """

    mode = "queue"

    def __init__(self, queue: LabelQueue, suggest: Suggest = predicted_boxes) -> None:
        self._queue = queue
        self._suggest = suggest

    def items(self) -> list[QueueItem]:
        """What is queued, the next one first; boxes are read of those that a page is told of."""
        return self._queue.items(boxes=READ)

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """The suggestion; none for test images."""
        blind = item.split is Split.TEST
        return {"suggestion": None if blind else self._suggest(item)}

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """Whether suggested boxes were taken as they are."""
        return Source.ACCEPTED if accepted else Source.HUMAN

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event put its image back into the queue, or left it there."""
        return event.applied and event.status_after == Status.QUEUED.value


class QueuedList:
    """The labelling queue, in the order and with the suggestions of the latest model.

    Args:
        queue: the queue.
        feedback: the model that learns meanwhile.
    """

    mode = "queue"

    def __init__(self, queue: LabelQueue, feedback: Feedback) -> None:
        self._queue = queue
        self._feedback = feedback

    def items(self) -> list[QueueItem]:
        """What is queued, the next one first."""
        return self._feedback.in_order(self._queue.items())

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """The suggestion; none for test images."""
        return {"suggestion": self._feedback.suggestion(item.sample_id)}

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """Whether the suggestion was taken as it is."""
        return Source.ACCEPTED if accepted else Source.HUMAN

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event put its image back into the queue."""
        return event.applied and event.status_after == Status.QUEUED.value
