"""Proxies, thumbnails and regions: made once, kept on disk, never out of date."""

import os
import shutil
import sqlite3
import threading

import numpy as np
import pytest
from PIL import Image

from tests.dataset.kernels import Kernel
from tests.dataset.pictures import digit, is_green, opened, spoil
from tests.mounting import mounted
from workbench.dataset.display import Display
from workbench.errors import ImageError, WorkbenchError


def flush(display):
    display._cache.flush()


def cache_file(home):
    (path,) = (home / "display").glob("*.sqlite")
    return path


def test_a_picture_is_made_once(display, photo):
    made = [display.proxy(photo, 600), display.thumbnail(photo, 100)]
    flush(display)
    spoil(photo)
    assert [display.proxy(photo, 600), display.thumbnail(photo, 100)] == made
    assert [max(opened(proxy).size) for proxy in made] == [600, 100]
    with pytest.raises(ImageError):
        display.proxy(photo, 601)


def test_all_that_is_told_of_a_picture_is_kept(display, tmp_path):
    deep = Image.fromarray(np.tile(np.arange(700, dtype=np.uint16), (500, 1)))
    deep.save(tmp_path / "deep.png")
    clear = Image.new("RGBA", (700, 500), (255, 0, 0, 90))
    clear.save(tmp_path / "clear.png")
    made = [display.proxy(tmp_path / name, 600) for name in ("deep.png", "clear.png")]
    flush(display)
    spoil(tmp_path / "deep.png")
    spoil(tmp_path / "clear.png")
    assert [display.proxy(tmp_path / name, 600) for name in ("deep.png", "clear.png")] == made
    told = {"width": 700, "height": 500, "stretched": True, "alpha": False}
    assert made[0].info() == told
    assert made[1].info() == {**told, "stretched": False, "alpha": True}


def test_it_is_still_there_in_another_kernel(display, photo, tmp_path):
    made = display.proxy(photo, 600)
    flush(display)
    spoil(photo)
    other = Display(tmp_path / "home")
    assert other.proxy(photo, 600) == made
    other.close()


def test_an_edited_file_shows_its_new_picture(display, photo):
    display.proxy(photo, 600)
    flush(display)
    before = photo.stat()
    Image.new("RGB", (1200, 1200), "green").save(photo)
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))  # its size tells
    assert is_green(display.proxy(photo, 600))
    flush(display)
    status = photo.stat()
    photo.write_bytes(bytes(status.st_size))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns + 1))  # its time tells
    with pytest.raises(ImageError):
        display.proxy(photo, 600)


def test_a_picture_of_a_file_that_is_gone_is_not_shown(display, photo):
    display.proxy(photo, 600)
    flush(display)
    photo.unlink()
    with pytest.raises(ImageError, match="is not there"):
        display.proxy(photo, 600)


def test_files_that_go_through_unchanged_take_no_room(display, tmp_path):
    digit(3).save(tmp_path / "digit.png")
    assert display.proxy(tmp_path / "digit.png", 600).as_is
    flush(display)
    assert not list((tmp_path / "home").rglob("*.sqlite"))


def test_a_path_may_be_of_any_bytes(display, photo, tmp_path):
    odd = tmp_path / os.fsdecode(b"\xff\xfe photo.jpg")
    photo.rename(odd)
    made = display.proxy(odd, 600)
    flush(display)
    spoil(odd)
    assert display.proxy(odd, 600) == made


def photos(folder, count):
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(0)
    paths = [folder / f"{number}.png" for number in range(count)]
    for path in paths:
        Image.fromarray(noise.integers(0, 255, (300, 300, 3), dtype=np.uint8)).save(path)
    return paths


def test_the_least_recently_used_go(tmp_path):
    paths = photos(tmp_path / "photos", 24)
    limit = 600_000  # of pictures with some 60,000 bytes each
    display = Display(tmp_path / "home", limit)
    kept = display.proxy(paths[0], 200)
    flush(display)
    spoil(paths[0])  # it cannot be made again
    for path in paths[1:]:
        display.proxy(path, 200)
        assert display.proxy(paths[0], 200) == kept  # in use all the time
        flush(display)
    for path in paths:
        spoil(path)
    hits = []
    for path in paths:
        try:
            display.proxy(path, 200)
            hits.append(path)
        except ImageError:
            pass
    assert 2 <= len(hits) < 15
    assert hits[1:] == paths[-len(hits) + 1 :]  # all others are the latest
    display.close()
    assert cache_file(tmp_path / "home").stat().st_size <= limit + 2 * len(kept.data)


def test_a_lower_limit_makes_the_file_smaller(tmp_path):
    paths = photos(tmp_path / "photos", 12)
    display = Display(tmp_path / "home")
    for path in paths:
        display.proxy(path, 200)
    display.close()
    before = cache_file(tmp_path / "home").stat().st_size
    display = Display(tmp_path / "home", before // 3)
    display.proxy(paths[0], 199)
    display.close()
    assert cache_file(tmp_path / "home").stat().st_size <= before // 3


def test_the_limit_is_the_environments(tmp_path, photo, monkeypatch):
    monkeypatch.setenv("WORKBENCH_DISPLAY_BYTES", "0")
    display = Display(tmp_path / "home")
    display.proxy(photo, 600)
    flush(display)
    assert not (tmp_path / "home").exists()
    monkeypatch.setenv("WORKBENCH_DISPLAY_BYTES", "2 GB")
    with pytest.raises(WorkbenchError, match="WORKBENCH_DISPLAY_BYTES is '2 GB'"):
        Display(tmp_path / "home")


def test_several_kernels_and_threads_share_it(tmp_path):
    """Two processes with four threads each begin the same cache at the same moment."""
    paths = photos(tmp_path / "photos", 12)
    home = tmp_path / "home"
    kernels = [Kernel(home) for _ in range(2)]
    work = f"""
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    made = list(pool.map(lambda path: display.proxy(path, 200).data, {list(map(str, paths))} * 3))
display.close()
"""
    try:
        for kernel in kernels:
            kernel.ask("from pathlib import Path; from workbench.dataset.display import Display")
            kernel.ask(f"display = Display(Path({str(home)!r}))")
        for kernel in kernels:
            kernel.send(work)
        for kernel in kernels:
            kernel.receive()
        same = [
            kernel.ask("__import__('hashlib').md5(b''.join(made)).hexdigest()")
            for kernel in kernels
        ]
        assert same[0] == same[1]
        for path in paths:
            spoil(path)
        for kernel in kernels:
            kernel.ask(work)
        again = [
            kernel.ask("__import__('hashlib').md5(b''.join(made)).hexdigest()")
            for kernel in kernels
        ]
        assert again == same
    finally:
        for kernel in kernels:
            kernel.kill()


@pytest.mark.parametrize("damage", ["words", "cut", "overwritten", "another's", "empty"])
def test_a_broken_file_is_made_anew(tmp_path, photo, damage):
    home = tmp_path / "home"
    display = Display(home)
    display.proxy(photo, 600)
    display.close()
    path = cache_file(home)
    whole = path.read_bytes()
    if damage == "another's":
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE proxies (something TEXT)")
        other.close()
    else:
        path.write_bytes(
            {
                "words": b"this is no database. " * 1000,
                "cut": whole[: len(whole) // 2],
                "overwritten": whole[:4096] + bytes(len(whole) - 4096),
                "empty": b"",
            }[damage]
        )
    display = Display(home)
    for _ in range(3):  # found broken, made anew, filled
        made = display.proxy(photo, 600)
        flush(display)
    spoil(photo)
    assert display.proxy(photo, 600) == made
    display.close()


def test_a_picture_with_damaged_bytes_is_not_shown(tmp_path, photo):
    home = tmp_path / "home"
    display = Display(home)
    made = display.proxy(photo, 600)
    display.close()
    path = cache_file(home)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE contents SET data = ?", (bytes(len(made.data)),))
    other.close()
    assert display.proxy(photo, 600) == made
    display.close()


def test_a_cache_that_is_removed_while_in_use_is_made_anew(display, photo, tmp_path):
    display.proxy(photo, 600)
    flush(display)
    display.proxy(photo, 600)
    shutil.rmtree(tmp_path / "home" / "display")
    made = display.proxy(photo, 500)
    flush(display)
    assert cache_file(tmp_path / "home").exists()
    spoil(photo)
    assert display.proxy(photo, 500) == made
    with pytest.raises(ImageError):
        display.proxy(photo, 600)


def test_a_home_that_cannot_be_written_to_is_no_matter(tmp_path, photo):
    home = tmp_path / "home"
    home.mkdir()
    (home / "display").write_text("where the folder should be")
    display = Display(home)
    assert display.proxy(photo, 600) == display.proxy(photo, 600)
    display.close()
    assert (home / "display").read_text() == "where the folder should be"


@pytest.fixture
def read_only(tmp_path):
    """A folder that nobody may write to; root may anywhere but on a file system that is read-only."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o500)
    if os.geteuid():
        yield folder
        return
    with mounted(folder, "ro"):
        yield folder


def test_a_read_only_home_is_no_matter(read_only, photo):
    display = Display(read_only)
    assert display.proxy(photo, 600) == display.proxy(photo, 600)
    display.close()
    assert not [*read_only.iterdir()]


def test_a_full_disk_is_no_matter(tmp_path, photo):
    """A limit on the size of files stands in for the end of the disk: writes fail in the middle."""
    home = tmp_path / "home"
    kernel = Kernel(home)
    try:
        kernel.ask("import resource; from pathlib import Path")
        kernel.ask("from workbench.dataset.display import Display")
        kernel.ask("resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))")
        kernel.ask(f"display = Display(Path({str(home)!r}))")
        ask = f"[len(display.proxy({str(photo)!r}, 600).data), display._cache.flush()][0]"
        lengths = [kernel.ask(ask) for _ in range(3)]
        assert lengths[0] > 30_000 and len(set(lengths)) == 1
        assert (home / "display").is_dir()
        # Once there is room again, it works again.
        kernel.ask("resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)")
        kernel.ask(ask)
        spoil(photo)
        assert kernel.ask(ask) == lengths[0]
    finally:
        kernel.kill()


def test_writing_is_not_waited_for(tmp_path, photo):
    """Another kernel may hold the file as long as it likes."""
    home = tmp_path / "home"
    display = Display(home)
    display.proxy(photo, 600)
    flush(display)
    other = sqlite3.connect(cache_file(home), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # nobody else can write now
    done = threading.Event()

    def ask():
        display.proxy(photo, 600)  # from the cache
        display.proxy(photo, 500)  # made, and to be written
        done.set()

    thread = threading.Thread(target=ask)
    thread.start()
    assert done.wait(4.5)  # less than the writer waits
    other.execute("ROLLBACK")
    other.close()
    thread.join()
    flush(display)
    spoil(photo)
    assert max(opened(display.proxy(photo, 500)).size) == 500
    display.close()
