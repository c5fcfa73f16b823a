"""Outlines that the edges of their image speak against: too wide, too tight, or moved aside.

`contours` tells how strong the image's edge is across each block of an outline, where it is given and
beside it. Two families of other places are tried: all points moved alike (*shifted*), and all points
moved along their normals (*loose* or *tight*).

The strongest of hundreds of places is stronger than the given one by chance alone. So one half of the
blocks, every other one, chooses a place, and the other half says what it gains there, and the other
way round: what a half gains is independent of how the place was chosen. The p-value is that of
Student's one-sided test of the mean gain of the blocks. The score is the share of the strength at the
better place that the given one lacks, times one less the p-value. Where an object has no visible
edge, its halves choose places that have nothing to do with each other, and nothing is gained.

What a dataset's outlines have in common is nobody's error: people draw them a little outside of the
steepest edge, or inside. `usual_offset` takes the median over objects, and outlines are judged by it.

Measured (`benchmarks/outlines.py`), a quarter of the outlines moved by 3 to 8 pixels, or widened or
tightened by 2 to 6, ten times: of 24 coins, 57 of the 60 errors were likely, of 736 digits 1,123 of
1,840, and nothing else was, nor anything where nothing was planted. Of the digits that were off by 5
pixels or more, nearly nine in ten were likely; their edges are 8 pixels wide, so few of those that were
tightened by less. Of outlines laid at random over textures, which follow no edge, 3 % were likely, most
of them on bricks: where a texture repeats itself, the halves are not independent.

Source:
    Cox 1975, "A note on data-splitting for the evaluation of significance levels" (Biometrika 62).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.special import stdtr

from workbench.dataset.outlines import MOST_POINTS, Outline, fill, scaled, trace, window_of
from workbench.quality.contours import NEAR, Contour, across, beside, offsets_of, shifts_of

Floats = NDArray[np.float64]

TOLD = 0.05  # score from which on an outline is doubted at all
CHANCE = 0.01  # p-value below which a doubt counts as a likely error
CLEAR = 2.0  # times the median strength, from which on the strongest offset says what is usual
ENOUGH = 10  # objects that can say what is usual


class OutlineSuspectKind(StrEnum):
    """What is doubted of an outline."""

    LOOSE = "loose"
    TIGHT = "tight"
    SHIFTED = "shifted"


@dataclass(frozen=True, slots=True)
class OutlineSuspect:
    """What the image's edges say against one outline.

    Attributes:
        kind: what is doubted.
        score: 0 to 1, the higher the likelier an error.
        p_value: how likely so much is gained by chance.
        likely: whether it counts as an error.
        move: to the right and downwards, in pixels, to where it should be; zeros unless shifted.
        grow: by how many pixels it should be wider all around, below 0 tighter; 0 if shifted.
        reason: the evidence, in words.
    """

    kind: OutlineSuspectKind
    score: float
    p_value: float
    likely: bool
    move: tuple[float, float]
    grow: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Better:
    """The place that a family of places has to offer.

    Attributes:
        place: row of the strongest.
        score: 0 to 1.
        p_value: how likely so much is gained by chance.
    """

    place: int
    score: float
    p_value: float


def usual_offset(contours: Sequence[Contour]) -> float:
    """By how many units the edges lie outside of a dataset's outlines, as a rule; below 0 inside.

    Args:
        contours: of some of its objects.

    Returns:
        The median over those with a clear edge; 0 where these are too few.
    """
    found = []
    for contour in contours:
        offsets = offsets_of(contour)
        strength = across(contour, offsets).mean(axis=1)
        if strength.max() > CLEAR * np.median(strength):
            found.append(offsets[strength.argmax()])
    return float(np.median(found)) if len(found) >= ENOUGH else 0.0


def doubt_outline(contour: Contour, usual: float = 0.0) -> OutlineSuspect | None:
    """Judge an outline by the edges of the image around it.

    Args:
        contour: the object.
        usual: what `usual_offset` says of its dataset.

    Returns:
        None where there is nothing to doubt.
    """
    offsets, shifts = offsets_of(contour), shifts_of(contour)
    wider = _better(across(contour, offsets + usual), np.abs(offsets))
    aside = _better(beside(contour, shifts, usual), np.hypot(*shifts.T))
    best = max(wider, aside, key=lambda each: each.score)
    if best.score < TOLD:
        return None
    move, grow = (0.0, 0.0), 0.0
    if best is aside:
        x, y = (contour.unit * shifts[best.place]).tolist()
        move, kind, pixels = (x, y), OutlineSuspectKind.SHIFTED, float(np.hypot(x, y))
        reason = f"about {_pixels(pixels)} off: the image's edges lie further {_way(x, y)}"
    else:
        grow = contour.unit * float(offsets[best.place])
        loose = grow < 0
        kind = OutlineSuspectKind.LOOSE if loose else OutlineSuspectKind.TIGHT
        said, to = ("wide", "in") if loose else ("tight", "out")
        reason = (
            f"about {_pixels(abs(grow))} too {said} all around: the image's edges lie further {to}"
        )
    likely = best.p_value < CHANCE
    return OutlineSuspect(kind, best.score, best.p_value, likely, move, grow, reason)


def mended(outline: Outline, suspect: OutlineSuspect, size: tuple[int, int]) -> Outline:
    """The outline that the image's edges speak for.

    Args:
        outline: in pixels.
        suspect: what is doubted of it.
        size: width and height of the image in pixels.

    Returns:
        In pixels; no ring where nothing is left of a tightened one.
    """
    if suspect.kind is OutlineSuspectKind.SHIFTED:
        x, y = suspect.move
        return tuple(tuple((px + x, py + y) for px, py in ring) for ring in outline)
    shares = scaled(outline, (1 / size[0], 1 / size[1]))
    left, top, right, bottom = window_of(shares, size)
    margin = int(np.ceil(abs(suspect.grow))) + 1
    left, top = max(0, left - margin), max(0, top - margin)
    right, bottom = min(size[0], right + margin), min(size[1], bottom + margin)
    mask = fill(shares, size, (left, top, right, bottom))
    if not mask.any():
        return ()
    # The border is half a pixel from the middles of the pixels on both of its sides.
    beyond = distance_transform_edt(~mask) - 0.5
    within = distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1] - 0.5
    grown = np.where(mask, -within, beyond) <= suspect.grow
    rings = trace(grown, (1, 1), (left, top))
    every = 1 + sum(map(len, rings)) // MOST_POINTS
    return tuple(ring[::every] for ring in rings)


def _better(strength: Floats, away: Floats) -> _Better:
    """What a family of places gains over the given one; the module says how it is judged.

    Args:
        strength: (D, B) of the edge at each place across each block.
        away: (D,) units from the given place.
    """
    # A single strong edge nearby, as of dark print, must not speak for all blocks.
    strength = np.minimum(strength, np.median(strength.max(axis=0)))
    mean = strength.mean(axis=1)
    place, top = int(mean.argmax()), float(mean.max())
    near = np.flatnonzero(away <= NEAR)
    given = strength[near[mean[near].argmax()]]
    even = np.arange(strength.shape[1]) % 2 == 0
    gain = np.zeros(strength.shape[1])
    for half in (even, ~even):
        chosen = int(strength[:, half].mean(axis=1).argmax())
        gain[~half] = (strength[chosen] - given)[~half]
    gained, error = float(gain.mean()), float(gain.std(ddof=1)) / len(gain) ** 0.5
    if gained <= 0 or error == 0:
        return _Better(place, 0.0, 1.0)
    chance = float(stdtr(len(gain) - 1, -gained / error))
    return _Better(place, gained / top * (1 - chance), chance)


def _pixels(count: float) -> str:
    return f"{max(1, round(count))} px"


def _way(x: float, y: float) -> str:
    """Where to, in words: both ways, unless one is less than half of the other."""
    across, along = "right" if x > 0 else "left", "down" if y > 0 else "up"
    if abs(y) < abs(x) / 2:
        return across
    return along if abs(x) < abs(y) / 2 else f"{along} and {across}"
