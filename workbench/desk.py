"""What the labelling widget asks of the kernel, in plain dictionaries.

Wiring: it hands the widget's operations to the labels, the queue and the learner. Imports FiftyOne
by way of them.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from workbench.dataset.display import Display
from workbench.dataset.fields import NOTE
from workbench.dataset.rounds import learning_curve
from workbench.dataset.types import FINISHED, Split
from workbench.dataset.values import (
    DRAWN,
    MULTILABEL,
    SEGMENTATION,
    Value,
    in_order,
    names_of,
    to_plain,
)
from workbench.errors import ImageError, LabelError
from workbench.feedback import Feedback
from workbench.labels.events import CLASSES, LabelEvent
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.labels.store import LabelStore
from workbench.learning import Learner
from workbench.magic import Magic
from workbench.operations import Operations
from workbench.worklists import BoxQueue, QueuedList, Suggest, Worklist, predicted_boxes

if TYPE_CHECKING:
    import fiftyone as fo

WINDOW = 300  # queued images told to the page at once; it asks again when they run out
NO_MASK = {"mask": "", "names": []}
SIDE_STEP = 256  # pixels; a window that is a little larger or smaller finds the same proxy


Heat: TypeAlias = Callable[[str, tuple[int, int]], tuple[str, NDArray[Any]] | None]
"""Of an image, and (height, width): what the map shows, and the map, 0 to 1; None where there is none."""


class Desk:
    """One dataset's labels and queue, as a page sees them.

    Args:
        labels: where labels are committed.
        queue: where images are looked up.
        worklist: what the page walks through.
        learner: the current model.
        feedback: what it learns meanwhile.
        title: shown as the dataset's name.
        display: makes the images that are shown.
        magic: what the magic tools answer by.
        heat: the map that is shown over an image, if wanted.
    """

    def __init__(
        self,
        labels: LabelStore,
        queue: LabelQueue,
        worklist: Worklist,
        learner: Learner,
        feedback: Feedback,
        title: str,
        display: Display,
        magic: Magic,
        heat: Heat,
    ) -> None:
        self._labels = labels
        self._queue = queue
        self._worklist = worklist
        self._operations = Operations(labels, worklist, self._found)
        self._learner = learner
        self._feedback = feedback
        self._title = title
        self._display = display
        self._magic = magic
        self._heat = heat

    def state(self) -> dict[str, Any]:
        """Everything a page needs to begin or to go on."""
        self._labels.reload_classes()  # another kernel may have changed them
        items, skeleton = self._worklist.items(), self._labels.skeleton
        return {
            "mode": self._worklist.mode,
            "task": self._labels.task,
            "measure": self._learner.task.measure,
            "skeleton": None if skeleton is None else skeleton.to_plain(),
            "title": self._title,
            "dataset": self._labels.dataset_id,
            "annotator": self._labels.annotator,
            "classes": self._labels.classes,
            "counts": self._labels.counts(),
            "guidelines": self._labels.guidelines(),
            "queued": len(items),
            "queue": [self._plain(item) for item in items[:WINDOW]],
            "instant": self._feedback.enabled,
            "curve": self._feedback.curve,
            "tools": self._magic.tools,
        }

    def apply(self, op: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one operation of the page; `Operations.apply` says how."""
        return self._operations.apply(op)

    def image(self, sample_id: str, side: int) -> tuple[bytes, dict[str, Any]]:
        """An image, no larger than a display needs.

        Args:
            sample_id: the image.
            side: longest side wanted, in pixels; it may come up to `SIDE_STEP` longer.

        Returns:
            Its bytes as PNG, JPEG, WebP or GIF, and `width`, `height` of the original, upright;
            `stretched`, whether its brightness is not the file's own; `alpha`, whether parts of it
            are transparent, which models see as white.

        Raises:
            ImageError: it cannot be read.
            WorkbenchError: there is no such image.
        """
        path = self._queue.path(sample_id)
        proxy = self._display.proxy(path, -(-side // SIDE_STEP) * SIDE_STEP)
        return proxy.data, proxy.info()

    def region(
        self, sample_id: str, box: tuple[int, int, int, int], side: int
    ) -> tuple[bytes, dict[str, Any]]:
        """A part of an image from its full resolution, to zoom into.

        Args:
            sample_id: the image.
            box: left, top, right and bottom in pixels of the upright original.
            side: longest side of the part wanted, in pixels; it is not enlarged.

        Returns:
            As `image`.

        Raises:
            ImageError: it cannot be read.
            ValueError: the box lies outside of it.
            WorkbenchError: there is no such image.
        """
        proxy = self._display.region(self._queue.path(sample_id), box, side)
        return proxy.data, proxy.info()

    def mask(self, sample_id: str, of: str) -> tuple[bytes, dict[str, Any]]:
        """The mask of an image, pixel by pixel.

        Args:
            sample_id: the image.
            of: `label`, or `suggestion` for what a model predicts; none of test images.

        Returns:
            Its numbers row by row, of one byte or of two (little-endian) each, deflated (zlib); and
            `width`, `height`, `bytes` a pixel, `names` of the classes by number.

        Raises:
            LabelError: images have no masks here, or a suggestion for a test image is asked for.
            MaskError: its file is missing or damaged, or of another size than the image.
            WorkbenchError: there is no such image.
        """
        item = self._queue.item(sample_id)
        if of != "label" and (item is None or item.split is Split.TEST):
            raise LabelError("test images are labelled without suggestions")
        if of == "label" or item is None:
            mask, names = self._labels.masks.read(sample_id)
        else:
            said = self._worklist.extras(item).get("suggestion") or {}
            mask, names = self._labels.masks.suggested(sample_id, str(said.get("mask")))
        height, width = mask.shape
        told = {"width": width, "height": height, "bytes": mask.dtype.itemsize}
        packed = zlib.compress(mask.astype(mask.dtype.newbyteorder("<"), copy=False).data, 1)
        return packed, {**told, "names": {str(number): name for number, name in names.items()}}

    def magic(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        """What a gesture of a magic tool means; `Magic.answer` says the arguments and errors."""
        return self._magic.answer(sample_id, gesture)

    def thumbnails(self, sample_ids: Sequence[str], side: int) -> list[bytes]:
        """Small pictures of images, empty where one cannot be shown.

        Args:
            sample_ids: the images.
            side: longest side wanted, in pixels.
        """
        found = self._queue.look_up(sample_ids)
        return [self._thumbnail(found.get(sample_id), side) for sample_id in sample_ids]

    def arrange(
        self, by: str, sample_id: str | None, progress: Callable[[int, int], None]
    ) -> tuple[list[dict[str, Any]], bytes]:
        """The images that are left to label, in groups; `grid.arrange` says the arguments."""
        from workbench.grid import arrange

        return arrange(self._learner, by, sample_id, progress)

    def _thumbnail(self, item: QueueItem | None, side: int) -> bytes:
        try:
            return self._display.thumbnail(item.filepath, side).data if item else b""
        except ImageError:
            return b""

    def learn(self, on: bool) -> None:
        """Switch the learning in the background on or off; of boxes nothing is learned there."""
        self._feedback.enabled = on and self._labels.task not in DRAWN

    def heat(self, sample_id: str, side: int) -> tuple[str, NDArray[Any]] | None:
        """What a map of an image shows, in words, and the map; None for test images and no model."""
        return self._heat(sample_id, (side, side))

    def on_change(self, listener: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Tell `listener` what happens outside the page; returns how to stop, once or more often."""

        def tell(event: LabelEvent) -> None:
            if event.applied:  # what lost against another's has changed nothing
                listener(self._as_news(event))

        stops = [
            self._labels.on_event(tell),
            self._queue.on_change(lambda: listener({"news": "queue"})),
            self._feedback.on_news(listener),
        ]

        def stop() -> None:
            while stops:
                stops.pop()()

        return stop

    def _found(self, sample_id: str) -> dict[str, Any] | None:
        item = self._queue.item(sample_id)
        return self._plain(item) if item else None

    def _plain(self, item: QueueItem) -> dict[str, Any]:
        """A queued image as the page gets it; which split it is in is not told."""
        return {
            "id": item.sample_id,
            "name": Path(item.filepath).name,
            "batch": item.batch,
            "reason": item.reason,
            "label": to_plain(self._ordered(item.label)),
            "event": item.event,
            "note": item.note,
            "hints": item.split is Split.POOL,
            **self._worklist.extras(item),
            **self._drawn(item),
        }

    def _drawn(self, item: QueueItem) -> dict[str, Any]:
        """Of an image that is drawn on: all that is drawn, and whether somebody has said so."""
        if self._labels.task not in DRAWN:
            return {}
        nothing: Any = NO_MASK if self._labels.task == SEGMENTATION else []
        return {"label": to_plain(item.label) or nothing, "done": item.is_labelled}

    def _ordered(self, value: Value | None) -> Value | None:
        """A label with its classes in the order of the list, which may be another one by now."""
        if self._labels.task != MULTILABEL or value is None:
            return value
        return in_order(names_of(value), self._labels.classes)

    def _as_news(self, event: LabelEvent) -> dict[str, Any]:
        told = {"event": event.id, "group": event.group, "sample": event.sample_id}
        if event.field == CLASSES:
            return {"news": "classes", "classes": event.after, **told}
        if event.field == NOTE:
            return {"news": "note", "note": event.after, **told}
        news = {"news": "label", "listed": self._worklist.holds(event), **told}
        if self._labels.task in DRAWN:
            changes = [{"before": old, "after": new} for old, new in event.changes]
            return {**news, "changes": changes, "done": event.status_after in FINISHED}
        return {**news, "before": event.before, "after": event.after}


class Desks:
    """Makes the desks of one dataset, at which one model learns meanwhile.

    Args:
        dataset: the FiftyOne dataset, prepared.
        labels: where labels are committed.
        queue: where images are looked up.
        learner: the current model.
        display: makes the images that are shown.
        suggest: the boxes that are suggested for an image, where it is labelled with boxes.
        heat: the map that is shown over an image; by default the saliency of its predicted class.

    Attributes:
        labels, queue, learner: as given.
        magic: the magic tools of all desks.
    """

    def __init__(
        self,
        dataset: "fo.Dataset",
        labels: LabelStore,
        queue: LabelQueue,
        learner: Learner,
        display: Display,
        suggest: Suggest = predicted_boxes,
        heat: Heat | None = None,
    ) -> None:
        self.labels = labels
        self.queue = queue
        self.learner = learner
        self._dataset = dataset
        self._display = display
        self._suggest = suggest
        self._heat = heat
        self.magic = Magic(queue.path)

    @cached_property
    def feedback(self) -> Feedback:
        """What the model learns meanwhile, from the first desk on."""
        return Feedback(self.learner, self.labels, self.queue, learning_curve(self._dataset))

    def at(self, worklist: Worklist | None = None) -> Desk:
        """A desk for a page that walks through a list; by default through the queue."""
        if worklist is None:  # an empty one is a list, too
            boxes = self.labels.task in DRAWN
            worklist = (
                BoxQueue(self.queue, self._suggest)
                if boxes
                else QueuedList(self.queue, self.feedback)
            )
        return Desk(
            self.labels,
            self.queue,
            worklist,
            self.learner,
            self.feedback,
            str(self._dataset.name),
            self._display,
            self.magic,
            self._heat or self._saliency,
        )

    def _saliency(self, sample_id: str, size: tuple[int, int]) -> tuple[str, NDArray[Any]] | None:
        found = self.learner.saliency(sample_id, size)
        return found and (f"Seen as {found[0]}; evidence in orange.", found[1])
