"""Alembic's entry: runs on the connection that `gateway.database.connect` hands over."""

from alembic import context

from gateway.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="notreally_version",
    # SQLite cannot alter most things in place.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
