"""The widget as in VS Code, Colab, marimo or behind plain http: without ipycanvas, `/files`, https.

The kernel is as if ipycanvas were not installed, the server's files are refused, and the browser
has taken away what it keeps for secure pages.
"""

from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import (
    opening_few,
    screenshots,
    show_widget,
    type_keys,
    wait_bar,
    wait_for_image,
    wait_saved,
)
from tests.browser.page import LabPage
from tests.browser.test_grid import SELECTED, open_grid

Open = Callable[..., LabPage]

WITHOUT = "import sys\nsys.modules['ipycanvas'] = None  # an import of it fails\n"
INSECURE = "delete Crypto.prototype.randomUUID; delete window.caches;"


# Everything gets the label in its name, but for three.
FILL = """
wrong = 3
for sample in bench.dataset.match({"ground_truth": None}):
    label = Path(sample.filepath).name[0]
    wrong -= 1
    bench.labels.commit(sample.id, str((int(label) + (wrong >= 0)) % 8))
widget = bench.label(review="suspects", count=5)
widget
"""


def test_labels_grid_and_review_need_no_layers_files_or_https(lab_page: Open, home: Path) -> None:
    first, second = opening_few("elsewhere")
    page = lab_page([WITHOUT + first, second, FILL], fresh=True)
    page.page.add_init_script(INSECURE)
    asked: list[str] = []
    page.page.route("**/files/**", lambda route: (asked.append(route.request.url), route.abort()))
    page.reload()
    show_widget(page)
    assert page.execute("widget.layers is None") == "True"
    type_keys(page, "12z3s")
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == "{'1': 1, '3': 1}"

    type_keys(page, "h")  # the one thing that needs layers
    page.page.get_by_text("pip install ipycanvas").wait_for()
    screenshots(page, "without-layers")
    type_keys(page, "h")
    open_grid(page)
    chosen = page.page.evaluate(SELECTED)
    type_keys(page, "5")
    wait_saved(page)
    assert int(page.execute("bench.labels.counts()['5']")) == chosen > 0
    page.execute("widget.close()")

    page.run_cell(2, timeout=400)
    wait_for_image(page)
    page.page.locator(".wb-near img[src]").first.wait_for()
    type_keys(page, "k ")
    wait_saved(page)
    wait_bar(page, "2 of 5")
    sources = page.execute("bench.labels.history()['source'].tolist()[-2:]")
    assert sources == "['reviewed', 'reviewed']"
    assert asked == [], "nothing comes from the server's files"
    assert not [line for line in page.console if line.startswith("uncaught")]
