"""A training run in its cell: what is drawn in each state, and stopping it by hand."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.bench import CLASSES, few_digits, screenshots
from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.page import PATIENCE, LabPage
from tests.browser.plain import STATIC, THEMES, WEAR
from workbench.widgets._modules import link

Open = Callable[..., LabPage]

START = """async ([module, style, state]) => {
    const address = URL.createObjectURL(new Blob([module], {type: 'text/javascript'}));
    const {default: widget} = await import(address);
    document.head.append(Object.assign(document.createElement('style'), {textContent: style}));
    document.body.style.background = 'var(--jp-layout-color0, #fff)';
    window.sent = [];
    const listeners = {};
    const model = {
        get: () => window.state,
        on: (name, listener) => (listeners[name] = listener),
        off: () => {},
        send: message => sent.push(message),
    };
    window.hear = state => { window.state = state; listeners['change:state']?.(); };
    window.state = state;
    await widget.render({model, el: document.body.appendChild(document.createElement('div'))});
}"""

QUEUED = {
    **{"title": "convnext_tiny, 412 labels", "status": "queued", "said": "", "ended": False},
    **{"verdict": "", "measure": "accuracy", "minutes": 10, "seconds": 0, "left": 0, "device": ""},
    **{"before": None, "looks": [], "best": None, "stopping": False},
}


def looks(count: int) -> list[dict[str, Any]]:
    """A run as they go: quickly better, then slowly."""
    return [
        {
            "seconds": 20.0 + 40 * n,
            "loss": 1.4 * math.exp(-n / 4) + 0.3 if n else None,
            "log_loss": 0.5 * math.exp(-n / 3) + 0.2 + 0.004 * n,
            "figure": 0.94 - 0.12 * math.exp(-n / 3),
        }
        for n in range(count)
    ]


def running(count: int, **more: Any) -> dict[str, Any]:
    """A run after some looks."""
    made = looks(count)
    return QUEUED | {
        **{"status": "running", "device": "CPU, 2 threads", "before": 0.872, "looks": made},
        **{"said": "epoch 4 of 20, loss 0.61, held out accuracy 91.2 %, 33 images/s"},
        **{"seconds": made[-1]["seconds"] if made else 12.0, "left": 420.0},
        **{"best": min(range(count), key=lambda n: made[n]["log_loss"]) if count else None},
        **more,
    }


STATES = {
    "queued": QUEUED,
    "features": running(0, said="a linear head first, on the features of 412 images"),
    "first-look": running(1),
    "running": running(8),
    "stopping": running(8, stopping=True),
    "finished": running(
        14,
        ended=True,
        status="finished",
        verdict="finished, all 20 epochs done: 93.1 % on 82 "
        "held-out labels, 87.2 % before; now in use",
    ),
    "failed": running(
        3,
        ended=True,
        status="failed",
        verdict="failed, its process was killed (signal 9), as a "
        "system does when memory runs out: a smaller batch_size or backbone needs less",
    ),
}


@pytest.fixture
def page(lab: Lab) -> Any:
    """A page that shows a queued run."""
    page = lab.blank(viewport={"width": 860, "height": 340})
    page.set_default_timeout(PATIENCE)
    style = (STATIC / "run_view.css").read_text()
    page.evaluate(START, [link(STATIC / "run_view.js"), style, QUEUED])
    yield page
    page.context.close()


def hear(page: Page, state: dict[str, Any]) -> None:
    """Have the page hear how the run stands."""
    page.evaluate("state => hear(state)", state)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_a_run_is_drawn(page: Page, scheme: str) -> None:
    page.evaluate(WEAR, THEMES[scheme])
    page.evaluate(
        "dark => document.body.setAttribute('data-jp-theme-light', !dark)", scheme == "dark"
    )
    for name, state in STATES.items():
        hear(page, state)
        assert page.locator(".wb-run-title").inner_text() == state["title"]
        said = page.locator(".wb-run-said").inner_text()
        assert said.endswith(state["verdict"] or state["said"] or "queued")
        assert page.locator(".wb-run-stop").is_visible() is not state["ended"]
        assert page.locator(".wb-run svg").count() == (2 if state["looks"] else 0)
        page.screenshot(path=OUT / f"run-{name}-{scheme}.png")
    assert "NaN" not in page.locator(".wb-run").inner_html()


def test_a_run_is_stopped_by_key_and_says_what_it_means(page: Page) -> None:
    hear(page, running(8))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Stop, keep the best"
    page.keyboard.press("Enter")
    assert page.evaluate("sent") == [{"type": "stop"}]
    hear(page, running(8, stopping=True))
    assert page.locator(".wb-run-stop").is_disabled()
    figures = page.locator(".wb-run figure").nth(1)
    assert "before 87.2 %" in figures.inner_text()
    assert "7 min left at most" in page.locator(".wb-run-said").inner_text()
    pictures = page.locator(".wb-run svg")
    assert pictures.nth(0).get_attribute("aria-label") == "Loss from 1.39 to 0.54, after 5 min"


def test_a_run_in_a_notebook_leaves_the_kernel_free(lab_page: Open) -> None:
    opened = (
        f"bench = wb.open('trains', images=folder, classes={CLASSES})\n"
        "for sample in bench.dataset.match({'split': 'pool'}):\n"
        "    bench.labels.commit(sample.id, sample.filename[0], seconds=1.0)"
    )
    train = 'run = bench.train("test_resnet", weights="random", minutes=20, epochs=90_000)\nrun'
    page = lab_page([few_digits("0123", 20) + opened, train])
    page.run_all()
    page.page.locator(".wb-run polyline").first.wait_for()
    assert page.execute("run.status") == "'running'"
    assert page.execute("len(bench.runs)") == "1"
    screenshots(page, "run-lab")
    page.page.locator(".wb-run-stop").click()
    page.page.locator(".wb-run[data-status=stopped]").wait_for()
    verdict = page.page.locator(".wb-run-said").inner_text()
    assert "stopped, by hand" in verdict
    assert "could not" not in verdict
    assert page.execute("run.status") == "'stopped'"
    screenshots(page, "run-stopped")
