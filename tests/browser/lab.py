"""A real JupyterLab in a real Chromium, as an object: start it, open a notebook, run its cells.

    with Lab(tmp_path, log=tmp_path / "lab.log") as lab:
        page = lab.open(lab.write("a", ["1 + 1"]), theme="dark")
        page.run_cell(0)
        page.execute("1 + 1")  # "2"

Everything waits for a state and nothing sleeps for a time.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Self

import nbformat
from playwright.sync_api import Page, sync_playwright

from tests import chromium
from tests.browser.kernels import KERNELS, install_older, write_kernelspecs
from tests.browser.page import LabPage
from workbench.doctor.browser import find_browser

ROOT = Path(__file__).resolve().parents[2]

Host = Literal["127.0.0.1", "localhost"]
Theme = Literal["light", "dark"]

TOKEN = "browser-tests"

# Plugin -> settings. Nothing that asks the network, pops up, or writes behind a test's back; and
# every cell in the page whether it is scrolled to or not, so that a test can look at it.
_SETTINGS = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


class Lab:
    """One JupyterLab server and one Chromium, for as many notebooks as a test run opens.

    Attributes:
        root: the folder that JupyterLab serves; notebooks are written here.
        log: what the server and all its kernels print.
        port: the port of the server, on loopback.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self.root = folder / "notebooks"
        self.log = log
        self.port = 0
        self._folder = folder
        self._started = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:  # what has started is ended, should the rest fail to
            self._start_server(started)
            self._start_browser(started)
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def write(self, name: str, cells: list[str], kernel_name: str = KERNELS[-1]) -> Path:
        """Write a notebook of code cells.

        Args:
            name: its file name, without the ending.
            cells: the source of each cell.
            kernel_name: one of `KERNELS`.

        Returns:
            The notebook's path, under `root`.
        """
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": kernel_name, "display_name": kernel_name}},
        )
        path = self.root / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    def open(self, notebook: Path, host: Host = "127.0.0.1", theme: Theme = "light") -> LabPage:
        """Open a notebook in a fresh browser profile and wait until its kernel is idle.

        Args:
            notebook: a notebook under `root`.
            host: the name of this machine in the page's address.
            theme: JupyterLab's light or dark theme.

        Returns:
            The page, to be closed by the caller.
        """
        context = self._browser.new_context(viewport={"width": 1400, "height": 900})
        page = LabPage(context.new_page())
        page.load(self.address(notebook, host))
        page.set_theme(theme)
        return page

    def path(self, notebook: Path) -> str:
        """What JupyterLab calls a notebook under `root`."""
        return notebook.relative_to(self.root).as_posix()

    def address(self, notebook: Path, host: Host = "127.0.0.1") -> str:
        """Where a browser finds a notebook."""
        return f"http://{host}:{self.port}/lab/tree/{self.path(notebook)}?reset&token={TOKEN}"

    def move_session(self, session: str, notebook: Path) -> None:
        """Make a session that runs, and with it its kernel, that of another notebook."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/sessions/{session}",
            json.dumps({"path": self.path(notebook), "name": notebook.name}).encode(),
            {"Authorization": f"token {TOKEN}"},
            method="PATCH",
        )
        urllib.request.urlopen(request, timeout=60).close()

    def blank(self, **context: Any) -> Page:
        """An empty page of the browser, for code that needs no notebook; to be closed.

        Args:
            context: options of its context, such as `has_touch`.
        """
        return self._browser.new_context(**context).new_page()

    def _start_server(self, started: ExitStack) -> None:
        folders = {
            f"JUPYTER_{kind.upper()}_DIR": self._folder / kind
            for kind in ("config", "data", "runtime")
        } | {"IPYTHONDIR": self._folder / "ipython"}
        for folder in (self.root, *folders.values()):
            folder.mkdir(parents=True, exist_ok=True)
        write_kernelspecs(folders["JUPYTER_DATA_DIR"], install_older(ROOT / ".cache"))
        _write_settings(folders["JUPYTER_CONFIG_DIR"])
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",  # a free one; the server writes down which
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={TOKEN}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        env = os.environ | {name: str(folder) for name, folder in folders.items()}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=self.root)
        started.callback(_end, server)
        written = folders["JUPYTER_RUNTIME_DIR"] / f"jpserver-{server.pid}.json"
        wait_for(lambda: self._answers(server, written), "JupyterLab to start", 240)

    def _answers(self, server: subprocess.Popen[bytes], written: Path) -> bool:
        """Whether the server serves; raises when it has ended instead."""
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended at its start:\n{self.log.read_text()[-4000:]}")
        try:
            self.port = json.loads(written.read_text())["port"]
            address = f"http://127.0.0.1:{self.port}/api/status?token={TOKEN}"
            return urllib.request.urlopen(address, timeout=5).status == 200
        except (OSError, ValueError):  # not yet written, half written, not yet listening
            return False

    def _start_browser(self, started: ExitStack) -> None:
        if not (path := find_browser()):
            raise RuntimeError("no Chromium found: 'make test' installs one, or set CHROMIUM")
        playwright = started.enter_context(sync_playwright())
        self._browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=chromium.FLAGS
        )
        started.callback(self._browser.close)


def wait_for(ready: Callable[[], bool], what: str, timeout: float) -> None:
    """Ask until it is so.

    Args:
        ready: the question.
        what: what is waited for, for the error.
        timeout: seconds to go on asking.

    Raises:
        TimeoutError: it did not come to be so.
    """
    end = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.05)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()  # on SIGTERM the server ends its kernels too
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _write_settings(config_dir: Path) -> None:
    for plugin, settings in _SETTINGS.items():
        path = config_dir / "lab/user-settings/@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
