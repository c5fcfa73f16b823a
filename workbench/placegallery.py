"""What the gallery of wrong places asks of the kernel: pictures of them, and what became of them.

Wiring: it hands an image to the labelling widget, with what the model would have in it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from workbench.dataset.display import Display
from workbench.dataset.types import Split, Status
from workbench.dataset.values import same_value
from workbench.desk import Desk, Desks
from workbench.errors import ImageError, WorkbenchError
from workbench.labels.events import LabelEvent, Source
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.wrongplaces import Found, WrongKind, WrongPlace, WrongPlaces

if TYPE_CHECKING:
    from workbench.widgets.gallery import ErrorGallery

AROUND = 1.8  # side of a picture, for the longer side of what is in it
LEAST = 48  # pixels of the image that a picture has at least
LABELLED, SAID = "#ffffff", "#ffb000"


Extras = Callable[[QueueItem, Sequence[WrongPlace]], dict[str, Any]]
"""What the page is told of an image of the pool: what is suggested there, and where to begin."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a gallery speaks.

    Attributes:
        titles: of its tabs, by kind.
        nothing: what is said where nothing is labelled.
    """

    titles: Mapping[Any, str]
    nothing: str


class PlaceList:
    """Images of the gallery to walk through, in the manner of the labelling queue.

    An image is on the list until somebody says that it is right, or skips it.

    Args:
        queue: to look images up in.
        places: in the order of the gallery; an image comes once, with all of its places.
        first: id of the image to begin with; those before it come last.
        extras: what is suggested.
    """

    mode = "review"

    def __init__(
        self, queue: LabelQueue, places: Sequence[WrongPlace], first: str, extras: Extras
    ) -> None:
        self._queue, self._extras = queue, extras
        ids = list(dict.fromkeys(place.sample_id for place in places))
        start = ids.index(first)
        self._places: dict[str, list[WrongPlace]] = {i: [] for i in ids[start:] + ids[:start]}
        for place in places:
            self._places[place.sample_id].append(place)
        found = queue.look_up(list(self._places))
        self._begun = {sample_id: item.event for sample_id, item in found.items()}

    def items(self) -> list[QueueItem]:
        """What is still to be looked at, the first one first."""
        found = self._queue.look_up(list(self._places))
        return [found[i] for i in self._places if self._is_left(found.get(i))]

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """What is wrong, and what the model would have; nothing for test images."""
        wrong = self._places.get(item.sample_id, [])
        if not wrong or item.split is Split.TEST:
            return {}
        reason = "; ".join(place.reason for place in wrong)
        return {"reason": reason, **self._extras(item, wrong)}

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """Somebody has looked again."""
        return Source.REVIEWED

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event's image is to be looked at now: after an undo, it is again."""
        on_it = event.applied and event.sample_id in self._places
        return on_it and self._is_left(self._queue.item(event.sample_id))

    def _is_left(self, item: QueueItem | None) -> bool:
        if item is None or item.status is Status.SKIPPED:
            return False
        # Drawing alone does not end it.
        return item.event == self._begun.get(item.sample_id) or item.source != Source.REVIEWED


class PlaceGalleryDesk:
    """The wrong places of one dataset, as the gallery sees them.

    Args:
        errors: what was found.
        desks: make what a labelling widget needs.
        display: makes pictures.
        words: how it speaks.
        extras: what is suggested.
    """

    def __init__(
        self, errors: WrongPlaces, desks: Desks, display: Display, words: Words, extras: Extras
    ) -> None:
        self._errors = errors
        self._labels = desks.labels
        self._queue = desks.queue
        self._desks = desks
        self._display = display
        self._words = words
        self._extras = extras
        self._by_key = {each.key: each for kind in errors.kinds.values() for each in kind.places}
        ids = {place.sample_id for place in self._by_key.values()}
        self._labelled = {i: item.label for i, item in self._queue.look_up([*ids]).items()}

    def state(self) -> dict[str, Any]:
        """Everything the gallery shows."""
        items = self._queue.look_up(list(self._labelled))
        kinds = [
            {
                "kind": kind.value,
                "title": self._words.titles[kind],
                "verb": "says",
                "nothing": self._words.nothing,
                "about": found.about,
                "total": found.total,
                "cases": [_plain(place) for place in found.places],
            }
            for kind, found in self._errors.kinds.items()
        ]
        marks = {i: mark for i, item in items.items() if (mark := self._mark(item))}
        return {"images": len(self._labelled), "kinds": kinds, "marks": marks}

    def open(self, kind: str, sample_id: str) -> Desk:
        """A desk to walk through the images of a kind, from that of one place on.

        Args:
            kind: one of the gallery's.
            sample_id: the `id` of its case, which is that of a place.

        Raises:
            WorkbenchError: the gallery has no such kind or place.
        """
        places = [
            place
            for each, found in self._errors.kinds.items()
            if each == kind
            for place in found.places
        ]
        first = next((place for place in places if place.key == sample_id), None)
        if first is None:
            raise WorkbenchError(f"the gallery has no place {sample_id!r} under {kind!r}")
        return self._desks.at(PlaceList(self._queue, places, first.sample_id, self._extras))

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

    def _picture(self, place: WrongPlace | None, side: int) -> bytes:
        if place is None:
            return b""
        region = around(place)
        try:
            data = self._display.region(place.path, region, side).data
        except (ImageError, ValueError):  # gone, or another picture by now
            return b""
        return _drawn(data, place, region, side)


def around(place: WrongPlace) -> tuple[int, int, int, int]:
    """The square around what is labelled and said, in pixels of the image, cut at its edges."""
    points = [point for lines in place.lines() for line in lines for point in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    half = max(LEAST, AROUND * max(max(xs) - min(xs), max(ys) - min(ys))) / 2
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    width, height = place.size
    left, top = max(0, int(x - half)), max(0, int(y - half))
    return left, top, min(width, int(x + half) + 1), min(height, int(y + half) + 1)


def _drawn(data: bytes, place: WrongPlace, region: tuple[int, int, int, int], side: int) -> bytes:
    """A picture of a region: white and whole around what is labelled, dashed around what is said."""
    width, height = region[2] - region[0], region[3] - region[1]
    scale = side / max(width, height)
    with Image.open(io.BytesIO(data)) as opened:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        picture = opened.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    labelled, said = place.lines()
    for lines, colour, dash in ((labelled, LABELLED, 0), (said, SAID, 6)):
        for line in lines:
            closed = (np.array([*line, line[0]]) - region[:2]) * scale
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


def _plain(place: WrongPlace) -> dict[str, Any]:
    """A place as the gallery gets it."""
    label, said, sure = place.names
    return {
        "id": place.key,
        "sample": place.sample_id,
        "name": Path(place.path).name,
        "label": label,
        "predicted": said,
        "percent": None if sure is None else round(100 * sure),
        "reason": place.reason,
        "group": "",
        "test": place.split is Split.TEST,
    }


def found_places(
    kinds: Mapping[Any, WrongKind],
    about: Found,
    desks: Desks,
    display: Display,
    words: Words,
    extras: Extras,
) -> WrongPlaces:
    """What was found, with its gallery."""
    ids = {place.sample_id for each in kinds.values() for place in each.places}
    events = {each: item.event for each, item in desks.queue.look_up([*ids]).items()}

    def make(errors: WrongPlaces) -> "ErrorGallery":
        from workbench.widgets.gallery import ErrorGallery

        return ErrorGallery(PlaceGalleryDesk(errors, desks, display, words, extras))

    return WrongPlaces(kinds, events, about, make)
