"""Whether a grid of look-alikes saves work: `python -m benchmarks.grid`.

A simulated person (`benchmarks/_grid_person.py` says what it sees and does) labels 500 of the 1,797
handwritten digits that come with scikit-learn, and the 200 pictures that come with scikit-image,
half of them faces; vectors of the default backbone. Once one by one: a key an image. Once by the
grid: a click, a drag, a key, a turn of the page or a regrouping count as one action each, however
many images they label, and so do the actions that correct what was labelled wrong.

The 500 are drawn at random, and all of them have to be labelled, those too that nobody would choose
to label. A page shows 250 of them: 64-pixel thumbnails on a full-HD screen. First come all pages of
look-alikes (`by_cluster`, which also sees the images that are not to be labelled), on which the
person labels what is cheap. Then the probe is fitted on these labels, the rest is regrouped by what
it predicts (`by_prediction`), and all that is left is labelled, page by page, the probe fitted anew
before each.

A seed draws the 500; of the faces, which are all labelled, it only shuffles the files. Sizes and
methods were chosen on seeds 0 to 9, measured is on others. All seeds draw from the same images: the
intervals speak of such draws, not of other data.

Seconds are a model's, not a person's: the keystroke-level model of Card, Moran and Newell 1980
("The keystroke-level model for user performance time with interactive systems"), for a key 0.28 s,
to point 1.1 s, to press or release a button 0.1 s, to make up one's mind 1.35 s. It has no time for
looking over a page; how much of that there may be is printed too.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from benchmarks._grid_person import NONE, Hand, Tactic, fewest_actions, plain, work_on
from benchmarks._report import Report, parse_quick
from benchmarks.suspects import Images, load
from workbench.evaluation.intervals import CONFIDENCE
from workbench.models.probe import fit_probe
from workbench.selection.grouping import by_cluster, by_prediction

COUNT = 500  # digits to label
PAGE = 250  # thumbnails on a page
FEWER = 5  # goal: so many times fewer actions
RIGHT = 0.99  # share of the labels that has to be right in the end
FIRST_SEED = 10
ARMS = ("look-alikes, then predicted", "the same, plain tactic", "look-alikes only", "shuffled")

_KEY, _POINT, _BUTTON, _MIND = 0.28, 1.1, 0.1, 1.35
SECONDS = {
    "key": _KEY,  # the mind is made up when the images are selected
    "click": _MIND + _POINT + 2 * _BUTTON,
    "drag": _MIND + 2 * _POINT + 2 * _BUTTON,
    "page": _MIND + _KEY,
}
SECONDS_ALONE = _MIND + _KEY  # for an image that is labelled by itself

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Work:
    """What it took to label a set of images.

    Attributes:
        actions: how often each kind of action was done.
        images: how many images were labelled.
        right: share of them whose label is right.
    """

    actions: Counter[str]
    images: int
    right: float

    @property
    def total(self) -> int:
        """Actions of all kinds."""
        return self.actions.total()

    @property
    def seconds(self) -> float:
        """What the keystroke-level model gives for them."""
        return sum(SECONDS[kind] * count for kind, count in self.actions.items())


def attempt(images: Images, count: int, arm: str, seed: int, page_size: int = PAGE) -> Work:
    """Label `count` random images, in one arm's way."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(images.truth), count, replace=False)
    hand = Hand(len(images.truth))
    tactic: Tactic = plain if arm == ARMS[1] else fewest_actions
    looped = arm in ARMS[:2]
    order = rows if arm == ARMS[3] else _by_cluster(images, rows, rng)
    for start in range(0, count, page_size):
        work_on(hand, order[start : start + page_size], images.truth, tactic, finish=not looped)
    while len(left := rows[hand.labels[rows] == NONE]):
        page = _regroup(images, hand, left, rng)[:page_size]
        work_on(hand, page, images.truth, tactic, finish=True)
    right = float((hand.labels[rows] == images.truth[rows]).mean())
    return Work(hand.actions, count, right)


def _by_cluster(images: Images, rows: Ints, rng: np.random.Generator) -> Ints:
    # A shuffled copy: ties should not be broken by the order of the files, which is by class.
    shuffled = rng.permutation(len(images.truth))
    shown = np.flatnonzero(np.isin(shuffled, rows))
    return shuffled[by_cluster(images.features[shuffled], rng=rng, shown=shown).order]


def _regroup(images: Images, hand: Hand, left: Ints, rng: np.random.Generator) -> Ints:
    """What is left, grouped by what a probe on the labels so far predicts."""
    labelled = np.flatnonzero(hand.labels != NONE)
    targets = hand.labels[labelled]
    if len(np.unique(targets)) < 2:
        return _by_cluster(images, left, rng)
    probe = fit_probe(images.features[labelled], targets)
    features = images.features[left]
    probabilities = probe.predict_proba(features, len(images.classes))
    return left[by_prediction(probabilities, images.classes, features=features).order]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("grid", __doc__, argv)
    seeds = range(FIRST_SEED, FIRST_SEED + (2 if quick else 10))
    with Report("grid", quick) as report:
        started = time.perf_counter()
        datasets = load(quick)
        report.say(f"\nvectors: {time.perf_counter() - started:.1f} s")
        for images in datasets:
            size = len(images.truth)
            count = size if images.name == "faces" else min(COUNT, 2 * size // 3)
            started = time.perf_counter()
            works = {arm: [attempt(images, count, arm, seed) for seed in seeds] for arm in ARMS}
            took = time.perf_counter() - started
            report.say(f"\n{count} of {size:,} {images.name}, {len(seeds)} seeds: {took:.1f} s")
            _table(report, count, works)
            _judge(report, images.name, works[ARMS[0]])
            if images.name == "digits":
                _vary(report, images, count, seeds)


def _vary(report: Report, images: Images, count: int, seeds: Sequence[int]) -> None:
    """Say what the first arm takes under other conditions."""
    size = len(images.truth)
    for page in (100, 500):
        each = [attempt(images, count, ARMS[0], seed, page).total for seed in seeds]
        report.say(f"with {page} images on a page: {np.median(each):.1f} actions")
    alone = []
    for seed in seeds:
        rows = np.random.default_rng(seed).choice(size, count, replace=False)
        some = replace(images, features=images.features[rows], truth=images.truth[rows])
        alone.append(attempt(some, count, ARMS[0], seed).total)
    report.say(f"grouped without sight of the other digits: {np.median(alone):.1f} actions")
    every = attempt(images, size, ARMS[0], seeds[0])
    fewer = every.images / every.total
    report.say(f"all {size:,} of them, one seed: {every.total} actions, {fewer:.1f} x fewer")


def _table(report: Report, count: int, works: dict[str, list[Work]]) -> None:
    report.say(f"one by one: {count} actions, {SECONDS_ALONE * count:.0f} s by the model")
    kinds = "  ".join(f"{f'{kind}s':>6}" for kind in SECONDS)
    report.say(f"{'medians':>28}  {'actions':^20}  {kinds}  {'right':>7}  {'model':>6}")
    for arm, each in works.items():
        low, middle, high = median_interval([work.total for work in each])
        counts = "  ".join(
            f"{np.median([work.actions[kind] for work in each]):6.1f}" for kind in SECONDS
        )
        right = min(work.right for work in each)
        seconds = float(np.median([work.seconds for work in each]))
        cell = f"{middle:.1f} [{low:.0f}, {high:.0f}]"
        report.say(f"{arm:>28}  {cell:^20}  {counts}  {right:7.2%}  {seconds:4.0f} s")
        if arm == ARMS[0]:
            spare = (SECONDS_ALONE * count - seconds) / count
    report.say(
        f"the first is sooner done, by the model, as long as to look over a page takes less than "
        f"{spare:.2f} s an image"
    )


def _judge(report: Report, name: str, works: Sequence[Work]) -> None:
    low, middle, high = median_interval([work.images / work.total for work in works])
    right = min(work.right for work in works)
    report.figure(
        f"{name}_actions",
        f"{middle:.1f} x fewer [{low:.1f}, {high:.1f}] at {right:.2%} right or more",
        f">= {FEWER} x fewer at >= {RIGHT:.0%} right",
        middle >= FEWER and right >= RIGHT,
    )


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower end, median, upper end: order statistics that hold it in at least 95 of 100 cases.

    Of ten values the second and the ninth; of fewer than six the extremes, which hold it less often.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    place = max(0, int(binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5)) - 1)
    return float(ordered[place]), float(np.median(ordered)), float(ordered[-1 - place])


if __name__ == "__main__":
    main()
