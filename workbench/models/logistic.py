"""Logistic regression in the few forms that the probes need: multinomial and one-versus-rest.

The objective is scikit-learn's (sum of cross-entropies times C, plus half the squared weights,
the bias unpenalised) so that C means what users know. The optimiser is SciPy's L-BFGS-B, in
coordinates in which the features vary alike in all directions: it then gets in ten iterations
where it needs fifty otherwise.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Weights = NDArray[np.float64]

# Iterations, at most. From the tenth on the loss still goes down, but hardly the errors: where
# each takes long, that is enough.
_ITERATIONS, _ITERATIONS_OF_MANY = 20, 10
_MANY = 20_000_000  # rows times dimensions times classes
_ROWS_A_DIMENSION = 8  # that the whitening is estimated from; it needs not be exact
# The curvature where a fit ends beside that where it begins, at p = the class's share: the better
# the classes are told apart, the smaller.
_CURVATURE = 0.1

# The limit on threads is the process's: two who set and restore it in turns would leave it set.
_LIMITING = threading.Lock()


@contextmanager
def few_threads(size: int) -> Iterator[None]:
    """Compute on one core where the features have few entries.

    Their products are small then: threads cost more than they bring (ten times, measured).
    """
    with _LIMITING, threadpool_limits(1 if size < 2_000_000 else None, user_api="blas"):
        yield


def fit_logistic(
    features: Array,
    targets: Ints,
    num_classes: int,
    C: float,
    start: Array | None = None,
    max_iterations: int | None = None,
) -> Array:
    """Fit weights and biases.

    Args:
        features: (n, d) rows.
        targets: (n,) class indices, 0 to `num_classes` - 1.
        num_classes: k.
        C: inverse strength of the penalty.
        start: (d + 1, k) coefficients to start from, such as an earlier fit's.
        max_iterations: of L-BFGS; by default by how much there is to compute.

    Returns:
        (d + 1, k) coefficients; the last row is the bias.
    """
    hot = np.zeros((len(features), num_classes), dtype=np.float32)
    hot[np.arange(len(features)), targets] = 1
    return _minimise(features, hot, _softmax, C, start, max_iterations)


def fit_one_vs_rest(
    features: Array,
    targets: Mask,
    C: float,
    start: Array | None = None,
    max_iterations: int | None = None,
) -> Array:
    """Fit weights and biases of one binary logistic regression a class, all in one go.

    Their losses add up and share no coefficient, so that the sum's minimum is that of each.

    Args:
        features: (n, d) rows.
        targets: (n, k) which classes a row has. Each has to have a row with it and one without, or
            its bias runs off.
        C: inverse strength of the penalty.
        start: (d + 1, k) coefficients to start from, such as an earlier fit's.
        max_iterations: of L-BFGS; by default by how much there is to compute.

    Returns:
        (d + 1, k) coefficients; the last row is the bias.
    """
    return _minimise(features, targets.astype(np.float32), _sigmoid, C, start, max_iterations)


def _softmax(logits: Array, hot: Array) -> tuple[float, Array]:
    """Log-likelihood of one class a row, and the probabilities, in the place of the logits."""
    # By hand: SciPy's logsumexp checks more than it computes at these sizes.
    logits -= logits.max(axis=1, keepdims=True)
    likelihood = float(np.einsum("nk,nk->", logits, hot))
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    logits /= total
    return likelihood - float(np.log(total).sum()), logits


def _sigmoid(logits: Array, hot: Array) -> tuple[float, Array]:
    """Log-likelihood of each class by itself, summed, and the probabilities."""
    small = np.exp(-np.abs(logits))
    each = logits * hot - np.maximum(logits, 0) - np.log1p(small)
    return float(each.sum(dtype=np.float64)), np.where(logits >= 0, 1, small) / (1 + small)


def _minimise(
    features: Array,
    hot: Array,
    likelihood: Callable[[Array, Array], tuple[float, Array]],
    C: float,
    start: Array | None,
    max_iterations: int | None,
) -> Array:
    """Coefficients (d + 1, k) of a linear map to logits that make `hot` (n, k) likeliest."""
    (n, d), k = features.shape, hot.shape[1]
    if max_iterations is None:
        max_iterations = _ITERATIONS_OF_MANY if n * d * k > _MANY else _ITERATIONS
    scale = 1 / (C * n)
    share = hot.mean(axis=0)
    curvature = max(_CURVATURE * float((share * (1 - share)).mean()), 1e-6)
    mean, root = _whitening(features, curvature, scale)
    inverse = solve_triangular(root, np.eye(d, dtype=np.float32))
    # The bias is that at the features' mean, where it has nothing to do with the weights.
    of_bias = np.float32(curvature**-0.5)

    def as_coefficients(flat: Weights) -> Array:
        whitened = flat.reshape(d + 1, k).astype(np.float32)
        weights = inverse @ whitened[:-1]
        bias = of_bias * whitened[-1] - mean @ weights
        return np.vstack([weights, bias])

    def objective(flat: Weights) -> tuple[float, Weights]:
        coefficients = as_coefficients(flat)
        weights = coefficients[:-1]
        logits = features @ weights
        logits += coefficients[-1]
        likely, off = likelihood(logits, hot)
        off -= hot
        of_biases = off.sum(axis=0)
        gradient = (features.T @ off - np.outer(mean, of_biases)) / n + scale * weights
        loss = -likely / n + scale / 2 * float((weights * weights).sum())
        whitened = np.vstack([inverse.T @ gradient, of_bias / n * of_biases])
        return loss, whitened.ravel().astype(np.float64)

    first = np.zeros((d + 1, k))
    if start is not None:
        first[:-1] = root @ start[:-1]
        first[-1] = (start[-1] + mean @ start[:-1]) / of_bias
    found = minimize(
        objective,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "ftol": 1e-6, "gtol": 1e-6},
    )
    return as_coefficients(found.x)


def _whitening(features: Array, curvature: float, scale: float) -> tuple[Array, Array]:
    """The rows' mean (d,), and R (d, d), upper triangular, with RᵀR about the loss's curvature.

    That is `curvature` times the covariance of the features plus `scale`, the penalty's.
    """
    n, d = features.shape
    if n > _ROWS_A_DIMENSION * d:
        rows = np.random.default_rng(0).choice(n, _ROWS_A_DIMENSION * d, replace=False)
        features = features[rows]
    mean = features.mean(axis=0)
    centred = features - mean
    covariance = (centred.T @ centred / len(centred)).astype(np.float64)
    # Directions in which nothing varies have no curvature; rounding could make it negative.
    least = curvature * (1e-6 * np.trace(covariance) / d + 1e-12)
    root = cholesky(curvature * covariance + (scale + least) * np.eye(d))
    return mean, root.astype(np.float32)


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


def stack_binary(
    logits: NDArray[np.float32], targets: Mask, known: Mask, prior: Weights, strength: float
) -> Weights:
    """Weigh several heads' logits for each class by itself so that their sum is calibrated.

    Minimises the log loss of `sigmoid(offset + sum_h w_h * logits_h)` of each class, with w not
    negative: Platt's scaling when there is one head. The classes' problems are convex, share
    nothing, and are solved in one go.

    Args:
        logits: (h, n, k) out-of-fold logits of each head; finite where `known`.
        targets: (n, k) which classes a row has.
        known: (n, k) the cells to learn from.
        prior: (h, k) weights to shrink towards, in proportion to each; with a row more, for the
            offset, one is fitted too.
        strength: of that, in nats of log loss that one prior's length away costs, and 1 for the
            offset.

    Returns:
        Weights, and an offset, as `prior`, which they are where no cell is known.

    Source:
        Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """
    heads, n, k = logits.shape
    offsets = len(prior) - heads
    evidence = np.concatenate([logits, np.ones((offsets, n, k), dtype=np.float32)])
    evidence[:, ~known] = 0  # whatever the weights are, they change nothing there
    hot = targets.astype(np.float32)
    reach = np.maximum(prior, 0.1)
    reach[heads:] = 1

    def objective(flat: Weights) -> tuple[float, Weights]:
        weights = flat.reshape(prior.shape)
        mixed = np.zeros((n, k), dtype=np.float32)
        for weight, each in zip(weights.astype(np.float32), evidence, strict=True):
            mixed += weight * each
        likelihood, probabilities = _sigmoid(mixed, hot)
        off = probabilities - hot
        pull = (weights - prior) / reach
        gradient = np.stack([(off * each).sum(axis=0, dtype=np.float64) for each in evidence])
        gradient = gradient + 2 * strength * pull / reach
        return (strength * float((pull**2).sum()) - likelihood) / n, gradient.ravel() / n

    bounds = [(0, None)] * (heads * k) + [(None, None)] * (offsets * k)
    found = minimize(
        objective,
        prior.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-7},  # what single precision can tell apart
    )
    weights: Weights = found.x.reshape(prior.shape)
    return weights
