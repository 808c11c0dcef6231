"""MNIST, which QuickML carries, and its sibling of clothing, which is fetched.

Both come as four IDX files (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type (8 is uint8), the
number of dimensions, each dimension as a big-endian 32-bit integer, then the values.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from quickml.datasets.data import Array, Data, split
from quickml.document.datasets import FashionMnist, Mnist, MnistRows
from quickml.errors import DatasetError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def _pins(*sha256: str) -> dict[str, str]:
    return dict(zip(FILES, sha256, strict=True))


BUNDLED = Path(__file__).parent / "files" / "mnist"

MNIST = _pins(
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
"""sha256 of each unpacked file."""

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts the files."""

ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
"""Where the authors publish them; over plain http, which is why nothing is believed without its sha256."""

FASHION_MNIST = _pins(
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
"""sha256 of each unpacked file: Debian has packed them anew, so that the packed ones differ."""

FASHION_MNIST_PACKED = _pins(
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)
"""sha256 of each file as Zalando packed it."""


def mnist(dataset: Mnist | MnistRows) -> Data:
    """Pictures uint8 (n, 28, 28, 1), labels int32 (n,); the whole in the order it was published in."""
    return _read_all({name: BUNDLED / f"{name}.gz" for name in FILES}, MNIST, dataset)


def mnist_rows(dataset: MnistRows) -> Data:
    """As `mnist`, each picture as a sequence of rows: uint8 (n, 28, 28)."""
    data = mnist(dataset)
    return replace(data, x_train=data.x_train[..., 0], x_test=data.x_test[..., 0])


def fashion_mnist(dataset: FashionMnist) -> Data:
    """Pictures uint8 (n, 28, 28, 1), labels int32 (n,); the whole in the order it was published in."""
    paths = {name: DEBIAN / f"{name}.gz" for name in FILES}
    if not all(path.is_file() for path in paths.values()):
        paths = {name: _download(name) for name in FILES}
    return _read_all(paths, FASHION_MNIST, dataset)


def _read_all(
    paths: Mapping[str, Path], sha256: Mapping[str, str], dataset: Mnist | MnistRows | FashionMnist
) -> Data:
    # zlib and hashlib let go of the interpreter's lock, so that the files unpack side by side.
    with ThreadPoolExecutor(len(FILES)) as pool:
        x_train, y_train, x_test, y_test = pool.map(lambda name: read_idx(paths[name], sha256[name]), FILES)
    y_train, y_test = y_train.astype(np.int32), y_test.astype(np.int32)
    if dataset.num_samples is not None:
        _, chosen = split(y_train, dataset.num_samples, dataset.seed)
        x_train, y_train = x_train[chosen], y_train[chosen]
    return Data(x_train=x_train[..., None], y_train=y_train, x_test=x_test[..., None], y_test=y_test)


def read_idx(path: Path, sha256: str) -> Array:
    """Read a gzip-packed IDX file of bytes.

    Args:
        path: the packed file.
        sha256: of the unpacked content.

    Returns:
        uint8, of the shape that the file's header gives; read-only.

    Raises:
        DatasetError: it is missing, damaged, another file than expected, or no IDX file of bytes.
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


def _download(name: str) -> Path:
    """The packed file in pooch's cache, fetched on first use.

    Raises:
        DatasetError: it cannot be fetched, or is not what was published.
    """
    import pooch

    file = f"{name}.gz"
    folder = Path(pooch.os_cache("quickml")) / "fashion-mnist"
    try:
        path = pooch.retrieve(
            ZALANDO + file, known_hash=f"sha256:{FASHION_MNIST_PACKED[name]}", fname=file, path=folder
        )
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong sha256 is a ValueError
        raise DatasetError(
            f"Fashion-MNIST: {file} cannot be fetched ({error}). Connect to the internet and try again, "
            f"or install Debian's package dataset-fashion-mnist, or put the four files of {ZALANDO} "
            f"into {folder}"
        ) from error
    return Path(path)
