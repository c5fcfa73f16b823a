"""One notebook in a browser tab: run cells, ask its kernel, look at what is drawn."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

_THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

# `jupyterapp` is there because the server runs with --LabApp.expose_app_in_browser.
_IDLE = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return context?.isReady && context.session?.kernel?.status === 'idle';
}"""

_RUN_CELL = """index => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    window.cellRuns ??= {};
    const run = (cellRuns[index] = {ended: false});
    jupyterapp.commands.execute('notebook:run-cell').catch(String).then(() => (run.ended = true));
}"""

_ERRORS = """index => jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON()
    .filter(output => output.output_type === 'error')
    .map(output => `${output.ename}: ${output.evalue}\\n${output.traceback.join('\\n')}`)"""

_OPEN = """async path => {
    await jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
}"""

# The session stays, and is told; what a notebook leaves in a page goes with it.
_LEAVE = """() => {
    const widget = jupyterapp.shell.currentWidget;
    const {id} = widget.sessionContext.session;
    widget.dispose();
    window.cellRuns = {};
    localStorage.clear();
    return id;
}"""

# Outside the notebook's cells, over the same kernel: what a cell would print and evaluate to.
_EXECUTE = """async ([code, seconds]) => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false, stop_on_error: false});
    const said = {text: '', error: ''};
    future.onIOPub = ({header, content}) => {
        if (header.msg_type === 'stream' && content.name === 'stdout') said.text += content.text;
        if (header.msg_type === 'execute_result') said.text += content.data['text/plain'];
        if (header.msg_type === 'error') said.error = content.traceback.join('\\n');
    };
    const late = new Promise(resolve => setTimeout(resolve, seconds * 1000, 'late'));
    if ((await Promise.race([future.done, late])) === 'late')
        said.error ||= `no answer within ${seconds} s; the kernel is ${kernel.status}`;
    return said;
}"""


# Milliseconds before a wait gives up: a shared machine may stand still for a while, and a test that
# waits for a state loses nothing by patience.
PATIENCE = 1_000 * int(os.environ.get("PATIENCE", "240"))


class KernelError(AssertionError):
    """Code that a test ran in the kernel raised, or did not end in time."""


class LabPage:
    """A notebook that is open in JupyterLab.

    Attributes:
        page: Playwright's page, for everything that has no method here.
        console: what the page wrote to the browser's console, errors included.
        address: of the notebook in the lab.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.console: list[str] = []
        self.address = ""
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))

    def load(self, address: str) -> None:
        """Go to an address of the lab and wait until the notebook's kernel is idle."""
        self.address = address
        self.page.goto(address)
        self.wait_idle()

    def reload(self) -> None:
        """Load the page anew; the kernel lives on."""
        self.load(self.address)

    def leave(self) -> str:
        """Close the notebook, unsaved, and neither page nor kernel; its session's id."""
        session: str = self.page.evaluate(_LEAVE)
        self.page.mouse.move(0, 0)
        return session

    def open(self, address: str, path: str) -> None:
        """Open a notebook in a page that was left, and wait until its kernel is idle.

        Args:
            address: of the notebook in the lab, for `reload`.
            path: of the notebook under the lab's root; it may have a session that goes on.
        """
        self.address = address
        self.console.clear()
        self.page.evaluate(_OPEN, path)
        self.wait_idle()

    def set_theme(self, theme: str) -> None:
        """Change to JupyterLab's `light` or `dark` theme."""
        name = _THEMES[theme]
        change = "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
        self.page.evaluate(change, name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")  # it hides the change

    def wait_idle(self, timeout: float = 240) -> None:
        """Wait until the session is ready and the kernel idle; `timeout` in seconds."""
        self.page.wait_for_function(_IDLE, timeout=timeout * 1000)

    def run_cell(self, index: int, *, wait: bool = True, timeout: float = 240) -> None:
        """Run one cell, as Shift-Enter would.

        Args:
            index: the cell's place in the notebook, 0 first.
            wait: return when the cell has ended, else as soon as it is sent.
            timeout: seconds to wait.

        Raises:
            KernelError: the cell raised.
        """
        self.page.evaluate(_RUN_CELL, index)
        if wait:
            self.wait_cell(index, timeout)

    def is_running(self, index: int) -> bool:
        """Whether a cell that `run_cell` started has not ended yet."""
        return self.page.evaluate("index => !cellRuns[index].ended", index)

    def wait_cell(self, index: int, timeout: float = 240) -> None:
        """Wait until a cell that `run_cell` started has ended.

        Raises:
            KernelError: the cell raised.
        """
        ended = "index => cellRuns[index].ended"
        self.page.wait_for_function(ended, arg=index, timeout=timeout * 1000)
        if errors := self.page.evaluate(_ERRORS, index):
            raise KernelError(f"cell {index} raised {errors[0]}")

    def run_all(self, timeout: float = 400) -> None:
        """Run every code cell in order; `timeout` in seconds for each.

        Raises:
            KernelError: a cell raised.
        """
        types = "() => jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.type)"
        for index, kind in enumerate(self.page.evaluate(types)):
            if kind == "code":
                self.run_cell(index, timeout=timeout)

    def execute(self, code: str, timeout: float = 120) -> str:
        """Run code in the notebook's kernel without a cell.

        Args:
            code: Python; the value of a closing expression counts as printed.
            timeout: seconds to wait for its end.

        Returns:
            What it printed, followed by the closing expression's `repr`.

        Raises:
            KernelError: the code raised, or did not end in time.
        """
        said: dict[str, Any] = self.page.evaluate(_EXECUTE, [code, timeout])
        if said["error"]:
            raise KernelError(said["error"])
        return said["text"].strip()

    def kernel_status(self) -> str:
        """JupyterLab's word for what the kernel does: `idle`, `busy`, `restarting`, …

        The answer to a request beside the cells, such as for the kernel's info, makes a kernel
        look idle that runs a cell: whether a cell still runs, ask `is_running`.
        """
        return self.page.evaluate(
            "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
        )

    def restart_kernel(self) -> None:
        """Restart the kernel, without the dialog that asks, and wait until it is idle."""
        restart = "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        self.page.evaluate(restart)
        self.wait_idle()

    def interrupt(self) -> None:
        """Interrupt what the kernel is running."""
        self.page.evaluate(
            "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
        )

    def cell_output(self, index: int) -> Locator:
        """What a cell has drawn, as a locator to look for things in."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def screenshot(self, path: Path) -> None:
        """Save what the window shows as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def save(self) -> None:
        """Save the notebook to disk, as Ctrl-S would."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")

    def close(self, *, keep_kernel: bool = False) -> None:
        """Close the tab and its profile, and unless told otherwise shut the kernel down."""
        if not keep_kernel and not self.page.is_closed():
            self.page.evaluate(
                "() => window.jupyterapp?.shell.currentWidget?.sessionContext.shutdown()"
            )
        self.page.context.close()
