"""Curves of training runs, in the one style of the house."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.evaluation.plots import COLOURS, INK, LINES, QUIET, new_figure, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workbench.runs.run import TrainRun


def run_curves(run: "TrainRun") -> "Figure":
    """Losses of a run, and its figure on the held-out labels beside the model in use before.

    Args:
        run: which has looked at the held-out labels at least once, or the picture is empty.
    """
    history, before = run.history, run.view()["before"]
    minutes = history["seconds"] / 60
    figure, (left, right) = panels(2, 9, 3.4)
    for axes in (left, right):
        axes.set_xlabel("minutes")
    trained = history["step"] > 0
    left.plot(minutes[trained], history["loss"][trained], LINES[0], color=COLOURS[0])
    left.plot(minutes, history["log_loss"], LINES[1], color=COLOURS[1])
    left.set_title("Loss, nats: trained on (solid), held out (dashed)", fontsize=9, color=INK)
    right.plot(minutes, history["figure"], LINES[0], color=COLOURS[0], marker=".")
    right.set_title(f"Held-out {run.job.measure}", fontsize=9, color=INK)
    right.yaxis.set_major_formatter(_percent)
    if before is not None:
        right.axhline(before, color=QUIET, linewidth=1, linestyle=LINES[3])
        right.annotate(
            f"model in use before {100 * before:.1f} %",
            (1, before),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=QUIET,
        )
    if trained.any():
        best = run.best_look
        right.plot(
            minutes.iloc[best], history["figure"].iloc[best], "o", color=COLOURS[1], markersize=6
        )
    return figure


def all_curves(runs: Sequence["TrainRun"]) -> "Figure":
    """The held-out figure of several runs over their minutes."""
    figure, axes = new_figure()
    for place, run in enumerate(runs):
        history = run.history
        if not len(history):
            continue
        colour, line = COLOURS[place % 4], LINES[place % 4]
        minutes, values = history["seconds"] / 60, history["figure"]
        axes.plot(minutes, values, line, color=colour, linewidth=1.6, marker=".")
        axes.annotate(
            f"{run.job.backbone}  {100 * values.max():.1f} %",
            (minutes.iloc[-1], values.iloc[-1]),
            xytext=(-2, 6),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=colour,
            parse_math=False,
        )
    axes.set_xlabel("minutes")
    axes.set_ylabel("on each run's held-out labels")
    axes.yaxis.set_major_formatter(_percent)
    return figure


def _percent(value: float, _: float) -> str:
    return f"{100 * value:.0f} %"
