"""Work and answers that are far larger than their requests: bounded for each owner, and in nobody else's way."""

import asyncio
import json
import threading
import time

import httpx
import pytest
from starlette.responses import Response

from job_examples import finish
from quickml.datasets.builtin.classic_tables import Iris
from quickml.errors import ShareError
from quickml.http.server.sending import PIECE_BYTES, Sending
from quickml.http.shares import Shares
from quickml.http.turns import SLICE_S, THREADS, Turns
from quickml.service import catalog
from quickml.service.loaded import LoadedDatasets
from served import IRIS, JSON, Served, is_problem, served
from waiting import until

MIB = 1 << 20


def asked(app, requests):
    """The answers to many requests at once. Each is a function of a client."""

    async def run():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            return await asyncio.gather(*(request(client) for request in requests))

    return asyncio.run(run())


def as_owner(secret):
    return {**JSON, "Authorization": f"Bearer {secret}"}


# Turns


def test_owners_take_turns_and_wait_for_their_own_requests_only():
    async def run():
        turns, order, gate = Turns("test"), [], threading.Event()

        def work(name):
            if name == "ada 0":
                gate.wait(60)
            order.append(name)

        ada = [asyncio.create_task(turns.run("ada", work, f"ada {number}")) for number in range(20)]
        await asyncio.sleep(0)
        for owner in ("bob", "eve"):
            await turns.run(owner, work, owner)
        gate.set()
        await asyncio.gather(*ada)
        return order

    assert asyncio.run(run()) == ["bob", "eve", *(f"ada {number}" for number in range(20))]
    assert THREADS > 1


def test_an_error_ends_a_turn():
    async def run():
        turns = Turns("test")
        with pytest.raises(ZeroDivisionError):
            await turns.run("ada", lambda: 1 / 0)
        return await turns.run("ada", lambda: "next")

    assert asyncio.run(run()) == "next"


PATHS = {
    "/v1/jobs": IRIS,
    "/v1/validate": IRIS,
    "/make-model": IRIS,
    "/v1/jobs/x/predictions": {"inputs": [[1]]},
    "/v1/jobs/x/explanations": {"input": [1]},
}


@pytest.mark.parametrize("path", PATHS)
def test_no_document_and_no_other_body_is_read_in_the_event_loop(tmp_path, monkeypatch, path):
    with served(tmp_path, workers=0) as server:
        threads = []
        service = server.service
        for owner, name in (
            (service, "plan"),
            (service.inference, "predict"),
            (service.inference, "explain"),
        ):
            monkeypatch.setattr(owner, name, lambda *_: threads.append(threading.current_thread()) or 1 / 0)
        is_problem(server.post(PATHS[path], path=path), 500, "internal")
        assert threads[0].name.startswith(("check", "predict"))


def test_work_in_steps_lets_others_have_their_turn():
    async def run():
        turns, order, gate = Turns("test"), [], threading.Event()

        def work(name, count=10):
            for step in range(count):
                gate.wait(60)
                order.append(f"{name} {step}")
                time.sleep(SLICE_S)
                yield
            return name

        long = [asyncio.create_task(turns.run_steps(name, work(name))) for name in ("ada", "eve")]
        long.append(asyncio.create_task(turns.run_long("joe", work("joe"))))
        await asyncio.sleep(0)
        own = asyncio.create_task(turns.run("joe", order.append, "joe's stroke"))
        other = asyncio.create_task(turns.run("bob", order.append, "bob's stroke"))
        gate.set()
        await asyncio.gather(own, other)
        assert await asyncio.gather(*long) == ["ada", "eve", "joe"]
        assert max(map(order.index, ("joe's stroke", "bob's stroke"))) < len(order) - 15
        return [[step for step in order if step.startswith(f"{name} ")] for name in ("ada", "eve", "joe")]

    steps = asyncio.run(run())
    assert steps == [[f"{name} {step}" for step in range(10)] for name in ("ada", "eve", "joe")]


def test_an_owner_has_one_long_work_at_a_time():
    async def run():
        turns, order = Turns("test"), []

        def work(name):
            for _ in range(3):
                order.append(name)
                time.sleep(SLICE_S)
                yield

        await asyncio.gather(*(turns.run_long("ada", work(name)) for name in "abc"))
        with pytest.raises(ZeroDivisionError):
            await turns.run_long("ada", (1 / 0 for _ in range(1)))
        return order

    assert asyncio.run(run()) == list("aaabbbccc")


# Memory of an owner


def test_an_owner_holds_no_more_than_its_share():
    shares = Shares("bytes", 10)
    with shares.held("ada", 6) as share:
        with pytest.raises(ShareError, match="bytes: expected at most 10 at once for one owner, found more"):
            share.take(5)
        share.take(4)
        with shares.held("bob", 10), pytest.raises(ShareError), shares.held("ada", 1):
            pass
    with shares.held("ada", 10), Shares("bytes", None).held("ada", 1 << 60):
        pass


def test_half_sent_bodies_of_an_owner_take_its_share_of_memory_only(tmp_path):
    server = Served(tmp_path, workers=0, access="tokens", memory_per_owner_bytes=4 * MIB)
    ada, bob = (as_owner(server.service.first_token("ada")[1]), as_owner(server.tokens.create("bob")[1]))
    gate, sent = asyncio.Event(), []

    async def half():
        yield b" " * MIB
        sent.append(1)
        await gate.wait()
        yield b""

    def slow(client):
        return client.post("/v1/validate", content=half(), headers=ada)

    async def other(client):
        while len(sent) < 4:
            await asyncio.sleep(0)
        small = await client.post("/v1/validate", content=json.dumps(IRIS), headers=ada)
        large = await client.post("/v1/validate", content=b" " * MIB, headers=bob)
        refused = await client.post("/v1/validate", content=b" " * MIB, headers=ada)
        gate.set()
        return small, large, refused

    *slow_ones, (small, large, refused) = asked(server.app, [slow] * 4 + [other])
    assert [answer.status_code for answer in (small, large, *slow_ones)] == [200] * 6
    is_problem(refused, 429, "owner-limit")
    assert refused.headers["connection"] == "close"
    assert int(refused.headers["retry-after"]) > 0
    again = asked(server.app, [lambda client: client.post("/v1/validate", content=b" " * MIB, headers=ada)])
    assert again[0].status_code == 200


def test_answers_that_are_not_read_take_the_share_of_their_owner_only():
    app = Sending(Response(b"x" * 100_000), memory=Shares("bytes", 250_000))

    async def answer(owner, gate):
        sent = []

        async def send(message):
            sent.append(message)
            if message["type"] == "http.response.body":
                await gate.wait()

        await app({"type": "http", "state": {"owner": owner}}, asyncio.Event().wait, send)
        return sent[0]["status"], [len(message.get("body", b"")) for message in sent]

    async def run():
        closed, opened = asyncio.Event(), asyncio.Event()
        opened.set()
        slow = [asyncio.create_task(answer("ada", closed)) for _ in range(2)]
        await asyncio.sleep(0)
        refused, other = await answer("ada", opened), await answer("bob", opened)
        closed.set()
        return refused, [other, *await asyncio.gather(*slow), await answer("ada", opened)]

    (refused, _), others = asyncio.run(run())
    assert refused == 429
    for status, sizes in others:
        assert status == 200
        assert sum(sizes) == 100_000
        assert max(sizes) <= PIECE_BYTES


def test_one_owner_cannot_take_all_streams(tmp_path):
    with served(tmp_path, workers=0, access="tokens", watchers_per_owner=2) as server:
        ada, bob = (as_owner(server.service.first_token("ada")[1]), as_owner(server.tokens.create("bob")[1]))
        jobs = [server.post(headers=owner).json()["id"] for owner in (ada, bob)]
        shares = server.app.state.shared.streams
        with shares.held("ada", 1), shares.held("ada", 1):
            is_problem(server.client.get(f"/v1/jobs/{jobs[0]}/events", headers=ada), 429, "owner-limit")
            for job_id, owner in zip(jobs, (ada, bob), strict=True):
                server.client.post(f"/v1/jobs/{job_id}/cancel", headers=owner)
            assert server.client.get(f"/v1/jobs/{jobs[1]}/events", headers=bob).status_code == 200
        assert server.client.get(f"/v1/jobs/{jobs[0]}/events", headers=ada).status_code == 200


# Models

WIDE = {"type": "UpSampling2D", "size": 200}
LARGE = [WIDE, {"type": "Conv2D", "filters": 64, "kernel_size": 1}, {"type": "GlobalAveragePooling2D"}]


def test_a_model_with_a_layer_of_many_values_is_not_run(tmp_path):
    layers = [*LARGE, {"type": "Dense", "units": 10, "activation": "softmax"}]
    with served(tmp_path, workers=0) as server:
        job_id = server.submit(
            {"name": "large", "dataset": "digits", "model": {"layers": layers}, "training": {"batch_size": 1}}
        )
        finish(server.store, server.store.claim())
        answer = server.post({"inputs": [[0] * 64]}, path=f"/v1/jobs/{job_id}/predictions")
        problem = is_problem(answer, 422, "unsupported-model")
        assert "at most 16,000,000 values, found 163,840,000" in problem["detail"]


# First loads


def test_concurrent_first_requests_load_a_dataset_once(monkeypatch):
    loads, gate = [], threading.Event()
    original = Iris.load

    def load(self):
        loads.append(1)
        gate.wait(60)
        return original(self)

    monkeypatch.setattr(Iris, "load", load)
    catalog._samples.cache_clear()
    monkeypatch.setattr(catalog, "LOADED", LoadedDatasets())  # another test may have loaded it
    threads = [threading.Thread(target=catalog.dataset, args=("iris",)) for _ in range(10)]
    for thread in threads:
        thread.start()
    until(lambda: loads, "the first load")
    gate.set()
    for thread in threads:
        thread.join()
    assert len(loads) == 1


# Errors


MANY = {
    "a parameter": ("GET", "/v1/jobs?" + "&".join(["status=x"] * 4000), None),
    "unknown keys": ("POST", "/v1/jobs/x/predictions", {"inputs": [1], **dict.fromkeys(map(str, range(50_000)), 0)}),
    "names of layers": ("POST", "/v1/jobs/x/predictions", {"inputs": [1], "activations": [0] * 200_000}),
    "names of files": ("POST", "/v1/jobs/x/links", {"names": [0] * 1000}),
    "too many names": ("POST", "/v1/jobs/x/links", {"names": ["a"] * 100_000}),
    "a long text": ("POST", "/v1/jobs/x/links", {"names": "a" * 500_000}),
}  # fmt: skip


@pytest.mark.parametrize("name", MANY)
def test_many_mistakes_in_a_request_are_answered_briefly(tmp_path, name):
    method, path, body = MANY[name]
    server = Served(tmp_path, workers=0)
    answer = server.client.request(method, path, json=body)
    problem = is_problem(answer, 422, "request")
    assert 1 <= len(problem["problems"]) <= 12
    assert len(answer.content) < 6000
