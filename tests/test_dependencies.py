"""Dependencies are declared, pinned, explained, and written down once."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [
    Requirement(line)
    for line in (*PROJECT["dependencies"], *(o for e in EXTRAS.values() for o in e))
]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_package_that_is_imported_is_a_declared_dependency() -> None:
    """What merely comes along with another package may go with its next release."""
    declared = {canonicalize_name(one.name) for one in REQUIREMENTS} | {"workbench"}
    providers = importlib.metadata.packages_distributions()
    undeclared = set()
    for folder in ("workbench", "tests", "benchmarks", "extensions", "scripts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for name in imported(path):
                known = name in sys.stdlib_module_names or (ROOT / name).is_dir()
                if not known and not declared & set(
                    map(canonicalize_name, providers.get(name, [name]))  # optional, not here
                ):
                    undeclared.add(f"{path.relative_to(ROOT)} imports {name}")
    assert not undeclared


def imported(path: Path) -> set[str]:
    """The top-level names of what a file imports, at its top or anywhere else."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def test_every_dependency_is_pinned_inside_its_bounds() -> None:
    pinned = pins()
    for wanted in REQUIREMENTS:
        pin = pinned.get(canonicalize_name(wanted.name))
        assert pin, f"{wanted.name} is not in constraints.txt: make constraints"
        assert wanted.specifier.contains(pin, prereleases=True), f"{wanted} is pinned to {pin}"


def test_constraints_are_names_and_versions_only() -> None:
    for name, version in pins().items():
        assert name == canonicalize_name(name)
        assert Version(version)
    assert not re.search(r"://|@|sha256|--", (ROOT / "constraints.txt").read_text())


def test_pins_run_on_the_first_release_of_the_oldest_python() -> None:
    """Debian 12 has 3.11.2, Ubuntu 22.04 has 3.11.0: a pin may not want a later patch."""
    for name, pin in pins().items():
        try:
            installed = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # another platform's
        wanted = installed.get("Requires-Python")
        if wanted and installed["Version"] == pin:
            assert SpecifierSet(wanted).contains("3.11.0"), f"{name} {pin} wants Python {wanted}"


def test_the_conda_environment_installs_this_project_and_has_no_versions_of_its_own() -> None:
    text = (ROOT / "environment.yml").read_text()
    entries = re.findall(r"^ +- +(.+)$", text, re.MULTILINE)
    assert entries == ["conda-forge", "python=3.11", "pip", "pip:", "-c constraints.txt", "-e ."]


def test_every_dependency_has_its_reason_and_its_licence() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    explained = dict(re.findall(r"^- \*\*(\S+)\*\* (\(\S.*?\): \S.*)$", text, re.MULTILINE))
    assert sorted(explained) == sorted({one.name for one in REQUIREMENTS})
