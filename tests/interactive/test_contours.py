"""Masks as outlines with few points, and back."""

import numpy as np
import pytest
import shapely
from scipy import ndimage
from skimage import data

from workbench.dataset.outlines import crosses_itself, fill, has_holes, trace
from workbench.interactive.contours import to_outline

SIZE = (384, 303)


@pytest.fixture(scope="module")
def ground():
    return data.coins() > 110  # coins with holes, specks, and parts that touch by corners


def test_at_no_deviation_the_mask_comes_back(ground):
    assert (fill(to_outline(ground, 0), SIZE) == ground).all()


@pytest.mark.parametrize("within", [0.5, 1, 2, 5])
def test_no_corner_of_the_border_is_farther_away(ground, within):
    outline = to_outline(ground, within)
    exact = trace(ground, SIZE)
    assert len(outline) == len(exact)
    for ring, full in zip(outline, exact, strict=True):
        line = shapely.LinearRing(np.array(ring) * SIZE)
        assert max(line.distance(shapely.points(np.array(full) * SIZE))) <= within + 1e-6
    points, before = (sum(map(len, each)) for each in (outline, exact))
    assert points < before / (1.2 if within < 1 else 2)


def test_rings_stay_simple(ground):
    outline = to_outline(ndimage.binary_opening(ground, iterations=2), 3)
    assert not any(crosses_itself(ring) for ring in outline)


def test_a_coin_takes_few_points():
    rows, columns = np.mgrid[:303, :384] + 0.5
    disc = (rows - 150) ** 2 + (columns - 200) ** 2 <= 30**2
    (ring,) = to_outline(disc, 1)
    assert len(ring) <= 16
    back = fill((ring,), SIZE)
    assert (back & disc).sum() / (back | disc).sum() > 0.93


def test_holes_stay_holes():
    mask = np.zeros((303, 384), dtype=bool)
    mask[50:150, 60:200] = True
    mask[80:110, 90:150] = False
    outline = to_outline(mask, 2)
    assert [len(ring) for ring in outline] == [4, 4]
    assert has_holes(outline)
    assert (fill(outline, SIZE) == mask).all()


@pytest.mark.parametrize(
    ("shape", "value", "rings"), [((1, 1), True, 1), ((1, 1), False, 0), ((5, 7), True, 1)]
)
def test_small_masks(shape, value, rings):
    mask = np.full(shape, value)
    outline = to_outline(mask, 3)
    assert len(outline) == rings
    assert (fill(outline, shape[::-1]) == mask).all()


@pytest.mark.parametrize("within", [-1, float("nan")])
def test_a_deviation_below_zero_is_told(within):
    with pytest.raises(ValueError, match="at least 0 pixels"):
        to_outline(np.ones((2, 2), dtype=bool), within)
