"""Files of jobs that are put together of pieces of stored files, as the zip of a package is."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add a column."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    text: sa.types.TypeEngine[str] = sa.Text(collation="C") if is_postgresql else sa.Text()
    op.add_column("artifacts", sa.Column("composition", text))
