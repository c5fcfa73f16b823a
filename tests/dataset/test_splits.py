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


@pytest.mark.parametrize(
    "text, split",
    [("0", Split.POOL), ("1", Split.POOL), ("2", Split.POOL), ("3", Split.POOL), ("8", Split.TEST)],
)
def test_it_stays_where_it_was_put_in_earlier_versions(text, split):
    assert split_of(hashlib.sha256(text.encode()).hexdigest(), TEST_FRACTION) is split


@pytest.mark.parametrize("fraction", [-0.01, 1.01, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(ValueError, match="test_fraction must be within 0 and 1"):
        split_of(HASHES[0], fraction)
