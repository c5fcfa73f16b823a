"""COCO's keypoints: x, y and a flag for each point, which a category names; its skeleton counts from 1.

Source:
    https://cocodataset.org/#format-data, keypoint detection: the flag is 0 for a point that is not
    labelled, 1 for one that is labelled and not to be seen, 2 for one that is.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.dataset.boxdocuments import Size
from workbench.dataset.keypoints import (
    SEEN,
    Keypoint,
    Points,
    Skeleton,
    in_order_of,
    skeleton_from,
)
from workbench.errors import DatasetError, FormatError

Row = Mapping[str, Any]
_SEEN = {flag: name for name, flag in SEEN.items()}


def skeletons(rows: Sequence[Row], path: Path) -> dict[Any, Skeleton]:
    """The skeletons of those categories that have one, by id.

    Raises:
        FormatError: one cannot be used.
    """
    found: dict[Any, Skeleton] = {}
    for row in rows:
        if not row.get("keypoints"):
            continue
        try:
            edges = [[int(end) - 1 for end in edge] for edge in row.get("skeleton") or ()]
            found[row.get("id")] = skeleton_from({"labels": row["keypoints"], "edges": edges})
        except (DatasetError, TypeError, ValueError) as error:
            raise FormatError(
                f"{path}: the keypoints of category {row.get('name')!r} cannot be used: {error}"
            ) from error
    return found


def together(found: Mapping[Any, Skeleton]) -> Skeleton | None:
    """One skeleton with the points of all of them; None for none."""
    names = tuple(dict.fromkeys(name for each in found.values() for name in each.names))
    edges = {
        (names.index(each.names[a]), names.index(each.names[b])): None
        for each in found.values()
        for a, b in each.edges
    }
    return Skeleton(names, tuple(edges)) if names else None


def read_points(row: Row, own: Skeleton | None, wanted: Skeleton, size: Size) -> Points:
    """The points of an annotation in shares, in the order of the wanted skeleton; empty for none.

    Args:
        row: the annotation.
        own: the skeleton of its category; None takes the wanted one.
        wanted: the skeleton of the bench.
        size: of the image in pixels.

    Raises:
        FormatError: they are no such list.
        LabelError: a point is there that the wanted skeleton has not.
    """
    own = own or wanted
    flat = row.get("keypoints") or []
    if not isinstance(flat, list) or len(flat) not in (0, 3 * len(own)):
        came = len(flat) if isinstance(flat, list) else type(flat).__name__
        raise FormatError(f"{len(own)} keypoints are {3 * len(own)} numbers, but got {came}")
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    points = tuple(_point(told, size) for told in triples)
    return in_order_of(points, own, wanted) if points else ()


def _point(told: Sequence[Any], size: Size) -> Keypoint | None:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in told)
    if not numbers or not all(map(math.isfinite, told)) or told[2] not in (0, *_SEEN):
        raise FormatError(f"a keypoint is x, y and 0, 1 or 2, not {str(told)[:60]}")
    x, y, flag = told
    return (x / size[0], y / size[1], _SEEN[int(flag)]) if flag else None


def category(skeleton: Skeleton) -> dict[str, Any]:
    """What a category says of its keypoints."""
    edges = [[a + 1, b + 1] for a, b in skeleton.edges]
    return {"keypoints": list(skeleton.names), "skeleton": edges}


def annotation(points: Points, size: Size) -> dict[str, Any]:
    """What an annotation says of its keypoints; what is not there is three zeros."""
    triples = [
        (at[0] * size[0], at[1] * size[1], SEEN[at[2]]) if at else (0, 0, 0) for at in points
    ]
    flat = [number for triple in triples for number in triple]
    return {"keypoints": flat, "num_keypoints": sum(at is not None for at in points)}
