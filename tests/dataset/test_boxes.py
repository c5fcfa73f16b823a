import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dataset.boxes import Box, BoxTable, around, box_from_plain, box_table, corner_points
from workbench.errors import LabelError

ID = "0123456789abcdef01234567"
shares = st.floats(-0.5, 1.5, allow_nan=False)
sides = st.floats(1e-6, 2.0)


@given(shares, shares, sides, sides, st.floats(-180, 180))
def test_a_box_comes_back_from_its_plain_form_to_the_last_bit(x, y, width, height, angle):
    box = Box(ID, "coin", x, y, width, height, angle, attributes={"worn": True, "year": 1912})

    assert box_from_plain(box.to_plain()) == box


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"x": math.nan}, "x"),
        ({"y": math.inf}, "y"),
        ({"y": None}, "y"),
        ({"x": "0.5"}, "x"),
        ({"x": True}, "x"),
        ({"width": 0.0}, "wider"),
        ({"height": -0.1}, "wider"),
        ({"label": ""}, "label"),
        ({"id": None}, "id"),
    ],
)
def test_what_is_no_box_is_named(wrong, named):
    plain = {"id": ID, "label": "coin", "x": 0.1, "y": 0.1, "width": 0.5, "height": 0.5}

    with pytest.raises(LabelError, match=named):
        box_from_plain(plain | wrong)


def test_corners_turn_clockwise_in_pixels_whatever_the_shape_of_the_image():
    box = Box(ID, "coin", 0.4, 0.4, 0.2, 0.2, angle=90)

    assert np.allclose(corner_points(box, (200, 100)), [(110, 30), (110, 70), (90, 70), (90, 30)])
    assert np.allclose(around(box, (200, 100)), (90, 30, 110, 70))


def test_a_table_holds_boxes_of_known_classes_by_image():
    boxes = [[Box(ID, "coin", 0, 0, 0.5, 0.5)], [], [Box(ID, "stamp", 0, 0, 1, 1, confidence=0.25)]]

    table = box_table(boxes, [(10, 20), (1, 1), (30, 10)], ["stamp", "coin"])

    assert table.images.tolist() == [0, 2]
    assert table.corners.tolist() == [[0, 0, 5, 10], [0, 0, 30, 10]]
    assert table.classes.tolist() == [1, 0]
    assert table.scores.tolist() == [1.0, 0.25]
    assert len(box_table(boxes, [(1, 1)] * 3, [])) == 0


def test_columns_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="as long"):
        BoxTable(
            np.zeros(2, np.int64), np.zeros((1, 4)), np.zeros(2, np.int64), np.ones(2), ("", "")
        )
    with pytest.raises(ValueError, match="sorted"):
        BoxTable(np.array([1, 0]), np.zeros((2, 4)), np.zeros(2, np.int64), np.ones(2), ("", ""))
