"""Saved models: asked about images of every kind, without a dataset."""

import copy
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.dataset.pictures import claiming
from tests.models.folders import CLASSES, fitted_head, save_small, values_of, write_format_1
from workbench.errors import ImageError, ImportFolderError
from workbench.models.backbones import load_backbone
from workbench.models.saved import load_model

NAME = "test_efficientnet"
COLUMNS = ["path", "label", "confidence", "problem"]


@pytest.fixture(scope="module")
def backbone():
    return load_backbone(NAME, weights="random", device="cpu")


@pytest.fixture(scope="module")
def saved(tmp_path_factory, backbone):
    return load_model(save_small(tmp_path_factory.mktemp("one") / "saved", backbone), "cpu")


@pytest.fixture(scope="module")
def several(tmp_path_factory, backbone):
    folder = tmp_path_factory.mktemp("many") / "saved"
    return load_model(save_small(folder, backbone, "multilabel", threshold=0.4), "cpu")


@pytest.fixture
def album(tmp_path, photos):
    """A folder of photographs, one in a folder below, two files that are none."""
    (tmp_path / "album" / "below").mkdir(parents=True)
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        shutil.copy(photos / name, tmp_path / "album")
    shutil.copy(photos / "astronaut.png", tmp_path / "album" / "below")
    (tmp_path / "album" / "notes.txt").write_text("no image")
    cut = (photos / "coffee.png").read_bytes()[:5_000]
    (tmp_path / "album" / "cut.png").write_bytes(cut)
    return tmp_path / "album"


def test_what_was_saved_answers(saved, backbone, photos):
    paths = [photos / "chelsea.png", photos / "coffee.png", photos / "rocket.jpg"]
    expected = fitted_head(backbone).predict_proba(backbone.embed(paths))
    np.testing.assert_allclose(saved.predict_proba(paths), expected, atol=1e-6)
    assert saved.predict_proba(paths).dtype == np.float32
    frame = saved.predict(paths)
    assert frame.columns.tolist() == COLUMNS
    assert frame["path"].tolist() == [str(path) for path in paths]
    assert frame["label"].tolist() == [CLASSES[i] for i in expected.argmax(axis=1)]
    np.testing.assert_allclose(frame["confidence"], expected.max(axis=1), atol=1e-6)
    assert (frame["problem"] == "").all()
    assert (saved.task, saved.classes) == ("classification", CLASSES)
    assert "SavedModel(classification, 3 classes, test_efficientnet-" in repr(saved)


def test_several_classes_an_image(several, photos):
    paths = [photos / name for name in ("chelsea.png", "coffee.png", "cell.png")]
    probabilities = several.predict_proba(paths)
    frame = several.predict(paths)
    for row, label, sure in zip(probabilities, frame["label"], frame["confidence"], strict=True):
        assert label == [name for name, p in zip(CLASSES, row, strict=True) if p >= 0.4]
        assert sure == pytest.approx(np.maximum(row, 1 - row).min())


def test_a_folder_is_searched_and_its_bad_files_are_listed(saved, album):
    frame = saved.predict(album)
    assert frame["path"].tolist() == sorted(str(p) for p in album.rglob("*") if p.is_file())
    assert saved.predict(str(album)).equals(frame)
    frame = frame.set_index("path")
    assert frame.loc[str(album / "notes.txt"), "problem"] == "not an image"
    assert "broken image" in frame.loc[str(album / "cut.png"), "problem"]
    assert frame["label"].isna().sum() == frame["confidence"].isna().sum() == 2
    with pytest.raises(ImageError, match=r"cut.png: broken image.*predict.. gives such"):
        saved.predict_proba(album)


def test_files_images_and_arrays_give_the_same(saved, photos):
    path = photos / "chelsea.png"
    image = Image.open(path).convert("RGB")
    array = np.asarray(image)
    expected = saved.predict_proba(path)
    for given in (
        image,
        array,
        [array],
        np.stack([array]),
        array[::-1][::-1],
        (x for x in [image]),
    ):
        np.testing.assert_allclose(saved.predict_proba(given), expected, atol=1e-5)
    frame = saved.predict([path, image, array, Image.open(path), str(path)])
    file = str(path)
    assert frame["path"].isna().tolist() == [False, True, True, False, False]
    assert set(frame["path"].dropna()) == {file}
    assert frame["label"].nunique() == 1
    np.testing.assert_allclose(frame["confidence"], frame["confidence"][0], atol=1e-5)


def test_rows_keep_their_order_whatever_is_bad(saved, photos, tmp_path):
    array = np.asarray(Image.open(photos / "coffee.png").convert("RGB"))
    cut = Image.open(claimed(tmp_path, photos))
    given = [photos / "chelsea.png", tmp_path / "nowhere.png", array, cut, photos / "rocket.jpg"]
    frame = saved.predict(given)
    assert [bool(problem) for problem in frame["problem"]] == [False, True, False, True, False]
    assert "No such file" in frame["problem"][1]
    assert "broken image" in frame["problem"][3]
    alone = saved.predict([given[0], given[2], given[4]])
    good = frame[frame["problem"] == ""].reset_index(drop=True)
    np.testing.assert_allclose(good["confidence"], alone["confidence"], atol=1e-5)
    assert good["label"].tolist() == alone["label"].tolist()


def claimed(folder, photos):
    """A file that opens like an image and breaks off when it is read."""
    path = folder / "cut.png"
    path.write_bytes((photos / "coffee.png").read_bytes()[:5_000])
    return path


MODES = {
    "gray.png": lambda photo: photo.convert("L"),
    "palette.gif": lambda photo: photo.quantize(16),
    "clear.png": lambda photo: Image.merge("RGBA", (*photo.split(), photo.convert("L"))),
    "print.jpg": lambda photo: photo.convert("CMYK"),
    "deep.png": lambda photo: Image.fromarray(np.asarray(photo.convert("L")).astype("uint16") * 16),
    "bits.png": lambda photo: photo.convert("1"),
    "float.tif": lambda photo: Image.fromarray(np.asarray(photo.convert("L")) / np.float32(255)),
}


@pytest.mark.parametrize("name", MODES)
def test_images_in_memory_are_read_as_files_are(saved, photos, tmp_path, name):
    path = tmp_path / name
    MODES[name](Image.open(photos / "chelsea.png").convert("RGB")).save(path)
    expected = saved.predict_proba(path)
    with Image.open(path) as image:
        np.testing.assert_allclose(saved.predict_proba(image), expected, atol=1e-3)
        about = dict(image.info)
        saved.predict(image)
        assert image.info == about, "whoever gave it may go on with it"


@pytest.mark.parametrize("turn", range(1, 9))
def test_images_in_memory_are_turned_as_files_are(saved, photos, tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.open(photos / "chelsea.png").convert("RGB").save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        found = saved.predict_proba([tmp_path / "a.png", image])
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1), (2, 1), (1, 3_000), (70_000, 1), (10_000, 10_000), (20, 4_000_000)],
)
def test_images_of_any_size(saved, tmp_path, width, height):
    Image.new("RGB", (width, height), (200, 30, 30)).save(tmp_path / "plain.png")
    frame = saved.predict([tmp_path / "plain.png", Image.open(tmp_path / "plain.png")])
    assert (frame["problem"] == "").all()
    plain = saved.predict_proba(Image.new("RGB", (300, 300), (200, 30, 30)))
    np.testing.assert_allclose(frame["confidence"], plain.max(), atol=1e-4)


def test_what_is_too_large_is_a_problem_before_it_is_decoded(saved, tmp_path):
    (tmp_path / "bomb.png").write_bytes(claiming(60_000, 60_000))
    (problem,) = saved.predict(tmp_path)["problem"]
    assert "megapixels" in problem


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        (7, TypeError, "a folder, a file, a PIL image.*but got int"),
        ([None], TypeError, "a path, a PIL image or an array.*but got NoneType"),
        (np.zeros((4, 4, 3)), ValueError, r"uint8 from 0 to 255, but is \(4, 4, 3\) of float64"),
        (np.zeros((4, 4), np.uint8), ValueError, r"\(H, W, 3\) of uint8.*but is \(4,\)"),
        ([np.zeros((4, 4, 4), np.uint8)], ValueError, r"but is \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, r"but is \(0, 4, 3\)"),
    ],
)
def test_what_is_no_image_is_said(saved, given, error, reason):
    with pytest.raises(error, match=reason):
        saved.predict(given)


def test_nothing_is_asked(saved, several, tmp_path):
    for model in (saved, several):
        assert model.predict_proba([]).shape == (0, 3)
        assert model.predict([]).columns.tolist() == COLUMNS
    with pytest.raises(ImportFolderError, match="holds no files"):
        saved.predict(tmp_path)
    assert len(saved.predict(tmp_path / "nowhere")) == 1
    assert saved.predict(tmp_path / "nowhere")["problem"][0]


def test_more_images_in_memory_than_a_batch(saved, photos):
    array = np.asarray(Image.open(photos / "coffee.png").convert("RGB"))
    turned = [np.rot90(array, k) for k in range(4)] * 10
    found = saved.predict_proba(turned)
    np.testing.assert_allclose(found, np.tile(saved.predict_proba(turned[:4]), (10, 1)), atol=1e-4)


def test_a_class_without_a_label_is_never_predicted(tmp_path, backbone, photos):
    names = (*CLASSES, "never seen")
    head = copy.copy(fitted_head(backbone))
    object.__setattr__(head, "num_classes", 4)
    from workbench.models.saved import save_model

    save_model(
        tmp_path / "m",
        task="classification",
        classes=names,
        backbone=backbone,
        head=head,
        threshold=0.5,
        calibration={},
        metrics={},
        trained_on={},
    )
    found = load_model(tmp_path / "m").predict_proba(photos / "coffee.png")
    assert found[0, 3] == 0
    assert found.sum() == pytest.approx(1)


def test_a_fine_tuned_checkpoint_is_a_model_too(tmp_path, backbone, photos):
    old = load_model(write_format_1(tmp_path / "old", backbone), "cpu")
    assert old.classes == ("a", "b")
    found = old.predict_proba(photos / "coffee.png")
    assert found.sum() == pytest.approx(1)
    assert isinstance(old.predict(photos / "coffee.png"), pd.DataFrame)
    assert old.card == ""


def test_saving_again_what_was_saved_gives_the_same_weights(tmp_path, backbone):
    one = save_small(tmp_path / "one", backbone)
    two = save_small(tmp_path / "two", backbone)
    assert values_of(one)["weights"] == values_of(two)["weights"]


def test_an_image_that_was_given_stays_as_it_was(saved, photos, tmp_path):
    path = tmp_path / "a.png"
    Image.open(photos / "chelsea.png").convert("RGB").save(path, dpi=(300, 300))
    image = Image.open(path)
    image.load()
    expected = saved.predict_proba(path)
    path.unlink()  # what was read from it is what is asked about
    before = dict(image.info), image.size, image.tobytes()
    assert "dpi" in image.info
    np.testing.assert_allclose(saved.predict_proba(image), expected, atol=1e-5)
    assert (image.info, image.size, image.tobytes()) == before
