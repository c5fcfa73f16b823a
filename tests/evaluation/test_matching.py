"""Boxes are matched and counted as pycocotools does it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.boxes import cases, pycocotools_says, scenes, table, with_outlines
from workbench.boxgeometry import find_pairs, overlaps
from workbench.evaluation.boxcases import BoxCases
from workbench.evaluation.matching import match

SQUARE = (0, 0, 10, 10)


def same_as_pycocotools(found):
    ours, theirs = found.ranking.average_precision(), pycocotools_says(found)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    return ours


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("ties", [True, False])
def test_average_precision_is_that_of_pycocotools(seed, ties):
    found = scenes(seed, images=5 + 3 * seed, classes=1 + seed % 5, ties=ties)
    assert np.nanmax(same_as_pycocotools(found)) > 0


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_boxes_on_a_grid_that_overlap_equally_are_matched_alike(data):
    """Whole numbers make ties of overlap and of confidence the rule."""

    def box():
        left, top = data.draw(st.tuples(*[st.integers(0, 4)] * 2))
        width, height = data.draw(st.tuples(*[st.integers(1, 3)] * 2))
        return left, top, left + width, top + height

    places = st.tuples(st.integers(0, 2), st.integers(0, 1))
    truth = [(*place, *box()) for place in data.draw(st.lists(places, max_size=10))]
    scores = st.sampled_from([0.2, 0.5, 0.9])
    said = [
        (*place, data.draw(scores), *box()) for place in data.draw(st.lists(places, max_size=14))
    ]
    same_as_pycocotools(cases(truth, said, 3))


def test_images_and_classes_without_boxes():
    both = cases([(0, 0, *SQUARE)], [(0, 0, 0.9, *SQUARE), (2, 0, 0.95, *SQUARE)], 4)
    ours = same_as_pycocotools(both)
    assert ours[0, 0] == pytest.approx(0.5)
    assert np.isnan(ours[:, 1]).all(), "nothing is true of the second class"
    unseen = same_as_pycocotools(cases([(0, 1, *SQUARE)], [], 2))
    assert unseen[0, 1] == 0
    false_only = cases([], [(0, 0, 0.9, *SQUARE)], 1)
    assert np.isnan(same_as_pycocotools(false_only)).all()
    nothing = cases([], [], 3)
    assert np.isnan(same_as_pycocotools(nothing)).all()


def test_of_a_class_in_an_image_the_surest_hundred_count():
    rng = np.random.default_rng(0)
    boxes = [(10 * k, 0, 10 * k + 8, 8) for k in range(150)]
    truth = [(0, 0, *box) for box in boxes]
    said = [(0, 0, score, *box) for score, box in zip(rng.random(150), boxes, strict=True)]
    said += [(0, 1, 0.5, *SQUARE), (1, 0, 0.01, *SQUARE)]
    ours = same_as_pycocotools(cases(truth, said))
    assert ours[0, 0] == pytest.approx(67 / 101), "two thirds of the recalls are reached"


def test_a_sure_box_takes_what_it_overlaps_most_and_leaves_the_rest_to_others():
    truth = [(0, 0, 0, 0, 10, 10), (0, 0, 2, 0, 12, 10)]
    said = [(0, 0, 0.6, 0, 0, 10, 10), (0, 0, 0.9, 1.5, 0, 11.5, 10)]
    found = cases(truth, said)
    given_to = match(found.truth, found.said, [0.5])
    assert found.said.scores[given_to.said].tolist() == [0.9, 0.6]
    assert given_to.truth.tolist() == [[1, 0]]
    assert match(found.truth, found.said, [0.5], most=1).truth.tolist() == [[1]]


def test_overlap_of_touching_empty_and_equal_boxes():
    one = np.array([[0, 0, 2, 2], [0, 0, 2, 2], [1, 1, 1, 1], [0, 0, 2, 2]], dtype=float)
    other = np.array([[2, 0, 4, 2], [0, 0, 2, 2], [1, 1, 1, 1], [1, 0, 3, 2]], dtype=float)
    assert overlaps(one, other).tolist() == pytest.approx([0, 1, 0, 1 / 3])


def test_pairs_are_those_of_one_image_and_found_in_blocks_too(monkeypatch):
    found = scenes(3, images=12)
    whole = find_pairs(found.truth, found.said, 0.1)
    expected = [
        (row, place)
        for row in range(len(found.said))
        for place in range(len(found.truth))
        if found.said.images[row] == found.truth.images[place]
        and overlaps(found.said.corners[[row]], found.truth.corners[[place]])[0] >= 0.1
    ]
    assert list(zip(whole.said.tolist(), whole.truth.tolist(), strict=True)) == expected
    monkeypatch.setattr("workbench.boxgeometry.BLOCK", 7)
    blocks = find_pairs(found.truth, found.said, 0.1)
    assert blocks.said.tolist() == whole.said.tolist()
    assert blocks.overlap.tolist() == whole.overlap.tolist()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((3, 0, 0.5, *SQUARE), "images of predicted boxes must be within 0 and 1"),
        ((0, 2, 0.5, *SQUARE), "classes of predicted boxes must be within 0 and 1"),
        ((0, 0, 1.5, *SQUARE), "confidences of predicted boxes must be within 0 and 1"),
        ((0, 0, float("nan"), *SQUARE), "confidences of predicted"),
        ((0, 0, 0.5, 0, 0, float("inf"), 1), "corners of predicted boxes must be finite"),
        ((0, 0, 0.5, 5, 0, 1, 1), "left, top, right, bottom"),
    ],
)
def test_what_is_no_box_is_refused(row, said):
    with pytest.raises(ValueError, match=said):
        BoxCases(["a", "b"], table([]), table([row]), ["cat", "dog"])
    with pytest.raises(ValueError, match="an image and a class"):
        BoxCases([], table([]), table([]), ["cat"])


def test_a_weight_counts_an_image_as_often():
    found = scenes(5, images=10, ties=False)
    weights = np.array([2, 0, 1, 1, 3, 0, 1, 0, 1, 1], dtype=float)
    rows = np.repeat(np.arange(10), weights.astype(int))
    # Images repeated are other images with the same boxes.
    truth, said = [], []
    for place, row in enumerate(rows):
        for source, into in ((found.truth, truth), (found.said, said)):
            for box in np.flatnonzero(source.images == row):
                into.append((place, source.classes[box], source.scores[box], *source.corners[box]))
    again = BoxCases([str(k) for k in range(len(rows))], table(truth), table(said), found.classes)
    np.testing.assert_allclose(
        found.ranking.average_precision(weights), again.ranking.average_precision(), atol=1e-12
    )


@pytest.mark.parametrize("seed", range(12))
def test_outlines_are_matched_by_the_pixels_that_they_hold_as_pycocotools_does_it(seed):
    found = with_outlines(scenes(seed, images=8, most=5, noise=2.0), seed)
    own = found.ranking.average_precision()
    theirs = pycocotools_says(found, "segm")
    np.testing.assert_allclose(own, theirs, atol=1e-9)
    boxes = replace_outlines(found)
    assert not np.allclose(np.nan_to_num(own), np.nan_to_num(boxes.ranking.average_precision()))


def replace_outlines(found):
    """The same boxes without their outlines."""
    bare = [replace(each, outlines=None) for each in (found.truth, found.said)]
    return BoxCases(found.ids, *bare, found.classes)


def test_chosen_images_keep_their_outlines():
    found = with_outlines(scenes(3, images=8, most=5), 3)
    some = found.select([5, 2])
    kept = found.select([2, 5])
    assert sorted(some.truth.outlines) == sorted(kept.truth.outlines)
    assert len(some.truth.outlines) == len(some.truth)
