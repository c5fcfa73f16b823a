"""Which slices are tried."""

import numpy as np
import pytest

from workbench.evaluation.candidates import Properties, candidates
from workbench.evaluation.cases import Cases


def cases(n, several=False):
    rng = np.random.default_rng(0)
    truth = rng.random((n, 2)) < 0.4 if several else np.arange(n) % 2
    return Cases([f"id {row}" for row in range(n)], truth, rng.random((n, 2)), ["a", "b"])


def known(n, **more):
    return Properties(names=[f"{row}.png" for row in range(n)], **more)


@pytest.mark.parametrize("several", [False, True])
def test_classes(several):
    some = cases(60, several)
    found = candidates(some, known(60))
    assert list(found) == ["class a", "class b"]
    np.testing.assert_array_equal(found["class b"], some.presence[:, 1])


def test_numbers_are_cut_at_their_quantiles():
    values = np.arange(200.0)
    values[150] = np.nan
    found = candidates(cases(200), known(200, numbers={"brightness": values}))
    tails = {name: mask for name, mask in found.items() if name.startswith("brightness")}
    assert list(tails) == [
        "brightness ≤ 19.8 (lowest tenth)",
        "brightness ≥ 179 (highest tenth)",
        "brightness ≤ 49.5 (lowest quarter)",
        "brightness ≥ 148 (highest quarter)",
        "brightness 49.5 to 99",
        "brightness 99 to 148",
    ]
    assert [mask.sum() for mask in tails.values()] == [20, 20, 50, 50, 50, 49]
    assert not any(mask[150] for mask in tails.values()), "no value, no slice"


def test_words_and_tags():
    tags = [
        ("wet", "night") if row % 3 == 0 else ("wet",) if row % 3 == 1 else () for row in range(90)
    ]
    cameras = [("left",) if row < 85 else ("right",) for row in range(90)]
    found = candidates(cases(90), known(90, words={"tags": tags, "camera": cameras}))
    assert found["tags = wet"].sum() == 60
    assert found["tags = night"].sum() == 30
    assert "camera = right" not in found, "five images are too few"
    assert "camera = left" not in found, "and so are five outside"


def test_look_alikes_are_found_and_named_after_one_of_them():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(5, 16))
    features = (centres[np.arange(200) % 5] + 0.1 * rng.normal(size=(200, 16))).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    found = candidates(cases(200), known(200, features=features))
    alike = {name: mask for name, mask in found.items() if "look-alikes of" in name}
    for group in range(5):
        members = np.arange(200) % 5 == group
        name = next(name for name, mask in alike.items() if np.array_equal(mask, members))
        assert int(name.removeprefix("40 look-alikes of ").removesuffix(".png")) % 5 == group


def test_no_two_slices_are_alike_and_none_is_too_small():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 8)).astype(np.float32)
    columns = {"words": {"class": [("a",) if row % 2 == 0 else ("b",) for row in range(120)]}}
    some = known(
        120, numbers={"one": rng.random(120), "same": np.ones(120)}, features=features, **columns
    )
    for least in (None, 30):
        found = candidates(cases(120), some, least)
        assert len({mask.tobytes() for mask in found.values()}) == len(found)
        sizes = [mask.sum() for mask in found.values()]
        assert min(sizes) >= (least or 10)
        assert max(sizes) <= 120 - (least or 10)
        assert not any(name.startswith("same") for name in found), (
            "all alike, nothing to tell apart"
        )


def test_the_same_name_twice_is_told_apart():
    words = {"class": [("b",) if row < 30 else ("c",) for row in range(60)]}
    some = known(60, words={**words, "class a": [("x",)] * 60})
    found = candidates(cases(60), some)
    assert {"class a", "class b", "class = b"} <= set(found)
    twins = Properties(
        names=["same.png"] * 60,
        features=np.eye(2, dtype=np.float32)[np.arange(60) // 30],
    )
    names = [name for name in candidates(cases(60), twins) if "look-alikes" in name]
    assert len(names) == len(set(names)) >= 2


def test_too_few_images_have_few_slices():
    assert candidates(cases(12), known(12, features=np.eye(12, dtype=np.float32))) == {}


def test_columns_of_other_images_are_refused():
    with pytest.raises(ValueError, match="'brightness' must have 20 rows, one an image, but has 3"):
        candidates(cases(20), known(20, numbers={"brightness": np.ones(3)}))
    with pytest.raises(ValueError, match="'names' must have 20 rows"):
        candidates(cases(20), known(3))
