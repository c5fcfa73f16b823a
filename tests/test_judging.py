"""An evaluation of a real model on real files, with all that is known of them."""

import shutil

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.dataset.pictures import sort_digits
from workbench.judging import look_at

CLASSES = ["0", "1", "2", "3"]


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    """Forty of each of four digits."""
    return sort_digits(tmp_path_factory.mktemp("judged"), home, CLASSES, 40)


@pytest.fixture(scope="module")
def bench(home, folder):
    """All are labelled; a third of the labels on dark test images is wrong."""
    import workbench as wb

    bench = wb.open("judged", images=folder, classes=CLASSES, labels="folders", test_fraction=0.5)
    yield bench
    wb.delete("judged")


@pytest.fixture(scope="module")
def evaluation(bench):
    return bench.evaluate()


def test_the_figures_agree_with_each_other(bench, evaluation):
    assert not evaluation.provisional
    cases = evaluation.cases
    assert len(cases) == evaluation.accuracy.count == evaluation.test_labels
    assert evaluation.accuracy.value == pytest.approx(1 - cases.wrong.mean())
    assert np.trace(evaluation.confusion) == (~cases.wrong).sum()
    assert evaluation.headline == evaluation.accuracy
    ids = bench.dataset.match({"split": "test"}).values("id")
    assert sorted(cases.ids) == sorted(ids)
    assert 0 <= evaluation.ece.low <= evaluation.ece.value <= evaluation.ece.high < 1
    assert evaluation.precision_recall.average_precision["average_precision"].min() > 0.5
    assert "expected calibration error" in evaluation._repr_html_()


def test_nothing_is_looked_at_before_it_is_asked_for(bench, monkeypatch):
    from workbench import judging

    def refuse(*_):
        raise AssertionError("an image was opened")

    monkeypatch.setattr(judging, "look_at", refuse)
    monkeypatch.setattr(judging, "read_properties", refuse)
    bench._work._judge._seen.clear()
    evaluation = bench.evaluate()
    assert "reliability" not in vars(evaluation), "computed when it is asked for"
    bench._work.learner.figure(bench._work.learner.fit())
    with pytest.raises(AssertionError, match="an image was opened"):
        evaluation.slices()


def test_slices_cover_looks_fields_classes_and_likeness(bench, evaluation):
    cameras = ["front" if n % 4 else "rear" for n in range(len(bench.dataset))]
    bench.dataset.set_values("camera", cameras)
    evaluation = bench.evaluate()
    tried = evaluation.slices(level=1).index
    for part in ("class 3", "brightness ≤ ", "sharpness ≥ ", "camera = rear", "look-alikes of"):
        assert any(name.startswith(part) or part in name for name in tried), part
    assert not any(name.startswith("aspect") for name in tried), "all digits are square"
    rear = evaluation.in_slice("camera = rear")
    assert set(bench.dataset.select(rear).values("camera")) == {"rear"}
    wrong = dict(zip(evaluation.cases.ids, evaluation.cases.wrong, strict=True))
    assert [wrong[i] for i in rear] == sorted((wrong[i] for i in rear), reverse=True)
    with pytest.raises(KeyError, match="no slice 'camera = up'"):
        evaluation.in_slice("camera = up")


def test_a_bad_slice_is_found(bench, folder, home):
    """Labels of the test images that one camera took are wrong, most of them."""
    ids = bench._work.learner.fit().table.labelled_test
    table = bench._work.learner.table()
    taken = [table.ids[row] for row in ids[::5]]
    bench.dataset.set_values("lens", dict.fromkeys(taken, "scratched"), key_field="id")
    before = bench.evaluate()
    truth = dict(zip(table.ids, table.targets, strict=True))
    for sample_id in taken:
        bench.labels.commit(sample_id, CLASSES[(truth[sample_id] + 1) % 4])
    after = bench.evaluate()
    found = after.slices()
    assert found.index[0] == "lens = scratched"
    assert found.iloc[0]["p_value"] < 0.01
    assert set(after.in_slice("lens = scratched")) == set(taken)
    compared = after.compare(before)
    assert compared.difference.count == len(ids)
    assert compared.relabelled == len(taken)
    assert compared.left_out == 0
    for sample_id in taken:
        bench.labels.commit(sample_id, CLASSES[truth[sample_id]])


def test_files_are_looked_at_once(bench, monkeypatch):
    from workbench import judging

    bench.evaluate().slices()
    opened = []
    monkeypatch.setattr(judging, "look_at", opened.append)
    bench.evaluate().slices()
    assert opened == []


def test_the_app_holds_the_same_run(bench):
    evaluation = bench.evaluate()
    results = bench.dataset.load_evaluation_results("blind_test")
    np.testing.assert_array_equal(results.confusion_matrix(classes=CLASSES), evaluation.confusion)
    wrong = dict(zip(*bench.dataset.exists("blind_test").values(["id", "blind_test"]), strict=True))
    right = dict(zip(evaluation.cases.ids, ~evaluation.cases.wrong, strict=True))
    assert wrong == right
    bench.dataset.reload()
    before = bench.dataset.last_modified_at, bench.dataset.values("last_modified_at")
    bench.evaluate()
    bench.dataset.reload()
    after = bench.dataset.last_modified_at, bench.dataset.values("last_modified_at")
    assert after == before, "nothing has changed, nothing is written"


def test_test_images_that_are_labelled_later_are_in_the_next_run(home, folder):
    import workbench as wb

    bench = wb.open("judged later", images=folder, classes=CLASSES, test_fraction=0.5)
    truth = {s.id: s.filepath.split("/")[-2] for s in bench.dataset}
    test = bench.dataset.match({"split": "test"}).values("id")
    pool = bench.dataset.match({"split": "pool"}).values("id")
    bench.labels.import_labels({i: truth[i] for i in pool[:40] + test[:20]}, annotator="ann")
    assert bench.evaluate().provisional
    assert bench.dataset.list_evaluations() == [], "out-of-fold figures are no run"
    for count in (35, 45):
        bench.labels.import_labels({i: truth[i] for i in test[:count]}, annotator="ann")
        evaluation = bench.evaluate()
        results = bench.dataset.load_evaluation_results("blind_test")
        assert len(results.ytrue) == len(evaluation.cases) == count
        np.testing.assert_array_equal(
            results.confusion_matrix(classes=CLASSES), evaluation.confusion
        )
    wb.delete("judged later")


def test_several_classes_are_measured_but_are_no_run(home, folder):
    import workbench as wb

    bench = wb.open(
        "judged several", images=folder, task="multilabel", classes=CLASSES, test_fraction=0.5
    )
    truth = {s.id: [s.filepath.split("/")[-2]] for s in bench.dataset}
    bench.labels.import_labels(truth, annotator="ann")
    evaluation = bench.evaluate()
    assert not evaluation.provisional
    assert evaluation.compare(evaluation).counts["fixed"] == 0
    assert len(evaluation.slices(level=1)) > 10
    assert bench.dataset.list_evaluations() == []
    wb.delete("judged several")


def test_an_image_is_looked_at_upright_and_one_that_cannot_be_read_is_passed_over(folder, tmp_path):
    path = next((folder / "0").glob("*.png"))
    with Image.open(path) as image:
        wide = image.convert("RGB").resize((300, 100))
        turned = wide.getexif()
        turned[0x0112] = 6
        wide.save(tmp_path / "turned.jpg", exif=turned, quality=95)
        ImageEnhance.Brightness(wide).enhance(0.5).save(tmp_path / "dark.png")
    turned, dark = look_at(tmp_path / "turned.jpg"), look_at(tmp_path / "dark.png")
    assert turned.aspect == pytest.approx(1 / 3)
    assert turned.megapixels == dark.megapixels == 0.03
    assert dark.brightness < 0.6 * turned.brightness
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert look_at(tmp_path / "broken.png") is None
    assert look_at(tmp_path / "missing.png") is None


def test_files_that_are_gone_leave_the_other_slices(bench, folder, tmp_path):
    path = bench.dataset.match({"split": "test"}).first().filepath
    shutil.move(path, tmp_path / "away.png")
    bench._work._judge._seen.clear()
    tried = bench.evaluate().slices(level=1)
    shutil.move(tmp_path / "away.png", path)
    assert any(name.startswith("brightness") for name in tried.index)
