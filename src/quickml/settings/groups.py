"""The settings, in groups that are each handed on as a whole. A new setting is one row here."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quickml.settings import kinds
from quickml.settings.kinds import (
    ADDRESS,
    PATH,
    RATE,
    SECONDS,
    SIZE,
    TEXT,
    duration,
    number,
    one_of,
    or_none,
    whole,
)
from quickml.settings.row import row


def cores() -> int:
    """Cores that this process may use; in a container these are fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def _workers() -> int:
    return min(4, cores())


def _worker_threads() -> int:
    return max(1, cores() // 4)


def _data() -> Path:
    import platformdirs

    return platformdirs.user_data_path("quickml", appauthor=False)


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """Where jobs and files are stored."""

    data: Path = row(
        PATH, _data, "Folder of the database and all files.", shown="the user's folder for application data"
    )
    database: str | None = row(
        or_none(ADDRESS),
        None,
        "Address of a PostgreSQL database, such as postgresql://quickml@db.example.org/quickml."
        " By default the database is a file in the folder `data`.",
    )
    database_password_file: Path | None = row(
        or_none(PATH), None, "File with the password of the database; read for every connection."
    )

    files: str | Path | None = row(
        or_none(kinds.PLACE),
        None,
        "Folder of the files that jobs make and users upload, or a bucket of S3, such as s3://bucket/prefix."
        " By default the folder `artifacts` in the folder `data`.",
    )
    files_credentials_file: Path | None = row(
        or_none(PATH),
        None,
        "File with the keys of the bucket, in the form of ~/.aws/credentials; read again every minute."
        " By default AWS_ACCESS_KEY_ID and its like, or the role of a machine of AWS.",
    )
    files_cache_bytes: int = row(
        SIZE, 2 << 30, "Disk space for copies of files of a bucket, in the folder `cache` in `data`."
    )

    @property
    def place(self) -> str:
        """Where jobs and tokens are, for a person."""
        return self.database or str(self.data.absolute())

    @property
    def files_place(self) -> str:
        """Where files are, for a person."""
        return str(self.files or self.data.absolute() / "artifacts")


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """The HTTP server: its address, who may use it, and how it treats slow clients."""

    host: str = row(TEXT, "127.0.0.1", "Address to listen on. Use 0.0.0.0 to listen on all interfaces.")
    port: int = row(whole(0, 65535), 8000, "Port to listen on. Use 0 to let the system choose a free port.")
    tls_cert: Path | None = row(or_none(PATH), None, "Certificate chain (PEM). Enables HTTPS.")
    tls_key: Path | None = row(or_none(PATH), None, "Private key of the certificate (PEM).")
    access: str = row(
        one_of("auto", "open", "tokens"),
        "auto",
        "Who may use the API: everyone (open) or holders of a token (tokens)."
        " auto is open when the server listens on the loopback interface only, and tokens otherwise.",
    )
    cors_origins: str | None = row(
        or_none(TEXT), None, "Origins of web pages that may call the API (CORS), separated by commas."
    )
    allowed_hosts: str | None = row(
        or_none(TEXT),
        None,
        "Host names, separated by commas, under which clients reach a server that is open."
        " By default any; only those of this machine if the server listens on the loopback interface only.",
    )

    max_body_bytes: int = row(SIZE, 1 << 20, "Maximum size of a request body.")
    body_timeout_s: float = row(SECONDS, 30.0, "Time allowed to receive a complete request body.")

    memory_per_owner_bytes: int = row(
        SIZE,
        64 << 20,
        "Maximum memory for the requests and responses of each owner that are in progress."
        " Those up to 64 KiB do not count.",
    )

    watchers: int = row(whole(1), 4000, "Maximum number of open event streams.")
    watchers_per_owner: int | None = row(
        or_none(whole(1)),
        1000,
        "Maximum number of open event streams of each owner. Not used by an open server.",
    )
    watcher_queue: int = row(
        whole(1), 256, "Maximum number of events that wait in memory for the client of an event stream."
    )
    heartbeat_s: float = row(
        number(0.1, "seconds"), 15.0, "Interval between heartbeats on an idle event stream."
    )

    stall_s: float = row(
        number(0.1, "seconds"), 60.0, "Close a connection when the client has received no data for this long."
    )
    min_rate_bytes: int | None = row(
        or_none(RATE),
        None,
        "Close a connection when the client receives less than this per second, measured over `stall_s`.",
    )
    max_rate_bytes: int | None = row(
        or_none(RATE), None, "Maximum download rate of each owner in bytes per second, over all downloads."
    )
    downloads_per_owner: int | None = row(
        or_none(whole(1)), None, "Maximum number of concurrent downloads of each owner."
    )
    accel_redirect: str | None = row(
        or_none(kinds.PREFIX),
        None,
        "Let nginx send the files: the internal location that serves the folder `artifacts`,"
        " such as /protected/.",
    )
    downloads: str = row(
        one_of("stream", "redirect"),
        "stream",
        "How a file in a bucket is sent to whoever has a signed link to it: by this server (stream), or by"
        " a redirect to the bucket, which clients must then be able to reach (redirect).",
    )
    link_key_file: Path | None = row(
        or_none(PATH),
        None,
        "File with 32 random bytes that sign links to files. By default the key is in the folder `data`, and"
        " of servers that share a PostgreSQL database, in that database.",
    )
    link_max_s: float = row(
        number(1.0, "seconds"), 7 * 24 * 3600.0, "Maximum lifetime of a signed link to a file."
    )

    log_format: str = row(one_of("text", "json"), "text", "Format of the log.")
    log_level: str = row(
        one_of("debug", "info", "warning", "error"), "info", "Log messages of this level and above."
    )

    @property
    def tokens_required(self) -> bool:
        """Whether requests need a token."""
        return self.access == "tokens" or (self.access == "auto" and not self.is_local)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def origins(self) -> frozenset[str]:
        """`cors_origins`, separated."""
        return _separated(self.cors_origins)

    @property
    def hosts(self) -> frozenset[str]:
        """`allowed_hosts`, separated and in lower case."""
        return frozenset(map(str.lower, _separated(self.allowed_hosts)))


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """Worker processes, and when they are replaced or killed."""

    workers: int = row(
        whole(0, 256),
        _workers,
        "Number of trainings that a server runs concurrently, one process each."
        " 0 leaves them to `quickml worker` on other machines.",
        shown="the number of cores, at most 4",
    )
    worker_threads: int = row(
        whole(1, 1024),
        _worker_threads,
        "Number of threads of each worker.",
        shown="a quarter of the cores, at least 1",
    )
    worker_memory_bytes: int | None = row(
        or_none(SIZE),
        3 << 30,
        "Kill a worker that uses more resident memory than this, or than 4 GiB more if it has a GPU.",
    )
    attempts_per_worker: int = row(whole(1), 50, "Replace a worker after this number of trainings.")
    seats: int | None = row(
        or_none(whole(1, 1024)),
        None,
        "Number of trainings that `quickml worker` runs concurrently. By default it is the number of cores,"
        " divided by `worker_threads`, but at least the number of GPUs times `seats_per_gpu`.",
    )
    host_id: str | None = row(
        or_none(kinds.HOST_ID),
        None,
        "Id of a `quickml worker` in the database, for programs that start it and look for it there; it must"
        " never have been used. By default a new one.",
    )
    express_workers: int = row(
        whole(0, 1024),
        0,
        "Number of trainings, of those that run concurrently, that have to be short, so that short jobs do"
        " not wait behind long ones. A server keeps at least one for long jobs; a worker does not have to."
        " For `quickml cluster`, the maximum number of its seats for short jobs, which are started when all"
        " others are, or will be, taken.",
    )
    express_s: float = row(
        SECONDS, 60.0, "Longest estimated duration of a job that counts as short, see `express_workers`."
    )
    gpus: int | None = row(
        or_none(whole(0, 64), "auto"),
        None,
        "Number of NVIDIA GPUs to use. Their seats run jobs that need a GPU, and other jobs when none waits."
        " auto: all GPUs of this machine if the installed TensorFlow is built for CUDA.",
    )
    seats_per_gpu: int = row(
        whole(1, 64), 1, "Number of trainings that share a GPU, each with an equal part of its memory."
    )
    lease_s: float = row(
        number(1.0, "seconds"),
        15.0,
        "Release the trainings of a server or worker that the database has not heard of for this long.",
    )
    beat_s: float = row(
        number(0.1, "seconds"),
        0.5,
        "How often the database is asked whether a running training was stopped or cancelled.",
    )
    hang_s: float = row(SECONDS, 60.0, "Kill a worker that has sent no heartbeat for this long.")
    grace_s: float = row(
        SECONDS, 10.0, "Time allowed at shutdown for running trainings to save a checkpoint."
    )
    finish_s: float = row(
        SECONDS,
        300.0,
        "Time allowed after `max_seconds` for export and verification; then the worker is killed.",
    )
    patience_s: float = row(
        SECONDS,
        300.0,
        "Time for which a training waits for a database or file storage that fails, such as a full disk;"
        " then it is queued again.",
    )
    checkpoint_every_s: float = row(SECONDS, 30.0, "Minimum time between two checkpoints of a training.")
    event_rate_per_s: float = row(
        number(0.1, "events per second"), 5.0, "Maximum number of progress events per second and job."
    )


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """What a job may ask for, and how many may wait."""

    max_layers: int = row(whole(1), 200, "Maximum number of layers in a network.")
    max_parameters: int = row(whole(1), 20_000_000, "Maximum number of parameters in a network.")
    max_memory_bytes: int = row(SIZE, 2 << 30, "Maximum estimated memory of a training.")
    max_epochs: int = row(whole(1), 10_000, "Maximum number of epochs in a training.")
    max_seconds: float | None = row(
        or_none(SECONDS),
        3600.0,
        "Maximum duration of a training. A training that reaches it stops early and keeps its weights.",
    )
    queued_per_owner: int | None = row(or_none(whole(1)), 200, "Maximum number of queued jobs of each owner.")
    running_per_owner: int | None = row(
        or_none(whole(1)), 2, "Maximum number of jobs of each owner that run concurrently."
    )
    queue_length: int | None = row(or_none(whole(1)), 2000, "Maximum number of queued jobs of all owners.")
    keep_jobs_s: float | None = row(
        or_none(duration(1.0)),
        None,
        "Time after which a finished job is deleted with its files. By default jobs are kept."
        " `quickml token retain` sets another time for single owners.",
    )
    keep_files_s: float | None = row(
        or_none(duration(1.0)),
        None,
        "Time after which the files and the film of a finished job are deleted. The job with its events,"
        " metrics and `report.json` stays for `keep_jobs_s`. By default files are kept as long as their job.",
    )
    min_free_disk_bytes: int = row(
        SIZE,
        1 << 30,
        "Refuse new jobs and uploads, and start no jobs, when less disk space than this is free in the folder"
        " `data`, or where files are, unless they are in a bucket.",
    )


@dataclass(frozen=True, kw_only=True)
class FileSettings:
    """Files that users upload."""

    max_file_bytes: int = row(SIZE, 2 << 30, "Maximum size of an uploaded file.")
    files_per_owner_bytes: int = row(
        SIZE, 5 << 30, "Maximum size of all uploaded files of each owner, unfinished uploads included."
    )
    files_per_owner: int = row(
        whole(1), 1000, "Maximum number of uploaded files of each owner, unfinished uploads included."
    )
    uploads_per_owner: int = row(whole(1), 4, "Maximum number of unfinished uploads of each owner.")
    keep_uploads_s: float = row(
        duration(1.0), 24 * 3600.0, "Remove an upload that is not finished after this time."
    )
    keep_unused_files_s: float | None = row(
        or_none(duration(0.0)),
        30 * 24 * 3600.0,
        "Remove an uploaded file that no job has used for this long.",
    )
    import_memory_bytes: int = row(SIZE, 2 << 30, "Maximum memory for reading an uploaded file.")
    import_timeout_s: float = row(SECONDS, 120.0, "Time allowed for reading an uploaded table.")
    import_pictures_timeout_s: float = row(SECONDS, 3600.0, "Time allowed for reading uploaded pictures.")


def _separated(names: str | None) -> frozenset[str]:
    return frozenset(name for part in (names or "").split(",") if (name := part.strip()))


@cache
def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
