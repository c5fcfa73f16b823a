"""A person's way through the notebook, from its first cell to its last."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tests.browser.bench import (
    labels_given,
    type_keys,
    wait_bar,
    wait_colour,
    wait_for_image,
    wait_saved,
)
from tests.browser.conftest import OUT
from tests.browser.lab import ROOT, Lab
from tests.browser.page import LabPage

NOTEBOOK = ROOT / "notebooks" / "01_flywheel.ipynb"
QUEUE_BUTTON = "button[aria-label='Queue selected for labelling']"


def cell(cell_id: str) -> int:
    """Place of a cell in the notebook, by its id."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return next(place for place, found in enumerate(cells) if found.id == cell_id)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_notebook_by_hand(
    lab_page: Callable[..., LabPage], lab: Lab, host: str, home: Path
) -> None:
    page = lab_page(Path(shutil.copy(NOTEBOOK, lab.root)), host=host, fresh=True)
    page.execute(f"import os; os.environ['WORKBENCH_ANNOTATOR'] = {host!r}")
    page.run_cell(cell("open"), timeout=400)
    page.run_cell(cell("label"))
    wait_for_image(page)
    before = labels_given(page)
    type_keys(page, "31415")
    wait_saved(page)
    page.screenshot(OUT / f"journey-{host}-label.png")

    page.restart_kernel()
    page.run_cell(cell("open"), timeout=400)
    assert labels_given(page) == [*before, *"31415"], "found again after a restart"

    for name in ("label", "hurry", "pick"):
        page.run_cell(cell(name), timeout=900)
    ask_what_the_model_looks_at(page, host)
    page.run_cell(cell("inspect"), timeout=400)
    widget = page.cell_output(cell("label")).locator(".wb-bar")
    left = int(widget.inner_text().split(" of ")[1].split()[0])
    queue_two_in_the_app(page, host)
    wait_bar(page, f"of {left + 2}")
    reasons = json.loads(
        page.execute("import json; print(json.dumps(bench.picks['reason'].tolist()[:2]))")
    )
    assert reasons == ["chosen by hand"] * 2, "they come first"

    if host == "127.0.0.1":  # once is enough for what the browser has no part in
        for place, found in enumerate(nbformat.read(NOTEBOOK, as_version=4).cells):
            if found.cell_type == "code" and place >= cell("label-again"):
                page.run_cell(place, timeout=900)


def ask_what_the_model_looks_at(page: LabPage, host: str) -> None:
    """Switch the saliency layer on, and skip to an image that may have it."""
    output = page.cell_output(cell("label"))
    output.locator(".wb-label").focus()
    type_keys(page, "h")
    note = output.locator(".wb-heat-note").filter(has_text=re.compile("Seen as|No hint|No model"))
    note.wait_for(timeout=240_000)
    while "keeps the estimates honest" in note.inner_text():  # a test image
        type_keys(page, "s")
        note.wait_for(timeout=240_000)
    assert "Seen as" in note.inner_text()
    wait_colour(page, "orange")
    page.screenshot(OUT / f"journey-{host}-saliency.png")
    type_keys(page, "h")


def queue_two_in_the_app(page: LabPage, host: str) -> None:
    """Wait for the App's grid, select two images that are labelled, and queue them."""
    output = page.cell_output(cell("inspect"))
    output.scroll_into_view_if_needed()
    frame = output.frame_locator(".workbench-app iframe")
    thumbnails = frame.locator("[data-cy=looker]")
    thumbnails.first.wait_for(timeout=240_000)
    frame.get_by_text("Dismiss").click()
    queued = set(json.loads(page.execute("print(json.dumps(bench.picks.index.tolist()))")))
    ids = json.loads(page.execute("print(json.dumps(bench.dataset.values('id')[:8]))"))
    chosen = [place for place, sample_id in enumerate(ids) if sample_id not in queued][:2]
    for number in chosen:
        thumbnails.nth(number).scroll_into_view_if_needed()
        thumbnails.nth(number).hover()
        box = thumbnails.nth(number).bounding_box()
        assert box is not None
        page.page.mouse.click(box["x"] + 14, box["y"] + 14)
        frame.locator("[data-cy=selection-count-container]").wait_for(state="attached")
    page.screenshot(OUT / f"journey-{host}-app.png")
    selected: list[str] = []
    while len(selected) < len(chosen):  # the App tells its server in its own time
        selected = json.loads(page.execute("print(json.dumps(bench.selected))"))
    assert selected == [ids[number] for number in chosen], "what the next cell reads"
    frame.locator(QUEUE_BUTTON).click()
    frame.get_by_text("Queued 2 for labelling.").wait_for()
