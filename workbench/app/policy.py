"""What the server's answers may carry and what a browser may do with them."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# The App compiles WebAssembly and styles itself inline; it talks to nobody but its own server.
APP_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'none'"
)
# A stored SVG or HTML file that is opened as a page must not run as part of the App.
MEDIA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

_DROPPED = {
    b"content-security-policy",
    # Both would keep the App out of a notebook's frame; FiftyOne sends them outside of notebooks.
    b"cross-origin-opener-policy",
    b"cross-origin-embedder-policy",
    b"referrer-policy",
    b"x-content-type-options",
}
_FAILED = b'{"kind": "Server Error", "stack": "The server failed; see the log of the kernel."}'


def harden(send: Send, *, media: bool, ancestors: Collection[str]) -> Send:
    """Wrap an ASGI `send` so that every answer carries our policy and none carries a traceback.

    FiftyOne answers an error with its traceback, and an unknown path with a redirect to `/`,
    which lies outside of the token's path: the first loses its body, the second becomes a 404.

    Args:
        send: where the answer goes.
        media: whether the answer is a stored file and not part of the App.
        ancestors: origins of the pages that may hold the answer in a frame.

    Returns:
        The `send` to hand to the app.
    """
    body: bytes | None = None  # set: replaces the app's own

    async def guarded(message: Message) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            status, headers = message["status"], message.get("headers", [])
            if 300 <= status < 400 and status != 304:
                status, body = 404, b""
            elif status >= 500:
                body = _FAILED
            if body is not None:
                headers = [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                ]
            headers = [(k, v) for k, v in headers if k.lower() not in _DROPPED]
            headers += _headers(MEDIA_POLICY if media else APP_POLICY, ancestors)
            await send({**message, "status": status, "headers": headers})
        elif message["type"] == "http.response.body" and body is not None:
            if not message.get("more_body", False):
                await send({"type": "http.response.body", "body": body})
        else:
            await send(message)

    return guarded


def _headers(policy: str, ancestors: Collection[str]) -> list[tuple[bytes, bytes]]:
    frames = " ".join(["'self'", *sorted(ancestors)])
    return [
        (b"content-security-policy", f"{policy}; frame-ancestors {frames}".encode()),
        (b"referrer-policy", b"no-referrer"),  # the token is part of the address
        (b"x-content-type-options", b"nosniff"),
    ]
