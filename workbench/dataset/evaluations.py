"""The blind test as an evaluation run of FiftyOne, which the App's Model Evaluation panel opens.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import fiftyone as fo
import fiftyone.utils.eval.classification as foec
from fiftyone import ViewField as F

from workbench.dataset import fields
from workbench.dataset.documents import settle
from workbench.dataset.types import Split, Status

BLIND_TEST = "blind_test"
"""Key of the run, and of the field that says of each of its images whether it is right."""


def record_evaluation(dataset: fo.Dataset, classes: Sequence[str]) -> bool:
    """Keep how the predictions in the dataset do on its blind test, unless it is kept already.

    What is done is what `evaluate_classifications` does, with two exceptions. An earlier run is not
    cleaned up field and all, which would mark every sample of the dataset as changed. And the App's
    sidebar is left alone.

    Args:
        dataset: a prepared dataset of images with one class each, predictions written. (FiftyOne
            evaluates no `Classifications`, so that there is no such run in multi-label.)
        classes: names of the classes; images with another label are left out.

    Returns:
        Whether there was anything new to keep.

    Raises:
        DatasetError: others change the dataset all the time.
    """
    view = blind_test(dataset, classes)
    ids, *now = view.values(
        [
            "id",
            f"{fields.GROUND_TRUTH}.label",
            f"{fields.PREDICTION}.label",
            f"{fields.PREDICTION}.confidence",
        ]
    )
    if not ids or now == _kept(dataset, classes):
        return False
    config = foec.SimpleEvaluationConfig(fields.PREDICTION, fields.GROUND_TRUTH)

    def run() -> None:
        method = config.build()
        when = datetime.now(UTC).replace(tzinfo=None)  # as FiftyOne keeps it
        info = method.run_info_cls()(
            BLIND_TEST, version=fo.__version__, timestamp=when, config=config
        )
        method.save_run_info(view, info, overwrite=True, cleanup=False)
        method.register_samples(view, BLIND_TEST)
        results = method.evaluate_samples(view, BLIND_TEST, classes=list(classes))
        method.save_run_results(view, BLIND_TEST, results)

    settle(dataset, run, lambda: _kept(dataset, classes) == now)
    judged = dataset.match((F(fields.SPLIT) == Split.TEST.value) & F(BLIND_TEST).exists())
    if gone := sorted(set(judged.values("id")) - set(ids)):
        dataset.select(gone).set_values(BLIND_TEST, [None] * len(gone))
    return True


def blind_test(dataset: fo.Dataset, classes: Sequence[str]) -> fo.DatasetView:
    """The labelled images of the test split that have a prediction; a condition, not a list."""
    return dataset.match(
        (F(fields.SPLIT) == Split.TEST.value)
        & F(fields.HASH).exists()
        & (F(fields.STATUS) != Status.SKIPPED.value)
        & F(f"{fields.GROUND_TRUTH}.label").is_in(list(classes))
        & F(f"{fields.PREDICTION}.label").exists()
    )


def _kept(dataset: fo.Dataset, classes: Sequence[str]) -> list[list[object]] | None:
    """Truth, prediction and confidence as the run has them; None without a run of the classes."""
    if BLIND_TEST not in dataset.list_evaluations():
        return None
    results = dataset.load_evaluation_results(BLIND_TEST)
    if results is None or list(results.classes) != list(classes):
        return None
    return [[*results.ytrue.tolist()], [*results.ypred.tolist()], [*results.confs.tolist()]]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep FiftyOne from telling in the cell what it is about to do."""
    log = logging.getLogger("fiftyone.utils.eval")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
