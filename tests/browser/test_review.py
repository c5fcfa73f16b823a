"""Reviewing likely label errors in a real JupyterLab: an auditor's first door."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import screenshots, show_widget, type_keys, wait_bar, wait_saved
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

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
