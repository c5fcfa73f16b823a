"""Masks made neater."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from workbench.dataset.outlines import fill
from workbench.errors import MaskError
from workbench.interactive.contours import to_outline
from workbench.interactive.morphology import (
    cut,
    fill_holes,
    grow,
    join,
    keep_largest,
    smooth,
    smooth_outline,
    without_specks,
)


@pytest.fixture(scope="module")
def coins():
    return data.coins() > 110  # with holes and specks


def test_holes_are_filled_as_scipy_does(coins):
    around = np.ones((3, 3), dtype=bool)
    wanted = ~ndimage.binary_propagation(
        np.pad(np.zeros_like(coins), 1, constant_values=True),
        structure=around,
        mask=np.pad(~coins, 1, constant_values=True),
    )[1:-1, 1:-1]
    filled = fill_holes(coins)
    assert filled.sum() > coins.sum()
    # What is open to the image's edge is no hole, for either.
    assert (filled == wanted).all()


def test_only_small_holes_are_filled():
    mask = np.ones((20, 20), dtype=bool)
    mask[2:4, 2:4] = mask[10:15, 10:15] = mask[0, 8] = False
    wanted = mask.copy()
    wanted[2:4, 2:4] = True
    assert (fill_holes(mask, up_to=4) == wanted).all()
    assert (~fill_holes(mask)).sum() == 1


def test_the_largest_part_is_kept(coins):
    kept = keep_largest(coins)
    labels, _ = ndimage.label(coins)
    assert kept.sum() == np.bincount(labels.ravel())[1:].max()
    assert ndimage.label(kept)[1] == 1
    assert not keep_largest(np.zeros((3, 3), dtype=bool)).any()


def test_parts_that_touch_by_a_corner_are_two():
    mask = np.eye(2, dtype=bool)
    assert (keep_largest(mask) == [[True, False], [False, False]]).all()


def test_specks_go_and_the_largest_stays(coins):
    clean = without_specks(coins, 30)
    for mask, around in ((clean, None), (~clean, np.ones((3, 3)))):
        labels, _ = ndimage.label(mask, around)
        pixels = np.bincount(labels.ravel())[1:]
        inner = [
            p
            for p, box in zip(pixels, ndimage.find_objects(labels), strict=True)
            if _inside(box, mask)
        ]
        assert min(inner) >= 30
    alone = np.zeros((9, 9), dtype=bool)
    alone[4, 4] = True
    assert (without_specks(alone, 30) == alone).all()


def _inside(box, mask):
    return all(
        part.start > 0 and part.stop < side for part, side in zip(box, mask.shape, strict=True)
    )


@pytest.mark.parametrize("pixels", [1, 2.5, 7])
def test_growing_is_by_distance(coins, pixels):
    away = ndimage.distance_transform_edt(~coins)
    assert (grow(coins, pixels) == (away <= pixels)).all()
    within = ndimage.distance_transform_edt(coins)
    assert (grow(coins, -pixels) == (within > pixels)).all()


def test_the_edge_of_the_image_eats_nothing():
    mask = np.ones((5, 8), dtype=bool)
    mask[:, 4:] = False
    assert (grow(mask, -1)[:, :3]).all() and not grow(mask, -1)[:, 3:].any()
    assert grow(np.ones((3, 3), dtype=bool), -5).all()
    assert not grow(np.zeros((3, 3), dtype=bool), 5).any()


def test_smoothing_keeps_the_area_and_takes_the_teeth():
    rows, columns = np.mgrid[:100, :100] - 49.5
    disc = rows**2 + columns**2 <= 900
    rough = disc.copy()
    rough[50, 80:90] = True  # a hair
    calm = smooth(rough, 3)
    assert not calm[50, 83:].any()
    assert calm.sum() == pytest.approx(disc.sum(), rel=0.02)
    assert (smooth(rough, 0) == rough).all()
    dot = np.zeros((9, 9), dtype=bool)
    dot[4, 4] = True
    assert (smooth(dot, 5) == dot).all()


def test_outlines_are_smoothed():
    rows, columns = np.mgrid[:100, :120] - 49.5
    disc = rows**2 + columns**2 <= 900
    disc[50, 80:95] = True
    ring = smooth_outline(to_outline(disc, 0), (120, 100), 3)
    assert not fill(ring, (120, 100))[50, 84:].any()
    assert len(ring) == 1 and len(ring[0]) < 30


def test_masks_are_joined_and_cut(coins):
    left = np.zeros_like(coins)
    left[:, :100] = True
    assert join(coins, left).sum() == coins.sum() + left.sum() - (coins & left).sum()
    assert (join(cut(coins, left), coins & left) == coins).all()


@pytest.mark.parametrize("tool", [join, cut])
def test_masks_of_other_sizes_are_told(tool):
    with pytest.raises(MaskError, match="of one size"):
        tool(np.ones((2, 3), dtype=bool), np.ones((3, 2), dtype=bool))


@pytest.mark.parametrize(
    "tool", [fill_holes, keep_largest, lambda mask: smooth(mask, 1), lambda mask: grow(mask, 1)]
)
@pytest.mark.parametrize(
    "mask", [np.ones((2, 2)), np.ones((2, 2, 1), dtype=bool), np.ones((0, 2), dtype=bool)]
)
def test_what_is_no_mask_is_told(tool, mask):
    with pytest.raises(MaskError, match="array \\(height, width\\) of bool"):
        tool(mask)


@pytest.mark.parametrize("value", [True, False])
def test_one_pixel_is_enough(value):
    mask = np.array([[value]])
    for found in (
        fill_holes(mask),
        keep_largest(mask),
        smooth(mask, 2),
        grow(mask, 3),
        grow(mask, -3),
        without_specks(mask, 9),
    ):
        assert found.shape == (1, 1) and found[0, 0] == value


def test_what_has_just_the_pixels_stays():
    mask = np.zeros((20, 20), dtype=bool)
    mask[2:18, 2:12] = True
    mask[5, 5:8] = mask[9, 5:7] = False
    mask[5, 15:18] = mask[9, 15:17] = True
    wanted = mask.copy()
    wanted[9, 5:7], wanted[9, 15:17] = True, False
    assert (without_specks(mask, 3) == wanted).all()
