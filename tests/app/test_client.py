"""FiftyOne's Python client behind the guard. Every private name that we use is used here."""

import contextlib
import http.server
import threading
import time
import types
from concurrent.futures import Future

import psutil
import pytest

from workbench.errors import AppError


def state_of_the_server():
    from fiftyone.server.events.state import get_state

    return get_state()


def select_in_the_page(call, *ids):
    """What the App's page sends when a person ticks samples."""
    samples = [{"id": each, "type": "default"} for each in ids]
    event = {"event": "select_samples", "data": {"samples": samples}, "subscription": "a-page"}
    assert call("/event", method="POST", data=event).status == 200


def test_the_server_knows_the_dataset_as_soon_as_the_app_is_open(app, dataset):
    assert state_of_the_server().dataset.name == dataset.name


def test_a_session_is_heard_as_soon_as_it_is_open(app, server, dataset):
    from fiftyone.server.events.state import get_requests

    from workbench.app.client import open_session

    session = open_session(server, dataset, on_select=lambda _: None)
    assert session._client._subscription in get_requests()
    session._client.close()


def test_a_client_that_lost_its_stream_is_waited_for(app, dataset, monkeypatch):
    from workbench.app import client

    app.session._client._connected = False  # FiftyOne's client, until it tries again
    come_back = lambda _: setattr(app.session._client, "_connected", True)  # noqa: E731
    clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=come_back)
    monkeypatch.setattr(client, "time", clock)
    app.show(dataset.limit(3))
    assert state_of_the_server().view.count() == 3


def test_a_client_that_stays_away_is_reported(app, dataset, monkeypatch):
    from workbench.app import client

    monkeypatch.setattr(client, "_CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(app.session._client, "_connected", False)
    with pytest.raises(AppError, match=r"did not reach its server within 0\.1 s"):
        app.show(dataset.limit(3))


def test_a_view_that_is_set_reaches_the_app(app, dataset):
    app.session.view = dataset.limit(3)
    assert state_of_the_server().view.count() == 3
    app.show(dataset.limit(2))
    assert state_of_the_server().view.count() == 2
    app.show(None)
    assert state_of_the_server().view is None


def test_a_saved_view_is_shown_by_its_name(app, dataset):
    dataset.save_view("Four of them", dataset.limit(4), overwrite=True)
    app.show("Four of them")
    assert state_of_the_server().view.count() == 4
    with pytest.raises(AppError, match=r"no saved view 'Five of them'; it has: .*'Four of them'"):
        app.show("Five of them")


def test_there_is_one_app_a_kernel(app, dataset):
    from workbench.app import open_app

    assert open_app(dataset) is app


def test_opening_another_dataset_turns_the_app_to_it(app, dataset):
    import fiftyone as fo

    from workbench.app import open_app

    other = fo.Dataset()
    try:
        assert open_app(other) is app
        assert state_of_the_server().dataset.name == other.name
    finally:
        open_app(dataset)
        other.delete()
    assert state_of_the_server().dataset.name == dataset.name


def test_a_selection_in_the_page_reaches_the_kernel(app, call, dataset):
    ids = dataset.values("id")[:2]
    told = Future()
    end = app.on_select(told.set_result)
    select_in_the_page(call, *ids)
    assert told.result(30) == ids
    assert app.selected == ids
    end()
    again = Future()
    end_again = app.on_select(again.set_result)
    select_in_the_page(call, ids[0])
    assert again.result(30) == ids[:1]
    end_again()
    assert told.result() == ids


def test_a_callback_that_fails_is_logged_and_the_app_goes_on(app, call, dataset, caplog):
    told = Future()

    def fail(_):
        raise ValueError("in the callback")

    ends = [app.on_select(fail), app.on_select(told.set_result)]
    select_in_the_page(call, dataset.first().id)
    assert told.result(30) == [dataset.first().id]
    for end in ends:
        end()
    assert "in the callback" in caplog.text


def test_opening_the_same_dataset_again_keeps_the_selection(app, call, dataset):
    from workbench.app import open_app

    told = Future()
    end = app.on_select(told.set_result)
    select_in_the_page(call, dataset.first().id)
    told.result(30)
    end()
    assert open_app(dataset).selected == [dataset.first().id]


def test_refresh_shows_fields_that_another_process_made(app, dataset):
    from fiftyone.core.odm import get_db_conn

    documents = get_db_conn()["datasets"]
    fields = documents.find_one({"name": dataset.name})["sample_fields"]
    made = next(field for field in fields if field["name"] == "split") | {
        "name": "made_elsewhere",
        "db_field": "made_elsewhere",
    }
    documents.update_one({"name": dataset.name}, {"$push": {"sample_fields": made}})
    assert not dataset.has_sample_field("made_elsewhere")
    app.refresh()
    assert dataset.has_sample_field("made_elsewhere")


def test_fiftyone_starts_no_server_of_its_own(app):
    import fiftyone.core.session.session as sessions

    assert type(sessions._server_services[app.port]).__name__ == "_InThisProcess"
    lines = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # of what runs behind the tests, and ended
            lines.append(" ".join(child.cmdline()))
    assert not [line for line in lines if "fiftyone" in line and "main.py" in line]


def test_the_sessions_own_page_stays_shut(app, capsys):
    app.session.open()
    app.session.show()
    app.session.freeze()
    assert capsys.readouterr().out == ""


def test_the_token_goes_to_our_server_alone(app):
    import fiftyone.core.session.client as client

    seen = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        threading.Thread(target=elsewhere.handle_request).start()
        client.requests.get(f"http://127.0.0.1:{elsewhere.server_port}/fiftyone", timeout=120)
    assert len(seen) == 1
    assert app.token not in str(seen[0])
    assert client.requests.get(f"http://127.0.0.1:{app.port}/fiftyone").status_code == 200


def test_no_proxy_is_asked_for_our_server(app, monkeypatch):
    import fiftyone.core.session.client as client

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert client.requests.get(f"http://127.0.0.1:{app.port}/fiftyone").status_code == 200


def test_a_change_of_view_says_nothing_in_the_cell(app, dataset, capfd, caplog):
    app.show(dataset.limit(1))
    assert capfd.readouterr().err == ""
    assert not caplog.records
