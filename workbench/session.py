"""The workbench: one object, one kernel, one persisted dataset.

It only wires rooms together. Imports FiftyOne; `workbench.open` imports it when called.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.appdesk import AppDesk
from workbench.boxwork import BoxWork
from workbench.classes import Classes
from workbench.dataset.connection import Connection
from workbench.dataset.ingest import ImportReport
from workbench.dataset.rounds import rounds
from workbench.dataset.splits import TEST_FRACTION
from workbench.dataset.types import Status
from workbench.dataset.values import DETECTION, INSTANCES, KEYPOINTS, SEGMENTATION
from workbench.embedder import DEFAULT_BACKBONE
from workbench.evaluation.measured import Measured
from workbench.imagework import ImageWork
from workbench.keypointwork import KeypointWork
from workbench.labelfiles import add_labelled
from workbench.labels.annotators import default_annotator
from workbench.labels.queue import LabelQueue
from workbench.labels.store import LabelStore
from workbench.maskwork import MaskWork

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.evaluation.detection import DetectionEvaluation
    from workbench.evaluation.segmentation import SegmentationEvaluation
    from workbench.exchange import ExportReport
    from workbench.magic import Magic
    from workbench.mistakes import Errors
    from workbench.runs.run import TrainRun
    from workbench.runs.runs import Runs
    from workbench.selection.strategies import OwnStrategy
    from workbench.widgets.app_frame import AppFrame
    from workbench.widgets.labelling import LabelWidget
    from workbench.wrongplaces import WrongPlaces


_WORK = {DETECTION: BoxWork, INSTANCES: BoxWork, SEGMENTATION: MaskWork, KEYPOINTS: KeypointWork}


class Workbench:
    """A dataset on the bench; `workbench.open` makes one.

    Attributes:
        dataset: the plain FiftyOne dataset.
        labels: commit, undo and history of labels.
        queue: what is to be labelled next.
        classes: names of the classes.
        imported: report of the import that opening it did, if any.
    """

    def __init__(
        self,
        connection: Connection,
        dataset: "fo.Dataset",
        annotator: str | None = None,
        imported: ImportReport | None = None,
        test_fraction: float = TEST_FRACTION,
    ) -> None:
        self.dataset = dataset
        self.imported = imported
        self.labels = LabelStore(connection, dataset, annotator or default_annotator())
        self.queue = LabelQueue(connection, dataset)
        self.classes = Classes(self.labels)
        self._connection = connection
        self._app = AppDesk(self.labels, self.queue, dataset)
        self._test_fraction = test_fraction
        self._work: ImageWork = _WORK.get(self.labels.task, ImageWork)(
            connection, dataset, self.labels, self.queue
        )

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return str(self.dataset.name)

    def seed(self, seed: int) -> None:
        """Make the picks of this bench repeatable from here on."""
        self._work.seed(seed)

    def add(self, folder: str | Path, labels: str | Path | None = None) -> ImportReport:
        """Import the images of a folder that are not there yet.

        Args:
            folder: searched with its sub-folders.
            labels: `"folders"` takes the name of the folder that an image lies in as its label.
                `"coco"`, `"yolo"`, `"voc"`, `"cvat"`, `"csv"`, `"masks"` or `"fiftyone"` is looked
                for in `folder`; a path says where. An image with a fault, or with a label, stays as it is.

        Returns:
            What was added and what was left out, with reasons; `labels` of it is about the labels.

        Raises:
            ImportFolderError: the folder is missing, or holds no usable image.
            FormatError: the file of labels cannot be used as a whole; nothing was imported.
            DatasetError: `"folders"`, where boxes are labelled.
        """
        parts = self.dataset, self.labels, Path(folder), labels
        return add_labelled(*parts, self._test_fraction)

    def export(self, folder: str | Path, format: str) -> "ExportReport":
        """Write the labelled images with their labels, in the format of another tool.

        Args:
            folder: must not exist, or be empty; it is there whole, or not at all.
            format: `coco`, `yolo`, `voc`, `cvat`, `csv` or `fiftyone` for boxes; `coco`, `cvat`,
                `masks` or `fiftyone` for outlines; `coco` or `fiftyone` for keypoints; `masks` or
                `fiftyone` for masks; `folders`, `csv` or `fiftyone` for classes. What it cannot
                carry is warned of before it is lost.

        Raises:
            FormatError: the folder is taken, nothing is labelled, or this cannot be in the format.
        """
        from workbench.exchange import export

        return export(self.dataset, self.labels, Path(folder), format)

    def to_pandas(self, rows: str = "images") -> pd.DataFrame:
        """The images as a table, or in detection their boxes (`rows="boxes"`)."""
        from workbench.exchange import to_pandas

        return to_pandas(self.dataset, self.labels, rows)

    def label(
        self,
        count: int | None = None,
        *,
        review: str | None = None,
        instant: bool = True,
        keys: Mapping[str, str] | None = None,
    ) -> "LabelWidget":
        """A widget to label the queue in, or to review labels in, by keyboard; saved as you go.

        Args:
            count: where the queue is empty, the size of a first batch at random, by default 50; in
                review, how many labels to walk through, by default those that are likely wrong.
            review: `"suspects"` walks through the pool's likely label errors, the most doubtful
                first, each with what speaks against it. Nothing has to be trained for that.
                `"sent"` walks through what was sent to review from the App; a label that is kept
                or changed leaves the review.
            instant: whether the model learns in the background while you label, suggests, and puts
                what is left of its own picks into the order of its doubt. Test images and the
                random tenth keep their places, and test images get no suggestion.
            keys: other keys, by name of the action (`?` in the widget shows them), or by
                `class:<name>`.

        Raises:
            ValueError: `review` is something else, or `keys` names an action that there is not.
            NotEnoughLabelsError: there are too few labels to doubt any.
        """
        widget = self._work.label(count, review, instant, keys)
        self._app.offer()
        return widget

    @property
    def magic(self) -> "Magic":
        """The magic tools of the widget: a Segment-Anything model for them, and tools of your own."""
        return self._work.desks.magic

    def suspects(self) -> pd.DataFrame:
        """The pool's labels, the most doubtful first, with the evidence in words.

        Every label is judged by a probe that has not seen it, and by its nearest neighbours. Boxes
        are judged by the detector, in images that it has not learned from: overlooked, badly placed
        or of a wrong class. `bench.train(fold=1)`, and 2, 3, 4, train others that judge the rest.
        Outlines are judged by the edges of their images, too: loose, tight or shifted. Masks are judged
        region by region, in images that the segmenter has not learned from.

        Returns:
            A row a label: `path`, `label`, `suggested`, `score` (0 to 1), `likely` (whether it
            counts as a likely error; their number estimates how many there are), `reason`. With
            boxes, a row a box or place, as `boxreview.BoxDoubts.to_pandas` gives it.

        Raises:
            NotEnoughLabelsError: the pool's labels cover fewer than two classes.
        """
        return self._work.suspects()

    def train(
        self,
        backbone: str = DEFAULT_BACKBONE,
        *,
        minutes: float = 5,
        seed: int = 0,
        weights: str | Path = "pretrained",
        **choices: Any,
    ) -> "TrainRun":
        """Fine-tune a timm backbone on the labelled pool, then use it, if it is better.

        Returns at once: the run works in a process of its own, draws itself in the cell, and can be
        stopped there; a second one queues. In a script, `bench.train(...).wait()`. A fifth of the
        labelled pool is held out; the fine-tuned backbone is taken into use only if it does better
        there than the model in use, out of fold. With boxes, it is a detector that learns (FCOS on
        the backbone's feature maps), judged by mAP50 on the images held out, with masks a segmenter,
        judged by mean IoU; which these are, their content decides once and for all.

        Args:
            backbone: a timm model name.
            minutes: wall-clock time for the training itself.
            seed: of everything random.
            weights: that it begins with: `"pretrained"`, `"random"`, a file of weights, or the
                folder of a checkpoint.
            choices: of `workbench.models.recipe.Recipe`, such as `epochs`, `rate` or `batch_size`
                (with boxes of `DetectorRecipe`: `side`, too);
                the others depend on the task and the number of labels. `run.job.recipe` shows all.

        Raises:
            BackboneError: the backbone is unknown.
            NotEnoughLabelsError: too few labels to hold some out.
            ValueError: a choice is unknown or out of its range.
        """
        return self._work.train(
            backbone, weights=str(weights), minutes=minutes, seed=seed, choices=choices
        )

    @property
    def runs(self) -> "Runs":
        """The training runs, as a table; `runs[-1]` is the latest, `runs.best()` the best."""
        return self._work.runs

    def predict(self, folder: str | Path | None = None) -> pd.DataFrame:
        """What the current model says.

        Args:
            folder: images to predict, which need not be in the dataset. By default the dataset's
                own, whose `prediction` is brought up to date too.

        Returns:
            A row an image: `path`, `label` (in multi-label a list), `confidence` (calibrated),
            `problem` (why there is no label, for a file that cannot be used). With boxes, a row a
            box, as `SavedDetector.predict` gives it; with masks, a row an image and class in it.

        Raises:
            NotEnoughLabelsError: fewer than two classes have a label.
            ImportFolderError: the folder is missing or empty.
        """
        return self._work.predict(None if folder is None else Path(folder))

    def save_model(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Save the current model to a folder of its own; `workbench.load_model` opens it anywhere.

        Args:
            folder: where to; must not exist or be empty.
            overwrite: replace a model that is there; it stays until the new one is complete.

        Returns:
            The folder: weights, `model.json`, and a model card for people, `README.md`.

        Raises:
            BackboneError: the folder is taken, or cannot be written to.
            NotEnoughLabelsError: fewer than two classes have a label.
        """
        return self._work.save_model(Path(folder), overwrite=overwrite)

    def evaluate(self) -> "Measured | DetectionEvaluation | SegmentationEvaluation":
        """How good the current model is, on the blind test split, with intervals.

        Until 30 test images are labelled the figures are out-of-fold ones on the pool, and marked
        provisional. `plot()` shows it at a glance, `slices()` the kinds of images that it is worse
        at, `compare(before)` what an earlier evaluation got wrong or right. The App's Model
        Evaluation panel has it as `blind_test`.

        Raises:
            NotEnoughLabelsError: fewer than two classes have labels.
        """
        return self._work.evaluate()

    def errors(self, kind: str | None = None, count: int = 100) -> "Errors | WrongPlaces":
        """What the model gets wrong and what it has not seen the like of: the images to look at.

        In a cell a gallery; a click opens an image in the labelling widget. Each kind is saved as a
        view for the App, too. Mistakes on the test split are shown, but choosing labels, classes or
        models by them spends its blindness: figures on it then flatter what was chosen. Of boxes it
        and masks it is the wrong boxes and regions; views are named as `Boxes: missed`.

        Args:
            kind: `confident` (and wrong), `label` (probably a wrong one), `confused` (pairs of
                classes) or `outlier` (out of distribution); of boxes `missed`, `false alarm`,
                `badly placed`, `confused` or `duplicate`; of masks `missed`, `false alarm`,
                `confused` or `boundary`. By default all.
            count: how many of each kind, at most.

        Raises:
            ValueError: there is no such kind, or `count` is below 1.
            NotEnoughLabelsError: the pool's labels do not tell two classes apart.
        """
        return self._work.errors(kind, count)

    def inspect(self, view: str | None = None, height: int = 640) -> "AppFrame":
        """The FiftyOne App in the cell, with predictions and the saved views that matter.

        Args:
            view: a saved view: `Wrong on test`, `Least sure`, `Next batch`, `In review`, and what
                `errors` saved: `Confident and wrong`, `Probably a wrong label`, `Confused pairs`,
                `Out of distribution`.
            height: of the frame, in pixels.

        Raises:
            AppError: the App cannot be served, or there is no such view.
        """
        self._work.refresh()
        return self._app.show(view, height)

    @property
    def selected(self) -> list[str]:
        """Ids of the images selected in the App now; `bench.dataset.select(bench.selected)`."""
        return self._app.selected()

    def pick(self, count: int = 50, strategy: "str | OwnStrategy" = "uherding") -> pd.DataFrame:
        """Queue the next batch, each image with its reason.

        A tenth of it is random. Until the test set is big enough, test images are mixed in on top,
        unmarked, one in five.

        Args:
            count: pool images to pick.
            strategy: `uherding`, `maxherding`, `badge`, `margin`, `entropy`, `typiclust`, `kcenter` or
                `random`; or a function that takes a `workbench.selection.types.Query` and gives the
                rows of its candidates that it picks, the most wanted first.

        Returns:
            The batch in labelling order, as `picks` shows it.

        Raises:
            ValueError: the strategy is unknown.
            StrategyError: your own function failed, or picked what cannot be picked; nothing is
                queued.
        """
        return self._work.pick(count, strategy)

    @property
    def picks(self) -> pd.DataFrame:
        """The queue, a row an image: `filepath`, `batch`, `rank`, `strategy`, `reason`."""
        return self._work.picks

    @property
    def rounds(self) -> pd.DataFrame:
        """The rounds so far, a row a pick: labels and the headline figure before it.

        `measure` says what `value` is: accuracy, in multi-label the micro-averaged F1, of boxes mAP;
        `low` and `high` are its 95 % interval.
        """
        return rounds(self.dataset)

    def status(self) -> pd.Series:
        """Where the project stands: images, labels, queue, seconds a label."""
        table = self._work.table()
        seconds = self._work.seconds_a_label()
        return pd.Series(
            {
                "images": len(table),
                "test images": int(table.is_test.sum()),
                "classes": len(self.classes),
                "pool labels": len(table.labelled_pool),
                "test labels": len(table.labelled_test),
                "queued": len(table.queued),
                "skipped": int((table.statuses == Status.SKIPPED.value).sum()),
                "seconds a label": None if math.isnan(seconds) else round(seconds, 1),
            },
            name=self.name,
            dtype=object,
        )

    def __repr__(self) -> str:
        counts = self.status()
        done = counts["pool labels"] + counts["test labels"]
        return (
            f"Workbench({self.name!r}: {counts['images']} images, {done} labelled, "
            f"{counts['queued']} queued, {counts['classes']} classes)"
        )
