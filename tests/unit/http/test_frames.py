"""Films over HTTP: pages while they are recorded and afterwards."""

import pytest

from films import Changes, film_artifact, record, reel, same
from job_examples import finish
from quickml import Film
from quickml.jobs.frames import FilmChange
from served import is_problem, served
from stored_files import change_stored_file, flip_bit


class Recorded:
    """A server, the headers of two owners, and a job of the first that is being trained."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.ada, self.bob = (
            {"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob")
        )
        self.job_id = server.post(headers=self.ada).json()["id"]
        self.path = f"/v1/jobs/{self.job_id}/frames"
        self.attempt = server.store.claim()
        self.changes = Changes()

    def begin(self):
        self.reel = reel(self.changes)
        self.store()

    def record(self, *numbers):
        record(self.reel, *numbers)
        self.store()

    def store(self):
        self.server.store.append(self.attempt, [], film=self.changes.taken())

    def finish(self):
        path = self.folder / "film.bin"
        path.write_bytes(self.reel.to_bytes())
        self.film = film_artifact(self.job_id, self.server.artifacts, path)
        finish(self.server.store, self.attempt, self.film)

    def get(self, after=None, headers=None, **more):
        path = self.path if after is None else f"{self.path}?after={after}"
        return self.server.client.get(path, headers={**(headers or self.ada), **more})

    def page(self, after=None):
        answer = self.get(after)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/octet-stream"
        return Film.read(answer.content)

    def pages(self):
        """All frames, page by page."""
        frames, after = [], -1
        while (page := self.page(after)).frames:
            assert len(page.frames) <= 64
            frames += page.frames
            after = frames[-1].number
        return frames


@pytest.fixture
def recorded(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        yield Recorded(server, tmp_path)


def test_there_is_no_film_before_the_training(recorded):
    assert (recorded.get().status_code, recorded.get().content) == (204, b"")
    recorded.begin()
    page = recorded.page()
    assert (page.header["labels"], page.frames) == (["a", "b"], ())
    assert recorded.get().headers["cache-control"] == "no-store"


def test_pages_are_films_that_follow_each_other(recorded):
    recorded.begin()
    recorded.record(range(0, 900, 3))  # 300 opportunities: every second frame is dropped
    found, all_of_it = recorded.pages(), Film.read(recorded.reel.to_bytes())
    assert len(found) == len(all_of_it.frames) == 150
    assert all(map(same, found, all_of_it.frames))
    assert [frame.number for frame in recorded.page(6 * 148).frames] == [6 * 149]
    assert recorded.page(6 * 149).frames == recorded.page(2**53).frames == ()
    recorded.record(range(900, 1000, 3))
    assert [frame.number for frame in recorded.page(6 * 149).frames][:2] == [900, 906]


def test_a_finished_film_has_the_same_pages(recorded):
    recorded.begin()
    recorded.record(range(200))
    before = [recorded.get(after).content for after in (-1, 63, 100, 199)]
    recorded.finish()
    assert recorded.server.store.frames(recorded.job_id).head is None  # it comes from the file
    assert [recorded.get(after).content for after in (-1, 63, 100, 199)] == before
    assert len(recorded.film.sha256) == 64
    assert all(map(same, recorded.pages(), Film.read(recorded.reel.to_bytes()).frames))


def test_pages_of_a_finished_film_are_revalidated(recorded):
    recorded.begin()
    recorded.record(range(100))
    recorded.finish()
    first, second = recorded.get(), recorded.get(63)
    assert first.headers["etag"] != second.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert recorded.get(**{"If-None-Match": first.headers["etag"]}).status_code == 304
    assert recorded.get(63, **{"If-None-Match": first.headers["etag"]}).status_code == 200
    is_problem(recorded.get(**{"If-Match": '"x"'}), 412, "precondition-failed")


def test_a_finished_film_is_read_once(recorded, monkeypatch):
    recorded.begin()
    recorded.record(range(100))
    recorded.finish()
    recorded.get()
    monkeypatch.setattr(recorded.server.artifacts, "open", None)
    assert len(recorded.page(63).frames) == 36


def test_a_damaged_film_is_reported(recorded, tmp_path):
    recorded.begin()
    recorded.record(range(9))
    recorded.finish()
    change_stored_file(recorded.server.artifacts, recorded.film.sha256, lambda content: flip_bit(content, 2))
    is_problem(recorded.get(), 500, "damaged")


def test_a_film_is_one_owners(recorded):
    for step in (recorded.begin, lambda: recorded.record(range(3)), recorded.finish):
        step()
        is_problem(recorded.get(headers=recorded.bob), 404, "not-found")
        is_problem(recorded.get(headers={"X": "y"}), 401, "unauthorized")


def test_the_film_of_a_job_that_failed_is_there_until_the_job_is_deleted(recorded):
    recorded.begin()
    recorded.record(range(3))
    recorded.server.store.fail(recorded.attempt, "no memory", retry=False)
    assert len(recorded.page().frames) == 3
    recorded.server.client.delete(recorded.path.removesuffix("/frames"), headers=recorded.ada)
    is_problem(recorded.get(), 404, "not-found")


def test_a_job_without_a_film_is_told_from_no_job(recorded):
    finish(recorded.server.store, recorded.attempt)  # of an older release
    assert "a job with a film, found one without" in is_problem(recorded.get(), 404, "not-found")["detail"]
    job_id = recorded.server.post(headers=recorded.ada).json()["id"]
    recorded.server.store.cancel(job_id)
    is_problem(
        recorded.server.client.get(f"/v1/jobs/{job_id}/frames", headers=recorded.ada), 404, "not-found"
    )


@pytest.mark.parametrize("after", [-2, 2**53 + 1, "x", "1.5", "NaN"])
def test_a_number_that_cannot_be_one_is_refused(recorded, after):
    is_problem(recorded.get(after), 422, "request")


def test_a_page_counts_for_the_memory_of_its_owner(tmp_path):
    with served(tmp_path, workers=0, memory_per_owner_bytes=70_000, access="tokens") as server:
        recorded = Recorded(server, tmp_path)
        recorded.server.store.append(
            recorded.attempt, [], film=FilmChange(head=b"head", added={0: b"x" * 100_000})
        )
        is_problem(recorded.get(), 429, "owner-limit")
