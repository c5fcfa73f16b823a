"""The blind test split: a share of the contents, decided by nothing else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dataset.splits import TEST_FRACTION, split_of
from workbench.dataset.types import Split

HASHES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(4_000)]


@given(st.floats(0, 1))
def test_the_share_of_test_images_is_the_one_asked_for(fraction):
    share = sum(split_of(h, fraction) is Split.TEST for h in HASHES) / len(HASHES)
    # Five standard deviations; the hashes are fixed, so it holds or it does not.
    assert share == pytest.approx(
        fraction, abs=5 * (fraction * (1 - fraction) / 4_000) ** 0.5 + 1e-3
    )


@given(st.binary(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_test_split_holds_the_smaller_one(content, one, other):
    content_hash = hashlib.sha256(content).hexdigest()
    small, large = sorted((one, other))
    if split_of(content_hash, small) is Split.TEST:
        assert split_of(content_hash, large) is Split.TEST


def test_none_and_all_are_possible():
    extremes = ["0" * 64, "f" * 64]
    assert {split_of(h, 0) for h in extremes} == {Split.POOL}
    assert {split_of(h, 1) for h in extremes} == {Split.TEST}


def test_images_stay_where_earlier_versions_put_them():
    test = [number for number in range(60) if split_of(HASHES[number], 0.2) is Split.TEST]
    assert test == [8, 9, 39, 46, 47, 49, 50, 51, 53, 54, 55]
    assert TEST_FRACTION == 0.2


@pytest.mark.parametrize("fraction", [-0.01, 1.01, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(ValueError, match="test_fraction must be within 0 and 1"):
        split_of(HASHES[0], fraction)
