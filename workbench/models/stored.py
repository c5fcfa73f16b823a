"""A model's folder taken apart: what it is, the backbone's weights, the head's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from workbench.errors import BackboneError
from workbench.models.architectures import require_known, room_for, skeleton
from workbench.models.description import CENTERMASK, PANOPTIC, SPATIAL, Description, describe_folder
from workbench.models.detector import STRIDES, BoxHead, InstanceHead, map_indices
from workbench.models.modelfolder import read_tensors
from workbench.models.segmenter import MASK_STRIDES, MaskHead

FEATURES = "features."  # what the names of the backbone's tensors begin with


@dataclass(frozen=True)
class Stored:
    """What was read from a folder.

    Attributes:
        description: what its JSON file says.
        features: state dict of the backbone.
        head: the other tensors, by name.
    """

    description: Description
    features: Mapping[str, Tensor]
    head: Mapping[str, Tensor]


def read_stored(folder: Path) -> Stored:
    """Read a model's folder, of format 1 or 2, without running or making anything of it.

    No more memory is taken than a network of the kind that the folder names takes.

    Raises:
        BackboneError: the folder holds no model, or was damaged or changed; timm has no such
            network, or the weights are not of it.
    """
    description, values = describe_folder(folder)
    name, arguments = description.backbone, description.arguments
    require_known(name)
    try:
        network = skeleton(name, arguments)
    except TypeError as error:
        raise BackboneError(
            f"{folder} was made with arguments that {name!r} does not take here ({error}): use the "
            "version of timm that its JSON file names"
        ) from error
    room = room_for(network, len(description.classes))
    if description.task in SPATIAL:
        masked = description.head == PANOPTIC
        _, depths = map_indices(network, name, MASK_STRIDES if masked else STRIDES)
        with torch.device("meta"):
            head: nn.Module = (mask_head if masked else box_head)(description, depths)
        room += sum(each.numel() * each.element_size() for each in head.state_dict().values())
    tensors = read_tensors(folder, values, room)
    features = {
        key.removeprefix(FEATURES): value
        for key, value in tensors.items()
        if key.startswith(FEATURES)
    }
    # Before anything of that size is made: a few bytes may name a network of many gigabytes.
    _require_fit(network, features, folder)
    rest = {key: value for key, value in tensors.items() if not key.startswith(FEATURES)}
    return Stored(description, features, rest)


def box_head(description: Description, depths: Sequence[int]) -> BoxHead:
    """An untrained head of a detector, as described, for a backbone's maps of some depths."""
    about = description.detector
    head = InstanceHead if description.head == CENTERMASK else BoxHead
    return head(depths, len(description.classes), about["channels"], about["convolutions"])


def mask_head(description: Description, depths: Sequence[int]) -> MaskHead:
    """An untrained head of a segmenter, as described, for a backbone's maps of some depths."""
    return MaskHead(depths, len(description.classes), description.detector["channels"])


def _require_fit(network: nn.Module, features: Mapping[str, Tensor], folder: Path) -> None:
    wanted = {name: tuple(each.shape) for name, each in network.state_dict().items()}
    got = {name: tuple(each.shape) for name, each in features.items()}
    wrong = [
        f"{name} should be {wanted.get(name, 'absent')}, but is {got.get(name, 'absent')}"
        for name in {**wanted, **got}
        if wanted.get(name) != got.get(name)
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise BackboneError(
            f"the weights in {folder} do not fit the backbone that its JSON file names: "
            f"{'; '.join(wrong[:3])}{more}; restore the folder, or train again"
        )
