"""The gallery of wrong boxes: what it is told, its pictures, and what becomes of an image."""

import io
import json
import shutil
import uuid
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.boxfinder import box, seen, use
from workbench.errors import WorkbenchError
from workbench.labels.events import Source
from workbench.placegallery import SAID, around


@pytest.fixture
def bench(home, tmp_path):
    import workbench as wb

    folder = tmp_path / "photos"
    folder.mkdir()
    for path in sorted(wb.digits(home).glob("*/*.png"))[:40]:
        shutil.copy(path, folder)
    name = f"boxgallery-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=folder, task="detection", classes=["one", "two"], annotator="ann")
    wb.delete(name)


@pytest.fixture
def ids(bench):
    """An image with each kind of error, and one of the blind test split with two."""
    table = bench._work.table()
    pool = [table.ids[row] for row in table.unlabelled_pool[:8]]
    test = table.ids[int(table.unlabelled_test[0])]
    found = {}
    for sample_id in [*pool, test]:
        own = box()
        bench.labels.commit(sample_id, [own])
        found[sample_id] = [seen(own)]
    missed, alarm, moved, confused, twice = pool[:5]
    found[missed] = []
    found[alarm].append(box(x=0.6, confidence=0.8))
    found[moved] = [replace(found[moved][0], x=0.25)]
    found[confused] = [replace(found[confused][0], label="two")]
    found[twice].append(replace(seen(found[twice][0]), x=0.12, confidence=0.7))
    found[test] = [replace(found[test][0], label="two"), box(x=0.6, confidence=0.8)]
    use(bench, found)
    return dict(
        zip(
            ("missed", "alarm", "moved", "confused", "twice", "test"),
            [*pool[:5], test],
            strict=True,
        )
    )


@pytest.fixture
def errors(bench, ids):
    return bench.errors()


@pytest.fixture
def desk(bench, errors):
    return errors.gallery._desk


def cases(desk, kind):
    (found,) = [each for each in desk.state()["kinds"] if each["kind"] == kind]
    return found["cases"]


def test_the_gallery_is_told_every_wrong_box_by_kind(bench, errors, desk, ids):
    state = desk.state()
    assert json.loads(json.dumps(state)) == state
    frame = errors.to_pandas()
    assert len(errors) == len(frame) == 7
    assert state["images"] == 6
    for kind in state["kinds"]:
        own = frame[frame["kind"] == kind["kind"]]
        assert [case["sample"] for case in kind["cases"]] == own.index.tolist()
        assert [case["reason"] for case in kind["cases"]] == own["reason"].tolist()
    (missed,) = cases(desk, "missed")
    assert (missed["label"], missed["predicted"], missed["percent"]) == ("one", None, None)
    alarm = cases(desk, "false alarm")[0]
    assert (alarm["label"], alarm["predicted"], alarm["percent"]) == (None, "one", 80)
    assert {case["test"] for case in cases(desk, "confused")} == {True, False}
    assert "false alarm: 2. In images" in str(errors)
    assert bench.dataset.load_saved_view("Boxes: missed").values("id") == [ids["missed"]]
    assert len({case["id"] for kind in state["kinds"] for case in kind["cases"]}) == 7
    only = bench.errors("missed", 1)
    assert [*only.kinds] == ["missed"] and only.to_pandas().index.tolist() == [ids["missed"]]
    with pytest.raises(ValueError, match="count must be at least 1"):
        bench.errors(count=0)


def test_a_picture_shows_the_place_with_what_is_labelled_and_found(errors, desk):
    (case,) = cases(desk, "badly placed")
    (wrong,) = errors.kinds["badly placed"].places
    left, top, right, bottom = around(wrong)
    width, height = wrong.size
    assert 0 <= left < 0.1 * width and right <= width and 0 <= top < bottom <= height
    picture, none = desk.thumbnails([case["id"], "no such place"], 128)
    assert none == b""
    with Image.open(io.BytesIO(picture)) as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(int)
    colour = np.array([int(SAID[at : at + 2], 16) for at in (1, 3, 5)])
    assert (np.abs(pixels - colour).max(axis=2) < 60).any(), "what was found is drawn"
    assert desk.thumbnails([case["id"]], 64)[0] != picture


def test_an_opened_image_has_what_the_detector_would_put_there(bench, desk, ids):
    def opened(kind):
        (case,) = [each for each in cases(desk, kind) if not each["test"]]
        state = desk.open(kind, case["id"]).state()
        return next(item for item in state["queue"] if item["id"] == case["sample"])

    moved = opened("badly placed")
    (ghost,) = moved["suggestion"]["boxes"]
    assert (ghost["x"], ghost["instead"]) == (0.25, moved["label"][0]["id"])
    assert moved["point"] == ghost["id"] and ghost["reason"] == moved["reason"]
    confused = opened("confused")
    (ghost,) = confused["suggestion"]["boxes"]
    assert (ghost["label"], ghost["x"]) == ("two", confused["label"][0]["x"])
    (alarm,) = opened("false alarm")["suggestion"]["boxes"]
    assert "instead" not in alarm and alarm["x"] == 0.6
    for kind in ("missed", "duplicate"):
        item = opened(kind)
        assert item["suggestion"]["boxes"] == []
        assert item["point"] == item["label"][0]["id"], "the place that is meant"
    queue = desk.open("confused", cases(desk, "confused")[0]["id"]).state()["queue"]
    hidden = next(item for item in queue if item["id"] == ids["test"])
    assert not {"suggestion", "point"} & set(hidden) and not hidden["reason"]
    with pytest.raises(WorkbenchError, match="no place 'x' under 'missed'"):
        desk.open("missed", "x")


def test_an_image_is_looked_at_until_it_is_said_to_be_right_and_is_marked(bench, desk, ids):
    told = []
    stop = desk.on_change(told.append)
    found = cases(desk, "false alarm")
    pool = next(case for case in found if not case["test"])
    walk = desk.open("false alarm", pool["id"])
    listed = [item["id"] for item in walk.state()["queue"]]
    assert listed[0] == pool["sample"] and len(listed) == 2
    new = box(x=0.6).to_plain()
    draw = {"id": uuid.uuid4().hex, "kind": "draw", "sample": pool["sample"]}
    assert walk.apply(draw | {"changes": [{"before": None, "after": new}]})["queued"]
    done = {"id": uuid.uuid4().hex, "kind": "done", "sample": pool["sample"]}
    assert not walk.apply(done)["queued"]
    assert [item["id"] for item in walk.state()["queue"]] == listed[1:]
    assert desk.state()["marks"] == {pool["sample"]: "changed"}
    bench.labels.done(ids["missed"], source=Source.REVIEWED)
    bench.labels.skip(ids["moved"])
    marks = [change["mark"] for change in told]
    assert marks == ["changed", "changed", "kept", "skipped"]
    undo = {"id": uuid.uuid4().hex, "kind": "undo", "step": done["id"]}
    assert walk.apply(undo)["queued"]
    assert [item["id"] for item in walk.state()["queue"]] == listed
    stop()
    stop()


def test_a_file_that_is_gone_has_no_picture(bench, errors, desk, tmp_path):
    (case,) = cases(desk, "missed")
    (wrong,) = errors.kinds["missed"].places
    shutil.rmtree(tmp_path / "photos")
    assert desk.thumbnails([case["id"]], 128) == [b""]
    assert wrong.path.startswith(str(tmp_path))
