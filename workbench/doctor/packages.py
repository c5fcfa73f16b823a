"""Checks of the Python packages: versions inside their bounds, and a torch that imports."""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from workbench.doctor.finding import Finding, fail, ok, warn

# Run apart: a torch that was built for another driver can take the whole process down, and one
# that does not match its torchvision breaks only when both are imported.
_ASK_TORCH = """
import json, torch, torchvision
found = {"version": torch.__version__, "threads": torch.get_num_threads(), "gpu": None}
if torch.cuda.is_available():
    card = torch.cuda.get_device_properties(0)
    found["gpu"] = f"{card.name}, {card.total_memory / 2**30:.0f} GB"
elif torch.backends.mps.is_available():
    found["gpu"] = "Apple GPU"
print(json.dumps(found))
"""


def check_packages() -> Finding:
    """Whether every package that workbench asks for is there, in a version it knows."""
    try:
        wanted = [Requirement(line) for line in requires("workbench") or []]
    except PackageNotFoundError:
        return fail(
            "packages", "workbench itself is not installed, only its folder is there", "make setup"
        )
    # Extras are for the tests and the checks; other platforms' packages do not concern this one.
    here = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [line for one in here if (line := _complaint(one))]
    if wrong:
        mend = "make setup, or pip install -c constraints.txt ."
        return fail("packages", "; ".join(wrong), mend)
    return ok(
        "packages", f"all {len(here)} as asked for, FiftyOne {version('fiftyone')} among them"
    )


def _complaint(wanted: Requirement) -> str:
    """What is wrong with one requirement, or nothing."""
    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    if wanted.specifier.contains(installed, prereleases=True):
        return ""
    return f"{wanted.name} is {installed}, {wanted.specifier} is supported"


def check_torch() -> Finding:
    """Whether torch and torchvision import together, and what they can compute on."""
    answer = subprocess.run(
        [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, timeout=180, check=False
    )
    if answer.returncode:
        last = (answer.stderr.strip() or f"exit code {answer.returncode}").splitlines()[-1]
        return fail(
            "torch",
            f"torch and torchvision do not import: {last}",
            "install the two together, from one place: pip install --force-reinstall "
            "-c constraints.txt torch torchvision",
        )
    found = json.loads(answer.stdout.splitlines()[-1])
    if found["gpu"]:
        return ok("torch", f"{found['version']}, {found['gpu']}")
    return warn(
        "torch",
        f"{found['version']}, no GPU: {found['threads']} CPU threads",
        "fine for thousands of images; fine-tuning on more wants a GPU (CUDA or Apple)",
    )
