"""How soon a label is felt: `python -m benchmarks.feedback`.

50,000 images of 100 classes, 1,000 pool labels and 200 test labels to begin with, a batch of 200
picked by uherding in the queue. Then labels are given one by one through the labelling widget's
desk, at a hand's pace, the feedback switched on and off in turns. For each pool label that was
given while it was on: the time from the key press, which is the beginning of the commit, to the
first news whose model has learned from it, with suggestions and order. Beside it what commits take
meanwhile, on and off. The same again where an image has one to three of the classes.

The dataset, its database, its labels and its vector store are real. The image files do not exist,
for nothing here opens them, and the vectors are drawn from overlapping clusters.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._home import scratch_home
from benchmarks._report import Report, parse_quick, spread
from workbench.dataset.types import Split
from workbench.dataset.values import CLASSIFICATION, MULTILABEL

if TYPE_CHECKING:
    from workbench.session import Workbench
    from workbench.widgets.labelling import Desk

GOAL = 1.0  # seconds
KEY, DIM = "efficientnet_lite0-benchmark", 1280
MOST = 3  # classes an image, where it can have several
LATENT = 64  # directions in which images differ
DISTANCE = 0.55  # between centres, beside the spread within: about four of five are told apart
PACE, VARIES = 0.8, 0.5  # median seconds from one label to the next, and the sigma of their log
PATIENCE = 60.0  # seconds to wait for the last news


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    images: int
    classes: int
    pool_labels: int
    test_labels: int
    picks: int
    given: int  # with feedback, and as many without
    block: int


FULL = Size(50_000, 100, 1_000, 200, 200, 60, 10)
QUICK = Size(600, 5, 60, 10, 24, 6, 3)


@dataclass(frozen=True, slots=True)
class Given:
    """A label that was given: when, what it took, and how many pool labels there were with it."""

    started: float
    seconds: float
    pool_labels: int
    in_pool: bool


@dataclass(frozen=True, slots=True)
class News:
    """A refit's outcome: when it was told, and how many pool labels it has learned from."""

    when: float
    pool_labels: int


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("feedback", __doc__, argv)
    size = QUICK if quick else FULL
    with Report("feedback", quick) as report, scratch_home() as home:
        report.say(f"\n{size}")
        for task in (CLASSIFICATION, MULTILABEL):
            bench, truth = make(home, size, task)
            began = time.perf_counter()
            bench.pick(size.picks)
            report.say(f"\n{task}")
            report.say(f"first pick, features included: {time.perf_counter() - began:.1f} s")
            report.say(f"to begin with: {bench.evaluate()}")
            p95 = _measure(report, bench, truth, size, 0.05 if quick else PACE)
            name = "key_to_suggestions_p95" + ("_multilabel" if task == MULTILABEL else "")
            report.figure(name, f"{p95:.2f} s", f"<= {GOAL:g} s", p95 <= GOAL)


def make(
    home: Path, size: Size, task: str, seed: int = 0
) -> "tuple[Workbench, dict[str, str | list[str]]]":
    """A dataset in the middle of a project, without the image files.

    Args:
        home: the data home.
        size: how much of everything; its picks are not made.
        task: one class an image, or several.
        seed: of vectors and labels.

    Returns:
        The bench, and the true label by sample id.
    """
    from workbench.dataset import connection, opening
    from workbench.dataset.splits import split_of
    from workbench.dataset.vectors import vector_store

    home = connection.connect(home).home
    import fiftyone as fo

    import workbench as wb
    from workbench.dataset import fields, schema

    rng = np.random.default_rng(seed)
    classes = [f"class {i:03d}" for i in range(size.classes)]
    has = np.eye(size.classes, dtype=np.bool_)[rng.integers(size.classes, size=size.images)]
    if task == MULTILABEL:
        for _ in range(MOST - 1):  # another one on half of the images
            others = rng.integers(size.classes, size=size.images)
            has[np.arange(size.images), others] |= rng.random(size.images) < 0.5
    hashes = [hashlib.sha256(f"{task} {i}".encode()).hexdigest() for i in range(size.images)]
    dataset = fo.Dataset(f"feedback-{task}", persistent=True)
    schema.prepare(dataset, task, classes, test_fraction=0.2)
    backbone = {"name": "efficientnet_lite0", "key": KEY, "dim": DIM}
    opening.update_record(dataset, backbone=backbone)
    samples = [
        fo.Sample(
            filepath=str(home / "images" / f"{i}.jpg"),
            **{
                fields.HASH: each,
                fields.SPLIT: split_of(each).value,
                fields.STATUS: "unlabelled",
            },
        )
        for i, each in enumerate(hashes)
    ]
    ids = dataset.add_samples(samples, progress=False)
    store = vector_store(home, KEY, DIM)
    with store.writing():
        store.append(hashes, clusters(has, rng))
    bench = wb.open(dataset, home=home, annotator="benchmark")
    there = [[classes[place] for place in np.flatnonzero(row)] for row in has]
    one = task != MULTILABEL
    truth = {i: names[0] if one else names for i, names in zip(ids, there, strict=True)}
    is_test = np.array([split_of(each) is Split.TEST for each in hashes])
    labelled = [
        *rng.choice(np.flatnonzero(~is_test), size.pool_labels, replace=False),
        *rng.choice(np.flatnonzero(is_test), size.test_labels, replace=False),
    ]
    bench.labels.import_labels({ids[row]: truth[ids[row]] for row in labelled})
    return bench, truth


def clusters(has: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Vectors around the sum of the centres of an image's classes: (n, K) to (n, DIM), positive."""
    centres = rng.normal(scale=DISTANCE, size=(has.shape[1], LATENT))
    latent = (has @ centres + rng.normal(size=(len(has), LATENT))).astype(np.float32)
    spread_out = rng.normal(size=(LATENT, DIM)).astype(np.float32) / LATENT**0.5
    vectors: NDArray[np.float32] = latent @ spread_out
    vectors += rng.normal(scale=0.05, size=vectors.shape).astype(np.float32) + 1
    return vectors


def _measure(
    report: Report,
    bench: "Workbench",
    truth: "dict[str, str | list[str]]",
    size: Size,
    pace: float,
) -> float:
    """Label on, with feedback and without; the 95th percentile in seconds."""
    widget = bench.label()
    desk = widget._desk
    news: list[News] = []
    arrived = threading.Condition()

    def hear(said: dict[str, Any]) -> None:
        if said["news"] == "model" and said.get("suggestions") and said.get("order"):
            with arrived:
                news.append(News(time.perf_counter(), said["curve"][-1]["labels"]))
                arrived.notify_all()

    stop = desk.on_change(hear)
    rng = np.random.default_rng(1)
    labels = int(bench.status()["pool labels"])
    given: dict[bool, list[Given]] = {True: [], False: []}
    for block in range(2 * size.given // size.block):
        on = block % 2 == 0
        desk.learn(on)
        for item in desk.state()["queue"][: size.block]:
            given[on].append(_give(desk, item, truth[item["id"]], labels))
            labels = given[on][-1].pool_labels
            time.sleep(pace * rng.lognormal(sigma=VARIES))
        with arrived:  # what was learned last is still on its way
            arrived.wait_for(partial(_is_told, news, labels, on), PATIENCE)
    stop()
    widget.close()
    return _say(report, given, news)


def _is_told(news: Sequence[News], labels: int, on: bool) -> bool:
    return not on or (len(news) > 0 and news[-1].pool_labels >= labels)


def _give(desk: "Desk", item: dict[str, Any], label: str | list[str], labels: int) -> Given:
    """Give a label by the message that the page sends, and say what it took."""
    op = {
        "id": f"benchmark-{item['id']}",
        "kind": "label",
        "sample": item["id"],
        "label": label,
        "seconds": 1.0,
        "basedOn": item["event"],
    }
    started = time.perf_counter()
    answer = desk.apply(op)
    seconds = time.perf_counter() - started
    if not answer["ok"]:
        raise RuntimeError(answer["error"])
    # A test image teaches nothing, so there is no news to wait for.
    return Given(started, seconds, labels + item["hints"], item["hints"])


def _say(report: Report, given: dict[bool, list[Given]], news: Sequence[News]) -> float:
    taught = [each for each in given[True] if each.in_pool]
    waits, triggering = [], {}
    for each in taught:
        first = next(i for i, said in enumerate(news) if said.pool_labels >= each.pool_labels)
        waits.append(news[first].when - each.started)
        triggering[first] = waits[-1]  # of several in one refit, the last one set it off
    report.say(f"\n{len(waits)} pool labels, {len(triggering)} refits with new ones")
    report.say(f"from key press to suggestions and order: {spread(waits)}")
    report.say(f"  of the last label in each refit alone: {spread(list(triggering.values()))}")
    for on, name in ((True, "on"), (False, "off")):
        median, p95 = np.percentile([1000 * each.seconds for each in given[on]], [50, 95])
        report.say(f"commits, feedback {name}: median {median:.1f} ms, p95 {p95:.1f} ms")
    return float(np.percentile(waits, 95))


if __name__ == "__main__":
    main()
