"""TypiClust: while there are few labels, picks that are typical of what has none."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning

from workbench.selection.types import Array, Ints, Picked, Query

NEIGHBOURS = 20  # that an image is typical by
MOST_CLUSTERS = 500
LEAST_IMAGES = 5  # of a cluster that is picked from before the smaller ones
FIT_ROWS = 20_000  # images that clusters are fitted on
REFERENCES = 2_000  # images of a large cluster among which neighbours are looked for


def typiclust(query: Query) -> Picked:
    """Pick the most typical image of each of the largest clusters that have the fewest labels.

    Labelled images and candidates are parted by k-means into as many clusters as there are then
    labels, at most 500. Of the clusters with the fewest labelled and picked images the largest has its
    turn; its pick is the candidate with the smallest mean distance to its 20 nearest neighbours there.
    The doubts of a model play no part. Costs O(n d K) for n images and K clusters, and O(n d s) for
    neighbours among s images of a cluster, 2,000 at most; O(n d) memory. Score: typicality, one
    over that mean distance.

    Source:
        Hacohen et al. 2022, "Active Learning on a Budget: Opposite Strategies Suit High and Low
        Budgets" (arXiv 2202.02794).
    """
    n = len(query.candidates)
    count = min(query.count, n)
    if not count:
        return Picked(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
    points: Array = np.vstack([query.points(), query.anchors()])
    clusters = _clusters(points, min(len(query.labelled) + count, MOST_CLUSTERS), query.rng)
    number = int(clusters.max()) + 1
    taken = np.bincount(clusters[n:], minlength=number)
    sizes = np.bincount(clusters[:n], minlength=number)
    typical: dict[int, tuple[list[int], Array]] = {}
    picked: list[int] = []
    scores: list[float] = []
    while len(picked) < count:
        free = np.flatnonzero(sizes)
        # Clusters too small to mean anything come last, then those with labels, then small ones.
        order = np.lexsort((-sizes[free], taken[free], sizes[free] < LEAST_IMAGES))
        cluster = int(free[order[0]])
        if cluster not in typical:
            typical[cluster] = _by_typicality(points, np.flatnonzero(clusters == cluster), n, query)
        rows, values = typical[cluster]
        place = len(rows) - int(sizes[cluster])
        picked.append(rows[place])
        scores.append(float(values[place]))
        sizes[cluster] -= 1
        taken[cluster] += 1
    return Picked(np.array(picked, dtype=np.int64), np.array(scores, dtype=np.float32))


def _clusters(points: Array, number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The cluster of each point."""
    distinct = min(number, len(points))
    seed = int(rng.integers(2**31))
    rows = points
    if len(points) > FIT_ROWS:
        rows = points[np.sort(rng.choice(len(points), FIT_ROWS, replace=False))]
    kind = KMeans if len(rows) * distinct < 100_000 else MiniBatchKMeans
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer of them, where images are alike
        fitted = kind(distinct, n_init=1, random_state=seed).fit(rows)
    found: NDArray[np.int64] = fitted.predict(points).astype(np.int64)
    return found


def _by_typicality(points: Array, members: Ints, n: int, query: Query) -> tuple[list[int], Array]:
    """The candidates of a cluster, rows below n, the most typical first; and how typical each is."""
    among = members
    if len(members) > REFERENCES:
        among = query.rng.choice(members, REFERENCES, replace=False)
    own = members[members < n]
    nearest = min(NEIGHBOURS, len(among) - 1)
    if nearest < 1:
        return own.tolist(), np.zeros(len(own), dtype=np.float32)
    similar = points[own] @ points[among].T
    similar[own[:, None] == among] = -2  # an image is no neighbour of its own
    closest = np.partition(similar, -nearest, axis=1)[:, -nearest:]
    mean = np.sqrt(np.maximum(2 - 2 * closest, 0)).mean(axis=1)
    values: Array = (1 / np.maximum(mean, 1e-6)).astype(np.float32)
    order = np.argsort(-values, kind="stable")
    return own[order].tolist(), values[order]
