"""Keypoints into COCO's and FiftyOne's files and back; COCO's own reader and FiftyOne's importer agree."""

import json
import uuid

import fiftyone as fo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO

import workbench as wb
from workbench.dataset.boxes import pointed
from workbench.dataset.detections import read_boxes
from workbench.dataset.formats import coco
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.losses import losses
from workbench.dataset.keypoints import OCCLUDED, VISIBLE, Skeleton
from workbench.errors import FormatError

SIZE = (64, 40)
FACE = Skeleton(("left eye", "right eye", "nose"), ((0, 2), (2, 1)))
POINTS = ((0.25, 0.5, VISIBLE), None, (0.75, 0.125, OCCLUDED))
share = st.floats(0, 1, allow_nan=False, allow_subnormal=False)
point = st.none() | st.tuples(share, share, st.sampled_from([VISIBLE, OCCLUDED]))
sets_of_points = st.tuples(point, point, point).filter(any)


@pytest.fixture
def folder(tmp_path):
    for name, grey in [("a.png", 80), ("b.png", 160)]:
        Image.new("L", SIZE, grey).save(tmp_path / name)
    return tmp_path


def read(folder, skeleton=FACE):
    paths = sorted(folder.glob("*.png"))
    images = Images(folder, paths, pointed=True, skeleton=skeleton)
    return coco.read(folder / "labels.json", images)


def written(folder, *objects):
    items = [
        Item(folder / "a.png", "a.png", SIZE, objects),
        Item(folder / "b.png", "b.png", SIZE, ()),
    ]
    coco.write(folder, items, ["face", "mask"], FACE)
    return items


def said(folder, annotation, **category):
    """A file with one annotation."""
    own = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [16, 5, 32, 15], **annotation}
    about = {"keypoints": list(FACE.names), "skeleton": [[1, 3], [3, 2]], **category}
    data = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [own],
        "categories": [{"id": 1, "name": "face", **about}],
    }
    (folder / "labels.json").write_text(json.dumps(data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(sets_of_points)
def test_any_points_come_back_from_coco(folder, points):
    items = written(folder, pointed("face", points))
    assert losses("coco", items) == ()
    found = read(folder)
    (thing,) = found.labels[folder / "a.png"]
    assert found.labels[folder / "b.png"] == ()
    assert (thing.label, found.skeleton) == ("face", FACE)
    for own, back in zip(points, thing.points, strict=True):
        assert (own is None) == (back is None)
        if own and back:
            assert back == (pytest.approx(own[0], abs=1e-12), pytest.approx(own[1]), own[2])


def test_the_file_is_as_coco_has_it(folder):
    written(folder, pointed("face", POINTS))
    theirs = COCO(str(folder / "labels.json"))
    (category, _) = theirs.loadCats(theirs.getCatIds())
    assert (category["keypoints"], category["skeleton"]) == ([*FACE.names], [[1, 3], [3, 2]])
    (annotation,) = theirs.loadAnns(theirs.getAnnIds())
    assert annotation["keypoints"] == [16, 20, 2, 0, 0, 0, 48, 5, 1]
    assert (annotation["num_keypoints"], annotation["bbox"]) == (2, [16, 5, 32, 15])


def test_the_skeleton_of_the_file_is_taken_where_none_is_given(folder):
    said(folder, {"keypoints": [16, 20, 2, 0, 0, 0, 48, 5, 1]})
    found = read(folder, None)
    assert found.skeleton == FACE
    assert found.labels[folder / "a.png"][0].points == POINTS


def test_points_go_by_their_names(folder):
    said(folder, {"keypoints": [48, 5, 1, 16, 20, 2]}, keypoints=["nose", "left eye"], skeleton=[])
    assert read(folder).labels[folder / "a.png"][0].points == POINTS


@pytest.mark.parametrize(
    ("annotation", "said_of_it"),
    [
        ({"keypoints": [16, 20, 2]}, "9 numbers, but got 3"),
        ({"keypoints": {"nose": [1, 2]}}, "got dict"),
        ({"keypoints": ["a"] * 9}, "0, 1 or 2"),
        ({"keypoints": [16, 20, 3] * 3}, "0, 1 or 2"),
        ({"keypoints": [65, 20, 2, 0, 0, 0, 0, 0, 0]}, "keypoint outside of its image"),
        ({"category_id": 7}, "category that the file does not define"),
    ],
)
def test_what_cannot_be_is_a_fault_of_its_image(folder, annotation, said_of_it):
    said(folder, annotation)
    found = read(folder)
    assert folder / "a.png" not in found.labels
    assert said_of_it in str(found.report)


def test_a_point_of_another_skeleton_is_a_fault(folder):
    said(folder, {"keypoints": [1, 2, 2]}, keypoints=["ear"], skeleton=[])
    assert "there is no point 'ear' here: there are left eye" in str(read(folder).report)


@pytest.mark.parametrize(
    ("annotation", "noted"),
    [
        ({"keypoints": [16, 20, 2, 0, 0, 0, 0, 0, 0]}, "more than the extent of its keypoints"),
        ({"keypoints": [16, 20, 2] * 3, "segmentation": [[1, 1, 9, 1, 9, 9]]}, "segmentation"),
        ({"keypoints": [64.4, 20, 2, 0, 0, 0, 0, 0, 0]}, "1 images labelled with 1 objects"),
        ({"keypoints": [0] * 9}, "without a keypoint, passed over"),
        ({}, "without a keypoint, passed over"),
        ({"keypoints": [16, 20, 2] * 3, "attributes": {"visible": 1}}, "cannot be kept"),
    ],
)
def test_what_is_not_taken_is_noted(folder, annotation, noted):
    said(folder, annotation)
    found = read(folder)
    assert folder / "a.png" in found.labels
    assert noted in str(found.report)


@pytest.mark.parametrize(
    ("category", "said_of_it"),
    [
        ({"keypoints": []}, "no category with keypoints"),
        ({"keypoints": ["a", "a"]}, "cannot be used: .*name of its own"),
        ({"skeleton": [[0, 9]]}, "cannot be used: .*got -1"),
        ({"skeleton": 3}, "cannot be used"),
    ],
)
def test_a_skeleton_that_cannot_be_used_is_said(folder, category, said_of_it):
    said(folder, {"keypoints": [16, 20, 2] * 3}, **category)
    with pytest.raises(FormatError, match=said_of_it):
        read(folder, None)


@pytest.fixture
def bench(home, folder):
    """A bench with an object on its first image and none on the second."""
    about = {"classes": ["face"], "skeleton": FACE.to_plain(), "test_fraction": 0}
    bench = wb.open(f"points-{uuid.uuid4().hex[:8]}", images=folder, task="keypoints", **about)
    one, other = bench.dataset.values("id")
    bench.labels.commit(one, [{"label": "face", "points": POINTS, "attributes": {"age": 3}}])
    bench.labels.commit(other, [])
    yield bench
    wb.delete(bench.name)


@pytest.mark.parametrize("format", ["coco", "fiftyone"])
@pytest.mark.filterwarnings("ignore:.*does not carry")
def test_a_bench_goes_out_and_comes_in_again(bench, tmp_path, format):
    report = bench.export(tmp_path / "out", format)
    assert "2 images with 1 objects" in str(report)
    name = f"points-{uuid.uuid4().hex[:8]}"
    other = wb.open(name, images=tmp_path / "out", task="keypoints", labels=format)
    try:
        assert other.labels.skeleton == FACE
        found = [*read_boxes(other.dataset, other.dataset.values("id"))]
        (thing,) = [each for boxes in found for each in boxes]
        assert (thing.label, thing.points, thing.attributes["age"]) == ("face", POINTS, 3)
        assert other.labels.counts() == {"face": 1}
        assert len(other.to_pandas()["label"].dropna()) == 2
        assert "1 objects" in str(other.imported.labels)
    finally:
        wb.delete(name)


@pytest.mark.filterwarnings("ignore:.*does not carry")
def test_fiftyones_importer_reads_what_we_write(bench, tmp_path):
    bench.export(tmp_path / "out", "coco")
    theirs = fo.Dataset.from_dir(
        dataset_type=fo.types.COCODetectionDataset,
        data_path=str(tmp_path / "out" / "images"),
        labels_path=str(tmp_path / "out" / "labels.json"),
        label_types="keypoints",
        progress=False,
    )
    try:
        (label,) = [
            each for every in theirs.values("ground_truth.keypoints") for each in every or ()
        ]
        assert (label.label, label.visible) == ("face", [2, 0, 1])
        assert label.points[2] == pytest.approx([0.75, 0.125])
    finally:
        theirs.delete()


def test_other_formats_and_other_tasks_are_refused(bench, folder, tmp_path):
    with pytest.raises(
        FormatError, match="keypoints is exported to coco, fiftyone, but got 'yolo'"
    ):
        bench.export(tmp_path / "out", "yolo")
    data = {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "face"}]}
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}
    path = folder / "boxes.json"
    path.write_text(json.dumps({**data, "annotations": [box]}))
    with pytest.raises(FormatError, match="no category with keypoints"):
        wb.open("no-points", images=folder, task="keypoints", labels=path)
    assert not fo.dataset_exists("no-points")
