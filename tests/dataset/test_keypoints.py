"""Skeletons and points as somebody says them: read, or refused in words."""

import fiftyone as fo
import pytest

from workbench.dataset.boxes import Box, box_from_plain, pointed
from workbench.dataset.keypoints import (
    OCCLUDED,
    VISIBLE,
    Skeleton,
    outside,
    points_extent,
    points_from_plain,
    points_in_pixels,
    skeleton_from,
)
from workbench.errors import DatasetError, LabelError

FACE = Skeleton(("left eye", "right eye", "nose"), ((0, 2), (2, 1)))


@pytest.mark.parametrize(
    "given",
    [
        FACE,
        {"labels": FACE.names, "edges": [("left eye", "nose"), ("nose", "right eye")]},
        {"labels": [" left eye", "right eye", "nose"], "edges": [[0, 2, 1]]},
        fo.KeypointSkeleton(labels=list(FACE.names), edges=[[0, 2], [2, 1], [0, 2]]),
    ],
)
def test_a_skeleton_can_be_said_in_several_ways(given):
    assert skeleton_from(given) == FACE
    assert skeleton_from(FACE.to_plain()) == FACE


def test_names_alone_are_a_skeleton_without_lines():
    assert skeleton_from(["a", "b"]) == Skeleton(("a", "b"))
    assert len(skeleton_from(("a",))) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nose", "list of the names"),
        ([], "list of the names"),
        (7, "list of the names"),
        ({"edges": [[0, 1]]}, "list of the names"),
        (["a", " a "], "a name of its own"),
        ([f"p{n}" for n in range(501)], "at most 500 points"),
        (["a", " "], "at most 200 characters, not ' '"),
        (["a", 3], "not 3"),
        (["a", "\ud800"], "half a character"),
        ({"labels": ["a", "b"], "edges": [["a", "c"]]}, "got 'c': there are a, b"),
        ({"labels": ["a", "b"], "edges": [[1, 2]]}, "got 2"),
        ({"labels": ["a", "b"], "edges": [[-1, 0]]}, "got -1"),
    ],
)
def test_what_is_no_skeleton_is_said(given, said):
    with pytest.raises(DatasetError, match=said):
        skeleton_from(given)


def test_points_are_visible_unless_they_are_said_to_be_occluded():
    points = points_from_plain([[0.5, 1], (0.25, 0.75, OCCLUDED), None])
    assert points == ((0.5, 1.0, VISIBLE), (0.25, 0.75, OCCLUDED), None)
    assert points_extent(points) == (0.25, 0.75, 0.25, 0.25)
    assert points_in_pixels(points, (8, 4)) == ((4, 4, VISIBLE), (2, 3, OCCLUDED), None)
    assert outside(points) is None
    assert outside((None, (0.5, 1.01, VISIBLE))) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "list of points"),
        ("[[0, 0]]", "list of points"),
        ([], "at least one point"),
        ([None, None], "at least one point"),
        ([[0.1]], r"\[x, y\]"),
        ([[0.1, 0.1, "hidden"]], "'hidden'"),
        ([[0.1, 0.1, VISIBLE, 1]], r"\[x, y\]"),
        ([[0.1, float("nan")]], "finite"),
        ([[0.1, "0.1"]], "finite"),
        ([3], r"not '3'"),
    ],
)
def test_what_is_no_list_of_points_is_said(given, said):
    with pytest.raises(LabelError, match=said):
        points_from_plain(given)


def test_the_place_of_an_object_is_the_extent_of_its_points():
    points = ((0.25, 0.5, VISIBLE), None, (0.75, 0.5, OCCLUDED))
    thing = pointed("face", points, id="a" * 24)
    assert thing == Box("a" * 24, "face", 0.25, 0.5, 0.5, 0.0, points=points)
    assert box_from_plain(thing.to_plain()) == thing
    assert box_from_plain({**thing.to_plain(), "x": 0, "width": 7, "angle": 3}) == thing
