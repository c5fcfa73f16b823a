"""Multinomial logistic regression in the few forms that the probe needs.

The objective is scikit-learn's (sum of cross-entropies times C, plus half the squared weights,
the bias unpenalised) so that C means what users know. The optimiser is SciPy's L-BFGS-B.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

Array = NDArray[np.float32]
Ints = NDArray[np.int64]


def fit_logistic(
    features: Array,
    targets: Ints,
    num_classes: int,
    C: float,
    start: Array | None = None,
    max_iterations: int = 60,
) -> Array:
    """Fit weights and biases.

    Args:
        features: (n, d) rows.
        targets: (n,) class indices, 0 to `num_classes` - 1.
        num_classes: k.
        C: inverse strength of the penalty.
        start: (d + 1, k) coefficients to start from, such as an earlier fit's.
        max_iterations: of L-BFGS.

    Returns:
        (d + 1, k) coefficients; the last row is the bias.
    """
    n, d = features.shape
    design = np.hstack([features, np.ones((n, 1), dtype=np.float32)])
    hot = np.zeros((n, num_classes), dtype=np.float32)
    hot[np.arange(n), targets] = 1
    scale = 1 / (C * n)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        coefficients = flat.reshape(d + 1, num_classes).astype(np.float32)
        logits = design @ coefficients
        # By hand: SciPy's logsumexp checks more than it computes at these sizes.
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        weights = coefficients[:-1]
        loss = -float((logits * hot).sum()) / n + scale / 2 * float((weights * weights).sum())
        gradient = design.T @ (np.exp(logits) - hot) / n
        gradient[:-1] += scale * weights
        return loss, gradient.ravel().astype(np.float64)

    first = np.zeros((d + 1, num_classes)) if start is None else start
    found = minimize(
        objective,
        first.ravel().astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "ftol": 1e-7, "gtol": 1e-5},
    )
    coefficients: Array = found.x.reshape(d + 1, num_classes).astype(np.float32)
    return coefficients


def stack(
    logits: NDArray[np.float32], targets: Ints, prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weigh several heads' logits so that their sum is calibrated.

    Minimises the log loss of `softmax(sum_h w_h * logits_h)` over non-negative weights: temperature
    scaling (Guo et al. 2017, arXiv 1706.04599) when there is one head, calibrated stacking when
    there are more. The problem is convex.

    Args:
        logits: (h, n, k) out-of-fold logits of each head.
        targets: (n,) class indices.
        prior: (h,) weights to shrink towards, with the strength of two labels.

    Returns:
        (h,) weights, none negative.
    """
    heads, n, _ = logits.shape
    rows = np.arange(n)
    right = logits[:, rows, targets].astype(np.float64)
    spread = logits.astype(np.float64)

    def objective(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mixed = np.einsum("h,hnk->nk", weights, spread)
        log_norm = logsumexp(mixed, axis=1)
        probabilities = np.exp(mixed - log_norm[:, None])
        pull = (weights - prior) / np.maximum(prior, 1e-6)
        loss = float((log_norm - weights @ right).sum() + (pull**2).sum())
        gradient = np.einsum("nk,hnk->h", probabilities, spread) - right.sum(axis=1)
        gradient += 2 * pull / np.maximum(prior, 1e-6)
        return loss / n, gradient / n

    found = minimize(objective, prior, jac=True, method="L-BFGS-B", bounds=[(0, None)] * heads)
    weights: NDArray[np.float64] = found.x
    return weights
