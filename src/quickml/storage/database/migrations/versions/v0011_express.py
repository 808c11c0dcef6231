"""Queued jobs by their estimated duration, for seats that take only short ones."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add an index."""
    queued = sa.text("status = 'queued'")
    op.create_index("jobs_by_cost", "jobs", ["cost_s"], sqlite_where=queued, postgresql_where=queued)
