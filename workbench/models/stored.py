"""A model's folder taken apart: what it is, the backbone's weights, the head's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from workbench.errors import BackboneError
from workbench.models.architectures import bytes_of, require_known
from workbench.models.description import Description, describe_folder
from workbench.models.modelfolder import read_tensors

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
        BackboneError: the folder holds no model, names a network that timm has not, or was damaged
            or changed.
    """
    description, values = describe_folder(folder)
    name, arguments = description.backbone, description.arguments
    require_known(name)
    try:
        most = bytes_of(name, arguments, len(description.classes))
    except TypeError as error:
        raise BackboneError(
            f"{folder} was made with arguments that {name!r} does not take here ({error}): use the "
            "version of timm that its JSON file names"
        ) from error
    tensors = read_tensors(folder, values, most)
    features = {
        key.removeprefix(FEATURES): value
        for key, value in tensors.items()
        if key.startswith(FEATURES)
    }
    head = {key: value for key, value in tensors.items() if not key.startswith(FEATURES)}
    return Stored(description, features, head)
