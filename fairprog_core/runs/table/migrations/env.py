"""How Alembic runs the migrations: on the connection that `Database` passes in."""

from alembic import context

from fairprog_core.runs.table.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # SQLite supports it: the upgrade is one transaction
    render_as_batch=True,
)
context.run_migrations()
