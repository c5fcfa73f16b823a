"""What the gallery of wrong boxes asks of the kernel: pictures of the places, and what became of them.

Wiring: it hands an image to the labelling widget, with what the detector would have in it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from workbench.boxmistakes import WrongBox, WrongBoxes
from workbench.boxreview import SHOWN, in_place_of
from workbench.dataset.boxes import Box, corner_points, rings_of
from workbench.dataset.display import Display
from workbench.dataset.types import Split, Status
from workbench.dataset.values import same_value
from workbench.desk import Desk, Desks
from workbench.errors import ImageError, WorkbenchError
from workbench.evaluation.boxerrors import BoxErrorKind
from workbench.labels.events import LabelEvent, Source
from workbench.labels.queue import LabelQueue, QueueItem

if TYPE_CHECKING:
    from workbench.widgets.gallery import ErrorGallery

TITLES = {
    BoxErrorKind.MISSED: "Missed",
    BoxErrorKind.FALSE_ALARM: "False alarms",
    BoxErrorKind.BADLY_PLACED: "Badly placed",
    BoxErrorKind.CONFUSED: "Confused",
    BoxErrorKind.DUPLICATE: "Found twice",
}
AROUND = 1.8  # side of a picture, for the longer side of what is in it
LEAST = 48  # pixels of the image that a picture has at least
LABELLED, FOUND = "#ffffff", "#ffb000"


class WrongBoxesList:
    """Images of the gallery to walk through, in the manner of the labelling queue.

    An image is on the list until somebody says that it is right, or skips it.

    Args:
        queue: to look images up in.
        boxes: in the order of the gallery; an image comes once, with all of its boxes.
        first: id of the image to begin with; those before it come last.
        model: what found them.
    """

    mode = "review"

    def __init__(
        self, queue: LabelQueue, boxes: Sequence[WrongBox], first: str, model: str
    ) -> None:
        self._queue, self._model = queue, model
        ids = list(dict.fromkeys(box.sample_id for box in boxes))
        start = ids.index(first)
        self._boxes: dict[str, list[WrongBox]] = {i: [] for i in ids[start:] + ids[:start]}
        for box in boxes:
            self._boxes[box.sample_id].append(box)
        found = queue.look_up(list(self._boxes))
        self._begun = {sample_id: item.event for sample_id, item in found.items()}

    def items(self) -> list[QueueItem]:
        """What is still to be looked at, the first one first."""
        found = self._queue.look_up(list(self._boxes))
        return [found[i] for i in self._boxes if self._is_left(found.get(i))]

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """What is wrong, and what the detector would have; nothing for test images."""
        wrong = self._boxes.get(item.sample_id, [])
        if not wrong or item.split is Split.TEST:
            return {}
        suggested = [instead for box in wrong if (instead := _instead(box)) is not None]
        labelled = next((box.label.id for box in wrong if box.label), "")
        return {
            "reason": "; ".join(box.reason for box in wrong),
            "suggestion": {"boxes": suggested, "model": self._model, "threshold": SHOWN},
            "point": suggested[0]["id"] if suggested else labelled,
        }

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """Somebody has looked again."""
        return Source.REVIEWED

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event's image is to be looked at now: after an undo, it is again."""
        on_it = event.applied and event.sample_id in self._boxes
        return on_it and self._is_left(self._queue.item(event.sample_id))

    def _is_left(self, item: QueueItem | None) -> bool:
        if item is None or item.status is Status.SKIPPED:
            return False
        # Drawing alone does not end it.
        return item.event == self._begun.get(item.sample_id) or item.source != Source.REVIEWED


class BoxGalleryDesk:
    """The wrong boxes of one dataset, as the gallery sees them.

    Args:
        errors: what was found.
        desks: make what a labelling widget needs.
        display: makes pictures.
    """

    def __init__(self, errors: WrongBoxes, desks: Desks, display: Display) -> None:
        self._errors = errors
        self._labels = desks.labels
        self._queue = desks.queue
        self._desks = desks
        self._display = display
        self._by_key = {box.key: box for each in errors.kinds.values() for box in each.boxes}
        ids = {box.sample_id for box in self._by_key.values()}
        self._labelled = {i: item.label for i, item in self._queue.look_up([*ids]).items()}

    def state(self) -> dict[str, Any]:
        """Everything the gallery shows."""
        items = self._queue.look_up(list(self._labelled))
        kinds = [
            {
                "kind": kind.value,
                "title": TITLES[kind],
                "verb": "says",
                "nothing": "no box there",
                "about": found.about,
                "total": found.total,
                "cases": [_plain(box) for box in found.boxes],
            }
            for kind, found in self._errors.kinds.items()
        ]
        marks = {i: mark for i, item in items.items() if (mark := self._mark(item))}
        return {"images": len(self._labelled), "kinds": kinds, "marks": marks}

    def open(self, kind: str, sample_id: str) -> Desk:
        """A desk to walk through the images of a kind, from that of one box on.

        Args:
            kind: one of the gallery's.
            sample_id: the `id` of its case, which is that of a box.

        Raises:
            WorkbenchError: the gallery has no such kind or box.
        """
        boxes = [
            b for each, found in self._errors.kinds.items() if each == kind for b in found.boxes
        ]
        first = next((box for box in boxes if box.key == sample_id), None)
        if first is None:
            raise WorkbenchError(f"the gallery has no box {sample_id!r} under {kind!r}")
        parts = self._queue, boxes, first.sample_id, self._errors.model
        return self._desks.at(WrongBoxesList(*parts))

    def thumbnails(self, sample_ids: Sequence[str], side: int) -> list[bytes]:
        """Pictures of the places, by their cases' `id`, with what is labelled and found there."""
        return [self._picture(self._by_key.get(key), side) for key in sample_ids]

    def on_change(self, listener: Callable[[dict[str, str]], None]) -> Callable[[], None]:
        """Tell `listener` what became of an image, as `sample` and `mark`; returns how to stop."""

        def tell(event: LabelEvent) -> None:
            if event.applied and event.sample_id in self._labelled:
                item = self._queue.item(event.sample_id)
                listener({"sample": event.sample_id, "mark": self._mark(item) if item else "gone"})

        stops = [self._labels.on_event(tell)]

        def stop() -> None:
            while stops:
                stops.pop()()

        return stop

    def _mark(self, item: QueueItem) -> str:
        """What was done to an image since it was found; empty for nothing."""
        if item.event == self._errors.events.get(item.sample_id):
            return ""
        if item.status is Status.SKIPPED:
            return "skipped"
        if item.status is Status.IN_REVIEW:
            return "in review"
        return "kept" if same_value(item.label, self._labelled[item.sample_id]) else "changed"

    def _picture(self, box: WrongBox | None, side: int) -> bytes:
        if box is None:
            return b""
        region = around(box)
        try:
            data = self._display.region(box.path, region, side).data
        except (ImageError, ValueError):  # gone, or another picture by now
            return b""
        return _drawn(data, box, region, side)


def around(box: WrongBox) -> tuple[int, int, int, int]:
    """The square around what is labelled and found, in pixels of the image, cut at its edges."""
    points = [p for each in (box.label, box.found) if each for p in corner_points(each, box.size)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    half = max(LEAST, AROUND * max(max(xs) - min(xs), max(ys) - min(ys))) / 2
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    width, height = box.size
    left, top = max(0, int(x - half)), max(0, int(y - half))
    return left, top, min(width, int(x + half) + 1), min(height, int(y + half) + 1)


def _drawn(data: bytes, box: WrongBox, region: tuple[int, int, int, int], side: int) -> bytes:
    """A picture of a region with its boxes: white and whole what is labelled, dashed what is found."""
    width, height = region[2] - region[0], region[3] - region[1]
    scale = side / max(width, height)
    with Image.open(io.BytesIO(data)) as opened:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        picture = opened.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for each, colour, dash in ((box.label, LABELLED, 0), (box.found, FOUND, 6)):
        if each is None:
            continue
        for ring in rings_of(each, box.size):
            closed = (np.array([*ring, ring[0]]) - region[:2]) * scale
            _line(draw, closed, colour, dash)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def _line(draw: ImageDraw.ImageDraw, points: NDArray[np.float64], colour: str, dash: int) -> None:
    """A line along (m, 2) points with a dark rim, whole or in dashes of so many pixels."""
    draw.line([*map(tuple, points.tolist())], fill="#000000", width=4, joint="curve")
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    pieces = max(1, round(way[-1] / dash)) if dash else 1
    for piece in range(0, pieces, 2):
        start, stop = (end * way[-1] / pieces for end in (piece, piece + 1))
        along = np.concatenate([[start], way[(way > start) & (way < stop)], [stop]])
        ends = np.stack([np.interp(along, way, each) for each in points.T], axis=1)
        draw.line([*map(tuple, ends.tolist())], fill=colour, width=2)


def _instead(box: WrongBox) -> Mapping[str, Any] | None:
    """What the detector would have there; None where that is no other box than there is."""
    if box.found is None or box.kind is BoxErrorKind.DUPLICATE:
        return None
    confused = box.kind is BoxErrorKind.CONFUSED
    label: Box | None = None if box.kind is BoxErrorKind.FALSE_ALARM else box.label
    return {**in_place_of(box.found, label, only_class=confused), "reason": box.reason}


def _plain(box: WrongBox) -> dict[str, Any]:
    """A box as the gallery gets it."""
    sure = box.found.confidence if box.found else None
    return {
        "id": box.key,
        "sample": box.sample_id,
        "name": Path(box.path).name,
        "label": box.label.label if box.label else None,
        "predicted": box.found.label if box.found else None,
        "percent": None if sure is None else round(100 * sure),
        "reason": box.reason,
        "group": "",
        "test": box.split is Split.TEST,
    }


def box_gallery(desks: Desks, display: Display) -> "Callable[[WrongBoxes], ErrorGallery]":
    """How to make the gallery of what was found."""

    def make(errors: WrongBoxes) -> "ErrorGallery":
        from workbench.widgets.gallery import ErrorGallery

        return ErrorGallery(BoxGalleryDesk(errors, desks, display))

    return make
