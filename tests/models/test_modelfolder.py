"""A model's folder: whole or not at all, whatever happens to whoever writes it."""

import multiprocessing
import os
import signal
import stat
from pathlib import Path

import pytest
import torch

from tests.mounting import mounted
from workbench.errors import BackboneError
from workbench.models.modelfolder import read_tensors, read_values, require_free, write_folder

NAMES = {"README.md", "model.json"}
KINDS = [{"model.safetensors"}, {"model.1.safetensors"}]  # what weights are called, in turn


def write(folder, number, **options):
    tensors = {"a": torch.full((1_000,), float(number)), "b": torch.tensor([number])}
    write_folder(folder, {"number": number}, tensors, f"# {number}\n", **options)


def read(folder):
    values = read_values(folder)
    tensors = read_tensors(folder, values, 10_000)
    (number,) = {values["number"], int(tensors["a"][7]), int(tensors["b"])}
    return number


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_it_is_overwritten_only_when_asked_and_others_files_stay(tmp_path):
    write(tmp_path / "m", 1)
    assert names(tmp_path / "m") - NAMES == KINDS[0]
    with pytest.raises(BackboneError, match=r"is not empty.*overwrite=True. replaces it"):
        write(tmp_path / "m", 2)
    assert read(tmp_path / "m") == 1
    (tmp_path / "m" / "notes.txt").write_text("mine")
    for number in (2, 3, 4):
        write(tmp_path / "m", number, overwrite=True)
        assert read(tmp_path / "m") == number
        assert (tmp_path / "m" / "README.md").read_text() == f"# {number}\n"
        assert names(tmp_path / "m") - NAMES - {"notes.txt"} == KINDS[(number + 1) % 2]
    assert (tmp_path / "m" / "notes.txt").read_text() == "mine"


def test_a_folder_of_something_else_is_never_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(BackboneError, match=r"not empty.*what is no model"):
            write(tmp_path, 1, overwrite=overwrite)
    assert names(tmp_path) == {"README.md"}
    with pytest.raises(BackboneError, match="is a file: choose a folder"):
        write(tmp_path / "README.md", 1)
    with pytest.raises(BackboneError, match="cannot be made"):
        write(tmp_path / "README.md" / "m", 1)


def test_a_damaged_model_may_be_overwritten(tmp_path):
    write(tmp_path, 1)
    (tmp_path / "model.json").write_text("{")
    write(tmp_path, 2, overwrite=True)
    assert read(tmp_path) == 2


def test_a_link_to_an_empty_folder_and_the_current_one_will_do(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", 1)
    assert read(tmp_path / "real") == 1
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write(Path(), 2)
    assert read(Path()) == 2


def test_others_may_read_it_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        write(tmp_path / "m", 1)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "m").iterdir()}
    assert modes == {0o644}
    assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == 0o755


def test_tensors_that_share_memory_are_written_apart(tmp_path):
    whole = torch.arange(6.0).reshape(2, 3)
    write_folder(tmp_path, {}, {"a": whole, "b": whole, "row": whole[1], "turned": whole.T}, "")
    found = read_tensors(tmp_path, read_values(tmp_path), 1_000)
    assert torch.equal(found["b"], whole)
    assert torch.equal(found["row"], whole[1])
    assert torch.equal(found["turned"], whole.T)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    with mounted(tmp_path / "disk", "size=256k") as folder:
        yield folder


def test_a_full_disk_leaves_what_was_there(small_disk):
    write(small_disk / "old", 1)
    large = {"a": torch.zeros(200_000)}
    for folder, overwrite in ((small_disk / "old", True), (small_disk / "new", False)):
        with pytest.raises(BackboneError, match=r"could not be written .No space.*free some space"):
            write_folder(folder, {}, large, "", overwrite=overwrite)
    assert names(small_disk) == {"old"}
    assert read(small_disk / "old") == 1
    assert names(small_disk / "old") == NAMES | KINDS[0]
    write(small_disk / "old", 2, overwrite=True)
    assert read(small_disk / "old") == 2


def write_until(folder, step):
    """Overwrite a model, and kill -9 the own process before the nth step onto the disk."""
    left, sync, replace = step, os.fsync, Path.replace

    def count():
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def fsync(descriptor):
        count()
        sync(descriptor)

    def put(path, target):
        count()
        return replace(path, target)

    os.fsync, Path.replace = fsync, put
    write(folder, 2, overwrite=True)


def write_many(folder, first):
    for number in range(first, first + 30):
        write(folder, number, overwrite=True)


def process(target, *arguments):
    """A process of its own that has torch already."""
    started = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    started.start()
    return started


STEPS = 8  # three files synced, the weights put in place, synced; the JSON file; the card; synced


@pytest.mark.parametrize("there", [False, True])
def test_a_writer_killed_at_any_step_leaves_a_whole_model_or_what_was_there(tmp_path, there):
    found = []
    for step in range(1, STEPS + 2):
        folder = tmp_path / str(step)
        if there:
            write(folder, 1)
        writer = process(write_until, folder, step)
        writer.join()
        assert writer.exitcode == (-signal.SIGKILL if step <= STEPS else 0)
        try:
            found.append(read(folder))
        except BackboneError as error:
            assert "holds no model" in str(error)
            found.append(None)
        require_free(folder, overwrite=True)
        write(folder, 3, overwrite=True)  # whoever was killed is in nobody's way
        assert read(folder) == 3
        assert len(names(folder) - NAMES) == 1
    assert found == [1 if there else None] * 6 + [2] * 3


def test_two_writers_take_turns(tmp_path):
    write(tmp_path, 0)
    both = [process(write_many, tmp_path, first) for first in (100, 200)]
    for each in both:
        each.join()
    assert [each.exitcode for each in both] == [0, 0]
    assert read(tmp_path) in (129, 229)
    assert len(names(tmp_path) - NAMES) == 1
