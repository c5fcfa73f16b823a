"""The connection is lost in mid-batch and comes back: nothing is lost, nothing is doubled."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.bench import (
    opening_few,
    show_widget,
    type_keys,
    wait_bar,
    wait_for_image,
    wait_saved,
)
from tests.browser.conftest import OUT
from tests.browser.lab import TOKEN, Lab
from tests.browser.page import LabPage
from tests.browser.wire import Wire

Open = Callable[..., LabPage]


def history(page: LabPage) -> list[list[str | None]]:
    """What was given and how, of every event, and that each concerns another step."""
    code = "print(bench.labels.history()[['after', 'source']].to_json(orient='values'))"
    found: list[list[str | None]] = json.loads(page.execute(code))
    return found


def dismiss_dialogs(page: LabPage) -> None:
    """JupyterLab says in a dialog that its server is away; close it, as a person would."""
    for dialog in page.page.locator(".jp-Dialog").all():
        dialog.locator("button").last.click()
    page.page.locator(".wb-label").focus()


@pytest.fixture
def wire(lab: Lab) -> Iterator[Wire]:
    """What the page is connected by; it outlives the page, which ends its kernel over it."""
    with Wire(lab.port) as whole:
        yield whole
        whole.mend()


def test_what_is_labelled_without_a_connection_arrives_once(
    wire: Wire, lab_page: Open, home: Path
) -> None:
    page = lab_page(opening_few("cut", "instant=False"), theme="dark", fresh=True)
    path = urlsplit(page.page.url).path
    page.load(f"http://127.0.0.1:{wire.port}{path}?reset&token={TOKEN}")
    show_widget(page)
    type_keys(page, "12")
    wait_saved(page)

    wire.cut()
    type_keys(page, "345z6s")
    wait_bar(page, "6 kept in this browser: no answer")
    dismiss_dialogs(page)
    page.screenshot(OUT / "connection-cut.png")
    type_keys(page, "7")
    wait_bar(page, "7 kept in this browser: no answer")
    wire.mend()
    wait_saved(page)
    human = [[label, "human"] for label in "12345"]
    undone = [None, "undo"]
    before = [*human, undone, ["6", "human"], [None, "human"], ["7", "human"]]
    assert history(page) == before

    dismiss_dialogs(page)
    wire.hold()  # nobody notices, and what is sent waits somewhere
    type_keys(page, "12z")
    wait_bar(page, "3 kept in this browser: no answer")
    wire.mend()
    wait_saved(page)
    after = [*before, ["1", "human"], ["2", "human"], undone]
    assert history(page) == after

    wire.cut()  # and a page that is closed meanwhile
    type_keys(page, "34")
    wait_bar(page, "2 kept in this browser: no answer")
    wire.mend()
    page.reload()
    page.run_cell(1)
    wait_for_image(page)
    wait_saved(page)
    assert history(page) == [*after, ["3", "human"], ["4", "human"]]
    counts = page.page.locator(".wb-count").all_inner_texts()
    shown = {str(digit): int(count) for digit, count in enumerate(counts) if int(count)}
    assert shown == json.loads(
        page.execute("import json; print(json.dumps(bench.labels.counts()))")
    )
