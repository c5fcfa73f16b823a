"""The gallery of errors in JupyterLab: from what a model got wrong into the labelling widget and back."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import (
    screenshots,
    type_keys,
    wait_for_image,
    wait_pictures,
    wait_saved,
)
from tests.browser.boxes import CLASSES, COINS, boxes_of
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

TREE = """
import shutil, tempfile
from pathlib import Path
from PIL import Image
from skimage import data
import workbench as wb
tree = Path(tempfile.mkdtemp())
for digit in "0127":
    (tree / digit).mkdir()
for digit in "0127":
    for number, path in enumerate(sorted(wb.digits().glob(f"{digit}/*.png"))[:40]):
        label = "2710"["0127".index(digit)] if number % 10 == 3 else digit
        shutil.copy(path, tree / label / f"{digit}-{path.name}")
photos = Path(tempfile.mkdtemp())
for number in range(6):
    part = data.astronaut()[60 * number : 60 * number + 120, 100:220]
    Image.fromarray(part).save(photos / f"part{number}.png")
"""
OPEN = """bench = wb.open("gallery", images=tree, labels="folders")
bench.add(photos)"""


WRONG_BOXES = """
from dataclasses import replace
from types import SimpleNamespace
from workbench.dataset.boxes import Box, box_id

def box(label, x, y, **more):
    return Box(box_id(), label, x / 384, y / 303, 62 / 384, 62 / 303, **more)

found = {}
for sample_id in pool:
    boxes = [box("silver", 20, 22), box("bronze", 78, 25), box("worn", 130, 12)]
    bench.labels.commit(sample_id, boxes)
    found[sample_id] = [replace(each, id=box_id(), confidence=0.8) for each in boxes]
first, second, *_ = pool
silver, bronze, worn = found[first]
found[first] = [replace(silver, label="worn", confidence=0.95), bronze]
silver, bronze, worn = found[second]
moved = replace(bronze, x=bronze.x + 28 / 384, confidence=0.9)
found[second] = [silver, moved, worn, box("worn", 188, 25, confidence=0.92)]
bench._work.judge._finder = SimpleNamespace(
    name="run 1", trained_on=frozenset(), others={},
    predictions=lambda ids=None, by="": {each: found.get(each, ()) for each in ids or found},
)
"""


def test_from_a_wrong_box_to_its_place_in_the_labelling_widget(lab_page: Open, home: Path) -> None:
    opened = f"NAME, CLASSES = 'wrong-boxes', {CLASSES}\n{COINS}\n{WRONG_BOXES}"
    page = lab_page([opened, "errors = bench.errors()\nerrors"])
    page.run_cell(0, timeout=400)
    page.run_cell(1)
    gallery = page.page.locator(".wb-errors")
    gallery.get_by_role("tab", name="Confused").wait_for()
    tabs = [text.split("\n")[0] for text in gallery.get_by_role("tab").all_inner_texts()]
    assert tabs == ["Missed", "False alarms", "Badly placed", "Confused", "Found twice"]
    gallery.get_by_role("tab", name="False alarms").click()
    page.page.wait_for_function("() => document.querySelector('.wb-case img')?.naturalWidth > 0")
    assert "no box there" in gallery.locator(".wb-case").inner_text()
    screenshots(page, "gallery-boxes")
    gallery.get_by_role("tab", name="Badly placed").click()
    gallery.locator(".wb-case").click()
    wait_for_image(page)
    assert page.page.locator(".wb-reason").inner_text().startswith("'bronze' at the top")
    screenshots(page, "gallery-boxes-opened")
    type_keys(page, "v ")
    wait_saved(page)
    assert boxes_of(page)[1][1][:2] == ["bronze", 106]
    page.page.keyboard.press("Escape")
    gallery.locator(".wb-case-mark", has_text="changed").wait_for()


def test_from_the_gallery_into_the_labelling_widget_and_back(
    lab_page: Open, home: Path, kernel_name: str
) -> None:
    opening = OPEN.replace('"gallery"', f'"gallery-{kernel_name}"')
    sources = [TREE + opening, "errors = bench.errors()\nerrors"]
    page = lab_page(sources, kernel_name=kernel_name)
    page.run_cell(0, timeout=400)
    page.run_cell(1, timeout=400)
    wait_pictures(page.page, 2)
    screenshots(page, "gallery-lab")
    page.page.get_by_role("tab", name="Probably a wrong label").click()
    wait_pictures(page.page, 2)
    ids = json.loads(
        page.execute(
            "import json; frame = errors.to_pandas(); "
            "print(json.dumps(frame.index[frame['kind'] == 'label'].tolist()))"
        )
    )
    cells = page.page.locator(".wb-case")
    assert cells.count() == len(ids) >= 3
    cells.nth(1).click()
    wait_for_image(page)
    screenshots(page, "gallery-lab-opened")
    name = page.page.locator(".wb-file").inner_text().split(" ")[0]
    assert (cells.nth(1).get_attribute("aria-label") or "").startswith(name)
    assert (
        "the model, which has not seen this label" in page.page.locator(".wb-reason").inner_text()
    )

    page.page.locator(".wb-label").focus()
    suggested = page.page.locator(".wb-suggested .wb-name").inner_text()
    type_keys(page, " ")  # what the evidence speaks for
    page.page.wait_for_function(
        "now => document.querySelectorAll('.wb-case')[1].innerText.startsWith(now)",
        arg=f"now {suggested}",
    )
    selected = page.page.locator(".wb-case[aria-selected=true]")
    assert selected.get_attribute("aria-label") == cells.nth(2).get_attribute("aria-label")
    type_keys(page, "k")  # the label was right
    page.page.wait_for_function(
        "() => document.querySelectorAll('.wb-case')[2].innerText.startsWith('kept')"
    )
    wait_saved(page)
    screenshots(page, "gallery-lab-relabelled")
    page.page.locator(".wb-label").focus()
    page.page.keyboard.press("Escape")
    page.page.locator(".wb-label").wait_for(state="hidden")
    page.page.wait_for_function("() => document.activeElement.classList.contains('wb-case')")
    given = page.execute("bench.labels.history().tail(2)['source'].tolist()")
    assert given == "['reviewed', 'reviewed']"

    page.page.keyboard.press("Home")
    page.page.keyboard.press("Enter")
    page.page.locator(".wb-label").wait_for()
    wait_for_image(page)
    first = (cells.nth(0).get_attribute("aria-label") or "").split(",")[0]
    page.page.wait_for_function(
        "name => document.querySelector('.wb-file').textContent.startsWith(name)", arg=first
    )
    assert page.page.locator(".wb-label").count() == 1
    page.page.get_by_role("button", name="Back to the gallery").click()
    page.page.locator(".wb-label").wait_for(state="hidden")
    page.page.get_by_role("tab", name="Out of distribution").click()
    wait_pictures(page.page, 3)
    screenshots(page, "gallery-lab-outliers")
