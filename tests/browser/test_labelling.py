"""The labelling widget in a real JupyterLab, by keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.bench import (
    labels_given,
    opening,
    show_widget,
    type_keys,
    type_while_the_kernel_dies,
    wait_bar,
    wait_colour,
    wait_for_image,
    wait_saved,
)
from tests.browser.conftest import OUT
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

BUSY = {
    "sleep": "import time\ntime.sleep(300)",
    "loop": "import time\nend = time.time() + 300\nwhile time.time() < end:\n    pass",
}
TWENTY = "01234567890123456789"


@pytest.mark.parametrize("work", BUSY)
def test_labels_are_acknowledged_while_a_cell_runs(
    lab_page: Open, kernel_name: str, work: str, home: Path
) -> None:
    name = f"busy-{work}-{kernel_name}"
    page = lab_page([*opening(name), BUSY[work]], kernel_name=kernel_name)
    show_widget(page)
    page.run_cell(2, wait=False)
    page.page.locator(".wb-label").focus()
    for label in TWENTY:
        type_keys(page, label)
        wait_saved(page)  # each by itself, not all of them at the end
    assert page.is_running(2), "acknowledged while the cell ran, not after it"
    page.interrupt()
    page.page.wait_for_function("() => cellRuns[2].ended")
    assert labels_given(page) == list(TWENTY)


def test_the_page_and_the_kernel_agree_at_any_speed(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("agree"))
    show_widget(page)
    type_keys(page, "012zz3s4z5sz6")  # no waiting for anything
    wait_saved(page)
    wait_bar(page, "5 of 32")
    status = page.execute(
        "s = bench.status(); int(s['pool labels'] + s['test labels']), s['skipped']"
    )
    assert status == "(4, 1)"
    undone = page.execute("bench.labels.history()['source'].tolist().count('undo')")
    assert undone == "4"
    counts = page.page.locator(".wb-count").all_inner_texts()
    assert [int(count) for count in counts] == [1, 0, 0, 1, 0, 1, 1, 0, 0, 0]
    page.screenshot(OUT / "labelling-light.png")
    page.set_theme("dark")
    page.screenshot(OUT / "labelling-dark.png")


def test_no_key_leaks_to_the_notebook_and_escape_leaves(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("leaks"))
    show_widget(page)
    cells = "() => jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.type)"
    before = page.page.evaluate(cells)
    type_keys(page, "xddabmy123zs")  # in the notebook's command mode: cut, delete, insert, …
    wait_saved(page)
    assert page.page.evaluate(cells) == before
    page.page.keyboard.press("Escape")
    focused = "() => document.activeElement.closest('.wb-label') !== null"
    assert not page.page.evaluate(focused)


def test_a_class_is_added_by_hand_and_shown_as_text(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("adds"))
    show_widget(page)
    type_keys(page, "n")
    page.page.keyboard.type("<img src=x onerror=alert(1)>")
    page.page.keyboard.press("Enter")
    wait_saved(page)
    assert page.page.locator(".wb-name").last.inner_text() == "<img src=x onerror=alert(1)>"
    assert page.page.locator(".wb-panel img").count() == 0
    page.page.locator(".wb-class").last.click()
    type_keys(page, "zz")  # takes back the label, then the class
    wait_saved(page)
    assert page.execute("len(bench.classes)") == "10"
    assert page.page.locator(".wb-class").count() == 10


def test_a_batch_ends_and_the_next_one_comes_in(lab_page: Open, home: Path) -> None:
    cells = [*opening("ends", count=4), "bench.queue.add_by_hand(bench.dataset.values('id')[:2])"]
    page = lab_page(cells)
    show_widget(page)
    type_keys(page, "12345")  # four, and one of the blind test
    page.page.get_by_text("Batch done: 5 images").wait_for()
    page.screenshot(OUT / "labelling-done.png")
    page.run_cell(2)
    wait_for_image(page)
    wait_bar(page, "5 of 7")
    assert "chosen by hand" in page.page.locator(".wb-why").inner_text()


def test_what_a_killed_kernel_did_not_acknowledge_comes_back(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("killed"), fresh=True)
    show_widget(page)
    type_keys(page, "12")
    wait_saved(page)
    type_while_the_kernel_dies(page, "345", kept=3, picture=OUT / "labelling-offline.png")
    assert labels_given(page) == ["1", "2", "3", "4", "5"]


def test_what_a_cell_draws_on_the_free_layer_is_seen(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("draws"))
    show_widget(page)
    page.execute("widget.layer_of = ''")  # shown over every image
    # By itself: no message of the widget's own comes after it that would redraw the page.
    page.execute("widget.layers[1].fill_style = 'blue'; widget.layers[1].fill_rect(60, 60, 50, 50)")
    wait_colour(page, "blue")


def test_an_image_that_cannot_be_shown_is_said_so_and_skipped(lab_page: Open, home: Path) -> None:
    spoil = (
        "from pathlib import Path\nimport shutil, tempfile\n"
        "folder = Path(tempfile.mkdtemp())\n"
        "for path in sorted(wb.digits().glob('3/*.png'))[:6]: shutil.copy(path, folder)\n"
        "bench = wb.open('spoiled', images=folder, classes=['a', 'b'])\n"
        "bench.queue.add_by_hand(bench.dataset.values('id'))\n"
        "Path(bench.queue.items()[0].filepath).write_bytes(b'no image any more')"
    )
    page = lab_page(["import workbench as wb", spoil, "bench.label()"])
    page.run_all(timeout=400)
    page.page.get_by_text("This image cannot be shown").wait_for()
    page.screenshot(OUT / "labelling-broken.png")
    page.page.locator(".wb-label").focus()
    type_keys(page, "s")
    wait_for_image(page)
    wait_saved(page)
