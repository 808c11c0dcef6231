"""Pictures from strangers: what a decoder throws is an input error, and nothing large is decoded."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

import rounds
from damaged_pictures import SIGNATURE, damaged_picture, saved
from quickml.errors import InputError
from quickml.export.inputs import numbers
from quickml.pixels import MAX_SCANS, fit, header, picture

SHAPE = (28, 20, 3)
DAMAGED = rounds.choose(few=500, full=50_000)


def test_whatever_a_decoder_throws_is_an_input_error():
    read = 0
    for number in range(DAMAGED):
        content = damaged_picture(random.Random(rounds.seed + number))
        try:
            array = picture(content, SHAPE, "x", formats=("PNG", "JPEG"))
        except InputError as error:
            assert str(error).startswith("x: expected a "), number
            assert len(str(error)) < 200
        else:
            assert (array.shape, array.dtype) == (SHAPE, np.uint8)
            read += 1
    assert DAMAGED / 10 < read < DAMAGED


def test_whatever_a_header_holds_is_an_input_error():
    read = 0
    for number in range(DAMAGED):
        content = damaged_picture(random.Random(rounds.seed + number))
        try:
            found = header(content, "x", formats=("PNG", "JPEG"))
        except InputError as error:
            assert str(error).startswith("x: expected a "), number
        else:
            read += found.format in {"PNG", "JPEG"}
    assert DAMAGED / 10 < read < DAMAGED


def directly(content, shape):
    """As `picture`, in the shortest way."""
    height, width, channels = shape
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if channels == 1 else "RGB").resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, float).reshape(shape)


def photo(mode, size):
    """Smooth, with transparent parts where the mode has some."""
    x, y = np.meshgrid(np.linspace(0, 9, size[0]), np.linspace(0, 7, size[1]))
    bands = [128 + 120 * np.sin(x + band) * np.cos(y * band + 1) for band in range(4)]
    image = Image.fromarray(np.stack(bands, axis=-1).astype(np.uint8), "RGBA")
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


@pytest.mark.parametrize("size", [(20, 28), (61, 47), (330, 270), (40, 700)])
@pytest.mark.parametrize(("mode", "format"), [("RGBA", "PNG"), ("P", "PNG"), ("L", "PNG"), ("RGB", "JPEG")])
@pytest.mark.parametrize("turned", [1, 6])
def test_a_picture_that_is_reduced_in_tiles_looks_the_same(size, mode, format, turned, monkeypatch):
    monkeypatch.setattr(fit, "TILE", 64)
    exif = Image.Exif()
    exif[0x112] = turned
    content = saved(photo(mode, size), format, exif=exif)
    for shape in (SHAPE, (28, 20, 1)):
        assert np.abs(picture(content, shape, "x") - directly(content, shape)).mean() < 3


def png(width, height):
    """The head of a PNG file of this size, and little else."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 99)),
    ]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


JPEG = saved(photo("RGB", (40, 30)), "JPEG", progressive=True)
EXPENSIVE = {
    "pixels": (png(5001, 5000), "a picture of at most 25,000,000 pixels"),
    "far more pixels": (png(2**31 - 1, 2**31 - 1), "a picture of at most 25,000,000 pixels"),
    "one column": (png(1, 20_000_000), "a picture of at most 65,535 pixels per side"),
    "one row": (png(20_000_000, 1), "a picture of at most 65,535 pixels per side"),
    "coefficients": (JPEG.replace(b"\0\x1e\0\x28", b"\xea\x60\0\xff"), "a progressive JPEG of at most 12,500,000 pixels"),
    "scans": (JPEG + b"\xff\xda" * MAX_SCANS, f"a progressive JPEG of at most {MAX_SCANS} scans"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPENSIVE)
def test_a_picture_that_takes_much_is_refused_before_it_is_decoded(name, monkeypatch):
    content, expected = EXPENSIVE[name]

    def load(_):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(InputError, match=f"x: expected {expected}, found more"):
        picture(content, SHAPE, "x", max_pixels=25_000_000)


def test_numbers_beside_a_long_text_take_no_more_memory_than_they_are_long():
    with pytest.raises(InputError, match="found a list with items that are not numbers"):
        numbers([0] * 200_000 + ["x" * 500_000], (28, 28), "x")  # 400 GB in an array of texts
