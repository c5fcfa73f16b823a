"""Reviewing likely label errors in a real JupyterLab: an auditor's first door."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import screenshots, show_widget, type_keys, wait_bar, wait_saved
from tests.browser.boxes import CLASSES, COINS, boxes_of
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

# Boxes that somebody has drawn, and what a detector says of them: decided here, so that it is known
# what there is to doubt.
DOUBTED = """
from dataclasses import replace
from types import SimpleNamespace
from workbench.dataset.boxes import Box, box_id

def box(label, x, y, **more):
    return Box(box_id(), label, x / 384, y / 303, 46 / 384, 46 / 303, **more)

found = {}
for sample_id in pool:
    boxes = [box("silver", 30, 30), box("bronze", 90, 28), box("worn", 150, 25)]
    bench.labels.commit(sample_id, boxes)
    found[sample_id] = [replace(each, id=box_id(), confidence=0.8) for each in boxes]
wrong, moved, *_ = pool
silver, bronze, worn = found[wrong]
other = replace(silver, label="worn", confidence=0.95)
found[wrong] = [other, bronze, worn, box("worn", 206, 34, confidence=0.92)]
silver, bronze, worn = found[moved]
found[moved] = [silver, replace(bronze, x=bronze.x + 20 / 384, confidence=0.9), worn]
bench._work.judge._finder = SimpleNamespace(
    name="run 1", trained_on=frozenset(), others={},
    predictions=lambda ids=None, by="": {each: found.get(each, ()) for each in ids or found},
)
"""

# A folder tree that somebody else labelled, and got wrong here and there.
TREE = """
import shutil, tempfile
from pathlib import Path
import numpy as np
import workbench as wb
tree, rng = Path(tempfile.mkdtemp()), np.random.default_rng(5)
wrong = set()
for digit in "0123456789":
    for path in sorted(wb.digits().glob(f"{digit}/*.png"))[:30]:
        label = digit if rng.random() > 0.06 else str((int(digit) + 1) % 10)
        (tree / label).mkdir(exist_ok=True)
        shutil.copy(path, tree / label / f"{digit}-{path.name}")
"""
OPEN = 'bench = wb.open("audit", images=tree, labels="folders")'


def test_an_auditor_settles_suspects_by_keyboard(lab_page: Open, home: Path) -> None:
    page = lab_page([TREE + OPEN, 'widget = bench.label(review="suspects")\nwidget'])
    show_widget(page)
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.wb-near img')].filter(i => i.naturalWidth).length === 5"
    )
    screenshots(page, "review")
    reason = page.page.locator(".wb-reason").inner_text()
    assert "the model, which has not seen this label" in reason
    labelled = page.page.locator(".wb-chosen .wb-name").inner_text()
    assert f"labelled '{labelled}'" in reason
    suggested = page.page.locator(".wb-suggested .wb-name").inner_text()
    assert suggested != labelled

    left = int(page.page.locator(".wb-place").inner_text().split(" of ")[1])
    type_keys(page, " ")  # what the model says
    type_keys(page, "k")  # the label was right
    type_keys(page, "s")  # undecided
    wait_saved(page)
    wait_bar(page, f"3 of {left}")
    events = json.loads(
        page.execute(
            "import json; h = bench.labels.history(); h = h[h['source'] == 'reviewed']; "
            "print(json.dumps(h[['before', 'after', 'suggestion']].values.tolist()))"
        )
    )
    assert len(events) == 2, "what was put off left no trace"
    assert events[0] == [labelled, suggested, suggested]
    assert events[1][0] == events[1][1], "kept, and recorded as looked at"

    type_keys(page, "zz")  # the one put off is back, and the one kept
    wait_saved(page)
    wait_bar(page, f"1 of {left}")
    settled = page.execute("h.loc[h['before'] != h['after'], 'sample_id'].iloc[0]").strip("'")
    again = page.execute(
        "[i.sample_id for i in bench.label(review='suspects')._desk._worklist.items()]"
    )
    assert settled not in again, "who has looked again need not look a third time"


def test_an_auditor_settles_doubted_boxes_by_keyboard(lab_page: Open, home: Path) -> None:
    opened = f"NAME, CLASSES = 'audit-boxes', {CLASSES}\n{COINS}\n{DOUBTED}"
    page = lab_page([opened, 'widget = bench.label(review="suspects")\nwidget'])
    show_widget(page)
    page.page.locator(".wb-box-told", has_text="suggested").wait_for(state="attached")
    screenshots(page, "review-boxes")
    reason = page.page.locator(".wb-reason").inner_text()
    assert "labelled 'silver'" in reason, "of what is selected"
    before = boxes_of(page)[0]
    type_keys(page, "v")  # the class that the model says
    assert "no box" in page.page.locator(".wb-reason").inner_text()
    screenshots(page, "review-boxes-second")
    type_keys(page, "v")  # and the box that was overlooked
    wait_saved(page)
    after = boxes_of(page)[0]
    assert [each[0] for each in after] == ["worn", "bronze", "worn", "worn"]
    assert [each[1:] for each in after[:3]] == [each[1:] for each in before]
    type_keys(page, " ")  # the image is right now
    screenshots(page, "review-boxes-moved")
    type_keys(page, "v ")  # the place that the model says
    wait_saved(page)
    assert boxes_of(page)[1][1][:2] == ["bronze", 110]
    again = "bench.label(review='suspects')._desk._worklist.items()"
    assert page.execute(f"len({again})") == "0"

    type_keys(page, "zz")  # both steps on the second image
    wait_saved(page)
    assert boxes_of(page)[1][1][:2] == ["bronze", 90]
    assert page.execute(f"[i.sample_id for i in {again}] == [moved]") == "True"
    history = page.execute(
        "import json; h = bench.labels.history(); h = h[h['sample_id'] == wrong]; "
        "print(json.dumps(h['source'].tolist()))"
    )
    assert json.loads(history)[-3:] == ["accepted", "accepted", "reviewed"]
