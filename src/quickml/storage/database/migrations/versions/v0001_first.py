"""The first tables: jobs with their events and artifacts, turns of owners, tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    _create_jobs()
    _create_events_and_turns()
    _create_artifacts_and_tokens()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(30), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.Column("started_at", sa.String(32)),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("max_seconds", sa.Float),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("stop_requested", sa.Boolean, nullable=False),
        sa.Column("stopped_early", sa.Boolean, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("epochs", sa.Integer, nullable=False),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("last_event", sa.Integer, nullable=False),
        sa.Column("idempotency_key", sa.String),
        sa.UniqueConstraint("owner", "idempotency_key"),
    )
    op.create_index("jobs_by_status", "jobs", ["status", "owner", "id"])
    op.create_index("jobs_by_owner", "jobs", ["owner", "id"])


def _create_events_and_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("turn", sa.Integer, nullable=False),
    )
    op.create_index("turns_by_turn", "turns", ["turn"])
    op.create_table(
        "events",
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.String(30), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("job_id", "sequence"),
        sqlite_autoincrement=True,
    )


def _create_artifacts_and_tokens() -> None:
    op.create_table(
        "artifacts",
        sa.Column("job_id", sa.String(30), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
    )
    op.create_index("artifacts_by_sha256", "artifacts", ["sha256"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(30), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
    )
