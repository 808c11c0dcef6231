"""Which picture files are read, how they look as pixels, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from pictures import fruit, photo, png_header, prepared, saved, written
from quickml.errors import DocumentError
from quickml.pixels import header, picture

SHAPE = (12, 16, 3)
TURNS = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""What was done to a picture whose EXIF orientation undoes it."""


def turned(image, orientation, format="PNG"):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = TURNS[orientation]
    return saved(image if turn is None else image.transpose(turn), format, exif=exif)


@pytest.mark.parametrize("resize", ["crop", "fit", "stretch"])
@pytest.mark.parametrize("size", [(16, 12), (33, 20), (20, 47), (401, 300)])
def test_all_eight_orientations_are_equal(size, resize):
    image = photo(3, size)
    found = [picture(turned(image, orientation), SHAPE, "x", resize=resize) for orientation in TURNS]
    for array in found[1:]:
        assert np.abs(array.astype(int) - found[0]).max() <= (1 if max(size) < 100 else 4)
    for orientation in TURNS:
        head = header(turned(image, orientation), "x")
        assert (head.width, head.height) == size


def squares(width, height):
    """Red on the left, white in the middle, blue on the right, in a picture of three squares."""
    pixels = np.zeros((height, width, 3), np.uint8)
    third = width // 3
    pixels[:, :third], pixels[:, third : 2 * third], pixels[:, 2 * third :] = (
        (255, 0, 0),
        (255, 255, 255),
        (0, 0, 255),
    )
    return saved(Image.fromarray(pixels))


@pytest.mark.parametrize("side", [10, 100])
def test_proportions_are_cropped_fitted_or_stretched(side):
    content = squares(3 * side, side)
    cropped = picture(content, (10, 10, 3), "x", resize="crop")
    assert (cropped == 255).all()
    stretched = picture(content, (9, 9, 3), "x")
    assert tuple(stretched[4, 0]) == (255, 0, 0)
    assert tuple(stretched[4, -1]) == (0, 0, 255)
    fitted = picture(content, (30, 30, 3), "x", resize="fit")
    assert not fitted[:10].any()
    assert not fitted[20:].any()
    assert tuple(fitted[15, 0]) == (255, 0, 0)
    assert tuple(fitted[15, -1]) == (0, 0, 255)


@pytest.mark.parametrize("shape", [(40, 20), (20, 40), (31, 7), (7, 31)])
@pytest.mark.parametrize("size", [(300, 200), (50, 700), (8, 8), (40, 20)])
def test_a_crop_is_that_of_the_middle(shape, size):
    image = photo(5, size)
    height, width = shape
    scale = max(width / size[0], height / size[1])
    visible = width / scale, height / scale
    left, top = (size[0] - visible[0]) / 2, (size[1] - visible[1]) / 2
    box = (left, top, left + visible[0], top + visible[1])
    expected = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box=box), int)
    found = picture(saved(image), (height, width, 3), "x", resize="crop")
    assert np.abs(found - expected).mean() < 1.5


def grey_ramp(mode):
    values = np.linspace(0, 255, 16).round().astype(np.uint8)
    rows = np.repeat(values[None], 12, axis=0)
    if mode == "I;16":
        return Image.fromarray(rows.astype(np.uint16) * 257)
    return Image.fromarray(rows).convert(mode)


@pytest.mark.parametrize(
    ("mode", "format", "most"),
    [("L", "PNG", 0), ("I;16", "PNG", 0), ("P", "PNG", 3), ("LA", "PNG", 0), ("RGBA", "PNG", 0), ("CMYK", "JPEG", 8),
     ("L", "JPEG", 4), ("RGB", "WEBP", 12), ("L", "BMP", 0), ("P", "BMP", 3)],
)  # fmt: skip
def test_modes_look_the_same(mode, format, most):
    expected = np.asarray(grey_ramp("RGB"), int)
    found = picture(saved(grey_ramp(mode), format), SHAPE, "x")
    assert np.abs(found - expected).max() <= most


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_transparent_parts_are_white(format):
    clear = Image.new("RGBA", (16, 12), (200, 0, 0, 0))
    assert (picture(saved(clear, format), SHAPE, "x") >= 254).all()


def test_transparency_of_a_palette_is_white():
    image = Image.new("P", (16, 12), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert (picture(saved(image, transparency=1), SHAPE, "x") == 255).all()


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken_and_that_is_told(format, tmp_path):
    frames = [Image.new("RGB", (16, 12), colour) for colour in ("red", "green", "blue")]
    moving = saved(frames[0], format, save_all=True, append_images=frames[1:])
    name = f"Apple/moving.{format.lower()}"
    found = prepared(written(tmp_path / "fruit", {**fruit(), name: moving}), tmp_path / "cache")
    assert "animated pictures, of which the first frame is taken: 1" in " ".join(
        notice.message for notice in found.notices
    )
    assert picture(moving, SHAPE, "x")[..., 0].min() > 240


def test_48_megapixels_are_read():
    assert picture(saved(Image.new("RGB", (8000, 6000), "red"), "JPEG"), SHAPE, "x").shape == SHAPE


BAD = {
    "empty.jpg": (b"", "found an empty file", "remove it, or copy it again"),
    "text.jpg": (b"These are not the pixels you are looking for.\n", "found a text", "remove it"),
    "truncated.jpg": (saved(photo(1, (300, 200)), "JPEG")[:-900], "found a damaged one", '"damaged": "skip"'),
    "truncated.png": (saved(photo(1))[:-60], "found a damaged one", '"damaged": "skip"'),
    "IMG_0012.HEIC": (b"\0\0\0\x24ftypheic\0\0\0\0", "found HEIC", 'set the iPhone\'s camera to "Most Compatible"'),
    "heic.jpg": (b"\0\0\0\x24ftypmif1\0\0\0\0", "found HEIC", 'set the iPhone\'s camera to "Most Compatible"'),
    "a.gif": (saved(photo(1), "GIF"), "found GIF", "convert it"),
    "a.tiff": (saved(photo(1), "TIFF"), "found TIFF", "convert it"),
    "bomb.png": (png_header(60_000, 60_000), "expected a picture of at most 64,000,000 pixels, found more", ""),
    "bomb2.png": (png_header(2**31 - 1, 2**31 - 1), "at most 64,000,000 pixels, found more", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_picture_is_refused_or_skipped(name, tmp_path, monkeypatch):
    content, found, hint = BAD[name]
    folder = written(tmp_path / "fruit", {**fruit(), f"Kiwi/{name}": content})
    with pytest.raises(DocumentError) as caught:
        prepared(folder, tmp_path / "cache")
    (problem,) = caught.value.problems
    assert (problem.code, problem.pointer) == ("picture-file", "/dataset/file")
    assert problem.values["entry"] == f"Kiwi/{name}"
    assert found in str(problem)
    assert f"(fruit: Kiwi/{name})" in str(problem)
    assert hint in problem.hint
    skipped = prepared(folder, tmp_path / "cache", damaged="skip")
    assert sum(skipped.info.sizes) == 12
    assert "pictures that cannot be read, which are left out: 1" in [
        notice.message for notice in skipped.notices
    ]


def test_a_picture_of_3_6_gigapixels_is_not_decoded(tmp_path, monkeypatch):
    decoded = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda image: decoded.append(image.size))
    folder = written(tmp_path / "fruit", {**fruit(), "Kiwi/bomb.png": png_header(60_000, 60_000)})
    with pytest.raises(DocumentError, match="64,000,000 pixels"):
        prepared(folder, tmp_path / "cache")
    assert decoded == []


def test_of_many_bad_pictures_the_first_are_named(tmp_path):
    folder = written(tmp_path / "fruit", {**fruit(), **{f"Kiwi/bad{n}.jpg": b"" for n in range(9)}})
    with pytest.raises(DocumentError) as caught:
        prepared(folder, tmp_path / "cache")
    assert len(caught.value.problems) == 5
    assert caught.value.problems[-1].found.endswith("and 4 others like these")


def test_no_metadata_is_kept(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    contents = {**fruit(), "Kiwi/secret-name.jpg": saved(photo(9), "JPEG", exif=exif)}
    found = prepared(written(tmp_path / "fruit", contents), tmp_path / "cache")
    found.data()
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        assert path.stat().st_mode & 0o077 == 0
        assert b"secret" not in path.read_bytes()
