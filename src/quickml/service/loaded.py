"""Datasets that are kept in memory after they were looked at: few, and only small enough ones."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict

from quickml.datasets import REGISTERED, Catalog, Data, Dataset, DatasetInfo
from quickml.errors import DatasetError, DatasetUnavailableError, DocumentError, RequestError

log = logging.getLogger(__name__)

MAX_BYTES = 64 << 20
"""Memory of all kept datasets, and of the largest one; MNIST takes 55 MB."""
MAX_SAMPLES = 100_000
"""Of a dataset that is not pictures: it may be drawn sample by sample in Python."""
PLAIN_BYTES = 32
"""Memory per number while a dataset that is not pictures is drawn, mostly in float64."""


class LoadedDatasets:
    """Arrays of datasets by name and options, those used last. Calls may come from any thread.

    One dataset is loaded at a time, so concurrent first calls load it once, and memory is bounded.
    """

    def __init__(self, catalog: Catalog = REGISTERED, max_bytes: int = MAX_BYTES) -> None:
        self._catalog, self._max_bytes = catalog, max_bytes
        self._kept: OrderedDict[str, Data] = OrderedDict()
        self._loading, self._changing = threading.Lock(), threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Memory of the arrays that are kept."""
        with self._changing:
            return sum(map(_size_bytes, self._kept.values()))

    def get(self, dataset: Dataset) -> tuple[DatasetInfo, Data]:
        """The description and the arrays of a dataset with options.

        Raises:
            RequestError: an option does not fit the dataset, or it is too large to be looked at.
            DatasetUnavailableError: it cannot be described or loaded, or would have to be fetched first.
        """
        info = self._described(dataset)
        self._check_size(info)
        key = dataset.model_dump_json()
        if (found := self._recent(key)) is None:
            with self._loading:
                found = self._recent(key) or self._keep(key, self._load(dataset))
        return info, found

    def _described(self, dataset: Dataset) -> DatasetInfo:
        try:
            return self._catalog.describe(dataset).info
        except DocumentError as error:
            raise RequestError(error.problems) from None
        except DatasetError as error:
            raise _unavailable(dataset, error) from None

    def _check_size(self, info: DatasetInfo) -> None:
        samples, numbers = sum(info.sizes), math.prod(info.shape)
        most = self._max_bytes // (numbers * (1 if info.is_image else PLAIN_BYTES))
        most = most if info.is_image else min(most, MAX_SAMPLES)
        if samples > most:
            expected = f"expected at most {most:,} samples of shape {info.shape} to look at"
            raise DatasetUnavailableError(f"{info.name}: {expected}, found {samples:,}; ask for fewer")

    def _recent(self, key: str) -> Data | None:
        with self._changing:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: str, data: Data) -> Data:
        with self._changing:
            self._kept[key] = data
            while len(self._kept) > 1 and sum(map(_size_bytes, self._kept.values())) > self._max_bytes:
                self._kept.popitem(last=False)
        return data

    def _load(self, dataset: Dataset) -> Data:
        if not dataset.is_local():
            raise DatasetUnavailableError(
                f"{dataset.name}: expected its data on the server, found none yet; a training fetches it"
            )
        try:
            return self._catalog.load(dataset)
        except DatasetError as error:
            raise _unavailable(dataset, error) from None


def _unavailable(dataset: Dataset, error: DatasetError) -> DatasetUnavailableError:
    """What a client may know: the error itself may name paths of the server."""
    log.warning("%s", error)
    return DatasetUnavailableError(
        f"{dataset.name}: expected data that can be loaded, found none; the server's log says why"
    )


def _size_bytes(data: Data) -> int:
    return sum(array.nbytes for array in (data.x_train, data.y_train, data.x_test, data.y_test))


LOADED = LoadedDatasets()
"""Those of this process."""
