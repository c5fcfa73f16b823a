"""Outlines joined, cut and filled: checked by the pixels that they hold."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.dataset.outlines import fill
from workbench.interactive.combining import cut, join, without_holes

SIZE = (40, 30)
SQUARE = (((0.1, 0.1), (0.5, 0.1), (0.5, 0.6), (0.1, 0.6)),)
HOLED = (*SQUARE, ((0.2, 0.2), (0.4, 0.2), (0.4, 0.5), (0.2, 0.5)))
EIGHT = (((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)),)
POINT = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda p: (p[0] / 20, p[1] / 20))
RINGS = st.lists(st.lists(POINT, min_size=3, max_size=8).map(tuple), min_size=1, max_size=3)


def held(outline):
    return fill(outline, SIZE) if outline else np.zeros(SIZE[::-1], dtype=bool)


@settings(deadline=None, max_examples=150)
@given(RINGS.map(tuple), RINGS.map(tuple))
def test_joined_and_cut_outlines_hold_the_pixels_that_they_should(one, other):
    """Also of rings that cross themselves and each other; borders through middles of pixels aside."""
    own, others = held(one), held(other)
    assert (held(join(one, other)) ^ (own | others)).mean() < 0.02
    assert (held(cut(one, other)) ^ (own & ~others)).mean() < 0.02


def test_points_that_stay_are_the_very_same():
    bite = (((0.4, 0.5), (0.7, 0.5), (0.7, 0.8), (0.4, 0.8)),)
    left = {point for ring in cut(SQUARE, bite) for point in ring}
    assert {(0.1, 0.1), (0.5, 0.1), (0.1, 0.6)} <= left
    assert (0.5, 0.6) not in left


def test_what_is_enclosed_is_filled_and_nothing_left_is_no_ring():
    assert len(HOLED) == 2
    assert (held(without_holes(HOLED)) == held(SQUARE)).all()
    assert held(without_holes(EIGHT)).sum() == held(EIGHT).sum()
    assert cut(SQUARE, join(SQUARE, EIGHT)) == ()
