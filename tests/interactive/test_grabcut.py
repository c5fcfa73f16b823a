"""GrabCut on photographs."""

import cv2
import numpy as np
import pytest
from skimage import data

from benchmarks._clicker import coins
from tests.interactive.photographs import BLANKS, box_of, overlap
from workbench.errors import ImageError, LabelError
from workbench.interactive.grabcut import grabcut


def test_a_box_is_enough_for_each_coin():
    photo, truths = data.coins(), list(coins())
    assert len(truths) == 24
    found = [overlap(grabcut(photo, box_of(truth, 2)), truth) for truth in truths]
    assert min(found) > 0.9


def test_a_person_is_cut_out_of_a_large_photograph():
    """The face and the suit are hers, the flag and the wall are not; to the pixel, in 2 MP."""
    photo = cv2.resize(data.astronaut(), (1400, 1400), interpolation=cv2.INTER_CUBIC)
    found = grabcut(photo, (140, 30, 1190, 1390))
    assert found.shape == (1400, 1400)
    assert found[200:400, 540:680].mean() > 0.95  # face
    assert found[900:1200, 240:420].mean() > 0.95  # suit
    assert found[100:500, 850:950].mean() < 0.05  # wall
    assert not found[:, 1190:].any() and not found[:, :140].any()


def test_a_copy_made_smaller_keeps_to_the_edges():
    """On a disc in noise, the border is within a pixel or two, though the graph has 15 a node."""
    rows, columns = np.mgrid[:1000, :1000]
    disc = (rows - 500) ** 2 + (columns - 480) ** 2 <= 300**2
    noise = np.random.default_rng(0).normal(0, 8, (1000, 1000, 3))
    photo = (np.where(disc[..., None], (200, 120, 40), (60, 90, 120)) + noise).clip(0, 255)
    assert overlap(grabcut(photo.astype(np.uint8), (130, 150, 830, 850)), disc) > 0.993


def test_strokes_are_obeyed():
    photo = data.astronaut()
    box = (50, 10, 440, 505)
    first = grabcut(photo, box)
    assert first[200, 230] and not first[30, 300]
    away = [[(220.5, 180.5), (230.5, 260.5)]]
    changed = grabcut(photo, box, [[(300.5, 30.5)]], away)
    assert changed[30, 300]
    assert not changed[180:261, 225].all() and not changed[200, 222]
    both = grabcut(photo, box, away, away)
    assert not both[180, 220]


def test_a_stroke_beyond_the_box_widens_it():
    photo, truth = data.coins(), next(iter(coins()))
    left, top, right, bottom = box_of(truth, 1)
    half = grabcut(photo, (left, top, (left + right) / 2, bottom))
    middle = (top + bottom) / 2
    whole = grabcut(
        photo,
        (left, top, (left + right) / 2, bottom),
        [[((left + right) / 2, middle), (right - 3, middle)]],
    )
    assert overlap(half, truth) < 0.6
    assert overlap(whole, truth) > 0.9


def test_the_answer_is_the_same_each_time():
    photo = data.chelsea()
    cv2.setRNGSeed(5)
    first = grabcut(photo, (90, 15, 405, 290))
    cv2.setRNGSeed(9)
    assert (grabcut(photo, (90, 15, 405, 290)) == first).all()


def test_the_image_is_left_alone():
    photo = data.chelsea().copy()
    grabcut(photo, (90, 15, 405, 290))
    assert (photo == data.chelsea()).all()


@pytest.mark.parametrize("name", BLANKS)
def test_where_nothing_stands_out_something_in_the_box_comes_back(name):
    photo = BLANKS[name]
    height, width = photo.shape[:2]
    found = grabcut(photo, (0, 0, width, height))
    assert found.shape == (height, width) and found.any()
    if min(height, width) > 9:
        inner = grabcut(photo, (10, 10, 20, 20))
        assert inner.any() and not np.delete(inner, slice(10, 20), axis=0).any()


def test_a_box_over_all_of_the_image_finds_the_object():
    photo, truth = data.coins()[80:160, 10:80], next(iter(coins()))[80:160, 10:80]
    assert grabcut(data.astronaut(), (0, 0, 512, 512)).any()
    assert grabcut(photo, (0, 0, 70, 80)).shape == truth.shape


@pytest.mark.parametrize("box", [(10, 10, 10, 40), (500, 10, 600, 40), (float("nan"), 1, 2, 3)])
def test_a_box_that_holds_nothing_is_told(box):
    with pytest.raises(LabelError, match="box"):
        grabcut(data.coins(), box)


def test_strokes_outside_of_the_image_are_passed_over():
    truth = next(iter(coins()))
    far = [[(-1e9, 1e9), (-50, -50)]]
    found = grabcut(data.coins(), box_of(truth, 2), background=far)
    assert overlap(found, truth) > 0.9
    with pytest.raises(LabelError, match="finite"):
        grabcut(data.coins(), box_of(truth), [[(float("inf"), 1)]])


def test_what_is_no_image_is_told():
    with pytest.raises(ImageError, match="uint8"):
        grabcut(data.coins() / 255, (1, 1, 9, 9))
