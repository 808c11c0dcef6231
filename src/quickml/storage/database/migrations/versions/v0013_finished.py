"""Jobs by when they were finished, for those that are kept for a time."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add an index."""
    is_over = sa.text("finished_at IS NOT NULL")
    op.create_index("jobs_by_end", "jobs", ["finished_at"], sqlite_where=is_over, postgresql_where=is_over)
