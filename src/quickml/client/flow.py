"""Flows: generators that ask for the next step and are sent its result, as httpx's `auth_flow` does.

A flow decides what to do and performs no network input or output itself. `driver.py` runs it, with or without
an event loop. Flows are combined with `yield from`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

from quickml.client.request import Call
from quickml.errors import ServiceError

T = TypeVar("T")

MAX_BODY_BYTES = 64 << 20
"""Limit on a JSON response. The largest ones are a model's activations for a batch of images."""
MAX_ERROR_BODY_BYTES = 1 << 20
OVERSIZED = "oversized"
"""`ServiceError.kind` of a response body above these limits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseHead:
    """Status and headers of a response whose body has not been received yet."""

    status: int
    headers: Mapping[str, str]
    """Looked up in lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A request body that is read while it is sent. The request has a `Content-Length`."""

    pieces: Callable[[], Iterator[bytes]]
    """Reads it from its beginning; blocks."""
    on_sent: Callable[[int], None]
    """Called with the size of each piece that was sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """Send a request and wait for the response. Result: its `ResponseHead`.

    The response stays open while the flow does nothing but `Receive` and `Emit`.

    Raises into the flow:
        UnreachableError: the connection failed.
    """

    call: Call[Any]
    is_event_stream: bool = False
    """Allow `driver.SILENCE_S` between two chunks."""
    body: Outgoing | None = None
    """Sent instead of the call's content."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receive:
    """Wait for the next chunk of the response body. Result: bytes, empty at the end of the body.

    Raises into the flow:
        UnreachableError: the connection failed.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Sleep:
    """Wait. Result: None."""

    pause_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RunBlocking:
    """Call a function that blocks, usually on the disk; in a thread where there is an event loop.

    Result: what it returns. What it raises is raised into the flow.
    """

    work: Callable[[], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Emit:
    """Hand an item to the caller, such as an event. Result: None."""

    item: object


Step: TypeAlias = Send | Receive | Sleep | RunBlocking | Emit
Flow: TypeAlias = Generator[Step, Any, T]
"""A flow that returns T at its end."""


def send(
    call: Call[Any], *, is_event_stream: bool = False, body: Outgoing | None = None
) -> Flow[ResponseHead]:
    """See `Send`."""
    return cast(ResponseHead, (yield Send(call=call, is_event_stream=is_event_stream, body=body)))


def receive() -> Flow[bytes]:
    """See `Receive`."""
    return cast(bytes, (yield Receive()))


def run_blocking(work: Callable[[], T]) -> Flow[T]:
    """See `RunBlocking`."""
    return cast(T, (yield RunBlocking(work=work)))


def run_steps(steps: Iterator[T], on_step: Callable[[T], None] = lambda _: None) -> Flow[None]:
    """Exhaust an iterator that blocks, one `RunBlocking` per item; `on_step` gets each item."""
    while (step := (yield from run_blocking(lambda: next(steps, None)))) is not None:
        on_step(step)


def receive_body(head: ResponseHead, call: Call[Any]) -> Flow[bytes]:
    """The whole body of a response to `call`. It is not decompressed: a few bytes may become millions.

    Raises:
        ServiceError: it is larger than the limit.
    """
    body = bytearray()
    limit_bytes = MAX_BODY_BYTES if 200 <= head.status < 300 else MAX_ERROR_BODY_BYTES
    while chunk := (yield from receive()):
        body += chunk
        if len(body) > limit_bytes:
            expected = f"expected a response of at most {limit_bytes:,} bytes, found more"
            message = f"{call.method} {call.path}: {expected} (status {head.status})"
            raise ServiceError(message, status=head.status, kind=OVERSIZED)
    return bytes(body)
