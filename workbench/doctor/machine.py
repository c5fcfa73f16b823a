"""Checks of the machine itself: Python, memory, disk, the data home, loopback."""

import os
import platform
import shutil
import socket
import sys
from pathlib import Path

from workbench.dataset.home import ENV, default_home, make_home
from workbench.doctor.finding import Finding, fail, ok, warn
from workbench.errors import DataHomeError

GB = 1 << 30

# The kernel with FiftyOne, torch and the default backbone takes about 2 GB, a fine-tune as much
# again, and JupyterLab with a browser the rest.
MEMORY_GB = 4
# MongoDB keeps its journal and oplog (256 MB) whatever the dataset; vectors and models come on top.
DISK_FAIL_GB, DISK_WARN_GB = 1, 5


def check_python() -> Finding:
    """Whether this Python is one that workbench supports."""
    version = f"{platform.python_version()} at {sys.executable}"
    if (3, 11) <= sys.version_info < (3, 13):
        return ok("Python", version)
    return fail("Python", version, "workbench needs 3.11 or 3.12: make PYTHON=python3.11 setup")


def check_memory() -> Finding:
    """Whether the kernel, a fine-tune and a browser fit into memory together."""
    total = _memory_bytes() / GB
    says = f"{total:.1f} GB"
    if total >= MEMORY_GB:
        return ok("memory", says)
    return warn(
        "memory",
        f"{says}: fine-tuning may not fit",
        f"{MEMORY_GB} GB are comfortable; labelling and the probe work with less",
    )


def _memory_bytes() -> int:
    """Physical memory, or a container's limit where that is smaller."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.is_file() else "max"
    return min(physical, int(text)) if text.isdigit() else physical


def check_disk() -> Finding:
    """Whether the disk that holds the data home has room."""
    home = default_home()
    free = shutil.disk_usage(_existing(home)).free / GB
    says = f"{free:.1f} GB free for {home}"
    if free < DISK_FAIL_GB:
        mend = f"free some space, or set {ENV} to a folder on another disk"
        return fail("disk", says, mend)
    if free < DISK_WARN_GB:
        return warn("disk", says, f"enough to begin with; {DISK_WARN_GB} GB are comfortable")
    return ok("disk", says)


def check_home() -> Finding:
    """Whether the data home can be written to; it is not created here."""
    home = default_home()
    if not home.exists():
        parent = _existing(home)
        if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            return ok("data home", f"{home} (made when it is first needed)")
        return fail(
            "data home",
            f"{home} cannot be made: {parent} is not a folder that you may write to",
            f"set {ENV} to a folder that is yours",
        )
    try:
        return ok("data home", str(make_home(home)))
    except DataHomeError as error:
        return fail("data home", str(error), f"make it yours (chown, chmod) or set {ENV}")


def _existing(path: Path) -> Path:
    """The nearest ancestor of a path that exists, the path itself included."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def check_loopback() -> Finding:
    """Whether programs on this machine can talk to each other through 127.0.0.1."""
    mend = (
        "a firewall, a sandbox or a container without a network is in the way: JupyterLab and the "
        "FiftyOne App need 127.0.0.1"
    )
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(5)
            with socket.create_connection(server.getsockname(), timeout=5) as client:
                served, _ = server.accept()
                with served:
                    client.sendall(b"?")
                    answered = served.recv(1) == b"?"
    except OSError as error:
        return fail("loopback", f"127.0.0.1 cannot be used ({error})", mend)
    if not answered:
        return fail("loopback", "127.0.0.1 swallows what is sent to it", mend)
    return ok("loopback", "127.0.0.1 works, ports can be had")
