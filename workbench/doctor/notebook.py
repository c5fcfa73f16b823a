"""Check of JupyterLab and of the parts that draw our widgets in it."""

import site
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workbench.doctor.finding import Finding, fail, ok

# Package -> the folder of its part for JupyterLab. A package that was installed into another
# environment than JupyterLab's leaves "Error displaying widget" in the cell and no other trace.
_EXTENSIONS = {
    "ipywidgets": "@jupyter-widgets/jupyterlab-manager",
    "anywidget": "anywidget",
    "ipycanvas": "ipycanvas",
}


def check_jupyterlab() -> Finding:
    """Whether JupyterLab is there with the widgets that we draw with."""
    again = f"{sys.executable} -m pip install --force-reinstall jupyterlab " + " ".join(_EXTENSIONS)
    try:
        lab = version("jupyterlab")
    except PackageNotFoundError:
        return fail("JupyterLab", "it is not installed in this environment", again)
    missing = [name for name, folder in _EXTENSIONS.items() if not _installed(folder)]
    if missing:
        return fail("JupyterLab", f"{lab}, but without its part of {', '.join(missing)}", again)
    return ok("JupyterLab", f"{lab}, with {', '.join(_EXTENSIONS)}")


def _installed(folder: str) -> bool:
    prefixes = (sys.prefix, site.getuserbase())
    return any(
        (Path(prefix) / "share/jupyter/labextensions" / folder / "package.json").is_file()
        for prefix in prefixes
    )
