"""What a benchmark prints: the machine, what it measures, and at the end a line a figure."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from scipy.stats import t

from benchmarks._machine import describe
from workbench.evaluation.intervals import CONFIDENCE, Estimate


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement beside its goal.

    Attributes:
        name: what was measured.
        measured: the measurement, in words.
        goal: what was aimed at, in words.
        reached: whether it is.
    """

    name: str
    measured: str
    goal: str
    reached: bool


class Report:
    """The output of one benchmark; as a context, it begins with the machine and ends with figures.

    Args:
        topic: name of the benchmark.
        quick: whether this is the miniature.
    """

    def __init__(self, topic: str, quick: bool = False) -> None:
        self._topic = topic
        self._quick = quick
        self._figures: list[Figure] = []

    def __enter__(self) -> Self:
        self.say(f"benchmarks.{self._topic}{' --quick' if self._quick else ''}")
        for line in describe():
            self.say(f"  {line}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:  # a run that broke has no figures
            return
        self.say(f"\nload at the end: {os.getloadavg()[0]:.1f}")
        if self._quick:
            self.say("The run was a miniature: these figures mean nothing.")
        for figure in self._figures:
            self.say(line(self._topic, figure))

    def say(self, text: str) -> None:
        """Print a line at once, also into a pipe."""
        print(text, flush=True)

    def figure(self, name: str, measured: str, goal: str, reached: bool) -> None:
        """Keep a figure for the end."""
        self._figures.append(Figure(name, measured, goal, bool(reached)))


def line(topic: str, figure: Figure) -> str:
    """A figure as it is printed: `<topic>.<figure>: <measured> (goal <goal>) ok|short`."""
    verdict = "ok" if figure.reached else "short"
    return f"{topic}.{figure.name}: {figure.measured} (goal {figure.goal}) {verdict}"


def parse_quick(topic: str, description: str | None, argv: Sequence[str] | None = None) -> bool:
    """Read the command line of a benchmark, whose only option is `--quick`."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{topic}", description=description)
    parser.add_argument("--quick", action="store_true", help="in miniature, to see that it works")
    return bool(parser.parse_args(argv).quick)


def mean_interval(values: Sequence[float]) -> Estimate:
    """Mean of a few repetitions with Student's 95 % interval; without one for a single value."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, float("nan"), float("nan"), len(values))
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1)) * error
    return Estimate(mean, mean - half, mean + half, len(values))


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Median of repetitions and what they range over, such as `0.31 s (0.29 to 0.40, n = 9)`."""
    low, middle, high = (f"{each:.{digits}f}" for each in np.quantile(values, [0, 0.5, 1]))
    return f"{middle} {unit} ({low} to {high}, n = {len(values)})"
