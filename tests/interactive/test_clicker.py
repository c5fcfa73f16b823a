"""The simulated clicker of `benchmarks.masks`."""

import numpy as np
import pytest
from skimage import data

from benchmarks._clicker import (
    MOST,
    by_grabcut,
    by_growing,
    by_growing_from_middle,
    by_scissors,
    by_superpixels,
    coins,
    polygon,
)
from workbench.interactive.regiongrow import to_lab
from workbench.interactive.scissors import Scissors
from workbench.interactive.superpixels import Superpixels, superpixels


@pytest.mark.parametrize(("goal", "wanted"), [(0.6, 3), (0.82, 4), (0.88, 5), (0.92, 6), (0.94, 7)])
def test_a_disc_takes_as_many_vertices_as_geometry_says(goal, wanted):
    """The best polygon with k vertices is regular: its IoU is .62, .84, .90, .93 and .95 from 3 on."""
    rows, columns = np.mgrid[:120, :120] - 60
    assert polygon(rows**2 + columns**2 <= 45**2, goal) == wanted


def test_a_slanted_square_takes_four_vertices():
    rows, columns = np.mgrid[:120, :120] - 60
    assert polygon(np.abs(rows) + np.abs(columns) <= 40, 0.97) == 4


def test_patches_are_counted_largest_gain_first():
    labels = np.repeat(np.arange(10, dtype=np.int32), 10).reshape(10, 10)
    truth = labels < 4
    assert by_superpixels(Superpixels(labels, 10), truth, 0.9) == 4
    assert by_superpixels(Superpixels(labels, 10), truth, 0.5) == 2
    assert by_superpixels(Superpixels(np.zeros_like(labels), 1), truth, 0.9) == MOST


def test_each_tool_takes_a_coin():
    photo, truth = data.coins(), next(iter(coins()))
    assert by_grabcut(photo, truth, 0.9) == 2
    assert by_growing(to_lab(photo), truth, 0.9) == 1
    assert by_growing_from_middle(to_lab(photo), truth, 0.9) == 1
    assert by_scissors(Scissors(photo), truth, 0.9) == 3
    assert 1 <= by_superpixels(superpixels(photo, 16), truth, 0.9) < MOST


def test_corrections_are_counted_until_a_goal_out_of_reach():
    photo = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    truth = np.zeros((60, 60), dtype=bool)
    truth[10:40:2, 10:40] = True  # stripes of noise: nothing but strokes can find them
    assert 2 < by_grabcut(photo, truth, 0.99) <= MOST
    assert by_growing(to_lab(photo), truth, 0.99) == MOST
