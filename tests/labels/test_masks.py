"""Masks as labels: exact through files, history, undo and changes of the classes; bad ones refused."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

import workbench as wb
from workbench.dataset.masks import (
    Encoder,
    Tile,
    as_numbers,
    looked_up,
    numbers_in,
    read_mask,
    tile_from_plain,
    write_mask,
)
from workbench.errors import LabelError, MaskError
from workbench.labels import transactions
from workbench.session import Workbench

SIZE = (60, 40)  # width and height of every image


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut", "chelsea", "coffee"):
        Image.fromarray(getattr(data, name)()).resize(SIZE).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def bench(home: Path, photos: Path, request: pytest.FixtureRequest) -> Workbench:
    name = f"masks {request.node.name}"[:80]
    return wb.open(name, images=photos, task="segmentation", classes=["cat", "cup"])


def tile(x: int, y: int, names: list[str], values: list[list[int]]) -> Tile:
    return Tile(x, y, tuple(names), np.array(values, dtype=np.uint16))


def paint(bench: Workbench, image: str, name: str, x: int = 3, y: int = 5, side: int = 4) -> None:
    """Paint a square of a class, whatever is there."""
    mask, names = bench.labels.masks.read(image)
    part = mask[y : y + side, x : x + side]
    listed = ["", *dict.fromkeys(names.values())]
    places = {n: listed.index(each) for n, each in names.items()}
    before = Tile(x, y, tuple(listed), looked_up(part, places))
    after = Tile(x, y, (name,), np.zeros((side, side), dtype=np.uint16))
    bench.labels.draw(image, [(before, after)], seconds=1.5)


def classes_in(bench: Workbench, image: str) -> dict[str, int]:
    """Pixels by class, as the file and the class list of now have them."""
    mask, names = bench.labels.masks.read(image)
    counts: dict[str, int] = {}
    for number in numbers_in(mask):
        name = names.get(number, "(gone)")
        counts[name] = counts.get(name, 0) + int((mask == number).sum())
    return counts


def test_masks_are_painted_done_and_taken_back(bench: Workbench) -> None:
    image, other = bench.dataset.values("id")[:2]
    paint(bench, image, "cup")
    assert classes_in(bench, image) == {"cup": 16}
    sample = bench.dataset[image]
    assert (sample.ground_truth.classes, sample.label_status) == (["cup"], "unlabelled")
    assert sample.ground_truth.get_mask().shape == SIZE[::-1]
    assert bench.labels.counts() == {}
    bench.labels.done(image)
    bench.labels.done(other)  # none of the classes is a label, too
    assert bench.labels.counts() == {"cup": 1}
    assert bench.labels.masks.indices(other).max() == 0
    paint(bench, image, "cat", x=5)
    assert classes_in(bench, image) == {"cup": 8, "cat": 16}
    for _ in range(4):
        bench.labels.undo()
    assert classes_in(bench, image) == {}
    sample.reload()
    assert (sample.ground_truth, sample.label_status) == (None, "unlabelled")
    for _ in range(4):
        bench.labels.redo()
    assert classes_in(bench, image) == {"cup": 8, "cat": 16}


def test_a_whole_mask_takes_the_place_of_what_is_there(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cup")
    wanted = np.zeros(SIZE[::-1], dtype=np.int64)
    wanted[10:20, 30:50] = 1
    wanted[20:25, 30:50] = 2
    bench.labels.commit(image, wanted)
    assert (bench.labels.masks.indices(image) == wanted).all()
    bench.labels.undo()
    assert classes_in(bench, image) == {"cup": 16}


def test_a_class_gets_its_number_before_the_transaction_that_needs_it(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "CONFLICT_SECONDS", 0.0)  # one that is in its own way fails
    image = bench.dataset.values("id")[0]
    bench.labels.commit(image, np.ones(SIZE[::-1], dtype=np.uint8))
    assert classes_in(bench, image) == {"cat": SIZE[0] * SIZE[1]}


def test_that_a_mask_is_done_writes_no_file(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cat")
    path = Path(bench.dataset[image].ground_truth.mask_path)
    written = path.stat().st_mtime_ns
    bench.labels.done(image)
    sample = bench.dataset[image]
    assert (sample.ground_truth.mask_path, sample.label_status) == (str(path), "labelled")
    assert path.stat().st_mtime_ns == written


def test_numbers_stay_whatever_becomes_of_the_classes(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cat")
    paint(bench, image, "cup", x=20)
    bench.labels.done(image)
    written = bench.dataset[image].ground_truth.mask_path
    bench.classes.rename("cat", "kitten")
    assert bench.dataset.default_mask_targets == {1: "kitten", 2: "cup"}  # at once, for the App
    assert classes_in(bench, image) == {"kitten": 16, "cup": 16}
    bench.classes.merge("cup", into="kitten")
    assert classes_in(bench, image) == {"kitten": 32}
    assert bench.labels.masks.indices(image).max() == 1
    assert bench.labels.counts() == {"kitten": 1}
    bench.dataset.reload()
    assert bench.dataset.default_mask_targets == {1: "kitten", 2: "kitten"}
    bench.labels.undo()
    assert classes_in(bench, image) == {"kitten": 16, "cup": 16}
    assert bench.dataset[image].ground_truth.classes == ["kitten", "cup"]
    bench.classes.remove("kitten")
    assert classes_in(bench, image) == {"(gone)": 16, "cup": 16}
    assert bench.labels.masks.indices(image).max() == 1
    paint(bench, image, "cup", x=40)  # the removed class's pixels stay in the file
    bench.labels.undo()
    bench.labels.undo()
    assert classes_in(bench, image) == {"kitten": 16, "cup": 16}
    bench.labels.undo()
    assert classes_in(bench, image) == {"cat": 16, "cup": 16}
    assert bench.dataset[image].ground_truth.mask_path == written


def test_a_removed_class_that_is_added_again_is_another_one(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cat")
    bench.classes.remove("cat")
    bench.classes.add("cat")
    assert classes_in(bench, image) == {"(gone)": 16}
    paint(bench, image, "cat", x=30)
    assert classes_in(bench, image) == {"(gone)": 16, "cat": 16}


def test_everything_is_there_again_when_it_is_opened_anew(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cup")
    bench.classes.rename("cup", "mug")
    again = wb.open(bench.name)
    assert classes_in(again, image) == {"mug": 16}
    assert again.labels.task == "segmentation"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            (tile(0, 0, ["cup"], [[0]]), tile(0, 0, ["cat"], [[0]])),
            "is not what it is to be changed",
        ),
        ((tile(0, 0, [""], [[0]]), tile(1, 0, ["cat"], [[0]])), "stays where it is"),
        (
            (tile(59, 0, [""], [[0, 0]]), tile(59, 0, ["cat"], [[0, 0]])),
            "is not inside of an image",
        ),
        ((tile(0, 0, [""], [[0]]), tile(0, 0, ["dog"], [[0]])), "unknown class 'dog'"),
        ((None, tile(0, 0, ["cat"], [[0]])), "given as Tile or plain"),
        ((tile(0, 0, [""], [[0]]), tile(0, 0, ["cat"], [[1]])), "none of its 1 names"),
    ],
)
def test_what_cannot_be_painted_is_refused_and_changes_nothing(
    bench: Workbench, change: tuple[Tile, Tile], message: str
) -> None:
    image = bench.dataset.values("id")[0]
    with pytest.raises(LabelError, match=message):
        bench.labels.draw(image, [change])
    assert classes_in(bench, image) == {}
    assert len(bench.labels.history()) == 0


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (
            np.zeros((4, 4), dtype=np.uint8),
            LabelError,
            "has 4 x 4 pixels, but its image has 60 x 40",
        ),
        (np.full(SIZE[::-1], 3), LabelError, "this one has 3"),
        (np.full(SIZE[::-1], -1), MaskError, "go from 0"),
        (np.zeros(SIZE[::-1]), MaskError, "whole numbers"),
        (np.zeros((*SIZE[::-1], 3), dtype=np.uint8), MaskError, "height, width"),
        ("cat", LabelError, "labelled with masks here"),
    ],
)
def test_what_is_no_mask_is_refused(
    bench: Workbench, mask: object, error: type[Exception], message: str
) -> None:
    image = bench.dataset.values("id")[0]
    with pytest.raises(error, match=message):
        bench.labels.commit(image, mask)  # type: ignore[arg-type]
    assert len(bench.labels.history()) == 0


def test_a_missing_or_damaged_file_is_told_and_can_be_brought_back(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cup")
    path = Path(bench.dataset[image].ground_truth.mask_path)
    kept = path.read_bytes()
    again = wb.open(bench.name)  # which has it not in memory
    path.unlink()
    with pytest.raises(MaskError, match="bring the file back"):
        again.labels.masks.read(image)
    path.write_bytes(kept[:40])
    with pytest.raises(MaskError, match="no image that can be decoded"):
        again.labels.done(image)
    Image.new("RGB", SIZE).save(path)
    with pytest.raises(MaskError, match="one channel"):
        again.labels.masks.read(image)
    path.write_bytes(kept)
    assert classes_in(again, image) == {"cup": 16}


def test_two_annotators_on_one_mask(bench: Workbench) -> None:
    image = bench.dataset.values("id")[0]
    paint(bench, image, "cup")
    seen = bench.labels.history()["id"].iloc[-1]
    other = wb.open(bench.name, annotator="other")
    paint(other, image, "cat", x=30)
    late = tile(0, 0, [""], [[0]]), tile(0, 0, ["cat"], [[0]])
    commit = bench.labels.draw(image, [late], based_on=seen)
    assert commit.conflict is not None
    assert not commit.event.applied
    assert classes_in(bench, image) == {"cup": 16, "cat": 16}
    paint(other, image, "cat", x=3, side=2)
    undone = bench.labels.undo()
    assert undone is not None
    assert not undone.event.applied, "the other has painted since"
    assert classes_in(bench, image) == {"cup": 12, "cat": 20}


def test_more_classes_than_a_byte_counts(home: Path, photos: Path) -> None:
    names = [f"class {number}" for number in range(300)]
    bench = wb.open("masks of many", images=photos, task="segmentation", classes=names)
    image = bench.dataset.values("id")[0]
    mask = np.arange(SIZE[0] * SIZE[1]).reshape(SIZE[::-1]) % 301
    bench.labels.commit(image, mask)
    assert (bench.labels.masks.indices(image) == mask).all()
    assert read_mask(bench.dataset[image].ground_truth.mask_path).dtype == np.uint16


MASKS = st.integers(1, 7).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 400), min_size=width, max_size=width), min_size=1
    )
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=MASKS)
def test_files_and_tiles_hold_masks_exactly(tmp_path: Path, values: list[list[int]]) -> None:
    mask = as_numbers(np.array(values))
    path = write_mask(tmp_path, mask)
    assert (read_mask(path) == mask).all()
    assert write_mask(tmp_path, mask) == path
    assert numbers_in(mask) == sorted({each for row in values for each in row} - {0})
    names = tuple(f"n{number}" for number in range(401))
    plain = Tile(2, 3, names, mask.astype(np.uint16)).to_plain()
    back = tile_from_plain(json.loads(json.dumps(plain)))
    assert (back.values == mask).all()
    assert (back.x, back.y, back.names) == (2, 3, names)


@settings(max_examples=25, deadline=None)
@given(values=MASKS, seed=st.integers(0, 99))
def test_masks_one_after_the_other_are_encoded_exactly(values: list[list[int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    shown = np.array(values)[:4, :4]
    mask = as_numbers(np.kron(shown, np.ones((300, 500), dtype=int)))  # in several bands
    encoder = Encoder()
    for _ in range(3):
        data = encoder.encode(mask)
        assert (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) == mask).all()
        with Image.open(io.BytesIO(data)) as image:  # which checks the sums
            assert (np.asarray(image) == mask).all()
        assert data == Encoder().encode(mask)
        mask = mask.copy()
        top, left = rng.integers(0, mask.shape[0]), rng.integers(0, mask.shape[1])
        mask[top : top + 90, left : left + 90] = rng.integers(0, 200)


@pytest.mark.parametrize(
    "change",
    [
        {"runs": "0x3"},
        {"runs": "0x5"},
        {"runs": "1x4"},
        {"runs": "-1x4"},
        {"runs": "0x-4 0x8"},
        {"runs": "zero"},
        {"runs": "0x99999999999999999999"},
        {"x": -1},
        {"x": 1.5},
        {"width": 0},
        {"width": 10**9, "height": 10**9},
        {"names": "cup"},
        {"names": [3]},
    ],
)
def test_tiles_that_are_none_are_refused(change: dict[str, object]) -> None:
    plain = {"x": 0, "y": 0, "width": 2, "height": 2, "names": [""], "runs": "0x4"}
    assert tile_from_plain(plain).values.shape == (2, 2)
    with pytest.raises(LabelError):
        tile_from_plain({**plain, **change})
