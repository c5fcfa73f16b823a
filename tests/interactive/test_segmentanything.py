"""The adapter of Segment Anything, on tiny models with its names and shapes."""

import numpy as np
import pytest
from skimage import data

from tests.interactive.onnxmodels import SCORES, SIDE, write_decoder, write_encoder
from workbench.errors import BackboneError, ImageError, LabelError
from workbench.interactive.segmentanything import SegmentAnything, preprocessed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    write_encoder(folder / "encoder.onnx")
    write_decoder(folder / "decoder.onnx")
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return SegmentAnything(folder / "encoder.onnx", str(folder / "decoder.onnx"))


def halves(height, width):
    photo = np.zeros((height, width, 3), np.uint8)
    photo[:, : width // 2, 0] = 255
    return photo


@pytest.mark.parametrize("size", [(300, 451), (451, 300), (1024, 1024), (40, 1500), (64, 64)])
def test_a_mask_lies_where_the_image_says(model, size):
    """Red on the left: through preprocessing, padding and back, the middle stays in the middle."""
    width = size[1]
    found = model.embed(halves(*size)).mask([(1, 1)], [1])
    assert found.mask.shape == size
    near = max(2, round(20 * max(size) / SIDE))  # a cell, in pixels of the image
    assert found.mask[:, : width // 2 - near].all()
    assert not found.mask[:, width // 2 + near :].any()
    assert found.score == pytest.approx(max(SCORES))


def test_photographs_are_seen(model):
    photo = data.astronaut()
    found = model.embed(photo).mask(box=(50, 10, 440, 505)).mask
    red = photo[..., 0].astype(float)
    assert red[found].mean() > 180 > 100 > red[~found].mean()


def told(found):
    """The sums of the coordinates and of the labels that the decoder was given."""
    value = float(found.logits[0, 0, 0, 0])
    labels = round(value / 10_000)
    return value - 10_000 * labels, labels


def test_points_and_boxes_are_scaled_and_labelled_as_published(model):
    seen = model.embed(halves(256, 512))  # twice as large for the encoder
    coords, labels = told(seen.mask([(100, 50), (30, 20)], [1, 0]))
    assert (coords, labels) == (pytest.approx(2 * 200), 1 + 0 - 1)  # and the padding point, -1
    coords, labels = told(seen.mask([(100, 50)], [1], (10, 20, 110, 220)))
    assert (coords, labels) == (pytest.approx(2 * (150 + 360)), 1 + 2 + 3)
    assert told(seen.mask(box=(110, 20, 10, 220))) == told(seen.mask(box=(10, 220, 110, 20)))


def test_a_proposal_goes_into_the_next(model):
    seen = model.embed(halves(256, 512))
    first = seen.mask([(100, 50)], [1])
    assert first.logits.shape == (1, 1, 256, 256)
    second = seen.mask([(100, 50)], [1], before=first)
    assert second.logits[0, 0, 0, 0] == pytest.approx(2 * float(first.logits[0, 0, 0, 0]))


def test_images_are_prepared_as_published():
    photo = np.full((100, 200, 3), (255, 0, 124), np.uint8)
    pixels, scale = preprocessed(photo, SIDE)
    assert pixels.shape == (1, 3, SIDE, SIDE) and scale.tolist() == [5.12, 5.12]
    wanted = [(255 - 123.675) / 58.395, -116.28 / 57.12, (124 - 103.53) / 57.375]
    assert pixels[0, :, 511, 1023] == pytest.approx(wanted)
    assert not pixels[0, :, 512:].any()
    tall, _ = preprocessed(np.full((333, 100, 3), 9, np.uint8), SIDE)
    assert np.count_nonzero(tall[0, 0, 0]) == int(100 * SIDE / 333 + 0.5)


def test_one_pixel_and_grey_are_images(model):
    assert model.embed(np.zeros((1, 1, 3), np.uint8)).mask([(0.5, 0.5)], [1]).mask.shape == (1, 1)
    assert model.embed(data.coins()).mask([(5, 5)], [1]).mask.shape == (303, 384)
    with pytest.raises(ImageError, match="uint8"):
        model.embed(data.coins() / 255)


@pytest.mark.parametrize("name", ["image", "x", "input_image"])
def test_an_encoder_may_call_its_input_what_it_likes(folder, tmp_path, name):
    path = write_encoder(tmp_path / "own.onnx", name, ("batch", 3, "height", "width"))
    model = SegmentAnything(path, folder / "decoder.onnx")
    assert model.embed(halves(64, 64)).mask([(1, 1)], [1]).mask[:, :30].all()


def test_a_missing_file_is_told(folder, tmp_path):
    with pytest.raises(BackboneError, match=r"no file .*gone\.onnx"):
        SegmentAnything(tmp_path / "gone.onnx", folder / "decoder.onnx")
    with pytest.raises(BackboneError, match="no file"):
        SegmentAnything(folder / "encoder.onnx", tmp_path)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08\x09" * 50])
def test_a_file_that_is_no_model_is_told(folder, tmp_path, content):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(BackboneError, match=r"bad\.onnx cannot be read as an ONNX model"):
        SegmentAnything(folder / "encoder.onnx", path)


def test_models_in_each_others_place_are_told(folder):
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    with pytest.raises(BackboneError, match=r"encoder .*decoder\.onnx must take one image"):
        SegmentAnything(decoder, encoder)
    with pytest.raises(BackboneError, match=r"decoder .*encoder\.onnx must take .*point_coords"):
        SegmentAnything(encoder, encoder)


@pytest.mark.parametrize("shape", [(1, 1, SIDE, SIDE), (1, 3, SIDE, SIDE // 2), (2, 3, SIDE, SIDE)])
def test_an_encoder_of_other_images_is_told(folder, tmp_path, shape):
    path = write_encoder(tmp_path / "other.onnx", shape=shape)
    with pytest.raises(BackboneError, match="one image"):
        SegmentAnything(path, folder / "decoder.onnx")


def test_a_decoder_with_other_inputs_or_outputs_is_told(folder, tmp_path):
    encoder = folder / "encoder.onnx"
    more = write_decoder(tmp_path / "more.onnx", {"interm_embeddings": [1, 4]})
    with pytest.raises(BackboneError, match="interm_embeddings"):
        SegmentAnything(encoder, more)
    less = write_decoder(tmp_path / "less.onnx", left_out=("low_res_masks",))
    with pytest.raises(BackboneError, match="low_res_masks, but takes"):
        SegmentAnything(encoder, less)


def test_an_encoder_of_another_model_is_told(folder, tmp_path):
    other = write_encoder(tmp_path / "other.onnx", channels=128)
    with pytest.raises(BackboneError, match="take both from the same model"):
        SegmentAnything(other, folder / "decoder.onnx")


@pytest.mark.parametrize(
    ("points", "labels", "box", "said"),
    [
        ((), (), None, "a point or a box"),
        ([(1, 1)], (), None, "needs a label"),
        ([(1, 1)], [2], None, "needs a label"),
        ([(1, 1)], [-1], None, "needs a label"),
        ([(600, 1)], [1], None, "outside of the image"),
        ([(float("nan"), 1)], [1], None, "finite"),
        ((), (), (5, 5, 5, 9), "no area"),
        ((), (), (600, 5, 700, 9), "beyond the image"),
        ((), (), (1, 2, 3), "four finite numbers"),
    ],
)
def test_prompts_that_mean_nothing_are_told(model, points, labels, box, said):
    seen = model.embed(halves(256, 512))
    with pytest.raises(LabelError, match=said):
        seen.mask(points, labels, box)
