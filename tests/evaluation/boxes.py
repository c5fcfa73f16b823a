"""Made-up images with boxes, and pycocotools to compare with."""

import contextlib
import io
from dataclasses import replace

import numpy as np

from workbench.dataset.boxes import BoxTable
from workbench.dataset.outlines import fill, scaled
from workbench.evaluation.boxcases import BoxCases


def table(rows, start="b"):
    """(image, class, score, left, top, right, bottom) a row."""
    rows = sorted(rows, key=lambda row: row[0])
    values = np.array(rows, dtype=np.float64).reshape(len(rows), 7)
    return BoxTable(
        images=values[:, 0].astype(np.int64),
        corners=values[:, 3:].copy(),
        classes=values[:, 1].astype(np.int64),
        scores=values[:, 2].copy(),
        ids=tuple(f"{start}{place}" for place in range(len(rows))),
    )


def cases(truth, said, images=None, classes=("cat", "dog")):
    """True boxes (image, class, corners) and predicted ones (image, class, score, corners)."""
    true = table([(row[0], row[1], 1.0, *row[2:]) for row in truth], "t")
    predicted = table(said, "p")
    if images is None:
        images = int(max([*true.images, *predicted.images], default=0)) + 1
    return BoxCases([f"s{place}" for place in range(images)], true, predicted, list(classes))


def scenes(seed, images=20, classes=3, most=8, ties=True, noise=6.0, spare=0.2, skill=0.0):
    """Random boxes, found somewhat beside their places, some not at all, some of another class.

    With skill, boxes of the right class are surer than others.
    """
    rng = np.random.default_rng(seed)
    truth, said = [], []
    for image in range(images):
        for _ in range(rng.integers(most + 1)):
            corner = rng.uniform(0, 80, 2)
            box = np.concatenate([corner, corner + rng.uniform(5, 40, 2)])
            index = int(rng.integers(classes))
            truth.append((image, index, *box))
            for _ in range(rng.choice(4, p=[0.2, 0.5, 0.2, 0.1])):
                moved = box + rng.normal(0, noise, 4)
                moved[2:] = np.maximum(moved[2:], moved[:2] + 1)
                other = int(rng.integers(classes)) if rng.random() < 0.2 else index
                sure = rng.random() ** (1 - skill * (other == index))
                said.append((image, other, sure, *moved))
        for _ in range(rng.poisson(most * spare)):
            corner = rng.uniform(0, 80, 2)
            box = np.concatenate([corner, corner + rng.uniform(5, 40, 2)])
            sure = rng.random() * (1 - skill)
            said.append((image, int(rng.integers(classes)), sure, *box))
    if ties:
        said = [(i, c, np.round(score, 1), *box) for i, c, score, *box in said]
    return cases(truth, said, images, [f"class {k}" for k in range(classes)])


def with_outlines(found, seed):
    """The same cases with an outline in each box: a ring, some with a hole."""
    rng = np.random.default_rng(seed)

    def outlined(table):
        outlines = []
        for left, top, right, bottom in table.corners:
            turn = np.sort(rng.uniform(0, 2 * np.pi, 9))
            far = rng.uniform(0.7, 1, (9, 1))
            ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * far
            rings = [ring, 0.4 * ring[::-1]][: 1 + int(rng.random() < 0.3)]
            middle, half = (
                ((left + right) / 2, (top + bottom) / 2),
                ((right - left), (bottom - top)),
            )
            outlines.append(
                tuple(tuple(map(tuple, middle + each * half / np.array(2.0))) for each in rings)
            )
        return replace(table, outlines=tuple(outlines))

    return BoxCases(found.ids, outlined(found.truth), outlined(found.said), found.classes)


SIDE = 160  # pixels, of the images of `scenes`
ROOM = (-40, -40, 200, 200)  # with what lies beyond


def pycocotools_says(found, kind="bbox"):
    """(10, K) average precision at each overlap; NaN for classes without a box."""
    from pycocotools import mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def encoded(outline):
        # Room on all sides: pycocotools has pixels of the image alone.
        shifted = scaled(outline, (1 / SIDE, 1 / SIDE))
        return mask.encode(np.asfortranarray(fill(shifted, (SIDE, SIDE), ROOM).astype(np.uint8)))

    def plain(table, scored):
        out = []
        for row in range(len(table)):
            left, top, right, bottom = table.corners[row].tolist()
            box = [left, top, right - left, bottom - top]
            out.append(
                {
                    "id": row + 1,
                    "image_id": int(table.images[row]) + 1,
                    "category_id": int(table.classes[row]) + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                    **({"segmentation": encoded(table.outlines[row])} if kind == "segm" else {}),
                    **({"score": float(table.scores[row])} if scored else {}),
                }
            )
        return out

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": row + 1, "height": 240, "width": 240} for row in range(len(found))],
            "categories": [{"id": k + 1} for k in range(len(found.classes))],
            "annotations": plain(found.truth, False),
        }
        truth.createIndex()
        said = COCO()
        said.dataset = {**truth.dataset, "annotations": plain(found.said, True)}
        said.createIndex()
        run = COCOeval(truth, said, kind)
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, :, 0, -1]  # overlaps, recalls, classes
    out = precision.mean(axis=1)
    out[(precision == -1).all(axis=1)] = np.nan
    return out
