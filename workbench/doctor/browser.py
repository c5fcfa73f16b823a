"""The browser that the tests drive; a person may use any other."""

import os
import shutil

from workbench.doctor.finding import Finding, ok, warn

ENV = "CHROMIUM"

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_browser() -> str | None:
    """The Chromium or Chrome that the tests may drive.

    Returns:
        The path of the one that `$CHROMIUM` names, and of no other when that is set; else of the
        first that is installed; None where there is none.
    """
    if asked := os.environ.get(ENV):
        return shutil.which(asked)
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def check_browser() -> Finding:
    """Whether the browser tests can run here."""
    if path := find_browser():
        return ok("browser", f"{path} (for the tests; work in any browser)")
    if asked := os.environ.get(ENV):
        return warn("browser", f"{ENV}={asked} is no program", f"unset {ENV}, or set it to a path")
    return warn(
        "browser",
        "no Chromium or Chrome found; only the browser tests need one",
        f"sudo apt-get install chromium, or set {ENV} to its path",
    )
