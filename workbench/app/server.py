"""FiftyOne's server, inside the kernel.

FiftyOne starts its own in a process of its own, which takes seconds and listens unguarded. Here
its ASGI app runs in a thread: there within a second, gone with the kernel, never blocked by a
running cell, and its operators act on the live session.

Nothing stops the server but the end of the process. It is a daemon thread: Python leaves it
behind, whereas an orderly stop would come after Python has closed the executors it runs on.
"""

import asyncio
import logging
import secrets
import socket
import threading
import zlib
from pathlib import Path

from workbench.app.guard import Guard, Receive, Scope, Send
from workbench.errors import AppError

_START_SECONDS = 60.0

_lock = threading.Lock()
_current: "AppServer | None" = None


def start_server() -> "AppServer":
    """The server of this process, started where it does not run yet.

    Returns at once; `AppServer.wait` says when it answers. Call it early to have it warm.

    Raises:
        AppError: no port could be had.
    """
    global _current  # noqa: PLW0603  (one server a process: FiftyOne's App state is global too)
    with _lock:
        # Not running: it failed, or this is a fork, which inherits no threads.
        if _current is None or not _current.is_running:
            _current = AppServer()
        return _current


class AppServer:
    """FiftyOne's server behind the guard, on loopback, in a daemon thread.

    Attributes:
        port: where it listens, on 127.0.0.1 and, where it exists, ::1.
        token: the secret that the guard asks for; never log it or store it.
    """

    def __init__(self) -> None:
        sockets = _listen()
        self.port: int = sockets[0].getsockname()[1]
        self.token = secrets.token_urlsafe(32)
        self._trusted: set[str] = set()
        self._guard: Guard | None = None
        self._failure: BaseException | None = None
        self._settled = threading.Event()  # it answers, or it never will
        self._thread = threading.Thread(
            target=self._run, args=(sockets,), name="workbench-app", daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the server's thread lives."""
        return self._thread.is_alive()

    def wait(self, timeout: float = _START_SECONDS) -> None:
        """Return when the server answers.

        Args:
            timeout: seconds to wait for it.

        Raises:
            AppError: it could not start, or took longer than `timeout`.
        """
        if not self._settled.wait(timeout):
            raise AppError(
                f"the FiftyOne App's server did not start within {timeout:g} s: the machine may "
                "be busy; run the cell again, or restart the kernel"
            )
        if self._failure is not None:
            raise AppError(
                f"the FiftyOne App's server could not start ({self._failure!r}): restart the "
                "kernel; if it stays so, `workbench doctor` says what is missing"
            ) from self._failure

    def trust(self, origin: str) -> None:
        """Let the pages of `origin` (such as `http://localhost:8888`) hold the App in a frame."""
        self._trusted.add(origin)
        if self._guard is not None:
            self._guard.trust(origin)

    def _run(self, sockets: list[socket.socket]) -> None:
        try:
            asyncio.run(self._serve(sockets))
        except BaseException as error:  # noqa: BLE001  (reported by `wait`, in the caller's thread)
            self._failure = error
        finally:
            self._settled.set()

    async def _serve(self, sockets: list[socket.socket]) -> None:
        # Imported here, in the thread: it takes most of the start, and the browser may already
        # connect, for the sockets listen.
        from fiftyone.server.app import app
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        from workbench.app.media import StoredMedia
        from workbench.app.plugin import add_plugin

        add_plugin()
        app.debug = False  # True puts tracebacks into answers
        self._guard = Guard(app, token=self.token, port=self.port, is_media=StoredMedia())
        for origin in list(self._trusted):
            self._guard.trust(origin)

        config = Config()
        config.bind = [f"fd://{sock.detach()}" for sock in sockets]
        config.errorlog = logging.getLogger("workbench.app.server")
        config.accesslog = None
        config.include_server_header = False
        await serve(self._app, config, shutdown_trigger=asyncio.Event().wait)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The guard, and the server's start and end (ASGI's lifespan protocol).

        FiftyOne's own lifespan is left out: all it does is start a service that follows the
        database for panels open in other processes, and that cannot end without tracebacks.
        """
        if scope["type"] != "lifespan":
            assert self._guard is not None
            return await self._guard(scope, receive, send)
        await receive()
        await send({"type": "lifespan.startup.complete"})
        self._settled.set()
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})


def _listen() -> list[socket.socket]:
    """Listening sockets on one port of both loopback addresses.

    A browser tries `localhost` as ::1 first. Were it left free, another user of the machine could
    listen there and be handed the token.
    """
    both = _has_ipv6_loopback()
    for wanted in (_usual_port(), *[0] * 20):  # 0: any that is free
        try:
            four = socket.create_server(("127.0.0.1", wanted))
        except OSError:
            continue
        if not both:
            return [four]
        try:
            port = four.getsockname()[1]
            return [four, socket.create_server(("::1", port), family=socket.AF_INET6)]
        except OSError:
            four.close()
    raise AppError("no port is free on both loopback addresses: close some servers and try again")


def _usual_port() -> int:
    """The port to try first, each user's own.

    A browser keeps the App's settings (what is shown, what was dismissed) by port.
    """
    return 20_000 + zlib.crc32(str(Path.home()).encode()) % 10_000


def _has_ipv6_loopback() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
