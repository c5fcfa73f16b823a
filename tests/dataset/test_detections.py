"""Boxes through a real database and through FiftyOne, and back to the last bit."""

import math

import fiftyone as fo
import numpy as np
import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.dataset.pictures import digit, write_digits
from workbench.dataset.boxdocuments import RESERVED
from workbench.dataset.boxes import Box, corner_points
from workbench.dataset.detections import (
    boxes_in,
    edited,
    predicted,
    read_boxes,
    read_sizes,
)
from workbench.dataset.opening import open_dataset as open_
from workbench.errors import ImageError, LabelError

SIZE = (640, 427)


def share(low, high):
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


names = st.text(st.characters(codec="utf-8", exclude_characters="\0."), min_size=1, max_size=20)
attributes = st.dictionaries(
    names.filter(lambda name: name not in RESERVED and name[0] not in "_$"),
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    max_size=3,
)
boxes = st.builds(
    Box,
    id=st.binary(min_size=12, max_size=12).map(bytes.hex),
    label=st.text(st.characters(codec="utf-8"), min_size=1, max_size=10),
    x=share(-0.5, 1),
    y=share(-0.5, 1),
    width=share(1e-6, 1.5),
    height=share(1e-6, 1.5),
    angle=st.just(0.0) | share(-360, 360),
    confidence=st.none() | share(0, 1),
    attributes=attributes,
)
several = st.lists(boxes, max_size=5, unique_by=lambda box: box.id)


@pytest.fixture
def image(home, name, tmp_path):
    """A dataset of boxes with one image, and that image's id."""
    Image.new("L", SIZE).save(tmp_path / "one.png")
    dataset, _ = open_dataset(name, tmp_path)
    return dataset, dataset.first().id


def open_dataset(name, images=None, task="detection"):
    return open_(name, images=images, task=task, classes=[], test_fraction=0.2)


def write(dataset, sample_id, changes, *, finished=True):
    """As `LabelStore` does, without its history."""
    samples = dataset._sample_collection
    key = {"_id": ObjectId(sample_id)}
    sets = edited(samples.find_one(key), changes, finished=finished, about={"annotator": "ann"})
    if sets:
        samples.update_one(key, {"$set": sets})


def by_id(found):
    return {box.id: box for box in found}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=several, second=several)
def test_any_boxes_come_back_to_the_last_bit(image, first, second):
    dataset, sample_id = image
    there = by_id(*read_boxes(dataset, [sample_id]))
    for wanted in (by_id(first), by_id(second)):
        gone = [(box, None) for box in there.values() if box.id not in wanted]
        write(dataset, sample_id, gone + [(there.get(i), box) for i, box in wanted.items()])
        there = by_id(*read_boxes(dataset, [sample_id]))
        assert there == wanted


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=several)
def test_fiftyone_reads_and_saves_them_unchanged(image, wanted):
    dataset, sample_id = image
    write(dataset, sample_id, [(box, None) for box in read_boxes(dataset, [sample_id])[0]])
    write(dataset, sample_id, [(None, box) for box in wanted])
    dataset.reload()
    sample = dataset[sample_id]
    sample.reload()
    turned = sample.ground_truth_rotated
    labels = sample.ground_truth.detections + (turned.polylines if turned else [])
    assert {(label.id, label.label, label.confidence) for label in labels} == {
        (box.id, box.label, box.confidence) for box in wanted
    }
    for label in labels:
        label.tags.append("seen")
    sample.save()
    (found,) = read_boxes(dataset, [sample_id])
    assert by_id(found) == by_id(wanted)


def test_what_else_a_label_holds_stays_while_its_box_changes(image):
    dataset, sample_id = image
    mask = np.ones((4, 4), dtype=bool)
    label = fo.Detection(
        label="cat", bounding_box=[0.1, 0.1, 0.2, 0.2], mask=mask, tags=["t"], index=3, iscrowd=1
    )
    sample = dataset[sample_id]
    sample["ground_truth"] = fo.Detections(detections=[label, fo.Detection(label="no box")])
    sample.save()
    ((box,),) = read_boxes(dataset, [sample_id])
    assert box.attributes == {"iscrowd": 1}
    moved = Box(box.id, "dog", 0.2, 0.1, 0.2, 0.2)
    write(dataset, sample_id, [(box, moved)])
    sample.reload()
    after, other = sample.ground_truth.detections
    assert (after.id, after.label, after.tags, after.index) == (box.id, "dog", ["t"], 3)
    assert (after.mask == mask).all()
    assert not after.has_attribute("iscrowd"), "it was taken away"
    assert other.label == "no box"


def polyline(points, **more):
    return fo.Polyline(label="cat", points=[points], closed=True, **more)


def shares(box):
    return [(x / SIZE[0], y / SIZE[1]) for x, y in corner_points(box, SIZE)]


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("backwards", [False, True])
def test_rectangles_of_others_are_turned_boxes(image, start, backwards):
    dataset, sample_id = image
    box = Box("a" * 24, "cat", 0.2, 0.3, 0.4, 0.1, angle=25.0)
    points = shares(box)
    points = points[start:] + points[:start]
    other = [(0.1, 0.1), (0.4, 0.1), (0.3, 0.3), (0.1, 0.3)]
    sample = dataset[sample_id]
    lines = [polyline(points[::-1] if backwards else points), polyline(other)]
    sample["ground_truth_rotated"] = fo.Polylines(polylines=lines)
    sample.save()
    ((found,),) = read_boxes(dataset, [sample_id])
    assert found.id == lines[0].id
    corners = {tuple(np.round(point, 6)) for point in corner_points(found, SIZE)}
    assert corners == {tuple(np.round(point, 6)) for point in corner_points(box, SIZE)}
    write(dataset, sample_id, [(found, None)])
    sample.reload()
    assert [line.id for line in sample.ground_truth_rotated.polylines] == [lines[1].id]


def test_corners_that_were_moved_past_us_are_believed(image):
    dataset, sample_id = image
    box = Box("a" * 24, "cat", 0.2, 0.3, 0.4, 0.1, angle=25.0)
    write(dataset, sample_id, [(None, box)])
    moved = Box(box.id, "cat", 0.25, 0.3, 0.4, 0.1, angle=-10.0)
    dataset.reload()
    sample = dataset[sample_id]
    sample.ground_truth_rotated.polylines[0].points = [shares(moved)]
    sample.save()
    ((found,),) = read_boxes(dataset, [sample_id])
    assert math.isclose(found.angle, -10, abs_tol=1e-6)
    assert np.allclose([found.x, found.width], [0.25, 0.4])


def test_no_boxes_are_a_label_once_they_are_all(image):
    dataset, sample_id = image
    box = Box("a" * 24, "cat", 0, 0, 1, 1)
    samples = dataset._sample_collection
    write(dataset, sample_id, [(None, box)], finished=False)
    write(dataset, sample_id, [(box, None)], finished=False)
    assert samples.find_one()["ground_truth"] is None
    write(dataset, sample_id, [], finished=True)
    assert samples.find_one()["ground_truth"]["detections"] == []


def test_a_dataset_of_boxes_is_taken_over_with_its_sizes(home, name, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = write_digits(tmp_path, range(2))
    digit(4).resize((30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    theirs = fo.Dataset(name)
    one = fo.Detections(detections=[fo.Detection(label="cat", bounding_box=[0, 0, 0.5, 0.5])])
    theirs.add_sample(fo.Sample(str(paths[0]), ground_truth=one))
    theirs.add_sample(fo.Sample(str(paths[1]), ground_truth=fo.Detections()))
    theirs.add_sample(fo.Sample(str(tmp_path / "turned.jpg"), metadata=fo.ImageMetadata(width=1)))
    dataset, _ = open_dataset(name, task=None)
    assert dataset.default_classes == ["cat"]
    assert dataset.values("label_status") == ["labelled", "labelled", "unlabelled"]
    ids = dataset.values("id")
    assert [len(each) for each in read_boxes(dataset, ids)] == [1, 0, 0]
    sizes = read_sizes(dataset, ids[::-1])
    assert sizes[0] == (20, 30)
    dataset.reload()
    assert (dataset[ids[2]].metadata.width, dataset[ids[2]].metadata.height) == (20, 30)


def test_sizes_that_are_not_kept_are_read_and_kept(image, tmp_path):
    dataset, sample_id = image
    samples = dataset._sample_collection
    samples.update_many({}, {"$set": {"metadata": None}})
    assert read_sizes(dataset, [sample_id, sample_id]) == [SIZE, SIZE]
    assert samples.find_one()["metadata"]["height"] == SIZE[1]
    samples.update_many({}, {"$set": {"metadata": None}})
    box = Box("a" * 24, "cat", 0.2, 0.3, 0.4, 0.1, angle=25.0)
    write(dataset, sample_id, [(None, box)])
    assert samples.find_one()["ground_truth_rotated"]["polylines"][0]["points"][0] == [
        list(point) for point in shares(box)
    ]
    (tmp_path / "one.png").unlink()
    with pytest.raises(ImageError, match=r"one\.png is not there"):
        read_sizes(dataset, [sample_id])
    with pytest.raises(LabelError, match="no image has the id"):
        read_sizes(dataset, ["0" * 24])


def test_predicted_boxes_are_detections():
    box = Box("a" * 24, "cat", 0.1, 0.2, 0.3, 0.4, confidence=0.5)
    document = predicted([box], outlined=False, model="m")
    assert document["model"] == "m"
    assert boxes_in({"prediction": document}, "prediction") == (box,)
