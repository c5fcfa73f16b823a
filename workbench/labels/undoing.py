"""Taking an event back: the change that restores what an image was before it."""

from workbench.dataset.types import Status
from workbench.dataset.values import from_plain
from workbench.labels.drafts import KEEP, Draft
from workbench.labels.drawing import Drawing
from workbench.labels.events import LabelEvent, Source
from workbench.labels.history import EventLog

_GIVES_NONE = (Status.SKIPPED.value, Status.IN_REVIEW.value)
"""An event that leaves an image so has left its label alone."""


class Undoing:
    """Makes the drafts that take events back.

    Args:
        log: the history.
        drawing: makes drafts where images are drawn on; None where they have classes.
    """

    def __init__(self, log: EventLog, drawing: Drawing | None) -> None:
        self._log = log
        self._drawing = drawing

    def draft(
        self, event: LabelEvent, source: Source, earlier: LabelEvent | None, *, kept: bool
    ) -> Draft:
        """The change that takes an event back.

        Args:
            event: what is taken back; an undo, for a redo.
            source: undo or redo.
            earlier: the event that the image was at before it (`event.previous`).
            kept: whether the event left the label alone, as `kept` says.
        """
        giver = self._giver(earlier)
        given_by = (giver.annotator, giver.source) if giver else None
        if self._drawing is not None:
            same = event.status_before == event.status_after
            about = Draft(
                event.sample_id,
                KEEP,
                None if same else Status(event.status_before),
                source,
                undoes=event.id,
                restores=event.previous,
                given_by=given_by,
            )
            return self._drawing.taken_back(about, event)
        label = None if event.before is None else from_plain(event.before)
        return Draft(
            event.sample_id,
            # A label that came with the dataset is in no event: it can only be left as it is.
            KEEP if kept and giver is None else label,
            Status(event.status_before),
            source,
            undoes=event.id,
            restores=event.previous,
            given_by=given_by,
        )

    def kept(self, event: LabelEvent) -> bool:
        """Whether the event, or the one that it takes back in the end, left the label alone."""
        first: LabelEvent | None = event
        while first is not None and first.undoes:
            first = self._log.get(first.undoes)
        return first is not None and first.status_after in _GIVES_NONE

    def _giver(self, event: LabelEvent | None) -> LabelEvent | None:
        """The event that gave the label which the image has at `event`."""
        while event is not None and event.status_after in _GIVES_NONE:
            event = self._log.get(event.previous or "")
        return event
