"""Superpixels of photographs."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from benchmarks._clicker import coins
from tests.interactive.photographs import BLANKS, overlap
from workbench.errors import LabelError
from workbench.interactive.superpixels import superpixels


@pytest.fixture(scope="module")
def patches():
    return superpixels(data.coins(), 16)


def test_every_patch_is_in_one_piece_and_large_enough(patches):
    assert patches.labels.shape == (303, 384)
    pixels = np.bincount(patches.labels.ravel())
    assert len(pixels) == patches.count and pixels.min() >= 0.25 * 16**2
    assert patches.count == pytest.approx(303 * 384 / 16**2, rel=0.3)
    for number, window in enumerate(ndimage.find_objects(patches.labels + 1)):
        assert ndimage.label(patches.labels[window] == number)[1] == 1


def test_patches_keep_to_the_edges_of_objects(patches):
    """Of each coin, the patches that are mostly in it are nearly all of it: squares would not be."""
    rows, columns = np.mgrid[:303, :384]
    squares = rows // 16 * 24 + columns // 16
    ours, theirs = [], []
    for truth in coins():
        for labels, found in ((patches.labels, ours), (squares, theirs)):
            share = np.bincount(labels[truth], minlength=labels.max() + 1) / np.bincount(
                labels.ravel(), minlength=labels.max() + 1
            ).clip(1)
            found.append(overlap((share > 0.5)[labels], truth))
    assert min(ours) > 0.8 and np.mean(ours) > 0.93
    assert np.mean(theirs) < 0.8


def test_colours_count_as_well_as_light():
    halves = np.full((64, 64, 3), (200, 60, 60), np.uint8)
    halves[:, 29:] = (60, 119, 60)  # as light
    patches = superpixels(halves, 16)
    left, right = (
        set(np.unique(part)) for part in (patches.labels[:, :27], patches.labels[:, 31:])
    )
    assert not left & right


def test_clicks_pick_patches(patches):
    one = patches.pick([(40.5, 50.5)])
    assert (one == (patches.labels == patches.labels[50, 40])).all()
    two = patches.pick([(40.5, 50.5), (384, 303)])
    assert two[302, 383] and (two & one).sum() == one.sum()
    assert not patches.pick([]).any()


def test_a_drag_picks_what_it_comes_over(patches):
    dragged = patches.drag([(10.5, 50.5), (110.5, 50.5), (110.5, 120.5)])
    passed = {*patches.labels[50, 10:111].tolist(), *patches.labels[50:121, 110].tolist()}
    assert (dragged == np.isin(patches.labels, list(passed))).all()
    assert (patches.drag([(40.5, 50.5)]) == patches.pick([(40.5, 50.5)])).all()
    assert not patches.drag([]).any()


def test_a_drag_may_leave_the_image(patches):
    out = patches.drag([(200.5, 100.5), (1e9, 100.5)])
    assert out[100, 201:].all()
    assert not patches.drag([(-50, -50), (-50, 1e300)]).any()


@pytest.mark.parametrize("name", BLANKS)
@pytest.mark.parametrize("side", [2, 16])
def test_blank_images_are_divided_all_the_same(name, side):
    photo = BLANKS[name]
    patches = superpixels(photo, side)
    assert set(np.unique(patches.labels)) == set(range(patches.count))
    assert patches.pick([(0, 0)])[0, 0]


def test_what_cannot_be_is_told(patches):
    for side in (0, 1.5, float("nan"), float("inf")):
        with pytest.raises(LabelError, match="at least 2 pixels"):
            superpixels(data.coins(), side)
    with pytest.raises(LabelError, match="outside of the image"):
        patches.pick([(385, 3)])
    with pytest.raises(LabelError, match="finite"):
        patches.drag([(float("nan"), 3)])
