"""What pixels of masks stand for: lists of classes as tools write them, and masks that go by them."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from workbench.dataset.formats import maskfolder
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.losses import losses
from workbench.dataset.formats.masknames import classes_of, colour_of, find_classes, read_classes
from workbench.errors import FormatError

SIZE = (4, 3)
NAMES = ["cat", "dog"]
MAP = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,9,9::\ndog:0,200,0:tail,paw:run\n"


def write_image(path, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)
    return path


def write_mask(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path)
    return path


def write_png(path, size, depth, rows):
    """A PNG of grey levels, row by row as the file packs them; Pillow writes no such depths."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    path.parent.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">IIBBBBB", *size, depth, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def read_one(folder, image, classes):
    (found,) = maskfolder.read(folder, [image], classes)
    return found


@pytest.mark.parametrize(
    ("name", "text", "numbers"),
    [
        ("classes.txt", "cat\ndog\n\n", {0: 0, 1: 1, 2: 2}),
        ("classes.txt", "\ufeffBackground\r\ncat\r\ndog\r\n", {0: 0, 1: 1, 2: 2}),
        ("classes.json", '["cat", "dog"]', {0: 0, 1: 1, 2: 2}),
        ("classes.json", '{"7": "dog", "3": "cat"}', {0: 0, 3: 1, 7: 2}),
        ("classes.json", '{"dog": 7, "_background_": 0, "cat": 3}', {0: 0, 3: 1, 7: 2}),
        ("labelmap.txt", MAP, {0: 0, 1: 1, 2: 2}),
    ],
)
def test_lists_of_classes_are_read_as_tools_write_them(tmp_path, name, text, numbers):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    found = find_classes(tmp_path / "masks")
    assert (found.names, dict(found.numbers)) == (("cat", "dog"), numbers)
    assert found == read_classes(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("classes.txt", "", "no class but the background"),
        ("classes.txt", "cat\n\ndog\n", "has no name"),
        ("classes.txt", "cat\ncat\n", "there twice"),
        ("classes.txt", b"\xff\xfe", "no text in UTF-8"),
        ("classes.json", "{", "no JSON"),
        ("classes.json", "3", "must hold a list of names"),
        ("classes.json", '{"cat": 1, "dog": 1}', "the same number"),
        ("classes.json", '{"cat": "dog"}', "a class has a number"),
        ("classes.json", '{"70000": "dog"}', "a class has a number"),
        ("labelmap.txt", "cat:1,2::\n", "a line is"),
        ("labelmap.txt", "cat:1,2,256::\n", "a line is"),
        ("labelmap.txt", "cat:1,2,3::\ndog:1,2,3::\n", "the same colour"),
        ("names.txt", "cat\n", "rename it"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path, name, text, said):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError, match=said):
        read_classes(tmp_path / name)


def test_of_two_lists_the_one_that_is_named_counts(tmp_path):
    (tmp_path / "classes.txt").write_text("cat\n")
    (tmp_path / "labelmap.txt").write_text(MAP)
    with pytest.raises(FormatError, match="give the one that counts"):
        find_classes(tmp_path)
    assert read_classes(tmp_path / "classes.txt").names == ("cat",)


def test_colours_are_read_by_their_list_alone(tmp_path):
    (tmp_path / "labelmap.txt").write_text(MAP)
    image, classes = write_image(tmp_path / "i" / "0.jpg"), find_classes(tmp_path)
    colours = np.array([(0, 0, 0), (9, 9, 9), (0, 200, 0), colour_of(255)], dtype=np.uint8)
    mask = write_mask(tmp_path / "m" / "0.png", colours[np.array([[0, 1, 2, 3]] * 3)])
    found = read_one(tmp_path / "m", image, classes)
    assert (found.indices.tolist(), found.ignored) == ([[0, 1, 2, 0]] * 3, 3)
    write_mask(mask, np.full((3, 4, 3), 77, np.uint8))
    found = read_one(tmp_path / "m", image, classes)
    assert (found.problem, found.indices) == ("colour without a class", None)
    assert "(77, 77, 77)" in found.detail


@pytest.mark.parametrize(
    ("depth", "row", "numbers"),
    [(1, b"\x50", [0, 1, 0, 1]), (2, b"\x1b", [0, 1, 2, 3]), (4, b"\x01\x23", [0, 1, 2, 3])],
)
def test_grey_levels_of_few_bits_are_numbers(tmp_path, depth, row, numbers):
    image = write_image(tmp_path / "i" / "0.jpg")
    write_png(tmp_path / "m" / "0.png", SIZE, depth, [row] * 3)
    found = read_one(tmp_path / "m", image, classes_of(["a", "b", "c"]))
    assert found.indices is not None, found.detail
    assert found.indices.tolist() == [numbers] * 3


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_grey_in_several_channels_is_numbers(tmp_path, mode):
    image = write_image(tmp_path / "i" / "0.jpg")
    write_mask(tmp_path / "m" / "0.png", np.full((3, 4), 2, np.uint8), mode)
    assert (read_one(tmp_path / "m", image, classes_of(NAMES)).indices == 2).all()


@pytest.mark.parametrize(
    ("side", "problem"),
    [(10_000, "mask of another size than its image"), (60_000, "mask that cannot be read")],
)
def test_a_mask_of_too_many_pixels_is_refused_by_its_header(tmp_path, side, problem):
    """There is next to no data behind it: who decoded it would find it damaged."""
    image = write_image(tmp_path / "i" / "0.jpg")
    write_png(tmp_path / "m" / "0.png", (side, side), 8, [bytes(9)])
    found = read_one(tmp_path / "m", image, classes_of(NAMES))
    assert (found.problem, found.indices) == (problem, None)
    assert "megapixels" in found.detail or "10000 x 10000" in found.detail


def test_a_mask_cut_short_and_an_image_that_is_none_are_said(tmp_path):
    images = [write_image(tmp_path / "i" / f"{number}.jpg") for number in range(2)]
    whole = write_mask(tmp_path / "m" / "0.png", np.zeros((3, 4), np.uint8)).read_bytes()
    (tmp_path / "m" / "0.png").write_bytes(whole[:-25])
    (tmp_path / "m" / "1.png").write_bytes(whole)
    images[1].write_bytes(b"none")
    found = maskfolder.read(tmp_path / "m", images, classes_of(NAMES))
    problems = [each.problem for each in found]
    assert problems == ["mask that cannot be read", "image that cannot be read"]


def test_a_mask_of_the_image_before_it_was_turned_is_said(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # turned by 90 degrees
    image = tmp_path / "0.jpg"
    Image.new("RGB", SIZE).save(image, exif=exif)
    write_mask(tmp_path / "m" / "0.png", np.ones((3, 4), np.uint8))
    assert (
        "before the image was turned" in read_one(tmp_path / "m", image, classes_of(NAMES)).detail
    )
    write_mask(tmp_path / "m" / "0.png", np.ones((4, 3), np.uint8))
    assert read_one(tmp_path / "m", image, classes_of(NAMES)).indices.shape == (4, 3)


def test_numbers_that_say_nobody_labelled_are_background(tmp_path):
    image = write_image(tmp_path / "i" / "0.jpg")
    write_mask(tmp_path / "m" / "0_mask.png", np.full((3, 4), 255, np.uint8))
    (tmp_path / "m" / "classes.json").write_text('{"1": "ink"}')
    refused = read_one(tmp_path / "m", image, find_classes(tmp_path / "m"))
    assert refused.problem == "number without a name"
    assert 'in classes.json that nobody labelled those, "255": null' in refused.detail
    (tmp_path / "m" / "classes.json").write_text('{"1": "ink", "255": null}')
    found = read_one(tmp_path / "m", image, find_classes(tmp_path / "m"))
    assert (found.indices.any(), found.ignored) == (False, 12)


@pytest.mark.parametrize(
    ("images", "masks", "pairs"),
    [
        (["a", "b"], ["a_mask", "b_mask"], {"a": "a_mask", "b": "b_mask"}),
        (["a", "a_b"], ["a_mask", "a_b_mask"], {"a": "a_mask", "a_b": "a_b_mask"}),
        (["a_b", "a"], ["a_b_mask"], {"a_b": "a_b_mask"}),
        (["a", "b"], ["a", "b_mask"], {"a": "a"}),  # who names one by its stem names all by it
        (["1"], ["10"], {}),  # another number, not an end
        (["a", "b"], ["a_mask", "b-mask"], {}),
        (["a", "b"], ["a_mask", "c"], {"a": "a_mask"}),
    ],
)
def test_masks_go_with_images_also_where_all_have_the_same_end(tmp_path, images, masks, pairs):
    paths = [write_image(tmp_path / "i" / f"{name}.jpg") for name in images]
    for name in masks:
        write_mask(tmp_path / "m" / f"{name}.png", np.ones((3, 4), np.uint8))
    found = [*maskfolder.read(tmp_path / "m", paths, classes_of(NAMES))]
    good = [each for each in found if each.indices is not None]
    assert {each.image.stem: each.file.stem for each in good} == pairs
    strays = [each for each in found if each.image is None]
    assert len(strays) == len(masks) - len(pairs)


def test_folders_tell_masks_of_one_stem_apart_also_where_one_alone_is_wanted(tmp_path):
    images = [write_image(tmp_path / "i" / name / "0.jpg") for name in "ab"]
    for number, name in enumerate("ab", 1):
        write_mask(tmp_path / "m" / name / "0.png", np.full((3, 4), number, np.uint8))
    parts = tmp_path / "m", images, classes_of(NAMES)
    assert [int(each.indices.max()) for each in maskfolder.read(*parts)] == [1, 2]
    (found,) = maskfolder.read(*parts, only={images[1]})
    assert (found.image, int(found.indices.max())) == (images[1], 2)
    write_mask(tmp_path / "m" / "0.png", np.zeros((3, 4), np.uint8))
    *_, stray = maskfolder.read(*parts)
    assert stray.problem == "mask of several images"


def test_images_of_one_stem_are_not_written_over_each_other(tmp_path):
    parts = [(name, SIZE, np.zeros((3, 4), np.uint8)) for name in ("a.jpg", "A.png")]
    with pytest.raises(FormatError, match="two images have the stem 'A'"):
        maskfolder.write(tmp_path, parts, NAMES)


def test_masks_of_classes_lose_nothing_beneath_others(tmp_path):
    """A size that no memory holds: nothing of it is painted to find that out."""
    item = Item(tmp_path / "0.jpg", "0.jpg", (2**30, 2**30), ("cat",))
    assert losses("masks", [item]) == ()
