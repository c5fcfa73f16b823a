"""What differs between tasks, for the wiring: how a model is fitted, told, measured and doubted.

Classification gives an image one class, multi-label any number of them. All else, from the queue to
the pages, treats labels as values (`dataset.values`) and probabilities as a matrix.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.table import Table, Targets
from workbench.dataset.types import Prediction
from workbench.dataset.values import (
    BOXED,
    KEYPOINTS,
    MULTILABEL,
    SEGMENTATION,
    Value,
    names_of,
    to_plain,
)
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.cases import THRESHOLD, Cases
from workbench.evaluation.classification import Evaluation, evaluate_classification
from workbench.evaluation.intervals import Estimate, wilson
from workbench.evaluation.measured import Measured
from workbench.evaluation.multilabel import MultiLabelEvaluation, evaluate_multilabel, micro_f1
from workbench.models.linearprobe import LinearProbe
from workbench.models.multiprobe import fit_multiprobe
from workbench.models.probe import fit_probe
from workbench.quality import multilabel as several
from workbench.quality import suspects as single
from workbench.selection.uncertainty import doubt

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
AnySuspects: TypeAlias = single.Suspects | several.MultiLabelSuspects

SCORES = 5  # likeliest classes told of an image
LEAST = 0.005  # probability that is worth telling


class Task(Protocol):
    """One kind of labels.

    Attributes:
        exclusive: whether an image has one class only.
        measure: name of the headline figure.
    """

    exclusive: bool
    measure: str

    def require_labels(self, table: Table, rows: Ints) -> None:
        """Say what is missing before a model can be fitted.

        Raises:
            NotEnoughLabelsError: there is too little to tell classes apart by.
        """

    def fit(self, features: Array, targets: Targets, **options: Any) -> LinearProbe:
        """A calibrated probe on (n, d) unit features; options are those of `fit_probe`."""

    def predict(self, probabilities: Array, classes: Sequence[str]) -> list[Prediction]:
        """What (n, K) probabilities say of each image."""

    def value(self, target: Any, classes: Sequence[str]) -> Value:
        """A row of `Table.targets` as a label."""

    def figure(self, truth: Targets, probabilities: Array) -> Estimate:
        """The headline figure with its interval, in no time."""

    def evaluate(self, cases: Cases, **about: Any) -> Measured:
        """All figures; `about` is what `evaluate_classification` wants besides."""

    def suspects(self, features: Array, targets: Targets, out_of_fold: Array) -> AnySuspects:
        """Labels ranked by how doubtful they are."""

    def explain(self, suspects: Any, row: int, classes: Sequence[str]) -> str:
        """Why a label is doubted, in words."""


class Classification:
    """One class an image."""

    exclusive = True
    measure = Evaluation.measure

    def require_labels(self, table: Table, rows: Ints) -> None:
        """At least two classes have to have a label."""
        seen = np.unique(table.targets[rows])
        if len(seen) < 2:
            names = ", ".join(table.classes[int(i)] for i in seen) or "none"
            raise NotEnoughLabelsError(
                f"a model needs labels of at least 2 classes, but the pool has {len(rows)} labels "
                f"of {len(seen)} ({names}): label more images, bench.label()"
            )

    def fit(self, features: Array, targets: Targets, **options: Any) -> LinearProbe:
        """`fit_probe`."""
        return fit_probe(features, targets.astype(np.int64, copy=False), **options)

    def predict(self, probabilities: Array, classes: Sequence[str]) -> list[Prediction]:
        """The most probable class of each image."""
        best = probabilities.argmax(axis=1)
        sure = probabilities[np.arange(len(best)), best]
        margins = 1 - doubt(probabilities)
        rows = zip(best.tolist(), sure.tolist(), margins.tolist(), strict=True)
        return [Prediction(classes[index], p, margin) for index, p, margin in rows]

    def value(self, target: Any, classes: Sequence[str]) -> Value:
        """The name of the class."""
        return classes[int(target)]

    def figure(self, truth: Targets, probabilities: Array) -> Estimate:
        """Accuracy, with Wilson's interval."""
        return wilson(int((truth == probabilities.argmax(axis=1)).sum()), len(truth))

    def evaluate(self, cases: Cases, **about: Any) -> Measured:
        """`evaluate_classification`."""
        return evaluate_classification(cases, **about)

    def suspects(self, features: Array, targets: Targets, out_of_fold: Array) -> AnySuspects:
        """`quality.suspects.rank_suspects`."""
        return single.rank_suspects(features, targets.astype(np.int64, copy=False), out_of_fold)

    def explain(self, suspects: Any, row: int, classes: Sequence[str]) -> str:
        """`quality.suspects.explain`."""
        return single.explain(suspects, row, classes)


class MultiLabel:
    """Any number of classes an image."""

    exclusive = False
    measure = MultiLabelEvaluation.measure

    def require_labels(self, table: Table, rows: Ints) -> None:
        """Some class has to be on one image and missing on another."""
        there = table.targets[rows].sum(axis=0)
        if not ((there > 0) & (there < len(rows))).any():
            raise NotEnoughLabelsError(
                f"a model needs a class that some images have and others do not, but the pool has "
                f"{len(rows)} labels and no such class: label more images, bench.label()"
            )

    def fit(self, features: Array, targets: Targets, **options: Any) -> LinearProbe:
        """`fit_multiprobe`."""
        return fit_multiprobe(features, targets.astype(np.bool_, copy=False), **options)

    def predict(self, probabilities: Array, classes: Sequence[str]) -> list[Prediction]:
        """All classes of each image that are more probable than not."""
        least_sure = np.maximum(probabilities, 1 - probabilities).min(axis=1, initial=1.0)
        out = []
        for row, sure in zip(probabilities, least_sure.tolist(), strict=True):
            there = np.flatnonzero(row >= THRESHOLD).tolist()
            names = tuple(classes[i] for i in there)
            scores = tuple(float(row[i]) for i in there)
            out.append(Prediction(names, sure, 2 * sure - 1, scores))
        return out

    def value(self, target: Any, classes: Sequence[str]) -> Value:
        """The names of the classes that are there."""
        return tuple(classes[i] for i in np.flatnonzero(target).tolist())

    def figure(self, truth: Targets, probabilities: Array) -> Estimate:
        """Micro-averaged F1, with a bootstrap interval over images."""
        return micro_f1(truth.astype(np.bool_, copy=False), probabilities >= THRESHOLD)

    def evaluate(self, cases: Cases, **about: Any) -> Measured:
        """`evaluate_multilabel`."""
        return evaluate_multilabel(cases, **about)

    def suspects(self, features: Array, targets: Targets, out_of_fold: Array) -> AnySuspects:
        """`quality.multilabel.rank_multilabel_suspects`."""
        return several.rank_multilabel_suspects(
            features, targets.astype(np.bool_, copy=False), out_of_fold
        )

    def explain(self, suspects: Any, row: int, classes: Sequence[str]) -> str:
        """`quality.multilabel.explain`."""
        return several.explain(suspects, row, classes)


class Boxes(MultiLabel):
    """Boxes in an image: which classes it has is known of it, but no probe learns boxes.

    Images are embedded and picked as in every task, without a model's opinion.
    """

    measure = "mAP"

    def require_labels(self, table: Table, rows: Ints) -> None:
        """There are never enough labels for a probe."""
        raise NotEnoughLabelsError(
            "boxes are learned by a detector, and there is none yet: what needs one is not "
            "available; bench.label() and bench.pick() are"
        )


class Masks(Boxes):
    """A class for each pixel: the same, but by a segmenter."""

    measure = "mean IoU"

    def require_labels(self, table: Table, rows: Ints) -> None:
        """There are never enough labels for a probe."""
        raise NotEnoughLabelsError(
            "masks are learned by a segmenter, and there is none yet: what needs one is not "
            "available; bench.label() and bench.pick() are"
        )


class Keypoints(Boxes):
    """Named points of objects: labelled, stored and exported; nothing learns them."""

    measure = "keypoint AP"

    def require_labels(self, table: Table, rows: Ints) -> None:
        """There are never enough labels for a probe."""
        raise NotEnoughLabelsError(
            "keypoints are labelled, stored and exported here, and no model learns them: what needs "
            "one is not available; bench.label(), bench.pick() and bench.export() are"
        )


def find_task(name: str) -> Task:
    """The task of a dataset, by what its record says."""
    if name == KEYPOINTS:
        return Keypoints()
    if name in BOXED:
        return Boxes()
    if name == SEGMENTATION:
        return Masks()
    return MultiLabel() if name == MULTILABEL else Classification()


def suggestion(value: Value, scores: Array, classes: Sequence[str], model: str) -> dict[str, Any]:
    """What a model suggests for an image, as a page gets it.

    Args:
        value: what it suggests.
        scores: (K,) probabilities; NaN where it has nothing to say.
        classes: names by index.
        model: which one it is.
    """
    known = bool(np.isfinite(scores).all())
    best: list[int] = (
        np.argsort(-scores)[: max(SCORES, len(names_of(value)))].tolist() if known else []
    )
    return {
        "label": to_plain(value),
        "scores": {classes[i]: round(float(scores[i]), 4) for i in best if scores[i] > LEAST},
        "model": model,
    }
