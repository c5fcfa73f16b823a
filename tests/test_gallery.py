"""What the gallery of errors is told, and what becomes of an image that is opened from it."""

import json
from dataclasses import replace

import pytest

from tests.dataset.pictures import sort_digits
from workbench.dataset.types import Split
from workbench.errors import WorkbenchError
from workbench.gallery import GalleryDesk, MistakesList
from workbench.labels.events import Source

CLASSES = ["0", "1", "2"]


@pytest.fixture(scope="module")
def bench(home, tmp_path_factory):
    """Forty of each of three digits, all labelled, some of the pool and of the test split wrongly.

    A test that changes a label takes that back.
    """
    import workbench as wb

    folder = sort_digits(tmp_path_factory.mktemp("gallery"), home, CLASSES, 40)
    bench = wb.open("gallery", images=folder, classes=CLASSES, labels="folders")
    pool, test = (bench.dataset.match({"split": split}).values("id") for split in ("pool", "test"))
    for sample_id in [*pool[::9], *test[:3]]:
        truth = bench.dataset[sample_id].ground_truth.label
        bench.labels.commit(sample_id, CLASSES[(CLASSES.index(truth) + 1) % 3])
    yield bench
    wb.delete("gallery")


@pytest.fixture
def errors(bench):
    return bench.errors()


@pytest.fixture
def desk(bench, errors):
    return GalleryDesk(errors, bench._work.desks)


def cases(desk, kind):
    [found] = [each for each in desk.state()["kinds"] if each["kind"] == kind]
    return found["cases"]


def test_the_gallery_is_told_everything_that_it_shows(bench, desk, errors):
    state = desk.state()
    assert json.loads(json.dumps(state)) == state
    frame = errors.to_pandas()
    for kind in state["kinds"]:
        own = frame[frame["kind"] == kind["kind"]]
        assert [case["id"] for case in kind["cases"]] == own.index.tolist()
        assert [case["label"] for case in kind["cases"]] == own["label"].tolist()
        assert kind["total"] >= len(own)
        assert kind["about"]
    assert [kind["verb"] for kind in state["kinds"]] == ["says", "rather", "says", "says"]
    assert any(case["test"] for case in cases(desk, "confident"))
    assert state["marks"] == {}


def test_small_pictures_are_those_of_the_images(desk):
    first, second = [case["id"] for case in cases(desk, "confident")][:2]
    one, none, other = desk.thumbnails([first, "0" * 24, second], 112)
    assert one and other and one != other
    assert none == b""


def test_an_opened_image_comes_first_then_those_after_it_then_those_before(desk):
    ids = [case["id"] for case in cases(desk, "confident")]
    state = desk.open("confident", ids[2]).state()
    assert [item["id"] for item in state["queue"]] == ids[2:] + ids[:2]
    assert state["mode"] == "review"
    with pytest.raises(WorkbenchError, match="no image 'x' under 'confident'"):
        desk.open("confident", "x")
    with pytest.raises(WorkbenchError, match="under 'outlier'"):
        desk.open("outlier", ids[0])


def test_pool_images_come_with_what_speaks_against_them_and_test_images_with_nothing(bench, desk):
    shown = {case["id"]: case for case in cases(desk, "confident")}
    queue = desk.open("confident", next(iter(shown))).state()["queue"]
    splits = set()
    for item in queue:
        split = bench.queue.item(item["id"]).split
        splits.add(split)
        assert shown[item["id"]]["test"] == (split is Split.TEST)
        if split is Split.TEST:
            assert not item["hints"]
            assert not item["reason"]
            assert not {"suggestion", "neighbours"} & set(item)
        else:
            case = shown[item["id"]]
            assert item["reason"] == case["reason"]
            assert item["suggestion"]["label"] == case["predicted"]
            assert item["suggestion"]["model"].endswith(", out of fold")
            told = item["suggestion"]["scores"][case["predicted"]]
            assert told == pytest.approx(case["percent"] / 100, abs=0.006)
            assert item["neighbours"]
    assert splits == {Split.POOL, Split.TEST}


def test_what_becomes_of_an_image_is_marked_and_taken_back(bench, errors, desk):
    told = []
    stop = desk.on_change(told.append)
    first, second, third = [case["id"] for case in cases(desk, "confident")][:3]
    label = bench.queue.item(first).label
    other = next(name for name in CLASSES if name != bench.queue.item(second).label)
    bench.labels.commit(first, label, source=Source.REVIEWED)
    bench.labels.commit(second, other)
    bench.labels.skip(third)
    assert [change["mark"] for change in told] == ["kept", f"now {other}", "skipped"]
    assert desk.state()["marks"] == {first: "kept", second: f"now {other}", third: "skipped"}
    for _ in range(3):
        bench.labels.undo()
    assert [change["mark"] for change in told[3:]] == ["", "", ""]
    assert desk.state()["marks"] == {}
    stop()
    stop()
    bench.labels.commit(first, other)
    assert len(told) == 6
    bench.labels.undo()


def test_a_class_that_was_renamed_since_is_no_change_of_its_images(bench, errors, desk):
    found = cases(desk, "confident")
    [first, *_] = found
    bench.labels.commit(first["id"], first["label"], source=Source.REVIEWED)
    bench.labels.rename_class(first["label"], "renamed")
    assert desk.state()["marks"] == {first["id"]: "kept"}
    bench.labels.undo()
    bench.labels.undo()


def test_what_is_done_leaves_the_list_and_comes_back_with_an_undo(bench, errors, desk):
    found = [m for each in errors.kinds.values() for m in each.mistakes]
    ids = list(dict.fromkeys(mistake.sample_id for mistake in found))
    worklist = MistakesList(bench.queue, found, ids[1])
    assert [item.sample_id for item in worklist.items()] == ids[1:] + ids[:1]
    kept = bench.labels.commit(ids[1], bench.queue.item(ids[1]).label, source=Source.REVIEWED)
    assert not worklist.holds(kept.event)
    assert ids[1] not in [item.sample_id for item in worklist.items()]
    undone = bench.labels.undo()
    assert worklist.holds(undone.event)
    assert worklist.items()[0].sample_id == ids[1]
    redone = bench.labels.redo()
    assert not worklist.holds(redone.event)
    # Who opens it again wants to see it, whatever was done to it before.
    assert MistakesList(bench.queue, found, ids[1]).items()[0].sample_id == ids[1]
    bench.labels.undo()


def test_a_first_label_is_none_that_was_looked_at_again(bench, errors):
    found = list(errors.kinds["confident"].mistakes)
    labelled = MistakesList(bench.queue, found, found[0].sample_id)
    assert labelled.source(found[0].sample_id, accepted=True) is Source.REVIEWED
    fresh = [replace(found[0], label=None), *found[1:]]
    worklist = MistakesList(bench.queue, fresh, found[0].sample_id)
    assert worklist.source(found[0].sample_id, accepted=True) is Source.ACCEPTED
    assert worklist.source(found[0].sample_id, accepted=False) is Source.HUMAN


def test_the_gallery_opens_the_labelling_widget_and_puts_it_away(bench, errors):
    gallery = errors.gallery
    sent = []
    gallery.cases.send = lambda message, buffers=None: sent.append(message)
    mistakes = errors.kinds["confident"].mistakes
    assert gallery.labelling is None

    def hear(message):
        gallery.cases._receive(gallery.cases, message, [])

    hear({"type": "hello"})
    assert sent[-1]["type"] == "state"
    hear({"type": "open", "kind": "confident", "sample": mistakes[1].sample_id})
    first = gallery.labelling
    assert sent[-1] == {"type": "opened", "sample": mistakes[1].sample_id}
    assert first._desk.state()["queue"][0]["id"] == mistakes[1].sample_id
    hear({"type": "hello"})
    assert sent[-1]["opened"] == "confident"
    hear({"type": "close"})
    assert gallery.children[1].layout.display == "none"
    assert gallery.labelling is first, "what is not saved yet is still sent"
    hear({"type": "open", "kind": "confident", "sample": mistakes[0].sample_id})
    assert gallery.labelling is not first
    assert first.comm is None, "closed"
    assert gallery.children[1].layout.display is None
    hear({"type": "open", "kind": "confident", "sample": "0" * 24})
    assert "no image" in sent[-1]["error"]
    listeners = len(bench.labels._recorder._listeners)
    gallery.close()
    assert len(bench.labels._recorder._listeners) < listeners


def test_in_a_cell_it_shows_the_gallery_and_in_a_terminal_the_words(errors):
    bundle = errors._repr_mimebundle_()
    assert bundle["text/plain"] == str(errors)
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == errors.gallery.model_id
