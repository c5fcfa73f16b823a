"""Whether the doubted labels are the wrong ones: `python -m benchmarks.suspects`.

Known errors are put into two datasets, a seed at a time, and looked for: the 1,797 handwritten
digits that come with scikit-learn and the 100 faces and 100 other pictures that come with
scikit-image, vectors of the default backbone. 5, 10 and 20 % of the labels are flipped, each to any
other class alike. Everything after that is the product's: feature space, probe, its out-of-fold
probabilities, neighbours.

Compared are the joined score, confident learning's own (cleanlab's on the same out-of-fold
probabilities) and the neighbours' own (on the same neighbours), by average precision: the flipped
labels are to come first. Both datasets have images of their own that nobody can tell, and perhaps
wrong labels. They are found too and count as false alarms, against every arm alike: the average
precisions are too low, more so at 5 % than at 20 %, and their paired differences are what counts.
The second table leaves out every image that any arm doubts before a label is flipped.

To find 90 % of 5 % errors takes at least 4.5 % of the labels, and about 90 % of them in random
order: 20 times fewer reviews is all that there is to gain.

A seed deals the flips and the folds. All seeds flip labels of the same images: the intervals speak
of such draws, not of other data.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks import _faces
from benchmarks._digits import CLASSES, load_digits
from benchmarks._faces import load_faces
from benchmarks._report import Report, mean_interval, parse_quick
from workbench.models.features import FeatureSpace
from workbench.models.probe import C_AGAINST_NOISE, fit_probe
from workbench.quality.confident import likely_errors, self_confidence
from workbench.quality.neighbours import disagreement, vote
from workbench.quality.suspects import rank_suspects
from workbench.teaching.noise import flip_labels

RATES = (0.05, 0.1, 0.2)
REVIEWED_AT = 0.05  # the rate at which reviews are counted
FOUND = 0.9  # share of the errors to find
FEWER = 10  # goal: so many times fewer reviews than at random
ARMS = ("joined", "confident learning", "neighbours")
JOINED, CONFIDENT, NEIGHBOURS = range(3)

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Scores = NDArray[np.floating] | NDArray[np.integer]


@dataclass(frozen=True)
class Images:
    """A dataset to put errors into.

    Attributes:
        name: for tables and figures.
        features: (n, d) unit features.
        truth: (n,) class indices, as the dataset has them.
        classes: names of the classes.
    """

    name: str
    features: NDArray[np.float32]
    truth: Ints
    classes: Sequence[str]


@dataclass(frozen=True)
class Search:
    """What one search for errors gave.

    Attributes:
        scores: (3, n) suspicion of each label, an arm a row.
        likely: (n,) what counts as a likely error, by the joined score.
        doubted: (n,) what any arm counts as one.
    """

    scores: Scores
    likely: Mask
    doubted: Mask


@dataclass(frozen=True)
class Trial:
    """How well the flipped labels of one seed were found.

    Attributes:
        precision: (3,) average precision of each arm.
        clear: (3,) the same without the images that are doubted before any label is flipped.
        reviews: (3,) labels to review, in the arm's order, until 9 of 10 errors are found.
        at_random: the same in random order, expected.
        counted: likely errors; how many of them are flipped; how many are flipped at all.
    """

    precision: Scores
    clear: Scores
    reviews: Ints
    at_random: float
    counted: tuple[int, int, int]


def search(images: Images, targets: Ints, seed: int) -> Search:
    """Look for errors, with each arm: all of them from the same probe and the same neighbours."""
    size = len(images.classes)
    probe = fit_probe(images.features, targets, seed=seed, C=C_AGAINST_NOISE)
    # Every class has two labels here, so every row is known out of fold.
    model = probe.spread(probe.out_of_fold, size)
    found = rank_suspects(images.features, targets, model)
    votes = vote(found.neighbours, targets, size)
    return Search(
        np.stack([found.score, -self_confidence(targets, model), disagreement(votes, targets)]),
        found.likely,
        found.likely | likely_errors(targets, model) | likely_errors(targets, votes),
    )


def attempt(images: Images, rate: float, seed: int) -> Trial:
    """Flip labels and look for them."""
    rng = np.random.default_rng(seed)
    noisy = flip_labels(images.truth, rate, images.classes, rng)
    wrong = noisy != images.truth
    found = search(images, noisy, seed)
    clear = ~search(images, images.truth, seed).doubted
    return Trial(
        np.array([average_precision_score(wrong, each) for each in found.scores]),
        np.array([average_precision_score(wrong[clear], each[clear]) for each in found.scores]),
        np.array([reviews_until(wrong, each) for each in found.scores]),
        _wanted(wrong) * (len(wrong) + 1) / (int(wrong.sum()) + 1),
        (int(found.likely.sum()), int((found.likely & wrong).sum()), int(wrong.sum())),
    )


def reviews_until(wrong: Mask, score: Scores) -> int:
    """Labels to review, the highest score first, until 9 of 10 errors are found."""
    seen = np.cumsum(wrong[np.argsort(-score, kind="stable")])
    return int(np.searchsorted(seen, _wanted(wrong))) + 1


def _wanted(wrong: Mask) -> int:
    return int(np.ceil(FOUND * wrong.sum() - 1e-9))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("suspects", __doc__, argv)
    seeds = 2 if quick else 10
    with Report("suspects", quick) as report:
        started = time.perf_counter()
        datasets = load(quick)
        sizes = ", ".join(f"{len(each.truth):,} {each.name}" for each in datasets)
        report.say(f"\n{sizes}: {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        trials = {
            (images.name, rate): [attempt(images, rate, seed) for seed in range(seeds)]
            for images in datasets
            for rate in RATES
        }
        report.say(f"{seeds} seeds, {len(RATES)} rates: {time.perf_counter() - started:.1f} s")
        _table(report, "average precision", trials, lambda trial: trial.precision)
        _table(report, "the same, without what is doubted unflipped", trials, lambda t: t.clear)
        _table(report, "labels to review for 90 % of the errors", trials, lambda t: t.reviews, 1)
        _counts(report, trials)
        _judge(report, trials)


def load(quick: bool) -> list[Images]:
    """Both datasets, in the product's feature space, fitted without a label."""
    digits = load_digits(every=12 if quick else 1)
    faces, is_face = load_faces(every=4 if quick else 1)
    return [
        Images(name, FeatureSpace.fit(vectors).transform(vectors), truth, classes)
        for name, vectors, truth, classes in (
            ("digits", digits.vectors, digits.targets, CLASSES),
            ("faces", faces, is_face, _faces.CLASSES),
        )
    ]


Trials = dict[tuple[str, float], list[Trial]]


def _table(
    report: Report, title: str, trials: Trials, value: Callable[[Trial], Scores], digits: int = 4
) -> None:
    report.say(f"\n{title}, mean with its 95 % interval")
    report.say(f"{'':>12}  " + "  ".join(f"{arm:^24}" for arm in ARMS))
    for (name, rate), each in trials.items():
        cells = []
        for arm in range(len(ARMS)):
            found = mean_interval([float(value(trial)[arm]) for trial in each])
            low, high = f"{found.low:.{digits}f}", f"{found.high:.{digits}f}"
            cells.append(f"{f'{found.value:.{digits}f} [{low}, {high}]':^24}")
        report.say(f"{name:>7} {rate:4.0%}  " + "  ".join(cells))


def _counts(report: Report, trials: Trials) -> None:
    report.say("\nwhat counts as a likely error, means")
    for (name, rate), each in trials.items():
        likely, right, flipped = np.mean([trial.counted for trial in each], axis=0)
        report.say(
            f"{name:>7} {rate:4.0%}  {likely:.1f} likely, {right:.1f} of them among the "
            f"{flipped:.0f} flipped"
        )


def _judge(report: Report, trials: Trials) -> None:
    for arm, against in ((CONFIDENT, "confident_learning"), (NEIGHBOURS, "neighbours")):
        for (name, rate), each in trials.items():
            gain = mean_interval([float(t.precision[JOINED] - t.precision[arm]) for t in each])
            report.figure(
                f"{name}_{100 * rate:.0f}_above_{against}",
                f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]",
                "interval above 0",
                gain.low > 0,
            )
    for (name, rate), each in trials.items():
        if rate == REVIEWED_AT:
            needed = mean_interval([float(trial.reviews[JOINED]) for trial in each])
            at_random = float(np.mean([trial.at_random for trial in each]))
            report.figure(
                f"{name}_reviews_against_random",
                f"{at_random / needed.value:.1f} x fewer ({needed.value:.1f} [{needed.low:.1f}, "
                f"{needed.high:.1f}] against {at_random:.1f})",
                f">= {FEWER} x fewer",
                at_random / needed.value >= FEWER,
            )


if __name__ == "__main__":
    main()
