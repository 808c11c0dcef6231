"""The application without processes and network, for tests of the routes."""

import json
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from starlette.testclient import TestClient

from job_examples import HOLDER, Jobs, opened
from quickml.events import TERMINAL, Status
from quickml.http import state
from quickml.http.app import create_app
from quickml.http.studio.pages import Studio
from quickml.jobs.finished import FinishedJobs
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.jobs import JobStore
from quickml.jobs.owners import OwnerStore
from quickml.jobs.tokens import TokenStore
from quickml.service import DocumentLimits, FileLimits, Importer, Limits, Retention, Service, Uploads
from quickml.settings import ServerSettings
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.backends import Backends
from quickml.storage.partials.filesystem import FilesystemPartialStore
from quickml.storage.probe import StorageProbe
from quickml.storage.room import Room
from quickml.testing.executor import MemoryExecutor
from quickml.uploads.uploads import UploadStore
from waiting import until

ROOT = Path(__file__).parents[2]
IRIS = {
    "name": "iris",
    "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
}
JSON = {"Content-Type": "application/json"}
HOURS = 3600.0
state.IMPORT_WAIT_S = HOURS  # tests that wait for a file to be read do not fail where all is slow


class Served:
    """A server without processes and network. `workers=0` leaves jobs in the queue. It has no
    page, unless a test gives it a `studio`.

    `jobs` is what the service uses; with `store`, a test plays the worker.
    """

    def __init__(
        self,
        tmp_path,
        *,
        workers=1,
        epoch_s=0.0,
        documents=None,
        queue=None,
        room=0,
        signer=None,
        artifacts=None,
        probe_every_s=HOURS,
        studio=None,
        files=None,
        keep=None,
        **settings,
    ):
        """`keep` is for how long jobs are kept; `ahead` puts the clock on by which they are."""
        self.database = database = opened(tmp_path / "quickml.db")
        self.jobs, self.store = JobStore(database), Jobs(database)
        self.artifacts = artifacts or FilesystemArtifactStore(tmp_path / "artifacts")
        self.tokens = TokenStore(database)
        self.hosts = Hosts(database)
        self.hosts.join(
            Host(id=HOLDER, name="test", lease_s=HOURS)
        )  # nobody releases what a test has claimed
        self.executor = MemoryExecutor(self.jobs, self.hosts, workers=workers, epoch_s=epoch_s)
        backends = Backends(database=database, artifacts=self.artifacts)
        self.room = Room(self.artifacts, tmp_path / "data", needed_bytes=room)
        self.probe = StorageProbe(backends, tmp_path / "scratch", self.room, every_s=probe_every_s)
        limits = files or FileLimits()
        self.partials = FilesystemPartialStore(tmp_path / "uploads")
        self.upload_store = UploadStore(database, limits)
        self.uploads = Uploads(
            self.upload_store, self.partials, self.artifacts, limits=limits, room=self.room
        )
        self.ahead = timedelta()
        self.owners = OwnerStore(database)
        self.retention = Retention(
            FinishedJobs(database),
            self.owners,
            self.jobs,
            own=keep,
            clock=lambda: database.now() + self.ahead,
        )
        self.service = Service(
            probe=self.probe,
            jobs=self.jobs,
            hosts=self.hosts,
            artifacts=self.artifacts,
            executor=self.executor,
            tokens=self.tokens,
            uploads=self.uploads,
            importer=Importer(self.artifacts, self.upload_store, tmp_path / "imports", room=self.room),
            retention=self.retention,
            room=self.room,
            scratch=tmp_path / "models",
            documents=documents or DocumentLimits(),
            queue=queue or Limits(),
            signer=signer,
        )
        self.app = create_app(self.service, ServerSettings(**settings), studio or Studio({}))
        # Not raised in the test: what a client sees of a mistake is what is tested.
        self.client = TestClient(self.app, base_url="http://localhost:8000", raise_server_exceptions=False)

    def post(self, document=IRIS, path="/v1/jobs", **options):
        headers = {**JSON, **options.pop("headers", {})}
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.client.post(path, content=content, headers=headers, **options)

    def submit(self, document=IRIS):
        answer = self.post(document)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def over(self, job_id):
        until(lambda: self.store.job(job_id).status in TERMINAL, f"the end of {job_id}")
        return self.store.job(job_id)

    def training(self, job_id):
        until(lambda: self.store.job(job_id).status is Status.TRAINING, f"the training of {job_id}")


@contextmanager
def served(tmp_path, **options):
    server = Served(tmp_path, **options)
    with server.client:
        yield server


def is_problem(answer, status, kind):
    """Whether an answer is a problem document of this kind; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert (body["status"], body["type"]) == (status, f"urn:quickml:problem:{kind}")
    assert "Traceback" not in answer.text
    return body
