"""What jobs need of a seat, and the GPUs of hosts."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TEXT = sa.String().with_variant(sa.Text(collation="C"), "postgresql")
_WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns and indices; nothing is rebuilt. No existing job needs anything."""
    op.add_column("jobs", sa.Column("needs", _TEXT))
    op.add_column("turns", sa.Column("waiting_gpu", _TEXT))
    for name in ("gpus", "gpu_seats"):
        op.add_column("hosts", sa.Column(name, _WHOLE, nullable=False, server_default="0"))
    needy = sa.text("status = 'queued' AND needs IS NOT NULL")
    op.create_index("jobs_by_need", "jobs", ["owner", "id"], sqlite_where=needy, postgresql_where=needy)
    waits = sa.text("waiting_gpu IS NOT NULL")
    op.create_index(
        "turns_of_waiting_gpu", "turns", ["turn", "waiting_gpu"], sqlite_where=waits, postgresql_where=waits
    )
