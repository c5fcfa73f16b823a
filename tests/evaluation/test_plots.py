"""Pictures: they draw, and show what they were given."""

import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from workbench.evaluation.cases import Cases
from workbench.evaluation.classification import evaluate_classification
from workbench.evaluation.intervals import Estimate
from workbench.evaluation.multilabel import evaluate_multilabel
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


def judged(n, classes, *, several=False, **about):
    rng = np.random.default_rng(0)
    k = len(classes)
    truth = rng.integers(k, size=n)
    scores = rng.random((n, k)) + 0.5 * np.eye(k)[truth]
    scores /= scores.sum(axis=1, keepdims=True)
    if several:
        truth = rng.random((n, k)) < scores
    evaluate = evaluate_multilabel if several else evaluate_classification
    cases = Cases([str(row) for row in range(n)], truth, scores, classes)
    return evaluate(cases, **{"provisional": False, "test_labels": n, "pool_labels": 9, **about})


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_an_evaluation_shows_confusion_reliability_and_curves():
    measured = judged(200, ["cat", "dog", "bird", "fish"])
    figure = measured.plot()
    confusion, reliability, curves = figure.axes
    counts = measured.confusion.to_numpy()
    assert texts(confusion) == [str(count) for count in counts.ravel() if count]
    assert (confusion.get_ylabel(), confusion.get_xlabel()) == ("truth", "predicted")
    assert [tick.get_text() for tick in confusion.get_yticklabels()] == measured.cases.classes
    (line,) = [line for line in reliability.lines if line.get_marker() == "o"]
    bins = measured.reliability.bins
    np.testing.assert_allclose(line.get_xdata(), bins["confidence"])
    np.testing.assert_allclose(line.get_ydata(), bins["share"])
    assert str(measured.ece) in reliability.get_title(loc="left")
    average = measured.precision_recall.average_precision["average_precision"]
    shown = [text.get_text() for text in curves.get_legend().get_texts()]
    worst = average.sort_values().index[:3]
    assert shown == [*(f"{name}  {100 * average[name]:.0f} %" for name in worst), "1 others"]
    drawn = {line.get_label(): line for line in curves.lines}
    for name in worst:
        line = drawn[f"{name}  {100 * average[name]:.0f} %"]
        recall, precision = line.get_xdata(), line.get_ydata()
        area = (np.diff(recall) * precision[1:]).sum()
        assert area == pytest.approx(average[name]), "the area under the steps"
    assert len({drawn[text].get_linestyle() for text in shown[:3]}) == 3, "told apart in print"
    assert pixels(figure).std() > 5


def test_with_several_classes_an_image_the_classes_are_shown_worst_first():
    measured = judged(150, ["$a$", "b", "c"], several=True)
    scores, _, _ = measured.plot().axes
    named = [tick.get_text() for tick in scores.get_yticklabels()]
    worst = measured.per_class.sort_values("f1")
    assert named == [f"{name}  ({n})" for name, n in worst["support"].items()]
    (line,) = scores.lines
    np.testing.assert_allclose(line.get_xdata(), worst["f1"])


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    "n, classes",
    [
        (1, ["only"]),
        (3, ["a", "b"]),
        (30, ["a class with a very long name", r"$\oops$", "<b>"]),
        (300, [f"class {number}" for number in range(60)]),
    ],
)
def test_few_images_many_classes_and_odd_names_draw_too(n, classes, several):
    measured = judged(n, classes, several=several, provisional=True)
    figure = measured.plot()
    assert len(figure.axes[0].get_yticks()) == min(16, len(classes))
    assert pixels(figure).std() > 5


def test_the_rows_that_are_shown_of_many_are_those_with_the_most_errors():
    measured = judged(400, [f"class {number}" for number in range(30)])
    shown = [tick.get_text() for tick in measured.plot().axes[0].get_yticklabels()]
    counts = measured.confusion
    errors = counts.sum() + counts.sum(axis=1) - 2 * np.diag(counts)
    assert errors[shown].min() >= errors.drop(shown).max()


def test_figures_do_not_touch_pyplots_shared_state():
    learning_curves({"random": points(0.5)})
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()
