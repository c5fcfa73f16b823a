"""Boxes that came with the images."""

import pytest

from workbench.dataset.boxes import Box, box_id
from workbench.errors import LabelError
from workbench.labels import imports
from workbench.labels.events import Source


@pytest.fixture
def task():
    return "detection"


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


def a_box(label="cat", x=0.1, **more):
    return Box(box_id(), label, x, 0.2, 0.3, 0.4, **more)


def test_boxes_of_others_are_labels_each_image_an_event(bench, ids, stored, monkeypatch):
    monkeypatch.setattr(imports, "_BOXES", 2)  # several transactions
    sure = a_box(confidence=0.9, attributes={"iscrowd": 0})
    given = {ids[0]: [sure, a_box("dog", 0.4)], ids[1]: [], ids[2]: [a_box(angle=20.0)]}
    assert bench.labels.import_labels(given, annotator="coco") == 3
    table = bench._learner.table()
    assert table.labelled.tolist()[:4] == [True, True, True, False]
    assert table.targets.tolist()[:3] == [[True, True, False], [False] * 3, [True, False, False]]
    events = list(bench.labels.events)
    assert [(event.source, event.annotator) for event in events] == [(Source.IMPORT, "coco")] * 3
    assert [len(event.changes) for event in events] == [2, 0, 1]
    truth = stored()[ids[0]]["ground_truth"]
    assert truth["detections"][0]["confidence"] == 0.9, "they are as they came"
    assert bench.queue.item(ids[2]).label == tuple(given[ids[2]])
    assert bench.labels.undo() is None, "an import is not taken back by a key"
    conflict = bench.labels.draw(ids[0], [(sure, None)], based_on="").conflict
    assert conflict.source is Source.IMPORT


def test_a_class_or_box_that_is_none_imports_nothing(bench, ids):
    for wrong, message in (
        ([a_box("cow")], "unknown class 'cow'"),
        ([a_box(), {"label": "cat", "x": 0, "y": 0, "width": 0, "height": 1}], "wider"),
        ("cat", "labelled with boxes here"),
        (["cat"], "labelled with boxes here"),
        ([a_box(), "cat"], "of boxes or of class names"),
    ):
        with pytest.raises(LabelError, match=message):
            bench.labels.import_labels({ids[0]: [a_box()], ids[1]: wrong})
    with pytest.raises(LabelError, match="outside of the image"):
        bench.labels.import_labels({ids[0]: [a_box()], ids[1]: [a_box(x=1.5)]})
    assert len(bench.labels.events) == 0
    assert bench.queue.item(ids[0]).label is None
