"""Precision against recall, held against scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from workbench.evaluation.cases import Cases
from workbench.evaluation.curves import average_precision_interval, precision_recall


def cases(truth, probabilities, classes):
    probabilities = np.asarray(probabilities, dtype=np.float64)
    ids = [str(row) for row in range(len(probabilities))]
    return Cases(ids, np.asarray(truth), probabilities, classes)


@pytest.fixture(scope="module", params=["classification", "multilabel"])
def some(request):
    """120 images of three classes, scores with ties."""
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=120)
    scores = rng.random((120, 3)) + 0.8 * np.eye(3)[truth]
    scores = np.round(scores / scores.sum(axis=1, keepdims=True), 1)
    if request.param == "multilabel":
        truth = rng.random((120, 3)) < scores
    return cases(truth, scores, ["a", "b", "c"])


def test_curves_are_scikit_learns(some):
    found = precision_recall(some)
    for column, name in enumerate(some.classes):
        truth, scores = some.presence[:, column], some.probabilities[:, column]
        precision, recall, thresholds = precision_recall_curve(truth, scores)
        curve = found.curve(name)
        # Theirs goes the other way, and ends in a point that has no threshold.
        np.testing.assert_allclose(curve["precision"], precision[:-1][::-1])
        np.testing.assert_allclose(curve["recall"], recall[:-1][::-1])
        np.testing.assert_allclose(curve["threshold"], thresholds[::-1])
        area = (np.diff(curve["recall"], prepend=0) * curve["precision"]).sum()
        average = found.average_precision.loc[name]
        assert area == pytest.approx(average_precision_score(truth, scores))
        assert average["average_precision"] == pytest.approx(area)
        assert average["low"] < area < average["high"]
        assert average["support"] == truth.sum()


def test_a_class_that_no_image_has_has_no_curve():
    found = precision_recall(cases([0, 0], [[0.6, 0.4], [0.9, 0.1]], ["a", "b"]))
    assert len(found.curve("b")) == 0
    assert found.average_precision.loc["b", ["average_precision", "low", "high"]].isna().all()
    assert found.average_precision.loc["b", "support"] == 0
    with pytest.raises(ValueError, match="unknown class 'c'"):
        found.curve("c")


@pytest.mark.parametrize("support, distance", [(5, 2.0), (10, 3.0), (30, 1.0), (30, 3.0)])
def test_the_interval_covers_the_average_precision_of_many_images(support, distance):
    rng = np.random.default_rng(0)

    def draw(times):
        truth = np.repeat([True, False], [support * times, 10 * support * times])
        scores = rng.normal(size=len(truth)) + distance * truth
        return average_precision_score(truth, scores)

    expected = draw(2_000)
    found = [average_precision_interval(draw(1), support) for _ in range(200)]
    assert np.mean([each.low <= expected <= each.high for each in found]) >= 0.91


def test_a_perfect_order_of_few_images_is_no_certainty():
    found = average_precision_interval(1.0, 3)
    assert found.high == 1
    assert found.low < 0.5
