"""Masks measured: equal to scikit-learn's figures, to a plain count of boundaries, honest intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

from workbench.evaluation.segmentation import (
    count_image,
    evaluate_segmentation,
    rim,
)

ABOUT = {"provisional": False, "test_labels": 40, "pool_labels": 200}


def measured(pairs, classes=("a", "b", "c"), **about):
    counts = [count_image(str(i), *pair, len(classes)) for i, pair in enumerate(pairs)]
    return evaluate_segmentation(counts, classes, **{**ABOUT, **about})


def masks(seed, count=6, side=12, classes=3, right=0.8):
    """Masks in blocks, and what is said of them, wrong in some pixels."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        truth = np.kron(rng.integers(0, classes + 1, (4, 4)), np.ones((side // 4, side // 4), int))
        said = np.where(
            rng.random(truth.shape) < right, truth, rng.integers(0, classes + 1, truth.shape)
        )
        pairs.append((truth.astype(np.uint16), said.astype(np.uint16)))
    return pairs


@pytest.mark.parametrize("seed", range(20))
def test_figures_are_those_of_scikit_learn(seed):
    pairs = masks(seed)
    found = measured(pairs)
    truth, said = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    for index, name in enumerate(found.classes, start=1):
        there, here = truth == index, said == index
        row = found.per_class.loc[name]
        wanted = {
            "iou": jaccard_score,
            "dice": f1_score,
            "precision": precision_score,
            "recall": recall_score,
        }
        for figure, score in wanted.items():
            assert row[figure] == pytest.approx(score(there, here), abs=1e-9)
            assert row[f"{figure}_low"] <= row[figure] <= row[f"{figure}_high"]
    assert found.headline.value == pytest.approx(found.per_class["iou"].mean(), abs=1e-9)


def near_the_edge(mask, width):
    """Whether a pixel outside of the mask, or of the image, is at most so far, row- and columnwise."""
    padded = np.pad(mask, width)
    out = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        around = padded[row : row + 2 * width + 1, column : column + 2 * width + 1]
        out[row, column] = not around.all()
    return out


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), width=st.integers(1, 3))
def test_rims_are_those_counted_pixel_by_pixel(seed, width):
    mask = np.random.default_rng(seed).random((9, 11)) < 0.8
    assert (rim(mask, width) == near_the_edge(mask, width)).all()


def test_boundary_iou_is_that_of_the_rims():
    truth, said = np.zeros((2, 100, 100), dtype=np.uint16)
    truth[20:60, 20:60] = said[22:62, 20:60] = 1
    found = measured([(truth, said)], ("a",)).per_class.loc["a"]
    rims = [near_the_edge(mask == 1, 3) for mask in (truth, said)]  # 2 % of a diagonal of 141
    assert found["boundary_iou"] == pytest.approx(
        (rims[0] & rims[1]).sum() / (rims[0] | rims[1]).sum()
    )
    assert found["boundary_iou"] < found["iou"], "what lies beside the edge by a little"


def test_a_class_that_no_image_has_is_not_averaged():
    truth = np.array([[0, 1], [1, 1]], dtype=np.uint16)
    found = measured([(truth, truth)] * 3)
    assert found.headline.value == 1
    assert found.headline.low < 1, "three images that agree prove little"
    assert np.isnan(found.per_class.loc["b", "iou"])
    nothing = measured([(truth * 0, truth)])
    assert np.isnan(nothing.headline.value)
    assert (nothing.headline.low, nothing.headline.high) == (0, 1)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    pool = [
        count_image(str(i), *pair, 3)
        for i in range(400)
        for pair in masks(i, count=1, right=rng.uniform(0.5, 1))
    ]
    truth = evaluate_segmentation(pool, ("a", "b", "c"), **ABOUT).headline.value
    held = 0
    for draw in range(100):
        rows = rng.choice(400, 40, replace=False)
        found = evaluate_segmentation(
            [pool[row] for row in rows], ("a", "b", "c"), **ABOUT, seed=draw
        ).headline
        held += found.low <= truth <= found.high
    assert 86 <= held <= 100


def test_two_evaluations_are_compared_image_by_image():
    worse, better = masks(1, count=30, right=0.6), masks(1, count=30, right=0.6)
    better = [(truth, np.where(np.arange(12) < 6, truth, said)) for truth, said in better]
    step = measured(better).compare(measured(worse))
    assert step.difference.low > 0
    assert (step.images["after"] >= step.images["before"]).all()
    assert "points of mean IoU" in str(step)
    none = measured(worse).compare(measured(worse)).difference
    assert (none.value, none.low, none.high) == (0, 0, 0)
    with pytest.raises(ValueError, match="different classes"):
        measured(better, ("x", "y", "z")).compare(measured(worse))
    with pytest.raises(ValueError, match="of one size"):
        count_image("a", np.zeros((2, 2), np.uint16), np.zeros((2, 3), np.uint16), 1)
    with pytest.raises(ValueError, match="0 to 4, but got 7"):
        count_image("a", np.full((2, 2), 1, np.uint16), np.full((2, 2), 7, np.uint16), 4)


def test_what_goes_wrong_is_told_image_by_image_and_class_by_class():
    truth = np.array([[0, 1, 2, 2]], dtype=np.uint16)
    said = np.array([[3, 0, 2, 3]], dtype=np.uint16)
    found = measured([(truth, truth), (truth, said)], provisional=True)
    rows = found.to_pandas()
    assert rows.loc["1"].to_dict() == {
        "right": 0.25,
        "missed": 0.25,
        "false_alarms": 0.25,
        "confused": 0.25,
    }
    assert list(rows.index) == ["1", "0"]
    assert found.confusion.loc["b", "c"] == 0.25
    assert found.confusion.loc["b", "b"] == 0.75
    assert "provisional" in str(found)
    assert found.plot().axes[0].get_xlabel().startswith("%")
    assert "mean IoU" in found._repr_html_()
