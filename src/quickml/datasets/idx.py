"""Read IDX files, the format of MNIST (http://yann.lecun.com/exdb/mnist/).

A file consists of two zero bytes, a type (8 is uint8), the number of dimensions, the size of each dimension
as a big-endian 32-bit integer, and the values.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from quickml.errors import DatasetError

Array = npt.NDArray[np.uint8]


def read_idx(path: Path, sha256: str) -> Array:
    """Read an IDX file of type uint8 that is compressed with gzip.

    Args:
        path: the compressed file.
        sha256: checksum of the decompressed content.

    Returns:
        A read-only uint8 array with the shape in the file's header.

    Raises:
        DatasetError: the file is missing or damaged, its checksum differs, or it is not an IDX file of uint8.
    """
    try:
        content = zlib.decompress(path.read_bytes(), wbits=31)  # 31: a gzip header
    except OSError as error:
        raise DatasetError(f"{path}: expected a data file, found none that can be read ({error})") from error
    except zlib.error as error:
        raise DatasetError(f"{path}: damaged, fetch or install it again ({error})") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DatasetError(
            f"{path}: expected content with sha256 {sha256}, found {found}; fetch or install it again"
        )
    return _parse_idx(content, str(path))


def _parse_idx(content: bytes, name: str) -> Array:
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise DatasetError(f"{name}: expected an IDX file of bytes (00 00 08), found {content[:3].hex(' ')}")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DatasetError(f"{name}: expected {dimensions} dimensions, found {len(content)} bytes in all")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise DatasetError(f"{name}: expected values of shape {shape}, found {len(content) - start} bytes")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
