"""Boxes at the desk: what a page sends and what it is told."""

import shutil
import uuid

import pytest

from workbench.dataset.boxes import Box, box_id
from workbench.dataset.predictions import read_predictions, write_predicted_boxes
from workbench.errors import DatasetError, LabelError, NotEnoughLabelsError

A, B = "a" * 24, "b" * 24
BOX = {"id": A, "label": "one", "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}
MOVED = BOX | {"x": 0.15, "angle": 12.5}


@pytest.fixture
def bench(home, tmp_path):
    import workbench as wb

    folder = tmp_path / "photos"
    folder.mkdir()
    for path in sorted(wb.digits(home).glob("*/*.png"))[:30]:
        shutil.copy(path, folder)
    name = f"boxes-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=folder, task="detection", classes=["one", "two"], annotator="ann")
    wb.delete(name)


@pytest.fixture
def desk(bench):
    widget = bench.label()
    yield widget._desk
    widget.close()


def op(kind, sample, **more):
    return {"id": uuid.uuid4().hex, "kind": kind, "sample": sample, **more}


def draw(sample, *changes, **more):
    told = [{"before": before, "after": after} for before, after in changes]
    return op("draw", sample, changes=told, **more)


def test_an_empty_queue_is_filled_and_its_images_have_no_boxes_yet(bench, desk):
    state = desk.state()
    assert (state["task"], state["instant"]) == ("detection", False)
    assert state["queued"] == 30
    first = state["queue"][0]
    assert (first["label"], first["done"], first["suggestion"]) == ([], False, None)
    desk.learn(True)
    assert not desk.state()["instant"], "no probe learns boxes"


def test_draw_done_undo_and_what_other_pages_are_told(bench, desk):
    sample = desk.state()["queue"][0]["id"]
    news = []
    stop = desk.on_change(news.append)
    drawn = draw(sample, (None, BOX), seconds=2.0, basedOn="")
    ack = desk.apply(drawn)
    assert (ack["ok"], ack["queued"], ack["item"]["label"]) == (True, True, [BOX])
    moved = draw(sample, (BOX, MOVED), basedOn=drawn["id"])
    assert desk.apply(moved)["item"]["label"] == [MOVED]
    assert desk.apply(moved)["item"]["label"] == [MOVED], "sent twice"
    done = op("done", sample, seconds=1.0, basedOn=moved["id"])
    ack = desk.apply(done)
    assert (ack["queued"], ack["item"]["done"]) == (False, True)
    back = {"id": "u1", "kind": "undo", "step": done["id"]}
    assert desk.apply(back)["queued"]
    ack = desk.apply({"id": "u2", "kind": "undo", "step": moved["id"]})
    assert ack["item"]["label"] == [BOX]
    assert ack["item"]["event"] == drawn["id"]
    ack = desk.apply({"id": "r2", "kind": "redo", "step": "u2"})
    assert ack["item"]["label"] == [MOVED]
    stop()
    assert [(each["sample"], each["event"]) for each in news] == [
        (sample, event) for event in (drawn["id"], moved["id"], done["id"], "u1", "u2", "r2")
    ]
    assert [(each["listed"], each["done"]) for each in news] == [
        *[(True, False)] * 2,
        (False, True),
        *[(True, False)] * 3,
    ]
    assert news[1]["changes"] == [{"before": BOX, "after": MOVED}]
    assert news[2]["changes"] == []
    assert news[4]["changes"] == [{"before": MOVED, "after": BOX}]


def test_a_refused_drawing_comes_back_with_the_image_as_it_is(bench, desk):
    sample = desk.state()["queue"][0]["id"]
    desk.apply(draw(sample, (None, BOX)))
    ack = desk.apply(draw(sample, (MOVED, None)))
    assert (ack["ok"], ack["final"]) == (False, True)
    assert "not what it is to be changed from" in ack["error"]
    assert ack["item"]["label"] == [BOX]
    ack = desk.apply(draw("0" * 24, (None, BOX)))
    assert (ack["ok"], ack["final"], ack["item"]) == (False, True, None)
    assert desk.apply(op("label", sample, label="one"))["final"]


def test_the_second_annotator_gets_the_boxes_of_the_first(bench, desk):
    import workbench as wb

    sample = desk.state()["queue"][0]["id"]
    other = wb.open(bench.name, annotator="bob")
    other.labels.draw(sample, [(None, BOX)])
    ack = desk.apply(draw(sample, (None, BOX | {"id": B, "y": 0.5}), basedOn=""))
    assert (ack["ok"], ack["conflict"]["annotator"]) == (True, "bob")
    assert ack["item"]["label"] == [BOX]


def test_a_model_suggests_boxes_in_the_pool_alone(bench, desk):
    table = bench._work.learner.table()
    ghost = Box(A, "one", 0.1, 0.2, 0.3, 0.4, confidence=0.75)
    said = {sample_id: [ghost] for sample_id in table.ids}
    write_predicted_boxes(bench._connection, bench.dataset, said, "fcos@3")
    assert bench.dataset.first().prediction.detections[0].confidence == 0.75
    assert read_predictions(bench.dataset, table.ids[:1], "detection") == {
        table.ids[0]: ((ghost,), "fcos@3")
    }
    items = {each["id"]: each for each in desk.state()["queue"]}
    plain = {"boxes": [ghost.to_plain()], "model": "fcos@3", "threshold": 0.5}
    assert table.is_test.any()
    for sample_id, item in items.items():
        hidden = table.is_test[table.row_of[sample_id]]
        assert item["suggestion"] == (None if hidden else plain)
    sample = next(i for i in items if not table.is_test[table.row_of[i]])
    taken = BOX | {"id": box_id(), "confidence": 0.75}
    desk.apply(draw(sample, (None, taken), accepted=True, model="fcos@3"))
    (event,) = bench.labels.events.find(sample_id=sample)
    assert (event.source, event.model, event.suggestion) == ("accepted", "fcos@3", [taken])
    assert "confidence" not in event.changes[0][1]


def test_what_is_not_there_for_boxes_says_so_and_the_rest_works(bench):
    picked = bench.pick(5)
    assert len(picked) >= 5
    for verb in (bench.evaluate, bench.train, bench.predict, bench.suspects):
        with pytest.raises(NotEnoughLabelsError, match="detector"):
            verb()
    with pytest.raises(NotEnoughLabelsError, match="learned by a detector"):
        bench.label(review="suspects")
    assert bench.status()["pool labels"] == 0
    bench.labels.commit(picked.index[0], [BOX])
    assert bench.status()["pool labels"] + bench.status()["test labels"] == 1


def test_folders_are_no_boxes_and_nothing_is_made_or_added(home, bench, tmp_path):
    import workbench as wb

    folder = tmp_path / "more" / "one"
    folder.mkdir(parents=True)
    shutil.copy(sorted(wb.digits(home).glob("*/*.png"))[40], folder)
    with pytest.raises(DatasetError, match="labelled with boxes: leave it out"):
        bench.add(folder.parent, labels="folders")
    assert bench.dataset.count() == 30
    with pytest.raises(DatasetError, match="labelled with boxes: leave it out"):
        wb.open("boxes-none", images=folder.parent, task="detection", labels="folders")
    assert "boxes-none" not in wb.list().index


def test_the_app_has_its_views_and_its_operators_leave_boxes_alone(bench):
    from workbench.app.views import arrange_sidebar, save_standard_views

    save_standard_views(bench.dataset)
    arrange_sidebar(bench.dataset)
    ids = bench.dataset.values("id")[:2]
    bench.labels.commit(ids[0], [BOX])
    with pytest.raises(LabelError, match="none has the same as another"):
        bench._app.label(ids, "one")
    ghost = Box(B, "two", 0.5, 0.5, 0.25, 0.25, confidence=0.9)
    pool = [i for i in bench.dataset.values("id") if not _is_test(bench, i)][:3]
    write_predicted_boxes(bench._connection, bench.dataset, {i: [ghost] for i in pool}, "m")
    assert bench._app.accept(pool).done == 3
    assert [len(bench.queue.item(i).label) for i in pool] == [1, 1, 1]
    assert bench._app.labelled(ids) == 1 + (ids[1] in pool)
    assert "2 boxes" not in bench._app.undo()
    assert bench._app.labelled(ids) == 1


def _is_test(bench, sample_id):
    table = bench._work.learner.table()
    return bool(table.is_test[table.row_of[sample_id]])
