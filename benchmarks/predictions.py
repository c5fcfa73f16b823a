"""What it takes to write predictions for a whole dataset: `python -m benchmarks.predictions`.

100,000 samples, one class each and then several. Ours and FiftyOne's `set_values` write
predictions in turn, others each time, so that every document changes every time. `set_values` is
called as its documentation recommends, with labels by sample id, and these are built before its
clock starts; ours starts from plain values and builds its documents on the clock. What building
FiftyOne's labels takes is printed beside it.

Then every document is compared with what `set_values` left for the same predictions: all fields,
but for the ids of the labels, which are drawn anew by both and only have to be ids, each another,
and the time of the change, which has to have moved.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._home import scratch_home
from benchmarks._report import Report, parse_quick, spread
from workbench.dataset.types import Prediction

if TYPE_CHECKING:
    from workbench.dataset.connection import Connection

SAMPLES, ROUNDS = 100_000, 3
FASTER = 3  # goal: so many times
CLASSES = [f"class {number}" for number in range(10)]
TASKS = ("classification", "multilabel")
MODEL = "benchmark@1"
OURS, THEIRS, BUILDING = "ours", "set_values", "building its labels"

Predictions = Mapping[str, Prediction]
Act = Callable[[Predictions], None]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("predictions", __doc__, argv)
    samples, rounds = (500, 2) if quick else (SAMPLES, ROUNDS)
    with Report("predictions", quick) as report, scratch_home() as home:
        from workbench.dataset.connection import connect

        connection = connect(home)
        for task in TASKS:
            _task(report, connection, task, samples, rounds)


def _task(report: Report, connection: "Connection", task: str, samples: int, rounds: int) -> None:
    import fiftyone as fo

    from workbench.dataset import schema
    from workbench.dataset.predictions import write_predictions

    dataset = fo.Dataset(f"benchmark-{task}")
    schema.prepare(dataset, task, CLASSES)
    dataset.add_samples(
        [fo.Sample(f"/images/{number}.jpg", split="pool") for number in range(samples)],
        progress=False,
    )
    ids = dataset.values("id")
    rng = np.random.default_rng(0)
    timed: dict[str, list[float]] = {OURS: [], THEIRS: [], BUILDING: []}

    def ours(said: Predictions) -> None:
        with _clock(timed[OURS]):
            write_predictions(connection, dataset, said, MODEL)

    def theirs(said: Predictions) -> None:
        with _clock(timed[BUILDING]):
            labels = {i: _label(prediction) for i, prediction in said.items()}
        with _clock(timed[THEIRS]):
            dataset.set_values("prediction", labels, key_field="id")

    for number in range(rounds):
        for act in (ours, theirs) if number % 2 else (theirs, ours):
            act(predict(ids, task, rng))
    differ = _differences(dataset, predict(ids, task, rng), ours, theirs)
    _say(report, task, samples, {name: took[:rounds] for name, took in timed.items()}, differ)
    dataset.delete()


def predict(ids: Sequence[str], task: str, rng: np.random.Generator) -> Predictions:
    """Predictions for all samples, as random as can be; in multi-label of two classes on average."""
    confidences, margins = rng.random((2, len(ids))).tolist()
    if task == "classification":
        said = [(CLASSES[index], ()) for index in rng.integers(len(CLASSES), size=len(ids))]
    else:
        scores = rng.random((len(ids), len(CLASSES)))
        rows = [np.flatnonzero(row > 0.8) for row in scores]
        said = [
            (tuple(CLASSES[index] for index in row), tuple(every[row].tolist()))
            for row, every in zip(rows, scores, strict=True)
        ]
    return {
        i: Prediction(label, confidence, margin, each)
        for i, (label, each), confidence, margin in zip(
            ids, said, confidences, margins, strict=True
        )
    }


def _label(said: Prediction) -> Any:
    """A prediction as a user of FiftyOne would write it."""
    import fiftyone as fo

    about = {"confidence": said.confidence, "margin": said.margin, "model": MODEL}
    if isinstance(said.label, str):
        return fo.Classification(label=said.label, **about)
    each = [
        fo.Classification(label=name, confidence=score)
        for name, score in zip(said.label, said.scores, strict=True)
    ]
    return fo.Classifications(classifications=each, **about)


@contextmanager
def _clock(seconds: list[float]) -> Iterator[None]:
    gc.collect()  # what the last one left is not this one's
    started = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - started)


def _differences(dataset: Any, said: Predictions, ours: Act, theirs: Act) -> int:
    """How many documents are not what `set_values` makes of the same predictions."""
    before = dataset.bounds("last_modified_at")[1]
    ours(said)
    written, fields = _documents(dataset, before), dataset.get_field_schema(flat=True)
    before = dataset.bounds("last_modified_at")[1]
    theirs(said)
    expected = _documents(dataset, before)
    if list(fields) != list(dataset.get_field_schema(flat=True)):
        return len(expected)
    return sum(document != written.get(i) for i, document in expected.items())


def _documents(dataset: Any, before: datetime) -> dict[Any, dict[str, Any]]:
    """Every document as stored; label ids and times, where they are as they have to be, as True."""
    from bson import ObjectId

    found: dict[Any, dict[str, Any]] = {}
    seen: set[Any] = set()

    def settle(label: dict[str, Any]) -> dict[str, Any]:
        mine = label["_id"]
        new = isinstance(mine, ObjectId) and mine not in seen
        seen.add(mine)
        return {**label, "_id": new or mine}

    for document in dataset._sample_collection.find():
        said = document["prediction"]
        if "classifications" in said:
            said = {**said, "classifications": [settle(each) for each in said["classifications"]]}
        else:
            said = settle(said)
        changed = document["last_modified_at"]
        moved = changed > before.replace(tzinfo=changed.tzinfo) or changed
        found[document["_id"]] = {**document, "prediction": said, "last_modified_at": moved}
    return found


def _say(
    report: Report, task: str, samples: int, timed: Mapping[str, Sequence[float]], differ: int
) -> None:
    report.say(f"\n{task}, {samples:,} samples, {len(timed[OURS])} rounds in turn")
    for name, seconds in timed.items():
        report.say(f"  {name:>19}: {spread(seconds)}")
    ratios = [theirs / ours for theirs, ours in zip(timed[THEIRS], timed[OURS], strict=True)]
    report.say(f"  set_values to ours, by round: {spread(ratios, 'x')}")
    faster = float(np.median(timed[THEIRS]) / np.median(timed[OURS]))
    report.figure(
        f"{task}_to_set_values", f"{faster:.1f} x faster", f">= {FASTER} x", faster >= FASTER
    )
    report.figure(f"{task}_documents_that_differ", str(differ), "0", not differ)


if __name__ == "__main__":
    main()
