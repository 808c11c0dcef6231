"""PostgreSQL: integers of 64 bits; texts that sort as in SQLite and have no limited length."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change columns in PostgreSQL, where all tables are still empty; nothing in SQLite."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    found = sa.inspect(connection)
    for table in found.get_table_names():
        for column in found.get_columns(table):
            if isinstance(column["type"], sa.String) and table != "alembic_version":
                op.alter_column(table, column["name"], type_=sa.Text(collation="C"))
            elif isinstance(column["type"], sa.Integer):
                op.alter_column(table, column["name"], type_=sa.BigInteger())
    op.execute("ALTER SEQUENCE events_position_seq AS bigint")
    for table in ("jobs", "feeds", "counters", "turns"):  # room for the next version of a row beside it
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")
