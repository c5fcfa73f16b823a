"""What the tests of the labelling widget share: cells to run and things to look for."""

import json
import os
import signal
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.conftest import OUT
from tests.browser.page import LabPage

CLASSES = [str(digit) for digit in range(10)]
EMBEDDED = 1_200_000  # ms to wait where all the digits may have to be embedded first


def opening(name: str, count: int = 25) -> list[str]:
    """Cells that open the bundled digits under a name and show the widget in the second."""
    return [
        f"import workbench as wb\nbench = wb.open({name!r}, images=wb.digits(), classes={CLASSES})",
        f"widget = bench.label({count})\nwidget",
    ]


def few_digits(digits: str, each: int) -> str:
    """Code that copies some of the bundled digits into `folder`, the digit in front of the name."""
    return (
        "import shutil, tempfile\nfrom pathlib import Path\nimport workbench as wb\n"
        "folder = Path(tempfile.mkdtemp())\n"
        f"for digit in {digits!r}:\n"
        f"    for path in sorted(wb.digits().glob(f'{{digit}}/*.png'))[:{each}]:\n"
        "        shutil.copy(path, folder / f'{digit}-{path.name}')\n"
    )


def opening_few(name: str, label: str = "") -> list[str]:
    """Cells that open 64 images of digits, all of them queued; `label`: arguments of bench.label."""
    opened = (
        f"bench = wb.open({name!r}, images=folder, classes={CLASSES})\n"
        "queued = bench.queue.add_by_hand(bench.dataset.values('id'))"
    )
    return [few_digits("01234567", 8) + opened, f"widget = bench.label({label})\nwidget"]


def show_widget(page: LabPage) -> None:
    """Run the two cells of `opening` and wait until the first image is drawn."""
    page.run_cell(0, timeout=400)
    page.run_cell(1)
    wait_for_image(page)


def wait_for_image(page: LabPage) -> None:
    """Wait until the widget shows an image, and give it the keys."""
    page.page.wait_for_function(
        "() => document.querySelector('.wb-file')?.textContent.includes('×')", timeout=240_000
    )
    page.page.locator(".wb-label").scroll_into_view_if_needed()
    page.page.locator(".wb-label").focus()


def type_keys(page: LabPage, keys: str) -> None:
    """Press keys as a quick hand would, one after the other."""
    for key in keys:
        page.page.keyboard.press(key)


def wait_saved(page: LabPage, timeout: float = 120) -> None:
    """Wait until the kernel has acknowledged everything; `timeout` in seconds."""
    page.page.wait_for_function(
        "() => document.querySelector('.wb-saved')?.textContent === 'saved'", timeout=timeout * 1000
    )


def wait_bar(page: LabPage, text: str, timeout: float = 120) -> None:
    """Wait until the line at the bottom holds a text; `timeout` in seconds."""
    page.page.wait_for_function(
        "text => document.querySelector('.wb-bar')?.textContent.includes(text)",
        arg=text,
        timeout=timeout * 1000,
    )


def type_while_the_kernel_dies(page: LabPage, keys: str, kept: int, picture: Path) -> None:
    """Type when the kernel hears nothing any more, kill it, start it again, and wait until saved.

    Args:
        page: with the cells of `opening`, the widget shown.
        keys: to type.
        kept: how many operations that is, which the browser keeps meanwhile.
        picture: of that, to be taken.
    """
    kernel = int(page.execute("import os; os.getpid()"))
    os.kill(kernel, signal.SIGSTOP)
    type_keys(page, keys)
    wait_bar(page, f"{kept} kept in this browser: no answer")
    page.screenshot(picture)
    os.kill(kernel, signal.SIGKILL)
    page.restart_kernel()
    page.run_cell(0, timeout=400)
    page.run_cell(1)
    wait_for_image(page)
    wait_saved(page)


def wait_colour(page: LabPage, colour: str) -> None:
    """Wait until some pixel of the viewport is clearly `orange` or `blue`."""
    more, less = {"orange": (0, 2), "blue": (2, 0)}[colour]
    page.page.wait_for_function(
        """([more, less]) => {
            const canvas = document.querySelector('.wb-layer');
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < data.length; i += 4)
                if (data[i + more] > data[i + less] + 40) return true;
            return false;
        }""",
        arg=[more, less],
    )


def screenshots(page: LabPage, name: str) -> None:
    """Keep what is to be seen, in both themes."""
    for theme in ("dark", "light"):
        page.set_theme(theme)
        page.screenshot(OUT / f"{name}-{theme}.png")


def labels_given(page: LabPage) -> list[str]:
    """The labels in the kernel's history, in order."""
    history = page.execute(
        "import json; print(json.dumps(bench.labels.history()['after'].tolist()))"
    )
    found: list[str] = json.loads(history)
    return found


def wait_pictures(page: Page, count: int) -> None:
    """Wait until so many pictures are drawn."""
    page.wait_for_function(
        "count => [...document.querySelectorAll('.wb-case img')].filter(i => i.naturalWidth).length >= count",
        arg=count,
    )
