"""Paths along the edges of photographs."""

import cv2
import numpy as np
import pytest
from skimage import data

from benchmarks._clicker import border_of, coins
from tests.interactive.photographs import BLANKS, overlap
from workbench.errors import ImageError, LabelError
from workbench.interactive.scissors import Scissors


@pytest.fixture(scope="module")
def scissors():
    return Scissors(data.coins())


@pytest.fixture(scope="module")
def disc():
    """1 MP of noise with a disc, whose edge is where it is."""
    rows, columns = np.mgrid[:1000, :1000]
    inside = (rows - 500) ** 2 + (columns - 480) ** 2 <= 300**2
    noise = np.random.default_rng(0).normal(0, 8, (1000, 1000, 3))
    photo = np.where(inside[..., None], (200, 120, 40), (60, 90, 120)) + noise
    return Scissors(photo.clip(0, 255).astype(np.uint8)), inside


def test_three_anchors_go_around_a_coin(scissors):
    for truth in coins():
        border = border_of(truth)
        anchors = [tuple(border[len(border) * part // 3].tolist()) for part in range(3)]
        assert overlap(scissors.enclosed(anchors), truth) > 0.85


def test_a_short_path_goes_from_pixel_to_pixel(scissors):
    path = scissors.path((30, 40), (60, 55.9))
    assert (path[[0, -1]] == [(30.5, 40.5), (60.5, 55.5)]).all()
    assert np.abs(np.diff(path, axis=0)).max() == 1


@pytest.mark.parametrize("degrees", [10, 40, 90])
def test_a_path_keeps_to_the_edge_however_far(disc, degrees):
    """Paths through windows that are made smaller, too, are within two pixels of the true edge."""
    scissors, _ = disc
    turns = np.radians([200, 200 + degrees])
    ends = np.stack([480.5 + 300 * np.cos(turns), 500.5 + 300 * np.sin(turns)], axis=1).tolist()
    path = scissors.path(*ends)
    off = np.abs(np.linalg.norm(path - (480.5, 500.5), axis=1) - 300)
    assert np.median(off) < 1 and off.max() < 4
    assert np.linalg.norm(path[[0, -1]] - ends, axis=1).max() < 1
    length = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert length.max() < 4 and length.sum() == pytest.approx(300 * np.radians(degrees), rel=0.25)


def test_four_anchors_go_around_a_large_disc(disc):
    scissors, inside = disc
    anchors = [(780.5, 500.5), (480.5, 800.5), (180.5, 500.5), (480.5, 200.5)]
    assert overlap(scissors.enclosed(anchors), inside) > 0.99


def test_the_pointer_may_go_on_from_the_same_anchor(scissors):
    fresh = Scissors(data.coins())
    for x in range(40, 200, 7):
        kept, new = (
            scissors.path((30, 40), (x, x / 2)),
            Scissors(data.coins()).path((30, 40), (x, x / 2)),
        )
        assert (kept == new).all() and (kept == fresh.path((30, 40), (x, x / 2))).all()


def test_paths_reach_all_corners_of_a_photograph():
    photo = cv2.resize(data.chelsea(), (1225, 815), interpolation=cv2.INTER_CUBIC)
    scissors = Scissors(photo)
    corners = [(0, 0), (1225, 0), (1225, 815), (0, 815)]
    for one in corners:
        for other in corners:
            path = scissors.path(one, other)
            assert np.abs(path[0] - one).max() <= 0.5 and np.abs(path[-1] - other).max() <= 0.5
            assert (path >= 0).all() and (path <= (1225, 815)).all()


@pytest.mark.parametrize("name", BLANKS)
def test_without_edges_a_path_still_arrives(name):
    photo = BLANKS[name]
    height, width = photo.shape[:2]
    path = Scissors(photo).path((0, 0), (width, height))
    assert (path[0] == 0.5).all() and (path[-1] == (width - 0.5, height - 0.5)).all()
    assert Scissors(photo).path((0, 0), (0, 0)).tolist() == [[0.5, 0.5]]


def test_points_outside_are_told(scissors):
    for ends in (((-1, 5), (9, 9)), ((9, 9), (400, 9)), ((9, 9), (float("nan"), 9))):
        with pytest.raises(LabelError, match="point"):
            scissors.path(*ends)
    with pytest.raises(LabelError, match="at least two points"):
        scissors.enclosed([(1, 1)])
    with pytest.raises(ImageError, match="uint8"):
        Scissors(np.zeros((3, 3, 3)))
