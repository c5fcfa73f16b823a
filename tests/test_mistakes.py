"""The images to look at by kind: real digits with planted faults."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.dataset.pictures import sort_digits, write_sheets
from workbench.dataset.types import Split
from workbench.errors import NotEnoughLabelsError
from workbench.labels.events import Source
from workbench.mistakes import TITLES, Kind

CLASSES = ["0", "1", "2", "7"]
SWAPPED, FOREIGN = 5, 10


def photographs(folder, count):
    """Parts of photographs as files; returns their paths."""
    folder.mkdir()
    photos = [data.astronaut(), data.coffee(), data.chelsea()]
    paths = []
    for number in range(count):
        photo = photos[number % 3]
        left = 40 * number
        paths.append(folder / f"photo{number}.png")
        Image.fromarray(photo[40:140, left : left + 100]).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def digits(home, tmp_path_factory):
    """45 of each of four digits, labelled; five of the pool wrongly; parts of photos, unlabelled."""
    import workbench as wb

    tmp_path = tmp_path_factory.mktemp("mistakes")
    folder = sort_digits(tmp_path, home, CLASSES, 45)
    bench = wb.open("mistakes", images=folder, classes=CLASSES, labels="folders")
    photographs(tmp_path.parent / "mistakes-photos", FOREIGN)
    bench.add(tmp_path.parent / "mistakes-photos")
    for sample_id in labelled_pool(bench)[::25][:SWAPPED]:
        truth = bench.dataset[sample_id].ground_truth.label
        bench.labels.commit(sample_id, CLASSES[(CLASSES.index(truth) + 1) % 4])
    yield bench
    wb.delete("mistakes")


@pytest.fixture(scope="module")
def errors(digits):
    return digits.errors()


def labelled_pool(bench):
    view = bench.dataset.match({"split": "pool", "ground_truth": {"$ne": None}})
    return view.values("id")


def swapped(bench):
    found = zip(*bench.dataset.values(["id", "filepath", "ground_truth.label"]), strict=True)
    return {i for i, path, label in found if label and path.split("/")[-2] != label}


def photos(bench, split="pool"):
    found = zip(*bench.dataset.values(["id", "filepath", "split"]), strict=True)
    return {i for i, path, own in found if "photo" in path.split("/")[-1] and own == split}


def of(errors, kind):
    frame = errors.to_pandas()
    return frame[frame["kind"] == kind]


def test_labels_that_were_swapped_are_probably_wrong(digits, errors):
    found = of(errors, "label")
    wrong = swapped(digits)
    assert len(wrong & set(found.index)) >= SWAPPED - 1
    first = found.iloc[0]
    assert first["label"] != first["predicted"]
    assert f"labelled '{first['label']}'" in first["reason"]
    assert found["score"].is_monotonic_decreasing
    assert (found["split"] == "pool").all(), "a test label is not doubted by a model"


def test_what_the_model_is_sure_of_and_wrong_about_is_told_as_it_says_it(digits, errors):
    found = of(errors, "confident")
    assert swapped(digits) & set(found.index)
    assert (found["confidence"] >= 0.8).all()
    assert (found["label"] != found["predicted"]).all()
    for _, row in found.iterrows():
        sure = f"{100 * row['confidence']:.0f} %"
        assert row["reason"] == f"says '{row['predicted']}' ({sure}), labelled '{row['label']}'"


def test_what_is_unlike_all_digits_is_out_of_distribution(digits, errors):
    found = of(errors, "outlier")
    assert len(photos(digits)) >= FOREIGN / 2
    assert photos(digits) <= set(found.index)
    assert found.loc[list(photos(digits)), "label"].isna().all()
    others = set(found.index) - photos(digits)
    assert len(others) <= 0.05 * len(digits.dataset)


def test_test_images_without_a_label_are_not_pointed_at(digits, errors):
    split = dict(zip(*digits.dataset.values(["id", "split"]), strict=True))
    frame = errors.to_pandas()
    for sample_id, row in frame.iterrows():
        assert row["split"] == split[sample_id]
        assert row["split"] == "pool" or row["label"] is not None
    assert photos(digits, "test")
    assert not photos(digits, "test") & set(frame.index)


def test_a_kind_can_be_asked_for_alone_and_in_part(digits, errors):
    assert set(errors.kinds) == set(Kind)
    one = digits.errors(kind="label", count=2)
    assert set(one.to_pandas()["kind"]) == {"label"}
    assert len(one.to_pandas()) == 2
    assert f"Probably a wrong label: {len(of(errors, 'label'))}." in str(one)
    with pytest.raises(ValueError, match="'wrong': there are confident, label, confused, outlier"):
        digits.errors(kind="wrong")
    with pytest.raises(ValueError, match="count must be at least 1, but got 0"):
        digits.errors(count=0)


def test_in_words_there_is_a_line_a_kind(errors):
    lines = str(errors).splitlines()
    assert lines[0] == f"{len(errors)} images to look at"
    assert [line.split(":")[0] for line in lines[1:]] == list(TITLES.values())
    assert len(errors) == errors.to_pandas().index.nunique()


def test_each_kind_is_a_saved_view_in_its_order(digits, errors):
    digits.errors()
    for kind, title in TITLES.items():
        view = digits.dataset.load_saved_view(title)
        ids = list(dict.fromkeys(of(errors, kind.value).index))
        assert view.values("id") == ids
    assert digits.errors(kind="label").kinds.keys() == {Kind.LABEL}
    assert digits.dataset.has_saved_view(TITLES[Kind.OUTLIER]), "the others stay"


def test_a_pair_that_is_confused_is_told_with_how_often_and_what_chance_has(home, tmp_path):
    import workbench as wb

    folder = sort_digits(tmp_path, home, ["0", "1", "3", "8"], 50)
    bench = wb.open("confused", images=folder, classes=["0", "1", "3", "8"], labels="folders")
    try:
        threes = bench.dataset.match({"ground_truth.label": "3"}).values("id")
        for sample_id in threes[::2]:
            bench.labels.commit(sample_id, "8")
        errors = bench.errors(kind="confused")
        found = of(errors, "confused")
        assert len(found) > 4
        assert (found["reason"].str.contains(r"; '3' and '8': \d+ times, [\d.]+ by chance")).all()
        assert set(found["label"]) | set(found["predicted"]) == {"3", "8"}
        assert "of the test split" in str(errors)
        assert set(found["split"]) == {"pool", "test"}
    finally:
        wb.delete("confused")


def test_what_was_looked_at_again_is_no_longer_probably_wrong(digits):
    first, *rest = of(digits.errors(kind="label"), "label").index
    digits.labels.commit(first, digits.queue.item(first).label, source=Source.REVIEWED)
    assert of(digits.errors(kind="label"), "label").index.tolist()[: len(rest)] == rest
    digits.labels.undo()


def test_several_classes_an_image(home, tmp_path):
    import workbench as wb

    folder = write_sheets(tmp_path, home, ["0", "1"], 120)
    bench = wb.open("sheets", images=folder, task="multilabel", classes=["0", "1"])
    try:
        for sample in bench.dataset:
            there = sample.filepath.split(" ")[-1].removesuffix(".png").split("+")
            bench.labels.commit(sample.id, [name for name in there if name in ("0", "1")])
        wrong = bench.dataset.match({"split": "pool"}).values("id")[::30]
        for sample_id in wrong:
            label = bench.queue.item(sample_id).label
            bench.labels.commit(sample_id, [name for name in ("0", "1") if name not in label])
        errors = bench.errors()
        found = of(errors, "confident")
        assert set(wrong) & set(found.index)
        assert found["reason"].str.startswith("says that ").all()
        assert all(isinstance(label, list) for label in found["label"])
        doubted = of(errors, "label")
        assert len(set(wrong) & set(doubted.index)) >= 2
        assert (doubted["label"] != doubted["predicted"]).all()
        assert "Of two classes there is only one pair" in str(errors)
    finally:
        wb.delete("sheets")


def test_too_few_labels_are_said(home, tmp_path):
    import workbench as wb

    bench = wb.open("none", images=sort_digits(tmp_path, home, ["0"], 6), classes=["0", "1"])
    with pytest.raises(NotEnoughLabelsError, match="at least 2 classes"):
        bench.errors()
    wb.delete("none")


def test_few_labels_show_what_there_is_to_show(home, tmp_path):
    import workbench as wb

    folder = sort_digits(tmp_path, home, ["0", "1"], 8)
    bench = wb.open("few", images=folder, classes=["0", "1"], labels="folders")
    try:
        errors = bench.errors()
        assert "It takes 99 labelled images of the pool to tell, and there are" in str(errors)
        assert all(mistake.split is Split.POOL for mistake in errors.kinds[Kind.LABEL].mistakes)
        assert np.isfinite(errors.to_pandas()["score"].astype(float)).all()
    finally:
        wb.delete("few")
