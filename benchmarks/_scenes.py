"""Scenes with known boxes: real handwritten digits on real photographs; nothing is downloaded.

Digits are scikit-learn's (Alpaydin and Kaynak 1998), photographs scikit-image's. Neither a digit nor a
photograph of the test scenes is in a scene of the pool.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 320, 240  # pixels
POOL = ("astronaut", "coffee", "rocket", "brick", "grass", "camera", "motorcycle_left")
TEST = ("chelsea", "ihc", "retina", "gravel", "hubble_deep_field", "moon")
_MOST = 6  # digits in a scene
_SIZES = (28, 72)  # pixels of a digit's 8 x 8 grid
_APART = 0.1  # overlap that two boxes may have
_TRIES = 20
_INK = 0.35  # of a digit's darkest, from which on a pixel belongs to it

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """One picture and what is in it.

    Attributes:
        image: RGB, 320 x 240.
        corners: (m, 4) left, top, right, bottom in pixels, tight around the ink.
        digits: (m,) which they are.
        masks: (m, 240, 320), the ink of each.
    """

    image: Image.Image
    corners: NDArray[np.float64]
    digits: NDArray[np.int64]
    masks: Mask


def scenes(count: int, *, test: bool, seed: int = 0, empty: float = 0.05) -> Iterator[Scene]:
    """Make scenes, each decided by the seed and its number.

    Args:
        count: how many.
        test: whether they are for testing: then of the other digits and photographs.
        seed: of everything.
        empty: share of them that have no digit.
    """
    from sklearn.datasets import load_digits

    grids, targets = load_digits(return_X_y=True)
    # Every fourth digit is kept for tests.
    mine = np.arange(len(grids)) % 4 == 3 if test else np.arange(len(grids)) % 4 != 3
    grids, targets = grids[mine].reshape(-1, 8, 8), targets[mine]
    photos = [_photo(name) for name in (TEST if test else POOL)]
    for number in range(count):
        rng = np.random.default_rng([seed, int(test), number])
        yield _scene(rng, photos, grids, targets, 0 if rng.random() < empty else None)


def _photo(name: str) -> Image.Image:
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    path = next(path for end in ("png", "jpg") if (path := folder / f"{name}.{end}").exists())
    return Image.open(path).convert("RGB")


def _scene(
    rng: np.random.Generator,
    photos: list[Image.Image],
    grids: NDArray[np.float64],
    targets: NDArray[np.int64],
    count: int | None,
) -> Scene:
    canvas = np.asarray(_background(rng, photos), dtype=np.float64)
    wanted = int(rng.integers(1, _MOST + 1)) if count is None else count
    corners: list[tuple[int, int, int, int]] = []
    digits, masks = [], []
    for _ in range(wanted * _TRIES):
        if len(corners) == wanted:
            break
        row = int(rng.integers(len(grids)))
        ink = _ink(rng, grids[row])
        left = int(rng.integers(0, WIDTH - ink.shape[1]))
        top = int(rng.integers(0, HEIGHT - ink.shape[0]))
        alpha = np.zeros((HEIGHT, WIDTH))
        alpha[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
        mask = alpha >= _INK
        box = _around(mask)
        if any(_overlap(box, other) > _APART for other in corners):
            continue
        canvas += alpha[:, :, None] * (_colour(rng, canvas[mask].mean()) - canvas)
        corners.append(box)
        digits.append(int(targets[row]))
        masks.append(mask)
    return Scene(
        image=Image.fromarray(canvas.clip(0, 255).astype(np.uint8)),
        corners=np.array(corners, dtype=np.float64).reshape(-1, 4),
        digits=np.array(digits, dtype=np.int64),
        masks=np.array(masks, dtype=np.bool_).reshape(-1, HEIGHT, WIDTH),
    )


def _background(rng: np.random.Generator, photos: list[Image.Image]) -> Image.Image:
    photo = photos[int(rng.integers(len(photos)))]
    scale = rng.uniform(0.5, 1.0) * min(photo.width / WIDTH, photo.height / HEIGHT)
    width, height = WIDTH * scale, HEIGHT * scale
    left, top = rng.uniform(0, photo.width - width), rng.uniform(0, photo.height - height)
    box = (left, top, left + width, top + height)
    return photo.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=box)


def _ink(rng: np.random.Generator, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    side = int(np.exp(rng.uniform(*np.log(_SIZES))))
    small = Image.fromarray((grid / 16 * 255).astype(np.uint8))
    large = np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)) / 255
    return np.clip((large - 0.15) / 0.5, 0, 1)


def _colour(rng: np.random.Generator, behind: float) -> NDArray[np.float64]:
    """A colour that can be told from the grey level behind it."""
    while abs((colour := rng.uniform(0, 255, 3)).mean() - behind) < 60:
        pass
    return colour


def _around(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((each[2] - each[0]) * (each[3] - each[1]) for each in (one, other))
    return max(0, across) * max(0, down) / smaller
