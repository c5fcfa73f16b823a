"""The harness itself: what the other browser tests take for granted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.page import KernelError, LabPage

Open = Callable[..., LabPage]

BUTTON = """
import ipywidgets
clicks = []
button = ipywidgets.Button(description="press")
button.on_click(lambda _: clicks.append(1))
button
"""

SLEEP = """
import time
print("on")
time.sleep(600)
"""


def test_a_click_reaches_the_kernel_in_both_themes(lab_page: Open, kernel_name: str) -> None:
    page = lab_page([BUTTON], kernel_name=kernel_name, theme="dark")
    page.run_all()
    button = page.cell_output(0).get_by_role("button", name="press")
    for clicks, theme in enumerate(("dark", "light"), start=1):
        page.set_theme(theme)
        button.click()
        assert page.execute("len(clicks)") == str(clicks)
        is_light = page.page.evaluate("document.body.dataset.jpThemeLight")
        assert is_light == str(theme == "light").lower()
        page.screenshot(OUT / f"harness-{kernel_name}-{theme}.png")


def test_each_kernel_is_of_its_version(lab_page: Open, kernel_name: str) -> None:
    page = lab_page(["import ipykernel"], kernel_name=kernel_name, fresh=True)
    page.run_cell(0)
    assert page.execute("ipykernel.version_info[0]") == kernel_name.removeprefix("ipykernel")
    assert page.execute("print('out'); 6 * 7") == "out\n42"

    page.restart_kernel()

    with pytest.raises(KernelError, match="NameError"):
        page.execute("ipykernel")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_opens_under_both_names_of_the_machine(
    lab_page: Open, lab: Lab, host: str, home: Path
) -> None:
    page = lab_page(["1 + 1"], host=host)
    page.run_cell(0)
    assert page.cell_output(0).locator(".jp-OutputArea-output").inner_text() == "2"
    assert page.page.evaluate("location.hostname") == host
    # Neither the user's Jupyter nor the user's data home is touched.
    shown = page.execute("from jupyter_core.paths import *; print(jupyter_data_dir())")
    assert Path(shown).is_relative_to(lab.root.parent)
    assert page.execute("import os; print(os.environ['WORKBENCH_HOME'])") == str(home)


def test_a_cell_that_runs_on_can_be_interrupted(lab_page: Open) -> None:
    page = lab_page([SLEEP])
    page.run_cell(0, wait=False)
    page.cell_output(0).get_by_text("on", exact=True).wait_for()
    assert page.is_running(0)
    with pytest.raises(KernelError, match=r"no answer within 0\.1 s"):
        page.execute("1", timeout=0.1)

    page.interrupt()

    with pytest.raises(KernelError, match="KeyboardInterrupt"):
        page.wait_cell(0)
    assert not page.is_running(0)


def test_a_raising_cell_fails_the_test_and_a_reload_keeps_the_kernel(lab_page: Open) -> None:
    page = lab_page(["known = 1", "1 / 0", "known = 2"])
    with pytest.raises(KernelError, match="cell 1 raised ZeroDivisionError"):
        page.run_all()
    page.save()
    page.reload()
    assert page.execute("known") == "1"
