"""What the magic tools are given, checked."""

import numpy as np
import pytest

from workbench.errors import ImageError, LabelError
from workbench.interactive.inputs import as_pixel, as_rgb, as_window, painted

NAN, INF = float("nan"), float("inf")


def test_a_grey_image_has_three_alike_channels():
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert (as_rgb(grey) == grey[..., None]).all()
    assert as_rgb(grey).shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((4, 4, 4), np.uint8),
        ((4, 4, 1), np.uint8),
        ((4, 4, 3), float),
        ((0, 4, 3), np.uint8),
        ((4,), np.uint8),
    ],
)
def test_what_is_no_image_is_told(shape, kind):
    with pytest.raises(ImageError, match="magic tool needs an image"):
        as_rgb(np.zeros(shape, kind))


@pytest.mark.parametrize(
    ("box", "window"),
    [
        ((1.2, 2.7, 3.1, 4), (1, 2, 4, 4)),
        ((3.1, 4, 1.2, 2.7), (1, 2, 4, 4)),
        ((-5, -5, 100, 100), (0, 0, 10, 8)),
        ((9.9, 7.9, 50, 50), (9, 7, 10, 8)),
    ],
)
def test_a_box_takes_the_pixels_that_it_touches(box, window):
    assert as_window(box, (10, 8)) == window


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((1, 1, 1, 5), "no area"),
        ((20, 1, 30, 5), "beyond the image"),
        ((-9, -9, 0, 0), "beyond the image"),
        ((1, 1, NAN, 5), "four finite numbers"),
        ((1, 1, INF, 5), "four finite numbers"),
        ((1, 1, 2), "four finite numbers"),
    ],
)
def test_a_box_that_holds_nothing_is_told(box, said):
    with pytest.raises(LabelError, match=said):
        as_window(box, (10, 8))


def test_the_far_edges_belong_to_the_last_pixels():
    assert as_pixel((10, 8), (10, 8)) == (9, 7)
    assert as_pixel((0, 7.99), (10, 8)) == (0, 7)


@pytest.mark.parametrize("point", [(-0.1, 1), (10.1, 1), (1, 8.5), (NAN, 1), (1,), ("a", "b")])
def test_a_point_outside_is_told(point):
    with pytest.raises(LabelError, match="point"):
        as_pixel(point, (10, 8))


def test_a_brush_takes_a_disc_and_a_line():
    rows, columns = np.mgrid[:40, :60] + 0.5
    disc = (rows - 20.5) ** 2 + (columns - 30.5) ** 2 <= 25
    dot = painted([[(30.5, 20.5)]], 5, (0, 0, 60, 40))
    assert (dot != disc).sum() <= 16
    line = painted([[(5.5, 20.5), (50.5, 20.5)]], 1, (0, 0, 60, 40))
    assert line[20, 5:51].all()
    assert not line[:18].any() and not line[23:].any()


def test_strokes_are_placed_in_windows_and_copies():
    whole = painted([[(30.5, 20.5), (40.5, 25.5)]], 3, (0, 0, 60, 40))
    assert (
        painted([[(30.5, 20.5), (40.5, 25.5)]], 3, (20, 10, 50, 30)) == whole[10:30, 20:50]
    ).all()
    small = painted([[(31, 21)]], 4, (0, 0, 60, 40), 0.5)
    assert small.shape == (20, 30)
    assert small[10, 15] and 8 <= small.sum() <= 24


def test_a_hair_of_a_brush_takes_its_pixel():
    dots = painted([[(0, 0)], [(59.9, 39.9)], []], 0, (0, 0, 60, 40))
    assert dots[0, 0] and dots[39, 59]
    assert not painted([[(1e12, -1e12)]], 5, (0, 0, 60, 40)).any()
