"""Connecting a process: to the shared server, to the user's own, and FiftyOne with it."""

import os
import subprocess
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.dataset.kernels import Kernel, KernelError, alive, kill_server, server, until
from workbench.dataset import fiftyone_settings
from workbench.dataset.connection import connect
from workbench.dataset.mongod import find_mongod
from workbench.errors import DatabaseError


@pytest.fixture
def kernel(tmp_path):
    """Makes kernels that end with the test, and so do their servers."""
    made = []

    def make(home=tmp_path / "home", **environment):
        made.append(Kernel(home, **environment))
        return made[-1]

    yield make
    for each in made:
        each.kill()
    kill_server(tmp_path / "home")


def test_a_connection_is_ready_for_transactions(home):
    connection = connect()
    assert connection.owned
    assert connection.home == home
    assert connection.database.name == "fiftyone"
    things = connection.database.things
    with connection.client.start_session() as session, session.start_transaction():
        things.insert_one({"a": 1}, session=session)
    assert things.count_documents({}) == 1
    things.drop()


def test_fiftyone_is_told_the_same_server(home):
    connection = connect()
    assert os.environ["FIFTYONE_DATABASE_URI"] == connection.uri
    assert os.environ["FIFTYONE_DO_NOT_TRACK"] == "1"
    assert fiftyone_settings.user_uri() is None


def test_one_connection_a_process_whichever_thread_asks(home):
    found = []
    threads = [threading.Thread(target=lambda: found.append(connect(home))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [connect()] * 8


def test_a_second_home_in_one_process_is_refused(home, tmp_path):
    with pytest.raises(DatabaseError, match=r"connected to the data home .*restart the kernel"):
        connect(tmp_path)


def test_threads_may_bring_the_server_back_together(kernel, tmp_path):
    one = kernel()
    one.connect()
    os.kill(server(tmp_path / "home")["mongod"], 9)
    one.ask("from concurrent.futures import ThreadPoolExecutor as Pool")
    one.ask("with Pool(4) as pool: list(pool.map(lambda _: c.ensure_running(), range(4)))")
    assert one.ask("c.client.admin.command('ping')['ok']") == 1.0


def test_a_child_process_with_another_home_does_not_inherit_the_server(home, kernel, tmp_path):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("FIFTYONE_", "WORKBENCH_")) and name != "WORKBENCH_HOME"
    }
    child = kernel(**inherited)
    child.connect()
    assert child.ask("c.owned")
    assert Path(child.ask("c.home")) == tmp_path / "home"
    assert child.ask("c.uri") != connect().uri


def test_the_servers_of_users_are_used_as_they_are(home, kernel, tmp_path):
    theirs = connect()
    one = kernel(FIFTYONE_DATABASE_URI=theirs.uri, FIFTYONE_DATABASE_NAME="team")
    one.connect()
    assert not one.ask("c.owned")
    assert one.ask("c.uri") == theirs.uri
    assert one.ask("c.database.name") == "team"
    one.ask("c.ensure_running()")
    assert not (tmp_path / "home" / "run").exists()


def test_the_server_may_be_set_in_fiftyones_configuration_file(home, kernel, tmp_path):
    theirs = connect()
    path = tmp_path / "config.json"
    path.write_text(f'{{"database_uri": "{theirs.uri}", "database_name": "team"}}')
    one = kernel(FIFTYONE_CONFIG_PATH=str(path))
    one.connect()
    assert not one.ask("c.owned")
    assert one.ask("c.database.name") == "team"


@pytest.mark.parametrize(
    ("uri", "wanted"),
    [
        ("mongodb://me:secret@127.0.0.1:9/", r"mongodb://127\.0\.0\.1:9/ does not answer"),
        ("http://somewhere", "is not the address of a MongoDB server"),
    ],
)
def test_a_server_of_the_user_that_cannot_be_reached(kernel, uri, wanted):
    with pytest.raises(KernelError, match=f"DatabaseError: .*{wanted}") as caught:
        kernel(FIFTYONE_DATABASE_URI=uri).connect()
    assert "Or unset FIFTYONE_DATABASE_URI" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_server_of_the_user_without_transactions(kernel, tmp_path):
    socket = tmp_path / "s.sock"
    (tmp_path / "db").mkdir()
    command = [find_mongod(), "--dbpath", tmp_path / "db", "--bind_ip", socket, "--port", "0"]
    with subprocess.Popen(
        [*command, "--unixSocketPrefix", tmp_path], stdout=subprocess.DEVNULL
    ) as standalone:
        try:
            until(socket.exists)
            one = kernel(FIFTYONE_DATABASE_URI=f"mongodb://{quote(str(socket), safe='')}")
            with pytest.raises(KernelError, match=r"DatabaseError: .*no replica set.*--replSet"):
                one.connect()
        finally:
            standalone.kill()


def test_fiftyone_imported_first_is_pointed_at_the_server(kernel, tmp_path):
    one = kernel()
    one.ask("import fiftyone as fo")
    one.connect()
    one.ask("fo.Dataset('parts', persistent=True) and None")
    assert one.ask("c.database.datasets.distinct('name')") == ["parts"]
    assert one.ask("fo.config.do_not_track")
    one.ask("c.ensure_running()")
    # From now on it is bound to this server.
    one.ask("from workbench.dataset.fiftyone_settings import point_fiftyone_at")
    with pytest.raises(KernelError, match=r"FiftyOne is connected to .*restart the kernel"):
        one.ask("point_fiftyone_at('mongodb://elsewhere', own=False)")
    # And it survives the server's death as we do.
    before = server(tmp_path / "home")
    os.kill(before["mongod"], 9)
    until(lambda: not alive(before["mongod"]))
    one.ask("c.ensure_running()")
    assert one.ask("fo.list_datasets()") == ["parts"]


def test_nothing_heavy_is_imported(kernel):
    one = kernel()
    one.connect()
    assert not one.ask("bool({'fiftyone', 'torch', 'numpy'} & set(__import__('sys').modules))")
