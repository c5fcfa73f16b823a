"""What is selected in the App, in the next cell: `bench.selected`."""

import shutil
import uuid

import pytest


@pytest.fixture
def bench(home, server, files, tmp_path):
    """Four images on a bench."""
    import workbench as wb

    for path in files.samples[:4]:
        shutil.copy(path, tmp_path)
    name = f"selected-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=tmp_path, classes=["a", "b"])
    wb.delete(name)


@pytest.fixture
def select(call):
    """Tick samples, as the App's page does."""

    def select(*ids):
        samples = [{"id": each, "type": "default"} for each in ids]
        event = {"event": "select_samples", "data": {"samples": samples}, "subscription": "a-page"}
        assert call("/event", method="POST", data=event).status == 200

    return select


def test_nothing_is_selected_where_no_app_is_open(bench, monkeypatch):
    import workbench.app.session as session

    monkeypatch.setattr(session, "_current", None)
    assert bench.selected == []


def test_the_selection_is_there_as_soon_as_the_page_has_told_it(bench, select):
    bench.inspect()
    assert bench.selected == []
    ids = bench.dataset.values("id")
    select(ids[2], ids[0])
    assert bench.selected == [ids[2], ids[0]]
    assert bench.dataset.select(bench.selected, ordered=True).values("id") == [ids[2], ids[0]]
    select(ids[2])
    assert bench.selected == [ids[2]]
    select()
    assert bench.selected == []


def test_a_selection_in_another_dataset_is_not_this_ones(bench, app, dataset, select):
    select(dataset.first().id)
    assert app.selected == [dataset.first().id]
    assert bench.selected == []
    bench.inspect()
    assert bench.selected == [], "the App forgets the selection with the dataset"


def test_of_patches_the_images_are_selected(bench, select):
    import fiftyone as fo

    sample = bench.dataset.first()
    sample["objects"] = fo.Detections(
        detections=[fo.Detection(label=each, bounding_box=[0, 0, 1, 1]) for each in "ab"]
    )
    sample.save()
    bench.inspect()
    patches = bench.dataset.to_patches("objects")
    from workbench.app import open_app

    open_app(bench.dataset, view=patches)
    select(*patches.values("id"))
    assert bench.selected == [sample.id]
