"""Objects with points are labelled, kept and taken back as boxes are, to the last bit."""

import math
import uuid

import fiftyone as fo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench as wb
from tests.labels.conftest import SKELETON
from workbench.dataset.boxes import Box, box_id, pointed
from workbench.dataset.detections import boxes_in
from workbench.dataset.keypoints import OCCLUDED, VISIBLE
from workbench.errors import DatasetError, LabelError, WorkbenchError
from workbench.review import start_review
from workbench.worklists import predicted_boxes

POINTS = ((0.1, 1 / 3, VISIBLE), None, (0.6, 0.2, OCCLUDED))
OTHER = ((0.7, 0.7, VISIBLE), (0.8, 0.7, VISIBLE), (0.9, 0.7, VISIBLE))  # on one line
share = st.floats(0, 1, allow_nan=False, allow_subnormal=False)
point = st.none() | st.tuples(share, share, st.sampled_from([VISIBLE, OCCLUDED]))
sets_of_points = st.tuples(point, point, point).filter(any)


@pytest.fixture
def task():
    return "keypoints"


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def objects(stored):
    return lambda sample_id: boxes_in(stored()[sample_id])


def test_points_are_on_disk_as_a_keypoint_of_fiftyone(bench, ids, stored, objects):
    thing = pointed("cat", POINTS)
    commit = bench.labels.draw(ids[0], [(None, thing)], seconds=3.0)
    truth = stored()[ids[0]]["ground_truth"]
    assert (truth["_cls"], truth["annotator"], truth["source"]) == ("Keypoints", "ann", "human")
    assert objects(ids[0]) == (thing,)
    assert commit.event.changes == ((None, thing.to_plain()),)
    bench.dataset.reload()
    (label,) = bench.dataset[ids[0]].ground_truth.keypoints
    assert isinstance(label, fo.Keypoint)
    assert (label.id, label.label, label.visible) == (thing.id, "cat", [2, 0, 1])
    assert label.points[0] == [0.1, 1 / 3]
    assert all(math.isnan(number) for number in label.points[1])


def test_the_skeleton_is_fiftyones_and_is_there_when_the_dataset_is_opened_again(bench):
    assert bench.dataset.default_skeleton.labels == SKELETON["labels"]
    assert bench.dataset.default_skeleton.edges == [[0, 1], [0, 2]]
    again = wb.open(bench.name)
    assert again.labels.skeleton.names == tuple(SKELETON["labels"])
    assert wb.open(bench.name, skeleton=SKELETON).labels.skeleton == again.labels.skeleton
    with pytest.raises(DatasetError, match="has the points head, paw, tail, not head"):
        wb.open(bench.name, skeleton=["head"])


def test_without_a_skeleton_there_are_no_keypoints_and_the_other_way_round(home, dozen):
    for about, said in [
        ({"task": "keypoints"}, "need a skeleton"),
        ({"task": "detection", "skeleton": ["head"]}, "not for detection"),
        ({"skeleton": ["head"]}, "not for classification"),
    ]:
        with pytest.raises(DatasetError, match=said):
            wb.open("no-keypoints", images=dozen, **about)
    assert not fo.dataset_exists("no-keypoints")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=sets_of_points)
def test_any_points_come_back_from_fiftyone_to_the_last_bit(bench, ids, objects, points):
    bench.labels.commit(ids[0], [{"label": "dog", "points": points}])
    (thing,) = objects(ids[0])
    assert thing.points == points
    bench.dataset.reload()
    sample = bench.dataset[ids[0]]
    sample.ground_truth.keypoints[0].tags = ["seen"]
    sample.save()  # FiftyOne writes all of it anew
    assert objects(ids[0]) == (thing,)


def test_changes_and_undo_leave_each_object_as_it_was(bench, ids, objects):
    one, other = pointed("cat", POINTS), pointed("dog", OTHER)
    bench.labels.draw(ids[0], [(None, one), (None, other)])
    moved = pointed("cat", (POINTS[0], (0.2, 0.2, OCCLUDED), None), id=one.id)
    bench.labels.draw(ids[0], [(one, moved)])
    bench.labels.draw(ids[0], [(other, None)])
    bench.labels.done(ids[0])
    assert objects(ids[0]) == (moved,)
    for expected in [(moved,), (moved, other), (one, other), ()]:
        bench.labels.undo()
        assert sorted(objects(ids[0]), key=lambda each: each.label) == [*expected]
    bench.labels.redo()
    assert {each.id for each in objects(ids[0])} == {one.id, other.id}


def test_what_else_fiftyone_holds_of_an_object_stays_and_comes_back(bench, ids, stored, objects):
    bench.labels.draw(ids[0], [(None, pointed("cat", OTHER))])
    bench.dataset.reload()
    sample = bench.dataset[ids[0]]
    sample.ground_truth.keypoints[0].confidence = [0.1, 0.2, 0.3]
    sample.ground_truth.keypoints[0]["species"] = "lynx"
    sample.save()
    (thing,) = objects(ids[0])
    assert thing.attributes == {"species": "lynx"}
    moved = Box(thing.id, "dog", 0, 0, 0, 0, attributes=thing.attributes, points=POINTS)
    bench.labels.draw(ids[0], [(thing, moved)])
    bench.labels.draw(ids[0], [(objects(ids[0])[0], None)])
    bench.labels.undo()
    (document,) = stored()[ids[0]]["ground_truth"]["keypoints"]
    assert (document["confidence"], document["species"]) == ([0.1, 0.2, 0.3], "lynx")
    bench.labels.undo()
    assert objects(ids[0]) == (thing,)


def test_what_others_made_is_read(bench, ids, objects):
    nan = float("nan")
    made = [
        fo.Keypoint(label="cat", points=[[0.1, 0.2], [nan, nan], [0.3, 0.4]]),
        fo.Keypoint(label="dog", points=[[0.1, 0.2], [0, 0], [0.3, 0.4]], visible=[1, 0, 2]),
        fo.Keypoint(label="dog", points=[[nan, nan]] * 3),
        fo.Keypoint(points=[[0.5, 0.5]] * 3),
    ]
    sample = bench.dataset[ids[0]]
    sample["ground_truth"] = fo.Keypoints(keypoints=made)
    sample.save()
    one, other = objects(ids[0])
    assert one.points == ((0.1, 0.2, VISIBLE), None, (0.3, 0.4, VISIBLE))
    assert other.points == ((0.1, 0.2, OCCLUDED), None, (0.3, 0.4, VISIBLE))


def test_an_image_without_objects_that_is_done_says_so_in_its_own_type(bench, ids, stored):
    bench.labels.done(ids[0])
    truth = stored()[ids[0]]["ground_truth"]
    assert (truth["_cls"], truth["keypoints"]) == ("Keypoints", [])


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ("needs 3 points, head, paw, tail, but has 2", {"points": [[0.1, 0.1], None]}),
        ("needs 3 points", {"x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}),
        ("'paw' of object .* outside of the image, at", {"points": [None, [1.1, 0.1], None]}),
        ("at least one point that is there", {"points": [None, None, None]}),
        ("exactly on", {"points": POINTS}),
        ("cannot be called 'visible'", {"points": OTHER, "attributes": {"visible": 1}}),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(bench, ids, objects, said, more):
    thing = pointed("cat", POINTS)
    bench.labels.draw(ids[0], [(None, thing)])
    with pytest.raises(LabelError, match=said):
        bench.labels.draw(ids[0], [(None, {"id": box_id(), "label": "cat", **more})])
    assert objects(ids[0]) == (thing,)
    assert len(bench.labels.events) == 1


def test_objects_are_counted_renamed_and_removed_with_their_class(bench, ids, objects):
    bench.labels.commit(ids[0], [pointed("cat", POINTS), pointed("dog", OTHER)])
    bench.labels.commit(ids[1], [pointed("cat", POINTS)])
    assert bench.labels.counts() == {"cat": 2, "dog": 1}
    bench.classes.rename("cat", "lynx")
    assert bench.labels.counts() == {"lynx": 2, "dog": 1}
    bench.classes.remove("lynx")
    assert [each.label for each in objects(ids[0])] == ["dog"]
    bench.labels.undo()
    bench.labels.undo()
    assert {each.label for each in objects(ids[0])} == {"cat", "dog"}
    assert next(each for each in objects(ids[1])).points == POINTS


def test_two_annotators_on_one_object_are_told_and_both_survive(bench, bob, ids, objects):
    thing = pointed("cat", POINTS)
    first = bench.labels.draw(ids[0], [(None, thing)])
    theirs, mine = pointed("dog", POINTS, id=thing.id), pointed("cat", OTHER, id=thing.id)
    bob.labels.draw(ids[0], [(thing, theirs)], based_on=first.event.id)
    late = bench.labels.draw(ids[0], [(thing, mine)], based_on=first.event.id)
    assert not late.event.applied
    assert late.event.changes == ((thing.to_plain(), mine.to_plain()),)
    assert objects(ids[0]) == (theirs,)


def test_points_have_no_place_among_boxes(home, dozen):
    name = f"boxes-{uuid.uuid4().hex[:8]}"
    other = wb.open(name, images=dozen, task="detection", classes=["cat"])
    try:
        with pytest.raises(LabelError, match='task="keypoints"'):
            other.labels.draw(other.dataset.first().id, [(None, pointed("cat", POINTS))])
    finally:
        wb.delete(name)


def test_what_needs_a_model_says_that_there_is_none_and_picking_does_without(bench, ids):
    asked = (bench.train, bench.predict, bench.evaluate, bench.errors, bench.suspects)
    for ask in (*asked, lambda: bench.label(review="suspects"), lambda: bench.save_model("model")):
        with pytest.raises(WorkbenchError, match=r"stored and exported, not .*: "):
            ask()
    assert len(bench.pick(5)) >= 5
    assert len(bench.runs) == 0
    bench.labels.commit(ids[0], [pointed("cat", POINTS)])
    assert bench.status()["pool labels"] + bench.status()["test labels"] == 1
    assert len(bench.pick(2)) >= 2


def test_objects_come_as_a_table_with_their_points_in_pixels(bench, ids):
    bench.labels.commit(ids[0], [pointed("cat", ((0.5, 0.25, OCCLUDED), None, None))])
    (row,) = bench.to_pandas("boxes").to_dict("records")
    width, height = bench.dataset[ids[0]].metadata.width, bench.dataset[ids[0]].metadata.height
    assert row["points"] == ((0.5 * width, 0.25 * height, OCCLUDED), None, None)
    assert (row["label"], row["width"], "outline" in row) == ("cat", 0, False)
    assert bench.to_pandas()["boxes"].sum() == 1


def test_a_dataset_of_fiftyone_is_taken_over_with_its_skeleton(home, dozen):
    name = f"theirs-{uuid.uuid4().hex[:8]}"
    theirs = fo.Dataset(name)
    label = fo.Keypoint(label="cat", points=[[0.1, 0.2], [0.3, 0.4]])
    path = str(next(dozen.glob("*.png")))
    theirs.add_sample(fo.Sample(path, ground_truth=fo.Keypoints(keypoints=[label])))
    try:
        with pytest.raises(DatasetError, match="need a skeleton"):
            wb.open(name)
        theirs.default_skeleton = fo.KeypointSkeleton(labels=["a", "b"], edges=[[0, 1]])
        theirs.save()
        taken = wb.open(name)
        assert (taken.labels.task, taken.labels.skeleton.names) == ("keypoints", ("a", "b"))
        assert list(taken.classes) == ["cat"]
        assert len(taken.to_pandas("boxes")) == 1
    finally:
        fo.delete_dataset(name)


def test_what_was_sent_to_review_is_walked_through_without_evidence(bench, ids):
    bench.labels.commit(ids[0], [pointed("cat", POINTS)])
    bench.labels.many.send_to_review([ids[0]])
    review = start_review("sent", bench._work.doubts, bench.queue, None)
    assert [item.sample_id for item in review.items()] == [ids[0]]


def test_keypoints_of_another_model_are_suggested(bench, ids):
    sample = bench.dataset[ids[0]]
    label = fo.Keypoint(label="cat", points=[[0.1, 0.2]] * 3, confidence=[0.9] * 3)
    sample["prediction"] = fo.Keypoints(keypoints=[label])
    sample.save()
    bench.queue.add_by_hand([ids[0]])
    (item,) = bench.queue.items(boxes=1)
    told = predicted_boxes(item)
    assert told is not None
    assert told["boxes"][0]["points"] == [[0.1, 0.2, VISIBLE]] * 3
