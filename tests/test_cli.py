"""The command line: what it hands on, what it opens, what it leaves alone."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import workbench
from workbench import cli, launch


class ReplacedError(Exception):
    """Raised where the process would be replaced by JupyterLab."""


@pytest.fixture
def notebook() -> Path:
    """The notebook as it comes with the repository."""
    return launch.original()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The command that the process would be replaced by, run from an empty folder."""
    seen: list[str] = []

    def execv(program: str, arguments: list[str]) -> None:
        assert program == arguments[0]
        seen.extend(arguments)
        raise ReplacedError

    monkeypatch.setattr("os.execv", execv)
    monkeypatch.chdir(tmp_path)
    return seen


def test_version_and_help_are_those_of_the_installed_program() -> None:
    program = Path(sys.executable).with_name("workbench")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"workbench {workbench.__version__}\n"
    shown = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert all(word in shown for word in ("demo", "lab", "doctor"))


def test_demo_gets_its_arguments_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    demo = ModuleType("workbench.teaching.demo")
    demo.main = lambda argv: seen.extend(argv) or 7
    monkeypatch.setitem(sys.modules, "workbench.teaching.demo", demo)

    assert cli.main(["demo", "--rounds", "3", "--help", "--home", "/tmp/x"]) == 7
    assert seen == ["--rounds", "3", "--help", "--home", "/tmp/x"]


def test_lab_opens_a_copy_and_hands_options_on(
    command: list[str], tmp_path: Path, notebook: Path
) -> None:
    with pytest.raises(ReplacedError):
        cli.main(["lab", "--port", "9000", "--no-browser"])

    copy = tmp_path / "workbench-notebooks" / notebook.name
    assert copy.read_bytes() == notebook.read_bytes()
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert command[-3:] == ["--port", "9000", "--no-browser"]
    assert f"--ServerApp.root_dir={copy.parent}" in command
    assert f"--LabApp.default_url=/lab/tree/{copy.name}" in command


def test_lab_opens_an_earlier_copy_as_it_was_left(
    command: list[str], tmp_path: Path, notebook: Path
) -> None:
    copy = tmp_path / "workbench-notebooks" / notebook.name
    copy.parent.mkdir()
    copy.write_text("my own work")

    with pytest.raises(ReplacedError):
        cli.main(["lab"])

    assert copy.read_text() == "my own work"
    assert f"--ServerApp.root_dir={copy.parent}" in command


def test_lab_opens_the_original_when_asked_to(
    command: list[str], tmp_path: Path, notebook: Path
) -> None:
    with pytest.raises(ReplacedError):
        cli.main(["lab", "--in-place"])
    assert f"--ServerApp.root_dir={notebook.parent}" in command
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_let_in(
    monkeypatch: pytest.MonkeyPatch, notebook: Path, user: int, allowed: bool
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert ("--allow-root" in launch.lab_command(notebook, [])) is allowed
    assert launch.lab_command(notebook, ["--allow-root"]).count("--allow-root") == 1


def test_lab_says_when_the_copy_cannot_be_made(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "workbench-notebooks").write_text("a file where the folder should be")
    assert cli.main(["lab"]) == 1
    assert "workbench-notebooks" in capsys.readouterr().err
    assert not command


def test_a_misspelt_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["doctor", "--verbos"])
    assert "--verbos" in capsys.readouterr().err
