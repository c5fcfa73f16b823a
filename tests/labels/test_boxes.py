"""Boxes drawn, changed, erased and said to be all: on the real database."""

import threading

import fiftyone as fo
import numpy as np
import pytest

from workbench.dataset.boxes import Box, box_id
from workbench.dataset.detections import boxes_in
from workbench.errors import LabelError
from workbench.labels.events import Source


@pytest.fixture
def task():
    return "detection"


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def boxes(stored):
    """The boxes of an image by id, straight from the database."""

    def read(sample_id):
        return {box.id: box for box in boxes_in(stored()[sample_id])}

    return read


@pytest.fixture
def status(stored):
    return lambda sample_id: stored()[sample_id]["label_status"]


def a_box(label="cat", x=0.1, y=0.2, width=0.3, height=0.4, **more):
    return Box(box_id(), label, x, y, width, height, **more)


def draw(store, sample_id, *boxes, **more):
    return store.draw(sample_id, [(None, box) for box in boxes], **more)


def test_a_box_is_on_disk_as_fiftyone_has_them_and_the_status_stays(bench, ids, stored):
    box = a_box(attributes={"occluded": True, "depth": 2.5})
    commit = draw(bench.labels, ids[0], box, seconds=2.5)
    document = stored()[ids[0]]
    assert document["label_status"] == "unlabelled"
    assert document["label_event"] == commit.event.id
    truth = document["ground_truth"]
    assert (truth["_cls"], truth["annotator"], truth["source"]) == ("Detections", "ann", "human")
    bench.dataset.reload()
    (label,) = bench.dataset[ids[0]].ground_truth.detections
    assert isinstance(label, fo.Detection)
    assert (label.id, label.label) == (box.id, "cat")
    assert label.bounding_box == [0.1, 0.2, 0.3, 0.4]
    assert (label["occluded"], label["depth"]) == (True, 2.5)
    (row,) = bench.labels.history().to_dict("records")
    assert row["changes"] == ((None, box.to_plain()),)
    assert (row["before"], row["after"], row["seconds"]) == (None, None, 2.5)
    assert (row["status_before"], row["status_after"]) == ("unlabelled", "unlabelled")


def test_turned_boxes_lie_beside_the_others_as_polylines(bench, ids, stored, boxes):
    box = a_box(angle=30.0)
    draw(bench.labels, ids[0], box, a_box("dog"))
    document = stored()[ids[0]]
    assert [each["label"] for each in document["ground_truth"]["detections"]] == ["dog"]
    bench.dataset.reload()
    (line,) = bench.dataset[ids[0]].ground_truth_rotated.polylines
    assert (line.label, line.closed, len(line.points[0]), line["angle"]) == ("cat", True, 4, 30.0)
    assert boxes(ids[0])[box.id] == box
    upright = Box(box.id, "cat", box.x, box.y, box.width, box.height)
    bench.labels.draw(ids[0], [(box, upright)])
    assert boxes(ids[0])[box.id] == upright
    assert stored()[ids[0]]["ground_truth_rotated"] is None
    bench.labels.undo()
    assert boxes(ids[0])[box.id] == box


def test_an_image_without_boxes_that_is_done_is_none_that_nobody_has_looked_at(
    bench, ids, stored, status
):
    bench.labels.done(ids[0], seconds=1.0)
    assert status(ids[0]) == "labelled"
    assert stored()[ids[0]]["ground_truth"]["detections"] == []
    table = bench._work.learner.table()
    assert table.labelled.tolist()[:2] == [True, False]
    assert table.targets[0].tolist() == [False] * 3
    bench.labels.undo()
    assert status(ids[0]) == "unlabelled"
    assert stored()[ids[0]]["ground_truth"] is None


def test_what_is_drawn_counts_once_it_is_done(bench, ids):
    draw(bench.labels, ids[0], a_box("dog"), a_box("dog", x=0.5), a_box(angle=9.0))
    draw(bench.labels, ids[1], a_box("dog"))
    live = bench._work.learner.live_table()
    assert not live.labelled.any()
    assert bench.labels.counts() == {}
    bench.labels.done(ids[0])
    for table in (bench._work.learner.live_table(), bench._work.learner.table()):
        assert table.labelled.tolist() == [True] + [False] * 11
        assert table.targets.tolist()[:2] == [[True, True, False], [False] * 3]
    assert bench.labels.counts() == {"cat": 1, "dog": 1}


def test_draw_change_erase_and_back_step_by_step(bench, ids, boxes, status):
    box, other = a_box(), a_box("dog", x=0.5)
    moved = Box(box.id, "dog", 0.15, 0.2, 0.3, 0.4)
    draw(bench.labels, ids[0], box, other)
    bench.labels.draw(ids[0], [(box, moved), (other, None)])
    bench.labels.done(ids[0])
    assert boxes(ids[0]) == {box.id: moved}
    seen = []
    while (commit := bench.labels.undo()) is not None:
        seen.append((boxes(ids[0]), status(ids[0]), commit.event.source))
    assert seen == [
        ({box.id: moved}, "unlabelled", Source.UNDO),
        ({box.id: box, other.id: other}, "unlabelled", Source.UNDO),
        ({}, "unlabelled", Source.UNDO),
    ]
    while bench.labels.redo() is not None:
        pass
    assert (boxes(ids[0]), status(ids[0])) == ({box.id: moved}, "labelled")
    changes = [event.changes for event in bench.labels.events]
    assert len(changes) == 9
    assert changes[4] == tuple((after, before) for before, after in reversed(changes[1]))


def test_a_commit_sets_all_boxes_as_one_event_of_the_differences(bench, ids, boxes, status):
    stays, goes, changes = a_box(), a_box("dog", x=0.5), a_box("dog", y=0.5)
    draw(bench.labels, ids[0], stays, goes, changes)
    now = Box(changes.id, "cat", 0.1, 0.5, 0.25, 0.4)
    new = {"label": "dog", "x": 0, "y": 0, "width": 1, "height": 1}
    event = bench.labels.commit(ids[0], [stays, now, new]).event
    assert status(ids[0]) == "labelled"
    (made,) = set(boxes(ids[0])) - {stays.id, now.id}
    assert event.changes == (
        (goes.to_plain(), None),
        (changes.to_plain(), now.to_plain()),
        (None, boxes(ids[0])[made].to_plain()),
    )
    bench.labels.undo()
    assert boxes(ids[0]) == {box.id: box for box in (stays, goes, changes)}
    assert status(ids[0]) == "unlabelled"
    bench.labels.commit(ids[0], [])
    assert (boxes(ids[0]), status(ids[0])) == ({}, "labelled")


A, B = "a" * 24, "b" * 24
PLAIN = {"id": A, "label": "cat", "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"width": 0}, "wider and higher than 0"),
        ({"height": -0.1}, "wider and higher than 0"),
        ({"width": 1e-300}, "no size that can be told"),
        ({"x": float("nan")}, "finite number"),
        ({"y": float("inf")}, "finite number"),
        ({"x": "0.1"}, "finite number"),
        ({"x": 1.0}, "outside of the image"),
        ({"y": -0.2}, "outside of the image"),
        ({"x": 1.2, "angle": 45}, "outside of the image"),
        ({"label": "cow"}, "unknown class 'cow'"),
        ({"label": None}, "needs 'label' as text"),
        ({"id": "1"}, "24 hexadecimal digits"),
        ({"id": B}, "24 hexadecimal digits|already"),
        ({"x": 0.5, "width": 0.2, "y": 0.5, "height": 0.2, "label": "dog"}, "lies exactly on box"),
        ({"attributes": {"bounding_box": 1}}, "cannot be called 'bounding_box'"),
        ({"attributes": {"has_mask": 1}}, "cannot be called"),
        ({"attributes": {"a.b": 1}}, "cannot be called"),
        ({"attributes": {"a": float("nan")}}, "must be a finite number"),
        ({"attributes": {"a": [1]}}, "must be a finite number"),
        ({"attributes": {"a": 2**64}}, "must be a finite number"),
        ({"attributes": "red"}, "values by name"),
        ({"confidence": "high"}, "confidence of a box must be a number"),
    ],
)
@pytest.mark.parametrize("way", ["draw", "commit"])
def test_a_box_that_cannot_be_is_refused_and_nothing_is_written(
    bench, ids, stored, after, message, way
):
    there = Box(B, "dog", 0.5, 0.5, 0.2, 0.2)
    draw(bench.labels, ids[0], there)
    before = stored()[ids[0]]
    good = {**PLAIN, "id": "c" * 24, "y": 0.3}
    with pytest.raises(LabelError, match=message):
        if way == "draw":
            bench.labels.draw(ids[0], [(None, good), (None, PLAIN | after)])
        elif after == {"id": B}:
            bench.labels.draw(ids[0], [(None, PLAIN | after)])
        else:
            bench.labels.commit(ids[0], [there, good, PLAIN | after])
    assert stored()[ids[0]] == before
    assert len(bench.labels.events) == 1


def test_a_change_of_what_is_not_there_is_refused(bench, ids, stored):
    box = a_box()
    moved = Box(box.id, "cat", 0.2, 0.2, 0.3, 0.4)
    draw(bench.labels, ids[0], box)
    before = stored()[ids[0]]
    for changes, message in (
        ([(moved, None)], "not what it is to be changed from"),
        ([(a_box(), None)], "has no box"),
        ([(box, a_box())], "cannot become box"),
        ([(box, moved), (box, None)], "appears twice"),
        ([(None, None)], "before or after"),
        ([], "no box is changed"),
    ):
        with pytest.raises(LabelError, match=message):
            bench.labels.draw(ids[0], changes)
    assert stored()[ids[0]] == before
    with pytest.raises(LabelError, match="labelled with boxes here, but got 'cat'"):
        bench.labels.commit(ids[0], "cat")
    with pytest.raises(LabelError, match="none has the same as another"):
        bench.labels.commit_many(ids, "cat")
    assert len(bench.labels.events) == 1


def test_what_is_partly_outside_stays_to_the_last_bit(bench, ids, boxes):
    box = a_box(x=-0.123456789, y=0.9, width=0.3, height=1 / 3)
    draw(bench.labels, ids[0], box)
    assert boxes(ids[0])[box.id] == box


def test_sent_twice_is_drawn_once(bench, ids, boxes):
    box = a_box()
    first = draw(bench.labels, ids[0], box, event_id="e1")
    bench.labels.draw(ids[0], [(box, None)], event_id="e2")
    again = draw(bench.labels, ids[0], box, event_id="e1")
    assert again.event == bench.labels.events.get(first.event.id)
    assert boxes(ids[0]) == {}
    bench.labels.undo(event_id="u")
    bench.labels.undo(event_id="u")
    assert list(boxes(ids[0])) == [box.id]
    assert len(bench.labels.events) == 3


def test_the_second_of_two_annotators_is_told_and_both_survive(bench, bob, ids, boxes, status):
    theirs, mine = a_box("dog"), a_box(x=0.4)
    first = draw(bob.labels, ids[0], theirs, based_on="")
    for lost in (
        draw(bench.labels, ids[0], mine, based_on=""),
        bench.labels.done(ids[0], based_on=""),
        bench.labels.commit(ids[0], [mine], based_on=""),
    ):
        assert not lost.event.applied
        assert (lost.conflict.id, lost.conflict.annotator) == (first.event.id, "bob")
    assert (boxes(ids[0]), status(ids[0])) == ({theirs.id: theirs}, "unlabelled")
    asked = [event.changes for event in bench.labels.events.find(annotator="ann")]
    assert asked == [((None, mine.to_plain()),), (), ((None, mine.to_plain()),)]
    assert bench.labels.undo() is None
    assert draw(bench.labels, ids[0], mine, based_on=first.event.id).conflict is None
    assert bob.labels.undo().conflict.annotator == "ann"
    assert set(boxes(ids[0])) == {theirs.id, mine.id}


def test_many_hands_at_one_image_lose_nothing(bench, bob, ids, boxes):
    drawn = {a: [a_box(x=0.01 * k, y=0.3 * a) for k in range(15)] for a in range(2)}

    def work(store, own):
        for box in own:
            draw(store, ids[0], box)

    hands = [
        threading.Thread(target=work, args=(store, drawn[a]))
        for a, store in enumerate((bench.labels, bob.labels))
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert set(boxes(ids[0])) == {box.id for own in drawn.values() for box in own}
    assert len(bench.labels.events) == 30


def test_what_a_model_suggested_is_in_the_history_and_not_in_the_label(bench, ids, boxes):
    ghost = a_box(confidence=0.83)
    draw(
        bench.labels,
        ids[0],
        ghost,
        source=Source.ACCEPTED,
        suggestion=[ghost.to_plain()],
        model="m",
    )
    assert boxes(ids[0])[ghost.id].confidence is None
    (event,) = bench.labels.events
    assert (event.source, event.model) == (Source.ACCEPTED, "m")
    assert event.suggestion == [ghost.to_plain()]
    erased = bench.labels.draw(ids[0], [(ghost, None)])
    assert erased.event.applied, "how sure a model was is no part of what is there"


def test_one_box_of_a_thousand_costs_one_box(bench, ids, stored, boxes):
    many = [a_box(x=(k % 40) / 41, y=(k // 40) / 41, width=0.02, height=0.02) for k in range(1000)]
    bench.labels.commit(ids[0], many)
    moved = Box(many[500].id, "dog", 0.5, 0.5, 0.1, 0.1)
    before = stored()[ids[0]]["ground_truth"]["detections"]
    event = bench.labels.draw(ids[0], [(many[500], moved), (None, a_box(width=0.5))]).event
    assert len(event.changes) == 2
    after = stored()[ids[0]]["ground_truth"]["detections"]
    assert [each for each in after if each not in before] == [after[500], after[1000]]
    assert boxes(ids[0])[moved.id] == moved
    bench.labels.commit(ids[0], [a_box()])
    assert len(boxes(ids[0])) == 1
    bench.labels.undo()
    bench.labels.undo()
    assert boxes(ids[0]) == {box.id: box for box in many}


def test_skip_and_review_leave_the_boxes(bench, ids, boxes, status):
    box = a_box()
    draw(bench.labels, ids[0], box)
    bench.labels.skip(ids[0])
    assert status(ids[0]) == "skipped"
    bench.labels.undo()
    assert (boxes(ids[0]), status(ids[0])) == ({box.id: box}, "unlabelled")
    assert not bench.labels.many.send_to_review([ids[0]])[0].applied, "it is not labelled yet"
    bench.labels.done(ids[0])
    assert bench.labels.many.send_to_review([ids[0]])[0].applied
    assert bench._work.learner.table().labelled[0]
    bench.labels.undo()
    assert (boxes(ids[0]), status(ids[0])) == ({box.id: box}, "labelled")


@pytest.mark.parametrize("task", ["classification"], indirect=False)
def test_images_with_one_class_have_no_boxes(bench, ids, task):
    for refused in (lambda: draw(bench.labels, ids[0], a_box()), lambda: bench.labels.done(ids[0])):
        with pytest.raises(
            LabelError, match="is for boxes and masks, but this dataset is for classification"
        ):
            refused()
    with pytest.raises(LabelError, match="one class here"):
        bench.labels.commit(ids[0], [a_box()])


def test_a_mask_of_others_comes_back_with_its_box(bench, ids, stored):
    label = fo.Detection(
        label="cat", bounding_box=[0.1, 0.1, 0.2, 0.2], mask=np.eye(4, dtype=bool), tags=["t"]
    )
    sample = bench.dataset[ids[0]]
    sample["ground_truth"] = fo.Detections(detections=[label])
    sample.save()
    before = stored()[ids[0]]["ground_truth"]["detections"]
    box = Box(label.id, "cat", 0.1, 0.1, 0.2, 0.2)
    turned = Box(label.id, "cat", 0.1, 0.1, 0.2, 0.2, angle=5.0)
    bench.labels.draw(ids[0], [(box, turned)])
    assert "mask" not in stored()[ids[0]]["ground_truth_rotated"]["polylines"][0]
    bench.labels.draw(ids[0], [(turned, None)])
    assert stored()[ids[0]]["ground_truth"] is None
    bench.labels.undo()
    assert stored()[ids[0]]["ground_truth_rotated"]["polylines"][0]["tags"] == ["t"]
    bench.labels.undo()
    assert stored()[ids[0]]["ground_truth"]["detections"] == before
    bench.labels.redo()
    bench.labels.undo()
    assert stored()[ids[0]]["ground_truth"]["detections"] == before


def test_what_others_say_of_a_box_does_not_stand_in_its_way(bench, ids, boxes):
    label = fo.Detection(label="cat", bounding_box=[0.1, 0.1, 0.2, 0.2], story="x" * 2_000)
    sample = bench.dataset[ids[0]]
    sample["ground_truth"] = fo.Detections(detections=[label])
    sample.save()
    (box,) = boxes(ids[0]).values()
    moved = Box(box.id, "cat", 0.3, 0.1, 0.2, 0.2, attributes=box.attributes)
    bench.labels.draw(ids[0], [(box, moved)])
    bench.labels.draw(ids[0], [(moved, None)])
    bench.labels.undo()
    bench.labels.undo()
    assert boxes(ids[0]) == {box.id: box}
    with pytest.raises(LabelError, match="at most 1,000 characters"):
        draw(bench.labels, ids[0], Box(box_id(), "cat", 0, 0, 1, 1, attributes={"a": "x" * 2_000}))
