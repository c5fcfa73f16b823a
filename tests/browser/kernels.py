"""The kernels that the browser tests run on: the environment's own ipykernel 7, and ipykernel 6.

Widgets talk to the two through different code (subshells came with 7), and both are in use. The
older one is installed apart and put first on the kernel's path; all else comes from the
environment.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

KERNELS = ("ipykernel6", "ipykernel7")

_OLDER = ("ipykernel==6.31.0", "nest-asyncio==1.6.0")


def install_older(cache: Path) -> Path:
    """Install ipykernel 6 into a folder of its own, unless it is there from an earlier run.

    Args:
        cache: the folder to keep it in.

    Returns:
        The folder to put first on a kernel's `PYTHONPATH`.
    """
    folder = cache / "-".join(_OLDER).replace("==", "-")
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        command = [*_installer(), "--target", unfinished, "--no-deps", *_OLDER]
        subprocess.run(command, check=True, capture_output=True, text=True)
        unfinished.rename(folder)
    return folder


def _installer() -> list[str]:
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if uv := shutil.which("uv", path=beside):
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def write_kernelspecs(data_dir: Path, older: Path) -> None:
    """Write a kernelspec for each of `KERNELS`.

    Args:
        data_dir: the `JUPYTER_DATA_DIR` to write into.
        older: the folder that `install_older` returned.
    """
    # Before what the tests themselves run on, where that is given by a path.
    first = os.pathsep.join(filter(None, [str(older), os.environ.get("PYTHONPATH")]))
    for name, env in zip(KERNELS, ({"PYTHONPATH": first}, {}), strict=True):
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "metadata": {"debugger": False},
            "env": env,
        }
        folder = data_dir / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec))
