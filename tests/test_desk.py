"""What the labelling widget's desk hands to the page."""

import io
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.dataset.pictures import write_digits
from workbench.errors import WorkbenchError


@pytest.fixture
def bench(home, tmp_path):
    import workbench as wb

    folder = tmp_path / "photos"
    write_digits(folder, range(3))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Image.fromarray(data.astronaut()).resize((1500, 1000))
    photo.save(folder / "photo.jpg", exif=exif, quality=95)
    name = f"desk-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=folder, classes=["a"])
    wb.delete(name)


def shown(answer):
    return Image.open(io.BytesIO(answer[0]))


def test_a_page_gets_images_and_regions_of_them(home, bench):
    widget = bench.label()
    desk = widget._desk
    paths = dict(zip(bench.dataset.values("id"), bench.dataset.values("filepath"), strict=True))
    (photo,) = (i for i, path in paths.items() if path.endswith("photo.jpg"))
    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(paths, pool.map(lambda i: desk.image(i, 500), paths), strict=True))
    told = {"width": 1000, "height": 1500, "stretched": False, "alpha": False}
    assert answers[photo][1] == told
    assert shown(answers[photo]).size == (341, 512)  # a size that other windows ask for too
    assert desk.image(photo, 450) == answers[photo]
    part = desk.region(photo, (100, 200, 400, 400), 200)
    assert part[1] == told
    assert shown(part).size == (200, 133)
    whole = shown(desk.image(photo, 1500)).crop((100, 200, 400, 400)).resize((200, 133))
    assert np.abs(np.subtract(shown(part), whole, dtype=float)).mean() < 4
    with pytest.raises(WorkbenchError, match="no image has the id"):
        desk.region("0" * 24, (0, 0, 1, 1), 100)
    bench._work.desks._display._cache.flush()
    assert list((home / "display").glob("*.sqlite"))


def test_a_page_is_told_classes_as_another_kernel_has_left_them(home, bench):
    desk = bench.label()._desk
    before = desk.state()["classes"]
    from workbench.labels.store import LabelStore

    other = LabelStore(bench._connection, bench.dataset, "somebody else")
    other.rename_class(before[0], "renamed elsewhere")
    assert desk.state()["classes"] == ["renamed elsewhere", *before[1:]]
