"""The browser that the tests drive; a person may use any other."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from workbench.doctor.finding import Finding, ok, warn
from workbench.doctor.libraries import debian_packages, missing_libraries

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


def missing_packages() -> list[str]:
    """The Debian packages that Playwright's driver, which steers the browser, lacks here.

    Returns:
        Their names; empty where nothing is missing or Playwright is not installed.
    """
    spec = find_spec("playwright")
    folders = spec.submodule_search_locations if spec else None
    drivers = [Path(folder, "driver", "node") for folder in folders or []]
    return debian_packages([name for driver in drivers for name in missing_libraries(driver)])


def check_browser() -> Finding:
    """Whether the browser tests can run here; nothing else needs this browser."""
    if not (path := find_browser()):
        if asked := os.environ.get(ENV):
            return warn("browser", f"{ENV}={asked} is no program", "unset it, or set it to a path")
        return warn(
            "browser",
            "no Chromium or Chrome found; only the browser tests need one",
            f"sudo apt-get install chromium, or set {ENV} to its path",
        )
    if packages := missing_packages():
        return warn(
            "browser",
            f"{path}, but Playwright, which steers it for the tests, lacks system libraries",
            f"sudo apt-get install {' '.join(packages)}",
        )
    return ok("browser", f"{path} (for the tests; work in any browser)")
