"""The App's frame in a real Chromium: the real widget code, server, dataset and files."""

import threading
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.app.notebook_page import NotebookPage
from workbench.app import operators
from workbench.doctor.browser import find_browser

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP hub.example 127.0.0.1",
    # Only a page on https is asked to be careful with the rest of the machine; ours is on http.
    "--unsafely-treat-insecure-origin-as-secure=http://hub.example",
]
BUTTON = "button[aria-label='Queue selected for labelling']"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def notebook():
    with NotebookPage() as notebook:
        threading.Thread(target=notebook.serve_forever, daemon=True).start()
        yield notebook
        notebook.shutdown()


@pytest.fixture
def open_page(browser, notebook):
    """Opens the stand-in by a name of this machine."""
    pages = []

    def open_page(host="localhost"):
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        page.set_default_timeout(240_000)
        pages.append(page)
        page.goto(f"http://{host}:{notebook.server_port}/")
        return page

    yield open_page
    for page in pages:
        page.close()


def is_state(page, state):
    page.locator(f".workbench-app[data-state={state}]").wait_for(timeout=240_000)
    return True


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "hub.example"])
def test_the_app_is_seen_and_acts_on_the_session(app, dataset, notebook, open_page, host):
    def answer(message):
        app.trust(message["origin"])
        return {"kind": "address", "port": app.port, "token": app.token}

    notebook.answer = answer
    queued = Future()
    queue = lambda ids: queued.set_result(ids) or len(ids)  # noqa: E731
    operators.register(dataset.name, queue)
    page = open_page(host)
    assert is_state(page, "ready")
    frame = page.frame_locator(".workbench-app iframe")
    thumbnails = frame.locator("[data-cy=looker]")
    thumbnails.first.wait_for(timeout=240_000)
    frame.get_by_text("Dismiss").click()  # an advertisement covers the grid at first
    for number in (1, 2):
        box = thumbnails.nth(number).bounding_box()
        thumbnails.nth(number).hover()
        page.mouse.click(box["x"] + 14, box["y"] + 14)
        frame.locator("[data-cy=selection-count-container]").wait_for(state="attached")
    frame.locator(BUTTON).click()
    frame.get_by_text("Queued 2 for labelling.").wait_for()
    operators.unregister(dataset.name, queue)
    assert queued.result(240) == dataset.values("id")[1:3]


def test_another_page_cannot_frame_the_app(app, open_page):
    page = open_page("127.0.0.1")
    page.goto("about:blank")
    page.set_content(f'<iframe src="{app.address}"></iframe>')
    frame = page.wait_for_selector("iframe").content_frame()
    frame.wait_for_load_state()
    assert "chrome-error" in frame.url or frame.content().count("<script") == 0


def test_it_says_when_the_port_cannot_be_reached(notebook, open_page):
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    notebook.answer = lambda _: {"kind": "address", "port": port, "token": "x"}
    page = open_page()
    assert is_state(page, "unreachable")
    assert f"port {port}" in page.get_by_role("status").inner_text()


def test_it_says_when_the_kernel_has_gone(notebook, open_page):
    class Kernel(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(204 if self.path.endswith("/alive") else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Kernel) as kernel:
        threading.Thread(target=kernel.serve_forever, daemon=True).start()
        notebook.answer = lambda _: {"kind": "address", "port": kernel.server_port, "token": "x"}
        page = open_page()
        assert is_state(page, "ready")
        page.evaluate("model.tell('comm_live_update')")  # a reconnection alone changes nothing
        kernel.shutdown()
    page.evaluate("model.tell('comm_live_update')")
    assert is_state(page, "gone")
    assert "Run this cell again" in page.get_by_role("status").inner_text()
    assert page.locator("iframe").count() == 0


def test_it_asks_again_and_says_when_no_kernel_answers(notebook, browser):
    asked = []
    notebook.answer = lambda message: asked.append(message["origin"])
    page = browser.new_page()
    page.clock.install()
    page.goto(f"http://localhost:{notebook.server_port}/")
    assert is_state(page, "loading")
    page.clock.run_for(8_500)
    assert is_state(page, "silent")
    assert len(asked) > 3
    assert set(asked) == {f"http://localhost:{notebook.server_port}"}
    page.close()


def test_it_leaves_nothing_behind(notebook, open_page):
    page = open_page()
    assert is_state(page, "loading")
    assert page.evaluate("(end(), Object.keys(model.heard))") == []
