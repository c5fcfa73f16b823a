import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from workbench.dataset.proxies import make_proxy
from workbench.errors import ImageError
from workbench.models.images import read_image


def center(image):
    return image.getpixel((image.width // 2, image.height // 2))


def flat(mode, colour, **info):
    image = Image.new(mode, (8, 6), colour)
    image.info.update(info)
    return image


def deep(dtype, value):
    return Image.fromarray(np.full((6, 8), value, dtype))


CASES = {
    "rgb.png": (flat("RGB", (10, 20, 30)), (10, 20, 30)),
    "gray.png": (flat("L", 77), (77, 77, 77)),
    "bilevel.png": (flat("1", 1), (255, 255, 255)),
    "gray16.png": (deep(np.uint16, 32896), (128, 128, 128)),
    "gray16.tif": (deep(np.uint16, 257 * 200), (200, 200, 200)),
    "float.tif": (deep(np.float32, 0.4), (102, 102, 102)),
    "int32.tif": (deep(np.int32, 200), (200, 200, 200)),
    "clear.png": (flat("RGBA", (0, 0, 0, 0)), (255, 255, 255)),
    "half_clear.png": (flat("RGBA", (0, 0, 0, 51)), (204, 204, 204)),
    "gray_alpha.png": (flat("LA", (0, 0)), (255, 255, 255)),
    "palette.gif": (flat("RGB", (255, 0, 0)).quantize(4), (255, 0, 0)),
    "cmyk.tif": (flat("CMYK", (0, 255, 255, 0)), (255, 0, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_image_comes_out_as_8_bit_rgb(tmp_path, name):
    image, expected = CASES[name]
    image.save(tmp_path / name)
    read = read_image(tmp_path / name)
    assert (read.mode, read.size) == ("RGB", (8, 6))
    assert np.abs(np.subtract(center(read), expected)).max() <= 1


def test_a_deep_image_is_the_picture_that_a_person_sees(tmp_path):
    """12 bits in a 16-bit file, which would be nearly black."""
    values = np.tile(np.linspace(0, 4095, 300), (200, 1)).astype(np.uint16)
    path = tmp_path / "scan.png"
    Image.fromarray(values).save(path)
    shown = Image.open(io.BytesIO(make_proxy(path, 300).data)).convert("RGB")
    assert np.array_equal(np.asarray(read_image(path)), np.asarray(shown))
    assert 120 < np.asarray(shown).mean() < 135


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_8_bits_are_as_stored(tmp_path, photos, mode):
    """Nothing is stretched: vectors that are stored keep their meaning."""
    dim = Image.open(photos / "astronaut.png").convert(mode).point(lambda value: value // 4)
    dim.save(tmp_path / "dim.png")
    read = read_image(tmp_path / "dim.png")
    assert np.array_equal(np.asarray(read), np.asarray(dim.convert("RGB")))


def test_transparent_palette_entries_are_white(tmp_path):
    image = flat("P", 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save(tmp_path / "sticker.png", transparency=1)
    assert center(read_image(tmp_path / "sticker.png")) == (255, 255, 255)


def test_cmyk_jpeg(tmp_path):
    flat("CMYK", (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=95)
    red, green, blue = center(read_image(tmp_path / "print.jpg"))
    assert red > 240 and green < 15 and blue < 15


def test_exif_orientation_is_applied(tmp_path):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :40] = 255  # white on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to view
    Image.fromarray(pixels).save(tmp_path / "phone.jpg", exif=exif)
    read = read_image(tmp_path / "phone.jpg")
    assert read.size == (40, 80)
    assert read.getpixel((20, 10))[0] > 200  # what was left is now on top
    assert read.getpixel((20, 70))[0] < 50


def test_first_frame_of_an_animation(tmp_path):
    frames = [flat("RGB", (255, 0, 0)), flat("RGB", (0, 0, 255))]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    assert center(read_image(tmp_path / "moves.gif")) == (255, 0, 0)


def test_big_jpeg_is_decoded_small_and_looks_the_same(tmp_path, photos):
    path = tmp_path / "big.jpg"
    Image.open(photos / "astronaut.png").resize((2048, 1536)).save(path, quality=90)
    small = read_image(path, shortest=256)
    assert small.size == (512, 384)  # at least half as large again as needed
    a, b = (
        np.asarray(image.resize((341, 256), Image.Resampling.BICUBIC), dtype=float)
        for image in (small, read_image(path))
    )
    assert np.abs(a - b).mean() < 1


def bomb():
    """A PNG that claims to measure 100,000 by 100,000."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "bomb", "folder", "missing"])
def test_what_cannot_be_read_is_named(tmp_path, photos, kind):
    path = tmp_path / f"{kind}.jpg"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        whole = (photos / "rocket.jpg").read_bytes()
        content = {"empty": b"", "text": b"no image", "truncated": whole[:5000], "bomb": bomb()}
        path.write_bytes(content[kind])
    with pytest.raises(ImageError, match=f"{kind}.jpg"):
        read_image(path)
