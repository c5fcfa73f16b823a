"""Doubted outlines: what is planted is told by kind and distance, and what has no edge is left alone."""

import numpy as np
import pytest

from workbench.dataset.outlines import filled, trace
from workbench.quality.contours import contour_of
from workbench.quality.outlines import doubt_outline, mended, usual_offset

SIDE = 120
MIDDLE = (60.0, 60.0)


def circle(radius=25.0, middle=MIDDLE, corners=48):
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def away(middle=MIDDLE, side=SIDE):
    """Distance of each pixel from the middle."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    return np.hypot(columns - middle[0], rows - middle[1])


def picture(inside, rng, light=180, dark=100):
    """A grey image with some noise, in which an object is lighter."""
    noise = rng.normal(0, 8, inside.shape)
    return (np.where(inside, light, dark) + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def disc(rng):
    return picture(away() < 25, rng)


def doubt(image, *rings, usual=0.0):
    return doubt_outline(contour_of(image, rings), usual)


def overlap(one, *rings):
    return filled(one).overlap(filled(rings))


def test_an_outline_on_its_edge_is_not_doubted(disc):
    assert doubt(disc, circle()) is None
    assert doubt(disc, circle(26)) is None, "nobody would redraw that"


@pytest.mark.parametrize(
    ("radius", "kind", "grow", "reason"),
    [
        (29, "loose", -4, "about 4 px too wide all around: the image's edges lie further in"),
        (19, "tight", 6, "about 6 px too tight all around: the image's edges lie further out"),
    ],
)
def test_one_that_is_too_wide_or_too_tight_is_told_and_mended(disc, radius, kind, grow, reason):
    found = doubt(disc, circle(radius))
    assert (found.kind, found.reason, found.move) == (kind, reason, (0, 0))
    assert found.grow == pytest.approx(grow, abs=0.5)
    assert found.likely and found.score > 0.5 and found.p_value < 0.01
    size = SIDE, SIDE
    assert overlap(mended((circle(radius),), found, size), circle()) > 0.93


@pytest.mark.parametrize(
    ("by", "way"),
    [
        ((5, -4), "down and left"),
        ((0, 6), "up"),
        ((-6, 1), "right"),
        ((-4, -5), "down and right"),
    ],
)
def test_one_that_is_moved_aside_is_told_and_mended(disc, by, way):
    moved = circle(middle=(60.0 + by[0], 60.0 + by[1]))
    found = doubt(disc, moved)
    far = round(np.hypot(*by))
    assert found.kind == "shifted" and found.likely and found.grow == 0
    assert found.reason == f"about {far} px off: the image's edges lie further {way}"
    assert found.move == pytest.approx((-by[0], -by[1]), abs=1)
    assert overlap(mended((moved,), found, (SIDE, SIDE)), circle()) > 0.93


def test_a_hole_is_wider_where_the_object_is_tighter(rng):
    image = picture((away() < 35) & (away() > 15), rng)
    assert doubt(image, circle(35), circle(15)) is None
    found = doubt(image, circle(39), circle(11)[::-1])
    assert found.kind == "loose" and found.grow == pytest.approx(-4, abs=0.5)
    better = mended((circle(39), circle(11)), found, (SIDE, SIDE))
    assert overlap(better, circle(35), circle(15)) > 0.9
    assert doubt(image, circle(39), circle(11)).grow == found.grow, "whichever way a ring goes"


def test_a_hole_alone_tells_too(rng):
    """The object fills the image but for the hole, which is drawn too small."""
    image = picture(away() > 25, rng)
    border = ((0.0, 0.0), (SIDE, 0.0), (SIDE, SIDE), (0.0, SIDE))
    found = doubt(image, border, circle(21))
    assert found.kind == "loose" and found.grow == pytest.approx(-4, abs=0.5)


def test_an_object_may_be_lighter_than_its_ground_here_and_darker_there(rng):
    ground = np.where(np.arange(SIDE) < 60, 60, 200)[None, :]
    image = picture(away() < 25, rng, light=130, dark=ground)
    assert doubt(image, circle()) is None
    assert doubt(image, circle(29)).kind == "loose"


def test_an_edge_between_colours_of_one_brightness_is_seen(rng):
    red, green = picture(away() < 25, rng), picture(away() >= 25, rng)
    colours = np.stack([red, green, np.full_like(red, 90)], axis=2)
    assert doubt(colours, circle()) is None
    assert doubt(colours, circle(29)).grow == pytest.approx(-4, abs=0.5)


@pytest.mark.parametrize(
    ("texture", "most"), [("flat", 0), ("noise", 2), ("spots", 5), ("stripes", 15)]
)
def test_where_an_outline_follows_no_edge_it_is_seldom_likely(rng, texture, most):
    image = np.full((300, 300), 100.0)
    if texture == "stripes":
        image += 60 * np.sin(np.arange(300) / 2)
    if texture == "spots":
        image += 80 * np.kron(rng.random((60, 60)) > 0.5, np.ones((5, 5)))
    if texture != "flat":
        image += rng.normal(0, 12, image.shape)
    image = image.clip(0, 255).astype(np.uint8)
    likely = 0
    for _ in range(200):
        found = doubt(image, circle(rng.uniform(12, 30), rng.uniform(50, 250, 2)))
        likely += found is not None and found.likely
    assert likely <= most, "of 200"


def test_what_all_outlines_have_in_common_is_nobodys_error(rng):
    discs = [picture(away() < radius, rng) for radius in range(16, 36)]
    drawn = [(circle(radius + 3.0),) for radius in range(16, 36)]
    contours = [contour_of(*each) for each in zip(discs, drawn, strict=True)]
    usual = usual_offset(contours)
    assert usual == pytest.approx(-3, abs=0.5)
    assert not any(doubt_outline(each, usual) for each in contours)
    assert all(doubt_outline(each) for each in contours)
    tight = doubt(discs[9], circle(25), usual=usual)
    assert tight.kind == "tight" and tight.grow == pytest.approx(3, abs=0.5)
    assert usual_offset(contours[:9]) == 0, "too few to say"
    noise = [picture(away() < 0, rng) for _ in drawn]
    unseen = [contour_of(*each) for each in zip(noise, drawn, strict=True)]
    assert usual_offset(unseen) == 0, "no edges to say it"


def test_an_object_is_cut_by_the_images_border_and_not_doubted_for_it(rng):
    middle = (8.0, 60.0)
    inside = away(middle) < 25
    image = picture(inside, rng)
    (cut,) = trace(inside, (1, 1))
    assert doubt(image, cut) is None
    (wide,) = trace(away(middle) < 29, (1, 1))
    found = doubt(image, wide)
    assert found.kind == "loose"
    assert overlap(mended((wide,), found, (SIDE, SIDE)), cut) > 0.93, "still up to the border"


def test_what_lies_along_the_images_border_says_nothing(rng):
    image = picture(np.ones((SIDE, SIDE), dtype=bool), rng)
    image[:, 70:] -= 100
    image[6:-6, 6:58] -= 40  # a frame within the object
    half = ((0.0, 0.0), (70.0, 0.0), (70.0, float(SIDE)), (0.0, float(SIDE)))
    assert doubt(image, half) is None


def test_a_large_object_is_judged_in_larger_steps(rng):
    image = picture(away((300, 300), 600) < 200, rng)
    ring = circle(200, (300, 300), 200)
    assert contour_of(image, (ring,)).unit == 4
    assert doubt(image, ring) is None
    found = doubt(image, circle(200, (324, 300), 200))
    assert found.kind == "shifted"
    assert found.move == pytest.approx((-24, 0), abs=4)
    assert len(contour_of(image, (ring,)).points) == pytest.approx(200, abs=50)


def test_what_cannot_be_judged_is_left_alone(disc):
    assert contour_of(disc, (circle(2),)) is None, "too small"
    assert contour_of(disc, (circle(middle=(300.0, 300.0)),)) is None, "beyond the image"
    with pytest.raises(ValueError, match=r"an image is \(height, width\)"):
        contour_of(disc[0], (circle(),))


def test_of_a_thin_outline_that_is_tightened_nothing_is_left(disc):
    found = doubt(disc, circle(29))
    line = ((10.0, 10.0), (60.0, 10.0), (60.0, 14.0), (10.0, 14.0))
    assert mended((line,), found, (SIDE, SIDE)) == ()
