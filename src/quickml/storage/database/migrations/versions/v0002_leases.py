"""Jobs: their plan, the lease of the running attempt, the stored checkpoint. Counters of events."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and a table; nothing is rebuilt."""
    op.add_column("jobs", sa.Column("plan", sa.Text))
    op.add_column("jobs", sa.Column("holder", sa.String(64)))
    op.add_column("jobs", sa.Column("lease_until", sa.String(32)))
    op.add_column("jobs", sa.Column("checkpoint", sa.String(64)))
    op.create_table(
        "counters",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("label", sa.String(32), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
    )
