"""Which system libraries a program lacks, and the packages that have them."""

import re
import shutil
import subprocess
from pathlib import Path

# Library -> the Debian and Ubuntu package that has it.
_PACKAGES = {
    "libatomic.so.1": "libatomic1",
    "libcrypto.so.3": "libssl3",
    "libcurl.so.4": "libcurl4",
    "liblzma.so.5": "liblzma5",
    "libssl.so.3": "libssl3",
}


def missing_libraries(program: Path) -> list[str]:
    """The shared libraries that the loader does not find for a program.

    Args:
        program: an executable.

    Returns:
        Their names, such as `libcurl.so.4`; none where the system has no `ldd` to ask.
    """
    if not (ldd := shutil.which("ldd")):
        return []
    listed = subprocess.run([ldd, program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^\s*(\S+) => not found", listed, re.MULTILINE)


def debian_packages(libraries: list[str]) -> list[str]:
    """The packages that have these libraries; a library we do not know stands for itself."""
    return sorted({_PACKAGES.get(library, library) for library in libraries})
