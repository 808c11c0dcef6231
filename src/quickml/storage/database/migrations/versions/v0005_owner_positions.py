"""Events: their owner, and a position in the order of all events of the owner."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OWNERS = "UPDATE events SET owner = (SELECT owner FROM jobs WHERE jobs.id = events.job_id)"
_POSITIONS = (
    "UPDATE events SET owner_position = ranked.place FROM (SELECT position,"
    " row_number() OVER (PARTITION BY owner ORDER BY position) AS place FROM events WHERE owner IS NOT NULL"
    ") AS ranked WHERE ranked.position = events.position"
)
_FEEDS = (
    "INSERT INTO feeds (owner, position)"
    " SELECT owner, max(owner_position) FROM events WHERE owner IS NOT NULL GROUP BY owner"
)


def upgrade() -> None:
    """Add columns and a table, and number the events that are there."""
    op.add_column("events", sa.Column("owner", sa.String))
    op.add_column("events", sa.Column("owner_position", sa.BigInteger))
    op.create_table(
        "feeds",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    for statement in (_OWNERS, _POSITIONS, _FEEDS):
        op.execute(statement)
    op.create_index("events_by_owner", "events", ["owner", "owner_position"], unique=True)
    deleted = sa.text("sequence = -1")
    op.create_index("events_of_deletions", "events", ["body"], sqlite_where=deleted, postgresql_where=deleted)
