"""The client and films: pages of one that is recorded, the file of one that is finished, and what is neither."""

import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from clients import both
from films import Changes, record, reel, same
from quickml import Film
from quickml.client import film as film_module
from quickml.errors import ServiceError
from quickml.film.pages import LooseFilm
from scripted_server import answer, scripted

JOB = {
    "id": "job_1", "name": "iris", "status": "training", "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z", "document": {}, "artifacts": [],
}  # fmt: skip


class Scripted:
    """A server with a film. `steps` are numbers of frames, one list for each request of the job."""

    def __init__(self, *steps, page=3):
        self.steps, self.page_size = list(steps), page
        self.changes = Changes()
        self.reel = reel(self.changes)
        self.film, self.sha256 = None, None

    def finish(self):
        self.film = self.reel.to_bytes()
        self.sha256 = hashlib.sha256(self.film).hexdigest()

    def __call__(self, request):
        path = urlsplit(request.path)
        if path.path == "/v1/jobs/job_1":
            record(self.reel, self.steps.pop(0) if self.steps else ())
            return answer(200, json.dumps(JOB | {"status": "training" if self.steps else "ready"}).encode())
        if path.path == "/v1/jobs/job_1/artifacts":
            files = [{
                "name": "film.bin", "kind": "film", "size_bytes": len(self.film), "sha256": self.sha256,
                "media_type": "application/octet-stream",
            }] if self.film else []  # fmt: skip
            return answer(200, json.dumps({"artifacts": files}).encode())
        if path.path == f"/v1/artifacts/{self.sha256}/film.bin":
            return answer(200, self.film)
        assert path.path == "/v1/jobs/job_1/frames", path
        return self.page(int(parse_qs(path.query)["after"][0]))

    def page(self, after):
        made = self.changes.made
        bodies = {number: body for number, body in sorted(made.added.items()) if number > after}
        some = dict(list(bodies.items())[: self.page_size])
        return answer(200, LooseFilm(head=made.head, bodies=some).to_bytes())


@both
def test_the_pages_of_a_film_that_is_recorded_are_joined(way):
    script = Scripted()
    record(script.reel, range(10))
    with scripted(script) as server:
        found = way.call(server.url, "film", "job_1")
    assert [frame.number for frame in found.frames] == list(range(10))
    assert found.header["labels"] == ["a", "b"]
    assert all(map(same, found.frames, Film.read(script.reel.to_bytes()).frames))


@both
def test_a_finished_film_is_the_file_if_it_has_the_right_sha256(way):
    script = Scripted()
    record(script.reel, range(10))
    script.finish()
    with scripted(script) as server:
        assert len(way.call(server.url, "film", "job_1").frames) == 10
        script.film = script.film[:-1] + bytes([script.film[-1] ^ 1])
        with pytest.raises(ServiceError, match=f"expected sha256 {script.sha256}"):
            way.call(server.url, "film", "job_1")


@both
def test_a_training_that_has_not_begun_has_no_film(way):
    script = Scripted()
    script.page = lambda _: answer(204, b"")
    with (
        scripted(script) as server,
        pytest.raises(ServiceError, match="a training that has begun, found none"),
    ):
        way.call(server.url, "film", "job_1")


@both
def test_frames_are_followed_to_the_end_of_the_job(way):
    script = Scripted([0, 1], [2, 3, 4, 5], [], [6], [7])
    with scripted(script) as server:
        found = way.listed(server.url, lambda client: client.frames("job_1", after=0, every_s=0.001))
    assert [frame.number for frame in found] == [1, 2, 3, 4, 5, 6, 7]


@both
def test_frames_of_a_job_that_waits_come_later(way):
    script = Scripted([], [], [0, 1])
    page = script.page
    script.page = lambda after: page(after) if len(script.steps) < 2 else answer(204, b"")
    with scripted(script) as server:
        found = way.listed(server.url, lambda client: client.frames("job_1", every_s=0.001))
    assert [frame.number for frame in found] == [0, 1]


@both
@pytest.mark.parametrize("call", ["film", "frames"])
def test_a_server_that_repeats_its_frames_is_not_asked_for_ever(way, call):
    script = Scripted()
    page = script.page
    script.page = lambda _: page(-1)
    record(script.reel, [0, 1])
    with scripted(script) as server, pytest.raises(ServiceError, match="expected frames above number 1"):
        getattr(way, "call" if call == "film" else "listed")(server.url, call, "job_1")


@both
def test_a_film_without_an_end_is_refused(way, monkeypatch):
    monkeypatch.setattr(film_module, "MAX_FRAMES", 8)
    script = Scripted()
    record(script.reel, range(10))
    with scripted(script) as server, pytest.raises(ServiceError, match="expected at most 8 frames, found 9"):
        way.call(server.url, "film", "job_1")


@both
@pytest.mark.parametrize("content", [b"x", b"{}", b"QMLFILM\x01\xff\xff\xff\xff{}"])
def test_an_answer_that_is_no_film_is_an_error_of_the_server(way, content):
    script = Scripted()
    script.page = lambda _: answer(200, content)
    with scripted(script) as server, pytest.raises(ServiceError, match="is this a QuickML server of this"):
        way.call(server.url, "film", "job_1")
