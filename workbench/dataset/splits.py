"""The blind test split: decided by an image's content, so that it never moves."""

from workbench.dataset.types import Split

TEST_FRACTION = 0.2


def split_of(content_hash: str, test_fraction: float = TEST_FRACTION) -> Split:
    """Pool or test, by the first 64 bits of the content hash.

    The same bytes land in the same split in every dataset, under any name, in any order of import;
    an image can't leak from test to pool by being copied.

    Args:
        content_hash: hexadecimal, at least 16 digits, uniformly distributed.
        test_fraction: share of images that go to test, 0 to 1.

    Raises:
        ValueError: `test_fraction` is outside 0 to 1.
    """
    if not 0 <= test_fraction <= 1:
        raise ValueError(f"test_fraction must be within 0 and 1, but got {test_fraction}")
    return Split.TEST if int(content_hash[:16], 16) < test_fraction * 2**64 else Split.POOL
