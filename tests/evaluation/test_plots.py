"""Pictures: they draw, and show what they were given."""

import sys
from io import BytesIO

import numpy as np
from PIL import Image

from workbench.evaluation.intervals import Estimate
from workbench.evaluation.plots import learning_curves


def points(*values):
    return [(20 * n, Estimate(v, v - 0.05, v + 0.04, 100)) for n, v in enumerate(values, 1)]


def pixels(figure):
    stream = BytesIO()
    figure.savefig(stream, format="png")
    return np.asarray(Image.open(stream).convert("RGB"))


def test_learning_curves_draw_a_line_with_its_band_for_each_strategy():
    figure = learning_curves({"uherding": points(0.5, 0.7, 0.8), "random": points(0.5, 0.6, 0.65)})
    (axes,) = figure.axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.5, 0.7, 0.8], [0.5, 0.6, 0.65]]
    assert axes.lines[0].get_xdata().tolist() == [20, 40, 60]
    assert len(axes.collections) == 2
    assert [text.get_text() for text in axes.texts] == ["uherding  80.0 %", "random  65.0 %"]
    # Told apart in print, and by colour-blind eyes.
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    picture = pixels(figure)
    assert picture.std() > 5, "an empty sheet"


def test_more_curves_than_colours_and_a_single_point_draw_too():
    curves = {f"strategy {n}": points(0.5 + n / 100) for n in range(6)}
    assert len(learning_curves(curves).axes[0].lines) == 6
    pixels(learning_curves(curves))


def test_a_curve_without_points_yet_is_left_out():
    figure = learning_curves({"uherding": points(0.5), "random": []})
    assert [text.get_text() for text in figure.axes[0].texts] == ["uherding  50.0 %"]
    pixels(figure)
    pixels(learning_curves({}))


def test_names_with_a_dollar_sign_are_text_not_formulas():
    pixels(learning_curves({r"cost $\oops$": points(0.5)}))


def test_figures_do_not_touch_pyplots_shared_state():
    learning_curves({"random": points(0.5)})
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()
