"""What a dataset is when it is opened: new, resumed, adopted, or cut short and finished."""

import pytest

from tests.dataset.kernels import Kernel
from tests.dataset.pictures import write_digits
from workbench.dataset import fields
from workbench.errors import DatasetError, ImportFolderError


def open_dataset(name, images=None, *, task=None, classes=(), test_fraction=0.2, **more):
    from workbench.dataset import opening

    return opening.open_dataset(
        name, images=images, task=task, classes=classes, test_fraction=test_fraction, **more
    )


def own_dataset(name, paths, labels=()):
    """A dataset as somebody makes it who has not heard of workbench."""
    import fiftyone as fo

    dataset = fo.Dataset(name)
    samples = [fo.Sample(str(path)) for path in paths]
    for sample, label in zip(samples, labels, strict=False):
        sample[fields.GROUND_TRUTH] = fo.Classification(label=label) if label else None
    dataset.add_samples(samples)
    return dataset


@pytest.fixture
def kernel(home):
    kernel = Kernel(home)
    yield kernel
    kernel.kill()


def test_a_new_dataset_persists_with_its_fields_and_classes(home, name, tmp_path):
    import fiftyone as fo

    write_digits(tmp_path, range(3))
    dataset, report = open_dataset(name, tmp_path, classes=["a", " <b>b</b> "])
    assert len(report.added) == len(dataset) == 3
    assert dataset.persistent
    assert dataset.default_classes == ["a", "<b>b</b>"]
    stored = fo.load_dataset(name).get_field_schema()
    assert {fields.GROUND_TRUTH, fields.PREDICTION, fields.STATUS, fields.PICK} <= stored.keys()


def test_an_import_killed_half_way_is_finished_by_opening_again(name, kernel, tmp_path):
    """kill -9 of the importing process, in the middle of a batch; nothing but the name is given."""
    from workbench.dataset import opening

    folder = tmp_path / "photos"
    paths = write_digits(folder, range(20))
    kernel.connect()
    kernel.send(f"""
import os, signal
from pathlib import Path
from workbench.dataset import ingest, opening
ingest._BATCH, real, left = 4, ingest._add, 3
def add(*batch):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    real(*batch)
ingest._add = add
opening.open_dataset({name!r}, images=Path({str(folder)!r}), task=None, classes=["a"],
                     test_fraction=1.0, labels="folders")
""")
    kernel.process.wait(60)
    dataset, report = open_dataset(name)
    assert (report.already_there, len(report.added)) == (12, 8)
    assert dataset.values("filepath") == [str(path) for path in paths]
    assert set(dataset.values(fields.SPLIT)) == {"test"}, "of the share that was first asked for"
    assert opening.pending_import(dataset) == opening.PendingImport(folder, "folders")
    opening.import_is_done(dataset)
    assert opening.pending_import(dataset) is None
    assert open_dataset(name)[1] is None


def test_a_dataset_that_was_killed_in_its_first_moments_is_imported(home, name, tmp_path):
    import fiftyone as fo

    fo.Dataset(name, persistent=True).add_sample_field(fields.HASH, fo.StringField)
    write_digits(tmp_path, range(3))
    dataset, report = open_dataset(name, tmp_path, classes=["a"])
    assert len(report.added) == len(dataset) == 3
    assert dataset.default_classes == ["a"]


def test_an_import_that_was_interrupted_by_hand_is_finished(home, name, tmp_path, monkeypatch):
    from workbench.dataset import ingest

    write_digits(tmp_path, range(6))
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "check_files", interrupt)
        with pytest.raises(KeyboardInterrupt):
            open_dataset(name, tmp_path)
    assert len(open_dataset(name)[1].added) == 6


def interrupt(*args, **more):
    raise KeyboardInterrupt


def test_adopting_keeps_labels_and_lists_their_classes(home, name, tmp_path):
    paths = write_digits(tmp_path, range(4))
    theirs = own_dataset(name, paths, ["cat", None, "ant", "cat"])
    theirs.default_classes = ["dog", "cat"]
    theirs.save()
    dataset, report = open_dataset(name, classes=["bird"])
    assert dataset is theirs
    assert dataset.persistent
    assert dataset.default_classes == ["bird", "dog", "cat", "ant"]
    assert dataset.values("ground_truth.label") == ["cat", None, "ant", "cat"]
    assert dataset.values(fields.STATUS) == ["labelled", "unlabelled", "labelled", "labelled"]
    assert len(report.added) == 4
    assert open_dataset(name)[1] is None


def test_a_fiftyone_dataset_itself_can_be_opened(home, name, tmp_path):
    theirs = own_dataset(name, write_digits(tmp_path, range(2)))
    assert open_dataset(theirs)[0] is theirs


def test_adopting_that_was_cut_short_is_finished(home, name, tmp_path, monkeypatch):
    from workbench.dataset import ingest

    own_dataset(name, write_digits(tmp_path, range(3)), ["x"])
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "check_files", interrupt)
        with pytest.raises(KeyboardInterrupt):
            open_dataset(name)
    dataset, _ = open_dataset(name)
    assert None not in dataset.values(fields.HASH)
    assert dataset.values(fields.STATUS) == ["labelled", "unlabelled", "unlabelled"]


def test_a_dataset_whose_labels_are_of_another_kind_is_refused(home, name, tmp_path):
    import fiftyone as fo

    theirs = fo.Dataset(name)
    (path,) = write_digits(tmp_path, [1])
    theirs.add_sample(fo.Sample(str(path), ground_truth=fo.Regression(value=1.5)))
    with pytest.raises(DatasetError, match=r"field 'ground_truth' .*rename_sample_field"):
        open_dataset(name)
    assert theirs.first().ground_truth.value == 1.5


def test_another_task_is_refused(home, name, tmp_path):
    from workbench.dataset import opening

    write_digits(tmp_path, range(2))
    with pytest.raises(DatasetError, match="task 'dreaming' is not available: the tasks are class"):
        open_dataset(name, tmp_path, task="dreaming")
    dataset, _ = open_dataset(name, tmp_path, task="multilabel")
    with pytest.raises(DatasetError, match=r"made for task 'multilabel', not 'classification'"):
        open_dataset(name, task="classification")
    assert open_dataset(name)[0] is dataset
    opening.update_record(dataset, task="captioning")  # as a later version will
    with pytest.raises(DatasetError, match="'captioning', which this version of workbench"):
        open_dataset(name)


def test_the_record_keeps_what_it_is_told(home, name, tmp_path):
    import fiftyone as fo

    from workbench.dataset import opening

    write_digits(tmp_path, range(2))
    dataset, _ = open_dataset(name, tmp_path, test_fraction=0.5)
    opening.update_record(dataset, backbone={"name": "x"}, other=1)
    opening.update_record(dataset, other=None)
    assert opening.record(fo.load_dataset(name))["backbone"] == {"name": "x"}
    assert "other" not in opening.record(dataset)
    assert opening.test_fraction_of(dataset, 0.2) == 0.5


@pytest.mark.parametrize("wrong", ["", "  ", "---"])
def test_what_is_no_name_is_refused(home, wrong, tmp_path):
    write_digits(tmp_path, range(2))
    with pytest.raises(DatasetError, match="is no name for a dataset"):
        open_dataset(wrong, tmp_path)


def test_a_test_fraction_that_makes_no_sense_leaves_nothing_behind(home, name, tmp_path):
    import fiftyone as fo

    write_digits(tmp_path, range(2))
    with pytest.raises(ValueError, match="test_fraction must be within 0 and 1"):
        open_dataset(name, tmp_path, test_fraction=20)
    assert not fo.dataset_exists(name)


def test_what_is_fiftyones_alone_is_not_deleted(home, name, tmp_path):
    import fiftyone as fo

    from workbench.dataset.opening import delete_dataset

    own_dataset(name, write_digits(tmp_path, range(2)))
    with pytest.raises(DatasetError, match=r"FiftyOne's alone.*fiftyone\.delete_dataset"):
        delete_dataset(name)
    assert len(fo.load_dataset(name)) == 2


def test_a_folder_that_holds_nothing_does_not_hurt_a_resumed_dataset(home, name, tmp_path):
    """The images of the first import are what it knows; a folder given again is not looked at."""
    write_digits(tmp_path, range(2))
    dataset, _ = open_dataset(name, tmp_path)
    from workbench.dataset import opening

    opening.import_is_done(dataset)
    assert open_dataset(name, tmp_path / "nowhere")[0] is dataset
    with pytest.raises(ImportFolderError, match="does not exist"):
        open_dataset(f"{name}-2", tmp_path / "nowhere")


CLEAN = [
    ([], []),
    (["a", "b"], ["a", "b"]),
    ([" a\n", "b b"], ["a", "b b"]),
    (["<b>x</b>", "x"], ["<b>x</b>", "x"]),
    (["A", "a"], ["A", "a"]),
    (("é", "日本"), ["é", "日本"]),
]


@pytest.mark.parametrize("given, expected", CLEAN)
def test_class_names_are_any_text_without_blanks_around(home, given, expected):
    from workbench.dataset.schema import clean_classes

    assert clean_classes(given) == expected


@pytest.mark.parametrize(
    "given, message",
    [
        ([""], "a class name is empty"),
        (["a", " \t"], "a class name is empty"),
        (["a", "b", "a"], "the class 'a' appears twice"),
        (["a", " a "], "the class 'a' appears twice"),
        (["taken"], "the class 'taken' appears twice"),
        ([1, 2], "must be text, but got 1"),
        ([None], "must be text, but got None"),
        ("cat", r"must be a list of names, but got the text 'cat': use \['cat'\]"),
        (["x" * 201], "longer than 200 characters: shorten it"),
    ],
)
def test_class_names_that_will_not_do_are_refused(home, given, message):
    from workbench.dataset.schema import clean_classes

    with pytest.raises(DatasetError, match=message):
        clean_classes(given, existing=["taken"])
