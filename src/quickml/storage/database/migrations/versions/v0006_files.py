"""Files of users: their names, their uploads, and which jobs use them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add tables; nothing is rebuilt."""
    _create_files()
    _create_uploads()
    op.create_table(
        "job_files",
        sa.Column("job_id", sa.String(30), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
    )
    op.create_index("job_files_by_sha256", "job_files", ["sha256"])


def _create_files() -> None:
    op.create_table(
        "files",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32), nullable=False),
    )
    op.create_index("files_by_sha256", "files", ["sha256"])
    op.create_table(
        "file_names",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("named_at", sa.String(32), nullable=False),
    )
    op.create_index("file_names_by_sha256", "file_names", ["owner", "sha256"])


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(30), primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("sha256", sa.String(64)),
        sa.Column("content", sa.String(64)),
        sa.Column("is_complete", sa.Boolean, nullable=False),
        sa.Column("reserved_bytes", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_index("uploads_by_owner", "uploads", ["owner", "id"])
