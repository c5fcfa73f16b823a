"""Node's own test runner on the modules of the page that need no document."""

import subprocess
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

FOLDER = Path(__file__).parents[1] / "js"


def test_the_javascript_passes_its_own_tests() -> None:
    node, _ = compute_driver_executable()  # Playwright brings one: a bare machine has none
    files = sorted(FOLDER.glob("*.test.js"))
    assert files
    ran = subprocess.run(
        [node, "--test", "--test-reporter=spec", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
