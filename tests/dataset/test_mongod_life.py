"""mongod's life, with real kernels, a real keeper, a real mongod and real kills."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.dataset.foreign_host import ForeignHost
from tests.dataset.kernels import Kernel, KernelError, alive, kill_server, server, until
from tests.mounting import mounted, remount
from workbench.dataset import mongod_process
from workbench.dataset.home import make_home
from workbench.dataset.locks import ProcessLock
from workbench.dataset.mongod import find_mongod
from workbench.dataset.mongod_process import MongodError, end_orphan
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server_state import ServerState

INSERT = "c.database.things.insert_many([{'i': i} for i in range(500)]) and None"
COUNTS = "[c.database.things.count_documents({}), c.database.things.estimated_document_count()]"


@pytest.fixture
def folder():
    """A short folder for homes; their servers end with the test."""
    path = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp")).resolve()
    yield path
    for run in path.rglob("server.json"):
        kill_server(run.parents[1])
    shutil.rmtree(path)


@pytest.fixture
def kernel():
    """Makes kernels that end with the test."""
    made = []

    def make(home, **environment):
        made.append(Kernel(home, **environment))
        return made[-1]

    yield make
    for each in made:
        each.kill()


@pytest.fixture
def mount():
    """Makes file systems of a size, which takes root."""
    with ExitStack() as made:

        def make(path, options):
            made.enter_context(mounted(path, options))
            made.callback(kill_server, path)

        yield make


def test_two_kernels_at_once_share_one_mongod(folder, kernel):
    home = folder / "home"
    pair = [kernel(home), kernel(home)]
    for each in pair:
        each.send("from workbench.dataset.connection import connect; c = connect()")
    for each in pair:
        each.receive()
    assert _mongods(home) == [server(home)["mongod"]]
    pair[0].ask(INSERT)
    assert pair[1].ask(COUNTS) == [500, 500]


def test_the_server_ends_with_its_last_kernel_and_not_before(folder, kernel):
    home = folder / "home"
    first, second = kernel(home), kernel(home)
    first.connect()
    second.connect()
    found = server(home)
    first.kill()
    # Longer than a lone server lives.
    held_until = time.monotonic() + 5.0
    while time.monotonic() < held_until:
        assert alive(found["mongod"])
        time.sleep(0.1)
    assert second.ask("c.client.admin.command('ping')['ok']") == 1.0
    second.kill()
    until(lambda: not alive(found["mongod"]) and not alive(found["keeper"]), seconds=60.0)
    # A clean end: MongoDB leaves its lock empty, and we leave nothing that claims the home.
    assert (home / "db" / "mongod.lock").read_text() == ""
    assert not (home / "run" / "host.json").exists()
    assert not (home / "run" / "server.json").exists()


def test_a_killed_mongod_comes_back_with_its_data_and_counts(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    # A checkpoint between the writes: without a repair the count is that of the checkpoint.
    one.ask("c.database.things.insert_one({}) and None")
    one.ask("c.client.admin.command('fsync')['ok']")
    one.ask(INSERT)
    before = server(home)
    os.kill(before["mongod"], signal.SIGKILL)
    one.ask("c.ensure_running()")
    after = server(home)
    assert after["mongod"] != before["mongod"]
    assert after["keeper"] == before["keeper"]
    assert one.ask(COUNTS) == [501, 501]


def test_counts_are_right_after_everything_was_killed(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    one.ask("c.database.things.insert_one({}) and None")
    one.ask("c.client.admin.command('fsync')['ok']")
    one.ask(INSERT)
    one.kill()
    kill_server(home)
    two = kernel(home)
    two.connect()
    assert two.ask(COUNTS) == [501, 501]


def test_a_killed_keeper_leaves_no_orphan_and_is_replaced(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    one.ask(INSERT)
    before = server(home)
    os.kill(before["keeper"], signal.SIGKILL)
    until(lambda: not alive(before["mongod"]))
    one.ask("c.ensure_running()")
    after = server(home)
    assert alive(after["mongod"])
    assert after["keeper"] != before["keeper"]
    assert after["socket"] == before["socket"]
    assert one.ask(COUNTS) == [500, 500]


@pytest.fixture
def orphan(folder):
    """A mongod on a home without a keeper, as where the system ends no orphans."""
    home = folder / "home"
    RunFolder(make_home(home)).prepare()
    command = [find_mongod(), "--dbpath", home / "db", "--port", "0", "--bind_ip"]
    with subprocess.Popen(
        [*command, folder / "s.sock", "--unixSocketPrefix", folder], stdout=subprocess.DEVNULL
    ) as process:
        lock = home / "db" / "mongod.lock"  # which it takes after it has begun to listen
        until(lambda: lock.exists() and lock.read_text().strip() == str(process.pid))
        yield process
        process.kill()


def test_an_orphan_that_a_keeper_left_is_ended(folder, kernel, orphan):
    home = folder / "home"
    ServerState(keeper=0, mongod=orphan.pid, socket="").write(home / "run" / "server.json")
    kernel(home).connect()
    assert orphan.wait() == 0
    assert alive(server(home)["mongod"])


def test_a_mongod_that_somebody_else_runs_is_left_alone(folder, orphan, monkeypatch):
    monkeypatch.setattr(mongod_process, "STOP_SECONDS", 2.0)
    with pytest.raises(
        MongodError, match=rf"another mongod \(process {orphan.pid}\).*end it first"
    ):
        end_orphan(RunFolder(folder / "home"), wait=lambda: time.sleep(0.02))
    assert orphan.poll() is None


def test_a_keeper_gives_up_on_a_mongod_that_dies_again_and_again(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    one.ask(INSERT)
    keeper = server(home)["keeper"]
    killed = []
    while alive(keeper):
        for pid in set(_mongods(home)) - set(killed):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        time.sleep(0.02)
    assert len(killed) == 4
    assert "giving up" in (home / "run" / "keeper.log").read_text()
    one.ask("c.ensure_running()")
    assert one.ask(COUNTS) == [500, 500]


def test_a_forked_child_neither_keeps_nor_ends_the_lease(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    found = server(home)
    one.ask("import os, time")
    # The first child ends at once, the second outlives its parent.
    one.ask("pid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)")
    assert ProcessLock(home / "run" / "lease.lock").held_by_another()
    one.ask("pid = os.fork()\nif not pid: time.sleep(60); os._exit(0)")
    child = one.ask("pid")
    one.kill()
    try:
        until(lambda: not alive(found["mongod"]), seconds=60.0)
        assert alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_child_connects_for_itself(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    one.ask("import os")
    code = (
        "def in_child():\n"
        "    read, write = os.pipe()\n"
        "    if not os.fork():\n"
        "        mine = connect()\n"
        "        os.write(write, str([mine is not c, mine.uri == c.uri]).encode())\n"
        "        os._exit(0)\n"
        "    return os.read(read, 100).decode()\n"
    )
    one.ask(code)
    assert one.ask("in_child()") == "[True, True]"


def test_a_long_path_puts_the_socket_into_the_runtime_folder(folder, kernel):
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    home = folder / ("long-" * 30) / "home"
    one = kernel(home, XDG_RUNTIME_DIR=str(runtime))
    one.connect()
    assert server(home)["socket"].startswith(str(runtime))
    one.ask(INSERT)
    # Another environment chooses another folder, and still finds the server that runs.
    two = kernel(home, XDG_RUNTIME_DIR="")
    two.connect()
    assert two.ask(COUNTS) == [500, 500]


def test_a_home_that_was_moved_goes_on_with_its_replica_set(folder, kernel):
    old, new = folder / "old", folder / "a,new place"
    one = kernel(old)
    one.connect()
    one.ask(INSERT)
    one.kill()
    kill_server(old)
    old.rename(new)
    two = kernel(new)
    two.connect()
    assert two.ask(COUNTS) == [500, 500]


def test_a_home_that_another_machine_holds_is_refused(folder, kernel):
    home = folder / "home"
    with ForeignHost(home, beating=True):
        one = kernel(home)
        with pytest.raises(KernelError, match=r"DataHomeError: .*'elsewhere'.*close the notebooks"):
            one.connect()
    assert not (home / "run" / "server.json").exists()


def test_a_keeper_lets_go_when_another_machine_has_taken_over(folder, kernel):
    home = folder / "home"
    one = kernel(home)
    one.connect()
    found = server(home)
    with ForeignHost(home, beating=True):
        until(lambda: not alive(found["mongod"]) and not alive(found["keeper"]))
        assert json.loads((home / "run" / "host.json").read_text())["name"] == "elsewhere"


def test_a_home_that_cannot_be_written_to(folder, kernel, mount):
    home = folder / "home"
    mount(home, "size=8m")
    (home / "run").mkdir(mode=0o700)
    (home / "db").mkdir(mode=0o700)
    remount(home, "ro")
    with pytest.raises(KernelError, match=r"DataHomeError: .*cannot be written to \(Read-only"):
        kernel(home).connect()


def test_a_database_folder_that_cannot_be_written_to(folder, kernel, mount):
    home = folder / "home"
    home.mkdir()
    mount(home / "db", "size=8m,mode=0700")
    remount(home / "db", "ro")
    with pytest.raises(KernelError, match=r"DataHomeError: \S+/db cannot be written to"):
        kernel(home).connect()


def test_a_disk_that_is_full_from_the_start(folder, kernel, mount):
    home = folder / "home"
    mount(home, "size=64m")
    with pytest.raises(KernelError, match=r"DataHomeError: .*full.*needs 160 MB.*Free some space"):
        kernel(home).connect()


def test_a_disk_that_becomes_full_loses_nothing_that_was_acknowledged(folder, kernel, mount):
    home = folder / "home"
    mount(home, "size=200m,mode=0700")
    one = kernel(home)
    one.connect()
    one.ask(INSERT)
    _fill(home / "ballast")
    one.ask("import os\nfrom pymongo.errors import PyMongoError\nacknowledged = 500")
    one.ask(
        "def fill():\n"
        "    global acknowledged\n"
        "    while True:\n"
        "        c.database.things.insert_one({'x': os.urandom(1 << 20)})\n"
        "        acknowledged += 1\n"
    )
    with pytest.raises(KernelError):
        one.ask("fill()")
    again = (
        "c.ensure_running()\ntry: fill()  # it may find a little room\nexcept PyMongoError: pass"
    )
    with pytest.raises(KernelError, match=r"DataHomeError: .*full"):
        until(lambda: one.ask(again), seconds=120)
    (home / "ballast").unlink()
    remount(home, "size=600m")
    one.ask("c.ensure_running()")
    found, estimated = one.ask(COUNTS)
    assert found >= one.ask("acknowledged") >= 500
    assert estimated == found


def test_a_mongod_that_cannot_start_says_why(folder, kernel):
    home = folder / "home"
    (home / "db").mkdir(parents=True)
    (home / "db" / "WiredTiger").write_text("not what MongoDB writes")
    (home / "db" / "WiredTiger.turtle").write_text("not what MongoDB writes")
    with pytest.raises(KernelError, match=r"DatabaseError: .*does not start: mongod .*mongod\.log"):
        kernel(home).connect()


def _mongods(home):
    """Process ids of all that run on a home's database."""
    wanted = os.fsencode(home / "db")
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if arguments[0].endswith(b"/mongod") and wanted in arguments:
            found.append(int(each.name))
    return found


def _fill(path):
    with path.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * (1 << 20))
                file.flush()
        except OSError:
            return
