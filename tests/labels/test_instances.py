"""Objects with outlines are drawn, kept and taken back as boxes are, to the last bit."""

import uuid

import fiftyone as fo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.dataset.boxes import Box, box_id, outlined
from workbench.dataset.detections import boxes_in
from workbench.dataset.predictions import write_predicted_boxes
from workbench.errors import LabelError

RING = ((0.1, 0.1), (0.6, 0.12), (0.55, 0.7), (0.1, 1 / 3))
HOLE = ((0.2, 0.2), (0.2, 0.3), (0.3, 0.3))
share = st.floats(0, 1, allow_nan=False, allow_subnormal=False)
rings = st.lists(st.tuples(share, share), min_size=3, max_size=6, unique=True).map(tuple)


@pytest.fixture
def task():
    return "instances"


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def objects(stored):
    return lambda sample_id: boxes_in(stored()[sample_id])


def test_an_outline_with_a_hole_is_on_disk_as_a_filled_polyline(bench, ids, stored, objects):
    thing = outlined("cat", (RING, HOLE))
    commit = bench.labels.draw(ids[0], [(None, thing)], seconds=3.0)
    truth = stored()[ids[0]]["ground_truth"]
    assert (truth["_cls"], truth["annotator"], truth["source"]) == ("Polylines", "ann", "human")
    assert objects(ids[0]) == (thing,)
    assert commit.event.changes == ((None, thing.to_plain()),)
    bench.dataset.reload()
    (line,) = bench.dataset[ids[0]].ground_truth.polylines
    assert isinstance(line, fo.Polyline)
    assert (line.id, line.label, line.closed, line.filled) == (thing.id, "cat", True, True)
    assert line.points == [[list(point) for point in ring] for ring in (RING, HOLE)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outline=st.lists(rings, min_size=1, max_size=3).map(tuple))
def test_any_outline_comes_back_from_fiftyone_to_the_last_bit(bench, ids, objects, outline):
    try:
        bench.labels.commit(ids[0], [{"label": "dog", "outline": outline}])
    except LabelError as refused:
        assert "on one line" in str(refused) or "no size" in str(refused)
        return
    (thing,) = objects(ids[0])
    assert thing.outline == outline
    bench.dataset.reload()
    sample = bench.dataset[ids[0]]
    sample.ground_truth.polylines[0].tags = ["seen"]
    sample.save()  # FiftyOne writes all of it anew
    assert objects(ids[0]) == (thing,)


def test_changes_and_undo_leave_each_outline_as_it_was(bench, ids, objects):
    one, other = outlined("cat", (RING,)), outlined("dog", (HOLE,))
    bench.labels.draw(ids[0], [(None, one), (None, other)])
    moved = outlined("cat", (tuple((x + 0.1, y) for x, y in RING),), id=one.id)
    bench.labels.draw(ids[0], [(one, moved)])
    bench.labels.draw(ids[0], [(other, None)])
    bench.labels.done(ids[0])
    assert objects(ids[0]) == (moved,)
    for expected in [(moved,), (moved, other), (one, other), ()]:
        bench.labels.undo()
        assert sorted(objects(ids[0]), key=lambda each: each.label) == [*expected]
    bench.labels.redo()
    assert {each.id for each in objects(ids[0])} == {one.id, other.id}


def test_an_image_without_objects_that_is_done_says_so_in_its_own_type(bench, ids, stored):
    bench.labels.done(ids[0])
    truth = stored()[ids[0]]["ground_truth"]
    assert (truth["_cls"], truth["polylines"]) == ("Polylines", [])
    bench.dataset.reload()
    assert bench.dataset[ids[0]].ground_truth.polylines == []


def test_a_box_becomes_an_outline_of_its_four_corners(bench, ids, objects):
    bench.labels.draw(ids[0], [(None, Box(box_id(), "cat", 0.25, 0.25, 0.5, 0.25))])
    (thing,) = objects(ids[0])
    assert thing.outline == (((0.25, 0.25), (0.75, 0.25), (0.75, 0.5), (0.25, 0.5)),)
    turned = Box(box_id(), "cat", 0.25, 0.25, 0.5, 0.25, angle=90.0)
    bench.labels.draw(ids[1], [(None, turned)])
    (thing,) = objects(ids[1])
    assert (thing.width, thing.height, thing.angle) == (
        pytest.approx(0.25),
        pytest.approx(0.5),
        0.0,
    )


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ([[[0.1, 0.1], [0.2, 0.2]]], "at least 3 points"),
        ([[[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]], "on one line"),
        ([[[1.1, 0.1], [1.2, 0.2], [1.3, 0.1]]], "outside of the image"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(bench, ids, objects, outline, said):
    thing = outlined("cat", (RING,))
    bench.labels.draw(ids[0], [(None, thing)])
    with pytest.raises(LabelError, match=said):
        bench.labels.draw(ids[0], [(None, {"id": box_id(), "label": "cat", "outline": outline})])
    assert objects(ids[0]) == (thing,)
    with pytest.raises(LabelError, match="exactly on"):
        bench.labels.draw(ids[0], [(None, outlined("cat", (RING,)))])


def test_outlines_are_counted_renamed_and_removed_with_their_class(bench, ids, objects):
    bench.labels.commit(ids[0], [outlined("cat", (RING,)), outlined("dog", (HOLE,))])
    bench.labels.commit(ids[1], [outlined("cat", (RING,))])
    assert bench.labels.counts() == {"cat": 2, "dog": 1}
    bench.classes.rename("cat", "lynx")
    assert bench.labels.counts() == {"lynx": 2, "dog": 1}
    bench.classes.remove("lynx")
    assert [each.label for each in objects(ids[0])] == ["dog"]
    bench.labels.undo()
    bench.labels.undo()
    assert {each.label for each in objects(ids[0])} == {"cat", "dog"}
    assert next(each for each in objects(ids[1])).outline == (RING,)


def test_predicted_outlines_are_polylines_and_are_suggested(bench, ids, stored):
    said = outlined("cat", (RING, HOLE), confidence=0.7)
    write_predicted_boxes(bench._connection, bench.dataset, {ids[0]: [said]}, "model")
    assert stored()[ids[0]]["prediction"]["_cls"] == "Polylines"
    assert boxes_in(stored()[ids[0]], "prediction") == (said,)


def test_an_outline_has_no_place_among_boxes(dozen):
    import workbench as wb

    name = f"boxes-{uuid.uuid4().hex[:8]}"
    other = wb.open(name, images=dozen, task="detection", classes=["cat"])
    try:
        with pytest.raises(LabelError, match='task="instances"'):
            other.labels.draw(other.dataset.first().id, [(None, outlined("cat", (RING,)))])
    finally:
        wb.delete(name)
