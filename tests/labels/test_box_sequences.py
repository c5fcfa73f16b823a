"""Any sequence of drawing, erasing, undoing and redoing ends where an editor would."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.dataset.boxes import Box, box_id, outlined, pointed
from workbench.dataset.detections import boxes_in
from workbench.labels.store import LabelStore

_PLACES = (number / 100_000 for number in itertools.count())
STEPS = ("draw", "turn", "erase", "commit", "done", "skip", "undo", "redo", "reopen")


@pytest.fixture(params=["detection", "instances", "keypoints"])
def task(request):
    return request.param


def a_box(id, label, x, y, width, height, angle, *, task):
    if task == "detection":
        return Box(id, label, x, y, width, height, angle=angle)
    if task == "keypoints":
        other = None if angle else (x / 2 + width, y + height, "occluded")
        return pointed(label, ((x / 2, y, "visible"), None, other), id=id)
    return outlined(label, (((x, y), (x + width, y + angle / 1000), (x, y + height)),), id=id)


def state_of(document):
    return {box.id: box for box in boxes_in(document)}, document["label_status"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99)), max_size=15))
def test_any_sequence_ends_where_an_editor_would(bench, stored, task, steps):
    sample_id = bench.dataset.first().id
    store = LabelStore(bench._connection, bench.dataset, f"ann {box_id()}")
    states, at = [state_of(stored()[sample_id])], 0
    for step, number in steps:
        boxes, status = dict(states[at][0]), states[at][1]
        if step == "reopen":
            store = LabelStore(bench._connection, bench.dataset, store.annotator)
            continue
        if step in ("undo", "redo"):
            there = at > 0 if step == "undo" else at < len(states) - 1
            assert (getattr(store, step)() is not None) == there
            at += there * (-1 if step == "undo" else 1)
        else:
            boxes, status = act(store, sample_id, step, number, boxes, status, task)
            if (step in ("turn", "erase")) and not states[at][0]:
                continue
            states, at = [*states[: at + 1], (boxes, status)], at + 1
        assert state_of(stored()[sample_id]) == states[at]


def act(store, sample_id, step, number, boxes, status, task):
    """Do a step; returns what an editor would show after it."""
    # No two at one place, which would be refused.
    place = number / 100, next(_PLACES), 0.2, 0.3, float(number % 2)
    new = a_box(box_id(), "cat", *place, task=task)
    if step == "done":
        store.done(sample_id)
        return boxes, "labelled"
    if step == "skip":
        store.skip(sample_id)
        return boxes, "skipped"
    if step == "commit":
        kept = dict(list(boxes.items())[: number % 3])
        store.commit(sample_id, [*kept.values(), new])
        return kept | {new.id: new}, "labelled"
    if step == "draw":
        store.draw(sample_id, [(None, new)])
        return boxes | {new.id: new}, status
    if boxes:
        old = [*boxes.values()][number % len(boxes)]
        after = None
        if step == "turn":
            place = old.x, old.y, 0.25, 0.3, float(number)
            after = a_box(old.id, "dog", *place, task=task)
        store.draw(sample_id, [(old, after)])
        del boxes[old.id]
        boxes |= {after.id: after} if after else {}
    return boxes, status
