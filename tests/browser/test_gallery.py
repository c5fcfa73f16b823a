"""The gallery of errors: in a plain page what it shows and what hands do, in JupyterLab all of it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import workbench as wb
from tests.browser.bench import screenshots, type_keys, wait_for_image, wait_saved
from tests.browser.boxes import CLASSES, COINS, boxes_of
from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.page import LabPage
from tests.browser.plain import Plain, sample_id

Open = Callable[..., LabPage]
WIDE = {"viewport": {"width": 980, "height": 700}}


def case(
    number: int, label: Any, predicted: Any, sure: float | None, **more: Any
) -> dict[str, Any]:
    """An image of the gallery."""
    percent = "" if sure is None else f" ({100 * sure:.0f} %)"
    return {
        **{"id": sample_id(number), "name": f"{number:04d}.png", "label": label, "test": False},
        **{"predicted": predicted, "group": ""},
        "percent": None if sure is None else round(100 * sure),
        "reason": f"says '{predicted}'{percent}, labelled '{label}'",
        **more,
    }


def kind(name: str, title: str, cases: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A tab of the gallery."""
    told = {"verb": "says", "about": f"About {title}.", "total": len(cases)}
    return {"kind": name, "title": title, "cases": cases, **told, **more}


def gallery_state() -> dict[str, Any]:
    """A state with every kind in it, one of them empty."""
    confident = [
        case(n, str((n + 1) % 10), str(n % 10), 0.99 - n / 200, test=n % 5 == 2) for n in range(24)
    ]
    pairs = [
        case(30 + n, "3", "8", 0.9 - n / 20, group="'3' and '8': 5 times, 0.7 by chance")
        for n in range(5)
    ] + [
        case(40 + n, "4", "9", 0.8 - n / 20, group="'4' and '9': 3 times, 0.3 by chance")
        for n in range(3)
    ]
    long = ["mountain bike", "very long class name"]
    outliers = [
        case(50, None, "3", 0.41),
        case(51, long, ["mountain bike"], 0.87),
        case(52, [], [], None),
        case(53, "2", None, None),
    ]
    none = "No label of the pool that was not looked at again counts as a likely error."
    about = (
        "The model was wrong with a confidence of 80 % or more; measured on 320 labels of the pool, "
        "out of fold, and 64 of the test split."
    )
    return {
        "type": "state",
        "images": 36,
        "opened": "",
        "marks": {sample_id(1): "kept", sample_id(4): "now 7"},
        "kinds": [
            kind("confident", "Confident and wrong", confident, total=231, about=about),
            kind("label", "Probably a wrong label", [], about=none, verb="rather"),
            kind("confused", "Confused pairs", pairs),
            kind("outlier", "Out of distribution", outliers),
        ],
    }


@pytest.fixture
def plain(lab: Lab, tmp_path: Path) -> Iterator[Plain]:
    """The gallery in a plain page, told of every kind."""
    digits = wb.digits(tmp_path)
    paths = [path for d in range(10) for path in sorted(digits.glob(f"{d}/*.png"))[:1]]
    with Plain(lab, [(path, {}) for path in paths], "gallery", **WIDE) as plain:
        plain.page.evaluate(
            "document.querySelector('.wb-errors').parentNode.className = 'wb-errors-box'"
        )
        yield plain


def shot(plain: Plain, name: str) -> None:
    """Keep what is to be seen, light and dark."""
    for scheme in ("light", "dark"):
        plain.wear(scheme)
        plain.page.screenshot(path=OUT / f"gallery-{name}-{scheme}.png")


def focused(page: Page) -> str:
    """What has the keys, as a screen reader names it."""
    name = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    found: str = page.evaluate(name)
    return found


def wait_pictures(page: Page, count: int) -> None:
    """Wait until so many pictures are drawn."""
    page.wait_for_function(
        "count => [...document.querySelectorAll('.wb-case img')].filter(i => i.naturalWidth).length >= count",
        arg=count,
    )


def labelling_says(page: Page, detail: dict[str, str]) -> None:
    """What a labelling widget beneath the gallery tells of itself."""
    page.evaluate(
        """detail => {
            const box = document.querySelector('.wb-errors-box');
            const root = box.querySelector('.beneath') ?? box.appendChild(document.createElement('div'));
            root.className = 'beneath';
            root.dispatchEvent(new CustomEvent('workbench-label', {bubbles: true, composed: true, detail}));
        }""",
        detail,
    )


def test_every_kind_has_a_tab_with_its_count_and_its_images_in_words(plain: Plain) -> None:
    shot(plain, "waiting")
    assert plain.page.locator(".wb-errors-said").inner_text() == "Waiting for the kernel"
    plain.hear(gallery_state())
    wait_pictures(plain.page, 10)
    shot(plain, "confident")
    tabs = plain.page.get_by_role("tab")
    assert tabs.all_inner_texts() == [
        "Confident and wrong\n231",
        "Probably a wrong label\n0",
        "Confused pairs\n8",
        "Out of distribution\n4",
    ]
    assert "The first 24 of 231." in plain.page.locator(".wb-errors-about").inner_text()
    first, second, third = plain.page.locator(".wb-case").all()[:3]
    assert first.inner_text().split("\n") == ["says 0", "99 %", "labelled 1"]
    assert second.inner_text().split("\n") == ["kept", "says 1", "98 %", "labelled 2"]
    assert third.inner_text().split("\n")[0] == "test"
    name = "0002.png, says '2' (98 %), labelled '3', blind test"
    assert third.get_attribute("aria-label") == name

    tabs.nth(1).click()
    shot(plain, "none")
    assert plain.page.locator(".wb-errors-said").inner_text().startswith("No label of the pool")
    assert plain.page.locator(".wb-case").count() == 0
    tabs.nth(2).click()
    wait_pictures(plain.page, 8)
    shot(plain, "confused")
    heads = plain.page.locator(".wb-errors-list h4").all_inner_texts()
    assert heads == ["'3' and '8': 5 times, 0.7 by chance", "'4' and '9': 3 times, 0.3 by chance"]
    tabs.nth(3).click()
    wait_pictures(plain.page, 4)
    shot(plain, "outlier")
    words = [text.split("\n") for text in plain.page.locator(".wb-case").all_inner_texts()]
    assert words[0] == ["says 3", "41 %", "no label"]
    assert words[1] == [
        "says mountain bike",
        "87 %",
        "labelled mountain bike + very long class name",
    ]
    assert words[2] == ["says none of these", "labelled none of these"]
    assert words[3] == ["labelled 2"]


def test_keys_move_from_tab_to_image_and_open_it(plain: Plain) -> None:
    plain.hear(gallery_state())
    page = plain.page
    page.get_by_role("tab").first.focus()
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Probably a wrong label0"
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Confident and wrong231"
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("0000.png")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("0001.png")
    columns = page.evaluate(
        "(cells => cells.filter(c => c.offsetTop === cells[0].offsetTop).length)"
        "([...document.querySelectorAll('.wb-case')])"
    )
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith(f"{columns + 1:04d}.png")
    assert (
        page.locator(".wb-errors-reason").inner_text().startswith(f"{columns + 1:04d}.png · says")
    )
    page.keyboard.press("End")
    assert focused(page).startswith("0023.png")
    assert page.evaluate("document.querySelector('.wb-errors-cases').scrollTop") > 0
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    assert focused(page) == "Confident and wrong231"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    [asked] = plain.sent("open")
    assert asked == {"type": "open", "kind": "confident", "sample": sample_id(1)}


def test_only_pictures_near_the_screen_are_asked_for_and_at_the_size_they_are_shown(
    plain: Plain,
) -> None:
    state = gallery_state()
    state["kinds"][0]["cases"] = [case(n, "1", "2", 0.9) for n in range(400)]
    plain.hear(state)
    wait_pictures(plain.page, 20)
    asked = plain.sent("thumbs")
    assert {message["side"] for message in asked} == {128}
    assert sum(len(message["samples"]) for message in asked) < 100
    plain.page.get_by_role("tab").first.focus()
    plain.page.keyboard.press("ArrowDown")
    plain.page.keyboard.press("End")
    plain.page.wait_for_function(
        "() => document.querySelectorAll('.wb-case')[399].querySelector('img').naturalWidth"
    )


def test_an_opened_image_is_followed_marked_and_left(plain: Plain) -> None:
    plain.hear(gallery_state())
    page = plain.page
    wait_pictures(page, 10)
    page.locator(".wb-case").nth(12).click()
    assert plain.sent("open")[-1]["sample"] == sample_id(12)
    wait_pictures(page, 10)
    shot(plain, "opened")
    assert page.locator(".wb-errors-back").is_visible()
    assert "so nothing is suggested" in page.locator(".wb-errors-reason").inner_text()
    labelling_says(page, {"what": "shown", "sample": sample_id(13)})
    selected = page.locator(".wb-case[aria-selected=true]")
    assert selected.get_attribute("aria-label").startswith("0013.png")  # type: ignore[union-attr]
    assert "blind" not in page.locator(".wb-errors-reason").inner_text().lower()
    plain.hear({"type": "mark", "sample": sample_id(12), "mark": "now 5"})
    done = page.locator(".wb-case").nth(12)
    assert done.inner_text().split("\n")[:2] == ["now 5", "test"]
    assert "now 5" in done.get_attribute("aria-label")  # type: ignore[operator]
    shot(plain, "relabelled")
    plain.hear({"type": "mark", "sample": sample_id(12), "mark": ""})
    assert "now 5" not in done.inner_text()
    labelling_says(page, {"what": "left"})
    assert plain.sent("close") == [{"type": "close"}]
    assert page.locator(".wb-errors-back").is_hidden()
    assert focused(page).startswith("0013.png"), "where the hand was"
    # Another widget's affair, and one that comes too late.
    labelling_says(page, {"what": "left"})
    assert len(plain.sent("close")) == 1
    page.locator(".wb-case").nth(3).click()
    page.evaluate(
        """() => document.body.appendChild(document.createElement('div')).dispatchEvent(
            new CustomEvent('workbench-label', {bubbles: true, detail: {what: 'left'}}))"""
    )
    assert len(plain.sent("close")) == 1
    page.keyboard.press("Escape")
    assert len(plain.sent("close")) == 2


def test_a_page_that_was_loaded_anew_goes_on_with_what_is_open(plain: Plain) -> None:
    plain.hear(gallery_state() | {"opened": "confused"})
    page = plain.page
    assert page.get_by_role("tab", selected=True).inner_text().startswith("Confused pairs")
    labelling_says(page, {"what": "shown", "sample": sample_id(41)})
    selected = page.locator(".wb-case[aria-selected=true]")
    assert (selected.get_attribute("aria-label") or "").startswith("0041.png")
    plain.hear(gallery_state())  # an answer to a question that was asked twice
    labelling_says(page, {"what": "left"})
    assert plain.sent("close") == [{"type": "close"}]
    assert page.get_by_role("tab", selected=True).inner_text().startswith("Confused pairs")


def test_what_cannot_be_opened_is_said(plain: Plain) -> None:
    plain.hear(gallery_state())
    plain.page.locator(".wb-case").first.click()
    plain.hear({"type": "opened", "sample": sample_id(0), "error": "the image is gone"})
    assert plain.page.locator(".wb-errors-reason").inner_text() == "the image is gone"
    assert plain.page.locator(".wb-errors-back").is_hidden()


# A folder with planted faults: labels that were swapped, and parts of a photograph.
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
    name="run 1", trained_on=frozenset(),
    predictions=lambda ids=None: {each: found.get(each, ()) for each in ids or found},
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
