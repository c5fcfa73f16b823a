"""Saving the model in use: from the rooms that know something of it into one folder.

Wiring; imports FiftyOne by way of `learning`.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset.fields import GROUND_TRUTH
from workbench.dataset.table import Table
from workbench.dataset.values import names_of, to_plain
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.cases import THRESHOLD
from workbench.evaluation.detection import DetectionEvaluation
from workbench.evaluation.intervals import Estimate
from workbench.evaluation.measured import Measured
from workbench.evaluation.segmentation import SegmentationEvaluation
from workbench.labels.store import LabelStore
from workbench.learning import Fit, Learner
from workbench.models import saved, saveddetector, savedsegmenter
from workbench.models.modelfolder import require_untaken
from workbench.models.saveddetector import SavedDetector
from workbench.models.savedheads import ProbeHead
from workbench.models.savedsegmenter import SavedSegmenter

_METHOD = (
    "By the out-of-fold predictions of {rows} labels: they chose what class means and logistic "
    "regression weigh, and with that how sure their sum is."
)


def save_model(
    learner: Learner, labels: LabelStore, dataset: str, folder: Path, *, overwrite: bool
) -> Path:
    """Save the model in use to a folder that needs no dataset; `workbench.load_model` opens it.

    Args:
        learner: has the model.
        labels: what it learned from.
        dataset: its name, for the record.
        folder: where to; must not exist or be empty, unless `overwrite`.
        overwrite: whether a model that is there may be replaced.

    Returns:
        The folder, absolute.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
        NotEnoughLabelsError: there is no model yet.
    """
    folder = folder.expanduser().absolute()
    require_untaken(folder, overwrite=overwrite)  # said before anything is computed
    backbone, fit = learner.in_use()
    measured: Measured | None = None
    with suppress(
        NotEnoughLabelsError
    ):  # what cannot be measured yet can be saved: its card says so
        measured = learner.evaluate(fit)
    table = fit.table
    saved.save_model(
        folder,
        task=labels.task,
        classes=tuple(table.classes),
        backbone=backbone,
        head=ProbeHead(fit.space, fit.probe, len(table.classes)),
        threshold=THRESHOLD,
        calibration=_calibration(fit, measured),
        metrics={} if measured is None else _metrics(measured),
        trained_on={"dataset": dataset, **_snapshot(learner, labels, fit)},
        overwrite=overwrite,
    )
    return folder


def save_drawn(
    model: SavedDetector | SavedSegmenter,
    measure: Callable[[], DetectionEvaluation | SegmentationEvaluation],
    labels: LabelStore,
    table: Table,
    folder: Path,
    *,
    overwrite: bool,
) -> Path:
    """Save a detector or segmenter, with what it is measured at by now; the rest as `save_model`.

    Args:
        model: the one in use.
        measure: says how good it is.
        labels: know what has become of its classes: those that were renamed go by their new names.
        table: the dataset as it is.
        folder: where to.
        overwrite: whether a model that is there may be replaced.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
        ImageError: a file that it is measured on cannot be read.
    """
    folder = folder.expanduser().absolute()
    require_untaken(folder, overwrite=overwrite)
    metrics = dict(model.metrics)
    with suppress(NotEnoughLabelsError):
        metrics |= _metrics(measure())
    known = {name for name in model.classes if labels.ever_had_class(name)}
    now = [(labels.class_now(name) if name in known else None) or name for name in model.classes]
    names = tuple(now) if len({*now}) == len(now) else model.classes
    about = dict(model.description.trained_on)
    if counts := about.get("labels_per_class"):
        about["labels_per_class"] = dict(zip(names, counts.values(), strict=True))
    told: dict[str, Any] = {"classes": names, "metrics": metrics}
    told["trained_on"] = about | _splits(table, about.get("pool", {}))
    if isinstance(model, SavedDetector):
        saveddetector.save_again(model, folder, **told, overwrite=overwrite)
    else:
        savedsegmenter.save_again(model, folder, **told, overwrite=overwrite)
    return folder


def _splits(table: Table, pool: Mapping[str, Any]) -> dict[str, Any]:
    """How many images there are to learn from, and to test on."""
    return {
        "pool": {"images": int((~table.is_test).sum()), **pool},
        "test": {"images": int(table.is_test.sum()), "labels": len(table.labelled_test)},
    }


def _metrics(measured: Measured | DetectionEvaluation | SegmentationEvaluation) -> dict[str, Any]:
    """Every figure that has an interval, and the table by class, as JSON values."""
    values = {each.name: getattr(measured, each.name) for each in fields(measured)}
    figures = {
        name: _interval(value) for name, value in values.items() if isinstance(value, Estimate)
    }
    return {
        "measure": measured.measure,
        "provisional": measured.provisional,
        "images": measured.headline.count,
        "test_labels": measured.test_labels,
        "pool_labels": measured.pool_labels,
        "figures": figures,
        "per_class": _records(measured.per_class),
    }


def _records(per_class: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [str(name) for name in per_class.columns]
    rows = zip(per_class.index.tolist(), per_class.to_numpy().tolist(), strict=True)
    records = []
    for name, row in rows:
        numbers = {key: _finite(value) for key, value in zip(columns, row, strict=True)}
        records.append({"class": str(name), **numbers, "support": int(numbers["support"] or 0)})
    return records


def _calibration(fit: Fit, measured: Measured | None) -> dict[str, Any]:
    """How probabilities were calibrated, and how they hold on the blind test split."""
    known = int(np.isfinite(fit.probe.out_of_fold).any(axis=1).sum())
    about: dict[str, Any] = {
        "method": _METHOD.format(rows=known),
        "out_of_fold_labels": known,
        "head_weights": np.asarray(fit.probe.head_weights).tolist(),
    }
    if measured is None or measured.provisional:
        return about
    bins = measured.reliability.bins
    return about | {
        "stated": float(np.average(bins["confidence"], weights=bins["count"])),
        "found": float(np.average(bins["share"], weights=bins["count"])),
        "images": len(measured.cases),
        "expected_calibration_error": _interval(measured.ece),
    }


def _snapshot(learner: Learner, labels: LabelStore, fit: Fit) -> dict[str, Any]:
    """What the model learned from, so that it can be told later what that was."""
    table, rows = fit.table, fit.rows
    said = [learner.task.value(table.targets[row], table.classes) for row in rows]
    values = [to_plain(label) for label in said]
    lines = sorted(
        json.dumps([table.hashes[row], value]) for row, value in zip(rows, values, strict=True)
    )
    counts = dict.fromkeys(table.classes, 0)
    for label in said:
        for name in names_of(label):
            counts[name] += 1
    tuned = sorted(learner.embedder.trained_on)
    latest = next(labels.events.find(newest_first=True, field=GROUND_TRUTH, applied=True), None)
    return {
        **_splits(table, {"labels": len(rows)}),
        "labels_per_class": counts,
        "labels_sha256": _digest(lines),
        "latest_label": None if latest is None else latest.time.replace(tzinfo=UTC).isoformat(),
        "backbone": {"images": len(tuned), "sha256": _digest(tuned)} if tuned else None,
    }


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _interval(figure: Estimate) -> dict[str, Any]:
    ends = {"value": figure.value, "low": figure.low, "high": figure.high}
    return {**{name: _finite(value) for name, value in ends.items()}, "images": figure.count}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
