"""How much an image teaches a segmenter, with no class drowned by a larger one.

An image is cut into tiles, and what is said in a tile of one class is a region. The doubt of a region
is the mean over its pixels of one less the margin between the two likeliest classes: a mean, so that
a small region counts as much as a large one. The doubt of a class in an image is the mean of its `TOP`
most doubtful regions, and the worth of an image is

    sum over the classes that are said in it of exp(-p_c) times the doubt of the class,

with p_c the share of all candidates' pixels that class c takes: of two classes in equal doubt the rarer
one is worth more, and each counts once in an image however many pixels it has. The background is one of
the classes, for what is overlooked is a doubtful tile of it.

Regions of fewer than `LEAST` pixels do not count: at an edge every model is unsure, and specks would be
the most doubtful regions of all.

Each image takes one pass over its pixels, and all images together O(n K) after it.

Source:
    Regions, and the margin: Cai, Xu, Liew and Foo 2021, "Revisiting Superpixels for Active Learning in
    Semantic Segmentation with Realistic Annotation Costs" (CVPR 2021), whose balance of the classes
    exp(-p_c) is; tiles in place of superpixels, which need the image. The margin: Joshi, Porikli and
    Papanikolopoulos 2009, "Multi-class Active Learning for Image Classification" (CVPR 2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.selection.types import Array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TILES = 8  # along the longer side of an image
LEAST = 16  # pixels of a region, as finely as the network sees the image
TOP = 3  # regions of a class that count
UNSURE = 0.5  # doubt from which on a reason speaks of a class


@dataclass(frozen=True, slots=True, eq=False)
class ImageDoubt:
    """What a segmenter doubts of one image; K + 1 classes, of which the first is none of them.

    Attributes:
        doubt: (K + 1,) doubt of each class, 0 to 1; NaN for what is not said in any region.
        pixels: (K + 1,) pixels of which it is said.
    """

    doubt: Floats
    pixels: Ints


@dataclass(frozen=True, slots=True, eq=False)
class RegionWorth:
    """What labelling each image would bring.

    Attributes:
        worth: (n,) 0 or more, for `Query.worth`.
        reasons: (n,) what speaks for it, in words.
    """

    worth: Array
    reasons: tuple[str, ...]


def doubt_image(
    said: NDArray[Any], margin: NDArray[np.floating[Any]], num_classes: int
) -> ImageDoubt:
    """How much a segmenter doubts each class in one image; linear in the pixels.

    Args:
        said: (rows, columns) class indices, 0 for none of the classes, as finely as the network sees
            the image.
        margin: (rows, columns) calibrated probability of the best class less that of the second.
        num_classes: K.

    Raises:
        ValueError: the two are of different sizes, a class index is above K, or a margin is not
            within 0 and 1.
    """
    if said.shape != margin.shape:
        raise ValueError(f"said and margin must be of one size, not {said.shape}, {margin.shape}")
    if int(said.max(initial=0)) > num_classes:
        raise ValueError(f"class indices must be 0 to {num_classes}, but got {int(said.max())}")
    if not 0 <= margin.min(initial=0) <= margin.max(initial=0) <= 1:
        raise ValueError(f"margins must be 0 to 1, but go from {margin.min()} to {margin.max()}")
    planes = num_classes + 1
    side = max(1, -(-max(said.shape) // TILES))
    tile = np.add.outer(np.arange(said.shape[0]) // side * TILES, np.arange(said.shape[1]) // side)
    codes = (tile * planes + said).ravel()
    counts = np.bincount(codes, minlength=TILES * TILES * planes)
    lost = np.bincount(codes, 1 - margin.ravel().astype(np.float64), TILES * TILES * planes)
    with np.errstate(invalid="ignore"):
        regions = np.where(counts >= LEAST, lost / counts, np.nan).reshape(-1, planes)
    pixels = counts.reshape(-1, planes).sum(axis=0)
    first = -np.sort(-regions, axis=0)[:TOP]  # NaN last
    known = np.isfinite(first).sum(axis=0)
    with np.errstate(invalid="ignore"):
        doubt = np.nansum(first, axis=0) / np.where(known > 0, known, np.nan)
    return ImageDoubt(np.clip(doubt, 0, 1), pixels)


def region_worth(doubts: Sequence[ImageDoubt], classes: Sequence[str]) -> RegionWorth:
    """The worth of images by the doubts of their classes; see the module.

    Args:
        doubts: of each candidate.
        classes: K names.

    Raises:
        ValueError: a doubt is of another number of classes.
    """
    planes = len(classes) + 1
    for each in doubts:
        if each.doubt.shape != (planes,):
            raise ValueError(f"doubts must be of {planes} classes, but got {each.doubt.shape}")
    if not doubts:
        return RegionWorth(np.zeros(0, dtype=np.float32), ())
    every = np.nan_to_num(np.stack([each.doubt for each in doubts]))
    pixels = np.sum([each.pixels for each in doubts], axis=0)
    weight = np.exp(-pixels / max(1, int(pixels.sum())))
    weighted = every * weight
    names = ["the background", *(f"'{name}'" for name in classes)]
    reasons = tuple(
        _reason(doubt, np.argsort(-own, kind="stable"), names)
        for doubt, own in zip(every, weighted, strict=True)
    )
    return RegionWorth(weighted.sum(axis=1).astype(np.float32), reasons)


def _reason(doubt: Floats, order: Ints, names: Sequence[str]) -> str:
    """Of an image whose classes are in `order`, what is worth most first."""
    unsure = [index for index in order.tolist() if doubt[index] >= UNSURE]
    if not unsure:
        return f"no region in doubt; the least sure are of {names[order[0]]}"
    first = f"{names[unsure[0]]} (margin {1 - doubt[unsure[0]]:.2f})"
    if len(unsure) == 1:
        return f"unsure of regions of {first}"
    return f"unsure of regions of {len(unsure)} classes, such as {first}"
