"""A request of a client, and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from quickml.errors import ServiceError

T = TypeVar("T")

JSON = {"Accept": "application/json"}
MAX_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """A request. It is idempotent, so it can be sent again when its fate is unknown."""

    method: str
    path: str
    read: Callable[[bytes], T]
    """Reads the body of a successful answer. Raises ValueError where it is not as expected."""
    query: Mapping[str, str | int | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    content: bytes | None = None

    def result(self, content: bytes) -> T:
        """The answer, read.

        Raises:
            ServiceError: the answer is not as expected.
        """
        try:
            return self.read(content)
        except ValueError as error:
            found = repr(content[:MAX_SHOWN])
            raise ServiceError(
                f"{self.method} {self.path}: expected another answer, found {found} ({_first(error)});"
                " is this a QuickML server of this version?"
            ) from None


def posted(
    path: str,
    read: Callable[[bytes], T],
    content: bytes,
    *,
    query: Mapping[str, str | int | list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Call[T]:
    """A request with a body of JSON."""
    headers = {**JSON, "Content-Type": "application/json", **(headers or {})}
    return Call(method="POST", path=path, read=read, content=content, headers=headers, query=query or {})


def _first(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'/'.join(map(str, first['loc'])) or 'the answer'}: {first['msg']}"
    return str(error)
