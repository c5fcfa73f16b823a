"""The faces that come with scikit-image, as vectors of the default backbone."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES = ["face", "no face"]
_FACES = 100  # the first so many of the 200 images show a face, the others none


def load_faces(every: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embed the 200 grey images of 25 x 25 pixels.

    Args:
        every: take one image in so many, for a miniature.

    Returns:
        (n, D) vectors, and (n,) indices into `CLASSES`.

    Source:
        Huang et al. 2007, "Labeled Faces in the Wild", as bundled with scikit-image.
    """
    from PIL import Image
    from skimage.data import lfw_subset

    from workbench.models.backbones import load_backbone
    from workbench.models.embedding import embed_files

    images = lfw_subset()[::every]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index:03d}.png" for index in range(len(images))]
        for path, pixels in zip(paths, images, strict=True):
            Image.fromarray((255 * pixels.clip(0, 1)).round().astype(np.uint8)).save(path)
        vectors = [batch for _, batch in embed_files(load_backbone(), paths)]
    targets = (np.arange(0, 2 * _FACES, every) >= _FACES).astype(np.int64)
    return np.concatenate(vectors), targets
