"""The first queued job of each owner, so that a claim looks at one row and not at all that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a column to the turns, and fill it."""
    is_postgres = op.get_bind().dialect.name == "postgresql"
    text = sa.Text(collation="C") if is_postgres else sa.String(30)
    op.add_column("turns", sa.Column("waiting", text))
    op.execute(
        "INSERT INTO turns (owner, turn, waiting)"
        " SELECT owner, 0, min(id) FROM jobs WHERE status = 'queued' GROUP BY owner"
        " ON CONFLICT (owner) DO UPDATE SET waiting = excluded.waiting"
    )
    is_waiting = sa.text("waiting IS NOT NULL")
    op.create_index(
        "turns_of_waiting", "turns", ["turn", "waiting"], sqlite_where=is_waiting, postgresql_where=is_waiting
    )
