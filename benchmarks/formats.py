"""What it takes to import labels from other tools' files: `python -m benchmarks.formats`.

A COCO file with 5,000 images and 50,000 boxes, imported by ours and by FiftyOne's importer in turns,
each time into a dataset that is prepared but empty. FiftyOne's clock runs while it reads the file
and adds the images with their boxes. Ours runs while it does the same and, what FiftyOne's importer
does not do, decodes every image to its end, hashes it, checks every box and writes an event an
image.

Then every document is compared: path, size, and of each box its class, its place to the last bit
and its attributes, in order.
"""

import gc
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image

from benchmarks._home import scratch_home
from benchmarks._report import Report, parse_quick, spread

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.labels.store import LabelStore

Act: TypeAlias = Callable[[Path, Any, "LabelStore"], None]

IMAGES, BOXES, ROUNDS = 5_000, 10, 3
FASTER = 2  # goal: so many times
SIZE = (320, 240)
CLASSES = [f"class {number}" for number in range(10)]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("formats", __doc__, argv)
    images, rounds = (50, 1) if quick else (IMAGES, ROUNDS)
    with Report("formats", quick) as report, scratch_home() as home:
        from workbench.dataset.connection import connect

        folder = write_dataset(home / "coco", images)
        connect(home)
        import workbench.labelfiles  # noqa: F401 - and FiftyOne with it, before the clock starts

        timed: dict[Act, list[tuple[float, float]]] = {_ours: [], _theirs: []}
        written: dict[Act, dict[str, Any]] = {}
        for number in range(rounds):
            for act in (_ours, _theirs)[:: -1 if number % 2 else 1]:
                dataset, labels = _empty(home)
                gc.collect()
                started = time.perf_counter(), time.process_time()
                act(folder, dataset, labels)
                ended = time.perf_counter(), time.process_time()
                timed[act].append((ended[0] - started[0], ended[1] - started[1]))
                written[act] = _documents(dataset)
                dataset.delete()
        mine, others = written[_ours], written[_theirs]
        differ = sum(mine.get(path) != said for path, said in others.items())
        differ += len(mine.keys() - others.keys())
        report.say(f"\nCOCO, {images:,} images of {SIZE[0]} x {SIZE[1]}, {BOXES * images:,} boxes")
        for name, act in (("ours", _ours), ("FiftyOne's importer", _theirs)):
            wall, busy = zip(*timed[act], strict=True)
            report.say(f"  {name:>19}: {spread(wall)}, of this process {spread(busy)}")
        ours, theirs = (
            float(np.median([seconds for seconds, _ in timed[act]])) for act in (_ours, _theirs)
        )
        faster = theirs / ours
        report.figure("coco_import", f"{faster:.1f} x faster", f">= {FASTER} x", faster >= FASTER)
        report.figure("coco_documents_that_differ", str(differ), "0", not differ)


def write_dataset(folder: Path, count: int) -> Path:
    """Write images, no two the same, and a COCO file with ten boxes for each.

    Args:
        folder: where to.
        count: of images.

    Returns:
        The folder: `data` and `labels.json`, as FiftyOne's importer wants it.
    """
    from skimage.data import astronaut

    rng = np.random.default_rng(0)
    (folder / "data").mkdir(parents=True)
    photograph = Image.fromarray(astronaut())
    width, height = SIZE
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for key in range(count):
        left, top = (int(n) for n in rng.integers(0, (512 - width, 512 - height)))
        crop = photograph.crop((left, top, left + width, top + height))
        crop.paste((key % 256, key // 256, 0), (0, 0, 16, 16))
        crop.save(folder / "data" / f"{key:05d}.jpg")
        row = {"id": key, "file_name": f"{key:05d}.jpg", "width": width, "height": height}
        images.append(row)
        sides = rng.uniform(5, 80, (BOXES, 2)).tolist()
        corners = rng.uniform(0, (width - 80, height - 80), (BOXES, 2)).tolist()
        for (x, y), (w, h) in zip(corners, sides, strict=True):
            box = {"bbox": [x, y, w, h], "area": w * h, "iscrowd": 0, "image_id": key}
            category = int(rng.integers(len(CLASSES)))
            annotations.append({"id": len(annotations), "category_id": category, **box})
    categories = [{"id": n, "name": name, "supercategory": "x"} for n, name in enumerate(CLASSES)]
    data = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(data))
    return folder


def _empty(home: Path) -> tuple["fo.Dataset", "LabelStore"]:
    """A prepared dataset of boxes, with the classes of the file."""
    import fiftyone as fo

    from workbench.dataset import schema
    from workbench.dataset.connection import connect
    from workbench.labels.store import LabelStore

    dataset = fo.Dataset(f"benchmark-{uuid.uuid4().hex[:8]}")
    schema.prepare(dataset, "detection", CLASSES)
    return dataset, LabelStore(connect(home), dataset, "benchmark")


def _ours(folder: Path, dataset: "fo.Dataset", labels: "LabelStore") -> None:
    from workbench.labelfiles import add_labelled

    add_labelled(dataset, labels, folder / "data", folder / "labels.json", 0.2)


def _theirs(folder: Path, dataset: "fo.Dataset", _: "LabelStore") -> None:
    import fiftyone as fo

    dataset.add_dir(
        str(folder),
        dataset_type=fo.types.COCODetectionDataset,
        label_types="detections",
        label_field="ground_truth",
        progress=False,
    )


def _documents(dataset: "fo.Dataset") -> dict[str, Any]:
    """By path, what both importers are to have written."""
    return {each["filepath"]: _gist(each) for each in dataset._sample_collection.find()}


def _gist(document: Mapping[str, Any]) -> tuple[Any, ...]:
    boxes = document["ground_truth"]["detections"]
    size = document["metadata"]["width"], document["metadata"]["height"]
    return size, [{k: v for k, v in box.items() if k != "_id"} for box in boxes]


if __name__ == "__main__":
    main()
