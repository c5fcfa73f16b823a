"""`workbench demo`: the flywheel on handwritten digits, beside the same with random picks."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.evaluation.measured import Measured
    from workbench.session import Workbench

ARMS = {"uherding": "demo-digits", "random": "demo-digits-random"}
CLASSES = [str(digit) for digit in range(10)]


def main(argv: Sequence[str]) -> int:
    """Run the demo.

    Args:
        argv: options; `--help` lists them.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(argv)
    if options.home:
        os.environ["WORKBENCH_HOME"] = str(Path(options.home).absolute())
    started = time.perf_counter()
    say("The flywheel on 1,797 handwritten digits: label, fit, evaluate, pick, and again.")
    say("Loading FiftyOne and starting the database")
    import workbench as wb
    from workbench.teaching.annotators import PerfectAnnotator
    from workbench.teaching.flywheel import label_test_split, spin

    folder = wb.digits()
    annotator = PerfectAnnotator.of_folders(folder)
    results: dict[str, list[Measured]] = {}
    benches: dict[str, Workbench] = {}
    for strategy, name in ARMS.items():
        if name in wb.list().index:
            wb.delete(name)
        bench = wb.open(name, images=folder, classes=CLASSES, annotator="simulated")
        tested = label_test_split(bench, annotator)
        say(
            f"\n{name}: {bench.status()['images']} images; a simulated annotator labelled the "
            f"blind test split, {tested} of them, which is counted apart\n"
            f"{options.rounds} rounds of {options.batch}, picked by {strategy}"
        )
        results[strategy] = spin(
            bench,
            annotator,
            rounds=options.rounds,
            batch=options.batch,
            strategy=strategy,
            seed=options.seed,
            report=lambda number, e: say(f"  round {number:2d}: {e}"),
        )
        benches[strategy] = bench
    _table(results)
    out = Path(options.out)
    _picture(results, out)
    say(f"\nLearning curves: {out}")
    say(
        f"{time.perf_counter() - started:.0f} s. Both datasets are kept: {', '.join(ARMS.values())}"
    )
    say('\nThe same by hand, in JupyterLab: make lab   (or there: wb.open("demo-digits"))')
    return 0


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="workbench demo", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each arm (10)")
    parser.add_argument("--batch", type=int, default=20, help="pool images a round (20)")
    parser.add_argument("--seed", type=int, default=0, help="of the picks (0)")
    parser.add_argument("--home", help="data home; by default WORKBENCH_HOME or the platform's")
    parser.add_argument("--out", default="out/learning-curve.png", help="where the picture goes")
    return parser


def _table(results: "dict[str, list[Measured]]") -> None:
    names = list(results)
    say(f"\n{'labels':>8}  " + "  ".join(f"{name:^28}" for name in names))
    for row in zip(*results.values(), strict=True):
        cells = "  ".join(f"{e.headline!s:^28}" for e in row)
        say(f"{row[0].pool_labels:>8}  {cells}")
    say("accuracy on the blind test split, 95 % interval (Wilson)")


def _picture(results: "dict[str, list[Measured]]", path: Path) -> None:
    from workbench.evaluation.plots import learning_curves

    figure = learning_curves(
        {
            name: [(e.pool_labels, e.headline) for e in evaluations]
            for name, evaluations in results.items()
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
