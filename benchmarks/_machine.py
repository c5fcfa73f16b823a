"""The machine that a benchmark ran on, in words."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("torch", "timm", "fiftyone", "pymongo")


def describe() -> list[str]:
    """Cores, memory, processor, versions and the load of this moment, a line each."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return [
        f"machine: {usable} of {os.cpu_count()} cores, {memory:.0f} GiB, {_processor()}",
        f"versions: {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{versions}",
        f"load at the start: {load} (1, 5, 15 minutes)",
    ]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
