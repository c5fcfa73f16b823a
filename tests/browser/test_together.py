"""Two people, each with a kernel and a page of their own, on one dataset."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import (
    opening,
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
