"""Committing labels: event and label in one transaction, and taking them back.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import fiftyone as fo
import pandas as pd

from workbench.dataset.connection import Connection
from workbench.dataset.home import masks_folder
from workbench.dataset.masks import Tile
from workbench.dataset.schema import skeleton_of, task_of
from workbench.dataset.types import Status
from workbench.dataset.values import DRAWN, INSTANCES, KEYPOINTS, SEGMENTATION, Given, Plain
from workbench.errors import LabelError
from workbench.labels.batches import BatchWriter
from workbench.labels.boxdrafts import GivenBox
from workbench.labels.bulk import BulkLabels
from workbench.labels.classeditor import ClassEditor
from workbench.labels.classlist import ClassList
from workbench.labels.classnumbers import ClassNumbers
from workbench.labels.classverbs import ClassVerbs
from workbench.labels.committing import Committer
from workbench.labels.counting import count_labels
from workbench.labels.drafting import draft_of
from workbench.labels.drafts import KEEP, Draft
from workbench.labels.drawing import Drawing, MaskDrawing, ObjectDrawing
from workbench.labels.events import Commit, LabelEvent, Source
from workbench.labels.guidelines import Guidelines
from workbench.labels.history import EventLog
from workbench.labels.imports import import_labels
from workbench.labels.masks import Masks
from workbench.labels.notes import Notes
from workbench.labels.painting import Painter
from workbench.labels.recording import Recorder
from workbench.labels.undoing import Undoing

__all__ = ["Commit", "LabelStore"]


class LabelStore(ClassVerbs):
    """The labels of one dataset, for one annotator.

    Every method is safe to call from any thread, while cells run.

    Args:
        connection: the database.
        dataset: the FiftyOne dataset, prepared.
        annotator: who labels.

    Attributes:
        task: what is labelled: one class an image, several, or boxes.
        skeleton: which points its objects have; None where they have none.
        many: what is done to many images at once, as one step.
    """

    def __init__(self, connection: Connection, dataset: fo.Dataset, annotator: str) -> None:
        self.annotator = annotator
        self.task = task_of(dataset)
        self.skeleton = skeleton_of(dataset) if self.task == KEYPOINTS else None
        self._dataset = dataset
        self._log = EventLog(connection.database, self.dataset_id)
        self._samples = connection.database[dataset._sample_collection_name]
        self._recorder = Recorder(connection, dataset, self._log)
        self._classes = ClassList(connection.database, self.dataset_id, self._log, self.task)
        self._guidelines = Guidelines(connection.database, self._samples, self.dataset_id)
        parts = self._classes, self._log, self._recorder
        self._drawing = self._find_drawing(connection)
        self._editor = ClassEditor(
            connection, dataset, self._guidelines, *parts, told=self._tell_numbers
        )
        self._writer = BatchWriter(connection, self._samples, *parts)
        undoing = Undoing(self._log, self._drawing)
        self.many = BulkLabels(
            self._writer,
            annotator,
            undoing,
            self._log,
            self._recorder,
            self._drawing,
            self._classes,
        )
        self._notes = Notes(self._samples, self._log, self._recorder)
        self._committer = Committer(
            self._samples,
            annotator,
            *parts,
            undoing,
            many=self.many,
            editor=self._editor,
            notes=self._notes,
        )
        self._editor.finish()
        self._tell_numbers()  # a change that another kernel did not come to the end of

    @property
    def dataset_id(self) -> str:
        """What events are kept under; stays the same when the dataset is renamed."""
        return str(self._dataset._doc.id)

    @property
    def events(self) -> EventLog:
        """The history."""
        return self._log

    def counts(self) -> dict[str, int]:
        """How many images have each class, in the order of the classes; skipped ones do not count."""
        return count_labels(self._samples, self.task, self._classes.names)

    def history(self) -> pd.DataFrame:
        """Every event, a row each, oldest first; columns are `LabelEvent`'s attributes."""
        return self._log.to_pandas()

    def seconds(self) -> pd.Series:
        """Seconds that people have spent on each image that they labelled, by sample id."""
        events = self.history()
        told = events[events["seconds"].notna() & events["applied"]]
        spent: pd.Series = told.groupby("sample_id")["seconds"].sum()
        return spent

    def on_event(self, listener: Callable[[LabelEvent], None]) -> Callable[[], None]:
        """Call `listener` after each event of this store; returns how to stop that."""
        return self._recorder.on_event(listener)

    def commit(
        self,
        sample_id: str,
        label: Given,
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        suggestion: Plain = None,
        model: str | None = None,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Label an image. When this returns, the label is on disk.

        Args:
            sample_id: the image.
            label: name of a class, in multi-label the names of all classes that it has, in
                detection all its boxes (`Box`, or plain), which take the place of those that are
                there; in segmentation a mask, (height, width) with 0 for none of the classes, 1 for
                the first of the list and so on; a name that a class had before it was renamed or
                merged will do.
            seconds: spent on it; capped at 120.
            source: how it came about.
            suggestion: what was suggested, if that was shown.
            model: the model that suggested it.
            based_on: the event that the annotator saw as the image's latest (an empty string: none
                yet). If another is the latest by now, the label is recorded but not applied. By
                default whatever is there is overruled.
            event_id: id of the event, for a caller that may have to send it twice.

        Returns:
            What was recorded.

        Raises:
            LabelError: the class is not in the list or was removed, there is no such image, or a
                box is none or lies outside of it; nothing was written.
            DatabaseError: the database is gone; nothing was written.
        """
        draft = draft_of(self._drawing, sample_id, label, source, self._classes)
        told = replace(draft, seconds=seconds, suggestion=suggestion, model=model)
        return self._committer.apply(told, event_id, based_on)

    def draw(
        self,
        sample_id: str,
        changes: Iterable[tuple[GivenBox | Tile | None, GivenBox | Tile | None]],
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        suggestion: Plain = None,
        model: str | None = None,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Draw, change and erase boxes, or paint a mask, as one event; the image's status stays.

        Args:
            sample_id: the image.
            changes: each box before and after, `Box` or plain; None for one that was not, or is
                not to be. Its id stays the same. Of a mask, each rectangle, `Tile` or plain.
            seconds: as in `commit`, and so are those below.
            source: how it came about; `accepted` for boxes that a model suggested.
            suggestion: what was suggested.
            model: the model that suggested it.
            based_on: the event that the annotator saw as the image's latest.
            event_id: id of the event.

        Returns:
            What was recorded.

        Raises:
            LabelError: a box is none, lies outside of the image or exactly on another of its class,
                or is not what it is to be changed from; a class is not in the list or was removed;
                there is no such image, or images have no boxes here. Nothing was written.
            DatabaseError: the database is gone; nothing was written.
        """
        drawing = self._require_drawing("draw")
        about = Draft(sample_id, KEEP, None, source, seconds, suggestion, model)
        return self._committer.apply(drawing.changed(about, changes), event_id, based_on)

    def done(
        self,
        sample_id: str,
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Say that what is drawn is all that there is to draw, also if that is nothing.

        From then on it is trained and measured on. Arguments and result are those of `commit`.

        Raises:
            LabelError: there is no such image, or images have no boxes here.
            DatabaseError: the database is gone; nothing was written.
        """
        drawing = self._require_drawing("done")
        about = Draft(sample_id, KEEP, Status.LABELLED, source, seconds)
        return self._committer.apply(drawing.finished(about), event_id, based_on)

    def commit_many(
        self,
        sample_ids: Sequence[str],
        label: str | Sequence[str],
        *,
        seconds: float | None = None,
        source: Source = Source.HUMAN,
        event_id: str | None = None,
    ) -> list[LabelEvent]:
        """Label many images, as one step: one `undo` takes all of it back.

        Nobody else's label is overruled: that takes a look at the image, and `commit`.

        Args:
            sample_ids: the images, at most 5,000.
            label: name of a class; in multi-label the names of all classes that they have.
            seconds: spent on all of them together.
            source: how it came about.
            event_id: id of the step, for a caller that may have to send it twice.

        Returns:
            An event an image. Where somebody else has labelled the image, or it was skipped, it is
            recorded but not applied.

        Raises:
            LabelError: the class is not in the list or was removed, there is no such image, or
                there are none or too many.
            DatabaseError: the database is gone; nothing was written.
        """
        return self.many.label(sample_ids, label, seconds=seconds, source=source, event_id=event_id)

    def skip(
        self,
        sample_id: str,
        *,
        seconds: float | None = None,
        based_on: str | None = None,
        event_id: str | None = None,
    ) -> Commit:
        """Leave an image without a label and out of the queue; its label, if any, stays.

        Arguments, result and errors are those of `commit`.
        """
        draft = Draft(sample_id, KEEP, Status.SKIPPED, Source.HUMAN, seconds)
        return self._committer.apply(draft, event_id, based_on)

    def note(self, sample_id: str, text: str, *, event_id: str | None = None) -> Commit:
        """Write a note on an image, in the place of the one it has; an empty one takes it away.

        The image's label, its status and what commits are based on stay as they are.

        Args:
            sample_id: the image.
            text: at most 10,000 characters.
            event_id: id of the event, for a caller that may have to send it twice.

        Returns:
            What was recorded.

        Raises:
            LabelError: it is no text or too long, or there is no such image.
        """
        return self._notes.write(sample_id, text, self.annotator, event_id)

    def undo(self, event_id: str | None = None, step: str | None = None) -> Commit | None:
        """Take back this annotator's latest event that still stands, as a new event.

        What `commit_many` recorded is taken back as one; across restarts, to the first event.

        Args:
            event_id: id of the undoing event, for a caller that may have to send it twice.
            step: id of the event or step to take back, in place of the latest.

        Returns:
            The undoing event, or None when there is nothing to take back.
        """
        return self._committer.take_back(
            partial(self._log.latest_undoable, step=step), Source.UNDO, event_id
        )

    def redo(self, event_id: str | None = None, step: str | None = None) -> Commit | None:
        """Take back this annotator's latest undo, as a new event that can be undone again.

        All undos there are can be taken back, until the annotator does anything new.

        Args:
            event_id: id of the redoing event, for a caller that may have to send it twice.
            step: id of the undo to take back, in place of the latest, whatever was done since.

        Returns:
            The redoing event, or None when there is nothing to do again.
        """
        return self._committer.take_back(
            partial(self._log.latest_redoable, step=step), Source.REDO, event_id
        )

    def import_labels(self, labels: Mapping[str, Given], annotator: str = "import") -> int:
        """Record labels that somebody else gave, an event each, in transactions of 1,000.

        Args:
            labels: by sample id, as `commit` takes them; classes must be in the list.
            annotator: whose labels they are.

        Returns:
            How many were recorded.

        Raises:
            LabelError: a class is not in the list or was removed, or a box is none; nothing was
                written. Or a box cannot be where it is: the transactions before it stay.
        """
        return import_labels(self._writer, self._classes, self._drawing, labels, annotator)

    @property
    def masks(self) -> Masks:
        """The masks of images, in segmentation.

        Raises:
            LabelError: images have no masks here.
        """
        if not isinstance(self._drawing, MaskDrawing):
            raise LabelError(f"images have no masks here: this dataset is for {self.task}")
        return Masks(self._samples, self._drawing.painter, self._classes)

    def _find_drawing(self, connection: Connection) -> Drawing | None:
        if self.task != SEGMENTATION:
            drawing = ObjectDrawing(self.task == INSTANCES, self.skeleton)
            return drawing if self.task in DRAWN else None
        parts = connection.database, self.dataset_id, self._log, self._classes
        return MaskDrawing(
            Painter(masks_folder(connection.home, self.dataset_id), ClassNumbers(*parts))
        )

    def _tell_numbers(self) -> None:
        """Let FiftyOne know what the numbers in masks stand for by now."""
        if isinstance(self._drawing, MaskDrawing):
            self._drawing.painter.names()

    def _require_drawing(self, verb: str) -> Drawing:
        if self._drawing is None:
            raise LabelError(
                f"labels.{verb} is for boxes and masks, but this dataset is for {self.task}: use "
                "labels.commit, or make a dataset of boxes, workbench.open(name, "
                'task="detection", …)'
            )
        return self._drawing
