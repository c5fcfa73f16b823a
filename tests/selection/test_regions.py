"""What an image is worth to a segmenter: doubt by region, with small and rare classes in their right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.selection.regions import LEAST, TILES, TOP, doubt_image, region_worth

CLASSES = ["road", "sign"]
SHAPE = (64, 64)


def image(*regions):
    """Background that is sure, and regions: class, rows, columns, margin."""
    said, margin = np.zeros(SHAPE, dtype=np.uint16), np.ones(SHAPE, dtype=np.float32)
    for index, rows, columns, own in regions:
        said[rows, columns], margin[rows, columns] = index, own
    return said, margin


def worth(*images):
    return region_worth([doubt_image(*each, 2) for each in images], CLASSES)


ROAD, SIGN = (slice(32, 64), slice(0, 64)), (slice(2, 6), slice(2, 6))


def test_a_small_region_in_doubt_counts_as_much_as_a_large_one():
    small, large = image((1, *SIGN, 0.2)), image((1, *ROAD, 0.2))
    doubts = [doubt_image(*each, 2).doubt[1] for each in (small, large)]
    assert doubts == pytest.approx([0.8, 0.8])


def test_of_two_classes_in_equal_doubt_the_rarer_one_is_worth_more():
    found = worth(image((1, *ROAD, 0.2)), image((2, *SIGN, 0.2)), image((1, *ROAD, 1)))
    assert found.worth[1] > found.worth[0] > found.worth[2] == 0
    assert found.worth[1] == pytest.approx(0.8 * np.exp(-16 / (3 * 4096)))
    assert found.reasons[1] == "unsure of regions of 'sign' (margin 0.20)"
    assert found.reasons[2].startswith("no region in doubt")


def test_an_overlooked_object_is_a_doubtful_tile_of_the_background():
    found = worth(image((0, slice(8, 16), slice(8, 16), 0.1)), image())
    assert found.worth[0] > 0.1
    assert found.worth[1] == 0
    two = worth(image((1, *ROAD, 0.1), (2, *SIGN, 0.2)))
    assert two.reasons == ("unsure of regions of 2 classes, such as 'sign' (margin 0.20)",)


def test_specks_do_not_count():
    specks = [(1, slice(8 * row, 8 * row + 1), slice(0, 4), 0.0) for row in range(8)]
    assert np.isnan(doubt_image(*image(*specks), 2).doubt[1])


def slowly(said, margin, planes):
    """The doubt of each class, tile by tile."""
    side = max(1, -(-max(said.shape) // TILES))
    out = np.full(planes, np.nan)
    for index in range(planes):
        means = []
        for top in range(0, said.shape[0], side):
            for left in range(0, said.shape[1], side):
                window = slice(top, top + side), slice(left, left + side)
                own = 1 - margin[window][said[window] == index]
                means += [own.mean()] if len(own) >= LEAST else []
        if means:
            out[index] = np.mean(sorted(means)[::-1][:TOP])
    return out


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70)).flatmap(
        lambda shape: st.tuples(
            arrays(np.uint16, shape, elements=st.integers(0, 2)),
            arrays(np.float32, shape, elements=st.floats(0, 1, width=32)),
        )
    )
)
def test_it_is_what_it_would_be_tile_by_tile(pair):
    said, margin = pair
    found = doubt_image(said, margin, 2)
    np.testing.assert_allclose(found.doubt, slowly(said, margin.astype(float), 3), atol=1e-9)
    assert found.pixels.sum() == said.size


def test_nothing_to_choose_from_and_what_does_not_fit():
    assert worth().worth.shape == (0,)
    said, margin = image()
    with pytest.raises(ValueError, match="one size"):
        doubt_image(said, margin[:5], 2)
    with pytest.raises(ValueError, match="0 to 2, but got 3"):
        doubt_image(said + np.uint16(3), margin, 2)
    with pytest.raises(ValueError, match="margins must be 0 to 1"):
        doubt_image(said, margin * 2, 2)
    with pytest.raises(ValueError, match="of 2 classes"):
        region_worth([doubt_image(said, margin, 2)], ["road"])
