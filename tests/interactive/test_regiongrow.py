"""Regions grown on photographs."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from benchmarks._clicker import coins, seeds_in
from tests.interactive.photographs import BLANKS, overlap
from workbench.errors import ImageError, LabelError
from workbench.interactive.regiongrow import plant, to_lab


@pytest.fixture(scope="module")
def lab():
    return to_lab(data.coins())


def test_a_click_takes_each_coin(lab):
    for truth in coins():
        seed = plant(lab, seeds_in(truth)[0])
        assert overlap(seed.region(seed.suggested()), truth) > 0.9


def test_colours_are_those_of_cielab():
    """Of the sRGB primaries, as published (D65)."""
    image = np.zeros((10, 30, 3), np.uint8)
    for channel in range(3):
        image[:, 10 * channel : 10 * channel + 10, channel] = 255
    found = to_lab(image)[5, [5, 15, 25]]
    wanted = [(53.24, 80.09, 67.20), (87.73, -86.18, 83.18), (32.30, 79.19, -107.86)]
    assert found == pytest.approx(np.array(wanted), abs=0.2)


def test_a_higher_threshold_takes_more(lab):
    seed = plant(lab, (44.5, 54.5))
    raw = [seed.region(at, radius=0, filled=False) for at in (0, 5, 10, 20, 40, 200)]
    assert raw[0][54, 44] and raw[-1].all()
    for less, more in pairwise(raw):
        assert not (less & ~more).any()
        assert ndimage.label(less)[1] == 1


def test_holes_are_filled_and_borders_smoothed_if_wanted(lab):
    seed = plant(lab, (44.5, 54.5))
    raw, whole = (seed.region(8, radius=0, filled=filled) for filled in (False, True))
    assert (
        whole == ndimage.binary_fill_holes(raw, np.ones((3, 3)))
    ).all() and whole.sum() > raw.sum()
    border = [
        (each ^ ndimage.binary_erosion(each)).sum() for each in (whole, seed.region(8, radius=2))
    ]
    assert border[1] < border[0]


def test_the_suggestion_is_the_same_in_a_larger_copy():
    photo = cv2.resize(data.coins(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    lab = to_lab(photo)
    for truth in list(coins())[:6]:
        large = np.kron(truth, np.ones((3, 3), dtype=bool))
        x, y = seeds_in(truth)[0]
        seed = plant(lab, (3 * x, 3 * y))
        assert overlap(seed.region(seed.suggested()), large) > 0.9


def test_regions_of_colour_in_a_photograph():
    """The suit of the astronaut is orange: her face and the wall behind her are not."""
    seed = plant(to_lab(data.astronaut()), (120.5, 370.5))
    suit = seed.region(seed.suggested())
    assert suit[350:400, 100:140].mean() > 0.9
    assert not suit[80:180, 200:240].any() and not suit[50:150, 300:350].any()


@pytest.mark.parametrize("name", BLANKS)
def test_blank_images_have_regions_too(name):
    photo = BLANKS[name]
    height, width = photo.shape[:2]
    seed = plant(to_lab(photo), (width, height))
    for threshold in (0, seed.suggested(), 1000):
        found = seed.region(threshold)
        assert found.shape == (height, width) and found.any()
    assert seed.region(1000).all()


def test_what_cannot_be_is_told(lab):
    with pytest.raises(LabelError, match="outside of the image"):
        plant(lab, (5, 304))
    for threshold in (-1, float("nan")):
        with pytest.raises(LabelError, match="at least 0"):
            plant(lab, (5, 5)).region(threshold)
    with pytest.raises(ImageError, match="uint8"):
        to_lab(np.zeros((3, 3)))
