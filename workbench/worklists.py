"""What a page walks through: the labelling queue, or another list of images in its form."""

from typing import Any, Protocol

from workbench.dataset.types import Status
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
