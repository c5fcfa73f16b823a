"""A real photograph with boxes that need no download: scikit-image's 24 coins, labelled by hand.

Source:
    Greek coins from Pompeii, Brooklyn Museum Collection (no known copyright restrictions), as
    bundled with scikit-image. The boxes, in `coins.json`, are this project's own: a watershed's
    outlines, each looked at and corrected by eye at eight times the size, tight to about a pixel.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.dataset.digits import write_once
from workbench.errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE, LABELS = "coins.png", "labels.json"


def write_coins(home: Path | None = None) -> Path:
    """Write the photograph and its boxes; files that exist are left alone.

    Args:
        home: the data home; by default the environment's.

    Returns:
        The folder: `coins.png` (384 x 303 pixels) and `labels.json`, in COCO's format.

    Raises:
        DatasetError: scikit-image is not installed.
    """
    folder = write_once(home, "coins", _photograph)
    labels = folder / LABELS
    if not labels.exists():
        partial = labels.with_suffix(".partial")
        partial.write_bytes(Path(__file__).with_name("coins.json").read_bytes())
        partial.replace(labels)
    return folder


def _photograph() -> Iterator[tuple[str, "Image"]]:
    from PIL.Image import fromarray

    try:
        from skimage.data import coins
    except ImportError as error:
        raise DatasetError(
            "the photograph of the coins is in scikit-image: pip install scikit-image"
        ) from error
    yield IMAGE, fromarray(coins())
