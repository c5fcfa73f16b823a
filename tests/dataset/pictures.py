"""Small image files of every kind, good and bad."""

import io
import os
import shutil
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps
from sklearn.datasets import load_digits

_DIGITS = (load_digits().images * 15).astype(np.uint8)


def digit(number, size=32):
    """A picture of a handwritten digit; each number gives another."""
    return Image.fromarray(_DIGITS[number]).resize((size, size))


def encoded(image, kind="png", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def write_digits(folder, numbers, *, mirrored=False):
    """Digits as PNG files, `0007.png` and so on; returns their paths.

    Mirrored ones are images that no other test has: a data home keeps vectors by content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04d}.png" for number in numbers]
    for number, path in zip(numbers, paths, strict=True):
        picture = digit(number)
        (ImageOps.mirror(picture) if mirrored else picture).save(path)
    return paths


def sort_digits(folder, home, digits, count):
    """The first `count` of each of some bundled digits, in a folder a digit; returns `folder`."""
    import workbench as wb

    for digit in digits:
        (folder / digit).mkdir()
        for path in sorted((wb.digits(home) / digit).glob("*.png"))[:count]:
            shutil.copy(path, folder / digit)
    return folder


def write_sheets(folder, home, digits, count):
    """Sheets with none to all of some bundled digits; returns `folder`. Names tell: `007 1+2.png`."""
    import workbench as wb

    rng = np.random.default_rng(0)
    left = {name: sorted((wb.digits(home) / name).glob("*.png")) for name in digits}
    for number in range(count):
        there = [name for name in digits if rng.random() < 0.45]
        sheet = Image.new("L", (128, 128), 255)
        sheet.putpixel((number % 128, 0), 250)  # no two blank ones are the same
        for name, place in zip(there, rng.permutation(4).tolist(), strict=False):
            sheet.paste(Image.open(left[name].pop()), (64 * (place % 2), 64 * (place // 2)))
        sheet.save(folder / f"{number:03d} {'+'.join(there) or 'nothing'}.png")
    return folder


def claiming(width, height):
    """A few bytes of PNG that promise a picture of this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(100))
    chunks = (
        struct.pack(">I", len(x) - 4) + x + struct.pack(">I", zlib.crc32(x))
        for x in (header, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def spoil(path):
    """Take the file's content away, so that only who remembers it can show it."""
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def opened(proxy):
    """A proxy as a browser sees it, without transparency."""
    return Image.open(io.BytesIO(proxy.data)).convert("RGB")


def is_green(proxy):
    """Whether a proxy is of PIL's green all over."""
    return np.abs(np.subtract(opened(proxy), (0, 128, 0), dtype=float)).max() < 9
