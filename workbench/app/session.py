"""The App as the notebook sees it: what it shows, and what is selected in it."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from workbench.app.server import AppServer, start_server
from workbench.errors import AppError

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_current: "App | None" = None


def open_app(dataset: Any, *, view: Any = None) -> "App":
    """Show a dataset in the FiftyOne App of this kernel.

    There is one App a kernel, as in FiftyOne: opening another dataset turns every frame to it.

    Args:
        dataset: a `fiftyone.Dataset`.
        view: what of it to show: a `fiftyone.DatasetView`, the name of a saved view, or None.

    Raises:
        AppError: the server could not start, or there is no saved view of that name.
    """
    global _current  # noqa: PLW0603  (FiftyOne's App has one state a process)
    with _lock:
        server = start_server()
        server.wait()
        if _current is None or _current.server is not server:
            _current = App(server, dataset)
        _current.open(dataset, view=view)
        return _current


def selected_in_app(dataset_name: str) -> list[str]:
    """Ids of the samples of a dataset that are selected in the App of this kernel.

    Args:
        dataset_name: the FiftyOne dataset's name.

    Returns:
        They are in the order of their selection, and none where nothing is selected, no App is
        open, or it shows another dataset.
    """
    if (app := _current) is None:
        return []
    from fiftyone.server.events.state import get_state

    shown = get_state().dataset
    return app.selected if shown is not None and shown.name == dataset_name else []


class App:
    """The FiftyOne App of this kernel.

    Attributes:
        server: what serves it.
        session: the `fiftyone.Session` behind it, for everything that is not here.
    """

    def __init__(self, server: AppServer, dataset: Any) -> None:
        """Connect to a running server; `open_app` is the way to get one."""
        from workbench.app.client import open_session

        self.server = server
        self._callbacks: tuple[Callable[[list[str]], None], ...] = ()
        self.session = open_session(server, dataset, on_select=self._tell)

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that the App is served on."""
        return self.server.port

    @property
    def token(self) -> str:
        """The secret that opens the App; give it to the page, never to a file."""
        return self.server.token

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the App; holds the token."""
        return f"http://127.0.0.1:{self.port}{app_path(self.token)}"

    @property
    def selected(self) -> list[str]:
        """Ids of the samples that are selected in the grid, in the order of their selection.

        Of patches and frames, the samples that they belong to. The server says so, which hears of a
        click before anybody else.
        """
        from fiftyone.server.events.state import get_state

        state = get_state()
        chosen = state.selected_samples or []
        ids = [each["id"] if isinstance(each, dict) else each for each in chosen]
        if ids and state.view is not None and state.view.has_sample_field("sample_id"):
            ids = list(state.view.select(ids, ordered=True).values("sample_id"))
        return list(dict.fromkeys(ids))

    def open(self, dataset: Any, *, view: Any = None) -> None:
        """Turn the App to a dataset; see `open_app`."""
        if self.session.dataset is not dataset:
            self._wait_until_connected()
            self.session.dataset = dataset
        self.show(view)

    def show(self, view: Any = None) -> None:
        """Show a part of the dataset.

        Args:
            view: a `fiftyone.DatasetView`, the name of a saved view, or None for everything.

        Raises:
            AppError: there is no saved view of that name.
        """
        if isinstance(view, str):
            view = self._saved_view(view)
        if view is None and self.session.view is None:
            return  # as it is: a new state would throw away the person's selection
        self._wait_until_connected()
        self.session.view = view

    def refresh(self) -> None:
        """Show what has changed in the database, fields made by other processes included."""
        if self.session.dataset is not None:
            self.session.dataset.reload()
        self._wait_until_connected()
        self.session.refresh()

    def on_select(self, callback: Callable[[list[str]], None]) -> Callable[[], None]:
        """Call back with the ids of the selected samples whenever the selection changes.

        Args:
            callback: called from a thread of the session's; what it raises is logged.

        Returns:
            A function that ends it.
        """
        self._callbacks += (callback,)
        return lambda: self._forget(callback)

    def trust(self, origin: str) -> None:
        """Let the pages of `origin`, the notebook's, hold the App in a frame."""
        self.server.trust(origin)

    def _tell(self, selected: list[str]) -> None:
        for callback in self._callbacks:
            try:
                callback(selected)
            except Exception:  # noqa: BLE001  (the App's events all come through this thread)
                _log.exception("a callback failed on the App's selection")

    def _forget(self, callback: Callable[[list[str]], None]) -> None:
        self._callbacks = tuple(each for each in self._callbacks if each != callback)

    def _wait_until_connected(self) -> None:
        from workbench.app.client import wait_until_connected

        wait_until_connected(self.session)

    def _saved_view(self, name: str) -> Any:
        dataset = self.session.dataset
        if not dataset.has_saved_view(name):
            names = ", ".join(map(repr, dataset.list_saved_views())) or "none yet"
            raise AppError(f"{dataset.name!r} has no saved view {name!r}; it has: {names}")
        return dataset.load_saved_view(name)


def app_path(token: str) -> str:
    """The App's path on its server.

    Args:
        token: the server's secret.

    Returns:
        A path whose `proxy` parameter tells the App to ask for everything beneath the token.
    """
    return f"/t/{token}/?proxy=/t/{token}/"
