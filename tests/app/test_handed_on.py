"""What the guard hands on: checked on a recorder, since FiftyOne may grow less careful one day."""

import asyncio

import pytest

from workbench.app.guard import Guard


def hand_on(path, query=b"", **more):
    """The scope that the app behind the guard is called with, or None where it is not called."""
    handed = []

    async def recorder(scope, receive, send):
        handed.append(scope)

    async def nothing(*_):
        return {}

    guard = Guard(recorder, token="secret", port=4242, is_media=lambda path: path == "/a b&c.png")
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/t/secret{path}",
        "raw_path": b"/t/secret/raw",
        "root_path": "/t",
        "query_string": query,
        "headers": [(b"host", b"localhost:4242")],
    }
    asyncio.run(guard({**scope, **more}, nothing, nothing))
    return handed[0] if handed else None


def test_the_token_is_taken_off():
    scope = hand_on("/graphql", b"a=1")
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == ("/graphql", b"/graphql", "")
    assert scope["query_string"] == b"a=1"


@pytest.mark.parametrize("more", [b"", b"&x=1", b"&FILEPATH=%2Fetc%2Fpasswd", b"&;filepath=/x"])
def test_media_is_asked_for_by_one_parameter(more):
    scope = hand_on("/media", b"filepath=/a%20b%26c.png" + more)
    assert scope["query_string"] == b"filepath=%2Fa+b%26c.png"


@pytest.mark.parametrize("path", ["/..", "/a/../b", "/./media", "/a\\b", "/media\n", "/media\x00"])
def test_no_odd_path_is_handed_on(path):
    assert hand_on(path, b"filepath=/a%20b%26c.png") is None


def test_only_http_is_handed_on():
    assert hand_on("/events", type="websocket") is None
