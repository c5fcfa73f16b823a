"""Figures of a classifier, held against scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from workbench.evaluation.cases import Cases
from workbench.evaluation.classification import confusion_counts, evaluate_classification

CLASSES = ["zero", "one", "<b>two</b>", "three"]
FIGURES = ["precision", "recall", "f1"]


def evaluate(truth, predicted, classes=CLASSES, **more):
    given_ = {"provisional": False, "test_labels": len(truth), "pool_labels": 100, **more}
    certain = np.eye(len(classes))[np.array(predicted, dtype=np.int64)]
    ids = [str(row) for row in range(len(truth))]
    cases = Cases(ids, np.array(truth, dtype=np.int64), certain, classes)
    return evaluate_classification(cases, **given_)


rows_of_classes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@given(rows_of_classes)
@settings(max_examples=12, deadline=None)
def test_figures_are_scikit_learns(pairs):
    truth, predicted = zip(*pairs, strict=True)
    found = evaluate(truth, predicted)
    expected = precision_recall_fscore_support(
        truth, predicted, labels=range(4), zero_division=np.nan
    )
    for name, column in zip([*FIGURES, "support"], expected, strict=True):
        np.testing.assert_allclose(found.per_class[name], column, atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(
        found.confusion, confusion_matrix(truth, predicted, labels=range(4))
    )
    assert found.accuracy.value == np.mean(np.array(truth) == np.array(predicted))
    assert found.accuracy.count == len(pairs)


@given(rows_of_classes)
@settings(max_examples=12, deadline=None)
def test_intervals_lie_within_0_and_1_around_the_figure(pairs):
    found = evaluate(*zip(*pairs, strict=True)).per_class
    for name in FIGURES:
        rows = found[found[name].notna()]
        assert (rows[f"{name}_low"] >= 0).all()
        assert (rows[f"{name}_high"] <= 1).all()
        assert (rows[f"{name}_low"] <= rows[f"{name}_high"]).all()


def test_intervals_contain_the_figure_where_there_is_data():
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=200)
    predicted = np.where(rng.random(200) < 0.8, truth, rng.integers(4, size=200))
    found = evaluate(truth, predicted).per_class
    for name in FIGURES:
        assert (found[f"{name}_low"] < found[name]).all()
        assert (found[name] < found[f"{name}_high"]).all()


def test_a_class_that_never_occurs_has_no_figure_and_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate([0, 0, 1, 2], [0, 0, 1, 1]).per_class
    assert found.loc["three", FIGURES].isna().all()
    assert found.loc["three", "support"] == 0
    assert np.isnan(found.loc["<b>two</b>", "precision"]), "never predicted"
    assert found.loc["<b>two</b>", "recall"] == 0


def test_rows_are_the_truth_and_columns_the_prediction():
    found = evaluate([0, 0, 0, 1], [1, 1, 0, 1]).confusion
    assert found.loc["zero", "one"] == 2
    assert found.loc["one", "zero"] == 0
    assert (found.index.name, found.columns.name) == ("truth", "predicted")
    assert confusion_counts(np.array([0, 0]), np.array([1, 1]), 2).tolist() == [[0, 2], [0, 0]]


def test_a_single_class_and_a_single_image_are_enough():
    found = evaluate([0], [0], ["only"])
    assert found.accuracy.value == 1
    assert found.per_class.loc["only", "f1"] == 1


def test_images_with_several_classes_are_refused():
    cases = Cases(["a"], np.array([[True, False]]), np.array([[0.7, 0.6]]), ["x", "y"])
    with pytest.raises(ValueError, match=r"class indices, but got \(1, 2\)"):
        evaluate_classification(cases, provisional=False, test_labels=1, pool_labels=1)


def test_a_provisional_figure_says_so_and_a_blind_one_what_it_rests_on():
    blind = evaluate([0, 1], [0, 0], test_labels=2, pool_labels=40)
    assert str(blind).endswith("blind test, 2 labels; trained on 40")
    early = evaluate([0, 1], [0, 0], provisional=True, test_labels=7, pool_labels=2)
    assert "provisional: out of fold on 2 pool labels" in str(early)
    assert "until 30 test images are labelled (7 so far)" in str(early)


def test_a_class_name_with_markup_is_shown_as_text():
    html = evaluate([0, 2], [0, 2])._repr_html_()
    assert "<b>two</b>" not in html
    assert "&lt;b&gt;two&lt;/b&gt;" in html
