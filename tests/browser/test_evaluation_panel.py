"""What an evaluation leaves in the App, opened by hand in its Model Evaluation panel."""

import json
import re
from collections.abc import Callable

from tests.browser.conftest import OUT
from tests.browser.page import LabPage

OPEN = """import shutil, tempfile
from pathlib import Path
import workbench as wb
tree = Path(tempfile.mkdtemp())
for digit in "0123":
    (tree / digit).mkdir()
for digit in "0123":
    for number, path in enumerate(sorted(wb.digits().glob(f"{digit}/*.png"))[:60]):
        wrong = number % 9 == 4  # or there is nothing to see
        shutil.copy(path, tree / str((int(digit) + wrong) % 4))
bench = wb.open("panel", images=tree, labels="folders")
measured = bench.evaluate()
assert not measured.provisional"""


def test_the_model_evaluation_panel_shows_what_evaluate_measured(
    lab_page: Callable[..., LabPage],
) -> None:
    page = lab_page([OPEN, "bench.inspect()"])
    page.run_cell(0, timeout=900)
    page.run_cell(1, timeout=400)
    counts = "[len(measured.cases), int(measured.cases.wrong.sum())]"
    tested, wrong = json.loads(page.execute(f"import json; print(json.dumps({counts}))"))
    assert wrong
    output = page.cell_output(1)
    output.scroll_into_view_if_needed()
    frame = output.frame_locator(".workbench-app iframe")
    frame.locator("[data-cy=looker]").first.wait_for(timeout=240_000)
    frame.get_by_text("Dismiss").click()
    frame.locator("[data-cy=new-panel-btn]").first.click()
    frame.get_by_text("Model Evaluation").first.click()
    frame.locator("p", has_text="blind_test").click()
    frame.get_by_role("row", name=re.compile("^Incorrect")).wait_for(timeout=240_000)
    page.screenshot(OUT / "evaluation-panel.png")
    figures = {"Support": tested, "Correct": tested - wrong, "Incorrect": wrong}
    for name, figure in figures.items():
        row = frame.get_by_role("row", name=re.compile(f"^{name}")).inner_text().split()
        assert row[:2] == [name, str(figure)]
