"""Reviewing boxes that a detector speaks against: an image at a time, with all that is doubted of it."""

import shutil
import uuid
from dataclasses import replace

import pytest

from tests.boxfinder import SURE, WORN, box, seen, use
from workbench.dataset.detections import read_boxes
from workbench.errors import NotEnoughLabelsError
from workbench.labels.events import Source


@pytest.fixture
def bench(home, tmp_path):
    import workbench as wb

    folder = tmp_path / "photos"
    folder.mkdir()
    for path in sorted(wb.digits(home).glob("*/*.png"))[:40]:
        shutil.copy(path, folder)
    name = f"boxreview-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=folder, task="detection", classes=["one", "two"], annotator="ann")
    wb.delete(name)


@pytest.fixture
def ids(bench):
    """Pool images, labelled with a box each, of which a detector says something else in four.

    What it says is decided here, so that it is known what there is to doubt.
    """
    table = bench._work.table()
    ids = [table.ids[row] for row in table.unlabelled_pool[:12]]
    found = {}
    for sample_id in ids:
        own = box(attributes=WORN)
        bench.labels.commit(sample_id, [own])
        found[sample_id] = [seen(own)]
    wrong, moved, missing, both = ids[:4]
    found[wrong] = [replace(found[wrong][0], label="two", confidence=SURE)]
    found[moved] = [replace(found[moved][0], x=0.2)]
    found[missing].append(box(x=0.6, confidence=0.93))
    found[both] = [
        replace(found[both][0], label="two", confidence=0.92),
        box(x=0.6, confidence=0.91),
    ]
    use(bench, found)
    return ids


def worklist(bench, count=None):
    return bench.label(review="suspects", count=count)._desk._worklist


def listed(review):
    return [item.sample_id for item in review.items()]


def history(bench, sample_id):
    return [*bench.labels.events.find(sample_id=sample_id)]


def test_doubted_images_come_once_each_with_all_that_is_doubted(bench, ids):
    review = worklist(bench)
    assert review.mode == "review"
    assert set(listed(review)) == set(ids[:4]) == set(bench.suspects().index)
    assert listed(review)[0] == ids[0], "the most suspicious first"
    items = {item.sample_id: item for item in review.items()}
    extras = {each: review.extras(item) for each, item in items.items()}
    suggestion = extras[ids[0]]["suggestion"]
    (own,) = items[ids[0]].label
    (said,) = suggestion["boxes"]
    assert suggestion["model"] == "run 1"
    assert (said["label"], said["confidence"], said["instead"]) == ("two", SURE, own.id)
    assert [said[name] for name in ("x", "width")] == [own.x, own.width], "its place is not doubted"
    (moved,) = extras[ids[1]]["suggestion"]["boxes"]
    assert moved["x"] == 0.2 and moved["instead"] == items[ids[1]].label[0].id
    (new,) = extras[ids[2]]["suggestion"]["boxes"]
    assert new["x"] == 0.6 and "instead" not in new
    assert len(extras[ids[3]]["suggestion"]["boxes"]) == 2
    assert extras[ids[3]]["reason"].count("the model") == 2
    assert review.extras(bench.queue.item(ids[5])) == {}, "nothing is doubted of it"
    assert len(worklist(bench, 2)) == 2


def test_an_image_is_looked_at_until_it_is_said_to_be_right(bench, ids):
    desk = bench.label(review="suspects")._desk
    first, second, *rest = [item["id"] for item in desk.state()["queue"]]
    item = desk.state()["queue"][0]
    (said,), (own,) = item["suggestion"]["boxes"], item["label"]
    after = own | {"label": said["label"]}
    op = {"id": uuid.uuid4().hex, "kind": "draw", "sample": first, "accepted": True}
    answer = desk.apply(op | {"changes": [{"before": own, "after": after}], "model": "run 1"})
    assert answer["ok"]
    assert [each["id"] for each in desk.state()["queue"]] == [first, second, *rest]
    assert history(bench, first)[-1].source == "accepted"
    done = {"id": uuid.uuid4().hex, "kind": "done", "sample": first}
    assert not desk.apply(done)["queued"]
    assert history(bench, first)[-1].source == Source.REVIEWED
    assert listed(worklist(bench)) == [second, *rest], "nor on a later list"
    ((label,),) = read_boxes(bench.dataset, [first])
    assert (label.id, label.label, label.attributes) == (own["id"], "two", WORN)

    keep = {"id": uuid.uuid4().hex, "kind": "done", "sample": second}
    desk.apply(keep)  # as it is
    assert listed(worklist(bench)) == rest
    undo = {"id": uuid.uuid4().hex, "kind": "undo", "step": keep["id"]}
    assert desk.apply(undo)["queued"]
    assert listed(worklist(bench)) == [second, *rest]
    bench.labels.draw(first, [(label, replace(label, label="one"))])
    assert set(listed(worklist(bench))) == {first, second, *rest}, "changed since"


def test_what_was_sent_to_review_comes_with_what_is_doubted_of_it(bench, ids):
    bench.labels.many.send_to_review([ids[5], ids[2]])
    review = bench.label(review="sent")._desk._worklist
    assert listed(review) == [ids[2], ids[5]]
    doubted, other = review.items()
    assert review.extras(doubted)["reason"].startswith("no box")
    assert review.extras(other) == {}
    bench.labels.done(ids[2], source=review.source(ids[2], accepted=False))
    assert listed(review) == [ids[5]]


def test_without_a_detector_what_was_sent_is_still_reviewed(bench):
    table = bench._work.table()
    sample_id = table.ids[int(table.unlabelled_pool[0])]
    bench.labels.commit(sample_id, [box()])
    bench.labels.many.send_to_review([sample_id])
    assert listed(bench.label(review="sent")._desk._worklist) == [sample_id]
    with pytest.raises(NotEnoughLabelsError, match="detector"):
        bench.label(review="suspects")


def test_what_the_detector_has_learned_from_is_doubted_by_those_that_have_not(bench, ids):
    table = bench._work.table()
    digest = {each: table.hashes[table.row_of[each]] for each in ids}
    wrong = {each: [seen(box(), label="two", confidence=SURE)] for each in ids}
    others = {
        "run 3": (wrong, [digest[each] for each in ids[6:]]),
        "run 2": (dict.fromkeys(ids, ()), [digest[each] for each in ids[8:]]),
    }
    use(bench, dict.fromkeys(ids, ()), [*digest.values()][2:], others)
    doubts = bench._work.doubts()
    said = dict(zip(doubts.ids, doubts.models, strict=True))
    assert said == {
        **dict.fromkeys(ids[:2], "run 1"),
        **dict.fromkeys(ids[2:6], "run 3"),
        **dict.fromkeys(ids[6:8], "run 2"),
    }
    frame = bench.suspects()
    assert {*frame.index[frame["kind"] == "wrong class"]} == {*ids[2:6]}
    item = next(each for each in worklist(bench).items() if each.sample_id == ids[2])
    assert worklist(bench).extras(item)["suggestion"]["model"] == "run 3"


def test_a_detector_that_has_learned_from_all_labels_cannot_doubt_any(bench, ids):
    table = bench._work.table()
    learned = frozenset(table.hashes[table.row_of[each]] for each in ids)
    bench._work.judge._finder.trained_on = learned
    with pytest.raises(
        NotEnoughLabelsError, match="no box can be doubted: the detector has learned"
    ):
        bench.suspects()
