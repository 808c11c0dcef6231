"""The calls of `Client` about documents, and what they may contain."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from quickml.api.catalog import SampleList
from quickml.api.validation import ValidationMessage
from quickml.client import endpoints
from quickml.client.base import BaseClient
from quickml.client.call import call
from quickml.client.driver import Driver
from quickml.client.endpoints import Document
from quickml.client.flow import Flow
from quickml.client.request import Call

T = TypeVar("T")


class CatalogueClient(BaseClient[httpx.Client]):
    """Checks documents, and lists datasets and layers."""

    _open = httpx.Client

    def validate(self, document: Document) -> ValidationMessage:
        """Every problem with a document, or its layers and sizes. Nothing is trained."""
        return self._call(endpoints.validate(document))

    def datasets(self) -> list[dict[str, Any]]:
        """Every dataset."""
        return self._call(endpoints.listed("datasets"))

    def dataset(self, name: str) -> dict[str, Any]:
        """One dataset, with its options as JSON Schema and some of its samples."""
        return self._call(endpoints.dataset(name))

    def samples(
        self,
        name: str,
        *,
        options: Mapping[str, Any] = endpoints.NO_OPTIONS,
        split: str = "test",
        ids: Sequence[int] | None = None,
        labels: Sequence[str] = (),
        per_class: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> SampleList:
        """Samples of a dataset, in columns: `ids`, `targets`, `values`.

        Args:
            name: of the dataset.
            options: of the dataset, as in a document: `{"noise": 0.3}`.
            split: `train` or `test`.
            ids: indexes in the split; the arguments that follow are then unused.
            labels: only samples of these classes.
            per_class: only the first samples of each class, class by class.
            limit: page size, at most 2000. A page may hold fewer; `next` is the offset of the next one.
            offset: number of matching samples to skip.

        Raises:
            ServiceError: there is no such dataset, option, label or sample.
        """
        return self._call(
            endpoints.samples(
                name,
                options=options,
                split=split,
                ids=ids,
                labels=labels,
                per_class=per_class,
                limit=limit,
                offset=offset,
            )
        )

    def sheet(
        self,
        name: str,
        ids: Sequence[int],
        *,
        options: Mapping[str, Any] = endpoints.NO_OPTIONS,
        split: str = "test",
    ) -> bytes:
        """Pictures of a dataset as one PNG file: ten in a row, without margins, in the order of `ids`.

        Args:
            name: of the dataset.
            ids: indexes in the split, at most 500.
            options: of the dataset, as in a document.
            split: `train` or `test`.

        Raises:
            InputError: the samples of the dataset are not pictures.
            ServiceError: there is no such dataset, option or sample.
        """
        return self._call(endpoints.sheet(name, ids, options=options, split=split))

    def layers(self) -> list[dict[str, Any]]:
        """Every layer type, with its arguments as JSON Schema."""
        return self._call(endpoints.listed("layers"))

    def examples(self) -> list[dict[str, Any]]:
        """Documents to start from, as text."""
        return self._call(endpoints.listed("examples"))

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a document."""
        return self._call(endpoints.schema())

    def _call(self, request: Call[T]) -> T:
        return self._run(call(request, self._contact))

    def _run(self, flow: Flow[T]) -> T:
        with Driver(flow, self._http) as driver:
            return driver.advance()

    def _iterate(self, flow: Flow[T | None]) -> Generator[T, None, None]:
        with Driver(flow, self._http) as driver:
            while (item := driver.advance()) is not None:
                yield item
