"""The bundled digits: written once, finished when cut short."""

import numpy as np
import pytest
import sklearn.datasets
from PIL import Image

from workbench.dataset.digits import (
    INK,
    digit_sheet_boxes,
    digit_sheet_outlines,
    write_digit_sheets,
    write_digits,
)
from workbench.dataset.outlines import fill, has_holes


@pytest.fixture
def twenty(monkeypatch):
    """The first twenty, for the whole takes its time."""
    images, targets = sklearn.datasets.load_digits(return_X_y=True)
    monkeypatch.setattr(sklearn.datasets, "load_digits", lambda **_: (images[:20], targets[:20]))
    return targets[:20]


def test_there_is_a_folder_a_class(tmp_path, twenty):
    folder = write_digits(tmp_path)
    assert folder == tmp_path / "media" / "digits"
    files = sorted(folder.glob("*/*"), key=lambda path: path.name)
    assert [path.name for path in files] == [f"{n:04d}.png" for n in range(20)]
    assert [int(path.parent.name) for path in files] == twenty.tolist()


def test_ink_is_dark_on_white_paper(tmp_path, twenty):
    pixels = np.asarray(Image.open(write_digits(tmp_path) / "0" / "0000.png"))
    assert pixels.shape == (64, 64)
    assert pixels[:, 0].min() == 255
    assert pixels.min() < 30


def test_it_is_written_once(tmp_path, twenty):
    folder = write_digits(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/*")}
    write_digits(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/*")} == before


def test_writing_that_was_cut_short_is_finished(tmp_path, twenty):
    folder = write_digits(tmp_path)
    (folder / ".complete").unlink()
    whole = (folder / "3" / "0003.png").read_bytes()
    (folder / "3" / "0003.png").unlink()
    (folder / "3" / "0003.partial").write_bytes(whole[:50])
    write_digits(tmp_path)
    assert (folder / "3" / "0003.png").read_bytes() == whole
    assert not [*folder.rglob("*.partial")]


def test_sheets_say_in_their_names_what_is_on_them(tmp_path, twenty, monkeypatch):
    monkeypatch.setattr("workbench.dataset.digits.SHEETS", 12)
    digits = [np.asarray(Image.open(path)) for path in sorted(write_digits(tmp_path).glob("*/*"))]
    names = [path.parent.name for path in sorted((tmp_path / "media" / "digits").glob("*/*"))]
    folder = write_digit_sheets(tmp_path)
    seen: list[int] = []
    for path in sorted(folder.glob("*.png")):
        sheet = np.asarray(Image.open(path))
        places = [sheet[y : y + 64, x : x + 64] for y in (0, 64) for x in (0, 64)]
        found = [i for i, d in enumerate(digits) for place in places if (place == d).all()]
        seen += found
        said = path.stem.split()[1]
        assert said == ("+".join(sorted(names[i] for i in found)) or "nothing")
    assert len(seen) > 10
    assert len(set(seen)) == len(seen), "no digit is on two sheets"


def test_boxes_on_sheets_are_tight_around_the_ink_of_the_digit_they_name(tmp_path, twenty):
    found = digit_sheet_boxes(tmp_path)
    assert sorted(found) == sorted(str(path) for path in write_digit_sheets(tmp_path).glob("*.png"))
    for path, boxes in found.items():
        ink = np.asarray(Image.open(path)) < INK
        said = path.split()[-1].removesuffix(".png")
        assert "+".join(sorted(box.label for box in boxes)) == said.replace("nothing", "")
        for box in boxes:
            left, top, wide, high = (
                round(128 * side) for side in (box.x, box.y, box.width, box.height)
            )
            inside = ink[top : top + high, left : left + wide]
            assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))
            ink[top : top + high, left : left + wide] = False
        assert not ink.any(), "nothing is left"
    ids = [box.id for boxes in found.values() for box in boxes]
    assert len(set(ids)) == len(ids)


def test_outlines_on_sheets_hold_the_ink_and_nothing_else(tmp_path, twenty):
    found = digit_sheet_outlines(tmp_path)
    assert {path: [(each.id, each.label) for each in boxes] for path, boxes in found.items()} == {
        path: [(each.id, each.label) for each in boxes]
        for path, boxes in digit_sheet_boxes(tmp_path).items()
    }
    holes = 0
    for path, objects in found.items():
        ink = np.asarray(Image.open(path)) < INK
        held = [fill(each.outline, (128, 128)) for each in objects]
        assert (np.sum([np.zeros_like(ink, dtype=int), *held], axis=0) == ink).all()
        holes += sum(has_holes(each.outline) for each in objects)
    assert holes
