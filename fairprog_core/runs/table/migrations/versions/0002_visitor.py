"""Who submitted a run on a shared server; null everywhere else."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("visitor", sa.String(64)))
    op.create_index("ix_runs_visitor", "runs", ["visitor"])


def downgrade() -> None:
    op.drop_index("ix_runs_visitor", "runs")
    op.drop_column("runs", "visitor")
