"""Hosts, each with one lease for all of its attempts, instead of a lease for each attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXT = sa.String().with_variant(sa.Text(collation="C"), "postgresql")
_WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add a table and columns; nothing is rebuilt. Attempts of servers that knew no hosts are released."""
    op.create_table(
        "hosts",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("seats", _WHOLE, nullable=False),
        sa.Column("express_seats", _WHOLE, nullable=False),
        sa.Column("lease_s", sa.Float, nullable=False),
        sa.Column("joined_at", _TEXT, nullable=False),
        sa.Column("seen_at", _TEXT, nullable=False),
        sa.Column("gone_at", _TEXT),
    )
    op.add_column("jobs", sa.Column("cost_s", sa.Float))
    op.execute("ALTER TABLE jobs RENAME COLUMN lease_until TO begun_at")
    op.execute("UPDATE jobs SET begun_at = updated_at WHERE begun_at IS NOT NULL")
    op.execute(
        "UPDATE jobs SET holder = 'unknown', begun_at = updated_at WHERE holder IS NULL"
        " AND status IN ('building', 'training', 'compiling', 'verifying')"
    )
    held = sa.text("holder IS NOT NULL")
    op.create_index("jobs_by_holder", "jobs", ["holder"], sqlite_where=held, postgresql_where=held)
