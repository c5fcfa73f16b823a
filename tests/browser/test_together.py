"""Two on one dataset: people with a kernel and a page each, and two tabs on one widget."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser import boxes
from tests.browser.bench import (
    opening,
    opening_few,
    show_widget,
    type_keys,
    wait_bar,
    wait_for_image,
    wait_saved,
)
from tests.browser.page import LabPage

Open = Callable[..., LabPage]


def test_the_second_on_an_image_is_told_and_may_overrule(lab_page: Open, home: Path) -> None:
    ann = lab_page(opening("together"))
    show_widget(ann)
    bob = lab_page(
        ["import workbench as wb\nbench = wb.open('together', annotator='bob')", "bench.label()"]
    )
    bob.run_all()
    wait_for_image(bob)
    shown = bob.page.locator(".wb-file").inner_text()
    assert shown == ann.page.locator(".wb-file").inner_text(), "both look at the same image"

    ann.page.bring_to_front()
    type_keys(ann, "1")
    wait_saved(ann)
    bob.page.bring_to_front()
    type_keys(bob, "2")
    wait_saved(bob)
    wait_bar(bob, "had labelled")
    type_keys(bob, "3")  # the image that came meanwhile
    wait_bar(bob, shown.split(" ")[0])
    type_keys(bob, "2")  # and the one in dispute, after a second look
    wait_saved(bob)
    code = (
        "print(bench.labels.history()[['after', 'annotator', 'applied']].to_json(orient='values'))"
    )
    events = json.loads(bob.execute(code))
    assert [event[0::2] for event in events] == [
        ["1", True],
        ["2", False],
        ["3", True],
        ["2", True],
    ]
    assert [event[1] for event in events[1:]] == ["bob"] * 3
    assert ann.execute("sorted(bench.labels.counts().items())") == "[('2', 1), ('3', 1)]"


def test_two_draw_on_one_image_and_one_of_them_is_told_what_the_other_did_first(
    lab_page: Open, home: Path
) -> None:
    ann = lab_page(boxes.opening("drawn-together"))
    show_widget(ann)
    boxes.drag(ann.page, (100, 100), (160, 150))
    wait_saved(ann)
    again = "bench = wb.open('drawn-together', annotator='bob')\n" + (
        "from workbench.dataset.detections import read_boxes\n"
        "pool = bench.dataset.match({'split': 'pool'}).values('id')"
    )
    bob = lab_page([f"import workbench as wb\n{again}", "bench.label()"])
    bob.run_all()
    wait_for_image(bob)

    ann.page.bring_to_front()
    boxes.drag(ann.page, (130, 125), (150, 115))  # moved
    wait_saved(ann)
    bob.page.bring_to_front()
    boxes.drag(bob.page, (200, 200), (240, 240))  # on an image that looks otherwise by now
    wait_saved(bob)
    wait_bar(bob, "what you drew on it last is undone")
    moved = ["silver", 120, 90, 60, 50, 0]
    assert boxes.boxes_of(bob)[0] == [moved]
    assert bob.page.locator(".wb-box-row .wb-name").all_inner_texts() == ["silver"]
    boxes.drag(bob.page, (200, 200), (240, 240))  # now that he sees it
    boxes.drag(bob.page, (150, 115), (150, 125))  # where it is shown by now
    wait_saved(bob)
    moved[2] = 100
    assert sorted(boxes.boxes_of(bob)[0]) == [moved, ["silver", 200, 200, 40, 40, 0]]
    told = bob.execute("bench.labels.history()[['annotator', 'applied']].to_numpy().tolist()")
    assert told.endswith("['bob', False], ['bob', True], ['bob', True]]")


def history(page: LabPage) -> list[list[Any]]:
    """After, source and whether it was applied, of every event."""
    code = "print(bench.labels.history()[['after', 'source', 'applied']].to_json(orient='values'))"
    found: list[list[Any]] = json.loads(page.execute(code))
    return found


def assert_counts(counts: dict[str, int], *tabs: LabPage) -> None:
    """What each tab shows of the labels so far; it hears of the other's a moment later."""
    for tab in tabs:
        tab.page.wait_for_function(
            """wanted => {
                const shown = [...document.querySelectorAll('.wb-count')].map(e => +e.textContent);
                return shown.every((count, digit) => count === (wanted[digit] ?? 0));
            }""",
            arg=counts,
        )
        assert (
            json.loads(tab.execute("import json; json.dumps(bench.labels.counts())")[1:-1])
            == counts
        )


def press(tab: LabPage, keys: str) -> None:
    """Type into one of the tabs, and wait until that is saved."""
    tab.page.bring_to_front()
    tab.page.locator(".wb-label").focus()
    for key in keys:
        tab.page.keyboard.press({"y": "Shift+Z"}.get(key, key))
    wait_saved(tab)


def test_two_tabs_on_one_widget_take_back_their_own(lab_page: Open, home: Path) -> None:
    left = lab_page(opening_few("tabs", "instant=False"), fresh=True)
    show_widget(left)
    left.save()  # with the widget's view, which the other tab shows of the same kernel
    right = LabPage(left.page.context.new_page())
    right.load(left.page.url)
    wait_for_image(right)
    image = left.page.locator(".wb-file").inner_text()
    assert right.page.locator(".wb-file").inner_text() == image

    press(left, "1")
    assert_counts({"1": 1}, left, right)
    assert right.page.locator(".wb-file").inner_text() == image, "nothing moves under a hand"
    press(right, "2")
    wait_bar(right, "had labelled")
    assert history(left) == [["1", "human", True], ["2", "human", False]]

    press(right, "3")
    press(left, "z")  # its own label, not the other's, which is later
    assert_counts({"3": 1}, left, right)
    assert left.page.locator(".wb-file").inner_text() == image
    press(right, "4")  # on an image whose label it has seen, and that has none any more
    wait_bar(right, "otherwise: label it again")
    press(left, "y")  # whatever the other did since
    assert_counts({"1": 1, "3": 1}, left, right)
    press(right, "5")
    press(right, "zz")
    assert_counts({"1": 1}, left, right)
    press(right, "yy")
    press(left, "z")
    assert_counts({"3": 1, "5": 1}, left, right)
    sources = [source for _, source, applied in history(left) if applied]
    first, then = ["human", "human", "undo", "redo", "human"], ["undo", "undo", "redo", "redo"]
    assert sources == [*first, *then, "undo"]
