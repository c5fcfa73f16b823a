"""Real images that need no download: scikit-learn's 1,797 handwritten digits."""

import fcntl
from pathlib import Path

import numpy as np

from workbench.dataset.home import make_home

SIZE = 64  # pixels; the originals are 8 x 8


def write_digits(home: Path | None = None) -> Path:
    """Write the digits as PNG files, one folder a class; files that exist are left alone.

    Dark ink on white paper, scaled up smoothly, so that they look like handwriting to a person.

    Args:
        home: the data home; by default the environment's.

    Returns:
        The folder: `0/0000.png` to `9/1796.png`.

    Source:
        Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits" (CC BY 4.0), as
        bundled with scikit-learn.
    """
    folder = make_home(home) / "media" / "digits"
    complete = folder / ".complete"
    if complete.exists():
        return folder
    from PIL import Image
    from sklearn.datasets import load_digits

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two kernels may be at it
        images, targets = load_digits(return_X_y=True)
        for index, (pixels, target) in enumerate(zip(images, targets, strict=True)):
            path = folder / str(int(target)) / f"{index:04d}.png"
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            grey = (255 - pixels.reshape(8, 8) * (255 / 16)).round().astype(np.uint8)
            partial = path.with_suffix(".partial")
            Image.fromarray(grey).resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(
                partial, "PNG"
            )
            partial.rename(path)
        complete.touch()
    return folder
