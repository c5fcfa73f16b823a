"""Import: every file is either in the dataset or in the report, and none is in twice."""

import os
import shutil

import pytest

from tests.dataset.pictures import write_digits
from workbench.dataset import fields
from workbench.dataset.splits import split_of
from workbench.errors import ImportFolderError


@pytest.fixture
def dataset(home, name):
    """An empty dataset with our fields."""
    import fiftyone as fo

    from workbench.dataset import schema

    dataset = fo.Dataset(name)
    schema.prepare(dataset, "classification", [])
    return dataset


def add(dataset, folder, test_fraction=0.2):
    from workbench.dataset.ingest import add_folder

    return add_folder(dataset, folder, test_fraction)


def adopt(dataset):
    from workbench.dataset.ingest import adopt

    return adopt(dataset, 0.2)


def test_every_file_is_added_or_reported(dataset, tmp_path):
    good = write_digits(tmp_path, range(5))
    shutil.copy(good[0], tmp_path / "copy.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "cut.png").write_bytes(good[1].read_bytes()[:100])
    (tmp_path / "notes.txt").write_text("taken in May")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.png")
    report = add(dataset, tmp_path)
    assert [*report.added] == [str(path) for path in good]
    assert report.duplicates == [(str(tmp_path / "copy.png"), str(good[0]))]
    reasons = {path.rsplit("/", 1)[1]: reason for path, reason in report.skipped}
    assert reasons.keys() == {"empty.png", "cut.png", "notes.txt", "dangling.png", "pipe.png"}
    assert reasons["notes.txt"] == "not an image"
    assert len(dataset) == 5
    left_out = report.to_pandas()
    assert len(left_out) == 6
    assert left_out.iloc[0].tolist() == [
        str(tmp_path / "copy.png"),
        f"exact duplicate of {good[0]}",
    ]
    assert str(report).startswith("5 images added (")
    assert "1 exact duplicates left out, 5 unusable, such as cut.png: broken image" in str(report)


def test_samples_hold_what_was_found_in_the_file(dataset, tmp_path):
    (path,) = write_digits(tmp_path, [7])
    report = add(dataset, tmp_path)
    sample = dataset[report.added[str(path)]]
    assert sample.filepath == str(path)
    assert (sample.metadata.width, sample.metadata.height) == (32, 32)
    assert sample.metadata.mime_type == "image/png"
    assert sample.metadata.size_bytes == path.stat().st_size
    assert sample[fields.SPLIT] == split_of(sample[fields.HASH]).value
    assert sample[fields.STATUS] == "unlabelled"


def test_adding_again_adds_nothing_and_new_files_alone(dataset, tmp_path):
    write_digits(tmp_path, range(4))
    add(dataset, tmp_path)
    again = add(dataset, tmp_path)
    assert (again.added, again.already_there, again.duplicates) == ({}, 4, [])
    write_digits(tmp_path, range(4, 7))
    more = add(dataset, tmp_path)
    assert (len(more.added), more.already_there) == (3, 4)
    assert len(dataset) == 7


def test_a_folder_of_nothing_but_copies_is_reported_not_refused(dataset, tmp_path):
    write_digits(tmp_path / "one", range(3))
    add(dataset, tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    report = add(dataset, tmp_path / "two")
    assert (len(report.added), len(report.duplicates)) == (0, 3)
    assert len(dataset) == 3


def test_a_linked_image_and_its_target_are_one(dataset, tmp_path):
    (real,) = write_digits(tmp_path, [3])
    (tmp_path / "a link.png").symlink_to(real)
    report = add(dataset, tmp_path)
    assert len(report.added) == len(report.duplicates) == 1


@pytest.mark.parametrize("fraction, expected", [(0, 0), (1, 12)])
def test_the_report_counts_the_test_images(dataset, tmp_path, fraction, expected):
    write_digits(tmp_path, range(12))
    report = add(dataset, tmp_path, fraction)
    assert report.test == dataset.match({fields.SPLIT: "test"}).count() == expected


def test_the_split_does_not_depend_on_name_or_order(dataset, tmp_path):
    numbers = range(40)
    write_digits(tmp_path / "one", numbers)
    add(dataset, tmp_path / "one")
    before = dict(zip(*dataset.values([fields.HASH, fields.SPLIT]), strict=True))
    dataset.clear()
    for number, path in zip(
        reversed(numbers), write_digits(tmp_path / "two", numbers), strict=True
    ):
        path.rename(path.with_name(f"renamed {number}.png"))
    add(dataset, tmp_path / "two")
    assert dict(zip(*dataset.values([fields.HASH, fields.SPLIT]), strict=True)) == before
    assert set(before.values()) == {"pool", "test"}


def test_many_images_go_in_batch_by_batch(dataset, tmp_path, monkeypatch):
    from workbench.dataset import ingest

    monkeypatch.setattr(ingest, "_BATCH", 4)
    paths = write_digits(tmp_path, range(11))
    assert [*add(dataset, tmp_path).added] == [str(path) for path in paths]
    assert len(dataset) == 11


@pytest.mark.parametrize(
    "files, message",
    [
        ({}, "holds no images: give the folder that has them"),
        ({".hidden.png": b"x"}, "holds no images"),
        (
            {"a.txt": b"words", "b.txt": b""},
            r"2 files but no usable image; the first: .*a\.txt, not an",
        ),
    ],
)
def test_a_folder_without_a_usable_image_is_refused(dataset, tmp_path, files, message):
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    with pytest.raises(ImportFolderError, match=message):
        add(dataset, tmp_path)


def test_adopting_fills_in_what_is_missing(home, dataset, tmp_path):
    import fiftyone as fo

    good = write_digits(tmp_path, range(6))
    bad = tmp_path / "bad.png"
    bad.write_text("words")
    dataset.add_samples([fo.Sample(str(path)) for path in [*good, bad]])
    first = dataset.first()
    first[fields.GROUND_TRUTH] = fo.Classification(label="zero")
    first.save()
    report = adopt(dataset)
    assert [*report.added] == [str(path) for path in good]
    assert report.skipped == [(str(bad), "not an image")]
    statuses = dataset.values(fields.STATUS)
    assert statuses == ["labelled", *["unlabelled"] * 5, None]
    splits, hashes = dataset.values([fields.SPLIT, fields.HASH])
    assert splits == [*(split_of(h).value for h in hashes[:-1]), None]
    assert report.test == splits.count("test")


def test_adding_to_an_adopted_dataset_knows_all_of_its_files(home, dataset, tmp_path):
    """Also copies of one content, and images that cannot be used: they are there already."""
    import fiftyone as fo

    one, two = write_digits(tmp_path, range(2))
    copy, *broken = (tmp_path / name for name in ("copy.png", "x.png", "y.png"))
    shutil.copy(one, copy)
    for path in broken:
        path.touch()
    dataset.add_samples([fo.Sample(str(path)) for path in (one, two, copy, *broken)])
    adopt(dataset)
    again = add(dataset, tmp_path)
    assert (again.added, again.already_there, again.duplicates) == ({}, 5, [])
