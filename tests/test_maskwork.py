"""Masks from the first label to a segmenter that is saved, on the real database and real processes."""

import io
import json
import uuid
import zlib

import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.models.box_scenes import write_pictures
from tests.models.test_segmenter import CHOICES, CLASSES, paint
from workbench.dataset.masks import looked_up, read_mask
from workbench.errors import NotEnoughLabelsError, WorkbenchError
from workbench.models.savedsegmenter import SavedSegmenter


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("painted")
    painted = paint(write_pictures(folder / "pictures", 32), folder / "masks")
    return {image.path.name: image for image in painted}


@pytest.fixture(scope="module")
def bench(home, images):
    """A bench on which everything is labelled."""
    folder = next(iter(images.values())).path.parent
    name = f"masks-{uuid.uuid4().hex[:8]}"
    bench = wb.open(name, images=folder, task="segmentation", classes=list(CLASSES))
    for sample_id, path in zip(*bench.dataset.values(["id", "filepath"]), strict=True):
        image = images[path.rpartition("/")[2]]
        bench.labels.commit(sample_id, looked_up(read_mask(image.mask_path), image.table))
    yield bench
    bench.runs.delete()
    wb.delete(bench.name)
    assert not (bench._connection.home / "masks" / bench.labels.dataset_id).exists()


@pytest.fixture(scope="module")
def trained(bench):
    return bench.train("test_resnet", weights="random", minutes=5, **CHOICES).wait()


def test_before_a_segmenter_there_is_nothing_to_ask(home, images):
    folder = next(iter(images.values())).path.parent
    name = f"masks-{uuid.uuid4().hex[:8]}"
    fresh = wb.open(name, images=folder, task="segmentation", classes=list(CLASSES))
    try:
        for ask in (fresh.predict, fresh.evaluate):
            with pytest.raises(NotEnoughLabelsError, match=r"no segmenter yet|label more"):
                ask()
        with pytest.raises(NotEnoughLabelsError, match="10 labelled images"):
            fresh.train("test_resnet", weights="random")
        assert len(fresh.pick(5)) >= 5  # by what images look like
        assert len(fresh.runs) == 0
    finally:
        wb.delete(name)


def test_a_better_run_is_taken_into_use_predicts_and_is_saved(bench, trained, tmp_path):
    assert trained.used and trained.outcome["after"] > 0.5
    assert trained.history["figure"].iloc[trained.best_look] == trained.outcome["after"]
    table = bench.predict()
    assert {*table["label"]} <= {*CLASSES}
    ids = bench.dataset.values("id")
    bench.dataset.reload()
    sample = bench.dataset[ids[0]]
    said = sample.prediction.get_mask()
    assert said.shape == sample.ground_truth.get_mask().shape
    found, names = bench.labels.masks.read(ids[0], "prediction")
    assert (found == said).all()
    assert set(sample.prediction.classes) <= {*names.values()}
    measured = bench.evaluate()
    assert measured.provisional
    assert 0.3 < measured.headline.value <= 1
    folder = bench.save_model(tmp_path / "saved")
    saved = wb.load_model(folder, device="cpu")
    assert isinstance(saved, SavedSegmenter)
    assert saved.metrics["figures"]["mean_iou"]["low"] == measured.headline.low
    for wanted in ("each pixel", "Provisional", "panoptic", "boundary IoU"):
        assert wanted in saved.card, saved.card
    (mask,) = saved.masks(sample.filepath)
    assert (mask == looked_up(found, bench.labels.masks.index_of())).mean() > 0.999


def test_the_page_is_told_the_mask_that_is_predicted_but_not_of_test_images(bench, trained):
    bench.predict()
    test, pool = (bench.dataset.match({"split": split}).values("id") for split in ("test", "pool"))
    bench.queue.add_by_hand([test[0], *pool[:3]])
    desk = bench.label()._desk
    told = {item["id"]: item for item in desk.state()["queue"]}
    assert told[test[0]]["suggestion"] is None
    suggested = [told[each]["suggestion"] for each in pool[:3]]
    assert all(each["model"] == trained.id for each in suggested if each)
    assert any(suggested)
    data, info = desk.mask(pool[0], "suggestion")
    assert data and set(info["names"].values()) == {*CLASSES}
    with pytest.raises(WorkbenchError, match="without suggestions"):
        desk.mask(test[0], "suggestion")


def test_where_the_model_doubts_is_shown_but_not_of_test_images(bench, trained):
    desk = bench._work.desks.at()
    split = {name: bench.dataset.match({"split": name}).first().id for name in ("pool", "test")}
    note, doubt = desk.heat(split["pool"], 48)
    assert note.startswith("Doubt") and doubt.shape == (48, 48)
    assert 0 <= doubt.min() < 0.2 < doubt.max() <= 1, "sure of most, in doubt at edges"
    assert desk.heat(split["test"], 48) is None


def test_images_are_picked_by_the_regions_that_the_segmenter_doubts(bench, trained):
    pool = bench.dataset.match({"split": "pool"}).values("id")
    doubted = pool[-8:]
    for _ in doubted:
        bench.labels.undo()
    bench.seed(0)
    picked = bench.pick(6)
    assert picked["reason"].str.contains("region").any(), picked["reason"].tolist()
    assert bench.rounds["measure"].iloc[-1] == "mean IoU"
    for _ in doubted:
        bench.labels.redo()


def test_a_renamed_class_is_said_under_its_new_name(bench, trained):
    bench.predict()
    bench.classes.rename("white", "snow")
    try:
        assert "white" not in set(bench.predict()["label"])
        assert bench.evaluate().classes == ("black", "snow")
        bench.dataset.reload()
        assert "snow" in bench.dataset.distinct("prediction.classes")
    finally:
        bench.labels.undo()
    assert bench.evaluate().classes == CLASSES


def best_known(bench):
    """The image that the segmenter has not learned from and knows most of; its mask, and what is said."""
    masks = bench.labels.masks
    bench.predict()
    ids = bench._work.segmenting.unseen()
    pairs = {each: (masks.indices(each), masks.indices(each, "prediction")) for each in ids}
    best = max(
        ids, key=lambda each: ((pairs[each][0] == pairs[each][1]) & (pairs[each][0] > 0)).sum()
    )
    return best, *pairs[best]


def test_doubted_regions_are_walked_through(bench, trained):
    """A label that is spoilt is found, and what the segmenter would have lies beside it."""
    first, before, said = best_known(bench)
    bench.labels.commit(first, np.where(said > 0, said % len(CLASSES) + 1, 0).astype(np.uint16))
    try:
        frame = bench.suspects()
        assert set(frame["kind"]) <= {"overlooked", "wrong class", "loose", "spurious"}
        own = frame.loc[[first]]
        assert (own["kind"] == "wrong class").any()
        wrong = own[own["kind"] == "wrong class"].iloc[0]
        assert wrong["label"] != wrong["suggested"] and wrong["suggested"] in CLASSES
        desk = bench.label(3, review="suspects")._desk
        state = json.loads(json.dumps(desk.state()))
        (item,) = [each for each in state["queue"] if each["id"] == first]
        assert state["mode"] == "review" and wrong["reason"] in item["reason"]
        assert item["suggestion"]["mask"]
    finally:
        bench.labels.commit(first, before)


def test_what_the_segmenter_has_learned_from_is_doubted_by_a_run_that_has_not(bench, trained):
    """A label that it repeats is spoilt: the page shows what the other one says of it."""
    run = bench.train("test_resnet", weights="random", minutes=5, fold=1, **CHOICES).wait()
    segmenting = bench._work.segmenting
    assert segmenting.folder == trained.checkpoint
    asked = {name: set(ids) for name, ids in segmenting.doubting()}
    table = bench._work.table()
    of_hash = dict(zip(table.hashes, table.ids, strict=True))
    assert asked == {
        each.id: {of_hash[each.job.hashes[row]] for row in each.held_out} for each in (trained, run)
    }
    own = sorted(asked[run.id])
    said = dict(zip(own, segmenting.said(own, run.id), strict=True))
    first = max(own, key=lambda each: np.count_nonzero(said[each].mask))
    before = bench.labels.masks.indices(first)
    wrong = np.where(said[first].mask > 0, said[first].mask % len(CLASSES) + 1, 0)
    bench.labels.commit(first, wrong.astype(np.uint16))
    try:
        frame = bench.suspects().loc[[first]]
        assert "wrong class" in set(frame["kind"]) and set(frame["model"]) == {run.id}
        desk = bench.label(len(asked[run.id]) + 9, review="suspects")._desk
        (item,) = [each for each in desk.state()["queue"] if each["id"] == first]
        assert item["suggestion"]["model"] == run.id
        packed, about = desk.mask(first, "suggestion")
        kind = np.uint8 if about["bytes"] == 1 else np.uint16
        shown = np.frombuffer(zlib.decompress(packed), kind)
        index = bench.labels.masks.index_of()
        shown = looked_up(shown.reshape(about["height"], about["width"]), index)
        assert (shown == said[first].mask).all()
    finally:
        bench.labels.commit(first, before)


def test_the_blind_test_is_in_the_app(home, images, trained, bench):
    everything = [np.asarray(each) for each in bench.dataset.values("split")]
    assert {*map(str, everything)} == {"pool", "test"}
    from workbench.dataset.maskevaluations import record_mask_evaluation

    bench.predict()
    ids = bench.dataset.match({"split": "test"}).values("id")
    results = record_mask_evaluation(bench.dataset, ids)
    assert "blind_test" in bench.dataset.list_evaluations()
    assert results.report()["black"]["support"] > 0
    assert record_mask_evaluation(bench.dataset, []) is None


def test_wrong_regions_are_shown_by_kind(bench, trained):
    """One is planted: half of the image's label goes to another class."""
    first, before, said = best_known(bench)
    planted = np.where(said > 0, said % len(CLASSES) + 1, 0).astype(np.uint16)
    planted[:8, :8] = 1
    bench.labels.commit(first, planted)
    try:
        errors = bench.errors(count=5)
        frame = errors.to_pandas()
        assert set(frame["kind"]) <= {"missed", "false alarm", "confused", "boundary"}
        assert frame.loc[[first], "label"].notna().any()
        assert "regions to look at" in str(errors)
        desk = errors.gallery._desk
        state = json.loads(json.dumps(desk.state()))
        assert [kind["title"] for kind in state["kinds"]][:2] == ["Missed", "False alarms"]
        cases = [(kind["kind"], case) for kind in state["kinds"] for case in kind["cases"]]
        assert [case["reason"] for _, case in cases] == frame["reason"].tolist()
        pictures = desk.thumbnails([case["id"] for _, case in cases], 96)
        for picture in pictures:
            with Image.open(io.BytesIO(picture)) as opened:
                assert max(opened.size) == 96
        kind, case = next(each for each in cases if each[1]["sample"] == first)
        opened = desk.open(kind, case["id"]).state()
        assert opened["mode"] == "review" and opened["queue"][0]["id"] == first
        assert opened["queue"][0]["suggestion"]["mask"], "what the segmenter would have"
        assert case["reason"] in opened["queue"][0]["reason"]
        view = bench.dataset.load_saved_view(f"Regions: {kind}")
        assert first in view.values("id")
        with pytest.raises(WorkbenchError, match="no place"):
            desk.open(kind, "none")
    finally:
        bench.labels.commit(first, before)
    with pytest.raises(ValueError, match="no kind of errors 'loose'"):
        bench.errors("loose")
    with pytest.raises(ValueError, match="count must be at least 1"):
        bench.errors(count=0)
