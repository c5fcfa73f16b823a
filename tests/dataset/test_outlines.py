"""Outlines and the pixels that they hold: exact both ways, and as another implementation has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.draw import polygon2mask

from workbench.dataset.outlines import (
    area,
    crosses_itself,
    extent,
    fill,
    outline_from_plain,
    trace,
    window_of,
)
from workbench.errors import LabelError

SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
HOLE = ((0.4, 0.4), (0.4, 0.6), (0.6, 0.6), (0.6, 0.4))
masks = arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(masks, st.integers(0, 3), st.integers(0, 3))
def test_a_traced_mask_is_filled_to_the_same_mask(mask, column, row):
    height, width = mask.shape
    size = (width + column + 2, height + row + 1)
    outline = trace(mask, size, (column, row))
    wanted = np.zeros(size[::-1], dtype=np.bool_)
    wanted[row : row + height, column : column + width] = mask
    assert (fill(outline, size) == wanted).all()
    assert area(outline, size) == pytest.approx(mask.sum())
    if mask.any():
        left, top, right, bottom = window_of(outline, size)
        assert wanted[top:bottom, left:right].sum() == mask.sum()
        assert outline_from_plain([[list(point) for point in ring] for ring in outline]) == outline


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=9),
    st.integers(5, 60),
)
def test_a_ring_is_filled_as_scikit_image_does(ring, side):
    # Pixels whose middle is on a side may go either way, so sides are kept off of middles.
    points = [(x + 0.00137, y + 0.00071) for x, y in ring]
    other = polygon2mask((side, side), [(y * side - 0.5, x * side - 0.5) for x, y in points])
    own = fill((tuple(points),), (side, side))
    assert (own != other).mean() <= 2 / side**2 + 1e-9


def test_a_ring_inside_of_another_is_a_hole_and_one_beside_it_a_part():
    mask = fill((SQUARE, HOLE), (40, 40))
    assert mask.sum() == 20 * 20 - 8 * 8
    assert not mask[20, 20]
    other = tuple((x / 8, y / 8) for x, y in SQUARE)
    assert (
        fill((SQUARE, other), (40, 40)).sum()
        == 20 * 20 + mask[:5, :5].sum() + fill((other,), (40, 40)).sum()
    )


def test_a_window_has_the_same_pixels():
    whole = fill((SQUARE, HOLE), (41, 33))
    assert (fill((SQUARE, HOLE), (41, 33), (12, 7, 30, 20)) == whole[7:20, 12:30]).all()


def test_outside_of_the_image_there_are_no_pixels():
    big = tuple((3 * x - 1, 3 * y - 1) for x, y in SQUARE)
    assert fill((big,), (10, 10)).all()
    away = tuple((x + 2, y) for x, y in SQUARE)
    assert not fill((away,), (10, 10)).any()
    left, top, right, bottom = window_of((away,), (10, 10))
    assert (right - left) * (bottom - top) == 0


def test_the_box_around_an_outline():
    assert extent((SQUARE, HOLE)) == (0.25, 0.25, 0.5, 0.5)


@pytest.mark.parametrize(
    ("given_outline", "said"),
    [
        ([], "1 to 20,000 points, not 0"),
        (None, "list of rings"),
        ([[[0, 0], [1, 1]]], "at least 3 points, but has 2"),
        ([[[0, 0], [1, 1], ["a", 0]]], "list of rings"),
        ([[[0, 0], [0.5, 0.5], [1, 1]]], "on one line"),
        ([[[0.1, 0.1]] * 4], "on one line"),
        ([[[0, 0], [1, float("nan")], [1, 0]]], "finite"),
        ([[[0, 0], [1, 0], [0, float("inf")]]], "finite"),
        ([[[i / 9e4, i * i / 9e9] for i in range(20_001)]], "simplify"),
    ],
)
def test_what_is_no_outline_is_said(given_outline, said):
    with pytest.raises(LabelError, match=said):
        outline_from_plain(given_outline)


def test_a_ring_that_crosses_itself_is_told_from_one_that_does_not():
    assert not crosses_itself(SQUARE)
    bow = (SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])
    assert crosses_itself(bow)
    assert outline_from_plain([bow])  # what it holds is defined all the same
    assert fill((bow,), (40, 40)).any()
