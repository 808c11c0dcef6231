"""Files of arrays, as users and strangers make them."""

import gzip
import io
import struct
import zipfile

import numpy as np

from quickml.arrays.prepare import prepare
from quickml.arrays.sources import opened
from quickml.datasets import ArraysReference


def drawn(count=24, side=8):
    """Images of dark and light squares, and which is which."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = (
        rng.integers(0, 60, (count, side, side), np.uint8) + (labels * 150).astype(np.uint8)[:, None, None]
    )
    return images, labels


def npy(array=None, *, descr=None, shape=None, fortran=False, head=None, data=None):
    """An .npy entry, whose head may say something else than what follows."""
    if array is not None:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(array))
        if (descr, shape, head) == (None, None, None) and not fortran:
            return buffer.getvalue()
        descr, shape, data = descr or array.dtype.str, shape or array.shape, data or array.tobytes()
    text = head or repr({"descr": descr, "fortran_order": fortran, "shape": shape})
    text = text.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + (data or b"")


def npz(path, method=zipfile.ZIP_STORED, **entries):
    """Write an .npz file; an entry of bytes is written as it is."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(
                f"{name}.npy", content if isinstance(content, bytes) else npy(np.asarray(content))
            )
    return path


def idx(array, kind=None):
    """An IDX file."""
    codes = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    kind = kind or array.dtype.str[1:]
    head = bytes([0, 0, codes[kind], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def mnist(gz=False):
    """The contents of a folder of the four files of MNIST, with few images."""
    images, labels = drawn(32)
    labels = labels.astype(np.uint8)
    contents = {
        "train-images-idx3-ubyte": idx(images[:24]), "train-labels-idx1-ubyte": idx(labels[:24]),
        "t10k-images-idx3-ubyte": idx(images[24:]), "t10k-labels-idx1-ubyte": idx(labels[24:]),
    }  # fmt: skip
    if gz:
        contents = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents.items()}
    return contents


def prepared(path, **options):
    """Arrays as they are prepared for training."""
    labels = options.get("targets_file")
    with opened(path, path.name, (path.with_name(labels), labels) if labels else None) as source:
        return prepare(source, ArraysReference(file=path.name, **options))
