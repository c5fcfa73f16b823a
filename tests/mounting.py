"""File systems of their own: small ones that fill up, and such as nobody may write to."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A tmpfs at a folder, which takes root; else the test is skipped.

    Args:
        folder: made where it is not there.
        options: of `mount`, such as `size=64k`.
    """
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", folder]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("a file system of its own can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, options: str) -> None:
    """Change its options, such as its size."""
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)
