"""How Alembic runs the migrations: always on the connection that the store hands over."""

from alembic import context

from fairprog_core.runs.table.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # SQLite can: the upgrade is one transaction, all or nothing
    render_as_batch=True,
)
context.run_migrations()
