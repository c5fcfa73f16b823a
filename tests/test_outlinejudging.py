"""Outlines that the edges of their images speak against, on the bench: listed and reviewed."""

import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.boxfinder import seen, use
from workbench.dataset.boxes import outlined
from workbench.dataset.outlines import clipped, filled, scaled
from workbench.errors import ImageError, NotEnoughLabelsError

WIDTH, HEIGHT = 160, 120
RADIUS, FAR = 25, 6  # pixels
MIDDLE = (64.0, 60.0)
OTHER = (130.0, 20.0)  # where a detector finds one more
EDGES = "edges of the image"


def disc(middle=MIDDLE, radius=RADIUS, **more):
    """An object of class "one", around a disc."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = (middle[0] + radius * np.cos(turn)) / WIDTH
    y = (middle[1] + radius * np.sin(turn)) / HEIGHT
    outline = clipped((tuple(zip(x.tolist(), y.tolist(), strict=True)),))
    return replace(outlined("one", outline), **more)


def overlap(one, other):
    a, b = (filled(scaled(each["outline"], (WIDTH, HEIGHT))) for each in (one, other))
    return a.overlap(b)


@pytest.fixture
def bench(home, tmp_path):
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    inside = np.hypot(columns - MIDDLE[0], rows - MIDDLE[1]) < RADIUS
    for number in range(30):
        grey = np.where(inside, 180, 90) + rng.normal(0, 8, inside.shape)
        image = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
        # Turned, gray and coloured: the pixels are those that people see.
        if number % 2:
            image = image.convert("RGB")
        turned = Image.Exif()
        turned[274] = 3
        image.rotate(180).save(tmp_path / f"{number:02}.png", exif=turned)
    name = f"outlines-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=tmp_path, task="instances", classes=["one", "two"])
    wb.delete(name)


@pytest.fixture
def ids(bench):
    """Labelled pool images; the outline of the first is too wide, that of the second moved."""
    table = bench._work.table()
    ids = [table.ids[row] for row in table.unlabelled_pool[:12]]
    wide = disc(radius=RADIUS + FAR, attributes={"worn": True})
    aside = disc((MIDDLE[0] + FAR, MIDDLE[1]))
    for sample_id, own in zip(ids, [wide, aside, *(disc() for _ in ids[2:])], strict=True):
        bench.labels.commit(sample_id, [own])
    return ids


def test_without_a_detector_the_edges_alone_doubt(bench, ids):
    frame = bench.suspects()
    assert {*frame.index} == {*ids[:2]}
    assert frame["likely"].all()
    assert frame.loc[ids[0], "reason"] == (
        f"'one' in the middle is about {FAR} px too wide all around: the image's edges lie further in"
    )
    assert frame.loc[ids[1], "reason"].endswith(
        f"is about {FAR} px off: the image's edges lie further left"
    )
    kinds = frame[["kind", "label"]]
    assert kinds.loc[ids[0]].tolist() == ["loose", "one"]
    assert kinds.loc[ids[1]].tolist() == ["shifted", "one"]


def test_the_better_outline_is_suggested_in_place_of_the_doubted_one(bench, ids):
    review = bench.label(review="suspects")._desk._worklist
    items = {item.sample_id: item for item in review.items()}
    assert {*items} == {*ids[:2]}
    for item in items.values():
        extras = review.extras(item)
        (own,), suggestion = item.label, extras["suggestion"]
        (said,) = suggestion["boxes"]
        assert (suggestion["model"], suggestion["threshold"]) == (EDGES, 0)
        assert said["instead"] == own.id != said["id"]
        assert said["label"] == "one" and "confidence" not in said
        assert said["reason"] == extras["reason"]
        assert said.get("attributes", {}) == own.attributes
        assert overlap(said, disc().to_plain()) > 0.93 > overlap(own.to_plain(), disc().to_plain())


def test_an_accepted_outline_is_no_longer_doubted(bench, ids):
    desk = bench.label(review="suspects")._desk
    item = next(each for each in desk.state()["queue"] if each["id"] == ids[0])
    (said,), (own,) = item["suggestion"]["boxes"], item["label"]
    geometry = {name: said[name] for name in ("x", "y", "width", "height", "outline")}
    op = {"id": uuid.uuid4().hex, "kind": "draw", "sample": ids[0], "accepted": True}
    change = {"before": own, "after": own | geometry}
    assert desk.apply(op | {"changes": [change], "model": EDGES})["ok"]
    assert {*bench.suspects().index} == {ids[1]}


def test_detector_and_edges_doubt_together_and_a_label_for_one_thing_alone(bench, ids):
    found = {each: [seen(disc())] for each in ids}
    found[ids[0]].append(disc(OTHER, 10, confidence=0.95))
    found[ids[2]] = [seen(disc(), label="two", confidence=0.99)]
    table = bench._work.table()
    learned = [table.hashes[table.row_of[ids[1]]]]
    use(bench, found, learned)
    frame = bench.suspects()
    # The detector's own outline speaks against the first label, too, but less clearly.
    assert sorted(frame.loc[[ids[0]], "kind"]) == ["loose", "overlooked"]
    assert frame.loc[ids[1], "kind"] == "shifted", "the detector has learned from it"
    assert frame.loc[ids[2], "kind"] == "wrong class"
    assert frame["score"].is_monotonic_decreasing
    assert frame.loc[frame["box"] != "", "box"].is_unique
    doubts = bench._work.doubts()
    told = [doubts.evidence(doubts.ids.index(each))["suggestion"]["model"] for each in ids[:3]]
    assert sorted(told[0].split(", ")) == [EDGES, "run 1"]
    assert told[1:] == [EDGES, "run 1"]


def test_boxes_without_outlines_still_need_a_detector(bench):
    table = bench._work.table()
    with pytest.raises(NotEnoughLabelsError, match="there is no detector yet"):
        bench.suspects()
    bench.labels.commit(table.ids[int(table.unlabelled_pool[0])], [disc()])
    assert bench.suspects().empty


def test_an_image_is_read_again_only_where_its_labels_have_changed(bench, ids):
    first = bench.suspects()
    for path in bench.dataset.values("filepath"):
        Path(path).unlink()
    assert bench.suspects().equals(first)
    bench.labels.commit(ids[3], [disc(radius=RADIUS + 1)])
    with pytest.raises(ImageError, match="is not there"):
        bench.suspects()
