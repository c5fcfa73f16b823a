"""The instant model: two linear heads on frozen features, weighed out of fold, calibrated.

With few labels the nearest class mean wins, later logistic regression does; where the switch lies
depends on the data. So both are fitted, and non-negative weights for their logits are chosen by
out-of-fold log loss, which calibrates the sum at the same stroke. The result is one linear map on
`FeatureSpace`, fitted in well under a second.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from workbench.errors import NotEnoughLabelsError
from workbench.models.folds import deal
from workbench.models.linearprobe import LinearProbe
from workbench.models.logistic import few_threads, fit_logistic, stack

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

C = 300.0  # inverse penalty; 100 to 1000 do equally well, for the temperature is chosen afterwards
C_AGAINST_NOISE = 3.0  # for doubting labels: wrong ones then teach their neighbours less
PRIOR = np.array([0.5, 5.0])  # weights of the logistic and the means head before any evidence
MIN_FOR_STACKING = 10  # labels; below, the prior stands
LOGISTIC, MEANS = 0, 1


class Probe(LinearProbe):
    """A probe of classes of which an image has one: `head_weights` are of logistic and means head."""

    __slots__ = ()

    def predict_proba(self, features: Array, num_classes: int) -> Array:
        """Calibrated probabilities over the full class list.

        Args:
            features: (n, d) unit features.
            num_classes: length of the full list; a class without a label gets probability 0.

        Returns:
            (n, num_classes) probabilities, each row summing to 1.
        """
        return self.spread(softmax(self.logits(features), axis=1), num_classes)

    def direction(self, target: int) -> Array:
        """Gradient of a class's logit, less the mean logit, in feature space: (d,).

        Raises:
            ValueError: the class had no label when the probe was fitted.
        """
        weights = self.coefficients[:-1]
        gradient: Array = weights[:, self.column(target)] - weights.mean(axis=1)
        return gradient


def fit_probe(
    features: Array,
    targets: Ints,
    *,
    calibrate_on: NDArray[np.bool_] | None = None,
    warm: Probe | None = None,
    names: Ints | None = None,
    seed: int = 0,
    C: float = C,
) -> Probe:
    """Fit and calibrate a probe.

    Args:
        features: (n, d) unit features of the labelled images.
        targets: (n,) class indices into the full class list.
        calibrate_on: (n,) rows whose out-of-fold logits may be trusted for the calibration: leave
            out those that the backbone itself was trained on. All by default; ignored where fewer
            than 10 rows remain.
        warm: an earlier probe of the same feature space, for a faster fit.
        names: (n,) what tells the rows apart from fit to fit. With them the out-of-fold fits start
            from those of `warm` too, none from one that has seen a row that it is asked about.
        seed: of the folds.
        C: inverse penalty of the logistic head. Where out-of-fold probabilities are to tell wrong
            labels from right ones, `C_AGAINST_NOISE` ranks them better than the default, which
            suits labels that are meant to be right.

    Returns:
        The probe.

    Raises:
        NotEnoughLabelsError: fewer than two classes have a label.
        ValueError: shapes do not match.

    Source:
        Class means: Snell et al. 2017 (arXiv 1703.05175), on centred features as in Wang et al.
        2019 (arXiv 1911.04623). Stacking: Wolpert 1992.
    """
    if features.ndim != 2 or targets.shape != (len(features),):
        raise ValueError(
            f"features must be (n, d) with one target a row, but got {features.shape} and {targets.shape}"
        )
    classes, local = np.unique(targets, return_inverse=True)
    if len(classes) < 2:
        raise NotEnoughLabelsError(
            f"a probe needs labels in at least 2 classes, but {len(targets)} labels cover "
            f"{len(classes)}: label an image of another class first"
        )
    local = local.astype(np.int64)
    if warm is not None and not np.array_equal(warm.classes, classes):
        warm = None
    with few_threads(features.size):
        folds, before = deal(local, names, None if warm is None else warm.folds, seed)
        heads, fits = _out_of_fold_logits(features, local, len(classes), folds, C, before.heads)
        known = np.isfinite(heads).all(axis=(0, 2))
        trusted = known if calibrate_on is None else known & calibrate_on
        if trusted.sum() < MIN_FOR_STACKING:
            trusted = known
        weights = PRIOR
        if trusted.sum() >= MIN_FOR_STACKING:
            weights = stack(heads[:, trusted], local[trusted], PRIOR)
        start = None if warm is None else warm.logistic
        logistic = fit_logistic(features, local, len(classes), C, start)
        means = class_means(features, local, len(classes))
    coefficients = weights[LOGISTIC] * logistic
    coefficients[:-1] += weights[MEANS] * means
    mixed = np.einsum("h,hnk->nk", weights, heads)
    out_of_fold = np.full_like(mixed, np.nan)
    out_of_fold[known] = softmax(mixed[known], axis=1)
    return Probe(
        classes=classes.astype(np.int64),
        coefficients=coefficients.astype(np.float32),
        out_of_fold=out_of_fold.astype(np.float32),
        head_weights=weights,
        logistic=logistic,
        folds=before.go_on(names, folds, fits),
    )


def class_means(features: Array, targets: Ints, num_classes: int) -> Array:
    """Unit-length mean feature of each class: (d, k); zero for a class without a row."""
    sums = np.zeros((num_classes, features.shape[1]), dtype=np.float32)
    np.add.at(sums, targets, features)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    means: Array = (sums / np.maximum(length, 1e-12)).T
    return means


def _out_of_fold_logits(
    features: Array,
    targets: Ints,
    num_classes: int,
    folds: Ints,
    C: float,
    starts: Mapping[int, Array],
) -> tuple[NDArray[np.float32], dict[int, Array]]:
    """Logits (2, n, k) of both heads, each row's from a fit that did not see it, and those fits.

    A row whose class is missing from the other folds gets NaN: no honest logit exists for it.
    """
    heads = np.full((2, len(targets), num_classes), np.nan, dtype=np.float32)
    fits: dict[int, Array] = {}
    for fold in np.unique(folds).tolist():
        seen, held = folds != fold, folds == fold
        present = np.unique(targets[seen])
        if len(present) < 2:
            continue
        held = held & np.isin(targets, present)
        fitted = fit_logistic(
            features[seen],
            targets[seen],
            num_classes,
            C,
            starts.get(fold),
        )
        fits[fold] = fitted
        heads[LOGISTIC, held] = features[held] @ fitted[:-1] + fitted[-1]
        heads[MEANS, held] = features[held] @ class_means(
            features[seen], targets[seen], num_classes
        )
    return heads, fits
