"""A real Chromium, to see when the FiftyOne App has drawn its first image."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import FLAGS
from workbench.doctor.browser import find_browser

PATIENCE_SECONDS = 180.0

# FiftyOne marks a thumbnail's canvas so when the image has been painted on it.
_DRAWN = "[data-cy=looker] canvas[canvas-loaded=true]"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser.

    Raises:
        RuntimeError: there is none on this machine.
    """
    if not (path := find_browser()):
        raise RuntimeError("no Chromium found: 'make test' installs one, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


def show_thumbnails(browser: Browser, address: str) -> Page:
    """Open the App in a profile of its own; returns when the first thumbnail is drawn."""
    page: Page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.goto(address, wait_until="commit", timeout=1000 * PATIENCE_SECONDS)
    page.wait_for_selector(_DRAWN, state="attached", timeout=1000 * PATIENCE_SECONDS)
    return page
