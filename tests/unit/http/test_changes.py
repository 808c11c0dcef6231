"""All changes of an owner's jobs over HTTP: a stream that can be resumed, and pages of JSON."""

import asyncio
import dataclasses
import json

import pytest

from job_examples import epoch_ended, finish, new, started
from quickml.api.jobs import ChangePage
from quickml.http.event_stream import GREETING, EventStream
from quickml.http.routes.events import _all_of, encode
from quickml.http.state import state_of
from quickml.service import EventHub
from served import Served, is_problem, served


def page(server, **query):
    answer = server.client.get("/v1/events", params=query, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return ChangePage.model_validate_json(answer.content)


def test_pages_go_on_from_a_position(tmp_path):
    with served(tmp_path, workers=0) as server:
        assert page(server) == ChangePage(changes=(), position=0)
        jobs = [server.submit(), server.submit()]
        attempt = server.store.claim()
        server.store.append(attempt, [started(), epoch_ended(1, loss=float("nan"))])
        found = page(server, after=0)
        assert [(one.job_id, one.change, one.id) for one in found.changes] == [
            (jobs[0], "submitted", None),
            (jobs[1], "submitted", None),
            (jobs[0], "event", 1),
            (jobs[0], "event", 2),
        ]
        assert [one.position for one in found.changes] == [1, 2, 3, 4]
        assert found.changes[0].time is not None
        assert found.changes[3].event.type == "epoch"
        assert (found.position, page(server).position) == (4, 4)
        finish(server.store, attempt)
        server.client.delete(f"/v1/jobs/{jobs[0]}")
        rest = page(server, after=4)
        assert [(one.job_id, one.change) for one in rest.changes] == [(jobs[0], "deleted")]
        assert page(server, after=10**9) == ChangePage(changes=(), position=rest.position)


def test_an_owner_sees_nothing_of_others(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        tokens = {owner: server.tokens.create(owner)[1] for owner in ("ada", "bob")}
        server.store.submit(new("ada"))
        found = {}
        for owner, token in tokens.items():
            headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
            found[owner] = server.client.get("/v1/events?after=0", headers=headers).json()["position"]
        assert found == {"ada": 1, "bob": 0}
        is_problem(server.client.get("/v1/events"), 401, "unauthorized")


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={10**30}"])
def test_a_position_that_is_none_is_refused(tmp_path, query):
    with served(tmp_path, workers=0) as server:
        is_problem(server.client.get(f"/v1/events?{query}"), 422, "request")
        is_problem(server.client.get("/v1/events", headers={"Accept": "image/png"}), 406, "not-acceptable")


class Stream:
    """A stream of all changes, as a server runs it."""

    def __init__(self, server, watchers, after):
        self.sent, self.leaves, self.changed = b"", Leaving(), asyncio.Event()
        state = dataclasses.replace(state_of(server.app), watchers=watchers)
        answer = EventStream(state, _all_of(state, "anyone"), after=after)
        self.task = asyncio.create_task(answer({"type": "http"}, self.leaves.wait_for_end, self.send))

    async def send(self, message):
        self.sent += message.get("body", b"")
        self.changed.set()

    @property
    def told(self):
        blocks = self.sent.removeprefix(GREETING).decode().split("\n\n")
        return [json.loads(block.partition("data: ")[2]) for block in blocks if "data: " in block]


class Leaving(asyncio.Event):
    async def wait_for_end(self):
        await self.wait()
        return {"type": "http.disconnect"}


def test_a_stream_tells_of_every_job_each_change_once(tmp_path):
    """Streams begin and are resumed at every moment, while jobs come, go on and are deleted."""

    async def run():
        server = Served(tmp_path, workers=0)
        watchers = EventHub(server.jobs, encode, most=100, capacity=20)
        reader = asyncio.create_task(watchers.run())
        streams = []
        for number in range(8):
            job_id = server.store.submit(new("anyone"))[0].id
            streams.append((server.store.feed.position("anyone"), follow(server, watchers)))
            attempt = server.store.claim()
            for epoch in range(10):
                server.store.append(attempt, [epoch_ended(epoch)])
                await asyncio.sleep(0)
            finish(server.store, attempt)
            if number % 2:
                server.store.delete(job_id)
            await asyncio.sleep(0.01)
        newest = server.store.feed.position("anyone")
        for after, stream in streams:
            while not (stream.told and stream.told[-1]["position"] == newest):
                stream.changed.clear()
                await asyncio.wait_for(stream.changed.wait(), 60)
            positions = [one["position"] for one in stream.told]
            assert positions == sorted(set(positions))
            kept = [change.position for change in server.store.feed.changes("anyone", after, 10**6)]
            assert set(kept) <= set(positions), "what is left out was deleted meanwhile"
            stream.leaves.set()
            await asyncio.wait_for(stream.task, 60)
        assert watchers.count == 0
        reader.cancel()

    def follow(server, watchers):
        return Stream(server, watchers, server.store.feed.position("anyone"))

    asyncio.run(run())


def test_an_event_source_that_saw_nothing_yet_knows_where_to_go_on(tmp_path):
    """It sends the id of the greeting when it reconnects."""

    async def run():
        server = Served(tmp_path, workers=0)
        server.store.submit(new("anyone"))
        body = asyncio.Queue()
        scope = {
            "type": "http", "method": "GET", "path": "/v1/events", "raw_path": b"/v1/events", "query_string": b"",
            "headers": [(b"host", b"localhost:8000")], "http_version": "1.1", "scheme": "http",
            "server": ("localhost", 8000), "client": ("127.0.0.1", 1), "root_path": "", "state": {},
        }  # fmt: skip
        leaves = Leaving()
        task = asyncio.create_task(server.app(scope, leaves.wait_for_end, body.put))
        start = await asyncio.wait_for(body.get(), 60)
        assert start["status"] == 200
        first = await asyncio.wait_for(body.get(), 60)
        assert first["body"] == GREETING + b"id: 1\n\n"
        leaves.set()
        await asyncio.wait_for(task, 60)

    asyncio.run(run())
