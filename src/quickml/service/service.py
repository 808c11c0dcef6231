"""The use cases. Calls may wait for the disk, so do not make them in the thread of an event loop."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quickml.datasets.files import pins_of
from quickml.document import Plan, read
from quickml.document.text import decoded
from quickml.errors import ArtifactError, DiskFullError, DocumentError, FileImportingError, StoreError
from quickml.errors.jobs import coarse
from quickml.events import TERMINAL, Status
from quickml.executors.claims import EXPRESS_S
from quickml.executors.executor import Executor
from quickml.files.digest import Digest
from quickml.jobs import lifecycle
from quickml.jobs.counters import Totals
from quickml.jobs.hosts import Hosts, HostState
from quickml.jobs.job import GPU, NO_LIMITS, Artifact, Change, Job, Limits, NewJob, StoredEvent, Waiting
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import Lack
from quickml.jobs.tokens import Token, TokenStore
from quickml.service.contents import ArtifactContents
from quickml.service.disk import Disk
from quickml.service.event_hub import AnyEvent, EventHub
from quickml.service.films import Films
from quickml.service.health import Health
from quickml.service.history import History
from quickml.service.imports import IMPORTING, Importer
from quickml.service.inference import Inference
from quickml.service.links import KEY_BYTES, FileLinks, LinkSigner
from quickml.service.policy import DocumentLimits, check_limits
from quickml.service.retention import Retention
from quickml.service.uploads import Uploads
from quickml.service.user_files import OwnedFiles
from quickml.storage.artifacts.store import ArtifactStore, Stored
from quickml.storage.probe import StorageProbe
from quickml.storage.room import Room

log = logging.getLogger(__name__)

DELETIONS_KEPT = timedelta(days=7)
"""How long a stream that is resumed is told of deleted jobs."""
OPEN_OWNER = "anyone"
"""Owner of all jobs if no token is required."""


class Service:
    """All use cases. An owner sees only its own jobs; those of others do not exist for it."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        hosts: Hosts,
        artifacts: ArtifactStore,
        executor: Executor,
        probe: StorageProbe,
        tokens: TokenStore,
        uploads: Uploads,
        importer: Importer,
        retention: Retention,
        scratch: Path,
        short_s: float = EXPRESS_S,
        documents: DocumentLimits | None = None,
        queue: Limits = NO_LIMITS,
        room: Room,
        grace_s: float = 10.0,
        signer: LinkSigner | None = None,
    ) -> None:
        """Combine the parts; `scratch` is a folder for models that are unpacked to be run.

        A job is short if it is estimated to take at most `short_s`. Without a `signer`, links are valid until
        the service ends.
        """
        self._jobs, self._artifacts, self._executor, self._tokens = jobs, artifacts, executor, tokens
        self._hosts, self._probe, self.uploads, self.importer = hosts, probe, uploads, importer
        self.retention = retention
        uploads.on_deletion = importer.forget
        self._documents, self._queue, self._short_s = documents or DocumentLimits(), queue, short_s
        self._room, self._grace_s = room, grace_s
        self.links = FileLinks(jobs, signer or LinkSigner(secrets.token_bytes(KEY_BYTES)))
        self.contents = ArtifactContents(artifacts)
        self.inference = Inference(jobs, artifacts, scratch)
        self.films = Films(jobs, artifacts)
        self.history = History(jobs, max_s=self._documents.max_seconds)
        self._disk = Disk(artifacts, jobs, room)
        self._closing = threading.Lock()
        self._is_running = False

    # Life

    def start(self) -> None:
        """Start to run queued jobs, including those of an earlier server. May be called again.

        Raises:
            StoreError: the database or the executor cannot work.
        """
        if self._is_running:
            return
        self.retention.publish()
        self._executor.start()
        self._is_running = True

    def close(self) -> None:
        """Start no more jobs, and end running attempts within the grace period. May be called again."""
        self.inference.close()
        self.importer.close()
        with self._closing:
            if self._is_running:
                self._executor.close(self._grace_s)
                self._is_running = False

    def retain(self) -> None:
        """Delete jobs, and files of jobs, that were kept for long enough.

        The files are removed by the sweep that follows, so that a download can go on for a while.
        """
        if not self._probe.state().tables:
            self.retention.sweep(self.inference)

    def sweep(self) -> None:
        """Remove old uploads, files that nothing refers to, and traces of jobs deleted long ago.

        Nothing where a newer release has changed the tables, which knows what else refers to a file.
        """
        if self._probe.state().tables:
            return
        self.uploads.sweep()
        self.importer.sweep()
        self._disk.forget_copies()
        with self._jobs.sweeping() as is_alone:
            if is_alone:  # what several servers share
                self._disk.sweep()
                self._jobs.feed.forget_deletions(datetime.now(UTC) - DELETIONS_KEPT)

    def scrub(self) -> None:
        """Check a stored file, chosen at random."""
        self._disk.scrub()

    # Owners

    def owner_of(self, secret: str) -> str | None:
        """The owner of a token; None if the token is not valid."""
        token = self._tokens.verify(secret)
        return token.owner if token else None

    def first_token(self, owner: str) -> tuple[Token, str] | None:
        """Create the first token, and return it with its secret; None if there is a valid token already."""
        return self._tokens.create_first(owner)

    # Jobs

    def plan(self, document: str | bytes, owner: str) -> Plan:
        """A document, understood and within the limits. Files of its dataset are those of the owner.

        Raises:
            DocumentError: with every problem found.
            FileImportingError: a file is being read; ask again later.
        """
        try:
            plan = read(document, OwnedFiles(owner, self.uploads, self.importer))
        except DocumentError as error:
            if any(problem.code == IMPORTING for problem in error.problems):
                raise FileImportingError(error.problems, more=error.more) from None
            raise
        check_limits(plan, self._documents)
        return plan

    def submit(self, document: bytes, owner: str, idempotency_key: str | None = None) -> Job:
        """Queue a job; it is on disk when this returns. The same key gives the first job again.

        Raises:
            DocumentError: the document is wrong, or beyond the limits.
            QueueFullError: too many wait.
            DiskFullError: there is too little room to keep what it would make.
            ArtifactError: files cannot be written.
            StoreError: another release has changed the tables.
            IdempotencyError: the key was used with another document.
        """
        plan, storage = self.plan(document, owner), self._probe.state()
        if storage.tables and not storage.database:  # one that was away may be back
            raise StoreError(storage.tables)
        self._disk.make_room()
        if storage.files:
            raise ArtifactError(storage.files)
        new = NewJob(
            owner=owner,
            name=plan.document.name,
            document=decoded(document),
            epochs=plan.document.training.epochs,
            plan=plan.to_json(),
            max_seconds=self._documents.max_seconds,
            idempotency_key=idempotency_key,
            files=pins_of(plan.document.dataset),
            cost_s=self.history.estimate(plan).seconds.total,
            needs=GPU if plan.document.training.accelerator == GPU else None,
        )
        job, is_new = self._jobs.submit(new, self._queue)
        if is_new:
            log.info("%s: queued for %s", job.id, owner)
            self._executor.wake()
        return job

    def job(self, job_id: str, owner: str) -> Job:
        """One job. Raises JobNotFoundError."""
        return self._jobs.job(job_id, owner)

    def ready(self, job_id: str, owner: str) -> Job:
        """One job that is ready. Raises JobNotFoundError, and JobStateError of one that is not."""
        job = self._jobs.job(job_id, owner)
        lifecycle.check_ready(job)
        return job

    def with_files(self, job_id: str, owner: str) -> Job:
        """One job that is ready and has all its files. Raises as `ready`, and FilesDeletedError."""
        job = self.ready(job_id, owner)
        lifecycle.check_files(job)
        return job

    def jobs(
        self, owner: str, *, statuses: Sequence[Status] = (), limit: int = 50, before: str | None = None
    ) -> list[Job]:
        """The owner's jobs, newest first. Raises JobNotFoundError where `before` is no id of a job."""
        return self._jobs.jobs(owner=owner, statuses=statuses, limit=limit, before=before)

    def newest(self, name: str, owner: str) -> Job | None:
        """The owner's newest job of this name."""
        found = self._jobs.jobs(owner=owner, name=name, limit=1)
        return found[0] if found else None

    def stop(self, job_id: str, owner: str) -> Job:
        """End the training, and export what it has learned. Raises JobNotFoundError."""
        job = self._jobs.stop(job_id, owner)
        self._executor.wake()
        return job

    def cancel(self, job_id: str, owner: str) -> Job:
        """Cancel a job. Raises JobNotFoundError."""
        job = self._jobs.cancel(job_id, owner)
        self._executor.wake()
        return job

    def delete(self, job_id: str, owner: str) -> None:
        """Give a job up where it is not finished, and remove it. Its files go with one of the next sweeps.

        Not at once: a file's content may be another job's too, which is about to be complete.

        Raises:
            JobNotFoundError: there is none.
        """
        if self.job(job_id, owner).status not in TERMINAL:
            self.cancel(job_id, owner)
        self._jobs.delete(job_id, owner)
        self.inference.forget(job_id)
        log.info("%s: removed", job_id)
        with suppress(ArtifactError, DiskFullError):  # the job is deleted all the same
            self._disk.make_room()

    # Events and artifacts

    def events(self, job_id: str, owner: str, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """Events of a job whose number is above `after`. Raises JobNotFoundError."""
        self._jobs.job(job_id, owner)
        return self._jobs.events(job_id, after, limit)

    def outline(self, job: Job, types: Collection[str], most: int) -> list[StoredEvent]:
        """Of each type at most so many of a job's events, evenly spaced, with the first and the last one."""
        return self._jobs.outline(job, types, most)

    def position(self, owner: str) -> int:
        """The position of the newest change of the owner's jobs; see `changes`."""
        return self._jobs.feed.position(owner)

    def changes(self, owner: str, after: int, limit: int) -> list[Change]:
        """What happened to the owner's jobs after a position."""
        return self._jobs.feed.changes(owner, after, limit)

    def watchers(self, encode: Callable[[AnyEvent], bytes], *, most: int, capacity: int) -> EventHub:
        """Everybody who follows jobs and imports as they go on; see `EventHub`."""
        news = self.importer.news
        return EventHub(self._jobs, encode, most=most, capacity=capacity, imports=news)

    def artifacts(self, job_id: str, owner: str) -> list[Artifact]:
        """A job's files; none before it is ready. Raises JobNotFoundError."""
        return self.details(job_id, owner)[1]

    def details(self, job_id: str, owner: str) -> tuple[Job, list[Artifact]]:
        """A job with its files; none before it is ready. Raises JobNotFoundError."""
        job = self._jobs.job(job_id, owner)
        if job.status is not Status.READY:
            return job, []
        if job.files_deleted_at is None:
            self.inference.look(job_id, owner)
        return job, self._jobs.artifacts(job_id)

    def ahead(self, job: Job) -> int | None:
        """How many queued jobs have their turn before this one; None if it is not queued."""
        return self._jobs.ahead(job, self._queue) if job.status is Status.QUEUED else None

    def lack(self, job: Job) -> Lack | None:
        """What a queued job needs and no connected worker has; None if nothing is missing."""
        is_queued = job.status is Status.QUEUED
        return self._hosts.seats().lack(job, short_s=self._short_s) if is_queued else None

    # Files

    def file(self, sha256: str, name: str, owner: str) -> tuple[Artifact, Stored]:
        """A file of one of the owner's jobs, by its content and name.

        Raises:
            JobNotFoundError: none of the owner's jobs has such a file.
            ArtifactNotFoundError: the stored file is lost.
            ArtifactDamagedError: the stored file has another size than the artifact.
        """
        artifact = self._jobs.artifact(sha256, name, owner)
        return artifact, self.contents.stat(artifact)

    def checksums(self, sha256: str, owner: str) -> Digest:
        """The checksums of a file of one of the owner's jobs, and of its parts.

        Raises:
            JobNotFoundError: none of the owner's jobs has such a file.
            ArtifactError: the stored file is lost or damaged.
        """
        artifact = self._jobs.artifact(sha256, None, owner)
        self.contents.stat(artifact)
        return self.contents.checksums(artifact)

    # Operations

    def health(self) -> Health:
        """The state of the parts."""
        found = self._executor.workers()
        troubled = [worker.trouble for worker in found if worker.trouble]
        workers = dict(Counter(worker.state for worker in found))
        trouble = troubled[0] if found and len(troubled) == len(found) else ""
        storage = self._probe.state()
        try:
            queued, seats = self._jobs.counts()[Status.QUEUED], self._hosts.seats()
            free = self._room.free_bytes()
        except StoreError as error:
            return Health(database=str(error), files=storage.files, workers=workers, trouble=trouble)
        except ArtifactError as error:
            database = storage.database or storage.tables
            return Health(database=database, files=str(error), workers=workers, trouble=trouble)
        return Health(
            database=storage.database or storage.tables,
            files=storage.files,
            free_bytes=coarse(free),
            has_room=free >= self._room.needed_bytes,
            needed_bytes=self._room.needed_bytes,
            workers=workers,
            trouble=trouble,
            queued=queued,
            seats=seats,
        )

    def counts(self) -> dict[Status, int]:
        """How many jobs there are of each status."""
        return self._jobs.counts()

    def hosts(self) -> list[HostState]:
        """The hosts that live, and what they run."""
        return [state for state in self._hosts.states() if state.gone_at is None]

    def waiting(self) -> Waiting:
        """The queue of all owners."""
        return self._jobs.waiting(self._queue)

    def counters(self) -> Totals:
        """Totals of the events of all jobs; see `jobs.counters`."""
        return self._jobs.counters()

    def file_bytes(self) -> int:
        """Total size of the files of all jobs."""
        return self._jobs.file_bytes()
