"""The table: each field of `Settings` is a row, and everything else about settings is made of them."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quickml.settings import kinds
from quickml.settings.kinds import PATH, RATE, SECONDS, SIZE, TEXT, Kind, number, one_of, or_none, whole

PREFIX = "QUICKML_"
"""How a variable's name begins."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A row of the table."""

    name: str
    kind: Kind
    default: str
    """In words."""
    help: str

    @property
    def flag(self) -> str:
        """On the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """In the environment."""
        return PREFIX + self.name.upper()


def _cores() -> int:
    """Those that this process may use, which in a container are fewer than there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def _workers() -> int:
    return min(4, _cores())


def _worker_threads() -> int:
    return max(1, _cores() // 4)


def _data() -> Path:
    import platformdirs

    return platformdirs.user_data_path("quickml", appauthor=False)


def _row(kind: Kind, default: Any, help: str, shown: str = "") -> Any:
    """A field of the table; a default that depends on the machine is a function, and told in words."""
    metadata = {"kind": kind, "help": help, "shown": shown or kind.show(default)}
    if callable(default):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, with their units in their names; None is without limit, or not there."""

    data: Path = _row(
        PATH, _data, "Where jobs and files are kept.", shown="the user's folder for application data"
    )
    host: str = _row(TEXT, "127.0.0.1", "Address to listen on; 0.0.0.0 for all of this machine.")
    port: int = _row(whole(0, 65535), 8000, "Port to listen on; 0 takes a free one.")
    tls_cert: Path | None = _row(or_none(PATH), None, "Certificate chain (PEM), to be reached by https.")
    tls_key: Path | None = _row(or_none(PATH), None, "Private key of the certificate (PEM).")
    access: str = _row(
        one_of("auto", "open", "tokens"),
        "auto",
        "Who may come in: everybody (open), or whoever has a token; auto is open on this machine alone.",
    )

    cors_origins: str | None = _row(
        or_none(TEXT), None, "Web pages of these addresses may ask the server too; commas between them."
    )

    workers: int = _row(
        whole(1, 256),
        _workers,
        "Trainings at the same time, each in a process.",
        shown="the cores, at most 4",
    )
    worker_threads: int = _row(
        whole(1, 1024), _worker_threads, "Threads of each worker.", shown="a fourth of the cores, at least 1"
    )
    worker_memory_bytes: int | None = _row(
        or_none(SIZE), 3 << 30, "Resident memory over which a worker is killed."
    )
    attempts_per_worker: int = _row(
        whole(1), 50, "Trainings after which a worker is replaced by a fresh one."
    )
    hang_s: float = _row(SECONDS, 60.0, "A worker that gives no sign for so long is killed.")
    grace_s: float = _row(
        SECONDS,
        10.0,
        "How long running trainings have to save where they are, when the server is asked to end.",
    )
    checkpoint_every_s: float = _row(
        SECONDS, 30.0, "A running training saves where it is at most this often."
    )

    max_body_bytes: int = _row(SIZE, 1 << 20, "Size of a request.")
    body_timeout_s: float = _row(SECONDS, 30.0, "How long a client may take to send all of a request.")
    max_layers: int = _row(whole(1), 200, "Layers of a network.")
    max_parameters: int = _row(whole(1), 20_000_000, "Parameters of a network.")
    max_memory_bytes: int = _row(SIZE, 2 << 30, "Estimated memory of a training.")
    max_epochs: int = _row(whole(1), 10_000, "Epochs of a training.")
    max_seconds: float | None = _row(
        or_none(SECONDS), 3600.0, "How long a training may take; then it ends with what it has learned."
    )
    finish_s: float = _row(
        SECONDS, 300.0, "How much longer a job may take than its training may, before it is killed."
    )
    queued_per_owner: int | None = _row(or_none(whole(1)), 200, "Jobs that one owner may have waiting.")
    running_per_owner: int | None = _row(or_none(whole(1)), 2, "Jobs of one owner that run at the same time.")
    queue_length: int | None = _row(or_none(whole(1)), 2000, "Jobs that may wait in all.")
    min_free_disk_bytes: int = _row(SIZE, 1 << 30, "With less room than this, no job is taken.")

    event_rate_per_s: float = _row(
        number(0.1, "events a second"), 5.0, "How often a job tells of its progress inside an epoch, at most."
    )
    watchers: int = _row(whole(1), 4000, "Open event streams.")
    watcher_queue: int = _row(whole(1), 256, "Events that may wait for a slow watcher, before it is cut off.")
    heartbeat_s: float = _row(
        number(0.1, "seconds"), 15.0, "A stream with nothing to tell gives a sign this often."
    )

    stall_s: float = _row(
        number(0.1, "seconds"), 60.0, "A client that takes nothing for so long of what it is sent is cut off."
    )
    min_rate_bytes: int | None = _row(
        or_none(RATE), None, "One that takes less than this in a second, over `stall_s`, is cut off too."
    )
    max_rate_bytes: int | None = _row(
        or_none(RATE), None, "What all downloads of one owner get in a second, at most."
    )
    downloads_per_owner: int | None = _row(
        or_none(whole(1)), None, "Downloads of one owner that run at the same time."
    )
    accel_redirect: str | None = _row(
        or_none(kinds.PREFIX),
        None,
        "nginx sends the files: its location of the folder `artifacts`, such as /protected/.",
    )
    link_max_s: float = _row(
        number(1.0, "seconds"), 7 * 24 * 3600.0, "How long a signed link to a file may be good for."
    )

    log_format: str = _row(one_of("text", "json"), "text", "How the log is written.")
    log_level: str = _row(
        one_of("debug", "info", "warning", "error"), "info", "The least important lines of the log."
    )

    @property
    def tokens_required(self) -> bool:
        """Whether a request must show a token."""
        return self.access == "tokens" or (self.access == "auto" and not _is_loopback(self.host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


TABLE: tuple[Setting, ...] = tuple(
    Setting(
        name=field.name,
        kind=field.metadata["kind"],
        default=field.metadata["shown"],
        help=field.metadata["help"],
    )
    for field in dataclasses.fields(Settings)
)
"""All rows, in the order of `Settings`."""
