"""The feature space: what it promises of any vectors, the degenerate ones too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from workbench.models import features as module
from workbench.models.features import FeatureSpace


@pytest.fixture(scope="module")
def pixels():
    return load_digits(return_X_y=True)[0].astype(np.float32)


@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_features_have_unit_length_and_the_dimension_announced(n, dim, seed):
    vectors = np.random.default_rng(seed).normal(3, 2, (n, 20))
    space = FeatureSpace.fit(vectors, dim=dim)
    features = space.transform(vectors)
    assert space.dim <= min(dim, 20, n - 1)
    assert features.shape == (n, space.dim)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-4)


def test_it_spans_the_principal_components_half_whitened(pixels):
    space = FeatureSpace.fit(pixels, dim=16)
    pca = PCA(16, svd_solver="full").fit(pixels)
    directions = space.projection * np.sqrt(np.sqrt(pca.explained_variance_))
    overlap = np.abs(np.sum(directions * pca.components_.T, axis=0))
    np.testing.assert_allclose(overlap, 1, atol=1e-3)


def test_neither_scale_nor_a_common_offset_changes_anything(pixels):
    plain = FeatureSpace.fit(pixels).transform(pixels)
    moved = FeatureSpace.fit(4 * pixels + 7).transform(4 * pixels + 7)
    np.testing.assert_allclose(plain @ plain[0], moved @ moved[0], atol=2e-3)


def test_half_precision_from_disk_and_small_blocks_give_the_same(pixels):
    space = FeatureSpace.fit(pixels)
    np.testing.assert_allclose(
        space.transform(pixels.astype(np.float16), block=100), space.transform(pixels), atol=1e-5
    )


def test_a_vector_equal_to_the_mean_maps_to_zero(pixels):
    space = FeatureSpace.fit(pixels)
    assert np.abs(space.transform(space.mean[None])).max() == 0


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_images_that_all_look_alike_stay_alike_and_finite(value):
    vectors = np.full((10, 6), value, dtype=np.float32)
    features = FeatureSpace.fit(vectors).transform(vectors)
    assert np.isfinite(features).all()
    assert (features == features[0]).all()


def test_directions_without_variance_are_left_out():
    vectors = np.zeros((30, 12), dtype=np.float32)
    vectors[:, :3] = np.random.default_rng(0).normal(size=(30, 3))
    assert FeatureSpace.fit(vectors).dim == 3


def test_a_big_pool_is_sampled_and_the_space_is_nearly_the_same(pixels, monkeypatch):
    whole = FeatureSpace.fit(pixels, dim=8).transform(pixels)
    monkeypatch.setattr(module, "FIT_ROWS", 900)
    part = FeatureSpace.fit(pixels, dim=8)
    assert (part.mean != FeatureSpace.fit(pixels, dim=8, seed=1).mean).any()
    likeness, expected = (x[:200] @ x[:200].T for x in (part.transform(pixels), whole))
    assert np.corrcoef(likeness.ravel(), expected.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    "vectors, message",
    [
        (np.ones(5), r"\(n >= 2, D\), but got \(5,\)"),
        (np.ones((1, 5)), r"\(n >= 2, D\), but got \(1, 5\)"),
        (np.array([[1, np.nan], [1, 2], [np.inf, 1]]), "2 of 3 vectors hold NaN or infinity"),
    ],
)
def test_what_cannot_be_fitted_is_refused(vectors, message):
    with pytest.raises(ValueError, match=message):
        FeatureSpace.fit(vectors)


def test_pull_back_is_the_gradient_of_a_linear_score(pixels):
    space = FeatureSpace.fit(pixels, dim=10)
    direction = np.random.default_rng(1).normal(size=space.dim).astype(np.float32)
    vector = pixels[3]

    def score(x):
        projected = (x - space.mean.astype(np.float64)) @ space.projection.astype(np.float64)
        return projected @ direction / np.linalg.norm(projected)

    steps = np.eye(len(vector)) * 1e-4
    numeric = [(score(vector + s) - score(vector - s)) / 2e-4 for s in steps]
    np.testing.assert_allclose(space.pull_back(vector, direction), numeric, atol=1e-4)
