"""The server's life: once a process, on loopback, gone with it, never in a cell's way."""

import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from workbench.app import server as server_module
from workbench.app.server import AppServer, start_server
from workbench.errors import AppError


def test_there_is_one_a_process(server):
    assert start_server() is server


def test_it_listens_on_loopback_alone(server):
    import psutil

    listening = [
        connection.laddr
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == server.port
    ]
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert "127.0.0.1" in {address.ip for address in listening}


def test_nobody_else_can_have_its_port_on_the_other_loopback_address(server):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match="in use"):
        other.bind(("::1", server.port))


def test_it_comes_back_to_its_usual_port_where_that_is_free(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as some:
        port = some.getsockname()[1]
        monkeypatch.setattr(server_module, "_usual_port", lambda: port)
        taken = server_module._listen()
        assert taken[0].getsockname()[1] != port
    back = server_module._listen()
    assert {each.getsockname()[1] for each in back} == {port}
    for each in taken + back:
        each.close()


def test_it_answers_while_a_cell_computes(call):
    answered = threading.Event()

    def ask():
        assert call("/fiftyone").status == 200
        answered.set()

    asking = threading.Thread(target=ask)
    asking.start()
    end = time.monotonic() + 60
    while not answered.is_set() and time.monotonic() < end:
        sum(range(10_000))  # holds the interpreter, as a cell does
    asking.join()
    assert answered.is_set()


def test_a_server_that_cannot_start_says_why(monkeypatch):
    from workbench.app import plugin

    def missing():
        raise AppError("the FiftyOne plugin is missing")

    monkeypatch.setattr(plugin, "add_plugin", missing)
    server = AppServer()
    with pytest.raises(AppError, match=r"could not start .*plugin is missing.*restart the kernel"):
        server.wait()
    assert not server.is_running


def test_the_tokens_of_two_servers_differ(monkeypatch):
    from workbench.app import plugin

    monkeypatch.setattr(plugin, "add_plugin", lambda: 1 / 0)
    tokens = {AppServer().token for _ in range(2)}
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


KERNEL = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from workbench.dataset.connection import connect
    connect()
    import fiftyone as fo
    from tests.app.caller import Caller
    from workbench.app import open_app

    app = open_app(fo.load_dataset("app-tests"))
    call = Caller(app.port, app.token)
    connection = __import__("http.client").client.HTTPConnection("127.0.0.1", app.port)
    request = {"initializer": {"dataset": None}, "events": ["refresh"], "subscription": "page"}
    call.send(connection, f"{call.prefix}/events", "POST", request)  # a page that stays open
    query = {"query": "query { estimatedDatasetCount }"}
    assert call("/graphql", method="POST", data=query).status == 200
    app.refresh()
    print(app.port)
"""


def test_a_process_that_served_ends_quietly(dataset, pytestconfig):
    code = textwrap.dedent(KERNEL)
    ended = subprocess.run(
        [sys.executable, "-c", code, pytestconfig.rootpath],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    port = int(ended.stdout)  # and nothing else was printed
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
