"""The frame's kernel side: who gets the secret, and that no notebook keeps it."""

import json

from workbench.widgets.app_frame import AppFrame


def make(trusted=None):
    return AppFrame(
        port=4242,
        token="a-secret",
        trust=print if trusted is None else trusted.append,
    )


def test_a_page_that_asks_is_trusted_first_and_told_then(monkeypatch):
    happened = []
    frame = make(happened)
    monkeypatch.setattr(frame, "send", happened.append)
    frame._handle_custom_msg({"kind": "hello", "origin": "http://localhost:8888"}, [])
    address = {"kind": "address", "port": 4242, "token": "a-secret"}
    assert happened == ["http://localhost:8888", address]


def test_any_other_message_gets_no_answer(monkeypatch):
    happened = []
    frame = make(happened)
    monkeypatch.setattr(frame, "send", happened.append)
    for message in ({}, {"kind": "address"}, {"kind": None}):
        frame._handle_custom_msg(message, [])
    assert happened == []


def test_the_secret_is_in_nothing_that_a_notebook_saves():
    frame = make()
    assert "a-secret" not in json.dumps(frame.get_state(), default=str)
    assert "a-secret" not in json.dumps(frame._repr_mimebundle_(), default=str)
    assert "a-secret" not in repr(frame)


def test_the_height_is_the_callers():
    assert AppFrame(port=1, token="x", trust=print, height=300).get_state()["height"] == 300
