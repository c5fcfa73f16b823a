"""What the gallery of errors asks of the kernel, in plain dictionaries.

Wiring: it hands the gallery's images to the labelling widget, as a list to walk through, and tells
the gallery what became of them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.dataset.types import Split, Status
from workbench.dataset.values import Value, caption, names_of, same_value, to_plain
from workbench.desk import Desk, Desks
from workbench.errors import WorkbenchError
from workbench.labels.events import LabelEvent, Source
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.mistakes import TITLES, Errors, Found, Kind, Mistake, find_errors

if TYPE_CHECKING:
    from workbench.widgets.gallery import ErrorGallery

VERBS = {
    Kind.LABEL: "rather"
}  # before what stands against the label; else it is what the model says


class MistakesList:
    """Images of the gallery to walk through, from one on, in the manner of the labelling queue.

    An image is on the list until something is done to it.

    Args:
        queue: to look images up in.
        mistakes: in the order of the gallery; of several for one image, the first counts.
        first: id of the image to begin with; those before it come last.
    """

    mode = "review"

    def __init__(self, queue: LabelQueue, mistakes: Sequence[Mistake], first: str) -> None:
        self._queue = queue
        by_id = {mistake.sample_id: mistake for mistake in reversed(mistakes)}
        ids = list(dict.fromkeys(mistake.sample_id for mistake in mistakes))
        start = ids.index(first)
        self._mistakes = {i: by_id[i] for i in ids[start:] + ids[:start]}
        found = queue.look_up(list(self._mistakes))
        self._begun = {sample_id: item.event for sample_id, item in found.items()}

    def items(self) -> list[QueueItem]:
        """What is still to be looked at, the first one first."""
        found = self._queue.look_up(list(self._mistakes))
        return [found[i] for i in self._mistakes if self._is_left(found.get(i))]

    def extras(self, item: QueueItem) -> dict[str, Any]:
        """Why it is to be looked at; nothing for test images, and for those not on the list."""
        mistake = self._mistakes.get(item.sample_id)
        return {} if mistake is None else dict(mistake.evidence)

    def source(self, sample_id: str, *, accepted: bool) -> Source:
        """A first label is a label as any other; else somebody has looked again."""
        mistake = self._mistakes.get(sample_id)
        if mistake is None or mistake.label is not None:
            return Source.REVIEWED
        return Source.ACCEPTED if accepted else Source.HUMAN

    def holds(self, event: LabelEvent) -> bool:
        """Whether the event's image is to be looked at now: after an undo, it is again."""
        on_it = event.applied and event.sample_id in self._mistakes
        return on_it and self._is_left(self._queue.item(event.sample_id))

    def _is_left(self, item: QueueItem | None) -> bool:
        return item is not None and self._begun.get(item.sample_id) == item.event


class GalleryDesk:
    """The errors of one dataset, as the gallery sees them.

    Args:
        errors: what was found.
        desks: make what a labelling widget needs.
    """

    def __init__(self, errors: Errors, desks: Desks) -> None:
        self._errors = errors
        self._labels = desks.labels
        self._queue = desks.queue
        self._desks = desks
        self._pictures = desks.at()
        self._labelled = {
            mistake.sample_id: mistake.label
            for found in errors.kinds.values()
            for mistake in found.mistakes
        }

    def state(self) -> dict[str, Any]:
        """Everything the gallery shows."""
        items = self._queue.look_up(list(self._labelled))
        marks = {i: mark for i, item in items.items() if (mark := self._mark(item))}
        kinds = [self._plain_kind(kind, found) for kind, found in self._errors.kinds.items()]
        return {"images": len(self._errors), "kinds": kinds, "marks": marks}

    def open(self, kind: str, sample_id: str) -> Desk:
        """A desk to walk through the images of a kind, from one on.

        Raises:
            WorkbenchError: the gallery has no such kind or image.
        """
        mistakes = [
            mistake
            for each, found in self._errors.kinds.items()
            if each == kind
            for mistake in found.mistakes
        ]
        if all(mistake.sample_id != sample_id for mistake in mistakes):
            raise WorkbenchError(f"the gallery has no image {sample_id!r} under {kind!r}")
        return self._desks.at(MistakesList(self._queue, mistakes, sample_id))

    def thumbnails(self, sample_ids: Sequence[str], side: int) -> list[bytes]:
        """Small pictures of images, empty where one cannot be shown; `side` in pixels."""
        return self._pictures.thumbnails(sample_ids, side)

    def on_change(self, listener: Callable[[dict[str, str]], None]) -> Callable[[], None]:
        """Tell `listener` what became of an image, as `sample` and `mark`.

        Returns:
            How to stop, once or more often.
        """

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
        if same_value(item.label, self._as_called_now(self._labelled[item.sample_id])):
            return "kept"
        return f"now {caption(item.label)}"

    def _as_called_now(self, label: Value | None) -> Value | None:
        if label is None or isinstance(label, str):
            return label and self._labels.class_now(label)
        return tuple(name for each in names_of(label) if (name := self._labels.class_now(each)))

    def _plain_kind(self, kind: Kind, found: Found) -> dict[str, Any]:
        return {
            "kind": kind.value,
            "title": TITLES[kind],
            "verb": VERBS.get(kind, "says"),
            "about": found.about,
            "total": found.total,
            "cases": [_plain(mistake) for mistake in found.mistakes],
        }


def find_errors_to_show(desks: Desks, *, kind: str | None, count: int) -> Errors:
    """The images to look at, with the gallery to show them in; `Workbench.errors` says more.

    Args:
        desks: those of the dataset.
        kind: of which kind; by default of each.
        count: how many of each, at most.

    Raises:
        ValueError: there is no such kind, or `count` is below 1.
        NotEnoughLabelsError: the pool's labels do not tell two classes apart.
    """

    def gallery(errors: Errors) -> "ErrorGallery":
        from workbench.widgets.gallery import ErrorGallery

        return ErrorGallery(GalleryDesk(errors, desks))

    return find_errors(desks.learner, desks.queue, gallery, kind=kind, count=count)


def _plain(mistake: Mistake) -> dict[str, Any]:
    """An image as the gallery gets it."""
    sure = mistake.confidence
    return {
        "id": mistake.sample_id,
        "name": Path(mistake.path).name,
        "label": to_plain(mistake.label),
        "predicted": to_plain(mistake.predicted),
        "percent": round(100 * sure) if sure == sure else None,  # JSON has no NaN
        "reason": mistake.case.reason,
        "group": mistake.case.group,
        "test": mistake.split is Split.TEST,
    }
