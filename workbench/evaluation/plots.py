"""Pictures in one style: quiet, readable in print and by colour-blind eyes.

Figures are made without pyplot, whose state is shared by all threads of a notebook's kernel.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.evaluation.calibration import Reliability
from workbench.evaluation.curves import PrecisionRecall
from workbench.evaluation.intervals import Estimate

if TYPE_CHECKING:
    from workbench.evaluation.boxcurves import BoxCurves
    from workbench.evaluation.detection import DetectionEvaluation
    from workbench.evaluation.measured import Measured

# Okabe and Ito's palette; each series also has its own line, for print without colour.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
LINES = ("-", "--", "-.", ":")
INK, QUIET, FAINT = "#222222", "#767676", "#e6e6e6"
ROWS = 16  # classes that can be read in a table; of more, those with the most errors
DRAWN = 3  # curves that can be told apart; the others are in the background


def learning_curves(curves: Mapping[str, Sequence[tuple[int, Estimate]]]) -> Figure:
    """Accuracy over labels, a line with its interval for each strategy.

    Args:
        curves: by name, (labels, accuracy) in order; a curve without points is left out.

    Returns:
        The figure.
    """
    curves = {name: points for name, points in curves.items() if points}
    figure, axes = new_figure()
    for index, (name, points) in enumerate(curves.items()):
        colour, line = COLOURS[index % 4], LINES[index % 4]
        labels = [count for count, _ in points]
        values = [estimate.value for _, estimate in points]
        axes.fill_between(
            labels,
            [estimate.low for _, estimate in points],
            [estimate.high for _, estimate in points],
            color=colour,
            alpha=0.13,
            linewidth=0,
        )
        axes.plot(labels, values, line, color=colour, linewidth=1.8)
        # Named at its end, above or below, so that no legend has to be looked up.
        highest = values[-1] == max(p[-1][1].value for p in curves.values())
        axes.annotate(
            f"{name}  {100 * values[-1]:.1f} %",
            (labels[-1], values[-1]),
            xytext=(0, 9 if highest else -16),
            textcoords="offset points",
            ha="right",
            color=colour,
            parse_math=False,
        )
    axes.set_xlabel("labels in the pool")
    axes.set_ylabel("accuracy on the blind test")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.set_title("Band: 95 % interval", loc="right", fontsize=8, color=QUIET)
    return figure


def evaluation_figure(measured: "Measured") -> Figure:
    """An evaluation at a glance: errors by class, reliability, and precision against recall.

    Args:
        measured: the evaluation.

    Returns:
        The figure, of 7.2 by 5.2 inches: on the left the confusion matrix, in multi-label F1 by
        class; on the right the reliability diagram above the curves.
    """
    figure = Figure(figsize=(7.2, 5.2), dpi=150, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.45, 1))
    left, above, below = (
        figure.add_subplot(place) for place in (grid[:, 0], grid[0, 1], grid[1, 1])
    )
    confusion = getattr(measured, "confusion", None)
    if confusion is None:
        draw_scores(left, measured.per_class)
    else:
        draw_confusion(left, confusion)
    draw_reliability(above, measured.reliability, several=not measured.cases.exclusive)
    draw_curves(below, measured.precision_recall)
    headline, basis = str(measured).split(", ", 1)
    figure.suptitle(f"{headline}\n{basis}", fontsize=9, color=INK, parse_math=False)
    return figure


def draw_confusion(axes: Axes, confusion: pd.DataFrame) -> None:
    """Counts of each class (rows) predicted as each (columns), coloured by the share of the row.

    Args:
        axes: where to draw.
        confusion: (k, k) counts. Of more than 16 classes those with the most errors are shown.
    """
    counts = confusion.to_numpy()
    errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    shown = np.sort(np.argsort(-errors, kind="stable")[:ROWS])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    counts, shares = counts[np.ix_(shown, shown)], shares[np.ix_(shown, shown)]
    names = [_short(confusion.index[place]) for place in shown]
    # One hue, from light to dark: it is read in grey, too. Even a rare error shows.
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1.25, aspect="equal")
    for row, column in zip(*np.nonzero(counts), strict=True):
        axes.text(
            column,
            row,
            f"{counts[row, column]}",
            ha="center",
            va="center",
            fontsize=8 if len(shown) <= 10 else 6,
            color="white" if np.sqrt(shares[row, column]) > 0.75 else INK,
        )
    upright = max(map(len, names), default=0) <= 3
    axes.set_xticks(range(len(names)), names, rotation=0 if upright else 90, parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth")
    hidden = len(confusion) - len(shown)
    whole = (
        f"The {ROWS} classes with the most errors of {len(confusion)}" if hidden else "Confusion"
    )
    _title(axes, whole)
    axes.set_anchor("N")
    _quiet(axes)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)


def detection_figure(measured: "DetectionEvaluation") -> Figure:
    """An evaluation of boxes at a glance: average precision by class, errors by kind, curves.

    Args:
        measured: the evaluation.

    Returns:
        The figure, of 7.2 by 5.2 inches: on the left the average precision of the classes at an
        overlap of .5; on the right what mending each kind of errors would bring, above the curves.
    """
    figure = Figure(figsize=(7.2, 5.2), dpi=150, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.45, 1))
    left, above, below = (
        figure.add_subplot(place) for place in (grid[:, 0], grid[0, 1], grid[1, 1])
    )
    draw_scores(left, measured.per_class, "ap50", "Average precision at an overlap of .5", "boxes")
    draw_gains(above, measured.errors.summary)
    draw_curves(below, measured.precision_recall)
    headline, basis = str(measured).split(", mAP50", 1)
    figure.suptitle(f"{headline}\nmAP50{basis}", fontsize=9, color=INK, parse_math=False)
    return figure


def draw_gains(axes: Axes, summary: pd.DataFrame) -> None:
    """By how many points mAP50 would rise if each kind of errors alone were mended.

    Args:
        axes: where to draw.
        summary: `gain` (0 to 1) and `count` by kind.
    """
    places = np.arange(len(summary))
    axes.barh(places, 100 * summary["gain"].fillna(0), color=COLOURS[0], height=0.6)
    axes.set_yticks(places, [f"{kind}  ({n})" for kind, n in summary["count"].items()])
    axes.set_ylim(len(summary) - 0.4, -0.6)
    axes.set_xlim(left=0, right=max(1.0, 105 * summary["gain"].fillna(0).max()))
    axes.set_xlabel("points of mAP50 that mending would bring")
    _title(axes, "What goes wrong")
    _quiet(axes)
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.tick_params(axis="y", length=0)


def draw_scores(
    axes: Axes,
    per_class: pd.DataFrame,
    column: str = "f1",
    figure: str = "F1",
    things: str = "images that have it",
) -> None:
    """A figure of each class with its interval, the worst on top; those that have none come last.

    Args:
        axes: where to draw.
        per_class: the column with its `_low` and `_high`, and `support`, by class. Of more than 16
            classes the worst are shown.
        column: which.
        figure: what it is called.
        things: what `support` counts.
    """
    table = per_class.sort_values(column, kind="stable", na_position="last")[:ROWS]
    places = np.arange(len(table))
    low, high = table[f"{column}_low"], table[f"{column}_high"]
    axes.hlines(places, low, high, color=COLOURS[0], alpha=0.45, linewidth=3)
    axes.plot(table[column], places, "o", color=COLOURS[0], markersize=5)
    named = [f"{_short(name)}  ({n})" for name, n in table["support"].items()]
    axes.set_yticks(places, named, parse_math=False)
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel(f"{figure}, with its 95 % interval")
    axes.set_ylabel(f"class ({things})")
    hidden = len(per_class) - len(table)
    _title(axes, f"The worst {ROWS} classes of {len(per_class)}" if hidden else "Classes")
    _quiet(axes)
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.tick_params(axis="y", length=0)


def draw_reliability(axes: Axes, found: Reliability, *, several: bool) -> None:
    """How often what was predicted came true, over how probable it was said to be.

    Args:
        axes: where to draw.
        found: bins of equal mass and the calibration error.
        several: whether an image can have several classes.
    """
    bins = found.bins
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.vlines(bins["confidence"], bins["low"], bins["high"], color=COLOURS[0], alpha=0.45, lw=3)
    axes.plot(bins["confidence"], bins["share"], "o-", color=COLOURS[0], markersize=4, lw=1.2)
    # What is said lies in the upper half, as a rule: show what there is, and the corner.
    start = 0.0 if several else max(0.0, min(bins["confidence"].min(), bins["low"].min()) - 0.05)
    axes.set_xlim(start, 1.02)
    axes.set_ylim(start, 1.02)
    axes.set_xlabel("probability that was given")
    axes.set_ylabel("came true")
    _title(axes, f"Calibration error {found.ece}")
    _quiet(axes)


def draw_curves(axes: Axes, found: "PrecisionRecall | BoxCurves") -> None:
    """Precision against recall: the classes with the lowest average precision, and all others.

    Args:
        axes: where to draw.
        found: the curves.
    """
    table = found.average_precision.dropna(subset=["average_precision"])
    ranked = table.sort_values("average_precision", kind="stable").index.tolist()
    worst, others = ranked[:DRAWN], ranked[DRAWN:]
    for name in others:
        axes.plot(*_steps(found.curve(name)), color="#c4c4c4", linewidth=0.8, drawstyle="steps-pre")
    for index, name in reversed(list(enumerate(worst))):
        share = 100 * table.loc[name, "average_precision"]
        axes.plot(
            *_steps(found.curve(name)),
            LINES[index],
            color=COLOURS[index],
            linewidth=1.5,
            drawstyle="steps-pre",
            label=f"{_short(name)}  {share:.0f} %",
        )
    lines, names = axes.get_legend_handles_labels()
    if others:
        lines = [*axes.plot([], [], color="#c4c4c4", linewidth=0.8), *lines]
        names = [f"{len(others)} others", *names]
    if ranked:
        # Below, for anywhere inside it would hide a curve.
        box = axes.legend(
            lines[::-1],
            names[::-1],
            loc="upper left",
            bbox_to_anchor=(-0.08, -0.26),
            ncols=2 if max(map(len, names)) < 20 else 1,
            fontsize=7,
            frameon=False,
            labelcolor=INK,
        )
        for text in box.get_texts():
            text.set_parse_math(False)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.04)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    _title(axes, "Lowest average precision" if others else "Average precision")
    _quiet(axes)


def _steps(curve: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Recall and precision from recall 0 on, so that the area under the steps is the average.

    Thresholds that find nothing more are left out: they are no part of it, and only draw spikes.
    """
    gained = curve[np.diff(curve["recall"], prepend=0.0) > 0]
    if len(gained) == 0:  # of boxes, a class may be there and never be found
        return [], []
    return [0.0, *gained["recall"]], [gained["precision"].iloc[0], *gained["precision"]]


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 18 else f"{text[:17]}…"


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=8, color=INK, parse_math=False)


def _quiet(axes: Axes, size: int = 8) -> None:
    """What all panels have in common."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=size)
    axes.xaxis.label.set(color=INK, size=size)
    axes.yaxis.label.set(color=INK, size=size)
    axes.set_axisbelow(True)


def new_figure(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty figure in the house style; sizes in inches."""
    figure, (axes,) = panels(1, width, height)
    return figure, axes


def panels(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """As `new_figure`, with several axes side by side."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    row = list(figure.subplots(1, count, squeeze=False)[0])
    for axes in row:
        _quiet(axes, size=9)
        axes.grid(axis="y", color=FAINT, linewidth=0.8)
        axes.set_axisbelow(True)
    return figure, row
