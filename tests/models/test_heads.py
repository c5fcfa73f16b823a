import numpy as np
import pytest
import torch

from workbench.models.heads import fit_head, score
from workbench.models.objectives import OneClass


def clusters(count, classes, rng):
    """Points around class centres, far from the origin as pooled features are."""
    targets = np.arange(count) % classes
    points = 50 + 3 * np.eye(8)[targets] + rng.normal(scale=0.5, size=(count, 8))
    return points.astype(np.float32), targets


def test_fitted_head_folds_into_plain_weights():
    rng = np.random.default_rng(0)
    features, targets = clusters(60, 3, rng)
    held, held_targets = clusters(30, 3, rng)
    head = fit_head(OneClass(), features, targets, held, held_targets, num_classes=4)
    accuracy, log_loss = score(OneClass(), head, held, held_targets)
    assert accuracy == 1
    assert log_loss < 0.1
    weight, bias = head.folded()
    assert weight.shape == (4, 8)
    assert bias.shape == (4,)
    with torch.inference_mode():
        logits = head(torch.from_numpy(held))
    assert torch.allclose(logits, torch.from_numpy(held) @ weight.T + bias, atol=1e-3)


def test_noise_is_answered_with_caution():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 8)).astype(np.float32)
    held = rng.normal(size=(40, 8)).astype(np.float32)
    targets = np.arange(40) % 2
    head = fit_head(OneClass(), features, targets, held, targets, num_classes=2)
    assert score(OneClass(), head, held, targets)[1] == pytest.approx(np.log(2), abs=0.05)
