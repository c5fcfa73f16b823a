"""An image under the magic tools: places in shares, outlines that are the masks again, large images."""

import numpy as np
import pytest
from skimage import data, transform

from tests.interactive.photographs import BLANKS, overlap
from workbench.dataset.outlines import fill
from workbench.errors import LabelError
from workbench.interactive.prepared import MOST_IN_PATCHES, MOST_PIXELS, PreparedImage

COIN = (103 / 384, 196 / 303)  # the middle of one
BOX = (77 / 384, 170 / 303, 129 / 384, 222 / 303)


@pytest.fixture(scope="module")
def coins():
    return PreparedImage(data.coins())


def masks(image):
    yield image.region(COIN)[0]
    yield image.boxed(BOX)
    yield image.enclosed([(BOX[0], COIN[1]), (COIN[0], BOX[1]), (BOX[2], COIN[1])])
    yield image.patches([COIN, (BOX[2], COIN[1])], 0.05)


def test_an_exact_outline_is_the_mask_again(coins):
    for mask in masks(coins):
        assert mask.any()
        assert (fill(coins.outline(mask, exact=True), coins.size) == mask).all()
        rough = coins.outline(mask, exact=False)
        assert overlap(fill(rough, coins.size), mask) > 0.9
        assert sum(map(len, rough)) < sum(map(len, coins.outline(mask, exact=True)))


def test_a_large_image_is_worked_on_smaller_and_means_the_same(coins):
    large = transform.resize(data.coins(), (303 * 9, 384 * 9), order=1, preserve_range=True)
    image = PreparedImage(large.astype(np.uint8))
    assert image.rgb.shape[0] * image.rgb.shape[1] <= MOST_PIXELS * 1.01
    assert image.patches([COIN], 0.05).size <= MOST_IN_PATCHES * 1.01
    size = (384, 303)
    for mask, same in zip(masks(coins), masks(image), strict=True):
        there = fill(image.outline(same, exact=True), size)
        if mask.shape == same.shape[:2]:  # superpixels of other sizes are other ones
            assert overlap(there, mask) > 0.8
        assert there[196, 103]


def test_a_threshold_that_is_dragged_grows_the_region(coins):
    mask, suggested = coins.region(COIN)
    more, used = coins.region(COIN, 2 * suggested)
    assert used == 2 * suggested
    assert (more | mask).sum() == more.sum() > mask.sum()


def test_a_way_passes_through_its_points(coins):
    points = [(BOX[0], COIN[1]), (COIN[0], BOX[1]), (BOX[2], COIN[1])]
    way = coins.way(points) * coins.size
    for point in points:
        place = np.array(point) * coins.size
        assert np.abs(way - place).max(axis=1).min() <= 1
    assert len(way) > len(coins.way(points[:2]))


@pytest.mark.parametrize("blank", BLANKS)
def test_images_without_anything_in_them_have_answers(blank):
    image = PreparedImage(BLANKS[blank])
    for mask in (image.region((0.5, 0.5))[0], image.boxed((0, 0, 1, 1))):
        assert mask.any()
    assert image.outline(np.zeros((2, 2), dtype=bool), exact=True) == ()


def test_what_is_no_gesture_is_refused(coins):
    with pytest.raises(LabelError, match="at least 0"):
        coins.region(COIN, -1)
    with pytest.raises(LabelError, match="no area"):
        coins.boxed((0.2, 0.2, 0.2, 0.4))
    with pytest.raises(LabelError, match="at least two points"):
        coins.enclosed([COIN])
    with pytest.raises(LabelError, match="superpixel"):
        coins.patches([COIN], 0.0001)
