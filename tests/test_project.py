"""What holds for the repository as a whole: its layout and its promises."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

HEAVY = {
    *(
        "IPython",
        "PIL",
        "anywidget",
        "cleanlab",
        "cv2",
        "fiftyone",
        "hypercorn",
        "ipycanvas",
        "ipywidgets",
    ),
    *("matplotlib", "numpy", "pandas", "pymongo", "requests", "scipy", "sklearn", "timm", "torch"),
    *("torchvision", "tqdm"),
}


def written(*folders: str) -> Iterator[Path]:
    """Every file that people wrote, in these folders of the repository, whatever its language."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".js", ".css", ".sh", ".yml"}:
                yield path


# Imports


@pytest.mark.parametrize("module", ["workbench", "workbench.cli", "workbench.doctor"])
def test_import_loads_nothing_heavy(module: str) -> None:
    ask = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert not HEAVY & set(loaded.stdout.split())


@pytest.mark.parametrize("room", ["app", "dataset", "labels"])
def test_a_room_that_uses_fiftyone_loads_it_late(room: str) -> None:
    ask = f"import sys, workbench.{room}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert not {"fiftyone", "torch", "timm"} & set(loaded.stdout.split())


def test_the_rules_of_the_house_can_be_broken(tmp_path: Path) -> None:
    """Each import contract has to catch the sin that it is there for."""
    ignore = shutil.ignore_patterns("__pycache__")
    package = shutil.copytree(ROOT / "workbench", tmp_path / "workbench", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (package / "labels" / "sin.py").write_text("import workbench.models\n")
    (package / "evaluation" / "sin.py").write_text("import pathlib\n")
    (package / "selection" / "sin.py").write_text(
        "import cleanlab.rank\nimport fiftyone.core.labels\nimport ipywidgets\nimport timm\n"
    )
    lint = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        assert f"{contract['name']} BROKEN" in ran.stdout
    assert "workbench.labels is not allowed to import workbench.models" in ran.stdout


# Layout


def test_no_file_is_longer_than_400_lines() -> None:
    folders = ("workbench", "tests", "benchmarks", "extensions", "scripts")
    lengths = {path: len(path.read_text().splitlines()) for path in written(*folders)}
    assert not {str(path): length for path, length in lengths.items() if length > 400}


def test_nothing_is_left_to_be_done() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    folders = ("workbench", "tests", "benchmarks", "extensions", "scripts", "notebooks")
    for path in (*written(*folders), *NOTEBOOKS):
        assert path == Path(__file__) or not unfinished.search(path.read_text()), path


def test_notebooks_carry_no_outputs() -> None:
    check = ROOT / "scripts" / "check_notebooks.py"
    ran = subprocess.run([sys.executable, check], capture_output=True, text=True, check=False)
    assert not ran.stderr
    assert ran.returncode == 0


def test_a_notebook_with_outputs_is_found(tmp_path: Path) -> None:
    notebook = tmp_path / "run.ipynb"
    notebook.write_text('{"cells": [{"outputs": [{}], "execution_count": 3}]}')
    check = ROOT / "scripts" / "check_notebooks.py"
    ran = subprocess.run(
        [sys.executable, check, notebook], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "cell 0 has outputs" in ran.stderr
    assert "cell 0 has an execution count" in ran.stderr


# The public face


def test_at_most_fifteen_names_are_public() -> None:
    assert len(workbench.__all__) <= 15


def test_every_public_name_is_shown_to_the_reader() -> None:
    shown = "".join(path.read_text() for path in (ROOT / "README.md", *NOTEBOOKS))
    hidden = [name for name in workbench.__all__ if not re.search(rf"\b{name}\b", shown)]
    assert not hidden, "in no notebook and not in the README"


def test_every_public_name_is_there_and_documented() -> None:
    for name in workbench.__all__:
        assert getattr(workbench, name).__doc__ or name.startswith("__")
