"""Jobs: how many attempts were lost, and how far the job had come when its checkpoint was stored."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns; nothing is rebuilt."""
    op.add_column("jobs", sa.Column("lost", sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("checkpoint_progress", sa.Float, nullable=False, server_default="0"))
