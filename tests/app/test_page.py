"""The App's frame in a real Chromium: the real widget code, server, dataset and files."""

import shutil
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import TimeoutError as TookTooLong

from tests import chromium
from tests.app.notebook_page import NotebookPage
from tests.browser.conftest import OUT
from workbench.dataset.types import Prediction
from workbench.doctor.browser import find_browser

pytestmark = pytest.mark.browser

FLAGS = [
    *chromium.FLAGS,
    "--host-resolver-rules=MAP hub.example 127.0.0.1",
    # Only a page on https is asked to be careful with the rest of the machine; ours is on http.
    "--unsafely-treat-insecure-origin-as-secure=http://hub.example",
]


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


@pytest.fixture
def bench(home, server, files, tmp_path):
    """Six images on a bench that is shown in the App; the first two are for testing."""
    import workbench as wb

    for path in files.samples[:6]:
        shutil.copy(path, tmp_path)
    bench = wb.open("app-page", images=tmp_path, classes=["cat", "dog"], annotator="ann")
    bench.dataset.set_values("split", [*["test"] * 2, *["pool"] * 4])
    bench.inspect()
    yield bench
    wb.delete("app-page")


def show_app(page):
    """Wait for the grid; returns the frame."""
    assert is_state(page, "ready")
    frame = page.frame_locator(".workbench-app iframe")
    frame.locator("[data-cy=looker]").first.wait_for(timeout=240_000)
    frame.get_by_text("Dismiss").click()  # an advertisement covers the grid at first
    return frame


def select(page, frame, *numbers):
    """Click images, and wait until the App has told its server of all of them."""
    from workbench.app import selected_in_app

    thumbnails = frame.locator("[data-cy=looker]")
    for number in numbers:
        box = thumbnails.nth(number).bounding_box()
        thumbnails.nth(number).hover()
        page.mouse.click(box["x"] + 14, box["y"] + 14)
        frame.locator("[data-cy=selection-count-container]").wait_for(state="attached")
    wait_until(page, lambda: len(selected_in_app("app-page")) == len(numbers))


def answer(frame, label):
    """Press a prompt's button, again where the App was busy asking its server and let a press go by."""
    press = frame.get_by_role("button", name=label, exact=True)
    for patience in (10_000, 30_000, 100_000):
        press.click()
        with suppress(TookTooLong):
            return press.wait_for(state="hidden", timeout=patience)
    raise AssertionError(f"{label!r} stays: {frame.locator('body').inner_text()[:2_000]}")


def button(frame, label):
    return frame.locator(f"button[aria-label='{label}']")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "hub.example"])
def test_the_app_is_seen_and_acts_on_the_session(bench, notebook, open_page, host):
    serve_app(notebook)
    page = open_page(host)
    frame = show_app(page)
    select(page, frame, 1, 2)
    ids = bench.dataset.values("id")[1:3]
    assert bench.selected == ids
    button(frame, "Queue selected for labelling").click()
    frame.get_by_text("Queued 2 for labelling.").wait_for()
    assert [item.sample_id for item in bench.queue.items()] == ids


def test_images_are_labelled_reviewed_and_undone_in_the_app(bench, notebook, open_page):
    serve_app(notebook)
    page = open_page()
    frame = show_app(page)
    ids = bench.dataset.values("id")
    bench.labels.commit(ids[2], "cat")
    widget = bench.label(3)

    select(page, frame, 2, 3)
    page.screenshot(path=OUT / "app-operators.png")
    button(frame, "Label selected as…").click()
    frame.get_by_text("1 of them is labelled already").wait_for()
    field = frame.get_by_role("combobox").last
    field.click()
    page.screenshot(path=OUT / "app-label-prompt.png")
    frame.get_by_role("option", name="dog").click()
    answer(frame, "Label")
    frame.get_by_text("Labelled 2 images as 'dog'.").wait_for()
    assert bench.labels.history()["after"].tolist() == ["cat", "dog", "dog"]
    assert widget._desk.state()["counts"] == {"dog": 2}

    wait_until(page, lambda: bench.selected == [])
    select(page, frame, 2)
    button(frame, "Send to review").click()
    frame.get_by_text("Sent 1 image to review.").wait_for()
    assert [item.sample_id for item in bench.queue.in_review()] == ids[2:3]
    wait_until(page, lambda: bench.selected == [])
    for said in ("sending 1 image to review", "labelling 2 images as 'dog'"):
        button(frame, "Undo my last step").click()
        frame.get_by_text(f"Taken back: {said}.").wait_for()
    assert bench.labels.counts() == {"cat": 1}


def test_predictions_are_accepted_in_the_app(bench, notebook, open_page):
    guesses = dict.fromkeys(bench.dataset.values("id")[:4], Prediction("dog", 0.9, 0.8))
    write_predictions(bench, guesses)
    serve_app(notebook)
    page = open_page()
    frame = show_app(page)
    select(page, frame, 1, 2, 3)
    button(frame, "Accept predictions").click()
    frame.get_by_text("2 images will be labelled as predicted").wait_for()
    frame.get_by_text("Left out: 1 of the blind test split").wait_for()
    page.screenshot(path=OUT / "app-accept-prompt.png")
    answer(frame, "Accept")
    frame.get_by_text("Accepted the prediction of 2 images.").wait_for()
    assert bench.labels.counts() == {"dog": 2}


def write_predictions(bench, guesses):
    from workbench.dataset.predictions import write_predictions

    write_predictions(bench._connection, bench.dataset, guesses, "m@1")


def wait_until(page, ready):
    """Poll, while the page goes on; give up after four minutes."""
    for _ in range(4_800):
        if ready():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to be")


def serve_app(notebook):
    """Tell the stand-in where the App is, as the frame's kernel side does."""
    from workbench.app.session import _current as app

    def answer(message):
        app.trust(message["origin"])
        return {"kind": "address", "port": app.port, "token": app.token}

    notebook.answer = answer


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
    wait_until(page, lambda: len(asked) > 3)  # what was sent may still be on its way
    assert set(asked) == {f"http://localhost:{notebook.server_port}"}
    page.close()


def test_it_leaves_nothing_behind(notebook, open_page):
    page = open_page()
    assert is_state(page, "loading")
    assert page.evaluate("(end(), Object.keys(model.heard))") == []
