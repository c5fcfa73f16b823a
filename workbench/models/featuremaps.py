"""The last feature map of a network, place by place, in the space of its embeddings."""

import math

from torch import Tensor, nn

from workbench.errors import BackboneError


def local_embeddings(model: nn.Module, inputs: Tensor) -> Tensor:
    """Put each place of the last feature map through the network's head as if it were alone.

    A head that only averages leaves the map as it is; one that normalises or widens after pooling
    (ConvNeXt, MobileNetV4) does so at each place; a vision transformer's patch tokens take the
    class token's seat. So the places live in the same space as the embeddings, and a direction in
    that space can be asked at each of them.

    Args:
        model: a timm model without classifier.
        inputs: one normalised image, (1, 3, height, width).

    Returns:
        (h, w, dim).

    Raises:
        BackboneError: the network keeps no map of places.
    """
    features = model.forward_features(inputs)
    if not isinstance(features, Tensor) or features.ndim not in (3, 4):
        raise _no_map(model)
    if features.ndim == 3:
        height, width, cells = _tokens(model, features)
    elif getattr(model, "output_fmt", "NCHW") == "NHWC":
        _, height, width, depth = features.shape
        cells = features.reshape(height * width, 1, 1, depth)
    else:
        _, depth, height, width = features.shape
        cells = features[0].permute(1, 2, 0).reshape(height * width, depth, 1, 1)
    return model.forward_head(cells).reshape(height, width, -1)


def _tokens(model: nn.Module, features: Tensor) -> tuple[int, int, Tensor]:
    """Make of each patch token a sequence that any pooling reduces to that token."""
    prefix = int(getattr(model, "num_prefix_tokens", 0))  # class token, registers
    patches = features[0, prefix:]
    grid = getattr(getattr(model, "patch_embed", None), "grid_size", None)
    height, width = grid or (math.isqrt(len(patches)),) * 2
    if height * width != len(patches):
        raise _no_map(model)
    return height, width, patches.unsqueeze(1).expand(-1, prefix + 1, -1)


def _no_map(model: nn.Module) -> BackboneError:
    return BackboneError(
        f"{type(model).__name__} keeps no map of places that saliency could be read from: use a "
        "convolutional network, a vision transformer or a Swin"
    )
