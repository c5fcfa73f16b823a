"""What lies far from everything labelled: parts of photographs among handwritten digits."""

import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_digits

from workbench.models.features import FeatureSpace
from workbench.quality import outliers
from workbench.quality.outliers import FALSE_ALARMS, least_reference, measure_outliers

DIGITS = 1_797
FOREIGN = 40


def parts_of_photographs(count, rng):
    """(count, 64) pixels of small squares out of photographs, as bright as the digits' are."""
    photos = [photo.mean(axis=2) for photo in (data.astronaut(), data.coffee(), data.chelsea())]
    out = []
    for number in range(count):
        photo = photos[number % 3]
        top, left = (rng.integers(0, side - 64) for side in photo.shape)
        square = photo[top : top + 64, left : left + 64]
        out.append(square.reshape(8, 8, 8, 8).mean(axis=(1, 3)).ravel() * 16 / 255)
    return np.array(out, dtype=np.float32)


def mixed(seed):
    """(1837, d) unit features: digits in a random order, then parts of photographs."""
    rng = np.random.default_rng(seed)
    pixels = load_digits(return_X_y=True)[0].astype(np.float32)
    vectors = np.vstack([pixels[rng.permutation(DIGITS)], parts_of_photographs(FOREIGN, rng)])
    return FeatureSpace.fit(vectors).transform(vectors)


@pytest.fixture(scope="module")
def features():
    return mixed(0)


def test_what_is_foreign_is_found_and_few_others_are(features):
    found = measure_outliers(features, np.arange(400))
    assert found.is_out[DIGITS:].mean() > 0.9
    rows = found.farthest(np.arange(len(features)))
    assert set(rows[:25].tolist()) <= set(range(DIGITS, len(features)))
    assert (np.diff(found.distance[rows]) <= 0).all()
    assert found.explain(rows[0]) == (
        "farther from its nearest labelled images than 99.7 % of those from each other"
    )


def test_false_alarms_are_as_frequent_as_stated():
    alarms = []
    for seed in range(12):
        found = measure_outliers(mixed(seed), np.arange(300))
        alarms.append(found.is_out[300:DIGITS].mean())
    assert np.mean(alarms) == pytest.approx(FALSE_ALARMS, rel=0.4)


def test_a_labelled_image_is_measured_against_the_others(features):
    labelled = np.concatenate([np.arange(400), [DIGITS + 3]])
    found = measure_outliers(features, labelled)
    assert found.distance[DIGITS + 3] > 0.5, "not by itself"
    assert found.is_out[DIGITS + 3]
    assert found.is_out[:400].mean() <= FALSE_ALARMS


def test_it_is_the_distance_to_the_kth_nearest_by_a_plain_count(features, monkeypatch):
    monkeypatch.setattr(outliers, "BLOCK", 900)  # several blocks
    labelled = np.array([5, 2, 40, 7, 100, 300])
    found = measure_outliers(features[:400], labelled, k=3)
    for row in (0, 2, 300, 399):
        far = [np.linalg.norm(features[row] - features[i]) for i in labelled if i != row]
        assert found.distance[row] == pytest.approx(sorted(far)[2], abs=1e-3)
    own = found.distance[labelled]
    assert found.p[0] == pytest.approx((1 + (own >= found.distance[0]).sum()) / 7)
    assert found.p[5] == pytest.approx((own >= found.distance[5]).sum() / 6)


def test_with_few_labels_nothing_can_be_called_an_outlier(features):
    few = measure_outliers(features, np.arange(least_reference() - 1))
    assert not few.decidable
    assert not few.is_out[least_reference() :].any()
    enough = measure_outliers(features, np.arange(least_reference()))
    assert enough.decidable
    assert enough.is_out[DIGITS:].any()


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_labelled_images_nothing_is_known(features, count):
    found = measure_outliers(features, np.arange(count))
    assert np.isnan(found.distance).all()
    assert not found.is_out.any()
    assert found.farthest(np.arange(len(features))).tolist() == []


def test_images_that_are_all_the_same_are_no_outliers():
    found = measure_outliers(np.tile(np.eye(4, dtype=np.float32)[:1], (300, 1)), np.arange(200))
    assert found.distance.max() < 1e-3
    assert not found.is_out.any()


def test_what_cannot_be_measured_is_refused(features):
    with pytest.raises(ValueError, match=r"finite \(n, d\) matrix"):
        measure_outliers(np.full((3, 2), np.nan, dtype=np.float32), np.arange(2))
    with pytest.raises(ValueError, match="k must be at least 1"):
        measure_outliers(features, np.arange(10), k=0)
