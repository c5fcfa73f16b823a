"""The flywheel spun headless: label, fit, evaluate, pick, and again, on a real dataset."""

from collections.abc import Callable

from workbench.dataset.types import Pick
from workbench.evaluation.measured import Measured
from workbench.session import Workbench
from workbench.teaching.annotators import PerfectAnnotator


def label_test_split(bench: Workbench, annotator: PerfectAnnotator) -> int:
    """Label the whole blind test split, so that every round is measured on the same images.

    Returns:
        How many were labelled.
    """
    ids = bench.dataset.match({"split": "test", "label_status": "unlabelled"}).values("id")
    bench.queue.add(
        [
            Pick(i, rank, float("nan"), "random", "the blind test split")
            for rank, i in enumerate(ids)
        ]
    )
    return annotator.work_off(bench.queue, bench.labels)


def spin(
    bench: Workbench,
    annotator: PerfectAnnotator,
    *,
    rounds: int,
    batch: int,
    strategy: str,
    seed: int,
    report: Callable[[int, Measured], None] | None = None,
) -> list[Measured]:
    """Turn the flywheel.

    Args:
        bench: an open dataset.
        annotator: who labels what is queued.
        rounds: how often.
        batch: pool images a round.
        strategy: how they are picked; the first batch has no model to go by.
        seed: of the picks.
        report: called after each round with its number, from 1, and its evaluation.

    Returns:
        An evaluation a round.
    """
    bench.seed(seed)
    evaluations: list[Measured] = []
    for number in range(1, rounds + 1):
        bench.pick(batch, strategy)
        annotator.work_off(bench.queue, bench.labels)
        measured = bench.evaluate()
        if not isinstance(measured, Measured):
            raise AssertionError("the annotator labels whole images, no boxes")
        evaluations.append(measured)
        if report is not None:
            report(number, measured)
    return evaluations
