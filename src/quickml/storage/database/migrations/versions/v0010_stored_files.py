"""Objects of an artifact store that is no folder."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add a table."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"

    def text(length: int | None = None) -> sa.types.TypeEngine[str]:
        return sa.Text(collation="C") if is_postgresql else sa.String(length)

    op.create_table(
        "stored_files",
        sa.Column("key", text(80), primary_key=True),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("put_at", text(32), nullable=False),
        sa.Column("is_complete", sa.Boolean, nullable=False),
        sa.Column("saved_as", text(), nullable=False),
        sa.Column("parts", sa.LargeBinary, nullable=False),
    )
    op.create_index("stored_files_by_sha256", "stored_files", ["sha256", "put_at"])
