"""The instant model where an image has any number of classes: a probe for each, one against rest.

As in `probe`, a logistic head and one of class means are fitted on frozen features and weighed out
of fold, which calibrates their sum. What a class's few labels cannot tell about its weights it
takes from all classes: shared weights are found first, and each class's own shrink towards them.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from workbench.errors import NotEnoughLabelsError
from workbench.models.folds import deal
from workbench.models.linearprobe import LinearProbe
from workbench.models.logistic import few_threads, fit_one_vs_rest, stack_binary

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Weights = NDArray[np.float64]

# C times the number of labels. The penalty on the mean loss is one and the same then, whatever the
# number of labels: over 30 to 1,000 of them no fixed C does as well.
REACH = 10_000.0
PRIOR = np.array([0.5, 5.0])  # weights of the logistic and the means head before any evidence
SHARED, OWN = 1.0, 10.0  # strength of the prior: of the weights of all classes, of those of one
MIN_FOR_STACKING = 10  # labels; below, the prior stands
LOGISTIC, MEANS, OFFSET = 0, 1, 2


class MultiProbe(LinearProbe):
    """A probe that says of each class by itself how probable it is.

    `head_weights` are (3, k): of the logistic and the class-means head, and the offset. In
    `out_of_fold` a class has no probability in the only row that has it, or the only one that lacks
    it.
    """

    __slots__ = ()

    def predict_proba(self, features: Array, num_classes: int) -> Array:
        """Calibrated probabilities over the full class list.

        Args:
            features: (n, d) unit features.
            num_classes: length of the full list; a class that no label has gets probability 0.

        Returns:
            (n, num_classes) probabilities, each by itself: rows do not sum to 1.
        """
        return self.spread(expit(self.logits(features)), num_classes)

    def direction(self, target: int) -> Array:
        """Gradient of a class's logit in feature space: (d,).

        Raises:
            ValueError: no label had the class when the probe was fitted.
        """
        gradient: Array = self.coefficients[:-1, self.column(target)]
        return gradient


def fit_multiprobe(
    features: Array,
    targets: Mask,
    *,
    calibrate_on: Mask | None = None,
    warm: MultiProbe | None = None,
    names: Ints | None = None,
    seed: int = 0,
    C: float | None = None,
) -> MultiProbe:
    """Fit and calibrate a probe for each class that some label has.

    A class that every label has gets the share that Laplace's rule of succession gives it,
    (n + 1) / (n + 2), whatever the image.

    Args:
        features: (n, d) unit features of the labelled images.
        targets: (n, K) which classes of the full list each has; none is a label too.
        calibrate_on: (n,) rows whose out-of-fold logits may be trusted for the calibration: leave
            out those that the backbone itself was trained on. All by default; ignored where fewer
            than 10 rows remain.
        warm: an earlier probe of the same feature space and class list, for a faster fit.
        names: (n,) what tells the rows apart from fit to fit. With them the out-of-fold fits start
            from those of `warm` too, none from one that has seen a row that it is asked about.
        seed: of the folds.
        C: inverse penalty of the logistic heads; by default 10,000 / n. Where out-of-fold
            probabilities are to tell wrong labels from right ones, `probe.C_AGAINST_NOISE`.

    Returns:
        The probe.

    Raises:
        NotEnoughLabelsError: there is no class that some labels have and others lack.
        ValueError: shapes do not match, or `targets` is not of bool.

    Source:
        Class means: Snell et al. 2017 (arXiv 1703.05175). Stacking: Wolpert 1992. Binary relevance:
        Tsoumakas and Katakis 2007, "Multi-Label Classification: An Overview".
    """
    if features.ndim != 2 or targets.ndim != 2 or len(targets) != len(features):
        raise ValueError(
            "features must be (n, d) and targets (n, K), but got "
            f"{features.shape} and {targets.shape}"
        )
    if targets.dtype != np.bool_:
        raise ValueError(f"targets must be of bool, but got {targets.dtype}")
    n, counts = len(targets), targets.sum(axis=0)
    _require_both(n, counts)
    classes = np.flatnonzero(counts)
    targets = targets[:, classes]
    fitted = counts[classes] < n  # the others are in every label
    C = REACH / n if C is None else C
    if warm is not None and not np.array_equal(warm.classes, classes):
        warm = None
    with few_threads(features.size):
        folds, before = deal(rarest(targets), names, None if warm is None else warm.folds, seed)
        heads, fits = _out_of_fold_logits(features, targets, folds, C, before.heads)
        weights = _weigh(heads, targets, calibrate_on)
        logistic = np.zeros((features.shape[1] + 1, len(classes)), dtype=np.float32)
        start = None if warm is None else warm.logistic[:, fitted]
        logistic[:, fitted] = fit_one_vs_rest(features, targets[:, fitted], C, start)
    coefficients = weights[LOGISTIC] * logistic
    coefficients[:-1] += weights[MEANS] * positive_means(features, targets)
    coefficients[-1] += weights[OFFSET]
    coefficients[:, ~fitted] = 0
    coefficients[-1, ~fitted] = logit((n + 1) / (n + 2))
    mixed = np.einsum("hk,hnk->nk", weights[:OFFSET], heads) + weights[OFFSET]
    out_of_fold = np.where(np.isfinite(mixed), expit(mixed), _shares_out_of_fold(targets, folds))
    return MultiProbe(
        classes=classes.astype(np.int64),
        coefficients=coefficients.astype(np.float32),
        out_of_fold=out_of_fold.astype(np.float32),
        head_weights=weights,
        logistic=logistic,
        folds=before.go_on(names, folds, fits),
    )


def positive_means(features: Array, targets: Mask) -> Array:
    """Unit-length mean feature of the rows that have a class: (d, k); zero where none has."""
    sums = features.T @ targets.astype(np.float32)
    means: Array = sums / np.maximum(np.linalg.norm(sums, axis=0), 1e-12)
    return means


def rarest(targets: Mask) -> Ints:
    """Of what each row has or lacks, that which the fewest share: (n, k) to (n,) numbers.

    Dealt evenly over folds, every class's few rows come apart, as far as one number a row can do
    it: a simple form of iterative stratification.

    Source:
        Sechidis, Tsoumakas, Vlahavas 2011, "On the Stratification of Multi-Label Data".
    """
    n, counts = len(targets), targets.sum(axis=0)
    column = np.where(targets, counts, n - counts).argmin(axis=1)
    out: Ints = (2 * column + targets[np.arange(n), column]).astype(np.int64)
    return out


def _require_both(n: int, counts: Ints) -> None:
    if ((counts > 0) & (counts < n)).any():
        return
    if not counts.any():
        raise NotEnoughLabelsError(
            f"a probe needs labels that have a class, but none of the {n} labels has any: label an "
            "image that shows one first"
        )
    raise NotEnoughLabelsError(
        f"a probe needs labels that differ, but all of the {n} labels have the same classes: label "
        "an image that lacks one of them, or shows another, first"
    )


def _weigh(heads: Array, targets: Mask, calibrate_on: Mask | None) -> Weights:
    """Weights of the heads and the offset of each class: (3, k)."""
    known = np.isfinite(heads[LOGISTIC])
    if calibrate_on is not None:
        trusted = known & calibrate_on[:, None]
        if trusted.any(axis=1).sum() >= MIN_FOR_STACKING:
            known = trusted
    shared, enough = PRIOR[:, None], known.any(axis=1).sum() >= MIN_FOR_STACKING
    if enough:
        pooled = heads[:, known][..., None]
        every = np.ones((pooled.shape[1], 1), dtype=np.bool_)
        # No offset: one for all classes learns only that most classes are absent, and with few
        # labels hardly any would be predicted.
        shared = stack_binary(pooled, targets[known][:, None], every, shared, SHARED)
    prior = np.zeros((3, targets.shape[1]))
    prior[:OFFSET] = shared
    return stack_binary(heads, targets, known, prior, OWN) if enough else prior


def _out_of_fold_logits(
    features: Array, targets: Mask, folds: Ints, C: float, starts: Mapping[int, Array]
) -> tuple[Array, dict[int, Array]]:
    """Logits (2, n, k) of both heads, each row's from a fit that did not see it, and those fits.

    NaN where the other folds' rows all have a class, or all lack it.
    """
    heads = np.full((2, *targets.shape), np.nan, dtype=np.float32)
    fits: dict[int, Array] = {}
    for fold in np.unique(folds).tolist():
        seen, held = folds != fold, folds == fold
        both = targets[seen].any(axis=0) & ~targets[seen].all(axis=0)
        if not both.any():
            continue
        start = starts.get(fold)
        head = np.zeros((features.shape[1] + 1, targets.shape[1]), dtype=np.float32)
        head[:, both] = fit_one_vs_rest(
            features[seen],
            targets[seen][:, both],
            C,
            None if start is None else start[:, both],
            max_iterations=30,
        )
        fits[fold] = head
        means = positive_means(features[seen], targets[seen])
        cells = np.ix_(held, both)
        heads[LOGISTIC][cells] = (features[held] @ head[:-1] + head[-1])[:, both]
        heads[MEANS][cells] = (features[held] @ means)[:, both]
    return heads, fits


def _shares_out_of_fold(targets: Mask, folds: Ints) -> Array:
    """What is left to say of a class that the other folds' rows all have, or all lack: (n, k).

    The rule of succession's share, and NaN in the rows that are not like those.
    """
    shares = np.full(targets.shape, np.nan, dtype=np.float32)
    for fold in np.unique(folds):
        seen, held = folds != fold, folds == fold
        if seen.any():
            count = targets[seen].sum(axis=0)
            share = (count + 1) / (seen.sum() + 2)
            shares[held] = np.where(targets[held] == (count > 0), share, np.nan)
    return shares
