"""The gallery of errors in a plain page: what it shows and what hands do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import workbench as wb
from tests.browser.bench import wait_pictures
from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.plain import Plain, sample_id

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
