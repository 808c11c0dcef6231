"""Events of a job over HTTP: streams with replay, heartbeats and an end; pages of JSON; many watchers."""

import asyncio
import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from job_examples import epoch_ended, finish, new, opened, progress, started
from quickml import events
from quickml.errors import CrowdedError
from quickml.http import app
from quickml.http.event_stream import EventStream
from quickml.http.routes.events import encode, source_of
from quickml.http.state import state_of
from quickml.jobs.jobs import JobStore
from quickml.service import EventHub
from quickml.settings import ServerSettings
from served import HOURS, Served, is_problem, served
from waiting import until


def parsed(text):
    """(id, event) of each message of a stream."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((int(fields["id"]), json.loads(fields["data"])))
    return found


@pytest.fixture
def server(tmp_path):
    with served(tmp_path) as server:
        yield server


def stream(server, job_id, **headers):
    return server.client.get(f"/v1/jobs/{job_id}/events", headers=headers)


def test_a_stream_tells_everything_in_order_and_ends(server):
    job_id = server.submit()
    answer = stream(server, job_id)  # returns when the stream ends, which the job does meanwhile
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    told = parsed(answer.text)
    assert [number for number, _ in told] == list(range(1, len(told) + 1))
    assert [event["type"] for _, event in told] == [
        "started", "built", "epoch", "epoch", "epoch", "trained", "compiled", "verified",
    ]  # fmt: skip
    for _, event in told:
        assert events.from_json(json.dumps(event)).type == event["type"]


def test_whoever_comes_back_is_told_the_rest(server):
    job_id = server.submit()
    whole = parsed(stream(server, job_id).text)
    for header in ({"Last-Event-ID": "5"}, {}):
        query = "" if header else "?after=5"
        rest = server.client.get(f"/v1/jobs/{job_id}/events{query}", headers=header)
        assert parsed(rest.text) == whole[5:]


@pytest.mark.parametrize("wrong", ["abc", "-1", "9" * 400, "\u0664"])
def test_an_id_that_is_none_of_ours_means_from_the_start(server, wrong):
    job_id = server.submit()
    answer = stream(server, job_id, **{"Last-Event-ID": wrong.encode("latin-1", "replace").decode("latin-1")})
    assert len(parsed(answer.text)) == 8


def test_when_all_was_seen_an_event_source_is_told_to_stay_away(server):
    job_id = server.submit()
    last, _ = parsed(stream(server, job_id).text)[-1]
    assert stream(server, job_id, **{"Last-Event-ID": str(last)}).status_code == 204
    assert stream(server, job_id, **{"Last-Event-ID": str(last + 100)}).status_code == 204


def test_a_client_that_saw_events_which_a_power_failure_took_is_told_what_comes_after(tmp_path):
    """Otherwise its stream would have neither events nor an end."""
    with served(tmp_path, workers=0) as server, ThreadPoolExecutor(1) as pool:
        job_id = server.submit()
        attempt = server.store.claim()
        server.store.append(attempt, [started(), progress()])
        answer = pool.submit(stream, server, job_id, **{"Last-Event-ID": "9"})
        until(lambda: state_of(server.app).watchers.count)
        finish(server.store, attempt)
        assert [number for number, _ in parsed(answer.result(60).text)] == [3]


def test_a_cancelled_job_ends_its_stream_too(tmp_path):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit()
        server.client.post(f"/v1/jobs/{job_id}/cancel")
        assert [event["type"] for _, event in parsed(stream(server, job_id).text)] == ["cancelled"]


def page(server, job_id, after=0):
    answer = server.client.get(
        f"/v1/jobs/{job_id}/events", params={"after": after}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pages_of_json_say_where_to_go_on(tmp_path):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit()
        assert page(server, job_id) == {"events": [], "last": 0, "is_finished": False}
        attempt = server.store.claim()
        server.store.append(attempt, [started(), progress(loss=float("nan"))])
        first = page(server, job_id)
        assert [item["id"] for item in first["events"]] == [1, 2]
        assert first["events"][1]["event"]["metrics"] == {"loss": None}
        assert (first["last"], first["is_finished"]) == (2, False)
        assert page(server, job_id, after=10**9) == {"events": [], "last": 2, "is_finished": False}
        finish(server.store, attempt)
        rest = page(server, job_id, after=2)
        assert [item["event"]["type"] for item in rest["events"]] == ["verified"]
        assert rest["is_finished"]
        assert page(server, job_id, after=10**9) == {"events": [], "last": 3, "is_finished": True}
        assert page(server, job_id, after=rest["last"]) == {"events": [], "last": 3, "is_finished": True}


def test_a_long_training_is_outlined(tmp_path):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit()
        address = f"/v1/jobs/{job_id}/events"

        def outlined(**query):
            return server.client.get(
                address, params={"types": ["epoch", "started", "verified"], **query}
            ).json()

        assert outlined() == {"events": [], "last": 0, "is_finished": False}
        attempt = server.store.claim()
        server.store.append(attempt, [started(), *[epoch_ended(i) for i in range(1, 1001)], progress()])
        for most in (2, 3, 7, 240, 999, 1000):
            found = outlined(most=most)
            assert found["last"] == 1002
            first, *rest = found["events"]
            epochs = [item["event"]["epoch"] for item in rest]
            assert (first["event"]["type"], epochs[0], epochs[-1]) == ("started", 1, 1000)
            assert [item["id"] for item in rest] == [epoch + 1 for epoch in epochs]
            assert most - 1 <= len(epochs) <= most
            gaps = {b - a for a, b in pairwise(epochs[:-1])}
            assert not gaps or max(gaps) - min(gaps) <= 1, "they are evenly spaced"
        finish(server.store, attempt)
        whole = outlined()
        assert (whole["last"], whole["is_finished"]) == (1003, True)
        assert whole["events"][-1]["event"]["type"] == "verified"
        is_problem(server.client.get(address, params={"types": "epoch", "most": 1}), 422, "request")


def test_what_is_neither_a_stream_nor_json_is_refused(server):
    job_id = server.submit()
    is_problem(stream(server, job_id, Accept="image/png"), 406, "not-acceptable")
    is_problem(server.client.get(f"/v1/jobs/{job_id}/events?after=-1"), 422, "request")
    is_problem(server.client.get(f"/v1/jobs/{job_id}/events?after={10**30}"), 422, "request")


# While it goes on


class Connection:
    """A stream, as a server runs it."""

    def __init__(self, server, watchers, job_id, *, after=0, heartbeat_s=HOURS):
        self.sent, self.leaves, self.changed = [], asyncio.Event(), asyncio.Event()
        self.may_send = asyncio.Event()
        self.may_send.set()
        settings = ServerSettings(heartbeat_s=heartbeat_s)
        state = dataclasses.replace(state_of(server.app), watchers=watchers, settings=settings)
        answer = EventStream(state, source_of(state, job_id, "anyone"), after=after)
        self.task = asyncio.create_task(answer({"type": "http"}, self.receive, self.send))

    async def receive(self):
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        await self.may_send.wait()
        self.sent.append(message)
        self.changed.set()

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    @property
    def told(self):
        return [number for number, _ in parsed(self.text)]

    async def until(self, condition):
        while not condition(self):
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 60)

    @property
    def is_complete(self):
        return self.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def live(tmp_path, scenario, *, most=10, capacity=1000):
    """Run a scenario on a job that has begun, with the reader at work."""

    async def run():
        server = Served(tmp_path, workers=0)
        job_id = server.store.submit(new("anyone"))[0].id
        attempt = server.store.claim()
        watchers = EventHub(server.jobs, encode, most=most, capacity=capacity)
        reader = asyncio.create_task(watchers.run())
        try:
            await scenario(server, watchers, job_id, attempt)
        finally:
            reader.cancel()

    asyncio.run(run())


def test_events_arrive_as_they_are_told(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        server.store.append(attempt, [started()])
        connections = [Connection(server, watchers, job_id, after=after) for after in (0, 0, 1)]
        for number in range(2, 12):
            server.store.append(attempt, [epoch_ended(number)])
            for connection in connections:
                await connection.until(lambda c, number=number: number in c.told)
        assert watchers.count == 3
        finish(server.store, attempt)
        for connection in connections:
            await asyncio.wait_for(connection.task, 60)
            assert connection.is_complete
        assert connections[0].told == list(range(1, 13)) == connections[1].told
        assert connections[2].told == list(range(2, 13))
        assert watchers.count == 0

    live(tmp_path, scenario)


def test_nothing_is_lost_or_told_twice_between_replay_and_news(tmp_path):
    """Watchers come at every moment of a job that tells without pause."""

    async def scenario(server, watchers, job_id, attempt):
        connections = []
        for number in range(1, 101):
            server.store.append(attempt, [epoch_ended(number)])
            if number % 5 == 0:
                connections.append(Connection(server, watchers, job_id))
                await asyncio.sleep(0)
        finish(server.store, attempt)
        for connection in connections:
            await asyncio.wait_for(connection.task, 60)
            assert connection.told == list(range(1, 102))

    live(tmp_path, scenario, most=50)


def test_long_histories_are_replayed_in_pages(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        server.store.append(attempt, [epoch_ended(number) for number in range(2500)])
        finish(server.store, attempt)
        connection = Connection(server, watchers, job_id)
        await asyncio.wait_for(connection.task, 60)
        assert connection.told == list(range(1, 2502))

    live(tmp_path, scenario)


def test_a_stream_with_nothing_to_tell_gives_signs_of_life(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        connection = Connection(server, watchers, job_id, heartbeat_s=0.01)
        await connection.until(lambda c: c.text.count("\n:\n") + c.text.count("\n\n:\n") >= 3)
        finish(server.store, attempt)
        await asyncio.wait_for(connection.task, 60)
        assert connection.told == [1]

    live(tmp_path, scenario)


def test_a_client_that_leaves_frees_its_place(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        connection = Connection(server, watchers, job_id)
        await connection.until(lambda c: "retry" in c.text)
        assert watchers.count == 1
        connection.leaves.set()
        await asyncio.wait_for(connection.task, 60)
        assert watchers.count == 0

    live(tmp_path, scenario)


def test_a_client_that_falls_behind_is_not_cut_off(tmp_path):
    """As during a hiccup of two seconds, in which a small network has thousands of epochs."""

    async def scenario(server, watchers, job_id, attempt):
        slow, quick = Connection(server, watchers, job_id), Connection(server, watchers, job_id)
        for connection in (slow, quick):
            await connection.until(lambda c: "retry" in c.text)
        for round_of_events in (range(1, 41), range(41, 81)):
            slow.may_send.clear()
            for number in round_of_events:
                server.store.append(attempt, [epoch_ended(number)])
                await quick.until(lambda c, number=number: number in c.told)
            assert len(slow.told) < round_of_events[-1] - 20
            slow.may_send.set()
            await slow.until(lambda c, last=round_of_events[-1]: last in c.told)
        finish(server.store, attempt)
        for connection in (slow, quick):
            await asyncio.wait_for(connection.task, 60)
        assert slow.told == quick.told == list(range(1, 82))

    live(tmp_path, scenario, capacity=10)


def test_a_stream_ends_when_its_token_is_revoked(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "TOKENS_EVERY_S", 0.01)
    with served(tmp_path, workers=0, access="tokens") as server, ThreadPoolExecutor(2) as pool:
        tokens = [server.tokens.create("ada") for _ in range(2)]
        headers = [{"Authorization": f"Bearer {secret}"} for _, secret in tokens]
        job_id = server.post(headers=headers[0]).json()["id"]
        path = f"/v1/jobs/{job_id}/events"
        revoked = pool.submit(server.client.get, path, headers=headers[0])
        kept = pool.submit(server.client.get, path, params={"token": tokens[1][1]})
        watchers = state_of(server.app).watchers
        until(lambda: watchers.count == 2, "two streams")
        server.tokens.revoke(tokens[0][0].id)
        assert parsed(revoked.result(60).text) == []
        until(lambda: watchers.count == 1, "one stream")
        assert server.client.get(path, headers=headers[0]).status_code == 401
        server.client.delete(f"/v1/jobs/{job_id}", headers=headers[1])
        kept.result(60)


def test_there_is_room_for_so_many_and_then_for_no_more(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        first = Connection(server, watchers, job_id)
        await first.until(lambda c: "retry" in c.text)
        second = Connection(server, watchers, job_id)
        with pytest.raises(CrowdedError):
            await second.task
        assert second.sent == [], "so that a problem document can be sent"
        first.leaves.set()
        await asyncio.wait_for(first.task, 60)
        third = Connection(server, watchers, job_id)
        await third.until(lambda c: "retry" in c.text)
        watchers.close()
        await asyncio.wait_for(third.task, 60)

    live(tmp_path, scenario, most=1)


def test_too_many_streams_are_answered_with_a_problem(tmp_path):
    with served(tmp_path, workers=0, watchers=1) as server:
        job_id = server.submit()
        server.client.app.state.shared.watchers._most = 0
        answer = stream(server, job_id)
        is_problem(answer, 503, "crowded")
        assert answer.headers["retry-after"]


def test_closing_ends_all_streams_and_those_that_come(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        connections = [Connection(server, watchers, job_id) for _ in range(3)]
        for connection in connections:
            await connection.until(lambda c: "retry" in c.text)
        watchers.close()
        connections.append(Connection(server, watchers, job_id))
        for connection in connections:
            await asyncio.wait_for(connection.task, 60)
            assert connection.is_complete

    live(tmp_path, scenario)


def test_removing_a_job_ends_its_streams(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        connection = Connection(server, watchers, job_id)
        await connection.until(lambda c: "retry" in c.text)
        server.store.cancel(job_id)
        server.store.delete(job_id)
        late = Connection(server, watchers, job_id)
        for one in (connection, late):
            await asyncio.wait_for(one.task, 60)
            assert one.is_complete

    live(tmp_path, scenario)


def test_a_store_that_fails_in_the_middle_ends_the_stream(tmp_path):
    from quickml.errors import StoreError

    async def scenario(server, watchers, job_id, attempt):
        def fail(*_, **__):
            raise StoreError("not now")

        server.jobs.events = fail
        connection = Connection(server, watchers, job_id)
        await asyncio.wait_for(connection.task, 60)
        assert connection.is_complete

    live(tmp_path, scenario)


def test_the_store_is_read_once_for_all_and_goes_on_after_a_failure(tmp_path):
    from quickml.errors import StoreError

    class Store(JobStore):
        reads, failures = 0, 2

        def news(self, after, limit=500):
            self.reads += 1
            if self.failures:
                self.failures -= 1
                raise StoreError("not now")
            return super().news(after, limit)

    async def run():
        store = Store(opened(tmp_path / "quickml.db"))
        job_id = store.submit(new())[0].id
        attempt = store.claim("host")
        watchers = EventHub(store, encode, most=1000, capacity=1000)
        reader = asyncio.create_task(watchers.run())
        from contextlib import ExitStack

        with ExitStack() as stack:
            many = [stack.enter_context(watchers.watch(job_id)) for _ in range(500)]
            other = stack.enter_context(watchers.watch("job_other"))
            for watcher in many:
                watcher.start(after=0)
            store.append(attempt, [epoch_ended(number) for number in range(1, 4)], after=0)
            contents = set()
            for watcher in many:
                taken = []
                while len(taken) < 3:
                    taken += await asyncio.wait_for(watcher.take(), 60)
                contents |= {id(told.content) for told in taken}
            assert len(contents) == 3, "every watcher is given the same bytes"
            assert store.reads < 50
            other.close()
            assert await other.take() == []
        reader.cancel()

    asyncio.run(run())


def test_a_subscription_that_starts_later_is_given_what_the_others_had(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        with watchers.watch(job_id) as early, watchers.watch(job_id) as late:
            early.start(after=0)
            server.store.append(attempt, [epoch_ended(number) for number in range(1, 6)])
            assert [one.sequence for one in await take(early, 5)] == [1, 2, 3, 4, 5]
            late.start(after=2)
            assert [one.sequence for one in await take(late, 3)] == [3, 4, 5]
            server.store.append(attempt, [epoch_ended(6)])
            for one in (early, late):
                assert [event.sequence for event in await take(one, 1)] == [6], "each once"

    live(tmp_path, scenario)


async def take(subscription, count):
    taken = []
    while len(taken) < count:
        taken += await asyncio.wait_for(subscription.take(), 60)
    return taken


def test_nothing_is_read_while_nobody_watches(tmp_path):
    async def scenario(server, watchers, job_id, attempt):
        reads = []
        server.jobs.news = lambda *arguments: reads.append(arguments) or {}
        await asyncio.sleep(0.2)
        del server.jobs.news
        assert not reads
        connection = Connection(server, watchers, job_id)
        finish(server.store, attempt)
        await asyncio.wait_for(connection.task, 60)
        assert connection.told == [1]

    live(tmp_path, scenario)
