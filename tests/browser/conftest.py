"""Fixtures of the browser tests: one JupyterLab for all of them, pages that close themselves."""

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from tests.browser.kernels import KERNELS
from tests.browser.lab import ROOT, Host, Lab, Theme
from tests.browser.page import LabPage
from tests.browser.warm import WarmPages

HERE = Path(__file__).parent
OUT = ROOT / "out" / "browser"

FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and run them last.

    Last, because quicker tests should speak first, and because Playwright keeps an event loop in
    this thread from its start on: a test that called `asyncio.run` after it would fail.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember that a test failed, for the fixtures that are torn down after it."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(params=KERNELS)
def kernel_name(request: pytest.FixtureRequest) -> str:
    """The name of a kernelspec; a test that asks for it runs once on each kernel."""
    return request.param


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The running JupyterLab; its kernels use the test run's own data home."""
    with contextlib.suppress(pytest.FixtureLookupError):
        request.getfixturevalue("home")  # sets WORKBENCH_HOME, which the kernels inherit
    shutil.rmtree(OUT, ignore_errors=True)
    with Lab(tmp_path_factory.mktemp("lab"), log=OUT / "lab.log") as running:
        yield running


@pytest.fixture(scope="session")
def warm_pages(lab: Lab) -> WarmPages:
    """What passed tests have left for others; the lab ends it."""
    return WarmPages(lab)


@pytest.fixture
def lab_page(
    lab: Lab, warm_pages: WarmPages, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LabPage]]:
    """A function that opens a notebook, given as the sources of its cells or as a file.

    Page and kernel may have been another test's, unless they are to be `fresh`; then no other test
    gets them either. When the test fails, its pages' screenshots and consoles, and what JupyterLab
    and the kernels printed, are kept in out/browser/<test>/.
    """
    opened: list[LabPage] = []
    kernels: list[str] = []  # of those that may be another test's
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    log_start = lab.log.stat().st_size

    def open_page(
        cells: list[str] | Path,
        *,
        kernel_name: str = KERNELS[-1],
        host: Host = "127.0.0.1",
        theme: Theme = "light",
        fresh: bool = False,
    ) -> LabPage:
        if isinstance(cells, Path):
            notebook = cells
        else:
            notebook = lab.write(f"{name}-{len(opened)}", cells, kernel_name)
        fresh = fresh or host != "127.0.0.1"
        found = None if fresh else warm_pages.take(notebook, kernel_name, theme)
        page = found or lab.open(notebook, host, theme)
        opened.append(page)
        kernels.append("" if fresh else kernel_name)
        return page

    yield open_page
    if failed := request.node.stash.get(FAILED, False):
        _keep_evidence(OUT / name, opened, lab.log.read_bytes()[log_start:])
    for page, kernel in zip(opened, kernels, strict=True):
        if failed or not kernel or not warm_pages.keep(page, kernel):
            page.close()


@pytest.fixture
def digit(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """One of the bundled digits, and what is told with it, for `Plain`."""
    path = sorted(wb.digits(tmp_path).glob("3/*.png"))[0]
    return path, {"width": 64, "height": 64}


def _keep_evidence(folder: Path, pages: list[LabPage], log: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lab.log").write_bytes(log)
    for number, page in enumerate(pages):
        (folder / f"console-{number}.txt").write_text("\n".join(page.console))
        if not page.page.is_closed():
            page.screenshot(folder / f"screenshot-{number}.png")
