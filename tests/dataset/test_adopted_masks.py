"""A FiftyOne dataset with masks of somebody else's, opened as it is."""

import uuid
from pathlib import Path

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image
from skimage import data

import workbench as wb

SIZE = (60, 40)


@pytest.fixture
def theirs(home: Path, tmp_path: Path) -> fo.Dataset:
    """Six photographs: masks in files, in the database, in colours, missing, and none."""
    wb.list()  # connects
    dataset = fo.Dataset(f"theirs-{uuid.uuid4().hex[:8]}", persistent=True)
    mask = np.zeros(SIZE[::-1], dtype=np.uint8)
    mask[5:20, 5:30], mask[20:30, 5:30] = 7, 200
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.new("RGB", SIZE).save(tmp_path / "colours.png")
    labels = [
        fo.Segmentation(mask_path=str(tmp_path / "mask.png")),
        fo.Segmentation(mask=mask),
        fo.Segmentation(mask_path=str(tmp_path / "colours.png")),
        fo.Segmentation(mask_path=str(tmp_path / "gone.png")),
        None,
    ]
    names = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field")
    for name, label in zip(names, labels, strict=True):
        path = tmp_path / f"{name}.png"
        Image.fromarray(getattr(data, name)()).resize(SIZE).save(path)
        dataset.add_sample(fo.Sample(filepath=str(path), ground_truth=label))
    dataset.default_mask_targets = {0: "background", 7: "sky", 9: "water"}
    dataset.save()
    return dataset


def test_masks_that_came_keep_their_numbers_and_get_their_names(theirs: fo.Dataset) -> None:
    bench = wb.open(theirs)
    try:
        assert bench.labels.task == "segmentation"
        assert list(bench.classes) == ["sky", "water", "200"]
        ids = bench.dataset.values("id")
        for sample_id in ids[:2]:
            found = bench.labels.masks.indices(sample_id)
            assert {int(n): int((found == n).sum()) for n in np.unique(found)} == {
                0: 60 * 40 - 25 * 25,
                1: 15 * 25,
                3: 10 * 25,
            }
        assert bench.labels.counts() == {"sky": 2, "200": 2}
        assert bench.dataset.values("label_status") == ["labelled", "labelled", *["unlabelled"] * 3]
        problems = [reason for _, reason in bench.imported.skipped] if bench.imported else []
        assert len(problems) == 2
        assert "one channel" in problems[0] and "cannot be read" in problems[1]
        bench.classes.rename("200", "sand")
        assert bench.labels.counts() == {"sky": 2, "sand": 2}
        bench.labels.commit(ids[1], bench.labels.masks.indices(ids[1]))
        assert bench.labels.masks.paths([ids[1]])[0].endswith(".png")
    finally:
        wb.delete(bench.name)
