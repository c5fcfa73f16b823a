"""What a grid of thumbnails shows in which order, so that one action labels many images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage, to_tree
from scipy.spatial.distance import squareform

from workbench.selection.types import Array, Ints

SIZE = 30  # images in a group at most; 20 to 100 take about as many actions
WHOLE = 2_000  # rows that hierarchical clustering, which is quadratic, gets at a time at most
PIECE = 500  # and on average, where there are more
FIT_ROWS = 20_000  # rows that k-means, which parts larger datasets, is fitted on
FEW = 3  # images below which a predicted set of classes gets no group of its own
NEIGHBOURS = 5  # others whose features are mixed into an image's own; 3 to 12 do about as well


@dataclass(frozen=True, slots=True)
class Grouping:
    """Rows in display order, in groups.

    Attributes:
        order: (n,) rows, as they are to be shown.
        starts: (g,) places in `order` where each group begins, rising from 0.
        names: (g,) what each group is called.
    """

    order: Ints
    starts: Ints
    names: list[str]

    def groups(self) -> list[Ints]:
        """Rows of each group, g arrays."""
        return np.split(self.order, self.starts[1:]) if len(self.starts) else []


def by_cluster(
    features: Array, *, rng: np.random.Generator, size: int = SIZE, shown: Ints | None = None
) -> Grouping:
    """Group look-alikes, similar groups beside each other.

    Each image's features are first mixed with those of its nearest neighbours (a step of mean
    shift), which draws the images of a class together. Average linkage then builds a tree, which is
    cut into groups; groups are ordered along a tree of their means. Within a group look-alikes lie
    side by side, the branch nearest to the group's mean first, so that the odd ones come last. More
    than 2,000 rows are parted by k-means first: time is O(n d (n / PIECE + PIECE)), memory O(n d)
    and for about four million distances at a time (100,000 x 128: some 12 s and 135 MB).

    Args:
        features: (n, d) unit features.
        rng: source of randomness; nothing is drawn up to 2,000 rows.
        size: images in a group at most. Small branches are joined to the one before as
            far as that allows.
        shown: (m,) rows to group, each once; by default all. The others, which are not shown, say
            as neighbours where the classes lie: give all there is, not only what is to be labelled.

    Returns:
        The groups, each of 1 to `size` rows, called "look-alikes 1" and so on.

    Raises:
        ValueError: `features` is not a finite matrix, or `size` is below 1.

    Source:
        Mean shift: Fukunaga and Hostetler 1975. Order of the groups: Bar-Joseph et al. 2001, "Fast
        optimal leaf ordering for hierarchical clustering".
    """
    _check(features)
    if size < 1:
        raise ValueError(f"size must be at least 1, but got {size}")
    wanted = np.ones(len(features), dtype=np.bool_)
    if shown is not None:
        wanted[:] = False
        wanted[shown] = True
    groups = []
    pieces = _pieces(features, rng)
    for piece in (pieces[place] for place in _chain([features[rows] for rows in pieces])):
        keep = wanted[piece]
        points = _draw_together(features[piece])[keep]
        rows = piece[keep]
        parts = _cut(points, size)
        for place in _chain([points[part] for part in parts]):
            part = parts[place]
            typical = points[part] @ points[part].mean(axis=0)
            groups.append(rows[part[_by_branch(points[part], typical)]])
    return _grouping(groups, [f"look-alikes {number + 1}" for number in range(len(groups))])


def by_prediction(
    probabilities: Array,
    classes: Sequence[str],
    *,
    features: Array | None = None,
    exclusive: bool = True,
) -> Grouping:
    """Group by predicted class, the surest first, the unsure ones at the end of each group.

    Where an image may have any number of classes, by the set of those that are predicted (with a
    probability of .5 and more): one label then fits the whole group.

    Args:
        probabilities: (n, k) class probabilities.
        classes: (k,) names; a class that is predicted for no image has no group.
        features: (n, d) unit features. With them, look-alikes that the model is of one mind about
            lie side by side, the surest branch of their tree first, so that what it got wrong lies
            in few places; beyond 2,000 images in a group that many at a time, the surest first.
        exclusive: whether an image has exactly one class.

    Returns:
        The groups, in the order of the class list, called as their classes. Of sets the largest
        groups come first, called such as "cat + dog" or "none of the classes", and those of one or
        two images share a last group, "sets of few images".

    Raises:
        ValueError: the shapes contradict each other, or a value is not finite.
    """
    _check(probabilities, "probabilities")
    if probabilities.shape[1] != len(classes):
        raise ValueError(
            f"probabilities must be (n, {len(classes)}), a column a class, but got "
            f"{probabilities.shape}"
        )
    if features is not None:
        _check(features)
        if len(features) != len(probabilities):
            raise ValueError(
                f"features must have {len(probabilities)} rows, but got {features.shape}"
            )
    if exclusive:
        parts = _by_class(probabilities, classes)
        sureness, said = probabilities.max(axis=1, initial=0), np.sqrt(probabilities)
    else:
        parts = _by_set(probabilities, classes)
        # Of the set as a whole, were its classes independent.
        sureness = np.maximum(probabilities, 1 - probabilities).prod(axis=1)
        both = np.hstack([probabilities, 1 - probabilities])
        said = np.sqrt(np.maximum(both, 0) / max(1, len(classes)))
    groups, names = [], []
    for name, rows in parts:
        ordered = rows[np.argsort(-sureness[rows], kind="stable")]
        if features is not None:
            points = np.hstack([features[ordered], said[ordered]])
            ordered = ordered[_alike_together(points, sureness[ordered])]
        groups.append(ordered)
        names.append(name)
    return _grouping(groups, names)


def by_likeness(features: Array, row: int) -> Grouping:
    """All images in one group, in order of their cosine likeness to one.

    Args:
        features: (n, d) unit features.
        row: the one, which comes first.

    Returns:
        One group, called "most alike first".

    Raises:
        ValueError: `features` is not a finite matrix.
        IndexError: there is no such row.
    """
    _check(features)
    if not 0 <= row < len(features):
        raise IndexError(f"row must be within 0 and {len(features) - 1}, but got {row}")
    likeness = features @ features[row]
    likeness[row] = np.inf
    return _grouping([np.argsort(-likeness, kind="stable")], ["most alike first"])


def _check(values: NDArray[np.floating], name: str = "features") -> None:
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a finite (n, d) matrix, but got {values.shape}")


def _grouping(groups: list[Ints], names: list[str]) -> Grouping:
    if not groups:
        return Grouping(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), [])
    ends = np.cumsum([len(group) for group in groups])
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return Grouping(np.concatenate(groups).astype(np.int64), starts, names)


def _pieces(features: Array, rng: np.random.Generator) -> list[Ints]:
    """Rows in parts of look-alikes, none larger than WHOLE."""
    n = len(features)
    if n <= WHOLE:
        return [np.arange(n)] if n else []
    # Takes half a second, and small datasets do not need it.
    from sklearn.cluster import MiniBatchKMeans

    sample = rng.choice(n, min(n, FIT_ROWS), replace=False)
    means = MiniBatchKMeans(
        math.ceil(n / PIECE),
        n_init=1,
        max_iter=10,
        batch_size=2_048,
        init_size=max(2_048, 3 * math.ceil(n / PIECE)),
        random_state=int(rng.integers(2**31)),
    )
    parts = means.fit(features[sample]).predict(features)
    found = [np.flatnonzero(parts == part) for part in np.unique(parts)]
    # k-means leaves parts of any size, of equal rows even one that holds them all.
    return [piece for rows in found for piece in _slices(features, rows)]


def _slices(features: Array, rows: Ints) -> list[Ints]:
    if len(rows) <= WHOLE:
        return [rows]
    likeness = features[rows] @ features[rows].mean(axis=0)
    ordered = rows[np.argsort(-likeness, kind="stable")]
    return list(np.array_split(ordered, math.ceil(len(rows) / WHOLE)))


def _draw_together(points: Array) -> Array:
    """Each row's weighted mean with its nearest others, of unit length."""
    count = min(NEIGHBOURS, len(points) - 1)
    if count < 1:
        return points
    likeness = points @ points.T
    np.fill_diagonal(likeness, 1)
    nearest = np.argpartition(-likeness, count, axis=1)[:, : count + 1]
    weights = np.maximum(np.take_along_axis(likeness, nearest, axis=1), 0) ** 2
    drawn = np.einsum("nk,nkd->nd", weights, points[nearest])
    out: Array = drawn / np.maximum(np.linalg.norm(drawn, axis=1, keepdims=True), 1e-12)
    return out


def _cut(points: Array, size: int) -> list[Ints]:
    """Branches of the tree with at most `size` rows, small neighbours joined."""
    if len(points) < 2:
        return [np.arange(len(points))] if len(points) else []
    parts: list[Ints] = []
    waiting = [to_tree(linkage(_distances(points), "average"))]
    while waiting:
        branch = waiting.pop()
        if branch.count > size:
            waiting += [branch.right, branch.left]
            continue
        part = np.array(branch.pre_order(), dtype=np.int64)
        if parts and len(parts[-1]) + len(part) <= size:
            part = np.concatenate([parts.pop(), part])
        parts.append(part)
    return parts


def _distances(points: Array) -> NDArray[np.float64]:
    """Distances of all pairs of rows, condensed; a matrix product takes a tenth of `pdist`."""
    exact = points.astype(np.float64)  # or equal rows would seem to differ
    lengths = (exact * exact).sum(axis=1)
    squared = lengths[:, None] + lengths - 2 * (exact @ exact.T)
    np.fill_diagonal(squared, 0)
    out: NDArray[np.float64] = squareform(np.sqrt(np.maximum(squared, 0)), checks=False)
    return out


def _chain(groups: list[Array]) -> list[int]:
    """Groups in an order in which neighbours have similar means."""
    if len(groups) < 3:
        return list(range(len(groups)))
    means = np.stack([group.mean(axis=0) for group in groups])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return [int(place) for place in leaves_list(linkage(means, "average", optimal_ordering=True))]


def _by_branch(points: NDArray[np.floating], merit: Array) -> Ints:
    """Rows in an order of their tree's leaves: of two branches the one of higher mean merit first.

    Look-alikes stay side by side, which sorting by merit would tear apart.
    """
    if len(points) < 2:
        return np.arange(len(points))
    branches = [([row], float(value)) for row, value in enumerate(merit)]
    for left, right, _, _ in linkage(points, "average"):
        one, other = branches[int(left)], branches[int(right)]
        ahead, behind = (one, other) if _mean(one) >= _mean(other) else (other, one)
        branches.append((ahead[0] + behind[0], one[1] + other[1]))
    return np.array(branches[-1][0], dtype=np.int64)


def _mean(branch: tuple[list[int], float]) -> float:
    return branch[1] / len(branch[0])


def _by_class(probabilities: Array, classes: Sequence[str]) -> list[tuple[str, Ints]]:
    """Rows of each predicted class."""
    predicted = probabilities.argmax(axis=1) if len(classes) else np.empty(0, dtype=np.int64)
    groups = [(name, np.flatnonzero(predicted == place)) for place, name in enumerate(classes)]
    return [(name, rows) for name, rows in groups if len(rows)]


def _by_set(probabilities: Array, classes: Sequence[str]) -> list[tuple[str, Ints]]:
    """Rows of each predicted set of classes, the largest groups first, the smallest as one."""
    sets, which, counts = np.unique(
        probabilities >= 0.5, axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    order = np.argsort(-counts, kind="stable")
    if (counts < FEW).sum() < 2:
        large, rest = order, np.empty(0, dtype=np.int64)
    else:
        large, rest = order[counts[order] >= FEW], np.flatnonzero((counts < FEW)[which])
    groups = [(_set_name(sets[place], classes), np.flatnonzero(which == place)) for place in large]
    return [*groups, ("sets of few images", rest)] if len(rest) else groups


def _set_name(present: NDArray[np.bool_], classes: Sequence[str]) -> str:
    names = [name for name, there in zip(classes, present, strict=True) if there]
    return " + ".join(names) or "none of the classes"


def _alike_together(points: Array, sureness: Array) -> Ints:
    """Rows of one group, which come the surest first, so that look-alikes lie side by side.

    What the model says is among the `points` as roots of probabilities: these are unit vectors, as
    features are, and both weigh the same.
    """
    pieces = [slice(start, start + WHOLE) for start in range(0, len(points), WHOLE)]
    found = [piece.start + _by_branch(points[piece], sureness[piece]) for piece in pieces]
    return np.concatenate(found)
