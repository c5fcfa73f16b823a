"""What lies in folders: found once each, checked to the last byte, never a traceback."""

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.dataset.pictures import claiming, digit, encoded, write_digits
from workbench.dataset.files import check_file, check_files, find_files
from workbench.errors import ImportFolderError

JPEG = encoded(digit(1, 200), "jpeg")
PNG = encoded(digit(1, 200))
NOISE = np.random.default_rng(0)


def names(folder):
    return [str(path.relative_to(folder)) for path in find_files(folder)]


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")


def test_files_of_all_sub_folders_are_found_in_a_stable_order(tmp_path):
    touch(tmp_path, "b.png", "a/2.png", "a/1.png", "c/d/e/3.jpg")
    assert names(tmp_path) == ["a/1.png", "a/2.png", "b.png", "c/d/e/3.jpg"]


def test_hidden_files_and_what_systems_leave_behind_are_left_out(tmp_path):
    touch(tmp_path, "a.png", ".b.png", "._a.png", ".git/c.png", "Thumbs.db", "x/desktop.ini")
    assert names(tmp_path) == ["a.png"]


def test_a_hidden_folder_that_is_asked_for_by_name_is_searched(tmp_path):
    touch(tmp_path, ".photos/a.png")
    assert names(tmp_path / ".photos") == ["a.png"]


def test_a_loop_of_links_ends_and_no_file_is_found_twice(tmp_path):
    touch(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "aside").symlink_to(tmp_path / "a")
    (tmp_path / "b" / "self").symlink_to(tmp_path / "b")
    assert sorted(Path(name).name for name in names(tmp_path)) == ["1.png", "2.png"]


def test_a_linked_folder_is_searched(tmp_path):
    touch(tmp_path, "elsewhere/1.png", "photos/2.png")
    (tmp_path / "photos" / "more").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "photos") == ["2.png", "more/1.png"]


def test_paths_are_absolute_and_links_stay_links(tmp_path, monkeypatch):
    touch(tmp_path, "real.png", "photos/a.png")
    (tmp_path / "photos" / "link.png").symlink_to(tmp_path / "real.png")
    monkeypatch.chdir(tmp_path)
    expected = [tmp_path / "photos" / "a.png", tmp_path / "photos" / "link.png"]
    assert find_files(Path("photos")) == expected


def test_an_empty_folder_holds_nothing(tmp_path):
    assert find_files(tmp_path) == []


def test_a_folder_that_is_missing_or_is_a_file_is_refused(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(ImportFolderError, match=r"nowhere does not exist: check the path"):
        find_files(tmp_path / "nowhere")
    with pytest.raises(ImportFolderError, match=r"a\.png is a file: give its folder"):
        find_files(tmp_path / "a.png")


def test_folders_that_may_not_be_listed_are_named_not_passed_over():
    with tempfile.TemporaryDirectory(prefix="wb-", dir="/tmp") as name:
        folder = Path(name)
        touch(folder, "a.png", "locked/b.png")
        folder.chmod(0o755)
        (folder / "locked").chmod(0)
        code = (
            "import os, sys; from pathlib import Path\n"
            "from workbench.dataset.files import check_files, find_files\n"
            # Root may list anything.
            "if os.getuid() == 0: os.setuid(65534)\n"
            "for f in check_files(find_files(Path(sys.argv[1]))): print(f.path.name, f.problem)\n"
            "find_files(Path(sys.argv[1]) / 'locked')\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code, name], capture_output=True, text=True, check=False
        )
        (folder / "locked").chmod(0o700)
    assert "locked a folder that cannot be listed" in ran.stdout.splitlines()
    assert "cannot list" in ran.stderr
    assert "check its permissions" in ran.stderr


GOOD = {
    "png.png": (PNG, (200, 200), "image/png"),
    "jpeg.jpg": (JPEG, (200, 200), "image/jpeg"),
    "wrong extension.txt": (PNG, (200, 200), "image/png"),
    "gif.gif": (encoded(digit(2), "gif"), (32, 32), "image/gif"),
    "bmp.bmp": (encoded(digit(2), "bmp"), (32, 32), "image/bmp"),
    "tiff.tif": (encoded(digit(2), "tiff"), (32, 32), "image/tiff"),
    "webp.webp": (encoded(digit(2), "webp"), (32, 32), "image/webp"),
    "palette.png": (encoded(digit(3).convert("P")), (32, 32), "image/png"),
    "bits.png": (encoded(digit(3).convert("1")), (32, 32), "image/png"),
    "alpha.png": (encoded(digit(3).convert("RGBA")), (32, 32), "image/png"),
    "16 bit.png": (
        encoded(Image.fromarray(NOISE.integers(0, 65536, (20, 30)).astype(np.uint16))),
        (30, 20),
        "image/png",
    ),
    "cmyk.jpg": (encoded(digit(3).convert("CMYK"), "jpeg"), (32, 32), "image/jpeg"),
    "progressive.jpg": (
        encoded(digit(3, 400), "jpeg", progressive=True),
        (400, 400),
        "image/jpeg",
    ),
    "one pixel.png": (encoded(Image.new("L", (1, 1))), (1, 1), "image/png"),
    "one column.jpg": (encoded(Image.new("L", (1, 999)), "jpeg"), (1, 999), "image/jpeg"),
}


@pytest.mark.parametrize("name", GOOD)
def test_images_of_all_kinds_are_good(tmp_path, name):
    data, size, mime_type = GOOD[name]
    (tmp_path / name).write_bytes(data)
    found = check_file(tmp_path / name)
    assert found.problem == ""
    assert (found.width, found.height) == size
    assert found.mime_type == mime_type
    assert found.size_bytes == len(data)
    assert len(found.content_hash) == 64


def test_size_is_that_of_the_upright_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    digit(4).resize((30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    found = check_file(tmp_path / "turned.jpg")
    assert (found.width, found.height, found.problem) == (20, 30, "")


BAD = {
    "zero bytes": (b"", "empty file (0 bytes)"),
    "text": (b"some words, and no image at all", "not an image"),
    "html that says it is an image": (b"<html>404</html>", "not an image"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "not an image"),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], "broken image"),
    "truncated png": (PNG[: len(PNG) // 2], "broken image"),
    "jpeg without its last scan": (encoded(digit(1, 600), "jpeg")[:-800], "broken image"),
    "damaged png": (PNG[:60] + bytes(40) + PNG[100:], "broken image"),
    "10 gigapixels": (claiming(100_000, 100_000), "megapixels: scale it down"),
    "179 megapixels": (claiming(17_900, 10_000), "megapixels: scale it down"),
    "178.5 megapixels": (claiming(17_850, 10_000), "17850 x 10000 pixels are more than 178"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_named(tmp_path, name):
    data, problem = BAD[name]
    (tmp_path / "file.png").write_bytes(data)
    found = check_file(tmp_path / "file.png")
    assert problem in found.problem
    assert found.path == tmp_path / "file.png"


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_jpeg_cut_anywhere_is_never_taken_for_whole(tmp_path, cut):
    data = encoded(digit(1, 600), "jpeg")
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) * cut // 12])
    assert check_file(tmp_path / "cut.jpg").problem


def test_what_is_no_regular_file_is_named_without_being_waited_for(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert names(tmp_path) == ["dangling.png", "loop.png", "pipe.png"]
    problems = {f.path.name: f.problem for f in check_files(find_files(tmp_path))}
    assert problems == {
        "pipe.png": "not a regular file",
        "dangling.png": "cannot be read (No such file or directory)",
        "loop.png": "cannot be read (Too many levels of symbolic links)",
    }


def test_a_linked_image_is_an_image(tmp_path):
    (real,) = write_digits(tmp_path / "real", [5])
    (tmp_path / "link.png").symlink_to(real)
    found = check_file(tmp_path / "link.png")
    assert found.problem == ""
    assert found.path == tmp_path / "link.png"
    assert found.content_hash == check_file(real).content_hash


def test_the_hash_is_of_the_bytes_and_nothing_else(tmp_path):
    import hashlib

    one, other = write_digits(tmp_path, [5, 6])
    copy = tmp_path / "another name.jpg"
    copy.write_bytes(one.read_bytes())
    hashes = [check_file(path).content_hash for path in (one, other, copy)]
    assert hashes[0] == hashes[2] == hashlib.sha256(one.read_bytes()).hexdigest()
    assert hashes[1] != hashes[0]


def test_files_come_in_the_order_given_with_progress(tmp_path, monkeypatch):
    paths = write_digits(tmp_path, range(30))[::-1]
    ticks = []
    found = list(check_files(paths, ticks.append, workers=4))
    assert [file.path for file in found] == paths
    assert ticks == [1] * 30


def test_checking_leaves_the_processs_warnings_as_they_were(tmp_path):
    """Filters are the whole process's: threads that change them at once can leave them changed."""
    paths = write_digits(tmp_path, range(40))
    before = list(warnings.filters)
    for _ in range(5):
        list(check_files(paths, workers=8))
    assert warnings.filters == before


def test_a_large_image_is_checked_without_a_warning(tmp_path, recwarn):
    """100 megapixels: Pillow warns of a bomb, and it is none."""
    Image.new("1", (10_000, 10_000)).save(tmp_path / "large.png")
    (found,) = check_files([tmp_path / "large.png"])
    assert found.problem == ""
    assert not recwarn.list
