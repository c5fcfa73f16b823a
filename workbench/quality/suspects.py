"""Likely label errors, ranked: what a model that has not seen a label and what its neighbours say.

The two err differently. The model is linear and knows all labels at once; the neighbours follow any
shape that a class has, and know a few labels. For each image both give probabilities of the
classes, neither having seen its label, and these are multiplied (a product of experts):

    q(c) = p_model(c) p_neighbours(c) / sum_c' p_model(c') p_neighbours(c')

The score is 1 - q(label). Where one of them has nothing to say its probabilities are all alike,
and the other's are left. Over handwritten digits (two kinds of features), faces, and two sets of
measurements, no other join ranked known errors better on average: means of the probabilities, of
their logarithms, of ranks, and weights fitted by log loss. The differences between them are small.

Which of them count as likely errors, confident learning decides on q.

Source:
    Hinton 2002, "Training Products of Experts by Minimizing Contrastive Divergence", section 1.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from workbench.quality.confident import likely_errors
from workbench.quality.neighbours import TWIN, Neighbours, nearest_neighbours, vote

Array = NDArray[np.float32]
Scores = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEIGHBOURS = 15  # 10 do as well among hundreds of labels, 20 among thousands
FLOOR = 1e-6  # the least probability: no single voice can rule a class out
TOLD = 5  # neighbours that a reason speaks of


@dataclass(frozen=True, slots=True)
class Suspects:
    """How doubtful each label is, and why.

    Attributes:
        score: (n,) 0 to 1, the higher the likelier an error.
        order: (n,) rows, the most suspicious first.
        suggested: (n,) the most probable class other than the label; the label itself where no
            other class has one.
        likely: (n,) whether it counts as a likely error; the sum estimates how many there are.
        neighbours: the most similar labelled images of each.
        targets: (n,) the labels that were judged.
        out_of_fold: (n, K) what the model says; rows of NaN where it cannot.
    """

    score: Scores
    order: Ints
    suggested: Ints
    likely: Mask
    neighbours: Neighbours
    targets: Ints
    out_of_fold: Array


def rank_suspects(
    features: Array, targets: Ints, out_of_fold: Array, *, k: int = NEIGHBOURS
) -> Suspects:
    """Rank labelled images by how likely their labels are wrong.

    Args:
        features: (n, d) unit features of the labelled images.
        targets: (n,) class indices, 0 to K - 1.
        out_of_fold: (n, K) calibrated probabilities over the full class list, each row from a model
            that did not see its label; NaN where there is none, which leaves the neighbours alone.
        k: neighbours to ask; where there are fewer others, all of them.

    Returns:
        The suspects. A label that is the only one of its class is ranked, but never counted as a
        likely error: nothing could have spoken for it.

    Raises:
        ValueError: shapes do not match, a target is no class, a row is neither probabilities nor
            NaN, or `k` is below 1.
    """
    _check(features, targets, out_of_fold)
    rows = np.arange(len(targets))
    neighbours = nearest_neighbours(features, k)
    joined = _join(out_of_fold, vote(neighbours, targets, out_of_fold.shape[1]))
    # Summed over the others: one less the label's own would round to 0 for the least suspicious.
    others = joined.copy()
    others[rows, targets] = 0
    score = others.sum(axis=1)
    count = np.bincount(targets, minlength=joined.shape[1])
    others[:, count == 0] = -1  # a class that nothing is known of cannot be suggested
    suggested = others.argmax(axis=1)
    if (count > 0).sum() < 2:
        suggested = targets.copy()
    likely = likely_errors(targets, joined.astype(np.float32)) & (count[targets] > 1)
    return Suspects(
        score=score,
        order=np.argsort(-score, kind="stable").astype(np.int64),
        suggested=suggested.astype(np.int64),
        likely=likely,
        neighbours=neighbours,
        targets=targets,
        out_of_fold=out_of_fold,
    )


def explain(suspects: Suspects, row: int, classes: Sequence[str]) -> str:
    """Say for a person why a label is doubted, or not.

    Args:
        suspects: what was found.
        row: the image.
        classes: (K,) names of the classes.

    Returns:
        Such as "labelled '3'; the model, which has not seen this label, says '8' (94 %); 4 of 5
        nearest labelled images say '8'".

    Raises:
        IndexError: there is no such row.
    """
    label = int(suspects.targets[row])
    parts = [f"labelled '{classes[label]}'"]
    if (suspects.targets == label).sum() == 1:
        parts[0] += ", the only one so far"
    model = suspects.out_of_fold[row]
    if np.isfinite(model).all():
        best = int(model.argmax())
        says = "agrees" if best == label else f"says '{classes[best]}'"
        parts.append(
            f"the model, which has not seen this label, {says} ({100 * model[best]:.0f} %)"
        )
    labels = suspects.targets[suspects.neighbours.indices[row]].tolist()
    if labels:
        nearest = labels[:TOLD]
        said, times = Counter(nearest).most_common(1)[0]
        too = " too" if said == label else ""
        parts.append(
            f"{times} of {len(nearest)} nearest labelled images say '{classes[said]}'{too}"
        )
    twins = suspects.neighbours.similarities[row] >= TWIN
    for other in sorted({found for found, twin in zip(labels, twins, strict=True) if twin}):
        if other != label:
            parts.append(f"the same image is also labelled '{classes[other]}'")
    return "; ".join(parts)


def _join(model: Array, votes: Array) -> Scores:
    """Product of both experts, normalised: (n, K); the votes alone where the model has no say."""
    says = np.where(np.isfinite(model).all(axis=1, keepdims=True), model, 1.0)
    evidence = np.log(np.maximum(says, FLOOR)) + np.log(np.maximum(votes, FLOOR))
    joined: Scores = softmax(evidence.astype(np.float64), axis=1)
    return joined


def _check(features: Array, targets: Ints, out_of_fold: Array) -> None:
    n = len(targets)
    if features.ndim != 2 or len(features) != n or out_of_fold.ndim != 2 or len(out_of_fold) != n:
        raise ValueError(
            "features must be (n, d) and out_of_fold (n, K) with one target a row, but got "
            f"{features.shape}, {out_of_fold.shape} and {targets.shape}"
        )
    size = out_of_fold.shape[1]
    if n and not 0 <= targets.min() <= targets.max() < size:
        raise ValueError(
            f"targets must be indices into the {size} classes of out_of_fold, but range from "
            f"{targets.min()} to {targets.max()}"
        )
    if ((out_of_fold < 0) | (out_of_fold > 1 + 1e-4)).any():
        raise ValueError(
            f"out_of_fold must hold probabilities or NaN, but ranges from "
            f"{np.nanmin(out_of_fold):g} to {np.nanmax(out_of_fold):g}"
        )
