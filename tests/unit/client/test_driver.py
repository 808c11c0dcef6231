"""The two drivers: both do what a flow asks for, in the same way."""

import asyncio
import threading

import httpx
import pytest

from clients import both
from quickml.client.driver import AsyncDriver, Driver
from quickml.client.flow import Emit, Sleep, receive, run_blocking, send
from quickml.client.request import Call
from quickml.errors import UnreachableError
from scripted_server import answer, scripted

CALL = Call(method="GET", path="/a", read=bytes)


def driven(way, flow, url="http://127.0.0.1:1"):
    """All that a flow emits, and what it returns."""
    is_sync = way.__name__ == "Waiting"
    items = []

    def sync():
        with httpx.Client(base_url=url) as http, Driver(flow, http) as driver:
            while not items or items[-1] != "end":
                items.append(driver.advance())

    async def awaited():
        async with httpx.AsyncClient(base_url=url) as http, AsyncDriver(flow, http) as driver:
            while not items or items[-1] != "end":
                items.append(await driver.advance())

    sync() if is_sync else asyncio.run(awaited())
    return items


@both
def test_a_flow_is_sent_what_came_of_each_step(way):
    def flow():
        head = yield from send(CALL)
        yield Emit(item=(head.status, head.headers["x-y"]))
        yield Emit(item=(yield from receive()))
        yield Emit(item=(yield from receive()))
        yield Sleep(pause_s=0.0)
        yield Emit(item=(yield from run_blocking(lambda: 5)))
        return "end"

    with scripted(lambda _: answer(body=b"body", X_Y="z")) as server:
        assert driven(way, flow(), server.url) == [(200, "z"), b"body", b"", 5, "end"]


@both
def test_errors_are_raised_into_the_flow(way):
    def flow():
        try:
            yield from send(CALL)
        except UnreachableError as error:
            yield Emit(item=error.was_sent)
        try:
            yield from run_blocking(lambda: 1 // 0)
        except ZeroDivisionError:
            yield Emit(item="caught")
        return "end"

    assert driven(way, flow()) == [False, "caught", "end"]


@both
def test_an_error_that_the_flow_does_not_catch_ends_it(way):
    closed = []

    def flow():
        try:
            yield from run_blocking(lambda: 1 // 0)
        finally:
            closed.append(True)

    with pytest.raises(ZeroDivisionError):
        driven(way, flow())
    assert closed == [True]


@both
def test_what_blocks_does_so_in_a_thread_where_there_is_an_event_loop(way):
    def flow():
        yield Emit(item=(yield from run_blocking(threading.get_ident)))
        return "end"

    thread, _ = driven(way, flow())
    assert (thread == threading.get_ident()) == (way.__name__ == "Waiting")


def test_a_response_is_closed_before_anything_else_is_done():
    """A server is not kept waiting with half of a response while a client pauses."""

    def flow():
        yield from send(CALL)
        yield from receive()
        yield Emit(item=True)
        yield Sleep(pause_s=0.0)
        yield Emit(item=False)

    with (
        scripted(lambda _: answer(body=b"x", length=5)) as server,
        httpx.Client(base_url=server.url) as http,
        Driver(flow(), http) as driver,
    ):
        assert driver.advance()
        assert not driver._response.is_closed
        assert not driver.advance()
        assert driver._response.is_closed


def test_a_flow_that_is_left_early_is_closed():
    closed = []

    def flow():
        try:
            yield Emit(item=1)
        finally:
            closed.append(True)

    with httpx.Client() as http, Driver(flow(), http) as driver:
        assert driver.advance() == 1
    assert closed == [True]
