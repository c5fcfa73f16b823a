"""Folders of masks: what is written comes back to the pixel, what others write is read as meant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from workbench.dataset.formats import maskfolder
from workbench.dataset.formats.masknames import classes_of, colour_of, find_classes
from workbench.errors import FormatError

NAMES = ["cat", "dog", "Vögel, kleine"]


def write_images(folder, sizes):
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, size in enumerate(sizes):
        paths.append(folder / f"{number}.jpg")
        Image.new("RGB", size).save(paths[-1])
    return paths


def save(folder, name, pixels, palette=None):
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette is not None:
        image = image.convert("P") if image.mode != "L" else image
        image.putpalette(palette)
    image.save(folder / name)


def read_all(folder, paths, names=None):
    classes = find_classes(folder) if names is None else classes_of(names)
    return [*maskfolder.read(folder, paths, classes)]


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=3),
    st.integers(0, 2**32 - 1),
)
def test_what_is_written_comes_back_to_the_pixel(tmp_path_factory, count, sizes, seed):
    """Also of more classes than a byte holds, and of classes that no pixel has."""
    folder = tmp_path_factory.mktemp("masks")
    rng = np.random.default_rng(seed)
    names = [f"class {number}" for number in range(count)]
    paths = write_images(folder / "images", sizes)
    masks = [rng.integers(0, count + 1, size[::-1]).astype(np.uint16) for size in sizes]
    parts = [(path.name, size, mask) for path, size, mask in zip(paths, sizes, masks, strict=True)]
    maskfolder.write(folder, parts, names)
    found = read_all(folder / "masks", paths)
    assert find_classes(folder / "masks").names == tuple(names)
    for each, mask in zip(found, masks, strict=True):
        assert (each.problem, each.ignored) == ("", 0)
        assert (each.indices == mask).all()


def test_numbers_palettes_and_colours_say_the_same(tmp_path):
    paths = write_images(tmp_path / "images", [(4, 3)] * 4)
    indices = np.array([[0, 0, 1, 1], [2, 2, 3, 3], [0, 1, 2, 3]], dtype=np.uint8)
    palette = [channel for number in range(256) for channel in colour_of(number)]
    colours = np.array([colour_of(number) for number in range(4)], dtype=np.uint8)[indices]
    folder = tmp_path / "SegmentationClass"
    save(folder, "0.png", indices)
    save(folder, "1.png", indices, palette)
    save(folder, "2.png", colours)
    save(folder, "3.png", indices.astype(np.uint16))
    lines = ["# label:color_rgb:parts:actions", "background:0,0,0::"]
    lines += [f"{name}:{','.join(map(str, colour_of(k + 1)))}::" for k, name in enumerate(NAMES)]
    (tmp_path / "labelmap.txt").write_text("\n".join(lines))
    for each in read_all(maskfolder.folder_of_masks(tmp_path), paths)[:3]:
        assert each.indices is not None, each.detail
        assert (each.indices == indices).all()
    for each in [found for k, found in enumerate(read_all(folder, paths, NAMES)) if k != 2]:
        assert (each.indices == indices).all()


def test_pixels_that_nobody_labelled_become_background_and_are_counted(tmp_path):
    paths = write_images(tmp_path / "images", [(4, 3)])
    indices = np.array([[0, 255, 1, 1], [2, 255, 2, 2], [0, 0, 0, 0]], dtype=np.uint8)
    save(tmp_path / "m", "0.png", indices, [c for k in range(256) for c in colour_of(k)])
    (found,) = read_all(tmp_path / "m", paths, NAMES)
    assert found.ignored == 2
    assert (found.indices == np.where(indices == 255, 0, indices)).all()


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.zeros((4, 4), np.uint8), "mask of another size than its image"),
        (np.zeros((4, 3), np.uint8), "mask of another size than its image"),
        (np.full((3, 4), 7, np.uint8), "number without a name"),
        (np.full((3, 4), 255, np.uint8), "number without a name"),
        (np.arange(36, dtype=np.uint8).reshape(3, 4, 3), "mask of colours, and no list of them"),
        (np.zeros((3, 4, 4), np.uint8), "mask that is transparent, or of another kind"),
    ],
)
def test_what_is_wrong_with_a_mask_is_said(tmp_path, pixels, problem):
    paths = write_images(tmp_path / "images", [(4, 3)])
    save(tmp_path / "m", "0.png", pixels)
    (found,) = read_all(tmp_path / "m", paths, NAMES)
    assert (found.problem, found.indices) == (problem, None)
    assert found.detail


def test_broken_missing_double_and_stray_masks_are_said(tmp_path):
    paths = write_images(tmp_path / "images", [(4, 3)] * 3)
    save(tmp_path / "m", "0.png", np.zeros((3, 4), np.uint8))
    save(tmp_path / "m" / "again", "0.png", np.zeros((3, 4), np.uint8))
    (tmp_path / "m" / "1.png").write_bytes(b"no png")
    save(tmp_path / "m", "stray.png", np.zeros((3, 4), np.uint8))
    problems = [each.problem for each in read_all(tmp_path / "m", paths, NAMES)]
    assert problems == [
        "image with several masks",
        "mask that cannot be read",
        "image without a mask",
        "mask without an image",
    ]
    with pytest.raises(FormatError, match="has no masks"):
        read_all(tmp_path / "images", paths, NAMES)


def test_a_list_of_classes_is_needed_and_one_alone(tmp_path):
    save(tmp_path / "m", "0.png", np.zeros((3, 4), np.uint8))
    with pytest.raises(FormatError, match="nothing in"):
        find_classes(tmp_path / "m")
    (tmp_path / "classes.txt").write_text("background\ncat\n")
    assert find_classes(tmp_path / "m").names == ("cat",)
    (tmp_path / "classes.json").write_text('{"1": "cat"}')
    with pytest.raises(FormatError, match="keep one"):
        find_classes(tmp_path / "m")


@pytest.mark.parametrize("names", [["background"], ["a\nb"], [" a"], ["a", "a"], [""]])
def test_classes_that_cannot_stand_in_a_list_are_refused(tmp_path, names):
    with pytest.raises(FormatError):
        maskfolder.write(tmp_path, [], names)


def test_a_mask_that_does_not_go_with_its_image_is_not_written(tmp_path):
    for size, mask, words in (
        ((4, 4), np.zeros((3, 4), np.uint16), "pixels, but the image has"),
        ((4, 3), np.full((3, 4), 4, np.uint16), "has the index 4"),
    ):
        folder = tmp_path / words[:5]
        folder.mkdir()
        with pytest.raises(FormatError, match=words):
            maskfolder.write(folder, [("0.jpg", size, mask)], NAMES)
