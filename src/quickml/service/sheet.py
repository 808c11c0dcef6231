"""Pictures of a dataset on one sheet, from which a page cuts them."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quickml.datasets import Data, Dataset, DatasetInfo
from quickml.errors import InputError
from quickml.service.loaded import LOADED, LoadedDatasets
from quickml.service.samples import SplitName, checked, refused, split

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MAX_PICTURES = 500
"""Most pictures of a sheet."""
SHEET_COLUMNS = 10
"""Pictures in a row of a sheet; a sheet of fewer has one row of them."""
MAX_SHEET_BYTES = 8 << 20
"""Most bytes of the pixels of a sheet."""


def sheet(dataset: Dataset, ids: Sequence[int], name: SplitName, loaded: LoadedDatasets = LOADED) -> bytes:
    """Pictures in the order asked for, as one PNG file.

    Picture `i` is in row `i // SHEET_COLUMNS` and column `i % SHEET_COLUMNS`, without a margin and not
    scaled. What remains of the last row is black. A sheet of fewer pictures is as wide as they are.

    Raises:
        InputError: the samples are not pictures, or these are too many pixels.
        RequestError: there is no sample with such an id.
        DatasetUnavailableError: see `LoadedDatasets.get`.
    """
    return sheet_of(*loaded.get(dataset), ids, name)


def sheet_of(info: DatasetInfo, data: Data, ids: Sequence[int], name: SplitName) -> bytes:
    """As `sheet`, of data that is there."""
    if not info.is_image or info.shape[2:] not in ((), (1,), (3,)):
        raise InputError(
            f"{info.name}: expected a dataset of grey or RGB pictures, found {info.kind} of shape"
            f" {info.shape}; ask for its samples"
        )
    most = min(MAX_PICTURES, MAX_SHEET_BYTES // math.prod(info.shape))
    if not 0 < len(ids) <= most:
        raise refused("ids", f"1 to {most:,} ids of pictures of shape {info.shape}", f"{len(ids):,}")
    pixels, _ = split(data, name)
    return png(_grid(pixels[checked(ids, len(pixels))]))


def _grid(pixels: Array) -> Array:
    """Pictures, uint8 (n, height, width) or (n, height, width, channels), side by side on one."""
    import numpy as np

    count, height, width, *channels = pixels.shape
    columns = min(count, SHEET_COLUMNS)
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height, width, *channels), np.uint8)
    cells[:count] = pixels
    side_by_side = cells.reshape(rows, columns, height, width, *channels).swapaxes(1, 2)
    return side_by_side.reshape(rows * height, columns * width, *channels)


def png(pixels: Array) -> bytes:
    """uint8 (height, width, channels) or (height, width) as a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels).save(buffer, format="PNG")
    return buffer.getvalue()
