"""A detector is measured with intervals, and compared image by image."""

import numpy as np
import pytest

from tests.evaluation.boxes import cases, pycocotools_says, scenes
from tests.evaluation.test_plots import pixels, texts
from workbench.evaluation.boxcases import BoxCases
from workbench.evaluation.detection import evaluate_detection

CAT, DOG = (0, 0, 10, 10), (30, 0, 40, 10)
ABOUT = {"provisional": False, "test_labels": 40, "pool_labels": 60}


def measured(found, **about):
    return evaluate_detection(found, **{**ABOUT, **about})


def test_figures_are_those_of_pycocotools_and_lie_in_their_intervals():
    found = scenes(1, images=60)
    evaluation = measured(found)
    theirs = pycocotools_says(found)
    assert evaluation.headline.value == pytest.approx(theirs.mean(), abs=1e-9)
    assert evaluation.map50.value == pytest.approx(theirs[0].mean(), abs=1e-9)
    assert evaluation.map75.value == pytest.approx(theirs[5].mean(), abs=1e-9)
    np.testing.assert_allclose(evaluation.per_class["ap"], theirs.mean(axis=0), atol=1e-9)
    for figure in (evaluation.headline, evaluation.map50, evaluation.map75):
        assert 0 < figure.low < figure.value < figure.high < 1
    table = evaluation.per_class
    assert (table["ap50_low"] < table["ap50"]).all()
    assert (table["ap50_high"] > table["ap50"]).all()
    assert table["support"].sum() == len(found.truth)
    assert evaluation.figures.loc["mAP50", "value"] == evaluation.map50.value


def test_intervals_hold_the_figure_of_all_images_about_as_often_as_they_should():
    """Of samples of 40 images out of 4,000."""
    world = scenes(2, images=4000, classes=2, ties=False, noise=2.0, skill=0.8)
    truth = world.ranking.average_precision()[0].mean()
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(40):
        sample = world.select(rng.choice(4000, 40, replace=False))
        figure = measured(sample).map50
        held += figure.low <= truth <= figure.high
    assert held >= 33, f"{held} of 40"


def test_precision_and_recall_are_of_boxes_above_the_threshold():
    truth = [(0, 0, *CAT), (1, 0, *CAT), (2, 0, *CAT)]
    said = [(0, 0, 0.9, *CAT), (1, 0, 0.4, *CAT), (1, 0, 0.6, *DOG), (2, 1, 0.7, *CAT)]
    found = cases(truth, said)
    table = measured(found).per_class
    assert table.loc["cat", ["precision", "recall", "f1"]].tolist() == pytest.approx(
        [1 / 2, 1 / 3, 2 / 5]
    )
    assert table.loc["dog", "precision"] == 0
    assert table.loc["dog", ["recall", "ap", "ap_low", "ap_high"]].isna().all()
    assert table[["support", "images"]].to_numpy().tolist() == [[3, 3], [0, 0]]
    lower = measured(found, threshold=0.3).per_class
    assert lower.loc["cat", "recall"] == pytest.approx(2 / 3)
    rows = measured(found).to_pandas()
    assert rows.loc["s1"].tolist() == [1, 0, 1, 1, False]
    assert rows.loc["s0", "right"]


def test_perfect_boxes_and_none_at_all_have_an_interval_too():
    perfect = measured(
        cases([(k, 0, *CAT) for k in range(20)], [(k, 0, 1, *CAT) for k in range(20)])
    )
    assert perfect.headline.value == 1
    assert 0.8 < perfect.headline.low < 0.9
    blind = measured(cases([(k, 0, *CAT) for k in range(20)], []))
    assert (blind.headline.value, blind.headline.low) == (0, 0)
    assert 0.1 < blind.headline.high < 0.2
    empty = measured(cases([], [], 3))
    assert np.isnan(empty.headline.value)
    assert (empty.headline.low, empty.headline.high) == (0, 1)
    for evaluation in (perfect, blind, empty):
        pixels(evaluation.plot())
        assert "<table" in evaluation._repr_html_()


def test_it_says_what_it_rests_on():
    found = scenes(1, images=10)
    blind = str(measured(found))
    assert blind.startswith("mAP ")
    assert f"blind test, 10 images with {len(found.truth)} boxes; trained on 60 images" in blind
    early = str(measured(found, provisional=True, test_labels=4))
    assert "provisional: on 10 images of the pool" in early
    assert "until 30 test images are labelled (4 so far)" in early


def test_its_picture_shows_classes_errors_and_curves():
    evaluation = measured(scenes(4, images=40, classes=5))
    classes, errors, curves = evaluation.plot().axes
    worst = evaluation.per_class["ap50"].idxmin()
    assert classes.get_yticklabels()[0].get_text().startswith(worst)
    assert [label.get_text().split("  ")[0] for label in errors.get_yticklabels()] == [
        "missed",
        "false alarm",
        "badly placed",
        "confused",
        "duplicate",
    ]
    widths = [100 * gain for gain in evaluation.errors.summary["gain"]]
    assert [bar.get_width() for bar in errors.patches] == pytest.approx(widths)
    assert texts(classes) == []
    assert curves.get_xlabel() == "recall"
    pixels(evaluation.plot())


def test_a_curve_has_precision_and_recall_at_each_threshold():
    truth = [(0, 0, *CAT), (1, 0, *CAT)]
    said = [(0, 0, 0.9, *CAT), (0, 0, 0.5, *DOG), (1, 0, 0.5, 0, 0, 10, 7)]
    curves = measured(cases(truth, said)).precision_recall
    rows = curves.curve("cat").to_numpy().tolist()
    assert rows == [[0.9, 1, 0.5], [0.5, pytest.approx(2 / 3), 1]]
    assert curves.curve("cat", 0.75)["recall"].tolist() == [0.5, 0.5]
    assert len(curves.curve("dog")) == 0
    with pytest.raises(ValueError, match="unknown class 'bird'"):
        curves.curve("bird")
    with pytest.raises(ValueError, match="overlap must be one of"):
        curves.curve("cat", 0.52)


def test_two_detectors_are_compared_on_the_images_that_both_judge():
    truth = [(k, 0, *CAT) for k in range(4)]
    hit = lambda k: (k, 0, 0.9, *CAT)  # noqa: E731
    before = measured(cases(truth, [hit(0), hit(1), (2, 0, 0.8, *DOG)]))
    after = measured(cases(truth, [hit(0), hit(2), hit(3), (1, 0, 0.8, *DOG), hit(1)]))
    found = after.compare(before)
    assert found.images["outcome"].tolist() == ["both right", "broken", "fixed", "fixed"]
    assert found.images.loc["s2"].tolist() == [1, 1, 1, 0, 0, "fixed"]
    assert (found.fixed, found.broken) == (["s2", "s3"], ["s1"])
    step = after.headline.value - before.headline.value
    assert found.difference.value == pytest.approx(step)
    assert found.difference.low <= step <= found.difference.high
    assert "points of mAP" in str(found)
    assert "mAP50 +" in str(found)
    assert after.compare(after).difference.high == 0


def test_a_paired_interval_is_narrower_than_two_apart():
    """One detector that finds a little more than another, in the same images."""
    one = scenes(7, images=80, ties=False, noise=2.0, skill=0.8)
    kept = np.random.default_rng(0).random(len(one.said)) < 0.8
    fields = {
        name: getattr(one.said, name)[kept] for name in ("images", "corners", "classes", "scores")
    }
    less = type(one.said)(**fields, ids=tuple(np.array(one.said.ids)[kept]))
    worse = BoxCases(one.ids, one.truth, less, one.classes)
    better, other = measured(one), measured(worse)
    step = better.compare(other).difference
    assert step.low > 0
    # Of two samples apart, the difference would be less sure than either figure.
    assert step.high - step.low < 0.8 * (better.headline.high - better.headline.low)


def test_images_are_matched_by_id_and_changed_labels_counted():
    before = cases([(0, 0, *CAT), (1, 0, *CAT)], [(0, 0, 0.9, *CAT)], 2)
    moved = cases([(0, 0, *DOG), (1, 0, *CAT)], [(0, 0, 0.9, *DOG)], 2)
    after = BoxCases(
        ["s1", "new"], moved.select([1, 0]).truth, moved.select([1, 0]).said, ["cat", "dog"]
    )
    found = measured(after).compare(measured(before))
    assert found.images.index.tolist() == ["s1"]
    assert (found.left_out, found.relabelled) == (2, 0)
    assert measured(moved).compare(measured(before)).relabelled == 1
    strangers = BoxCases(["x", "y"], before.truth, before.said, before.classes)
    with pytest.raises(ValueError, match="no image in common"):
        measured(strangers).compare(measured(before))
    with pytest.raises(ValueError, match="different classes"):
        measured(cases([], [], 2, ["cat"])).compare(measured(before))
