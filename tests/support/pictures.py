"""Pictures, folders and archives of pictures, as users and strangers make them."""

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from quickml.datasets import PicturesReference
from quickml.pictures.cache import PictureCache
from quickml.pictures.catalog import silent
from quickml.pictures.prepare import prepare
from quickml.pictures.sources import opened


def photo(seed=0, size=(24, 20), mode="RGB"):
    """A smooth picture that differs from all others."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC).convert(mode)


def saved(image, format="PNG", **options):
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def fruit(count=6, labels=("Apple", "Kiwi")):
    """The contents of a folder of pictures by name."""
    return {
        f"{label}/{number}.png": saved(photo(100 * place + number))
        for place, label in enumerate(labels)
        for number in range(count)
    }


def written(folder, contents):
    """Write files into a folder; a name with `/` at its end is a folder."""
    for name, content in contents.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(path, contents, method=zipfile.ZIP_DEFLATED):
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def prepared(path, cache, progress=silent, **options):
    """Pictures as they are prepared for training."""
    reference = PicturesReference(file=path.name, **options)
    with opened(path, path.name) as source:
        return prepare(source, reference, PictureCache(cache), progress)


def png_header(width, height):
    """The head of a PNG file that claims this size, and nearly nothing else."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 99)),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
