"""What the FiftyOne App asks of the session, and what the session asks of the App.

Wiring: the App's operators act on the same labels and the same queue as the labelling widget, and
what is selected in the App is read by the next cell. Imports FiftyOne by way of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.app import operators
from workbench.app.operators import Outcome
from workbench.dataset.fields import NOTE
from workbench.dataset.predictions import read_predictions
from workbench.dataset.types import Split, Status
from workbench.dataset.values import MULTILABEL, Value, caption, from_plain, names_of, same_value
from workbench.errors import LabelError
from workbench.labels.events import CLASSES, LabelEvent
from workbench.labels.queue import LabelQueue, QueueItem
from workbench.labels.store import LabelStore

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.widgets.app_frame import AppFrame

_BLIND = "of the blind test split, which no model may label"
_NO_PREDICTION = "without a prediction"
_SO_ALREADY = "labelled so already"
_NO_LABEL = "without a label"
_THERE = "there already"
_SKIPPED = "skipped already"


class AppDesk:
    """One dataset, as the App's operators see it (`operators.LiveSession`).

    Args:
        labels: where labels are committed.
        queue: where images are queued and looked up.
        dataset: the FiftyOne dataset, whose predictions can be accepted.
    """

    def __init__(self, labels: LabelStore, queue: LabelQueue, dataset: "fo.Dataset") -> None:
        self._labels = labels
        self._queue = queue
        self._dataset = dataset

    def offer(self) -> None:
        """Let the App act on the dataset, in the place of any session before."""
        operators.register(str(self._dataset.name), self)

    def show(self, view: str | None, height: int) -> "AppFrame":
        """The App in a frame, with the views that matter; `Workbench.inspect` says more."""
        # The App's server is loaded when somebody wants to see it.
        from workbench.app import arrange_sidebar, open_app, save_standard_views
        from workbench.widgets.app_frame import AppFrame

        save_standard_views(self._dataset)
        arrange_sidebar(self._dataset)
        self.offer()
        app = open_app(self._dataset, view=view)
        return AppFrame(port=app.port, token=app.token, trust=app.server.trust, height=height)

    def selected(self) -> list[str]:
        """Ids of the images that are selected in the App; empty while it shows another dataset."""
        from workbench.app import selected_in_app

        return selected_in_app(str(self._dataset.name))

    def classes(self) -> list[str]:
        """Names of the classes, in their order."""
        self._labels.reload_classes()  # another kernel may have renamed one
        return self._labels.classes

    def labelled(self, sample_ids: Sequence[str]) -> int:
        """How many of the images have a label."""
        found = self._queue.look_up(sample_ids).values()
        return sum(item.is_labelled for item in found)

    def queue(self, sample_ids: Sequence[str]) -> int:
        """Queue images in this order, before all others; how many were not queued before."""
        return self._queue.add_by_hand(sample_ids)

    @property
    def several(self) -> bool:
        """Whether an image can have several classes."""
        return self._labels.task == MULTILABEL

    def label(self, sample_ids: Sequence[str], label: str | Sequence[str]) -> Outcome:
        """Label images alike, whatever they were labelled before.

        Raises:
            LabelError: there is no such class, or there are too many images.
        """
        return _outcome(self._labels.many.label(sample_ids, label, relabel=True))

    def acceptable(self, sample_ids: Sequence[str]) -> Outcome:
        """What `accept` would come to, without doing it."""
        guesses, left_out = self._guesses(sample_ids)
        return Outcome(len(guesses), self.labelled(list(guesses)), left_out)

    def accept(self, sample_ids: Sequence[str]) -> Outcome:
        """Give images their predicted class as label, in the place of any other.

        Left out are images of the blind test split, on which the figures would only repeat the
        model's opinion; those without a prediction; and those that are labelled so already.

        Raises:
            LabelError: there are too many images.
        """
        guesses, left_out = self._guesses(sample_ids)
        if not guesses:
            return Outcome(0, left_out=left_out)
        return _outcome(self._labels.many.accept(guesses), left_out)

    def review(self, sample_ids: Sequence[str]) -> Outcome:
        """Send images to review; left out are those without a label and those sent already.

        Raises:
            LabelError: there are too many images.
        """
        items = self._items(sample_ids)
        left_out = Counter(why for item in items if (why := _why_no_review(item)))
        sent = [item.sample_id for item in items if not _why_no_review(item)]
        if not sent:
            return Outcome(0, left_out=left_out)
        return _outcome(self._labels.many.send_to_review(sent), left_out)

    def skip(self, sample_ids: Sequence[str]) -> Outcome:
        """Leave images without a label and out of the queue.

        Raises:
            LabelError: there are too many images.
        """
        items = self._items(sample_ids)
        left = [item.sample_id for item in items if item.status is not Status.SKIPPED]
        left_out = {_SKIPPED: len(items) - len(left)} if len(left) < len(items) else {}
        if not left:
            return Outcome(0, left_out=left_out)
        return _outcome(self._labels.many.skip(left), left_out)

    def undo(self) -> str | None:
        """Take back the annotator's last step, and say what that was; None if there is none.

        Raises:
            LabelError: somebody has changed the image since; nothing was taken back.
        """
        commit = self._labels.undo()
        if commit is None:
            return None
        event = commit.event
        step = [event]
        if event.group is not None:
            step = [each for each in self._labels.events.find(group=event.group) if each.applied]
        if not step or not event.applied:
            raise LabelError("Somebody has changed it since: nothing was taken back.")
        return _describe(self._labels.events.get(event.undoes or ""), len(step))

    def _items(self, sample_ids: Sequence[str]) -> list[QueueItem]:
        found = self._queue.look_up(sample_ids)
        return [found[sample_id] for sample_id in sample_ids if sample_id in found]

    def _guesses(
        self, sample_ids: Sequence[str]
    ) -> tuple[dict[str, tuple[Value, str | None]], Counter[str]]:
        """The predictions to accept, and how many images are left out for which reason."""
        classes = set(self.classes())
        predicted = read_predictions(self._dataset, sample_ids, self._labels.task)
        guesses: dict[str, tuple[Value, str | None]] = {}
        left_out: Counter[str] = Counter()
        for item in self._items(sample_ids):
            guess = predicted.get(item.sample_id)
            if item.split is Split.TEST:
                left_out[_BLIND] += 1
            elif guess is None or not classes.issuperset(names_of(guess[0])):
                left_out[_NO_PREDICTION] += 1
            elif same_value(item.label, guess[0]) and item.status is Status.LABELLED:
                left_out[_SO_ALREADY] += 1
            else:
                guesses[item.sample_id] = guess
        return guesses, left_out


def _why_no_review(item: QueueItem) -> str | None:
    if item.status is Status.IN_REVIEW:
        return _THERE
    return None if item.is_labelled else _NO_LABEL


def _outcome(events: Sequence[LabelEvent], left_out: Mapping[str, int] | None = None) -> Outcome:
    applied = [event for event in events if event.applied]
    reasons = Counter(left_out or {})
    if late := len(events) - len(applied):
        reasons["changed by somebody else meanwhile"] += late
    return Outcome(len(applied), sum(event.before is not None for event in applied), reasons)


def _describe(event: LabelEvent | None, count: int) -> str:
    """A step that was taken back, in words."""
    if event is None or event.field == CLASSES:
        return "a change to the classes"
    if event.field == NOTE:
        return "a note"
    images = "1 image" if count == 1 else f"{count:,} images"
    if event.status_after == Status.SKIPPED:
        return f"skipping {images}"
    if event.status_after == Status.IN_REVIEW:
        return f"sending {images} to review"
    if event.after is None:
        return f"a change of {images}"
    return f"labelling {images} as {caption(from_plain(event.after))!r}"
