"""From images and labels to a model, predictions, a figure and the next batch.

Wiring between rooms: vectors from `dataset`, networks from `models`, figures from `evaluation`,
picks from `selection`. Imports FiftyOne; import it only after `connection.connect()`.
"""

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.live import LiveTable
from workbench.dataset.table import Table
from workbench.dataset.types import Pick, Prediction
from workbench.embedder import Embedder
from workbench.errors import NotEnoughImagesError, NotEnoughLabelsError
from workbench.evaluation.cases import Cases
from workbench.evaluation.intervals import Estimate, trials_for, trials_like
from workbench.evaluation.measured import TEST_LABELS_NEEDED, Measured
from workbench.labels.store import LabelStore
from workbench.models.features import FeatureSpace, as_kept
from workbench.models.linearprobe import LinearProbe
from workbench.selection.batch import RANDOM_SHARE, pick_batch
from workbench.selection.boxes import Worth
from workbench.selection.mixing import as_control, mix_in
from workbench.selection.regions import RegionWorth
from workbench.selection.strategies import OwnStrategy, find_strategy
from workbench.selection.types import Query
from workbench.tasks import find_task

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.models.backbones import Backbone

Array = NDArray[np.float32]
Rows = NDArray[np.int64]

TEST_INTERVAL = 0.05  # half-width, at 95 %, at which the test set is big enough
TEST_EVERY = 5  # one image in so many in the queue is a test image until then


@dataclass(frozen=True)
class Fit:
    """A probe and what it was fitted on.

    Attributes:
        table: the images.
        features: (n, d) unit features, a row an image.
        rows: rows that the probe learned from.
        probe: the probe.
        space: what the features are in.
    """

    table: Table
    features: Array
    rows: Rows
    probe: LinearProbe
    space: FeatureSpace

    @cached_property
    def probabilities(self) -> Array:
        """(n, k) calibrated probabilities of every image, computed when first asked for."""
        return self.probe.predict_proba(self.features, len(self.table.classes))

    def at(self, rows: Rows | Sequence[int]) -> Array:
        """Calibrated probabilities of some images: (m, k), at the cost of those alone."""
        chosen = np.asarray(rows, dtype=np.int64)
        return self.probe.predict_proba(self.features[chosen], len(self.table.classes))


class Learner:
    """The current model of one dataset: a backbone and, on its frozen features, a probe.

    Args:
        home: the data home.
        dataset: the FiftyOne dataset, prepared.
        labels: its labels.
        seed: of folds and picks.

    Attributes:
        task: what is labelled.
    """

    def __init__(
        self, home: Path, dataset: "fo.Dataset", labels: LabelStore, seed: int = 0
    ) -> None:
        self.task = find_task(labels.task)
        self._embedder = Embedder(home, dataset)
        self._dataset = dataset
        self._labels = labels
        self._live = LiveTable(dataset, labels.task)
        self._seed = seed
        self._lock = threading.RLock()
        self._space: FeatureSpace | None = None
        self._features: Array | None = None
        self._features_of: tuple[str, list[str]] | None = None
        self._latest: Fit | None = None

    @property
    def embedder(self) -> Embedder:
        """The backbone in use and the vectors it gives."""
        return self._embedder

    @property
    def key(self) -> str:
        """Key of the backbone in use, or its name where nothing has been embedded yet."""
        return self._embedder.key

    def use(self, backbone: "Backbone", checkpoint: Path | None, trained_on: Sequence[str]) -> None:
        """Make another backbone the current one; `Embedder.use` says the arguments."""
        with self._lock:
            self._embedder.use(backbone, checkpoint, trained_on)
            self._space = self._features = self._features_of = self._latest = None

    def table(self) -> Table:
        """The dataset as it is now."""
        self._labels.reload_classes()  # another kernel may have changed them
        return self._live.read(self._labels.classes, anew=True)

    def live_table(self) -> Table:
        """The same at the cost of what has changed since it was last asked for."""
        self._labels.reload_classes()  # another kernel may have changed them
        return self._live.read(self._labels.classes)

    def has_features(self, table: Table) -> bool:
        """Whether `features` has them at hand, so that nothing has to be embedded or read."""
        return self._features_of == (self._embedder.identity()[0], table.hashes)

    def features(self, table: Table) -> Array:
        """Unit features of all images, in a space fitted on the pool alone: (n, d).

        Raises:
            NotEnoughImagesError: the pool has fewer than two images.
        """
        with self._lock:
            key = (self._embedder.identity()[0], table.hashes)
            if self._features is None or self._features_of != key:
                if (pool := int((~table.is_test).sum())) < 2:
                    raise NotEnoughImagesError(
                        f"a model needs at least 2 images in the pool, but {self._dataset.name!r} "
                        f"has {pool}: bench.add(folder) adds more"
                    )
                vectors = self._embedder.vectors(table)
                # A changed space makes an old probe's weights meaningless as a start.
                self._latest = None
                self._space = FeatureSpace.fit(vectors[~table.is_test], seed=self._seed)
                self._features = self._space.transform(vectors)
                self._features_of = key
            return self._features

    def fit(self, table: Table | None = None) -> Fit:
        """Fit the probe on every labelled pool image.

        Raises:
            NotEnoughLabelsError: the pool's labels do not tell two classes apart.
        """
        with self._lock:
            table = table or self.table()
            rows = table.labelled_pool
            self.task.require_labels(table, rows)
            features = self.features(table)
            if self._space is None:
                raise AssertionError("features have a space")
            latest = self._latest
            if latest is not None and _same_labels(latest, table, rows):
                # Nothing that it learned from has changed; what is measured on may have.
                return replace(latest, table=table)
            honest = self._not_trained_on(table, rows)
            probe = self.task.fit(
                features[rows],
                table.targets[rows],
                calibrate_on=honest,
                # An index may mean another class by now.
                warm=latest.probe if latest and latest.table.classes == table.classes else None,
                names=rows,
                seed=self._seed,
            )
            self._latest = Fit(table, features, rows, probe, self._space)
            return self._latest

    def in_use(self) -> tuple["Backbone", Fit]:
        """The backbone and the fit on its vectors, as they belong together.

        Raises:
            NotEnoughLabelsError: the pool's labels do not tell two classes apart.
        """
        with self._lock:
            return self._embedder.backbone, self.fit()

    def predictions(self, fit: Fit) -> dict[str, Prediction]:
        """What the model says of every image, by sample id."""
        said = self.task.predict(fit.probabilities, fit.table.classes)
        return dict(zip(fit.table.ids, said, strict=True))

    def predict_vectors(self, fit: Fit, vectors: Array) -> Array:
        """Calibrated probabilities of vectors from elsewhere: (m, D) to (m, k)."""
        features = fit.space.transform(as_kept(vectors))
        return fit.probe.predict_proba(features, len(fit.table.classes))

    def evaluate(self, fit: Fit) -> Measured:
        """Figures on the blind test split, or provisional ones until it has 30 labels.

        Raises:
            NotEnoughLabelsError: there is nothing to measure on.
        """
        rows, probabilities, provisional = self._measured(fit)
        table = fit.table
        ids = [table.ids[row] for row in rows]
        return self.task.evaluate(
            Cases(ids, table.targets[rows], probabilities, table.classes),
            provisional=provisional,
            test_labels=len(table.labelled_test),
            pool_labels=len(fit.rows),
        )

    def figure(self, fit: Fit) -> tuple[Estimate, bool]:
        """The headline that `evaluate` gives, and whether it is provisional, in no time.

        Raises:
            NotEnoughLabelsError: there is nothing to measure on.
        """
        rows, probabilities, provisional = self._measured(fit)
        figure = self.task.figure(fit.table.targets[rows], probabilities)
        if not math.isfinite(figure.value):
            raise NotEnoughLabelsError(
                "no figure can be given yet: the images to measure on have none of the classes, "
                "and none is predicted"
            )
        return figure, provisional

    def _measured(self, fit: Fit) -> tuple[Rows, Array, bool]:
        """Rows to measure on, what is predicted for them, and whether that is provisional."""
        table = fit.table
        test = table.labelled_test
        provisional = len(test) < TEST_LABELS_NEEDED
        if provisional:
            known = np.isfinite(fit.probe.out_of_fold).all(axis=1)
            known &= self._not_trained_on(table, fit.rows)
            rows = fit.rows[known]
            predicted = fit.probe.spread(fit.probe.out_of_fold[known], len(table.classes))
        else:
            rows, predicted = test, fit.at(test)
        if len(rows) == 0:
            raise NotEnoughLabelsError(
                "no figure can be given yet: label at least two images each of two classes"
            )
        return rows, predicted, provisional

    def pick(
        self,
        count: int,
        strategy: str | OwnStrategy,
        rng: np.random.Generator,
        worth: Callable[[Table, Rows], Worth | RegionWorth] | None = None,
        measured: Estimate | None = None,
    ) -> list[Pick]:
        """Choose the next batch: pool images by the strategy, test images mixed in at random.

        Args:
            count: pool images to pick.
            strategy: name of the query strategy, or a function of the user's own.
            rng: source of randomness.
            worth: tells what labelling some rows would bring, where no probe does; it may say by
                `NotEnoughLabelsError` that it cannot tell yet.
            measured: the headline figure, where it is not the probe's.

        Returns:
            The picks in labelling order; empty when no image is left.
        """
        find_strategy(strategy)
        table = self.table()
        free = table.unlabelled_pool
        picks: list[Pick] = []
        enough = ENOUGH
        if len(free):
            features = self.features(table)
            probabilities = None
            with suppress(NotEnoughLabelsError):
                fit = self.fit(table)
                probabilities = fit.at(free)
                enough = _enough(self.figure(fit)[0].value)
            told = None
            if worth is not None:
                with suppress(NotEnoughLabelsError):
                    told = worth(table, free)
            waiting = table.queued[~table.is_test[table.queued]]
            taken = np.concatenate([table.labelled_pool, waiting])
            query = Query(
                features[free],
                probabilities,
                features[taken],
                count,
                rng,
                exclusive=self.task.exclusive,
                worth=None if told is None else told.worth,
            )
            reasons = None if told is None else told.reasons
            ids = [table.ids[row] for row in free]
            picks = pick_batch(query, strategy, ids, table.classes, RANDOM_SHARE, reasons)
        if measured is not None:
            enough = trials_like(measured, TEST_INTERVAL)
        return self._with_test(picks, table, enough, rng)

    def first_look(self, count: int, rng: np.random.Generator) -> list[Pick]:
        """A batch at random, without waiting for any embedding; test images mixed in."""
        table = self.table()
        free = table.unlabelled_pool
        rows = rng.choice(free, min(count, len(free)), replace=False)
        picks = as_control([table.ids[row] for row in rows])
        return self._with_test(picks, table, ENOUGH, rng)

    def saliency(self, sample_id: str, size: tuple[int, int]) -> tuple[str, Array] | None:
        """Where in the image the evidence for the predicted class lies.

        Args:
            sample_id: the image.
            size: (height, width) of the map wanted.

        Returns:
            The predicted class and a map (height, width) of 0 to 1, or None while there is no
            model (images are not embedded for this), where the class was removed since, and for
            test images, which get no hints.
        """
        with self._lock:
            fit = self._latest
            if fit is None or self._space is None or sample_id not in fit.table.ids:
                return None
            row = fit.table.ids.index(sample_id)
            if fit.table.is_test[row]:
                return None
            from workbench.models.saliency import saliency

            table = fit.table
            best = int(fit.at([row])[0].argmax())
            vector = self._embedder.stored([table.hashes[row]])[0]
            direction = self._space.pull_back(vector, fit.probe.direction(best))
            baseline = self._space.mean
            path = table.paths[row]
            name = self._labels.class_now(table.classes[best])  # it may be called otherwise by now
            if name is None:
                return None
            heat = saliency(self._embedder.backbone, path, direction, baseline=baseline, size=size)
            return name, heat

    def _not_trained_on(self, table: Table, rows: Rows) -> NDArray[np.bool_]:
        """Which of the rows the backbone's weights were not fine-tuned on."""
        trained = self._embedder.trained_on
        return np.array([table.hashes[row] not in trained for row in rows], dtype=np.bool_)

    def _with_test(
        self, picks: list[Pick], table: Table, enough: int, rng: np.random.Generator
    ) -> list[Pick]:
        """Put test images among the picks, unmarked, until the test set is big enough."""
        have = len(table.labelled_test) + int(table.is_test[table.queued].sum())
        needed = enough - have
        # With nothing left in the pool, only the test set is left to label.
        share = math.ceil(len(picks) / (TEST_EVERY - 1)) if picks else needed
        count = max(0, min(needed, share, len(table.unlabelled_test)))
        rows = rng.choice(table.unlabelled_test, count, replace=False)
        return mix_in(picks, as_control([table.ids[row] for row in rows]), rng)


def _enough(figure: float) -> int:
    """Test images that a figure of the probe needs.

    As a share of images does; F1, to which each image adds several answers, needs no more.
    """
    return trials_for(TEST_INTERVAL, min(max(figure, 0.5), 0.99))


ENOUGH = _enough(0.8)  # before there is a figure


def _same_labels(fit: Fit, table: Table, rows: Rows) -> bool:
    """Whether a fit on these rows of the table would be the fit that there is."""
    return (
        np.array_equal(fit.rows, rows)
        and np.array_equal(fit.table.targets[rows], table.targets[rows])
        and fit.table.classes == table.classes
        and fit.table.ids == table.ids
    )
