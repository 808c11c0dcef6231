"""How long jobs of single owners and their files are kept, and which files were deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_TEXT = sa.String().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add two tables, a column and an index; nothing is rebuilt."""
    op.create_table(
        "owners",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("keep_jobs_s", sa.Float),
        sa.Column("keep_files_s", sa.Float),
    )
    op.create_table(
        "deleted_files",
        sa.Column("job_id", _TEXT, primary_key=True),
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("sha256", _TEXT, nullable=False),
    )
    op.create_index("deleted_files_by_sha256", "deleted_files", ["sha256"])
    op.add_column("jobs", sa.Column("files_deleted_at", _TEXT))
    is_over = sa.text("finished_at IS NOT NULL")
    columns = ["files_deleted_at", "finished_at"]
    op.create_index("jobs_with_files", "jobs", columns, sqlite_where=is_over, postgresql_where=is_over)
