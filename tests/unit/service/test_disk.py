"""Room on the disk: what deleted jobs leave behind is removed before a new job is refused."""

import pytest

from job_examples import artifact, finish, to_verifying
from quickml.errors import ArtifactNotFoundError
from quickml.service import disk as module
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from served import is_problem, served
from waiting import until

CAPACITY = 10_000
NEEDED = 4_000
FILE = 7_000


class SmallDisk(FilesystemArtifactStore):
    """A disk of `CAPACITY` bytes; counts its sweeps."""

    def __init__(self, root):
        super().__init__(root)
        self.sweeps = 0

    def free_bytes(self):
        return CAPACITY - self.usage_bytes()

    def sweep(self, keep, **options):
        self.sweeps += 1
        return super().sweep(keep, **options)

    def pass_time(self, seconds):
        now = self._clock()
        self._clock = lambda: now + seconds


@pytest.fixture
def disk(tmp_path):
    return SmallDisk(tmp_path / "disk")


@pytest.fixture
def server(tmp_path, disk, monkeypatch):
    monkeypatch.setattr(module, "RESWEEP_S", 0.0)
    with served(tmp_path, workers=0, room=NEEDED, artifacts=disk) as server:
        yield server


def put(server, tmp_path):
    (tmp_path / "file").write_bytes(bytes(FILE))
    return server.artifacts.put(tmp_path / "file").sha256


def finished(server, tmp_path):
    """A ready job whose file fills the disk."""
    job_id = server.submit()
    finish(server.store, server.store.claim(), artifact(job_id, "a", put(server, tmp_path)))
    return job_id


def test_a_deleted_job_makes_room_at_once_when_the_disk_is_full(server, disk, tmp_path):
    job_id = finished(server, tmp_path)
    disk.pass_time(module.SETTLED_S + 1)
    is_problem(server.post(), 507, "disk-full")
    assert server.client.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert disk.free_bytes() == CAPACITY
    assert server.client.get("/readyz").status_code == 200
    server.submit()


def test_files_without_a_job_make_room_before_a_job_is_refused(server, disk, tmp_path):
    put(server, tmp_path)
    is_problem(server.post(), 507, "disk-full")
    disk.pass_time(module.SETTLED_S + 1)
    server.submit()
    assert disk.free_bytes() == CAPACITY


def test_a_job_that_is_verifying_keeps_the_files_that_it_refers_to_next(server, disk, tmp_path):
    job_id = server.submit()
    attempt = server.store.claim()
    to_verifying(server.store, attempt)
    sha256 = put(server, tmp_path)
    disk.pass_time(module.SETTLED_S + 1)
    is_problem(server.post(), 507, "disk-full")
    assert server.artifacts.stat(sha256).size_bytes == FILE
    server.client.post(f"/v1/jobs/{job_id}/cancel")
    server.submit()
    with pytest.raises(ArtifactNotFoundError):
        server.artifacts.stat(sha256)


def test_a_full_disk_is_not_swept_for_every_request(server, disk, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESWEEP_S", 3600.0)
    finished(server, tmp_path)
    before = disk.sweeps
    for _ in range(5):
        is_problem(server.post(), 507, "disk-full")
    assert disk.sweeps - before <= 1


def test_room_is_not_swept_for_while_there_is_enough(server, disk):
    before = until(lambda: disk.sweeps, "the sweep of the start")
    server.client.delete(f"/v1/jobs/{server.submit()}")
    assert disk.sweeps == before


def test_a_job_is_deleted_also_while_the_disk_fails(server, disk, tmp_path, monkeypatch):
    job_id = finished(server, tmp_path)
    disk._root = tmp_path / "unmounted"
    assert server.client.delete(f"/v1/jobs/{job_id}").status_code == 204
    until(lambda: server.client.get(f"/v1/jobs/{job_id}").status_code == 404, "the end of the job")
