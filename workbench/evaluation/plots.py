"""Pictures in one style: quiet, readable in print and by colour-blind eyes.

Figures are made without pyplot, whose state is shared by all threads of a notebook's kernel.
"""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.evaluation.intervals import Estimate

# Okabe and Ito's palette; each series also has its own line, for print without colour.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
LINES = ("-", "--", "-.", ":")
INK, QUIET = "#222222", "#767676"


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


def new_figure(width: float = 6.4, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty figure in the house style; sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes
