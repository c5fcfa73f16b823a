"""Pages and kernels that a test has left in order, for the tests that come after it.

What a test in the browser costs is, for the most part, not what it is about: JupyterLab is loaded,
a kernel starts and imports FiftyOne and torch. A person does not do that for every notebook either,
and so a passed test hands its page on, and the kernel with it.
"""

import contextlib
from pathlib import Path

from playwright.sync_api import Error

from tests.browser.lab import Lab, Theme
from tests.browser.page import KernelError, LabPage

# Widgets first: a closed one no longer listens to its dataset. Only what is shown: ipycanvas has one
# that is not, for all canvases of a kernel. Modules stay, that is the point.
_TIDY = """
from ipywidgets import DOMWidget
from ipywidgets.widgets.widget import _instances
for each in list(_instances.values()):
    if isinstance(each, DOMWidget):
        each.close()
get_ipython().reset()
import gc
gc.collect()
del gc
"""
SECONDS = 60.0  # for a kernel to tidy up; one that is not in order is not worth more


class WarmPages:
    """At most one page of each kernelspec, without a notebook, its kernel idle and its names gone.

    Args:
        lab: the server and the browser that they are open in.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._left: dict[str, tuple[LabPage, str]] = {}  # and its session, by kernelspec

    def take(self, notebook: Path, kernel_name: str, theme: Theme) -> LabPage | None:
        """Open a notebook on a page and a kernel that were kept.

        Args:
            notebook: under the lab's root.
            kernel_name: its kernelspec.
            theme: JupyterLab's light or dark theme.

        Returns:
            The page, as `Lab.open` gives it; None if there is none to be had.
        """
        if kernel_name not in self._left:
            return None
        page, session = self._left.pop(kernel_name)
        self._lab.move_session(session, notebook)
        page.open(self._lab.address(notebook), self._lab.path(notebook))
        page.set_theme(theme)
        return page

    def keep(self, page: LabPage, kernel_name: str) -> bool:
        """Keep a page for another test, unless there is one or it is not in order.

        Returns:
            Whether it is kept; if not, it is for the caller to close.
        """
        if kernel_name in self._left or page.page.is_closed():
            return False
        with contextlib.suppress(KernelError, Error):
            page.wait_idle(SECONDS)
            page.execute(_TIDY, SECONDS)
            self._left[kernel_name] = page, page.leave()
        return kernel_name in self._left
