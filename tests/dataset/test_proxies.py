"""What a person sees of an image file: every kind of it, pixel for pixel."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.dataset.pictures import claiming, digit, encoded
from workbench.dataset.proxies import make_proxy
from workbench.errors import ImageError

ROOT = Path(__file__).resolve().parents[2]
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (0,) * 3
TYPES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
NOISE = np.random.default_rng(0)


def corners(width, height):
    """Red, green, blue and white from top left to bottom right."""
    image = Image.new("RGB", (width, height))
    for place, colour in enumerate((RED, GREEN, BLUE, WHITE)):
        across, down = place % 2 * (width // 2), place // 2 * (height // 2)
        image.paste(colour, (across, down, across + width // 2, down + height // 2))
    return image


def seen(proxy):
    """The picture as a browser has it."""
    image = Image.open(io.BytesIO(proxy.data))
    assert image.format == TYPES[proxy.mime_type]
    image.load()
    return image


def colours(image, x=0.25, y=0.25):
    """Colour at a place given as shares of width and height."""
    return image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))


def near(found, wanted, tolerance=6):
    return np.abs(np.subtract(found, wanted)).max() <= tolerance


def written(path, content, **options):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.save(path, **options)
    return path


def flat(mode, colour):
    return Image.new(mode, (60, 40), colour)


FLAT = {
    "gray.png": (flat("L", 77), (77, 77, 77)),
    "gray.bmp": (flat("L", 77), (77, 77, 77)),
    "bits.png": (flat("1", 1), WHITE),
    "bits.tif": (flat("1", 1), WHITE),
    "gray and alpha.png": (flat("LA", (200, 255)), (200, 200, 200)),
    "palette.png": (flat("RGB", (255, 128, 0)).quantize(4), (255, 128, 0)),
    "palette.bmp": (flat("RGB", (255, 128, 0)).quantize(4), (255, 128, 0)),
    "cmyk.jpg": (flat("CMYK", (0, 255, 255, 0)), RED),
    "cmyk.tif": (flat("CMYK", (255, 0, 0, 0)), (0, 255, 255)),
    "colour.webp": (flat("RGB", (10, 200, 30)), (10, 200, 30)),
    "colour.tif": (flat("RGB", (10, 200, 30)), (10, 200, 30)),
    "gray16.png": (Image.fromarray(np.full((40, 60), 32896, np.uint16)), (128,) * 3),
    "float.tif": (Image.fromarray(np.full((40, 60), 0.4, np.float32)), (102,) * 3),
}


@pytest.mark.parametrize("side", [256, 20])
@pytest.mark.parametrize("name", FLAT)
def test_colours_are_as_stored(tmp_path, name, side):
    image, colour = FLAT[name]
    proxy = make_proxy(written(tmp_path / name, image), side)
    found = seen(proxy)
    assert found.size == ((60, 40) if side == 256 else (20, 13))
    assert near(colours(found), colour)
    assert (proxy.width, proxy.height) == (60, 40)
    assert not proxy.stretched
    assert proxy.alpha == (proxy.as_is and name == "gray and alpha.png")


def test_a_cmyk_jpeg_that_is_not_from_adobe(tmp_path):
    """Without Adobe's marker 255 is full ink; the marker says 255 is none."""
    inverted = encoded(flat("CMYK", (0, 255, 255, 0)), "jpeg", quality=95)
    start = inverted.index(b"\xff\xee")
    plain = (
        inverted[:start] + inverted[start + 2 + int.from_bytes(inverted[start + 2 : start + 4]) :]
    )
    path = written(tmp_path / "print.jpg", plain)
    # The bytes are those of Adobe's kind, so without the marker they mean the opposite ink.
    assert near(colours(seen(make_proxy(path, 256))), BLACK)


@pytest.mark.parametrize("name", ["scan.png", "scan.tif"])
def test_12_bits_in_a_16_bit_file_are_not_dark(tmp_path, name):
    values = np.tile(np.linspace(0, 4095, 300), (200, 1)).astype(np.uint16)
    proxy = make_proxy(written(tmp_path / name, Image.fromarray(values)), 1000)
    found = np.asarray(seen(proxy), dtype=float)
    assert proxy.stretched and proxy.info()["stretched"] is True
    assert found.shape == (200, 300)
    assert 120 < found.mean() < 135
    assert found[:, 0].max() < 5 and found[:, -1].min() > 250


def test_a_deep_image_is_stretched_between_percentiles_that_a_few_hot_pixels_do_not_move(tmp_path):
    values = NOISE.integers(1000, 1400, (400, 400)).astype(np.uint16)
    values.ravel()[:50] = 65_535
    proxy = make_proxy(written(tmp_path / "hot.png", Image.fromarray(values)), 1000)
    assert 120 < np.asarray(seen(proxy), dtype=float).mean() < 135


def test_what_little_there_is_on_a_flat_ground_is_seen(tmp_path):
    values = np.zeros((400, 400), np.uint16)
    values[10, 10] = 900
    found = np.asarray(seen(make_proxy(written(tmp_path / "s.png", Image.fromarray(values)), 1000)))
    assert found[10, 10] == 255 and found[0, 0] == 0


def test_a_float_tiff_is_stretched_whatever_is_not_a_number(tmp_path):
    values = np.tile(np.linspace(-3, 5, 300, dtype=np.float32), (200, 1))
    values[0, :3] = np.nan, np.inf, -np.inf
    proxy = make_proxy(written(tmp_path / "height.tif", Image.fromarray(values)), 1000)
    found = np.asarray(seen(proxy))
    assert proxy.stretched and 120 < found.mean() < 135
    assert (found[0, 0], found[0, 1], found[0, 2]) == (0, 255, 0)


def test_a_large_deep_image_is_the_same_as_a_small_one(tmp_path):
    """Percentiles come from some of the pixels, and pixels are converted a band at a time."""
    values = np.tile(np.linspace(0, 4095, 3000), (1700, 1)).astype(np.uint16)
    values[:, :1000] = 0
    found = np.asarray(seen(make_proxy(written(tmp_path / "l.png", Image.fromarray(values)), 600)))
    row = found[170]
    assert np.abs(found.astype(int) - row).max() <= 12  # no seam between bands; JPEG
    assert row[:190].max() < 8 and abs(int(row[400]) - 170) < 8 and row[-1] > 245


def half_clear(mode="RGBA"):
    image = Image.new("RGBA", (400, 300), (255, 0, 0, 255))
    image.paste((0, 0, 255, 0), (200, 0, 400, 300))
    return image.convert(mode)


@pytest.mark.parametrize("side", [1000, 100])
@pytest.mark.parametrize("kind", ["RGBA", "LA", "P", "RGB"])
def test_transparency_is_kept_and_told(tmp_path, kind, side):
    options = {}
    image = half_clear("LA" if kind == "LA" else "RGBA")
    if kind == "P":
        image = Image.new("P", (400, 300), 1)
        image.putpalette([0, 0, 255, 255, 0, 0])
        image.paste(0, (200, 0, 400, 300))
        options = {"transparency": 0}
    elif kind == "RGB":
        image = image.convert("RGB")
        options = {"transparency": BLUE}
    proxy = make_proxy(written(tmp_path / "sticker.png", image, **options), side)
    found = seen(proxy).convert("RGBA")
    assert proxy.alpha and proxy.info()["alpha"] is True
    opaque, clear = (found.getpixel((int(x * found.width), 10)) for x in (0.25, 0.75))
    assert opaque[3] == 255 and clear[3] == 0
    assert opaque[0] > 70  # red, or its gray


def test_transparency_of_a_photograph_is_kept_in_few_bytes(tmp_path):
    image = Image.fromarray(data.astronaut()).resize((1200, 1200)).convert("RGBA")
    image.paste((0, 0, 0, 0), (600, 0, 1200, 1200))
    proxy = make_proxy(written(tmp_path / "cut.png", image), 1000)
    found = seen(proxy)
    assert proxy.mime_type == "image/webp" and len(proxy.data) < 300_000
    assert found.getpixel((990, 500))[3] == 0 and found.getpixel((100, 500))[3] == 255


def test_an_alpha_channel_that_hides_nothing_is_dropped(tmp_path):
    image = Image.fromarray(data.astronaut()).resize((900, 900)).convert("RGBA")
    proxy = make_proxy(written(tmp_path / "screenshot.png", image), 1000)
    assert (proxy.mime_type, proxy.alpha) == ("image/jpeg", False)


@pytest.mark.parametrize("size", [(60, 40), (1203, 799)])
@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright(tmp_path, orientation, kind, size):
    turn = Image.Transpose
    stored_by = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_90,  # what a viewer turns clockwise was stored turned the other way
        7: turn.TRANSVERSE,
        8: turn.ROTATE_270,
    }
    image = corners(*size)
    if orientation in stored_by:
        image = image.transpose(stored_by[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = written(tmp_path / f"phone.{kind}", image, exif=exif, quality=95)
    proxy = make_proxy(path, 100)
    found = seen(proxy)
    assert (proxy.width, proxy.height) == size
    assert found.size == ((60, 40) if size == (60, 40) else (100, 66))
    places = [(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)]
    shown = [colours(found, *place) for place in places]
    assert all(near(s, w, 40) for s, w in zip(shown, (RED, GREEN, BLUE, WHITE), strict=True)), shown
    assert not found.getexif().get(0x0112) or orientation == 1


def test_damaged_exif_is_passed_over(tmp_path):
    path = written(tmp_path / "odd.jpg", corners(60, 40), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert near(colours(seen(make_proxy(path, 100))), RED, 40)


def test_one_pixel_stays_one_pixel(tmp_path):
    for name in ("one.png", "one.tif", "one.jpg"):
        proxy = make_proxy(written(tmp_path / name, Image.new("RGB", (1, 1), (9, 99, 199))), 1000)
        found = seen(proxy)
        assert (found.size, proxy.width, proxy.height) == ((1, 1), 1, 1)
        assert near(colours(found, 0, 0), (9, 99, 199))


@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize("size", [(20_000, 8), (8, 20_000)])
def test_ribbons_keep_a_pixel_of_width(tmp_path, size, kind):
    image = Image.fromarray(NOISE.integers(0, 255, (*size[::-1], 3), dtype=np.uint8))
    proxy = make_proxy(written(tmp_path / f"ribbon.{kind}", image), 1000)
    assert (proxy.width, proxy.height) == size
    assert seen(proxy).size == ((1000, 1) if size[0] > size[1] else (1, 1000))


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
def test_of_an_animation_the_first_frame(tmp_path, kind):
    frames = [flat("RGB", RED), flat("RGB", BLUE)]
    path = tmp_path / f"moves.{kind}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    found = seen(make_proxy(path, 1000))
    assert near(colours(found), RED)
    assert getattr(found, "n_frames", 1) == 1


def test_a_small_file_that_browsers_show_goes_through_unchanged(tmp_path):
    photo = Image.fromarray(data.chelsea())
    for name, image in {
        "photo.jpg": photo,
        "photo.webp": photo,
        "gray.png": digit(3),
        "bits.gif": digit(3).convert("1"),
        "clear.png": half_clear(),
    }.items():
        path = written(tmp_path / name, image)
        proxy = make_proxy(path, 1000)
        assert proxy.as_is and proxy.data == path.read_bytes()
        assert (proxy.width, proxy.height) == image.size
        assert proxy.alpha == (name == "clear.png")


def test_a_file_is_taken_for_what_it_is_not_for_its_name(tmp_path):
    path = written(tmp_path / "photo.png", encoded(corners(60, 40), "tiff"))
    assert make_proxy(path, 1000).mime_type == "image/png"
    assert not make_proxy(path, 1000).as_is


def test_photographs_are_jpeg_and_drawings_png(tmp_path):
    photo = Image.fromarray(data.astronaut()).resize((1400, 1400))
    drawing = Image.new("RGB", (2400, 1600), WHITE)
    drawing.paste(RED, (300, 300, 900, 900))
    for image, wanted in ((photo, "image/jpeg"), (drawing, "image/png")):
        proxy = make_proxy(written(tmp_path / "large.tif", image), 1000)
        assert proxy.mime_type == wanted
        small = image.resize(seen(proxy).size, Image.Resampling.LANCZOS)
        error = np.subtract(seen(proxy).convert("RGB"), small, dtype=float)
        assert np.abs(error).mean() < 3


def test_a_colour_profile_goes_with_its_colours(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = Image.fromarray(data.astronaut()).resize((900, 900))
    path = written(tmp_path / "wide.jpg", photo, icc_profile=profile)
    assert seen(make_proxy(path, 300)).info["icc_profile"] == profile
    gray = photo.convert("CMYK")  # its profile would be wrong for what comes out
    path = written(tmp_path / "print.jpg", gray, icc_profile=profile)
    assert "icc_profile" not in seen(make_proxy(path, 300)).info


def test_what_else_a_file_says_is_left_out(tmp_path):
    photo = Image.fromarray(data.astronaut()).resize((900, 900))
    path = written(tmp_path / "told.jpg", photo, comment=b"told " * 10_000, dpi=(300, 300))
    assert b"told told" not in make_proxy(path, 300).data


WHOLE = encoded(digit(1, 600), "jpeg")
BAD = {
    "missing": (None, "is not there"),
    "empty": (b"", "is empty"),
    "text": (b"some words and no image", "not an image"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "truncated"),
    "cut png": (encoded(digit(1, 200))[:400], "cannot be read"),
    "2 gigapixels": (claiming(50_000, 40_000), "more than 178 megapixels: scale it down"),
    "178.5 megapixels": (claiming(17_850, 10_000), "17850 x 10000 pixels are more than 178"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_shown_is_named(tmp_path, kind):
    content, said = BAD[kind]
    path = tmp_path / f"{kind}.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError, match=said) as raised:
        make_proxy(path, 1000)
    assert str(path) in str(raised.value)


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(ImageError, match=str(tmp_path)):
        make_proxy(tmp_path, 1000)


MEASURE = """
import json, re, sys, threading, warnings
warnings.simplefilter("default")
from workbench.dataset.proxies import make_proxy
def peak():  # of this process alone; getrusage begins with its parent's
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024
before, sizes = peak(), []
def make(path):
    proxy = make_proxy(path, 1000)
    sizes.append((proxy.width, proxy.height))
threads = [threading.Thread(target=make, args=[path]) for path in sys.argv[1:]]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps({"bytes": peak() - before, "sizes": sizes}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures as Linux does")
def test_a_hundred_megapixels_are_shown_in_bounded_memory(tmp_path):
    """Two at once: of those that have to be decoded whole, one waits for the other."""
    large = corners(10_000, 10_000)
    png, jpeg = tmp_path / "large.png", tmp_path / "large.jpg"
    large.save(png, compress_level=1)
    large.save(jpeg)
    for path, megabytes in ((png, 550), (jpeg, 150)):
        ran = subprocess.run(
            [sys.executable, "-c", MEASURE, path, path],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        said = json.loads(ran.stdout)
        assert said["sizes"] == [[10_000, 10_000]] * 2
        assert said["bytes"] < megabytes * 10**6
        assert "Warning" not in ran.stderr
