"""Whether bad slices are found, and none where there is none: `python -m benchmarks.slices`.

The 1,797 handwritten digits that come with scikit-learn, seen through the product: the default
backbone's features, the look of each file's pixels, and two fields of metadata, one of words and
one of numbers. A seed draws 360 of them as the test split (a fifth) and deals out the errors:
6 % of all images where nothing is planted; else 50 % of those in the planted slice, which holds
about a tenth of the images, and 6 % of the rest. The table gives other rates besides.

Planted is a class; a batch of the metadata; the darkest, or the least sharp, eleventh; or a cluster
of k-means, of 8 to 12 on the features of all 1,797; ten seeds each. The first two are among the
slices that are tried, the others have edges of their own. A slice is found if at least half of the
images of the first one that is reported are planted ones, and at least half of the planted ones are
in it. A false alarm is any slice that is reported where none is planted.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from benchmarks._digits import CLASSES, load_digits
from benchmarks._report import Report, parse_quick
from workbench.dataset.files import check_files, find_files
from workbench.evaluation.candidates import Properties, candidates
from workbench.evaluation.cases import Cases
from workbench.evaluation.intervals import Estimate, wilson
from workbench.evaluation.slices import find_slices
from workbench.judging import look_at
from workbench.models.features import FeatureSpace

IMAGES = 360
RATE = 0.06  # of errors where nothing is planted
PLANTED = 0.5  # in the planted slice
OTHER = (0.2, 0.3, 0.4)
SHARED = 0.5
COUNTS = (8, 9, 10, 11, 12)
KINDS = ("class", "batch", "brightness", "sharpness", "cluster")
BATCHES = ("north", "south", "east", "west", "retake")
LOOKS = ("brightness", "contrast", "sharpness", "megapixels", "aspect")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Images:
    """All digits, and what is known of them.

    Attributes:
        features: (n, d) unit features.
        targets: (n,) classes.
        looks: by name, (n,) what the pixels say.
        clusters: (n,) clusters, for each number of clusters.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    looks: dict[str, NDArray[np.float64]]
    clusters: dict[int, NDArray[np.int64]]


@dataclass(frozen=True)
class Trial:
    """What one search gave.

    Attributes:
        tried: slices that were tested.
        reported: of these, reported.
        shared: of the first that was reported, the images that are planted ones as a share of it,
            or as a share of these, whichever is less.
        seconds: it took.
    """

    tried: int
    reported: int
    shared: float
    seconds: float


def load(quick: bool) -> Images:
    """The digits in the product's feature space, and what their pixels say."""
    every = 4 if quick else 1
    digits = load_digits(every=every)
    files = [file.path for file in check_files(find_files(digits.folder)) if not file.problem]
    seen = [look_at(path) for path in files[::every]]
    looks = {name: np.array([getattr(each, name) for each in seen]) for name in LOOKS}
    features = FeatureSpace.fit(digits.vectors).transform(digits.vectors)
    with threadpool_limits(1):  # so little work is done sooner by one
        clusters = {
            count: KMeans(count, n_init=1, random_state=count).fit(features).labels_
            for count in COUNTS
        }
    return Images(features, digits.targets, looks, clusters)


def attempt(images: Images, kind: str | None, rate: float, seed: int) -> Trial:
    """Deal out errors, with a slice planted or without, and look for it."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(images.targets), IMAGES, replace=False)
    batches = rng.choice(BATCHES, IMAGES, p=[0.3, 0.2, 0.2, 0.2, 0.1])
    known = Properties(
        names=[str(row) for row in rows],
        numbers={name: look[rows] for name, look in images.looks.items()}
        | {"exposure": rng.gamma(2.0, size=IMAGES)},
        words={"batch": [(word,) for word in batches.tolist()]},
        features=images.features[rows],
    )
    clusters = images.clusters[int(rng.choice(COUNTS))][rows]
    planted = plant(kind, known, images.targets[rows], clusters, rng)
    wrong = rng.random(IMAGES) < np.where(planted, rate, RATE)
    targets = images.targets[rows]
    predicted = np.where(wrong, (targets + 1) % len(CLASSES), targets)
    cases = Cases(known.names, targets, np.eye(len(CLASSES))[predicted], CLASSES)
    started = time.perf_counter()
    masks = candidates(cases, known)
    found = find_slices(cases.wrong, masks, seed=seed)
    seconds = time.perf_counter() - started
    shared = 0.0
    if len(found):
        first = masks[str(found.index[0])]
        shared = float((first & planted).sum() / max(first.sum(), planted.sum()))
    return Trial(len(masks), len(found), shared, seconds)


def plant(
    kind: str | None,
    known: Properties,
    targets: NDArray[np.int64],
    clusters: NDArray[np.int64],
    rng: np.random.Generator,
) -> Mask:
    """(n,) which images are in the planted slice."""
    if kind is None:
        return np.zeros(len(targets), dtype=np.bool_)
    if kind == "class":
        return np.asarray(targets == rng.integers(len(CLASSES)))
    if kind == "batch":
        return np.array([word == ("retake",) for word in known.words["batch"]])
    if kind == "cluster":
        return np.asarray(clusters == rng.choice(clusters))
    scores = known.numbers[kind]
    return np.asarray(scores <= np.quantile(scores, 1 / 11))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("slices", __doc__, argv)
    runs = 5 if quick else 50
    with Report("slices", quick) as report:
        images = load(quick)
        report.say(f"\n{len(images.targets):,} digits, {IMAGES} at a time, {runs} simulations each")
        trials = {
            rate: [attempt(images, KINDS[run % len(KINDS)], rate, 500 + run) for run in range(runs)]
            for rate in ([PLANTED] if quick else sorted([PLANTED, *OTHER]))
        }
        none = [attempt(images, None, RATE, 1_000 + run) for run in range(runs)]
        for rate, each in trials.items():
            report.say(f"  {rate:4.0%} wrong in the slice: found {_share(_found(each), each)}")
        for place, kind in enumerate(KINDS):
            each = trials[PLANTED][place :: len(KINDS)]
            report.say(f"  {PLANTED:4.0%}, {kind:>12}: found {_share(_found(each), each)}")
        reported = sum(trial.reported > 0 for trial in none)
        report.say(f"  nothing planted: something reported {_share(reported, none)}")
        everything = [*none, *(trial for each in trials.values() for trial in each)]
        tried = [trial.tried for trial in everything]
        seconds = float(np.median([trial.seconds for trial in everything]))
        report.say(
            f"  {min(tried)} to {max(tried)} slices tried, {seconds:.2f} s a search (median)"
        )
        found = _estimate(_found(trials[PLANTED]), trials[PLANTED])
        report.figure("planted_found", str(found), ">= 90 % of 50", found.value >= 0.9)
        silent = _estimate(len(none) - reported, none)
        report.figure("none_reported", str(silent), ">= 95 % of 50", silent.value >= 0.95)


def _found(trials: Sequence[Trial]) -> int:
    return sum(trial.shared >= SHARED for trial in trials)


def _estimate(count: int, trials: Sequence[Trial]) -> Estimate:
    return wilson(count, len(trials))


def _share(count: int, trials: Sequence[Trial]) -> str:
    return f"{count} of {len(trials)}, {_estimate(count, trials)}"


if __name__ == "__main__":
    main()
