"""The grid scrolled through a hundred thousand images, in a real browser."""

from pathlib import Path
from typing import Any

from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.plain import Plain, sample_id, state
from tests.browser.test_text import GRID

COUNTED = """() => {
    const [make, free] = [URL.createObjectURL, URL.revokeObjectURL];
    window.held = new Set();
    URL.createObjectURL = blob => { const made = make.call(URL, blob); held.add(made); return made; };
    URL.revokeObjectURL = made => { held.delete(made); free.call(URL, made); };
}"""

# Stop at a place until all that is to be seen there is seen; then say what the page holds.
STOP_AT = """async share => {
    const scroller = document.querySelector('.wb-grid-scroller');
    scroller.scrollTop = share * (scroller.scrollHeight - scroller.clientHeight);
    const seen = () => {
        const cells = [...document.querySelectorAll('.wb-cell img')];
        return cells.length > 0 && cells.every(image => image.naturalWidth);
    };
    do await new Promise(requestAnimationFrame); while (!seen());
    return [document.querySelectorAll('.wb-grid-scroller *').length, held.size];
}"""


def test_a_hundred_thousand_images_are_scrolled_through_and_not_held(
    lab: Lab, digit: tuple[Path, dict[str, Any]]
) -> None:
    with Plain(lab, [digit]) as plain:
        page = plain.page
        page.evaluate(COUNTED)
        plain.hear(state(range(12)))
        page.keyboard.press("g")
        page.evaluate(GRID, [[f"group {n}" for n in range(2_000)], 50])
        most = [0, 0]
        for step in range(81):
            held = page.evaluate(STOP_AT, step / 80)
            most = [max(pair) for pair in zip(most, held, strict=True)]
        page.screenshot(path=OUT / "hundred-thousand.png")
        elements, thumbnails = most
        assert elements < 1_000, "of four and more for each image"
        assert thumbnails <= 3_000
        asked = [sample for message in plain.sent("thumbs") for sample in message["samples"]]
        assert len(set(asked)) > 3_000, "more than are held were seen"
        assert len(asked) < 20_000, "what is scrolled past is not asked for"

        page.keyboard.press("Escape")
        cells = page.locator(".wb-cell")
        last = cells.last  # the order of elements is that of their coming
        last.scroll_into_view_if_needed()
        cells.filter(has=page.locator("img[src]")).last.click()
        page.keyboard.press("2")
        [sample] = plain.ops()[-1]["samples"]
        assert int(sample, 16) > 99_900, f"{sample} is one of the last of {sample_id(99_999)}"
