"""Picking a batch, beside scikit-activeml and from a million: `python -m benchmarks.picking`.

50,000 candidates of 384 dimensions are numbers of two digits, as `benchmarks.probe` has them; 100 more
are labelled, and scikit-learn's logistic regression on those gives the probabilities. Each strategy
picks 100, in a process of its own, ours and theirs in turn, three times (theirs that take long, once);
what is compared is the median of the seconds, and of ours the memory beyond what there was before.
Theirs get the probabilities as they are: the fitting of a model is not what is compared.

The million are float16 on disk, 384 dimensions: rows of the same numbers with noise, as there are not
so many images here; 1,000 are picked. The slope is that of log seconds over log size from 10,000 on.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks._digits import load_digits
from benchmarks._processes import Child
from benchmarks._report import Report, parse_quick
from benchmarks.probe import make_numbers

SIZE, DIM, LABELLED = 50_000, 384, 100
GOALS = {"margin": 3, "kcenter": 4, "badge": 30, "typiclust": 4}
SLOW = frozenset({"badge", "typiclust", "kcenter"})
ROUNDS = 3
GIGABYTE = 2**30
MILLION, MANY = 1_000_000, 1_000
SIZES = (10_000, 31_623, 100_000, 316_228, MILLION)
MOST_SECONDS, MOST_BYTES = 60.0, 2 * GIGABYTE
NOISE = 0.05  # of each dimension, before a row gets its length of 1 again
PATIENCE = 1_800.0  # seconds

Features = NDArray[np.float32]


def write_pool(folder: Path, size: int, classes: int, every: int) -> None:
    """Write candidates, labelled ones and what a model says, for `_picking.pick_once`."""
    digits = load_digits(every=every)
    numbers = make_numbers(digits.vectors, digits.targets, size + LABELLED, DIM, classes, 0)
    folder.mkdir()
    labelled, targets = numbers.features[size:], numbers.targets[size:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=10.0, max_iter=200).fit(labelled, targets)
    probabilities = np.full((size + LABELLED, classes), 1e-6, dtype=np.float32)
    probabilities[:, model.classes_] = model.predict_proba(numbers.features)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    np.save(folder / "candidates.npy", numbers.features[:size])
    np.save(folder / "labelled.npy", labelled)
    np.save(folder / "probabilities.npy", probabilities)
    np.save(folder / "targets.npy", targets)


def write_million(folder: Path, pool: Path, size: int) -> None:
    """Write a larger pool as float16, a part at a time."""
    folder.mkdir()
    base = np.load(pool / "candidates.npy")
    said = np.load(pool / "probabilities.npy")[: len(base)]
    rng = np.random.default_rng(1)
    out = np.lib.format.open_memmap(
        folder / "candidates.npy", mode="w+", dtype=np.float16, shape=(size, DIM)
    )
    probabilities = np.empty((size, said.shape[1]), dtype=np.float32)
    for start in range(0, size, 50_000):
        rows = rng.choice(len(base), min(50_000, size - start))
        noisy = base[rows] + rng.normal(0, NOISE, (len(rows), DIM)).astype(np.float32)
        out[start : start + len(rows)] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
        probabilities[start : start + len(rows)] = said[rows]
    out.flush()
    np.save(folder / "probabilities.npy", probabilities)
    np.save(folder / "labelled.npy", np.load(pool / "labelled.npy"))


def picked(home: Path, *arguments: str) -> dict[str, float]:
    """Seconds and bytes of one batch."""
    with Child("pick_once", home, *arguments) as child:
        said: dict[str, float] = child.receive(PATIENCE)
    return said


def beside(report: Report, home: Path, pool: Path, quick: bool) -> None:
    """Each strategy beside scikit-activeml's."""
    for name, goal in GOALS.items():
        ours, theirs, peaks = [], [], []
        for turn in range(1 if quick else ROUNDS):
            told = picked(home, "ours", name, str(pool))
            ours.append(told["seconds"])
            peaks.append(told["bytes"])
            if turn == 0 or name not in SLOW:
                other = picked(home, "theirs", name, str(pool))
                theirs.append(other["seconds"])
        times = float(np.median(theirs) / np.median(ours))
        report.say(
            f"{name}: {np.median(ours):.3f} s and {max(peaks) / GIGABYTE:.2f} GB beside "
            f"{np.median(theirs):.3f} s and {other['bytes'] / GIGABYTE:.2f} GB"
        )
        report.figure(name, f"{times:.1f} x as fast", f">= {goal}", times >= goal)


def in_memory(report: Report, home: Path, pool: Path, name: str, strategy: str) -> None:
    """What needs more memory than there is, elsewhere."""
    told = picked(home, "ours", strategy, str(pool))
    peak = told["bytes"] / GIGABYTE
    report.say(f"{name}: {told['seconds']:.1f} s, {peak:.2f} GB")
    report.figure(name, f"{peak:.2f} GB", "< 1", peak < 1)


def million(report: Report, home: Path, folder: Path, pool: Path, quick: bool) -> None:
    """A thousand from a million, and how the time grows."""
    sizes = (500, 1_000) if quick else SIZES
    count = 20 if quick else MANY
    seconds = []
    for size in sizes:
        place = folder / str(size)
        write_million(place, pool, size)
        told = picked(home, "ours", "uherding", str(place), str(count))
        seconds.append(told["seconds"])
        report.say(
            f"{count} of {size:,}: {told['seconds']:.1f} s, {told['bytes'] / GIGABYTE:.2f} GB"
        )
        (place / "candidates.npy").unlink()
    slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    report.figure("million", f"{seconds[-1]:.1f} s", "<= 60", seconds[-1] <= MOST_SECONDS)
    peak = told["bytes"]
    report.figure("million_memory", f"{peak / GIGABYTE:.2f} GB", "<= 2", peak <= MOST_BYTES)
    report.figure("slope", f"{slope:.2f}", "<= 1", slope <= 1)


def main() -> None:
    """Run it."""
    quick = parse_quick("picking", __doc__)
    size, every = (600, 6) if quick else (SIZE, 1)
    with Report("picking", quick) as report, tempfile.TemporaryDirectory() as folder:
        home, root = Path(folder) / "home", Path(folder)
        ten, hundred = root / "ten", root / "hundred"
        write_pool(ten, size, 10, every)
        write_pool(hundred, size, 100, every)
        beside(report, home, ten, quick)
        if not quick:
            told = picked(home, "theirs", "badge", str(hundred))
            words = told.get("failed") or f"{told['seconds']:.0f} s"
            report.say(f"theirs, BADGE with 100 classes: {words}")
        in_memory(report, home, hundred, "badge_100_classes", "badge")
        in_memory(report, home, ten, "uherding_on_all", "uherding_exact")
        million(report, home, root, ten, quick)


if __name__ == "__main__":
    main()
