"""How much sooner picked labels teach than random ones: `python -m benchmarks.flywheel`.

The 1,797 handwritten digits that come with scikit-learn, vectors of the default backbone, and the
product's own parts for everything after: split by content, feature space fitted on the pool alone,
probe, strategies, the random tenth. Batches of 20 up to 200 labels; all strategies see the same
probe, the same split and the same test images in each repetition.

What varies with the seed: the split (the content hash is salted, so that other images are in pool
and test; the product's own, unsalted, would measure the luck of one draw), the random picks, and
the folds of the probe. The first batch is what each strategy picks without a model. All
repetitions draw from the same 1,797 images: the intervals speak of such draws, not of other data.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._digits import CLASSES, Digits, load_digits
from benchmarks._report import Report, mean_interval, parse_quick
from workbench.dataset.splits import split_of
from workbench.dataset.types import Split
from workbench.evaluation.plots import learning_curves
from workbench.models.features import FeatureSpace
from workbench.models.probe import Probe, fit_probe
from workbench.selection.batch import RANDOM_SHARE, pick_batch
from workbench.selection.strategies import DEFAULT
from workbench.selection.types import Query

BATCH = 20
JUDGED_AT = 100  # pool labels
GOAL = 0.83
PICTURES = Path("out/benchmarks")

Accuracies = NDArray[np.float64]


@dataclass(frozen=True)
class Arm:
    """One way to pick.

    Attributes:
        name: for the table.
        strategy: name of the query strategy.
        random_share: share of each batch that is random.
    """

    name: str
    strategy: str
    random_share: float


PRODUCT = Arm(f"{DEFAULT} + tenth", DEFAULT, RANDOM_SHARE)
RANDOM = Arm("random", "random", 0.0)
ARMS = (RANDOM, Arm("margin", "margin", 0.0), Arm(DEFAULT, DEFAULT, 0.0), PRODUCT)


class World:
    """The digits as one seed deals them: pool and test, in the pool's feature space.

    Args:
        digits: the images.
        seed: of the split, the picks and the folds.
    """

    def __init__(self, digits: Digits, seed: int) -> None:
        salted = [hashlib.sha256(f"{seed}:{h}".encode()).hexdigest() for h in digits.hashes]
        is_test = np.array([split_of(h) is Split.TEST for h in salted])
        space = FeatureSpace.fit(digits.vectors[~is_test], seed=seed)
        self.pool, self.test = (
            space.transform(digits.vectors[rows]) for rows in (~is_test, is_test)
        )
        self.pool_targets, self.test_targets = digits.targets[~is_test], digits.targets[is_test]
        self.seed = seed

    def curve(self, arm: Arm, batches: int) -> Accuracies:
        """Accuracy on the test split after each batch: (batches,)."""
        rng = np.random.default_rng(self.seed)
        labelled = np.empty(0, dtype=np.int64)
        probe: Probe | None = None
        accuracies = []
        for _ in range(batches):
            labelled = np.concatenate([labelled, self._pick(arm, labelled, probe, rng)])
            probe = self._fit(labelled)
            accuracies.append(self._accuracy(probe))
        return np.array(accuracies)

    def ceiling(self) -> float:
        """Accuracy on the test split when the whole pool is labelled."""
        return self._accuracy(self._fit(np.arange(len(self.pool))))

    def _fit(self, labelled: NDArray[np.int64]) -> Probe:
        return fit_probe(self.pool[labelled], self.pool_targets[labelled], seed=self.seed)

    def _accuracy(self, probe: Probe) -> float:
        predicted = probe.predict_proba(self.test, len(CLASSES)).argmax(axis=1)
        return float((predicted == self.test_targets).mean())

    def _pick(
        self,
        arm: Arm,
        labelled: NDArray[np.int64],
        probe: Probe | None,
        rng: np.random.Generator,
    ) -> NDArray[np.int64]:
        free = np.setdiff1d(np.arange(len(self.pool)), labelled)
        candidates = self.pool[free]
        known = None if probe is None else probe.predict_proba(candidates, len(CLASSES))
        query = Query(candidates, known, self.pool[labelled], BATCH, rng)
        ids = [str(row) for row in free]
        picks = pick_batch(query, arm.strategy, ids, CLASSES, arm.random_share)
        return np.array([int(pick.sample_id) for pick in picks], dtype=np.int64)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("flywheel", __doc__, argv)
    seeds, batches, every = (2, 5, 12) if quick else (20, 10, 1)
    with Report("flywheel", quick) as report:
        started = time.perf_counter()
        digits = load_digits(every=every)
        report.say(f"\n{len(digits.targets)} digits, {digits.key}: {_since(started)}")
        started = time.perf_counter()
        curves: dict[Arm, list[Accuracies]] = {arm: [] for arm in ARMS}
        ceilings = []
        for seed in range(seeds):
            world = World(digits, seed)
            ceilings.append(world.ceiling())
            for arm in ARMS:
                curves[arm].append(world.curve(arm, batches))
        report.say(f"{seeds} seeds, {len(ARMS)} strategies, {batches} batches: {_since(started)}")
        stacked = {arm: np.array(each) for arm, each in curves.items()}
        _table(report, stacked)
        _efficiency(report, stacked, float(np.mean(ceilings)))
        _picture(report, stacked, PICTURES / f"flywheel{'-quick' if quick else ''}.png")
        _judge(report, stacked)


def _judge(report: Report, curves: dict[Arm, Accuracies]) -> None:
    """The promises, at 100 labels: (seeds, batches) accuracies by arm."""
    at = JUDGED_AT // BATCH - 1
    ours, control = curves[PRODUCT][:, at], curves[RANDOM][:, at]
    accuracy, gain = mean_interval(list(ours)), mean_interval(list(ours - control))
    report.figure(
        f"accuracy_at_{JUDGED_AT}_labels",
        f"{accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}]",
        f">= {GOAL}",
        accuracy.value >= GOAL,
    )
    report.figure(
        "paired_gain_over_random",
        f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]",
        "interval above 0",
        gain.low > 0,
    )


def _table(report: Report, curves: dict[Arm, Accuracies]) -> None:
    seeds, batches = curves[RANDOM].shape
    report.say(f"\naccuracy on the test split, mean of {seeds} seeds with its 95 % interval")
    report.say(f"{'labels':>8}  " + "  ".join(f"{arm.name:^20}" for arm in ARMS))
    for at in range(batches):
        cells = []
        for arm in ARMS:
            found = mean_interval(list(curves[arm][:, at]))
            cells.append(f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]")
        report.say(f"{(at + 1) * BATCH:>8}  " + "  ".join(cells))


def _efficiency(report: Report, curves: dict[Arm, Accuracies], ceiling: float) -> None:
    """How many labels the mean curves need for most of what the whole pool's labels give."""
    wanted = 0.95 * ceiling
    report.say(f"\nthe whole pool labelled: {ceiling:.3f}; labels to 95 % of that ({wanted:.3f}):")
    for arm in ARMS:
        reached = np.flatnonzero(curves[arm].mean(axis=0) >= wanted)
        most = BATCH * curves[arm].shape[1]
        needed = str(BATCH * (reached[0] + 1)) if len(reached) else f"more than {most}"
        report.say(f"  {arm.name}: {needed}")


def _picture(report: Report, curves: dict[Arm, Accuracies], path: Path) -> None:
    figure = learning_curves(
        {
            arm.name: [
                ((at + 1) * BATCH, mean_interval(list(column)))
                for at, column in enumerate(curves[arm].T)
            ]
            for arm in (PRODUCT, RANDOM)
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    report.say(f"\nlearning curves: {path}")


def _since(started: float) -> str:
    return f"{time.perf_counter() - started:.1f} s"


if __name__ == "__main__":
    main()
