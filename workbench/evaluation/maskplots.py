"""Pictures of evaluated masks, in the style of `plots`."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from workbench.evaluation.plots import COLOURS, INK, ROWS, panels

if TYPE_CHECKING:
    from workbench.evaluation.segmentation import SegmentationEvaluation

_LONGEST = 18  # characters of a name


def segmentation_figure(measured: "SegmentationEvaluation") -> Figure:
    """IoU and boundary IoU by class, the lowest first, and what each class is taken for.

    Of more classes than can be read, those with the lowest IoU.
    """
    table = measured.per_class.dropna(subset=["iou"]).sort_values("iou", kind="stable")[:ROWS]
    names = [_short(name) for name in table.index]
    figure, (bars, grid) = panels(2, 9.6, max(2.6, 1.2 + 0.3 * len(names)))
    places = np.arange(len(names))
    for shift, name, colour, mark in (
        (-0.13, "iou", COLOURS[0], "o"),
        (0.13, "boundary_iou", COLOURS[1], "s"),
    ):
        bars.hlines(
            places + shift,
            100 * table[f"{name}_low"],
            100 * table[f"{name}_high"],
            color=colour,
            alpha=0.45,
            lw=3,
        )
        label = "IoU" if name == "iou" else "boundary IoU"
        bars.plot(100 * table[name], places + shift, mark, color=colour, markersize=5, label=label)
    bars.set_yticks(places, names, parse_math=False)
    bars.set_xlim(0, 102)
    bars.set_xlabel("%, with 95 % intervals")
    bars.invert_yaxis()
    bars.grid(axis="y", visible=False)
    bars.legend(loc="lower left", fontsize=7, frameon=False, labelcolor=INK)
    shares = 100 * measured.confusion.loc[list(table.index), ["none", *table.index]].fillna(0.0)
    grid.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for row, line in enumerate(shares.to_numpy()):
        for column, value in enumerate(line):
            if value >= 0.5:
                ink = "white" if value > 55 else INK
                grid.text(
                    column, row, f"{value:.0f}", ha="center", va="center", fontsize=7, color=ink
                )
    grid.set_yticks(places, names, parse_math=False)
    columns = ["none", *names]
    grid.set_xticks(range(len(columns)), columns, rotation=45, ha="right", parse_math=False)
    grid.set_xlabel("said, % of the pixels of the class")
    grid.grid(visible=False)
    for axes, text in ((bars, "Overlap by class"), (grid, "What each class is taken for")):
        axes.set_title(text, loc="left", fontsize=8, color=INK)
        axes.tick_params(labelsize=8)
        axes.xaxis.label.set(color=INK, size=8)
    return figure


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
