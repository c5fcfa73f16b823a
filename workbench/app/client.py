"""FiftyOne's Python client, taught about the guard.

The client sends plain requests to its server and, told 403, starts a server of its own,
unguarded. Both are mended here, for addresses of our server only: a session that somebody opens
elsewhere works as ever. `tests/app/test_client.py` holds each private name used.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import fiftyone as fo
import fiftyone.core.session.client as client
import fiftyone.core.session.session as sessions
import requests
from fiftyone.server.events.state import get_requests

from workbench.app.guard import TOKEN_HEADER
from workbench.app.server import AppServer
from workbench.errors import AppError

ADDRESS = "127.0.0.1"
_CONNECT_SECONDS = 30.0


class FrameSession(fo.Session):
    """A FiftyOne session whose page is workbench's frame: it opens no tab and draws no cell."""

    def open(self) -> None:
        """Do nothing: the frame is the page."""

    def show(self, height: int | None = None) -> None:
        """Do nothing: FiftyOne's own frame knows no token."""

    def freeze(self) -> None:
        """Do nothing: there is no cell of FiftyOne's to freeze."""


def open_session(server: AppServer, dataset: Any, *, on_select: Callable[[list[str]], None]) -> Any:
    """Connect a FiftyOne session to our server.

    Args:
        server: the server of this process.
        dataset: the `fiftyone.Dataset` to show.
        on_select: called with the ids of the selected samples whenever they change, from the
            client's thread. It must not raise, for that would cut the client off. There is one
            for good, because FiftyOne's set of listeners must not change while it dispatches.

    Returns:
        A `fiftyone.Session`: what is set on it shows in the App, and the other way round.
    """
    if not isinstance(client.requests, _Requests):
        client.requests = _Requests()
        logging.getLogger("fiftyone.core.config").addFilter(_is_news)
    client.requests.tokens[f"http://{ADDRESS}:{server.port}/"] = server.token
    # A service that is listed as running is not started.
    sessions._server_services.setdefault(server.port, _InThisProcess())
    session = FrameSession(dataset, port=server.port, address=ADDRESS, auto=False)
    session._client.add_event_listener("select_samples", lambda event: on_select(_ids(event)))
    session._disable_wait_warning = True  # a script that ends early needs no lesson
    wait_until_connected(session)
    return session


def _ids(event: Any) -> list[str]:
    return [each["id"] if isinstance(each, dict) else each for each in event.samples]


def wait_until_connected(session: Any) -> None:
    """Return when client and server hear each other.

    At the start: a page that comes earlier is shown nothing. Later: a client that has lost its
    stream tries again in ten seconds, and refuses everything until then.

    Raises:
        AppError: they do not within half a minute.
    """
    client, end = session._client, time.monotonic() + _CONNECT_SECONDS
    while not client._connected or client._subscription not in get_requests():
        if time.monotonic() > end:
            raise AppError(
                f"FiftyOne's client did not reach its server within {_CONNECT_SECONDS:g} s: the "
                "machine may be busy; run the cell again"
            )
        time.sleep(0.005)


def _is_news(record: logging.LogRecord) -> bool:
    """False for what FiftyOne 1.22 says of its own settings, thrice, at every change of view."""
    return "App config option has been removed" not in str(record.msg)


class _InThisProcess:
    """Stands for the server in FiftyOne's list of those it has to stop."""

    def stop(self) -> None:
        """Do nothing: the server goes with the kernel."""


class _Requests:
    """What FiftyOne's client uses of `requests`, with the token for addresses that need one."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}  # by the start of the address

    def get(self, url: str, **options: Any) -> requests.Response:
        return self._request("GET", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self._request("POST", url, **options)

    def _request(
        self, method: str, url: str, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        for start, token in self.tokens.items():
            if url.startswith(start):
                with requests.Session() as session:
                    session.trust_env = False  # a proxy must neither see the token nor be asked
                    sent = {**(headers or {}), TOKEN_HEADER: token}
                    return session.request(method, url, headers=sent, **options)
        return requests.request(method, url, headers=headers, **options)
