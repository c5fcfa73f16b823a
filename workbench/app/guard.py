"""What stands between a browser and FiftyOne's server, which itself asks nobody who they are.

FiftyOne's server reads files for whoever asks. Its routes, reviewed for the version that
`pyproject.toml` allows (`tests/app/test_routes.py` fails when one is added):

    /media                 any path the user can read    only media stored in a dataset
    /plugins/...           the user's plugin folder      only what a page loads, no sources
    /screenshot, /runtime-assets, .../commit-mask        closed: nothing here needs them
    /, /assets/...         the App's own pages           open
    everything else        answers from the database     open

"Open" means: to a caller who knows the token, from a page of this same address. The token is the
boundary. Whoever holds it can run the App's operators, and those run with the kernel's rights.

Written against bare ASGI, because Starlette's `BaseHTTPMiddleware` breaks the event stream.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from workbench.app.policy import harden

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_HEADER = "x-workbench-token"
"""Carries the token where a path cannot: FiftyOne's Python client builds its own addresses."""

ALIVE = "/alive"
"""Answered by the guard itself, so that a frame can tell a dead kernel from a slow one."""

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

_TOKEN_PATH = re.compile(r"/t/(?P<token>[^/]*)(?P<rest>/.*)", re.DOTALL)
_CLOSED = re.compile(r"/screenshot/.*|/runtime-assets/.*|.*/commit-mask")
_PAGE_ASSET = re.compile(r".*\.(js|mjs|css|map|json|wasm|svg|png|jpe?g|gif|woff2?)")
# Control characters too: Starlette's routes end in `$`, which matches before a newline.
_ODD_CHARACTER = re.compile(r"[\x00-\x1f\x7f\\]")
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:\d+)?|https?://\[[0-9a-f:.]+\](:\d+)?")


class Guard:
    """An ASGI app that hands on to another only what may pass."""

    def __init__(
        self, app: ASGIApp, *, token: str, port: int, is_media: Callable[[str], bool]
    ) -> None:
        """Stand before `app`.

        Args:
            app: FiftyOne's server.
            token: the secret, safe in a path; it arrives as `/t/<token>/...` or in `TOKEN_HEADER`.
            port: the port that the server listens on, part of every Host and Origin accepted.
            is_media: says whether a path is stored as media of a dataset; called in a thread.
        """
        self._app = app
        self._token = token.encode()
        self._is_media = is_media
        self._hosts = {f"{name}:{port}" for name in LOOPBACK_NAMES}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._ancestors: set[str] = set()

    def trust(self, origin: str) -> bool:
        """Let a notebook's page hold the App in a frame.

        A page that is not on loopback reaches this server through a proxy under its own address,
        so its host is accepted as ours from then on.

        Args:
            origin: what the page says of itself (`location.origin`), over the kernel's own
                authenticated channel.

        Returns:
            Whether it was an http(s) origin; anything else changes nothing.
        """
        origin = origin.lower()
        if not _ORIGIN.fullmatch(origin):
            return False
        self._ancestors.add(origin)
        netloc = urlsplit(origin).netloc
        if not is_loopback(netloc):
            self._hosts.add(netloc)
            self._origins.add(origin)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI)."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})  # the App uses none

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._admit(scope)
        media = path == "/media"
        send = harden(send, media=media, ancestors=self._ancestors)
        if path is None:
            return await _answer(send, 403)
        if path == ALIVE:
            return await _answer(send, 204)
        if not _is_open(path):
            return await _answer(send, 404)
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        if media:
            stored = await self._stored_media(scope)
            if stored is None:
                return await _answer(send, 404)
            # One parameter, as it was checked: FiftyOne must not read the query another way.
            inner["query_string"] = urlencode({"filepath": stored}).encode()
        return await self._app(inner, receive, send)

    def _admit(self, scope: Scope) -> str | None:
        """The path without its token, or None for a caller who may not come in."""
        hosts = _header(scope, "host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return None  # a foreign name that resolves to loopback (DNS rebinding)
        if any(origin.lower() not in self._origins for origin in _header(scope, "origin")):
            return None
        tokens, path = _header(scope, TOKEN_HEADER), scope["path"]
        if not tokens:
            match = _TOKEN_PATH.fullmatch(path)
            if match is None:
                return None
            tokens, path = [match["token"]], match["rest"]
        if len(tokens) != 1 or not compare_digest(tokens[0].encode(), self._token):
            return None
        return str(path)

    async def _stored_media(self, scope: Scope) -> str | None:
        """The one file path that the query names, where it may be served."""
        if scope["method"] not in ("GET", "HEAD"):
            return None
        paths = parse_qs(scope["query_string"].decode("latin-1")).get("filepath", [])
        if len(paths) != 1 or _ODD_CHARACTER.search(paths[0]):
            return None
        return paths[0] if await asyncio.to_thread(self._is_media, paths[0]) else None


def is_loopback(netloc: str) -> bool:
    """Whether `host[:port]` names this machine's loopback."""
    return re.sub(r":\d+$", "", netloc) in LOOPBACK_NAMES


def _is_open(path: str) -> bool:
    """Whether a path that came in with the token may be asked for at all."""
    if _ODD_CHARACTER.search(path) or not {".", ".."}.isdisjoint(path.split("/")):
        return False
    if path.startswith("/plugins/"):
        return _PAGE_ASSET.fullmatch(path) is not None
    return _CLOSED.fullmatch(path) is None


async def _answer(send: Send, status: int) -> None:
    """Answer with a status and no bytes: a refusal tells nothing."""
    headers = [] if status == 204 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _header(scope: Scope, name: str) -> list[str]:
    wanted = name.encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]
