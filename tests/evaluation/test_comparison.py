"""Two evaluations, image by image."""

import numpy as np
import pytest
from scipy.stats import binom

from workbench.evaluation.cases import Cases
from workbench.evaluation.comparison import compare, mcnemar, paired_difference

CLASSES = ["cat", "dog", "<b>bird</b>"]


def cases(ids, truth, predicted, classes=CLASSES):
    certain = np.eye(len(classes))[predicted]
    return Cases(list(ids), np.array(truth), certain, classes)


def test_every_image_has_its_outcome():
    before = cases("abcd", [0, 0, 1, 2], [0, 1, 0, 2])
    after = cases("abcd", [0, 0, 1, 2], [0, 0, 2, 1])
    found = compare(before, after)
    assert found.images["outcome"].to_dict() == {
        "a": "both right",
        "b": "fixed",
        "c": "both wrong",
        "d": "broken",
    }
    assert found.images.loc["b"].tolist() == ["cat", "dog", "cat", "fixed"]
    assert (found.fixed, found.broken, found.where("both wrong")) == (["b"], ["d"], ["c"])
    assert found.counts == {"fixed": 1, "broken": 1, "both wrong": 1, "both right": 1}
    assert (found.difference.value, found.p_value, found.left_out) == (0, 1, 0)
    assert found.to_pandas() is found.images
    with pytest.raises(ValueError, match="unknown outcome 'mended': choose one of fixed, broken"):
        found.where("mended")


def test_images_are_matched_by_id_whatever_their_order_and_the_others_are_counted():
    before = cases("xabc", [0, 0, 1, 2], [1, 0, 0, 2])
    after = cases("cbay", [2, 1, 0, 0], [2, 1, 1, 0])
    found = compare(before, after)
    assert found.images["outcome"].to_dict() == {"c": "both right", "b": "fixed", "a": "broken"}
    assert found.left_out == 2
    assert "2 judged by one of the two only are left out" in str(found)


def test_classes_are_matched_by_name():
    before = cases("ab", [0, 1], [0, 1], ["cat", "dog"])
    after = cases("ab", [2, 1], [2, 0], ["bird", "dog", "cat"])
    assert compare(before, after).images["outcome"].tolist() == ["both right", "broken"]


def test_a_new_label_judges_both():
    before = cases("ab", [0, 1], [0, 1])
    after = cases("ab", [1, 1], [1, 1])
    found = compare(before, after)
    assert found.fixed == ["a"]
    assert found.relabelled == 1
    assert "1 labelled otherwise since, judged by the new label" in str(found)


def test_several_classes_are_right_if_all_of_them_are():
    truth = np.array([[True, True, False], [False, False, False]])
    before = Cases(["a", "b"], truth, np.array([[0.9, 0.2, 0.1], [0.1, 0.1, 0.1]]), CLASSES)
    after = Cases(["a", "b"], truth, np.array([[0.9, 0.8, 0.1], [0.1, 0.1, 0.6]]), CLASSES)
    found = compare(before, after)
    assert (found.fixed, found.broken) == (["a"], ["b"])
    assert found.images.loc["a"].tolist() == ["cat + dog", "cat", "cat + dog", "fixed"]
    assert found.images.loc["b", "truth"] == "none of the classes"


def test_what_cannot_be_compared_is_refused():
    one = cases("ab", [0, 1], [0, 1])
    with pytest.raises(ValueError, match="no image in common: one is provisional"):
        compare(one, cases("cd", [0, 1], [0, 1]))
    several = Cases(["a"], np.array([[True] * 3]), np.ones((1, 3)), CLASSES)
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(one, several)


@pytest.mark.parametrize("fixed, broken", [(0, 0), (3, 0), (9, 2), (30, 31)])
def test_mcnemars_test_is_exact(fixed, broken):
    changed = fixed + broken
    expected = min(1, 2 * binom.cdf(min(fixed, broken), changed, 0.5))
    assert mcnemar(fixed, broken) == pytest.approx(expected)
    assert mcnemar(broken, fixed) == mcnemar(fixed, broken)


@pytest.mark.parametrize("gain, lose", [(0.05, 0.05), (0.15, 0.05), (0.02, 0.0)])
@pytest.mark.parametrize("count", [30, 300])
def test_the_interval_covers_the_difference(gain, lose, count):
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(count, [gain, lose, 1 - gain - lose], size=500)
    found = [paired_difference(int(f), int(b), count) for f, b, _ in drawn]
    assert np.mean([each.low <= gain - lose <= each.high for each in found]) >= 0.93


def test_nothing_changed_is_no_certainty():
    found = paired_difference(0, 0, 50)
    assert found.low < found.value == 0 < found.high
    assert found.high < 0.1


def test_it_reads_in_one_line_and_shows_names_as_text():
    found = compare(cases("abc", [0, 0, 2], [1, 1, 2]), cases("abc", [0, 0, 2], [0, 0, 1]))
    assert str(found).startswith("+33.3 points (")
    assert "on 3 images: 2 fixed, 1 broken, 0 both wrong, 0 both right (McNemar p = 1)" in str(
        found
    )
    html = found._repr_html_()
    assert "<b>bird</b>" not in html
    assert "&lt;b&gt;bird&lt;/b&gt;" in html
