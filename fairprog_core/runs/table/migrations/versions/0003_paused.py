"""When a run was paused; null: it was not."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("runs", sa.Column("paused", sa.Float))


def downgrade() -> None:
    op.drop_column("runs", "paused")
