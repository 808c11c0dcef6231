"""MNIST, which is bundled, and Fashion-MNIST, downloaded at first use. Each consists of four IDX files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from quickml.datasets.data import Data
from quickml.datasets.dataset import Dataset
from quickml.datasets.info import DatasetInfo
from quickml.datasets.places import cache_folder
from quickml.datasets.registry import register
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
"""sha256 of each decompressed file."""

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Folder of the Debian package dataset-fashion-mnist."""

ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
"""Download location of the authors. It is plain http, so every file is checked against its sha256."""

FASHION_MNIST = _pins(
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
"""sha256 of each decompressed file. Debian's compressed files differ from Zalando's."""

FASHION_MNIST_PACKED = _pins(
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)
"""sha256 of each compressed file that Zalando publishes."""


class _Mnist(Dataset):
    """70,000 images of 28 by 28 grey pixels, of which 10,000 are the test set."""

    num_samples: Annotated[int, Field(ge=100, le=60_000)] | None = None
    """Train with this many images only, stratified by class."""

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of training and test samples."""
        return self.num_samples or 60_000, 10_000

    def _read(self, paths: Mapping[str, Path], sha256: Mapping[str, str]) -> Data:
        """Images, uint8 (n, 28, 28, 1), and labels, int32 (n,), in the published order if all are used."""
        from concurrent.futures import ThreadPoolExecutor

        import numpy as np

        from quickml.datasets.idx import read_idx
        from quickml.datasets.split import split

        # zlib and hashlib release the GIL, so that the files are decompressed in parallel.
        with ThreadPoolExecutor(len(FILES)) as pool:
            x_train, y_train, x_test, y_test = pool.map(
                lambda name: read_idx(paths[name], sha256[name]), FILES
            )
        targets, held_out = y_train.astype(np.int32), y_test.astype(np.int32)
        if self.num_samples is not None:
            _, chosen = split(targets, self.num_samples, self.seed)
            x_train, targets = x_train[chosen], targets[chosen]
        return Data(x_train=x_train[..., None], y_train=targets, x_test=x_test[..., None], y_test=held_out)


@register
class Mnist(_Mnist):
    """Handwritten digits: 60,000 training and 10,000 test images of 28 by 28 grey pixels."""

    name: Literal["mnist"] = "mnist"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Handwritten digits (MNIST)",
            source="LeCun, Cortes, Burges; CC BY-SA 3.0",
            kind="image",
            shape=(28, 28, 1),
            labels=tuple("0123456789"),
            sizes=self.sizes,
        )

    def load(self) -> Data:
        return self._read({name: BUNDLED / f"{name}.gz" for name in FILES}, MNIST)


@register
class MnistRows(_Mnist):
    """MNIST for recurrent layers: each image is a sequence of 28 rows. An app passes an image."""

    name: Literal["mnist_rows"] = "mnist_rows"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Handwritten digits (MNIST), row by row",
            source="LeCun, Cortes, Burges; CC BY-SA 3.0",
            kind="image",
            shape=(28, 28),
            labels=tuple("0123456789"),
            sizes=self.sizes,
        )

    def load(self) -> Data:
        """Like `Mnist`, with each image as a sequence of rows: uint8 (n, 28, 28)."""
        data = self._read({name: BUNDLED / f"{name}.gz" for name in FILES}, MNIST)
        return replace(data, x_train=data.x_train[..., 0], x_test=data.x_test[..., 0])


@register
class FashionMnist(_Mnist):
    """Clothing, in the format of MNIST and harder to classify. Downloaded at first use: 31 MB."""

    name: Literal["fashion_mnist"] = "fashion_mnist"

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name=self.name,
            title="Clothing (Fashion-MNIST)",
            source="Zalando Research; MIT",
            kind="image",
            shape=(28, 28, 1),
            labels=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            sizes=self.sizes,
        )

    def load(self) -> Data:
        folder = DEBIAN if _has_all(DEBIAN) else _cache()
        if not _has_all(folder):
            for name in FILES:
                _download(name, folder)
        return self._read(_paths(folder), FASHION_MNIST)

    def is_local(self) -> bool:
        return _has_all(DEBIAN) or _has_all(_cache())


def _paths(folder: Path) -> dict[str, Path]:
    return {name: folder / f"{name}.gz" for name in FILES}


def _has_all(folder: Path) -> bool:
    return all(path.is_file() for path in _paths(folder).values())


def _cache() -> Path:
    return cache_folder() / "fashion-mnist"


def _download(name: str, folder: Path) -> None:
    """Fetch a compressed file, unless it is in the folder.

    Raises:
        DatasetError: the file cannot be fetched or stored, or its checksum differs.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(
            f"{ZALANDO}{name}.gz",
            known_hash=f"sha256:{FASHION_MNIST_PACKED[name]}",
            fname=f"{name}.gz",
            path=folder,
        )
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong sha256 is a ValueError
        raise DatasetError(
            f"fashion_mnist: expected to fetch {name}.gz from {ZALANDO}, found {_obstacle(error)}; connect to"
            " the internet and try again, or install Debian's package dataset-fashion-mnist, or put its four"
            f" files into {folder}"
        ) from error


def _obstacle(error: OSError | ValueError) -> str:
    """Why a download failed, in a few words; the text of requests' errors is many lines long."""
    response = getattr(error, "response", None)
    if response is not None:
        response.close()  # pooch leaves it open
        return f"the answer {response.status_code}"
    if isinstance(error, ValueError):
        return "a file with another content"
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else "no connection"
