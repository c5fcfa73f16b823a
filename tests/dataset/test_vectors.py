"""The embedding store: nothing that was written is lost, nothing half-written is believed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.dataset.kernels import ROOT
from tests.dataset.vector_rows import DIM, keys, rows
from tests.mounting import mounted, remount
from workbench.dataset.vectors import HASH_BYTES, VectorStore, stores_below
from workbench.errors import DataHomeError

PRELUDE = """
from pathlib import Path
from tests.dataset.vector_rows import DIM, keys, rows
from workbench.dataset.vectors import VectorStore
store = VectorStore(Path({folder!r}), DIM)
"""


def filled(folder, *contents):
    store = VectorStore(folder, DIM)
    with store.writing():
        store.append(keys(*contents), rows(*contents))
    return store


@given(
    hnp.arrays(
        np.float16, (9, DIM), elements=st.floats(-60_000, 60_000, width=16, allow_subnormal=False)
    ),
    st.permutations(range(9)),
    st.integers(1, 8),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_goes_in_comes_out_in_any_order_and_after_reopening(tmp_path, vectors, order, cut):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    contents = keys(*range(9))
    store = VectorStore(folder, DIM)
    with store.writing():
        store.append(contents[:cut], vectors[:cut])
        store.append(contents[cut:], vectors[cut:])
    asked = [contents[i] for i in order]
    for each in (store, VectorStore(folder, DIM)):
        assert len(each) == 9
        np.testing.assert_array_equal(each.get(asked), vectors[order])


def test_a_new_store_is_empty_and_makes_nothing_on_disk(tmp_path):
    store = VectorStore(tmp_path / "new", DIM)
    assert len(store) == 0
    assert store.get([]).shape == (0, DIM)
    assert store.missing(keys(1, 2)) == [0, 1]
    assert not (tmp_path / "new").exists()


def test_missing_names_each_content_once(tmp_path):
    store = filled(tmp_path, 1, 2)
    assert store.missing(keys(2, 3, 1, 4, 3)) == [1, 3]


def test_the_same_content_asked_twice_comes_twice(tmp_path):
    np.testing.assert_array_equal(filled(tmp_path, 1, 2).get(keys(2, 1, 2)), rows(2, 1, 2))


def test_a_content_without_a_vector_is_refused(tmp_path):
    with pytest.raises(KeyError):
        filled(tmp_path, 1).get(keys(1, 2))


def test_what_another_process_appends_is_seen(tmp_path):
    one, other = filled(tmp_path, 1), VectorStore(tmp_path, DIM)
    with one.writing():
        one.append(keys(2), rows(2))
    assert len(other) == 1
    with other.writing():
        assert other.missing(keys(1, 2, 3)) == [2]
        other.append(keys(3), rows(3))
    one.refresh()
    np.testing.assert_array_equal(one.get(keys(3, 2, 1)), rows(3, 2, 1))


def test_values_beyond_half_precision_are_clipped(tmp_path):
    store = VectorStore(tmp_path, 2)
    with store.writing():
        store.append(keys(1), np.array([[1e9, -1e9]], dtype=np.float32))
    assert store.get(keys(1)).tolist() == [[65504, -65504]]


@pytest.mark.parametrize(
    "vectors, message",
    [
        (np.full((2, DIM), np.nan), "vectors hold NaN"),
        (np.ones((2, DIM + 1)), r"must be \(2, 6\), but got \(2, 7\)"),
        (np.ones((3, DIM)), r"must be \(2, 6\), but got \(3, 6\)"),
    ],
)
def test_vectors_that_cannot_be_right_are_refused_and_nothing_is_written(
    tmp_path, vectors, message
):
    store = filled(tmp_path, 1)
    with store.writing(), pytest.raises(ValueError, match=message):
        store.append(keys(2, 3), vectors)
    assert len(VectorStore(tmp_path, DIM)) == 1


@pytest.mark.parametrize(
    "name, extra", [("vectors.f16", 5), ("vectors.f16", 40), ("hashes.bin", 17)]
)
def test_a_half_written_tail_is_passed_over_and_then_cut_off(tmp_path, name, extra):
    filled(tmp_path, 1, 2)
    with (tmp_path / name).open("ab") as stream:
        stream.write(b"\xff" * extra)
    store = VectorStore(tmp_path, DIM)
    assert len(store) == 2
    assert store.missing(keys(1, 2, 3)) == [2]
    with store.writing():
        store.append(keys(3), rows(3))
    assert (tmp_path / "vectors.f16").stat().st_size == 3 * 2 * DIM
    assert (tmp_path / "hashes.bin").stat().st_size == 3 * HASH_BYTES
    np.testing.assert_array_equal(VectorStore(tmp_path, DIM).get(keys(1, 2, 3)), rows(1, 2, 3))


def test_vectors_cut_short_take_their_hashes_along(tmp_path):
    filled(tmp_path, 1, 2, 3)
    os.truncate(tmp_path / "vectors.f16", 2 * 2 * DIM + 3)
    assert VectorStore(tmp_path, DIM).missing(keys(1, 2, 3)) == [2]


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_writer_killed_at_any_of_its_writes_leaves_what_was_whole(tmp_path, write):
    """kill -9 after the nth write of bytes, each cut in half."""
    code = f"""{PRELUDE.format(folder=str(tmp_path))}
import os, signal
left, real = {write}, os.pwrite
def pwrite(descriptor, data, offset):
    global left
    left -= 1
    if left:
        return real(descriptor, data, offset)
    real(descriptor, data[: len(data) // 2], offset)
    os.kill(os.getpid(), signal.SIGKILL)
os.pwrite = pwrite
with store.writing():
    store.append(keys(1, 2), rows(1, 2))
    store.append(keys(3, 4), rows(3, 4))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert ran.returncode == -signal.SIGKILL
    store = VectorStore(tmp_path, DIM)
    # Half of a batch may be whole rows already; what counts is that they are right.
    have = len(store)
    assert have == {1: 0, 2: 1, 3: 2, 4: 3}[write]
    np.testing.assert_array_equal(
        store.get(keys(*range(1, have + 1))), rows(*range(1, have + 1)).reshape(have, DIM)
    )
    with store.writing():  # the lock went with its holder
        gone = [position + 1 for position in store.missing(keys(1, 2, 3, 4))]
        store.append(keys(*gone), rows(*gone))
    np.testing.assert_array_equal(store.get(keys(1, 2, 3, 4)), rows(1, 2, 3, 4))


def test_writers_wait_for_each_other(tmp_path):
    """Two processes, one store: no row twice and none torn."""
    code = f"""{PRELUDE.format(folder=str(tmp_path))}
for content in range(20):
    with store.writing():
        if store.missing(keys(content)):
            store.append(keys(content), rows(content))
"""
    writers = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    store = VectorStore(tmp_path, DIM)
    assert len(store) == 20
    np.testing.assert_array_equal(store.get(keys(*range(20))), rows(*range(20)))


def test_keeping_some_drops_the_others(tmp_path):
    store = filled(tmp_path, 1, 2, 3, 4)
    with store.writing():
        assert store.keep_only({*keys(2, 4, 9)}) == 2
        assert store.keep_only({*keys(2, 4)}) == 0
    for each in (store, VectorStore(tmp_path, DIM)):
        assert each.missing(keys(1, 2, 3, 4)) == [0, 2]
        np.testing.assert_array_equal(each.get(keys(4, 2)), rows(4, 2))


def test_keeping_none_leaves_an_empty_store_that_can_be_written_again(tmp_path):
    store = filled(tmp_path, 1, 2)
    with store.writing():
        assert store.keep_only(set()) == 2
        assert len(store) == 0
        store.append(keys(5), rows(5))
    np.testing.assert_array_equal(VectorStore(tmp_path, DIM).get(keys(5)), rows(5))


def test_a_store_that_another_process_rewrote_is_read_anew(tmp_path):
    reader, writer = filled(tmp_path, 1, 2, 3), VectorStore(tmp_path, DIM)
    with writer.writing():
        writer.keep_only({*keys(2)})
        writer.append(keys(7, 8), rows(7, 8))
    with reader.writing():
        assert reader.missing(keys(1, 2, 3)) == [0, 2]
    np.testing.assert_array_equal(reader.get(keys(8, 2, 7)), rows(8, 2, 7))


def test_a_store_that_somebody_deleted_is_empty_again(tmp_path):
    store = filled(tmp_path, 1, 2)
    for name in ("vectors.f16", "hashes.bin"):
        (tmp_path / name).unlink()
    store.refresh()
    assert len(store) == 0
    assert store.missing(keys(1)) == [0]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB."""
    with mounted(tmp_path / "disk", "size=64k") as folder:
        yield folder


def test_a_full_disk_is_named_and_what_was_embedded_is_kept(small_disk):
    dim = 4_096  # 8 kB a row: six fit, with their hashes
    values = np.arange(12, dtype=np.float32)[:, None] * np.ones(dim, dtype=np.float32)
    contents = keys(*range(12))
    store = VectorStore(small_disk / "store", dim)
    with store.writing():
        store.append(contents[:3], values[:3])
        with pytest.raises(DataHomeError, match=r"No space left.*free some space.*is kept"):
            store.append(contents[3:], values[3:])
        assert len(store) == 3
        np.testing.assert_array_equal(store.get(contents[:3]), values[:3])
    # After some space was freed, the same again goes through.
    remount(small_disk, "size=256k")
    reopened = VectorStore(small_disk / "store", dim)
    with reopened.writing():
        assert reopened.missing(contents) == [*range(3, 12)]
        reopened.append(contents[3:], values[3:])
    np.testing.assert_array_equal(reopened.get(contents), values)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = VectorStore(tmp_path / "file" / "store", DIM)
    with pytest.raises(DataHomeError, match="cannot write embeddings to"), store.writing():
        pass


def test_a_disk_that_is_full_from_the_start_is_named(small_disk):
    (small_disk / "ballast").write_bytes(bytes(64 * 1024))
    store = VectorStore(small_disk / "store", DIM)
    with pytest.raises(DataHomeError, match=r"No space left.*free some space"), store.writing():
        store.append(keys(1), rows(1))
    (small_disk / "ballast").unlink()
    assert [len(each) for each in stores_below(small_disk)] in ([], [0])
    with store.writing():
        store.append(keys(1), rows(1))
    (found,) = stores_below(small_disk)
    np.testing.assert_array_equal(found.get(keys(1)), rows(1))


def test_stores_are_found_with_their_dimensions(tmp_path):
    filled(tmp_path / "a", 1, 2)
    wide = VectorStore(tmp_path / "b", 9)
    with wide.writing():
        wide.append(keys(1), np.ones((1, 9)))
    (tmp_path / "something else").mkdir()
    assert [(s.folder.name, s.dim, len(s)) for s in stores_below(tmp_path)] == [
        ("a", DIM, 2),
        ("b", 9, 1),
    ]
    assert stores_below(tmp_path / "nothing") == []
