"""What the widget shows of what it is told, in a plain page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.plain import Plain, sample_id, state
from tests.browser.test_grid import SELECTED
from tests.browser.test_text import GRID

PIXELS = {"width": 64, "height": 64}
Pictures = Callable[..., list[tuple[Path, dict[str, Any]]]]


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    """A function that makes a picture for each dictionary of what is told of it."""

    def make(*infos: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
        made = []
        for number, info in enumerate(infos):
            path = tmp_path / f"{number}.png"
            Image.new("RGB", (64, 64), (40 * number, 120, 200)).save(path)
            made.append((path, PIXELS | info))
        return made

    return make


def wait_file(plain: Plain, text: str) -> None:
    """Wait until the line at the bottom names a file."""
    plain.page.wait_for_function(
        "text => document.querySelector('.wb-file').textContent.includes(text)", arg=text
    )


def test_a_picture_that_is_not_quite_the_file_is_said_so(lab: Lab, pictures: Pictures) -> None:
    told = pictures({}, {"stretched": True}, {"alpha": True})
    with Plain(lab, told) as plain:
        plain.hear(state([0, 1, 2]))
        wait_file(plain, "image0.png · 64 × 64")
        assert plain.page.locator(".wb-file").inner_text() == "image0.png · 64 × 64"
        plain.page.keyboard.press("1")
        wait_file(plain, "image1.png · 64 × 64 · brightness stretched")
        plain.page.screenshot(path=OUT / "stretched.png")
        plain.page.keyboard.press("2")
        wait_file(plain, "image2.png · 64 × 64 · transparent parts shown white")


def test_a_queue_that_is_older_than_the_last_step_does_not_move_the_image(
    lab: Lab, pictures: Pictures
) -> None:
    with Plain(lab, pictures({})) as plain:
        plain.hear(state([0, 1, 2]))
        plain.page.keyboard.press("1")
        [label] = plain.ops()
        plain.hear({"type": "ack", "id": label["id"], "ok": True})
        plain.hear({"type": "news", "news": "queue"})  # the page asks for it, and the hand goes on
        plain.page.keyboard.press("z")
        wait_file(plain, "image0.png")
        asked = len(plain.sent("hello"))
        plain.hear(state([1, 2, 3]))  # from before the undo
        assert "image0.png" in plain.page.locator(".wb-file").inner_text()
        undo = plain.ops()[-1]
        plain.hear({"type": "ack", "id": undo["id"], "ok": True, "queued": True})
        assert len(plain.sent("hello")) == asked + 1, "it is asked for again"
        plain.hear(state([3, 0, 1, 2]))
        assert "image0.png" in plain.page.locator(".wb-file").inner_text()
        assert "0 of 4" in plain.page.locator(".wb-bar").inner_text()
        plain.page.keyboard.press("2")
        assert plain.ops()[-1]["sample"] == sample_id(0)


def test_a_grid_that_another_tab_asked_for_does_not_come_under_this_hand(
    lab: Lab, pictures: Pictures
) -> None:
    with Plain(lab, pictures({})) as plain:
        plain.hear(state(range(8)))
        plain.page.keyboard.press("g")
        plain.page.evaluate(GRID, [["one", "two"], 5])
        assert plain.page.evaluate(SELECTED) == 5
        plain.page.locator(".wb-cell").first.click()
        plain.page.evaluate(GRID, [["other"], 30])
        assert plain.page.locator(".wb-group-head").all_inner_texts() == ["one · 5", "two · 5"]
        assert plain.page.evaluate(SELECTED) == 4
        plain.page.locator(".wb-way", has_text="what the model says").click()
        plain.page.evaluate(GRID, [["mine"], 3])
        assert plain.page.locator(".wb-group-head").all_inner_texts() == ["mine · 3"]


def test_the_guideline_under_the_pointer_stays_while_the_model_learns(
    lab: Lab, pictures: Pictures
) -> None:
    guidelines = {"dog": {"text": "it barks", "examples": [sample_id(1)]}}
    with Plain(lab, pictures({}, {})) as plain:
        plain.hear(state([0, 1], guidelines=guidelines))
        guide = plain.page.locator(".wb-guide")
        assert guide.is_hidden()
        plain.page.locator(".wb-class", has_text="dog").hover()
        assert guide.inner_text() == "it barks"
        learnt = state([0, 1], guidelines=guidelines, instant=True)
        for item in learnt["queue"]:
            item["suggestion"] = {"label": "cat", "scores": {"cat": 0.8, "dog": 0.2}, "model": "m"}
        plain.hear(learnt)
        plain.page.locator(".wb-suggested").wait_for()
        plain.hear(learnt)  # and nothing new in it
        assert guide.inner_text() == "it barks"
        plain.page.locator(".wb-near img[src]").first.wait_for()
        plain.page.locator(".wb-stage").hover()
        guide.wait_for(state="hidden")


def test_in_review_what_has_not_seen_the_labels_goes_on_speaking_while_the_model_learns(
    lab: Lab, pictures: Pictures
) -> None:
    doubted = state([0, 1], mode="review", instant=True)
    for item in doubted["queue"]:
        item["label"] = "cat"
        item["suggestion"] = {"label": "dog", "scores": {"dog": 0.9, "cat": 0.1}, "model": "m"}
    with Plain(lab, pictures({}, {})) as plain:
        plain.hear(doubted)
        plain.page.locator(".wb-suggested", has_text="dog").wait_for()
        # Of the queue, which is another list: it knows nothing of these images.
        plain.hear({"type": "news", "news": "model", "suggestions": {}, "order": []})
        plain.page.keyboard.press("k")
        wait_file(plain, "image1.png")
        plain.page.locator(".wb-suggested", has_text="dog").wait_for()
