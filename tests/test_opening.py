"""`workbench.open`, `list` and `delete`, on real files and the real database."""

import os
import uuid
from pathlib import Path

import numpy as np
import pytest

from tests.dataset.kernels import Kernel
from tests.dataset.pictures import write_digits
from workbench.dataset import fields
from workbench.errors import DatabaseError, DatasetError, FormatError, ImportFolderError

CLASSES = ["zero", "<b>one</b>"]


@pytest.fixture
def opened(home):
    """Opens datasets of names of their own, which are deleted after the test."""
    import fiftyone as fo

    import workbench as wb

    prefix = f"open-{uuid.uuid4().hex[:8]}"

    def open_(images=None, suffix="", **more):
        return wb.open(f"{prefix}{suffix}", images=images, **more)

    open_.name = prefix
    yield open_
    for name in fo.list_datasets():
        if name.startswith(prefix):
            fo.delete_dataset(name)


@pytest.fixture
def folder(tmp_path):
    """Eight images in a folder."""
    write_digits(tmp_path / "photos", range(8))
    return tmp_path / "photos"


def names(home):
    import workbench as wb

    return set(wb.list(home).index)


BAD_FOLDERS = {
    "missing": "does not exist: check the path",
    "empty": "holds no images",
    "file": "is a file: give its folder",
    "text": "2 files but no usable image",
    "hidden": "holds no images",
}


@pytest.mark.parametrize("kind", BAD_FOLDERS)
def test_a_folder_without_images_is_named_and_leaves_no_dataset(home, opened, tmp_path, kind):
    import fiftyone as fo

    folder = tmp_path / "photos"
    if kind == "file":
        folder.write_bytes(b"")
    elif kind != "missing":
        folder.mkdir()
    if kind == "text":
        (folder / "a.txt").write_text("words")
        (folder / "b.png").touch()
    if kind == "hidden":
        write_digits(folder / ".thumbnails", range(2))
    with pytest.raises(ImportFolderError, match=BAD_FOLDERS[kind]):
        opened(folder)
    assert not fo.dataset_exists(opened.name)


@pytest.mark.parametrize(
    "more, error, message",
    [
        ({"classes": ["a", ""]}, DatasetError, "a class name is empty"),
        ({"classes": ["a", "a"]}, DatasetError, "'a' appears twice"),
        ({"classes": [7]}, DatasetError, "must be text, but got 7"),
        ({"classes": "abc"}, DatasetError, "must be a list of names"),
        ({"task": "keypoints"}, DatasetError, "objects with points need a skeleton"),
        ({"labels": "filenames"}, FormatError, "labels are a format"),
        ({"test_fraction": 2}, ValueError, "test_fraction must be within 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_no_dataset(opened, folder, more, error, message):
    import fiftyone as fo

    with pytest.raises(error, match=message):
        opened(folder, **more)
    assert not fo.dataset_exists(opened.name)


def test_a_name_that_does_not_exist_needs_images(home, opened, folder):
    opened(folder)
    with pytest.raises(
        DatasetError, match=f"no dataset '{opened.name}-x'.*images=folder.*{opened.name}"
    ):
        opened(suffix="-x")


def test_bad_files_are_listed_and_the_good_ones_are_on_the_bench(opened, folder):
    (folder / "zero.png").touch()
    (folder / "words.jpg").write_text("words")
    bench = opened(folder)
    assert len(bench.dataset) == 8
    assert sorted(Path(p).name for p, _ in bench.imported.skipped) == ["words.jpg", "zero.png"]
    assert "2 unusable" in str(bench.imported)


def test_class_names_with_markup_stay_text(opened, folder):
    bench = opened(folder, classes=CLASSES)
    sample = bench.dataset.first()
    bench.labels.commit(sample.id, "<b>one</b>")
    assert [*opened().classes] == CLASSES
    assert opened().dataset[sample.id].ground_truth.label == "<b>one</b>"
    assert bench.labels.history()["after"].tolist() == ["<b>one</b>"]


def test_reopening_resumes_with_labels_and_imports_nothing(opened, folder):
    bench = opened(folder, classes=CLASSES)
    first, second, *_ = bench.dataset.values("id")
    bench.labels.commit(first, "zero")
    bench.labels.skip(second)
    again = opened(folder, classes=CLASSES)
    assert again.imported is None
    assert again.dataset.values("ground_truth.label")[:2] == ["zero", None]
    assert again.dataset.values(fields.STATUS)[:2] == ["labelled", "skipped"]
    assert len(again.labels.history()) == 2
    assert again.status()["pool labels"] + again.status()["test labels"] == 1


def test_classes_passed_again_keep_their_order_and_bring_the_new_ones(opened, folder):
    bench = opened(folder, classes=["a", "b"])
    bench.classes.add("by hand")
    assert [*opened(classes=["b", "a"]).classes] == ["a", "b", "by hand"]
    assert [*opened(classes=["a", "b", " c "]).classes] == ["a", "b", "by hand", "c"]
    assert [*opened().classes] == ["a", "b", "by hand", "c"]


def test_adding_a_class_is_undoable_until_it_is_used(opened, folder):
    bench = opened(folder, classes=["a"])
    bench.classes.add("b", "c")
    bench.labels.undo()
    assert [*opened().classes] == ["a", "b"]


@pytest.fixture
def sorted_folder(tmp_path):
    """Images sorted into folders, as people do it."""
    write_digits(tmp_path / "sorted" / "cat", range(3))
    write_digits(tmp_path / "sorted" / "pets" / "dog ", range(3, 5))
    write_digits(tmp_path / "sorted" / "<b>x", [5])
    write_digits(tmp_path / "sorted", [6])
    write_digits(tmp_path / "sorted" / " ", [7])
    return tmp_path / "sorted"


EXPECTED = {0: "cat", 1: "cat", 2: "cat", 3: "dog", 4: "dog", 5: "<b>x", 6: None, 7: None}


def labels_of(bench):
    paths, labels = bench.dataset.values(["filepath", "ground_truth.label"])
    return {int(Path(path).stem): label for path, label in zip(paths, labels, strict=True)}


def test_labels_can_be_taken_from_folders(opened, sorted_folder):
    bench = opened(sorted_folder, labels="folders", classes=["dog", "owl"])
    assert labels_of(bench) == EXPECTED
    assert [*bench.classes] == ["dog", "owl", "<b>x", "cat"]
    history = bench.labels.history()
    imported = history[history["field"] == fields.GROUND_TRUTH]
    assert set(imported["source"]) == {"import"}
    assert len(imported) == 6
    assert opened(labels="folders").labels.history().equals(history), "once"


def test_folders_are_no_labels_unless_asked_for(opened, sorted_folder):
    bench = opened(sorted_folder)
    assert set(labels_of(bench).values()) == {None}
    assert [*bench.classes] == []


def test_labels_of_folders_come_in_also_when_the_import_was_cut_short(
    opened, sorted_folder, monkeypatch
):
    from workbench.labels.store import LabelStore

    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "import_labels", interrupt)
        with pytest.raises(KeyboardInterrupt):
            opened(sorted_folder, labels="folders")
    assert labels_of(opened()) == EXPECTED


def interrupt(*args, **more):
    raise KeyboardInterrupt


def test_images_can_be_added_with_the_labels_of_their_folders(opened, folder, tmp_path):
    bench = opened(folder, classes=["cat"], test_fraction=1.0)
    write_digits(tmp_path / "more" / "cat", [20, 21])
    report = bench.add(tmp_path / "more", labels="folders")
    assert (len(report.added), report.test) == (2, 2)
    assert labels_of(bench) == {**dict.fromkeys(range(8)), 20: "cat", 21: "cat"}
    assert len(bench.add(tmp_path / "more").added) == 0
    write_digits(tmp_path / "more" / "dog", [22])
    assert opened().add(tmp_path / "more").test == 1, "the share of test images is the dataset's"


def test_a_fiftyone_dataset_is_adopted_with_its_labels(home, opened, folder):
    import fiftyone as fo

    import workbench as wb

    theirs = fo.Dataset(opened.name)
    theirs.add_samples(
        [
            fo.Sample(str(path), ground_truth=fo.Classification(label=label) if label else None)
            for path, label in zip(sorted(folder.iterdir()), ["x", "y", None, "x"], strict=False)
        ]
    )
    bench = wb.open(theirs)
    assert bench.dataset is theirs
    assert [*bench.classes] == ["x", "y"]
    assert bench.status()["pool labels"] + bench.status()["test labels"] == 3
    bench.labels.commit(theirs.values("id")[2], "y")
    assert opened().dataset.values("ground_truth.label") == ["x", "y", "y", "x"]


def test_list_shows_ours_with_their_counts(home, opened, folder):
    import fiftyone as fo

    import workbench as wb

    fo.Dataset(f"{opened.name}-theirs")
    bench = opened(folder, classes=CLASSES)
    bench.labels.commit(bench.dataset.first().id, "zero")
    found = wb.list()
    assert f"{opened.name}-theirs" not in found.index
    row = found.loc[opened.name]
    assert (row["task"], row["images"], row["labelled"], row["classes"]) == (
        "classification",
        8,
        1,
        2,
    )
    assert row["created"] is not None
    assert [*found.columns] == ["task", "images", "labelled", "classes", "created"]


def test_delete_takes_labels_history_and_vectors_and_leaves_the_files(home, opened, folder):
    import workbench as wb
    from workbench.dataset.vectors import vector_store

    bench, shared = opened(folder, classes=CLASSES), opened(folder, "-2", classes=CLASSES)
    for each in (bench, shared):
        each.labels.commit(each.dataset.first().id, "zero")
    more = write_digits(folder.parent / "more", [30, 31])
    bench.add(folder.parent / "more")
    hashes = bench.dataset.values(fields.HASH)
    key = f"lite0-{opened.name}"
    store = vector_store(home, key, 3)
    with store.writing():
        store.append(hashes, np.arange(30).reshape(10, 3))
    events, dataset_id = bench.labels.events, bench.labels.dataset_id
    checkpoint = home / "runs" / dataset_id / "run" / "weights"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()

    wb.delete(opened.name)
    assert opened.name not in names(home)
    assert len(events) == 0
    assert not checkpoint.exists()
    left = vector_store(home, key, 3)
    assert left.missing(hashes) == [8, 9], "what the other dataset uses as well stays"
    assert left.get(hashes[7:8]).tolist() == [[21, 22, 23]]
    assert len(shared.labels.history()) == 1
    assert all(path.exists() for path in [*folder.iterdir(), *more])
    assert sum(1 for _ in folder.iterdir()) == 8

    anew = opened(folder, classes=["other"])
    assert [*anew.classes] == ["other"]
    assert anew.labels.history().empty
    assert set(labels_of(anew).values()) == {None}


def test_deleting_what_does_not_exist_says_what_there_is(home, opened, folder):
    import workbench as wb

    opened(folder)
    with pytest.raises(DatasetError, match=f"no dataset 'nothing': there is .*{opened.name}"):
        wb.delete("nothing")


def test_a_second_data_home_needs_a_second_process(home, opened, tmp_path):
    with pytest.raises(DatabaseError, match="restart the kernel to change it"):
        opened(tmp_path, home=tmp_path / "other")


def test_embedding_killed_half_way_goes_on_where_it_was(home, opened, tmp_path, monkeypatch):
    """kill -9 of the kernel with half of the vectors on disk; then images are added."""
    from workbench.models import embedding

    folder = tmp_path / "photos"
    write_digits(folder, range(60), mirrored=True)
    bench = opened(folder, classes=CLASSES)
    kernel = Kernel(home)
    try:
        kernel.ask("import workbench as wb")
        kernel.ask("import os, signal, torch; torch.set_num_threads(1)")
        kernel.ask("from workbench.dataset.vectors import VectorStore")
        kernel.send(f"""
real, written = VectorStore.append, []
def append(store, hashes, vectors):
    real(store, hashes, vectors)
    written.extend(hashes)
    if len(written) >= 30:
        os.kill(os.getpid(), signal.SIGKILL)
VectorStore.append = append
bench = wb.open({opened.name!r})
bench._work.learner.embedder.vectors(bench._work.learner.table())
""")
        kernel.process.wait(300)
    finally:
        kernel.kill()

    embedded = []
    real = embedding.embed_files

    def embed_files(backbone, paths, **more):
        embedded.extend(paths)
        return real(backbone, paths, **more)

    monkeypatch.setattr(embedding, "embed_files", embed_files)
    bench = opened()
    learner, table = bench._work.learner, bench._work.learner.table()
    vectors = learner.embedder.vectors(table)
    assert 0 < len(embedded) <= 0.55 * 60
    assert np.isfinite(vectors).all()
    # Those that the killed kernel wrote are what this one makes of the same images.
    fresh = learner.embedder.backbone.embed(table.paths[:4])
    apart = np.linalg.norm(fresh - fresh.mean(axis=0))
    assert np.linalg.norm(vectors[:4] - fresh) < 0.05 * apart  # float16, by two routes

    embedded.clear()
    added = write_digits(tmp_path / "more", range(60, 63), mirrored=True)
    bench.add(tmp_path / "more")
    learner.embedder.vectors(learner.table())
    assert sorted(embedded) == [os.fspath(path) for path in added]

    embedded.clear()
    learner.embedder.vectors(learner.table())
    assert embedded == []
