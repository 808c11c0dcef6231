"""Alembic runs this file: the migrations, in the transaction of the connection that `upgrade` passes."""

from alembic import context

from quickml.storage.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table, only rebuild it
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
