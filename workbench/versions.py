"""Versions of what a result depends on."""

import platform
from importlib.metadata import version

_DISTRIBUTIONS = ("workbench", "torch", "torchvision", "timm", "numpy", "pillow", "safetensors")


def versions() -> dict[str, str]:
    """Versions of Python, workbench and the libraries that models are made with, by name."""
    return {"python": platform.python_version(), **{name: version(name) for name in _DISTRIBUTIONS}}
