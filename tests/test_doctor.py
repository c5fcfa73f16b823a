"""Each check of the doctor, on a machine that is well and on one that is not."""

import io
import os
import socket
import subprocess
from pathlib import Path

import pytest

from workbench.doctor import (
    Finding,
    Verdict,
    browser,
    database,
    examine,
    machine,
    notebook,
    packages,
    print_report,
    weights,
)
from workbench.doctor.report import CHECKS
from workbench.errors import DatabaseError

OK, WARN, FAIL = Verdict


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data home that is not there yet, and nobody's database."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FIFTYONE_DATABASE_URI", raising=False)
    monkeypatch.delenv("CHROMIUM", raising=False)
    return tmp_path / "home"


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_nothing_fails_where_the_tests_run() -> None:
    """And every finding that is not well says how to mend it."""
    out = io.StringIO()
    findings = list(examine())
    assert print_report(findings, out) == 0, out.getvalue()
    assert [finding.subject for finding in findings] == list(CHECKS)
    assert all(bool(finding.mend) is (finding.verdict is not OK) for finding in findings)


def test_the_report_has_a_line_each_and_fails_as_a_whole() -> None:
    def breaks() -> Finding:
        raise OSError("no such device")

    out = io.StringIO()
    findings = examine(
        {
            "one": lambda: Finding("one", OK, "is well"),
            "two": lambda: Finding("two", WARN, "is slow", "wait\nor buy"),
            "three": breaks,
        }
    )
    assert print_report(findings, out) == 1
    lines = out.getvalue().splitlines()
    assert lines[0] == "ok    one         is well"
    assert lines[1].startswith("warn  two")
    assert [line.strip() for line in lines[2:4]] == ["-> wait", "-> or buy"]
    assert lines[4].startswith("FAIL  three")
    assert "OSError: no such device" in lines[4]
    assert lines[-1] == "1 to mend before workbench works here"


# The machine


def test_an_old_python_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 2))
    assert machine.check_python().verdict is FAIL


def test_little_memory_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY_GB", 1 << 20)
    assert machine.check_memory().verdict is WARN


@pytest.mark.parametrize(("free", "verdict"), [(0.5, FAIL), (3, WARN), (50, OK)])
def test_disk(free: float, verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("usage", (), {"free": free * 2**30}))
    assert machine.check_disk().verdict is verdict


def test_a_home_that_is_not_there_yet_is_not_made(home: Path) -> None:
    assert machine.check_home().verdict is OK
    assert not home.exists()


def test_a_home_under_a_file_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "file" / "home"))
    finding = machine.check_home()
    assert finding.verdict is FAIL
    assert "WORKBENCH_HOME" in finding.mend


def test_a_home_that_is_a_file_fails(home: Path) -> None:
    home.touch()
    assert machine.check_home().verdict is FAIL


def test_no_loopback_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("not permitted")

    monkeypatch.setattr(socket, "create_server", refused)
    finding = machine.check_loopback()
    assert finding.verdict is FAIL
    assert "not permitted" in finding.says


# mongod


def test_a_database_of_the_users_own_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://me:secret@db.example:27017/")
    finding = database.check_database()
    assert finding.verdict is OK
    assert "db.example" in finding.says
    assert "secret" not in finding.says


def test_no_mongod_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Path:
        raise DatabaseError("install one")

    monkeypatch.setattr(database, "find_mongod", nothing)
    finding = database.check_database()
    assert finding.verdict is FAIL
    assert finding.mend == "install one"
    assert database.missing_packages() == []


def test_a_mongod_that_does_not_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = script(tmp_path / "mongod", "echo Illegal instruction >&2; exit 132")
    monkeypatch.setattr(database, "find_mongod", lambda: broken)
    finding = database.check_database()
    assert finding.verdict is FAIL
    assert "Illegal instruction" in finding.mend


def test_every_missing_library_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(
        tmp_path / "ldd",
        'printf "\\tlibcurl.so.4 => not found\\n\\tlibssl.so.3 => not found\\n'
        '\\tlibcrypto.so.3 => not found\\n\\tlibc.so.6 => /lib/libc.so.6\\n"',
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    finding = database.check_database()
    assert finding.verdict is FAIL
    assert "libcurl.so.4, libssl.so.3" in finding.says
    assert finding.mend == "sudo apt-get install libcurl4 libssl3"
    assert database.missing_packages() == ["libcurl4", "libssl3"]


# Packages, weights, JupyterLab, the browser


def test_a_package_outside_its_bounds_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["fiftyone<1.23,>=1.22", "no-such-package>=1", 'pytest<1; extra == "test"']
    monkeypatch.setattr(packages, "requires", lambda _: wanted)
    monkeypatch.setattr(packages, "version", _versions({"fiftyone": "1.23.0"}))
    finding = packages.check_packages()
    assert finding.verdict is FAIL
    assert "fiftyone is 1.23.0, <1.23,>=1.22 is supported" in finding.says
    assert "no-such-package is missing" in finding.says
    assert "pytest" not in finding.says


def _versions(installed: dict[str, str]):
    def version(name: str) -> str:
        if name not in installed:
            raise packages.PackageNotFoundError(name)
        return installed[name]

    return version


@pytest.mark.parametrize(
    ("code", "out", "verdict", "says"),
    [
        (1, "operator torchvision::nms does not exist", FAIL, "torchvision::nms"),
        (-11, "", FAIL, "exit code -11"),
        (0, '{"version": "2.15", "threads": 8, "gpu": null}', WARN, "no GPU: 8 CPU threads"),
        (0, 'chatter\n{"version": "2.15", "threads": 8, "gpu": "H, 80 GB"}', OK, "H, 80 GB"),
    ],
)
def test_torch(
    code: int, out: str, verdict: Verdict, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = subprocess.CompletedProcess([], code, out, out)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: answer)
    finding = packages.check_torch()
    assert finding.verdict is verdict
    assert says in finding.says


def test_weights_that_are_missing_or_cut_off_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert weights.check_weights().verdict is OK
    monkeypatch.setattr(weights, "_SMALLEST", 1 << 40)
    assert "cut off" in weights.check_weights().says
    monkeypatch.setattr(weights, "_PACKAGE", "no_such_package")
    assert "no-such-package is not there" in weights.check_weights().says


def test_widgets_that_jupyterlab_does_not_have_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("site.getuserbase", lambda: str(tmp_path))
    finding = notebook.check_jupyterlab()
    assert finding.verdict is FAIL
    assert "ipywidgets, anywidget, ipycanvas" in finding.says


def test_the_browser_that_is_asked_for_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = script(tmp_path / "mine", "true")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert browser.find_browser() == str(mine)
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    assert browser.find_browser() is None
    assert browser.check_browser().verdict is WARN


def test_a_driver_that_lacks_libraries_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "ldd", 'printf "\\tlibatomic.so.1 => not found\\n"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("CHROMIUM", str(script(tmp_path / "mine", "true")))
    finding = browser.check_browser()
    assert finding.verdict is WARN
    assert finding.mend == "sudo apt-get install libatomic1"


def test_no_browser_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = browser.check_browser()
    assert finding.verdict is WARN
    assert "apt-get install chromium" in finding.mend
