"""Where in an image the evidence for a class lies: class activation maps.

After Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR 2016): the last
feature map, projected on the direction in which a linear classifier looks.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.models.backbones import Backbone
from workbench.models.images import read_image


def saliency(
    backbone: Backbone,
    image: Image.Image | str | Path,
    weights: NDArray[np.floating],
    *,
    baseline: NDArray[np.floating] | None = None,
    size: tuple[int, int] | None = None,
) -> NDArray[np.float32]:
    """Show how much each place in an image speaks for a class.

    Args:
        backbone: what the image was embedded with.
        image: an RGB image, or a file.
        weights: a direction in the space of the embeddings, (dim,): the gradient of a class's
            logit with respect to the embedding.
        baseline: (dim,) the embedding that counts as no evidence, such as the mean of all images;
            zero by default. Without one, an image that speaks for its class only a little less
            weakly than others do shows nothing at all.
        size: (height, width) in pixels of the map wanted; by default the image's own.

    Returns:
        (height, width) over the whole image: 1 where the evidence is strongest, 0 where there is
        none or where the network does not look (outside its crop). All 0 if nothing speaks for
        the class.

    Raises:
        ValueError: `weights` is not a vector of the backbone's length.
        ImageError: the file cannot be read.
        BackboneError: the network keeps no map of places.
    """
    weights = np.asarray(weights, dtype=np.float32)
    if weights.shape != (backbone.dim,):
        raise ValueError(
            f"weights must have shape ({backbone.dim},), one for each dimension of "
            f"{backbone.name}'s embeddings, but have {weights.shape}"
        )
    if not isinstance(image, Image.Image):
        image = read_image(image)
    offset = 0.0 if baseline is None else float(np.asarray(baseline, dtype=np.float32) @ weights)
    evidence = np.maximum(backbone.feature_map(image) @ weights - offset, 0)
    if (peak := float(evidence.max())) > 0:
        evidence = evidence / peak
    height, width = size or (image.height, image.width)
    box = backbone.config.crop_box(image.width, image.height)
    across, down = width / image.width, height / image.height
    left, right = round(box[0] * across), round(box[2] * across)
    top, bottom = round(box[1] * down), round(box[3] * down)
    seen = Image.fromarray(evidence.astype(np.float32)).resize(
        (max(1, right - left), max(1, bottom - top)), Image.Resampling.BILINEAR
    )
    canvas = Image.new("F", (width, height))
    canvas.paste(seen, (left, top))  # what a padded border would show falls off the canvas
    return np.asarray(canvas, dtype=np.float32)
