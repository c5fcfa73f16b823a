"""Bad slices: found where there is one, and none where there is none."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from workbench.evaluation.slices import find_slices


def masks(n, count, rng):
    return {f"slice {number}": rng.random(n) < rng.uniform(0.05, 0.5) for number in range(count)}


def test_a_bad_slice_is_reported_with_its_figures():
    rng = np.random.default_rng(0)
    some = masks(400, 50, rng)
    bad = some["slice 7"]
    wrong = rng.random(400) < np.where(bad, 0.5, 0.05)
    found = find_slices(wrong, some)
    first = found.iloc[0]
    assert found.index[0] == "slice 7"
    assert found.index.name == "slice"
    assert first["images"] == bad.sum()
    assert first["errors"] == (bad & wrong).sum()
    assert first["error_rate"] == pytest.approx(wrong[bad].mean())
    assert first["rest"] == pytest.approx(wrong[~bad].mean())
    assert first["difference"] == pytest.approx(wrong[bad].mean() - wrong[~bad].mean())
    assert first["low"] < first["error_rate"] < first["high"]
    assert first["p_value"] <= 0.001
    assert (found["p_value"] <= 0.05).all()


def test_one_slice_has_the_p_value_of_fishers_test():
    rng = np.random.default_rng(1)
    mask, wrong = rng.random(60) < 0.3, rng.random(60) < 0.3
    found = find_slices(wrong, {"one": mask}, level=1)
    table = [[(mask & wrong).sum(), (mask & ~wrong).sum()]]
    table += [[(~mask & wrong).sum(), (~mask & ~wrong).sum()]]
    expected = fisher_exact(table, alternative="greater").pvalue
    # By 4,000 permutations.
    assert found.loc["one", "p_value"] == pytest.approx(expected, abs=0.03)


def test_where_nothing_is_bad_nothing_is_reported_at_the_level():
    rng = np.random.default_rng(2)
    reported = 0
    for seed in range(60):
        some = masks(150, 80, rng)
        reported += len(find_slices(rng.random(150) < 0.1, some, seed=seed)) > 0
    assert reported <= 8, "3 are expected; more than 8 in one of 250 runs"


def test_a_slice_tried_many_times_over_costs_nothing():
    rng = np.random.default_rng(3)
    mask, wrong = rng.random(200) < 0.2, rng.random(200) < 0.15
    once = find_slices(wrong, {"one": mask}, level=1).loc["one", "p_value"]
    again = find_slices(wrong, {f"{n}": mask for n in range(300)}, level=1)
    assert again["p_value"].to_numpy() == pytest.approx(once)
    others = masks(200, 299, rng)
    assert find_slices(wrong, {"one": mask, **others}, level=1).loc["one", "p_value"] > once


def test_all_that_was_tried_is_listed_on_demand_in_order():
    rng = np.random.default_rng(4)
    found = find_slices(rng.random(100) < 0.2, masks(100, 20, rng), level=1)
    assert len(found) == 20
    assert found["p_value"].is_monotonic_increasing
    assert found["p_value"].max() <= 1


def test_what_other_slices_say_already_is_not_new():
    rows = np.arange(100)
    wrong = np.isin(rows, [*range(10), *range(50, 54)])
    some = {"wide": rows < 14, "all of it": rows < 10, "other": (rows >= 50) & (rows < 58)}
    found = find_slices(wrong, some, level=1)
    assert found["errors"].to_dict() == {"all of it": 10, "wide": 10, "other": 4}
    assert found["new_errors"].to_dict() == {"all of it": 10, "wide": 0, "other": 4}


def test_it_repeats_with_its_seed():
    rng = np.random.default_rng(5)
    wrong, some = rng.random(100) < 0.2, masks(100, 20, rng)
    one, same, other = (find_slices(wrong, some, level=1, seed=s)["p_value"] for s in (1, 1, 2))
    assert one.equals(same)
    assert not one.sort_index().equals(other.sort_index())


@pytest.mark.parametrize("wrong", [np.zeros(50, dtype=bool), np.ones(50, dtype=bool)])
def test_where_all_or_none_are_wrong_no_slice_is_worse(wrong):
    some = masks(50, 5, np.random.default_rng(0))
    assert find_slices(wrong, some).empty
    assert find_slices(wrong, some, level=1)["p_value"].tolist() == [1] * 5


def test_nothing_to_try_is_nothing_found():
    found = find_slices(np.array([True, False]), {})
    assert found.empty
    assert "p_value" in found


@pytest.mark.parametrize("mask", [np.zeros(4, bool), np.ones(4, bool), np.array([True, False])])
def test_masks_that_make_no_sense_are_refused(mask):
    with pytest.raises(ValueError, match=r"must be \(4,\) and hold some .*'odd' is"):
        find_slices(np.array([True, False, True, False]), {"odd": mask})
