"""Frames: the films of trainings, while they are recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a table; nothing is rebuilt."""
    op.create_table(
        "frames",
        sa.Column("job_id", sa.String(30), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
