"""Keys that all servers of a database share."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add a table; nothing is rebuilt."""
    is_postgres = op.get_bind().dialect.name == "postgresql"
    text = sa.Text(collation="C") if is_postgres else sa.String()
    op.create_table(
        "keys", sa.Column("name", text, primary_key=True), sa.Column("value", text, nullable=False)
    )
