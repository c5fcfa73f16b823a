"""Figures where an image has any number of classes, held against scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support

from tests.models.digit_scenes import CLASSES, scenes
from workbench.evaluation.cases import Cases
from workbench.evaluation.multilabel import FIGURES, evaluate_multilabel, micro_f1
from workbench.models.multiprobe import fit_multiprobe

# Of which many are equal, and some are the threshold itself.
some_scores = st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.625, 0.875, 1.0])


def evaluate(truth, probabilities, classes=None, **more):
    truth = np.asarray(truth, dtype=np.bool_)
    classes = classes or [f"class {place}" for place in range(truth.shape[1])]
    given_ = {"provisional": False, "test_labels": len(truth), "pool_labels": 100, **more}
    ids = [str(row) for row in range(len(truth))]
    cases = Cases(ids, truth, np.asarray(probabilities, np.float32), classes)
    return evaluate_multilabel(cases, **given_)


@st.composite
def judged(draw):
    """(truth, probabilities) of one to thirty images and one to four classes."""
    shape = (draw(st.integers(1, 30)), draw(st.integers(1, 4)))
    truth = draw(hnp.arrays(np.bool_, shape))
    return truth, draw(hnp.arrays(np.float32, shape, elements=some_scores))


@pytest.fixture(scope="module")
def measured():
    """(truth, probabilities) of 200 scenes of digits that a probe has not seen."""
    features, targets = scenes()
    probe = fit_multiprobe(features[:200], targets[:200])
    return targets[200:400], probe.predict_proba(features[200:400], 10)


@given(judged())
@settings(max_examples=25)
def test_figures_are_scikit_learns(pair):
    truth, probabilities = pair
    predicted = probabilities >= 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(truth, probabilities)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        per_class = precision_recall_fscore_support(truth, predicted, zero_division=np.nan)
        micro = f1_score(truth, predicted, average="micro", zero_division=np.nan)
        macro = f1_score(truth, predicted, average="macro", zero_division=np.nan)
    if truth.shape[1] == 1:  # which scikit-learn takes for the two classes 0 and 1
        per_class = [column[1:] if len(column) > 1 else column for column in per_class]
        per_class = precision_recall_fscore_support(
            truth[:, 0], predicted[:, 0], labels=[True], zero_division=np.nan
        )
        micro = macro = per_class[2][0]
    for name, column in zip([*FIGURES[:3], "support"], per_class, strict=True):
        np.testing.assert_allclose(found.per_class[name], column, atol=1e-9, err_msg=name)
    expected = [
        average_precision_score(column, scores) if column.any() else np.nan
        for column, scores in zip(truth.T, probabilities.T, strict=True)
    ]
    np.testing.assert_allclose(found.per_class["average_precision"], expected, atol=1e-9)
    defined = [value for value in expected if np.isfinite(value)]
    mean = np.mean(defined) if defined else np.nan
    np.testing.assert_allclose(found.mean_average_precision.value, mean, atol=1e-9)
    np.testing.assert_allclose(found.micro_f1.value, micro, atol=1e-9)
    np.testing.assert_allclose(found.macro_f1.value, macro, atol=1e-9)
    assert found.exact_match.value == (truth == predicted).all(axis=1).mean()
    assert found.exact_match.count == found.micro_f1.count == len(truth)


@given(judged())
@settings(max_examples=25)
def test_intervals_lie_within_0_and_1(pair):
    found = evaluate(*pair)
    table = found.per_class
    for name in FIGURES:
        rows = table[table[name].notna()]
        assert (rows[f"{name}_low"] >= 0).all()
        assert (rows[f"{name}_high"] <= 1).all()
        assert (rows[f"{name}_low"] <= rows[f"{name}_high"]).all()
    for each in (found.micro_f1, found.macro_f1, found.mean_average_precision, found.exact_match):
        assert 0 <= each.low <= each.high <= 1
    if np.isfinite(found.micro_f1.value):
        assert found.micro_f1.low <= found.micro_f1.value <= found.micro_f1.high
        assert found.micro_f1.low < found.micro_f1.high


def test_intervals_contain_the_figure_where_there_is_data(measured):
    found = evaluate(*measured)
    for name in FIGURES:
        table = found.per_class
        assert (table[f"{name}_low"] < table[name]).all()
        assert (table[name] < table[f"{name}_high"]).all()
    for each in (found.micro_f1, found.macro_f1, found.mean_average_precision, found.exact_match):
        assert each.low < each.value < each.high
        assert each.high - each.low < 0.16


def test_the_interval_of_micro_f1_is_the_bootstraps_over_images(measured):
    truth, probabilities = measured
    predicted = probabilities >= 0.5
    rng = np.random.default_rng(1)
    draws = [
        f1_score(truth[rows], predicted[rows], average="micro")
        for rows in rng.integers(len(truth), size=(400, len(truth)))
    ]
    found = micro_f1(truth, predicted)
    np.testing.assert_allclose(
        [found.low, found.high], np.quantile(draws, [0.025, 0.975]), atol=0.01
    )


def test_the_interval_of_micro_f1_covers_what_many_images_give():
    """Images whose cells are right or wrong together, which counting cells alone would miss."""
    rng = np.random.default_rng(0)

    def draw(n):
        truth = rng.random((n, 6)) < 0.3
        hard = rng.random((n, 1)) < 0.4
        return truth, truth ^ (rng.random((n, 6)) < np.where(hard, 0.4, 0.02))

    expected = f1_score(*draw(200_000), average="micro")
    found = [micro_f1(*draw(60)) for _ in range(300)]
    covered = np.mean([each.low <= expected <= each.high for each in found])
    assert 0.91 < covered < 0.98


def test_the_quick_figure_is_that_of_the_evaluation(measured):
    truth, probabilities = measured
    found = evaluate(truth, probabilities, seed=7).micro_f1
    assert found == micro_f1(truth, probabilities >= 0.5, seed=7)
    assert found != micro_f1(truth, probabilities >= 0.5, seed=8)


# Where there is little, or nothing


def test_what_is_undefined_is_nan():
    truth = [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
    found = evaluate(truth, [[0.9, 0.1, 0.2], [0.8, 0.2, 0.1], [0.7, 0.3, 0.0]]).per_class
    assert np.isnan(found.loc["class 1", "precision"]), "never predicted"
    assert found.loc["class 1", "recall"] == 0
    assert found.loc["class 2", list(FIGURES)].isna().all(), "neither there nor predicted"
    assert found.loc["class 2", "support"] == 0


def test_images_without_a_class_of_which_none_is_predicted_have_no_f1():
    found = evaluate(np.zeros((5, 3)), np.full((5, 3), 0.2))
    for each in (found.micro_f1, found.macro_f1, found.mean_average_precision):
        assert np.isnan(each.value)
        assert (each.low, each.high, each.count) == (0, 1, 5)
    assert found.exact_match.value == 1


def test_images_that_have_every_class():
    found = evaluate(np.ones((8, 3)), np.full((8, 3), 0.9))
    assert found.micro_f1.value == found.mean_average_precision.value == 1
    assert found.per_class["support"].tolist() == [8, 8, 8]


@pytest.mark.parametrize("n, least", [(1, 0.2), (5, 0.6), (100, 0.95)])
def test_nothing_wrong_yet_is_no_certainty(n, least):
    truth = np.tile([[True, False, True]], (n, 1))
    right, wrong = micro_f1(truth, truth), micro_f1(truth, ~truth)
    assert (right.value, right.high) == (1, 1)
    assert least < right.low < 1
    assert (wrong.value, wrong.low) == (0, 0)
    assert wrong.high == pytest.approx(2 * (1 - least) / (2 - least), abs=0.5)
    assert wrong.high > 0.02


def test_a_single_image_that_is_half_right_says_little():
    found = micro_f1(np.array([[True, False]]), np.array([[True, True]]))
    assert found.value == pytest.approx(2 / 3)
    assert found.low <= 2 / 3 <= found.high
    assert found.high - found.low > 0.6


# What it says


def test_a_provisional_figure_says_so_and_a_blind_one_what_it_rests_on(measured):
    blind = evaluate(*measured, test_labels=200, pool_labels=40)
    assert str(blind).startswith(f"micro F1 {100 * blind.micro_f1.value:.1f} % (")
    assert str(blind).endswith("blind test, 200 labels; trained on 40")
    early = evaluate([[1], [0]], [[0.7], [0.2]], provisional=True, test_labels=7)
    assert "provisional: out of fold on 2 pool labels" in str(early)
    assert "until 30 test images are labelled (7 so far)" in str(early)


def test_a_class_name_with_markup_is_shown_as_text():
    html = evaluate([[1, 0]], [[0.7, 0.2]], ["<b>two</b>", "three"])._repr_html_()
    assert "<b>two</b>" not in html
    assert "&lt;b&gt;two&lt;/b&gt;" in html
    assert "all classes of an image right 100.0 %" in html


def test_classes_keep_their_names_and_order(measured):
    found = evaluate(*measured, classes=CLASSES).per_class
    assert found.index.tolist() == CLASSES
    assert found.index.name == "class"
    assert found["support"].tolist() == measured[0].sum(axis=0).tolist()


def test_images_with_one_class_each_are_refused():
    cases = Cases(["a"], np.array([1]), np.array([[0.7, 0.3]]), ["x", "y"])
    with pytest.raises(ValueError, match=r"\(n, 2\), a column a class, but got \(1,\)"):
        evaluate_multilabel(cases, provisional=False, test_labels=1, pool_labels=1)
