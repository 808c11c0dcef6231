"""The current tables; `migrations/` has the steps that lead to them.

Times are ISO 8601 texts in UTC with microseconds, which sort as they are. There are no foreign keys: the rows
of a job are written and deleted in the transactions of the job, and SQLite's cascades would empty tables when
a migration rebuilds the table they refer to.

In PostgreSQL, texts have the collation "C", which sorts by characters as SQLite does, and no limited length;
migration 0007 sees to it for all tables before it, and each later migration for its own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_WHOLE = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere: what SQLite calls an integer has as many as are needed."""

_DELETED, _WAITING = text("sequence = -1"), text("waiting IS NOT NULL")
_ON_GPU, _NEEDY = text("waiting_gpu IS NOT NULL"), text("status = 'queued' AND needs IS NOT NULL")
_HELD, _QUEUED, _OVER = text("holder IS NOT NULL"), text("status = 'queued'"), text("finished_at IS NOT NULL")
WITH_FILES = text("finished_at IS NOT NULL AND files_deleted_at IS NULL")
"""The finished jobs whose files were not deleted."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(30), primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("updated_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("finished_at", String(32)),
    Column("max_seconds", Float),
    Column("attempt", _WHOLE, nullable=False),
    Column("failures", _WHOLE, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
    Column("stopped_early", Boolean, nullable=False),
    Column("epoch", _WHOLE, nullable=False),
    Column("epochs", _WHOLE, nullable=False),
    Column("progress", Float, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("last_event", _WHOLE, nullable=False),
    Column("idempotency_key", String),
    Column("plan", Text),
    Column("holder", String(64)),
    Column("begun_at", String(32)),
    Column("checkpoint", String(64)),
    Column("lost", _WHOLE, nullable=False, server_default="0"),
    Column("checkpoint_progress", Float, nullable=False, server_default="0"),
    Column("cost_s", Float),
    Column("needs", String),
    Column("files_deleted_at", String(32)),
    UniqueConstraint("owner", "idempotency_key"),
    Index("jobs_by_status", "status", "owner", "id"),
    Index("jobs_by_owner", "owner", "id"),
    Index("jobs_by_cost", "cost_s", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    Index("jobs_by_need", "owner", "id", sqlite_where=_NEEDY, postgresql_where=_NEEDY),
    Index("jobs_by_end", "finished_at", sqlite_where=_OVER, postgresql_where=_OVER),
    # Both columns, or SQLite chooses between it and `jobs_by_end` by the order in which they were made.
    Index("jobs_with_files", "files_deleted_at", "finished_at", sqlite_where=_OVER, postgresql_where=_OVER),
    Index("jobs_by_holder", "holder", sqlite_where=_HELD, postgresql_where=_HELD),
)

hosts = Table(
    "hosts",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("seats", _WHOLE, nullable=False),
    Column("express_seats", _WHOLE, nullable=False),
    Column("gpus", _WHOLE, nullable=False, server_default="0"),
    Column("gpu_seats", _WHOLE, nullable=False, server_default="0"),
    Column("lease_s", Float, nullable=False),
    Column("joined_at", String, nullable=False),
    Column("seen_at", String, nullable=False),
    Column("gone_at", String),
)
"""The processes that run attempts, and for a while those that did; see `jobs.hosts`."""

turns = Table(
    "turns",
    metadata,
    Column("owner", String, primary_key=True),
    Column("turn", _WHOLE, nullable=False),
    Column("waiting", String(30)),
    Column("waiting_gpu", String(30)),
    Index("turns_by_turn", "turn"),
    Index("turns_of_waiting_gpu", "turn", "waiting_gpu", sqlite_where=_ON_GPU, postgresql_where=_ON_GPU),
    Index("turns_of_waiting", "turn", "waiting", sqlite_where=_WAITING, postgresql_where=_WAITING),
)
"""The last turn of each owner, a number that counts all attempts; and the first of its queued jobs, of those
that need a GPU and of the others."""

events = Table(
    "events",
    metadata,
    Column("position", _WHOLE, primary_key=True),
    Column("job_id", String(30), nullable=False),
    Column("sequence", _WHOLE, nullable=False),
    Column("type", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("owner", String),
    Column("owner_position", BigInteger),
    UniqueConstraint("job_id", "sequence"),
    Index("events_by_owner", "owner", "owner_position", unique=True),
    Index("events_of_deletions", "body", sqlite_where=_DELETED, postgresql_where=_DELETED),
    sqlite_autoincrement=True,  # a position is never reused, even after the newest event was deleted
)
"""Events of jobs, and marks that a job was submitted (sequence 0) or deleted (-1); see `jobs.feed`."""

feeds = Table(
    "feeds",
    metadata,
    Column("owner", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""The `owner_position` of the newest event of each owner."""

frames = Table(
    "frames",
    metadata,
    Column("job_id", String(30), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
"""The film of a training while it is recorded; see `jobs.frames`."""

artifacts = Table(
    "artifacts",
    metadata,
    Column("job_id", String(30), primary_key=True),
    Column("name", String, primary_key=True),
    Column("place", _WHOLE, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("size_bytes", _WHOLE, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String, nullable=False),
    Column("composition", Text),
    Index("artifacts_by_sha256", "sha256"),
)

deleted_files = Table(
    "deleted_files",
    metadata,
    Column("job_id", String(30), primary_key=True),
    Column("name", String, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Index("deleted_files_by_sha256", "sha256"),
)
"""The artifacts of jobs whose files were deleted, so that requests for them get the right answer."""

owners = Table(
    "owners",
    metadata,
    Column("name", String, primary_key=True),
    Column("keep_jobs_s", Float),
    Column("keep_files_s", Float),
)
"""Retention settings of single owners; see `jobs.owners`."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(30), primary_key=True),
    Column("owner", String, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", String(32), nullable=False),
    Column("revoked_at", String(32)),
)

keys = Table(
    "keys", metadata, Column("name", String(32), primary_key=True), Column("value", String, nullable=False)
)
"""Keys that all servers of a database share, some of them secret; see `jobs.keys`."""

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("label", String(32), primary_key=True),
    Column("value", Float, nullable=False),
)
"""Totals of the events of all jobs, including deleted ones; see `jobs.counters`."""

files = Table(
    "files",
    metadata,
    Column("owner", String, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("used_at", String(32), nullable=False),
    Index("files_by_sha256", "sha256"),
)
"""Files that users have uploaded; see `uploads`."""

file_names = Table(
    "file_names",
    metadata,
    Column("owner", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("named_at", String(32), nullable=False),
    Index("file_names_by_sha256", "owner", "sha256"),
)
"""What users call their files. A content may have several names, and a name several contents over time."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(30), primary_key=True),
    Column("owner", String, nullable=False),
    Column("name", String, nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", String(64)),
    Column("content", String(64)),
    Column("is_complete", Boolean, nullable=False),
    Column("reserved_bytes", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Index("uploads_by_owner", "owner", "id"),
)
"""Uploads, and for a while those that are complete. `sha256` was announced, `content` was found."""

job_files = Table(
    "job_files",
    metadata,
    Column("job_id", String(30), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Index("job_files_by_sha256", "sha256"),
)
"""Which jobs use which files of their owner."""

stored_files = Table(
    "stored_files",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("put_at", String(32), nullable=False),
    Column("is_complete", Boolean, nullable=False),
    Column("saved_as", String, nullable=False),
    Column("parts", LargeBinary, nullable=False),
    Index("stored_files_by_sha256", "sha256", "put_at"),
)
"""Objects of an artifact store that is no folder; see `storage.artifacts.index`."""
