"""What people have written is text, wherever it is shown, and breaks no layout."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.plain import Plain, sample_id, state

EVIL = "<img src=x onerror=\"window.hacked='yes'\">"
LONG = "a class whose name is as long as a name may be, " * 4  # 192 characters
UNBROKEN = "W" * 200
NOTE = (f"{EVIL} torn at the edge <b>bold</b>\n" * 200 + "m" * 10_000)[:10_000]
CLASSES = [EVIL, LONG, UNBROKEN, "ok"]

# What is drawn outside of what holds it, by more than a pixel of rounding.
SPILLS = """() => {
    const spilt = [];
    const all = names => [...document.querySelectorAll(names)].filter(each => each.offsetWidth);
    const edges = each => each.getBoundingClientRect();
    for (const part of all('.wb-panel, .wb-stage, .wb-bar, .wb-tools')) {
        const [inner, outer] = [edges(part), edges(part.closest('.wb-label'))];
        const wide = inner.left < outer.left - 1 || inner.right > outer.right + 1;
        if (wide || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1)
            spilt.push(part.className);
    }
    const bottom = edges(document.querySelector('.wb-panel')).bottom + 1;
    for (const part of all('.wb-panel > *')) if (edges(part).bottom > bottom) spilt.push(part.className);
    for (const row of all('.wb-class, .wb-class-row, .wb-badge, .wb-near figure, .wb-group-head'))
        if (edges(row).right > edges(row.parentElement).right + 1) spilt.push(row.className);
    for (const box of all('.wb-panel, .wb-why, .wb-note, .wb-guide, .wb-sheet, .wb-grid-scroller'))
        if (box.scrollWidth > box.clientWidth + 1) spilt.push(`${box.className} scrolls sideways`);
    return spilt;
}"""

GRID = """([names, each]) => {
    const ids = new Uint8Array(12 * each * names.length);
    const numbers = new DataView(ids.buffer);
    for (let index = 0; index < each * names.length; index++) numbers.setUint32(12 * index + 8, index);
    const groups = names.map((name, index) => ({name, start: each * index, count: each}));
    hear({type: 'grid', by: 'cluster', groups}, [ids]);
}"""


def assert_text_only(page: Page) -> None:
    """Nothing was taken for markup, and nothing lies where it should not."""
    assert page.evaluate("window.hacked") is None
    strays = "img:not(.wb-near img, .wb-cell img), b, script, .wb-label i"
    assert page.locator(strays).count() == 0
    assert page.evaluate(SPILLS) == []


def assert_room(page: Page, *parts: str) -> None:
    """There is room for at least two lines of each of these, beside all the others."""
    for part in parts:
        box = page.locator(part).bounding_box()
        assert box, part
        assert box["height"] >= 36, part


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_notes_and_reasons_are_text_everywhere(
    lab: Lab, digit: tuple[Path, dict[str, Any]], scheme: str
) -> None:
    queued = state([0, 1, 2], CLASSES, counts={EVIL: 3, LONG: 1})
    queued["guidelines"] = {EVIL: {"text": NOTE, "examples": [sample_id(7), sample_id(8)]}}
    near = [{"id": sample_id(n), "label": CLASSES[n % 4], "similarity": 0.9} for n in range(5)]
    scores = {EVIL: 0.7, LONG: 0.2, UNBROKEN: 0.1}
    for item in queued["queue"]:
        item["name"] = f"{EVIL}.png"
        item["suggestion"] = {"label": EVIL, "scores": scores, "model": EVIL}
        item |= {"reason": f"labelled {EVIL}; {UNBROKEN}", "note": NOTE, "neighbours": near}
    queued["instant"] = True
    with Plain(lab, [digit], viewport={"width": 1100, "height": 600}) as plain:
        page = plain.page
        plain.wear(scheme)
        plain.hear(queued)
        page.locator(".wb-near img[src]").first.wait_for()
        assert page.locator(".wb-note").inner_text()[:60] == NOTE[:60]
        assert len(page.locator(".wb-note").text_content() or "") == 10_000
        assert page.locator(".wb-name").all_text_contents() == CLASSES
        assert page.locator(".wb-class").first.get_attribute("title").startswith(f"Label as {EVIL}")
        assert_room(page, ".wb-classes", ".wb-note", ".wb-guide", ".wb-why")
        assert_text_only(page)
        page.screenshot(path=OUT / f"text-panel-{scheme}.png")

        page.keyboard.press("t")
        assert page.locator(".wb-new-note").input_value() == NOTE
        page.screenshot(path=OUT / f"text-note-{scheme}.png")
        assert_room(page, ".wb-classes", ".wb-new-note", ".wb-why")
        assert_text_only(page)
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        theirs = {"conflict": {"annotator": EVIL, "label": UNBROKEN}, "item": queued["queue"][0]}
        plain.hear({"type": "ack", "id": plain.ops()[-1]["id"], "ok": True, **theirs})
        assert f"{EVIL} had labelled {EVIL}.png" in page.locator(".wb-notice").inner_text()
        assert_text_only(page)

        page.keyboard.press("e")
        remove = page.locator(".wb-class-row button").first
        remove.click()
        assert f"Remove {EVIL}?" in page.locator(".wb-sheet[aria-label=Classes]").inner_text()
        page.screenshot(path=OUT / f"text-classes-{scheme}.png")
        assert_text_only(page)
        page.keyboard.press("Escape")

        page.keyboard.press("g")
        page.evaluate(GRID, [CLASSES, 6])
        page.locator(".wb-cell img[src]").first.wait_for()
        page.keyboard.press("1")
        heads = page.locator(".wb-group-head").all_text_contents()
        assert heads == [f"{name} · 6" for name in CLASSES]
        assert page.locator(".wb-badge:not(:empty)").first.inner_text() == EVIL
        page.screenshot(path=OUT / f"text-grid-{scheme}.png")
        assert_text_only(page)
        failed = {"ok": False, "final": True, "error": f"no class {EVIL} {NOTE}"}
        plain.hear({"type": "ack", "id": plain.ops()[-1]["id"], **failed})
        assert EVIL in page.locator(".wb-notice").inner_text()
        assert_text_only(page)
