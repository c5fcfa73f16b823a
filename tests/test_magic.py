"""Gestures on the images of a dataset, as the page sends them, on the real database."""

import json
import uuid
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import workbench as wb
from tests.interactive.onnxmodels import write_decoder, write_encoder
from workbench.dataset.outlines import fill
from workbench.errors import BackboneError, ImageError, LabelError, WorkbenchError

COIN = [103 / 384, 196 / 303]
BOX = [77 / 384, 170 / 303, 129 / 384, 222 / 303]
SIZE = (384, 303)


@pytest.fixture(scope="module")
def bench(home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("coins")
    for turn in range(4):
        Image.fromarray(data.coins()).rotate(turn / 2).save(folder / f"{turn}.png")
    bench = wb.open(f"magic-{uuid.uuid4().hex[:8]}", folder, task="segmentation", classes=["coin"])
    yield bench
    wb.delete(bench.name)


@pytest.fixture(scope="module")
def sample(bench):
    return bench.dataset.first().id


def ask(bench, sample, **gesture):
    """An answer, by way of JSON, as the page gets it."""
    return json.loads(json.dumps(bench.magic.answer(sample, gesture)))


def held(told):
    return fill(tuple(tuple(map(tuple, ring)) for ring in told["outline"]), SIZE)


@pytest.mark.parametrize(
    "gesture",
    [
        {"tool": "region", "at": COIN},
        {"tool": "boxed", "box": BOX},
        {"tool": "scissors", "points": [BOX[:2], [BOX[2], BOX[1]], BOX[2:]], "closed": True},
        {"tool": "patches", "points": [COIN, BOX[2:]], "side": 0.05},
    ],
)
def test_a_gesture_means_a_region_with_the_coin(bench, sample, gesture):
    exact, rough = (ask(bench, sample, exact=exact, **gesture) for exact in (True, False))
    assert held(exact)[196, 110]
    assert (held(exact) ^ held(rough)).mean() < 0.01
    assert ("threshold" in exact) == (gesture["tool"] == "region")


def test_scissors_tell_the_way_until_it_is_closed(bench, sample):
    told = ask(bench, sample, tool="scissors", points=[BOX[:2], BOX[2:]])
    assert set(told) == {"line"}
    assert len(told["line"]) > 30


def test_segment_anything_needs_its_weights_and_then_answers(bench, sample, tmp_path):
    gesture = {"tool": "anything", "points": [COIN], "labels": [1]}
    with pytest.raises(WorkbenchError, match=r"bench\.magic\.segment_anything\(encoder, decoder\)"):
        ask(bench, sample, **gesture)
    with pytest.raises(BackboneError, match="no-such"):
        bench.magic.segment_anything(tmp_path / "no-such.onnx", tmp_path / "neither.onnx")
    write_encoder(tmp_path / "encoder.onnx")
    write_decoder(tmp_path / "decoder.onnx")
    bench.magic.segment_anything(tmp_path / "encoder.onnx", tmp_path / "decoder.onnx")
    assert held(ask(bench, sample, **gesture)).any()
    assert held(ask(bench, sample, **gesture, box=BOX)).any()


def test_a_tool_of_ones_own(bench, sample):
    @bench.magic.tool
    def bright(image, points):
        assert image.shape == (303, 384, 3) and points.shape == (2, 2)
        return image[..., 0] > 150

    points = [COIN, BOX[2:]]
    assert bench.magic.tools == ["bright"]
    assert bench.label()._desk.state()["tools"] == ["bright"]
    told = ask(bench, sample, tool="bright", points=points, exact=True)
    assert (held(told) == (np.array(Image.open(bench.dataset.first().filepath)) > 150)).all()

    @bench.magic.tool
    def small(image, points):
        return image[::2, ::2, 0] > 150

    @bench.magic.tool
    def broken(image, points):
        raise IndexError("no such pixel")

    with pytest.raises(WorkbenchError, match=r"small must return a mask of \(303, 384\)"):
        ask(bench, sample, tool="small", points=points)
    with pytest.raises(WorkbenchError, match="broken failed: IndexError: no such pixel"):
        ask(bench, sample, tool="broken", points=points)
    with pytest.raises(LabelError, match="takes an image and the points"):
        bench.magic.tool(lambda image: image)


def test_outlines_are_joined_cut_smoothed_and_filled(bench, sample):
    one = [[[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]]
    other = [[[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]]
    whole, bite = held({"outline": one}), held({"outline": other})
    joined = held(ask(bench, sample, tool="join", one=one, other=other))
    left = held(ask(bench, sample, tool="cut", one=one, other=other))
    assert (joined == whole | bite).all() and (left == whole & ~bite).all()
    smooth = ask(bench, sample, tool="smooth", one=one)
    assert 0.95 < held(smooth).sum() / whole.sum() < 1.0
    hole = [[0.2, 0.2], [0.3, 0.2], [0.3, 0.3], [0.2, 0.3]]
    assert ask(bench, sample, tool="whole", one=[*one, hole])["outline"] != [*one, hole]
    assert (held(ask(bench, sample, tool="whole", one=[*one, hole])) == whole).all()


def test_what_cannot_be_is_said(bench, sample):
    with pytest.raises(WorkbenchError, match="no magic tool 'wand'"):
        ask(bench, sample, tool="wand")
    for gesture in ({}, {"at": [1]}, {"at": ["a", "b"]}, {"at": [float("nan"), 0]}):
        with pytest.raises(WorkbenchError, match="cannot use this gesture"):
            bench.magic.answer(sample, {"tool": "region", **gesture})
    with pytest.raises(WorkbenchError, match="no image has the id"):
        ask(bench, 24 * "0", tool="region", at=COIN)
    assert held(ask(bench, sample, tool="region", at=[-5, 7])).any(), "brought to the edge"


def test_an_image_that_is_gone_is_said(bench):
    gone = bench.dataset.last()
    file = Path(gone.filepath)
    kept = file.read_bytes()
    try:
        file.write_bytes(b"")
        with pytest.raises(ImageError, match="empty"):
            ask(bench, gone.id, tool="region", at=COIN)
    finally:
        file.write_bytes(kept)


def test_a_brush_covers_what_is_within_its_radius(bench, sample):
    told = ask(bench, sample, tool="brush", points=[[0.25, 0.5], [0.75, 0.5]], side=0.1)
    columns, rows = np.meshgrid(*(np.arange(side) + 0.5 for side in SIZE))
    across = np.clip(columns, 0.25 * SIZE[0], 0.75 * SIZE[0]) - columns
    radius = 0.05 * max(SIZE)
    wanted = np.hypot(across, rows - SIZE[1] / 2) < radius
    assert (held(told) ^ wanted).sum() <= 0.01 * wanted.sum()
    dot = ask(bench, sample, tool="brush", points=[[0, 0]], side=0.1)
    assert held(dot).sum() == pytest.approx(np.pi * radius**2 / 4, rel=0.05)  # what is in the image
    assert all(0 <= share <= 1 for ring in dot["outline"] for point in ring for share in point)
    for gesture in ({"points": [], "side": 0.1}, {"points": [[0, 0]], "side": 0}):
        with pytest.raises(LabelError, match="a brush needs a stroke and a diameter"):
            ask(bench, sample, tool="brush", **gesture)
    with pytest.raises(WorkbenchError, match="try again"):
        ask(bench, sample, tool="brush", points=[[0, 0]], side="wide")


def test_what_touches_is_joined_and_what_does_not_is_left(bench, sample):
    one, near, far = (
        [[[left, 0.1], [left + 0.2, 0.1], [left + 0.2, 0.3], [left, 0.3]]]
        for left in (0.1, 0.2, 0.6)
    )
    assert ask(bench, sample, tool="touch", one=one, other=far) == {"outline": []}
    together = ask(bench, sample, tool="touch", one=one, other=near)
    assert (held(together) == held({"outline": one}) | held({"outline": near})).all()
