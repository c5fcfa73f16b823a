"""Wrong regions are sorted into kinds, told in words, and mending them is worth what it says."""

import numpy as np
import pytest

from tests.evaluation.masks import painted
from workbench.evaluation.regionerrors import (
    RegionErrorKind,
    RegionErrors,
    find_wrong_regions,
)
from workbench.evaluation.segmentation import count_image, evaluate_segmentation
from workbench.maskgeometry import edge_distance

CLASSES = ["cat", "dog", "bird"]
ABOUT = {"provisional": False, "test_labels": 40, "pool_labels": 60}


def drawn(*boxes, shape=(100, 100)):
    mask = np.zeros(shape, dtype=np.uint16)
    for index, left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = index
    return mask


def errors(pairs, **options):
    counts = [count_image(f"s{k}", *pair, 3) for k, pair in enumerate(pairs)]
    return RegionErrors(
        counts, [find_wrong_regions(*each, 3, **options) for each in pairs], CLASSES
    )


CAT = (1, 20, 20, 60, 60)


@pytest.mark.parametrize(
    ("said", "kind", "window", "reason"),
    [
        ([], "missed", (20, 20, 60, 60), "'cat' missed in the middle (16 % of the image)"),
        ([CAT, (2, 80, 0, 100, 10)], "false alarm", (80, 0, 100, 10),
         "says 'dog' at the top right, where nothing is (2 % of the image)"),
        ([(2, 20, 20, 60, 60)], "confused", (20, 20, 60, 60),
         "'cat' in the middle taken for 'dog' (16 % of the image)"),
        ([(1, 21, 20, 60, 60)], "boundary", (20, 20, 21, 60),
         "the edge of 'cat' at the left is too tight (below 1 % of the image)"),
        ([(1, 20, 20, 61, 60)], "boundary", (60, 20, 61, 60),
         "the edge of 'cat' in the middle is too wide (below 1 % of the image)"),
        ([(1, 40, 20, 60, 60)], "missed", (20, 20, 40, 60),
         "'cat' missed at the left (8 % of the image)"),
    ],
)  # fmt: skip
def test_each_kind_is_told_with_its_window(said, kind, window, reason):
    found = errors([(drawn(CAT), drawn(*said))])
    table = found.summary["count"]
    assert table[table > 0].to_dict() == {kind: 1}
    (error,) = found.ranked(RegionErrorKind(kind))
    assert (error.window, error.reason) == (window, reason)
    wide = (window[2] - window[0]) * (window[3] - window[1])
    assert error.pixels == wide
    assert error.score == pytest.approx(wide / 10_000)


def test_an_object_that_goes_under_is_missed_however_small():
    tiny = (1, 50, 50, 52, 51)
    assert errors([(drawn(tiny), drawn())]).summary.loc["missed", "count"] == 1
    # A part of the same size, of an object that is seen, is a matter of its edge.
    seen = errors([(drawn(CAT), drawn(CAT, (0, 20, 20, 22, 21)))], tolerance=0.03)
    assert seen.summary.loc["boundary", "count"] == 1


@pytest.mark.parametrize(("depth", "kind"), [(5, "boundary"), (6, "missed")])
def test_a_rim_is_as_thin_as_the_tolerance_says(depth, kind):
    """Of .03 of the diagonal, 4.2 pixels; the pixels at an edge are 0 away from it."""
    found = errors([(drawn(CAT), drawn((1, 20 + depth, 20, 60, 60)))], tolerance=0.03)
    assert found.summary.loc[kind, "count"] == 1


def test_every_wrong_pixel_is_in_one_region_of_one_pair_of_classes():
    for seed in range(30):
        truth, said = painted(seed)
        found = find_wrong_regions(truth, said, 3, tolerance=0.03)
        own = np.zeros((4, 4), dtype=np.int64)
        np.add.at(own, (found.truth, found.said), found.pixels)
        counts = count_image("s", truth, said, 3).confusion.copy()
        np.fill_diagonal(counts, 0)
        np.testing.assert_array_equal(own, counts)


def test_mending_a_kind_brings_what_painting_it_right_would():
    pairs = [painted(seed) for seed in range(25)]
    found = errors(pairs, tolerance=0.03)
    before = evaluate_segmentation(found.counts, CLASSES, **ABOUT).headline.value
    total = found.summary
    for kind in RegionErrorKind:
        mended = []
        for (truth, said), each in zip(pairs, found.regions, strict=True):
            right = said.copy()
            for row in np.flatnonzero(each.kind == list(RegionErrorKind).index(kind)):
                left, top, *_ = each.windows[row]
                place = (slice(top, each.windows[row, 3]), slice(left, each.windows[row, 2]))
                own = (truth == each.truth[row]) & (said == each.said[row])
                _flood(right, truth, own, place, int(each.pixels[row]))
            mended.append((truth, right))
        after = evaluate_segmentation(errors(mended).counts, CLASSES, **ABOUT).headline.value
        assert total.loc[kind.value, "gain"] == pytest.approx(after - before, abs=1e-12)
    assert (total["gain"] >= 0).all()
    assert (total["count"] > 0).all()


def _flood(right, truth, own, place, pixels):
    """Paint right the region that touches all sides of a window and has so many pixels."""
    from scipy import ndimage

    numbers, count = ndimage.label(own, np.ones((3, 3)))
    for number, found in enumerate(ndimage.find_objects(numbers), start=1):
        here = numbers == number
        if found == place and here.sum() == pixels:
            right[here] = truth[here]
            return
    raise AssertionError(f"no such region of {count}")


def test_the_largest_come_first_of_images_of_any_size():
    small = drawn((1, 0, 0, 10, 10), shape=(20, 20))
    large = drawn((2, 0, 0, 20, 20), shape=(200, 200))
    found = errors([(large, large * 0), (small, small * 0)])
    assert [each.image for each in found.ranked(RegionErrorKind.MISSED)] == [1, 0]
    assert len(found.ranked(RegionErrorKind.MISSED, 1)) == 1
    assert found.ranked(RegionErrorKind.CONFUSED) == []
    with pytest.raises(ValueError, match="at least 1"):
        found.ranked(RegionErrorKind.MISSED, 0)


def test_nothing_wrong_and_nothing_at_all():
    right = errors([(drawn(CAT), drawn(CAT))])
    assert right.summary[["count", "gain"]].to_numpy().sum() == 0
    empty = errors([])
    assert empty.summary["gain"].isna().all()
    assert np.isinf(edge_distance(drawn())).all()
    background = errors([(drawn(), drawn())])
    assert background.summary["gain"].isna().all()


def test_only_what_fits_is_looked_at():
    with pytest.raises(ValueError, match="one size"):
        find_wrong_regions(drawn(), drawn(shape=(9, 9)), 3)
    with pytest.raises(ValueError, match="0 to 3, but got 7"):
        find_wrong_regions(drawn(), drawn((7, 0, 0, 5, 5)), 3)
    with pytest.raises(ValueError, match="tolerance"):
        find_wrong_regions(drawn(), drawn(), 3, tolerance=2)
    with pytest.raises(ValueError, match="its counts and its regions"):
        RegionErrors([], [find_wrong_regions(drawn(), drawn(), 3)], CLASSES)
