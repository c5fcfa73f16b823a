"""What becomes of boxes when their classes are renamed, merged and removed, and when that is undone."""

import pytest

from workbench.dataset.boxes import Box, box_id
from workbench.dataset.detections import boxes_in
from workbench.dataset.predictions import write_predicted_boxes
from workbench.errors import LabelError
from workbench.labels import boxlabels


@pytest.fixture
def task():
    return "detection"


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def names(stored):
    """The classes of an image's boxes by the box's id, straight from the database."""

    def read(sample_id, field="ground_truth"):
        return {box.id: box.label for box in boxes_in(stored()[sample_id], field)}

    return read


def a_box(label="cat", x=0.1, **more):
    return Box(box_id(), label, x, 0.2, 0.3, 0.4, **more)


def draw(store, sample_id, *boxes):
    return store.draw(sample_id, [(None, box) for box in boxes])


@pytest.fixture
def three(bench, ids):
    """On the first image a cat, a turned cat and a dog; it is done."""
    boxes = [a_box(), a_box(angle=30.0), a_box("dog", 0.5)]
    draw(bench.labels, ids[0], *boxes)
    bench.labels.done(ids[0])
    return [box.id for box in boxes]


def test_a_rename_reaches_every_box_and_prediction_and_goes_back(bench, ids, three, names):
    ghost = a_box(confidence=0.9)
    write_predicted_boxes(bench._connection, bench.dataset, {ids[1]: [ghost]}, "m")
    assert bench.classes.rename("cat", "Katze").event.images == 1
    assert names(ids[0]) == {three[0]: "Katze", three[1]: "Katze", three[2]: "dog"}
    assert names(ids[1], "prediction") == {ghost.id: "Katze"}
    assert bench.labels.counts() == {"Katze": 1, "dog": 1}
    bench.labels.undo()
    assert names(ids[0]) == {three[0]: "cat", three[1]: "cat", three[2]: "dog"}
    assert names(ids[1], "prediction") == {ghost.id: "cat"}


def test_a_merge_keeps_both_boxes_and_gives_each_its_class_back(bench, ids, three, names, stored):
    ghost = a_box(confidence=0.9)
    write_predicted_boxes(bench._connection, bench.dataset, {ids[0]: [ghost]}, "m")
    before = stored()[ids[0]]
    bench.classes.merge("cat", into="dog")
    assert set(names(ids[0]).values()) == {"dog"}
    assert len(names(ids[0])) == 3
    bench.labels.undo()
    after = stored()[ids[0]]
    for key in ("ground_truth", "ground_truth_rotated", "prediction"):
        assert after[key] == before[key]


def test_boxes_of_a_class_that_is_removed_go_and_come_back(bench, ids, three, names, stored):
    assert bench.classes.remove("cat").event.images == 1
    assert names(ids[0]) == {three[2]: "dog"}
    assert stored()[ids[0]]["label_status"] == "labelled", "somebody has looked at all of it"
    bench.labels.undo()
    assert set(names(ids[0])) == set(three)
    bench.labels.redo()
    assert names(ids[0]) == {three[2]: "dog"}


def test_what_was_drawn_since_stays_and_what_went_comes_back_beside_it(
    bench, bob, ids, three, names
):
    removal = bench.classes.remove("cat").event
    new = a_box("dog", 0.6)
    draw(bob.labels, ids[0], new)
    bob.labels.done(ids[0])
    assert bench.labels.undo(step=removal.id).event.images == 1
    assert set(names(ids[0])) == {*three, new.id}


def test_what_was_undone_meanwhile_does_not_come_back(bench, bob, ids, names):
    first, second = a_box(), a_box(x=0.4)
    draw(bench.labels, ids[0], first)
    draw(bench.labels, ids[0], second)
    removal = bob.classes.remove("cat").event
    bench.labels.undo()
    bob.labels.undo(step=removal.id)
    assert set(names(ids[0])) == {first.id}


def test_a_box_of_another_class_since_keeps_that(bench, bob, ids, three, names):
    merge = bench.classes.merge("cat", into="dog").event
    bob.classes.add("cow")
    (box,) = (box for box in boxes_in(bench_document(bench, ids[0])) if box.id == three[0])
    cow = Box(box.id, "cow", box.x, box.y, box.width, box.height)
    bob.labels.draw(ids[0], [(box, cow)])
    bench.labels.undo(step=merge.id)
    assert names(ids[0]) == {three[0]: "cow", three[1]: "cat", three[2]: "dog"}


def bench_document(bench, sample_id):
    samples = bench._connection.database[bench.dataset._sample_collection_name]
    return next(each for each in samples.find() if str(each["_id"]) == sample_id)


def test_boxes_of_old_names_get_the_new_ones(bench, bob, ids, names):
    box = a_box()
    draw(bench.labels, ids[0], box)
    bob.classes.rename("cat", "Katze")
    moved = Box(box.id, "cat", 0.2, 0.2, 0.3, 0.4)
    other = a_box(x=0.5)
    event = bench.labels.draw(ids[0], [(box, moved), (None, other)]).event
    assert [after["label"] for _, after in event.changes] == ["Katze", "Katze"]
    bench.labels.undo()
    assert names(ids[0]) == {box.id: "Katze"}
    bench.labels.undo()
    assert names(ids[0]) == {}
    bob.classes.remove("Katze")
    with pytest.raises(LabelError, match="was removed"):
        draw(bench.labels, ids[0], a_box())


def test_an_undo_does_not_bring_boxes_of_a_removed_class_back(bench, bob, ids, names):
    cat, dog = a_box(), a_box("dog", 0.5)
    draw(bench.labels, ids[0], cat, dog)
    bench.labels.draw(ids[0], [(cat, None), (dog, None)])
    bob.classes.remove("cat")
    bench.labels.undo()
    assert names(ids[0]) == {dog.id: "dog"}


def test_images_of_many_boxes_are_kept_in_documents_that_are_small_enough(
    bench, ids, stored, monkeypatch
):
    monkeypatch.setattr(boxlabels, "_BOXES", 10)
    for sample_id in ids[:5]:
        draw(bench.labels, sample_id, *[a_box(x=k / 100) for k in range(6)])
    before = {i: document.get("ground_truth") for i, document in stored().items()}
    bench.classes.merge("cat", into="dog")
    kept = bench._connection.database["workbench.relabelled"]
    own = {"dataset": bench.labels.dataset_id}
    assert [len(each["images"]) for each in kept.find(own)] == [2, 2, 1]
    bench.labels.undo()
    assert {i: document.get("ground_truth") for i, document in stored().items()} == before
    assert kept.count_documents(own) == 0
