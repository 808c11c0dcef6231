"""Inputs of a prediction: what is accepted, and what each mistake is called."""

import base64
import io
import struct

import numpy as np
import pytest
from PIL import Image

from quickml.errors import InputError
from quickml.export.inputs import numbers, picture, sample

SHAPE = (4, 6, 1)


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


GREY = png(Image.new("L", (6, 4), 200))
NOISE = png(Image.effect_noise((60, 60), 50))


def test_a_picture_from_a_file_and_from_json_is_the_same():
    text = base64.b64encode(GREY).decode()
    whole = picture(GREY, SHAPE, "a.png")
    assert (whole.dtype, whole.shape) == (np.uint8, SHAPE)
    for value in (text, f"data:image/png;base64,{text}"):
        same = sample(value, SHAPE, is_image=True, name="inputs/0", formats=("PNG",))
        assert np.array_equal(same, whole)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"hello", {}, r"x: expected a picture \(PNG, JPEG, \.\.\.\), found another kind of file"),
        (GREY, {"formats": ("JPEG",)}, r"x: expected a picture \(JPEG\), found another kind of file"),
        (NOISE[:-200], {}, r"x: expected a picture .*, found a damaged one"),
        (GREY, {"max_pixels": 23}, "x: expected a picture of at most 23 pixels, found more"),
    ],
    ids=["no picture", "another format", "damaged", "too large"],
)
def test_a_picture_that_is_refused(content, options, message):
    with pytest.raises(InputError, match=message):
        picture(content, SHAPE, "x", **options)


def test_floating_point_pixels_are_refused():
    stream = io.BytesIO()
    Image.new("F", (6, 4), 0.5).save(stream, "TIFF")
    with pytest.raises(InputError, match="x: expected pixels of 8 or 16 bits, found floating point"):
        picture(stream.getvalue(), SHAPE, "x")


def test_numbers_may_be_nested_or_flat():
    assert np.array_equal(numbers([1, 2, 3, 4], (2, 2), "x"), numbers([[1, 2], [3, 4]], (2, 2), "x"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1,2", "found '1,2'"),
        ([1, "2", 3, 4], "found a list with items that are not numbers"),
        ([[1, 2], [3]], "found lists of different lengths"),
        ([1, 2, 3], "found 3"),
        ([1, 2, 3, 1e300], "found a number outside the range of float32"),
    ],
)
def test_numbers_that_are_refused(value, message):
    with pytest.raises(InputError, match=rf"x: expected 4 finite numbers, .*, {message}"):
        numbers(value, (2, 2), "x")


@pytest.mark.parametrize(("tag", "kind"), [(0x100, 1), (0x11A, 7), (0x10E, 5)])
def test_a_picture_with_damaged_exif_data_is_refused(tag, kind):
    entries = sorted([(0x112, 3, 1, b"\6\0\0\0"), (tag, kind, 1, b"\1\0\0\0")])  # rotated, and a wrong type
    rows = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + rows + b"\0\0\0\0"
    stream = io.BytesIO()
    Image.new("L", (6, 4), 200).save(stream, "JPEG", exif=exif)
    with pytest.raises(InputError, match=r"x: expected a picture .*, found a damaged one"):
        picture(stream.getvalue(), SHAPE, "x")
