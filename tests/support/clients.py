"""The two clients, so that a test is written once for both."""

import asyncio
import json
from contextlib import aclosing, closing
from itertools import islice

import pytest

from quickml import AsyncClient, Client
from scripted_server import answer


def problem(status, kind, problems=None, **headers):
    body = {"type": f"urn:quickml:problem:{kind}", "title": "No", "status": status, "detail": f"no: {kind}"}
    if problems:
        body["problems"] = problems
    return answer(status, json.dumps(body).encode(), kind="application/problem+json", **headers)


class Waiting:
    """`Client`'s own way."""

    @staticmethod
    def call(url, name, *arguments, **options):
        """`options` are those of the client."""
        with Client(url, **options) as client:
            return getattr(client, name)(*arguments)

    @staticmethod
    def listed(url, name, *arguments, **options):
        """`name` may also be a function from a client to an iterator."""
        with Client(url, **options) as client:
            iterate = name if callable(name) else lambda client: getattr(client, name)(*arguments)
            return list(iterate(client))

    @staticmethod
    def first(url, count, name, *arguments):
        """The first items of something that has no end."""
        with Client(url) as client, closing(getattr(client, name)(*arguments)) as items:
            return list(islice(items, count))


class Awaited:
    """`AsyncClient`'s."""

    @staticmethod
    def call(url, name, *arguments, **options):
        async def work():
            async with AsyncClient(url, **options) as client:
                return await getattr(client, name)(*arguments)

        return asyncio.run(work())

    @staticmethod
    def listed(url, name, *arguments, **options):
        async def work():
            async with AsyncClient(url, **options) as client:
                iterate = name if callable(name) else lambda client: getattr(client, name)(*arguments)
                return [item async for item in iterate(client)]

        return asyncio.run(work())

    @staticmethod
    def first(url, count, name, *arguments):
        async def work():
            async with AsyncClient(url) as client, aclosing(getattr(client, name)(*arguments)) as items:
                return [await anext(items) for _ in range(count)]

        return asyncio.run(work())


both = pytest.mark.parametrize("way", [Waiting, Awaited], ids=["Client", "AsyncClient"])
