"""A bucket that two hosts reach on ways of their own: one of them is cut off from it, and no job is to blame."""

import json
from contextlib import ExitStack
from functools import partial
from urllib.parse import quote

import pytest

import s3_process
import waiting
from closing_proxy import ClosingProxy
from documents import LONG
from host_process import Site
from postgres_process import needs_postgres
from quickml.events import Status
from server_process import quickml, serving

pytestmark = [needs_postgres, s3_process.needs_s3]
until = partial(waiting.until, patience_s=300.0)
CUT_OFF, GOES_ON, REFUSES = "waits for up to", "goes on after a wait", "no jobs are started"
TABLE = {
    "name": "flats",
    "dataset": {"name": "table", "file": "flats.csv", "target": "kind"},
    "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
    "training": {"epochs": 2},
    "export": {"formats": ["mlmodel"]},
}


class Rooms:
    """Two hosts, each behind a proxy of the bucket, and a server."""

    def __init__(self, folder, ways):
        self.site, self.ways, self.place = Site(folder), ways, s3_process.shared().new().partition("?")[0]
        self.hosts = {}

    def files(self, port):
        address = f"{self.place}?endpoint={quote(f'http://127.0.0.1:{port}', safe='')}&region=eu-central-1"
        return ["--files", address, "--files-credentials-file", s3_process.shared().keys]

    def start(self, name, patience_s):
        way = self.ways.enter_context(ClosingProxy(s3_process.shared().ports["s3"]))
        host = self.site.host(name, *self.files(way.port), "--patience-s", patience_s)
        self.hosts[name] = host, way
        return host, way

    def job(self, job_id):
        return self.site.store.job(job_id)

    def ready(self, job_id):
        until(lambda: self.job(job_id).status in (Status.READY, Status.FAILED), "the end of a job")
        job = self.job(job_id)
        assert (job.status, job.failures, job.lost) == (Status.READY, 0, 0), job
        return job

    def interruptions(self, job_id):
        found = self.site.store.events(job_id, limit=10**6)
        assert [one.sequence for one in found] == list(range(1, len(found) + 1))
        return [json.loads(one.body)["reason"] for one in found if one.type == "interrupted"]


@pytest.fixture
def rooms(tmp_path):
    with ExitStack() as ways:
        rooms = Rooms(tmp_path, ways)
        yield rooms
        rooms.site.close()


def test_a_host_that_is_cut_off_from_the_bucket_waits_and_then_leaves_its_job_to_others(rooms, tmp_path):
    flags = ["--database", rooms.site.address, "--database-password-file", rooms.site.password_file]
    flags += [*rooms.files(s3_process.shared().ports["s3"]), "--workers", "0"]
    (tmp_path / "web").mkdir()
    with serving(tmp_path / "web", *flags) as server:
        host, way = rooms.start("a", patience_s=4)
        job_id = server.submit(LONG)
        until(lambda: rooms.job(job_id).epoch >= 2 and rooms.job(job_id).checkpoint, "a checkpoint")
        way.close()
        rooms.site.store.stop(job_id)
        until(lambda: CUT_OFF in host.log.read_text(), "the line of a host that waits")
        other, other_way = rooms.start("b", patience_s=300)
        trained = rooms.ready(job_id)
        assert trained.attempt > 1
        reasons = rooms.interruptions(job_id)
        assert set(reasons) == {"the file storage of the server failed"}
        assert len(reasons) == trained.attempt - 1
        assert GOES_ON not in host.log.read_text()
        assert s3_process.SECRET not in host.log.read_text()
        host.kill()
        way.open()

        # Data of a user, in the bucket: the host that fetches it waits, and goes on in the same attempt. One
        # that has not tried the bucket for half a minute does so first, and leaves the job in the queue.
        rows = [f"{length / 7:.3f},{'long' if length > 50 else 'short'}" for length in range(100)]
        (tmp_path / "flats.csv").write_text("\n".join(["length,kind", *rows]))
        (tmp_path / "flats.json").write_text(json.dumps(TABLE))
        other_way.close()
        submitted = quickml("submit", tmp_path / "flats.json", "--server", server.address)
        assert submitted.returncode == 0, submitted.stderr
        table = submitted.stdout.split()[0]
        until(
            lambda: any(line in other.log.read_text() for line in (CUT_OFF, REFUSES)),
            "the line of a host that waits for data, or starts no job",
        )
        other_way.open()
        assert rooms.ready(table).attempt == 1
        until(
            lambda: GOES_ON in other.log.read_text() or CUT_OFF not in other.log.read_text(),
            "the line after it",
        )
