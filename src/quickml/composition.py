"""Builds the service from the settings: the one place that chooses the adapters behind the ports."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from quickml.data_folder import DataFolder, addresses_of, held, prepared
from quickml.errors import StoreError
from quickml.executors.local.executor import Express, LocalExecutor
from quickml.executors.local.gpus import GpuSeat, gpu_seats
from quickml.executors.local.supervisor import WorkerLimits
from quickml.jobs import file_mark
from quickml.jobs.hosts import SERVER, WORKER, Host, Hosts
from quickml.jobs.job import Limits
from quickml.jobs.jobs import JobStore
from quickml.jobs.keys import LINKS, KeyStore
from quickml.jobs.owners import Keeping, OwnerStore
from quickml.jobs.tokens import TokenStore
from quickml.launchers.keeper import SeatKeeper
from quickml.launchers.launcher import Launcher, SeatKind
from quickml.launchers.scaling import Scale
from quickml.service import DocumentLimits, FileLimits, Importer, LinkSigner, Retention, Service, Uploads
from quickml.service.link_key import key_in, read_key
from quickml.service.links import KEY_BYTES
from quickml.service.worker_host import WorkerHost
from quickml.settings import Settings, cores
from quickml.storage.addresses import artifact_stores, databases, partial_stores
from quickml.storage.artifacts.s3 import S3ArtifactStore
from quickml.storage.backends import Backends
from quickml.storage.database.engine import Database, unchanged_tables
from quickml.storage.moving import copy
from quickml.storage.moving_files import MovedFiles, copy_files
from quickml.storage.probe import StorageProbe
from quickml.storage.room import Room
from quickml.uploads.uploads import UploadStore
from quickml.worker.options import WorkerOptions

Record = TypeVar("Record", Limits, DocumentLimits, FileLimits, Keeping)


@contextmanager
def service(settings: Settings) -> Iterator[Service]:
    """The service of a server. Its data folder is locked meanwhile.

    Raises:
        StoreError: the folder cannot be used, or another server works there.
    """
    place = prepared(settings)
    with held(place.lock):
        backends = Backends.open(addresses_of(settings, place))
        if settings.storage.database is not None or settings.storage.files is not None:
            file_mark.mark(backends)
        jobs = JobStore(backends.database)
        room = _room(settings, place, backends)
        uploads = _uploads(settings, place, backends, room)
        probe = StorageProbe(backends, place.scratch, room)
        yield Service(
            jobs=jobs,
            hosts=Hosts(backends.database),
            artifacts=backends.artifacts,
            executor=_executor_of_server(settings, place, backends, probe),
            probe=probe,
            tokens=TokenStore(backends.database),
            uploads=uploads,
            importer=Importer(backends.artifacts, uploads.store, place.imports.absolute(), room=room),
            retention=Retention.of_database(backends.database, _selected(Keeping, settings.limits)),
            room=room,
            scratch=place.models,
            short_s=settings.workers.express_s,
            documents=_selected(
                DocumentLimits,
                settings.limits,
                worker_memory_bytes=settings.workers.worker_memory_bytes or sys.maxsize,
            ),
            queue=queue_limits(settings),
            grace_s=settings.workers.grace_s,
            signer=LinkSigner(
                _link_key(settings, place, backends.database), max_s=settings.server.link_max_s
            ),
        )
        backends.close()


@contextmanager
def worker(settings: Settings) -> Iterator[WorkerHost]:
    """The host of `quickml worker`. Tables are not made or migrated: servers do that.

    Raises:
        StoreError: the folder, the database or the files cannot be used, or this release does not fit them.
    """
    place = prepared(settings)
    with unchanged_tables():
        backends = Backends.open(addresses_of(settings, place))
    file_mark.compare(backends)
    probe = StorageProbe(backends, place.scratch, _room(settings, place, backends))
    limits = _worker_limits(settings, place)
    limits = replace(limits, options=replace(limits.options, imports=None))
    gpus = _gpus(settings)
    seats = settings.workers.seats or max(1, cores() // settings.workers.worker_threads, len(gpus))
    executor = _executor(limits, settings, backends, probe, workers=seats, gpus=gpus, kind=WORKER)
    if misfit := Hosts(backends.database).misfit(executor.host):
        raise StoreError(misfit)
    uploads = UploadStore(backends.database, _selected(FileLimits, settings.files))
    probe.state()  # logs what is wrong, such as the keys of a bucket, and not only when a job waits
    yield WorkerHost(
        executor, uploads, backends.artifacts, executor.imports, grace_s=settings.workers.grace_s
    )
    backends.close()


def _executor_of_server(
    settings: Settings, place: DataFolder, backends: Backends, probe: StorageProbe
) -> LocalExecutor:
    workers = settings.workers.workers
    gpus = _gpus(settings) if workers else ()
    return _executor(_worker_limits(settings, place), settings, backends, probe, workers=workers, gpus=gpus)


def _gpus(settings: Settings) -> tuple[GpuSeat, ...]:
    return gpu_seats(settings.workers.gpus, settings.workers.seats_per_gpu)


def _executor(
    limits: WorkerLimits,
    settings: Settings,
    backends: Backends,
    probe: StorageProbe,
    *,
    workers: int,
    gpus: Sequence[GpuSeat],
    kind: str = SERVER,
) -> LocalExecutor:
    return LocalExecutor(
        JobStore(backends.database),
        Hosts(backends.database, lease_s=settings.workers.lease_s),
        limits,
        workers=workers,
        scratch=DataFolder(folder=settings.storage.data).scratch,
        kind=kind,
        gpus=gpus,
        express=Express(seats=settings.workers.express_workers, most_s=settings.workers.express_s),
        beat_s=settings.workers.beat_s,
        trouble=lambda: probe.state().trouble,
        host_id=settings.workers.host_id if kind == WORKER else None,
    )


def _room(settings: Settings, place: DataFolder, backends: Backends) -> Room:
    return Room(backends.artifacts, place.folder, needed_bytes=settings.limits.min_free_disk_bytes)


def _uploads(settings: Settings, place: DataFolder, backends: Backends, room: Room) -> Uploads:
    limits = _selected(FileLimits, settings.files)
    return Uploads(
        UploadStore(backends.database, limits),
        partial_stores.open(addresses_of(settings, place).files, place.uploads.absolute()),
        backends.artifacts,
        limits=limits,
        room=room,
    )


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What `move` has moved."""

    rows: int | None = None
    """None if the database stays."""
    files: MovedFiles | None = None
    """None if the files stay."""


def move(settings: Settings) -> Moved:
    """Move the database and the files of the data folder to those of the settings.

    The old ones stay, the database under another name. A call that failed can be repeated.

    Raises:
        StoreError: a server uses the folder, there is nothing to move, or the other database is not empty.
        ArtifactError: the bucket cannot be used.
    """
    place = prepared(settings)
    file = Path(place.folder / "quickml.db")
    if settings.storage.database is None and settings.storage.files is None:
        expected = "--database postgresql://.. or --files s3://.., or both"
        raise StoreError(f"expected the address of a new database or of a bucket, {expected}, found neither")
    with held(place.lock):
        if not file.exists():
            raise StoreError(f"{file}: expected a database to move, found none")
        source = databases.open(place.addresses.database)
        files = None if settings.storage.files is None else _move_files(settings, place, source)
        rows = None if settings.storage.database is None else _move_rows(settings, place, source)
        source.close()  # SQLite puts its journal into the file then
        if rows is not None:
            file.rename(file.with_name("quickml.db.moved"))
    return Moved(rows=rows, files=files)


def _move_rows(settings: Settings, place: DataFolder, source: Database) -> int:
    target = _opened_database(settings)
    if place.link_key.exists():
        KeyStore(source).get(LINKS, read_key(place.link_key))  # and moves with it
    rows = copy(source, target)
    target.close()
    return rows


def _move_files(settings: Settings, place: DataFolder, source: Database) -> MovedFiles:
    """The index of the bucket is written to the old database, and moves with it."""
    target = artifact_stores.open(addresses_of(settings, place).files, source)
    if not isinstance(target, S3ArtifactStore):
        raise StoreError(f"files: expected s3://bucket/prefix, found {settings.storage.files}")
    folder = artifact_stores.open(place.addresses.files, source)
    return copy_files(folder, target, JobStore(source).referenced(), source)


def tokens(settings: Settings) -> TokenStore:
    """The tokens of a server, whether it runs or not."""
    return TokenStore(_opened_database(settings))


def owners(settings: Settings) -> OwnerStore:
    """What is said about the owners of a server's jobs, whether it runs or not."""
    return OwnerStore(_opened_database(settings))


def jobs(settings: Settings) -> tuple[JobStore, Retention]:
    """The jobs of a server, and how long it keeps them, whether it runs or not."""
    database = _opened_database(settings)
    return JobStore(database), Retention.of_database(database)


def hosts(settings: Settings) -> tuple[Hosts, JobStore]:
    """The hosts of a database and its queue, whether a server runs or not."""
    database = _opened_database(settings)
    return Hosts(database), JobStore(database)


def queue_limits(settings: Settings) -> Limits:
    """How many jobs may be queued and run."""
    return _selected(Limits, settings.limits)


@contextmanager
def keeper(settings: Settings, launcher: Launcher, kinds: Mapping[SeatKind, Scale]) -> Iterator[SeatKeeper]:
    """Keeps as many seats at a launcher as the queue of a database needs.

    Raises:
        StoreError: the database cannot be used, or this release does not fit it.
    """
    with unchanged_tables():
        database = _opened_database(settings)
    found = Hosts(database)
    if misfit := found.misfit(Host(id="", name="")):
        raise StoreError(misfit)
    store, limits, short_s = JobStore(database), queue_limits(settings), settings.workers.express_s
    yield SeatKeeper(launcher, found, store, kinds=kinds, limits=limits, short_s=short_s)
    database.close()


def _opened_database(settings: Settings) -> Database:
    return databases.open(addresses_of(settings, prepared(settings)).database)


def _link_key(settings: Settings, place: DataFolder, database: Database) -> bytes:
    """The key that signs links: all servers of one database have the same.

    Raises:
        StoreError: it cannot be read or made.
    """
    if settings.server.link_key_file is not None:
        return read_key(settings.server.link_key_file)
    if settings.storage.database is None:
        return key_in(place.link_key)
    # One of the folder is of a server that did not share it yet.
    own = read_key(place.link_key) if place.link_key.exists() else secrets.token_bytes(KEY_BYTES)
    return KeyStore(database).get(LINKS, own)


def _worker_limits(settings: Settings, place: DataFolder) -> WorkerLimits:
    options = WorkerOptions(
        addresses=addresses_of(settings, place),
        scratch=place.scratch.absolute(),
        imports=place.imports.absolute(),
        checkpoint_every_s=settings.workers.checkpoint_every_s,
        progress_every_s=1 / settings.workers.event_rate_per_s,
        patience_s=settings.workers.patience_s,
    )
    return WorkerLimits(
        options=options,
        threads=settings.workers.worker_threads,
        memory_bytes=settings.workers.worker_memory_bytes,
        attempts=settings.workers.attempts_per_worker,
        hang_s=settings.workers.hang_s,
        finish_s=settings.workers.finish_s,
        queue=queue_limits(settings),
    )


def _selected(kind: type[Record], group: object, **given: Any) -> Record:
    """A record of the settings that its fields are named after, but for those that are given."""
    names = [field.name for field in fields(kind) if field.name not in given]
    return kind(**{name: getattr(group, name) for name in names}, **given)
