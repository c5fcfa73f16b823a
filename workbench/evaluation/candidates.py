"""Which images might belong together: slices to test, as named masks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from workbench.evaluation.cases import Array, Cases, Mask

Floats = NDArray[np.float64]

LEAST = 10  # images in a slice, at least; of many images, one in a hundred
TAILS = (0.1, 0.25)  # of a number: its lowest and its highest tenth and quarter, and the middle
CENTRES = 100  # images, at most, whose surroundings are tried
AROUND = 0.1  # of the images make up the surroundings of one
CLUSTERS = (5, 10, 20)


@dataclass(frozen=True)
class Properties:
    """What is known of images besides their labels, a row an image.

    Attributes:
        names: (n,) what each is called, for people.
        numbers: by name, (n,) values; NaN where there is none.
        words: by name, (n,) the values of each image: none, one, or, as with tags, several.
        features: (n, d) unit features; None where there are none.
    """

    names: Sequence[str]
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    words: Mapping[str, Sequence[tuple[str, ...]]] = field(default_factory=dict)
    features: Array | None = None


def candidates(cases: Cases, known: Properties, least: int | None = None) -> dict[str, Mask]:
    """Slices by class, by number, by word and by likeness.

    Numbers are cut at their quantiles: the lowest and highest tenth and quarter, and the quarters
    between. Look-alikes are the clusters of k-means on the features, few large and many small ones,
    and the nearest tenth of the images around each of 100, for clusters end where they happen to.

    Args:
        cases: the images.
        known: what is known of them.
        least: images in a slice, at least; as many have to be outside. By default 10, or a
            hundredth of the images.

    Returns:
        (n,) masks by name, no two of them alike.

    Raises:
        ValueError: `known` is of other images.
    """
    n = len(cases)
    least = max(LEAST, n // 100) if least is None else least
    lengths = {"names": len(known.names)}
    lengths |= {name: len(column) for name, column in known.numbers.items()}
    lengths |= {name: len(column) for name, column in known.words.items()}
    for name, length in lengths.items():
        if length != n:
            raise ValueError(f"{name!r} must have {n} rows, one an image, but has {length}")
    found: dict[str, Mask] = {}
    seen: set[bytes] = set()
    for name, mask in _all(cases, known, least):
        if least <= mask.sum() <= n - least and mask.tobytes() not in seen:
            seen.add(mask.tobytes())
            found[_unused(name, found)] = mask
    return found


def _all(cases: Cases, known: Properties, least: int) -> Iterator[tuple[str, Mask]]:
    for place, name in enumerate(cases.classes):
        yield f"class {name}", cases.presence[:, place]
    for name, values in known.numbers.items():
        yield from _by_number(name, values)
    for name, words in known.words.items():
        yield from _by_word(name, words)
    if known.features is not None and len(known.features) >= 2 * least:
        yield from _by_cluster(known.features, known.names)
        yield from _by_nearness(known.features, known.names, least)


def _by_number(name: str, values: Floats) -> Iterator[tuple[str, Mask]]:
    there = values[np.isfinite(values)]
    if not len(there):
        return
    for tail, called in zip(TAILS, ("tenth", "quarter"), strict=True):
        low, high = np.quantile(there, [tail, 1 - tail])
        yield f"{name} ≤ {low:.3g} (lowest {called})", values <= low
        yield f"{name} ≥ {high:.3g} (highest {called})", values >= high
    low, middle, high = np.quantile(there, [TAILS[1], 0.5, 1 - TAILS[1]])
    yield f"{name} {low:.3g} to {middle:.3g}", (values > low) & (values <= middle)
    yield f"{name} {middle:.3g} to {high:.3g}", (values > middle) & (values < high)


def _by_word(name: str, words: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, Mask]]:
    rows: dict[str, list[int]] = {}
    for row, several in enumerate(words):
        for word in dict.fromkeys(several):
            rows.setdefault(word, []).append(row)
    for word, members in rows.items():
        mask = np.zeros(len(words), dtype=np.bool_)
        mask[members] = True
        yield f"{name} = {word}", mask


def _by_cluster(features: Array, names: Sequence[str]) -> Iterator[tuple[str, Mask]]:
    """Clusters of k-means, of several sizes, each named after the image in its middle."""
    from sklearn.cluster import KMeans

    distinct = len(np.unique(features, axis=0))
    for count in (count for count in CLUSTERS if count < distinct):
        with threadpool_limits(1):  # so little work is done sooner by one
            means = KMeans(count, n_init=2, random_state=0).fit(features)
        for cluster, centre in enumerate(means.cluster_centers_):
            mask: Mask = means.labels_ == cluster
            rows = np.flatnonzero(mask)
            if len(rows):
                middle = rows[int((features[rows] @ centre).argmax())]
                yield f"{len(rows)} look-alikes of {names[middle]}", mask


def _by_nearness(features: Array, names: Sequence[str], least: int) -> Iterator[tuple[str, Mask]]:
    """The images that are most like one, for some of them."""
    n = len(features)
    size = max(least, round(AROUND * n))
    for centre in np.unique(np.linspace(0, n - 1, CENTRES).astype(np.int64)):
        mask = np.zeros(n, dtype=np.bool_)
        mask[np.argpartition(-(features @ features[centre]), size - 1)[:size]] = True
        yield f"{size} look-alikes of {names[centre]}", mask


def _unused(name: str, taken: Mapping[str, Mask]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free
