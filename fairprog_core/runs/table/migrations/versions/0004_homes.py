"""The home that a database belongs to; empty where the run table is the file in the home."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "homes", sa.Column("id", sa.String(32), primary_key=True), sa.Column("place", sa.Text, nullable=False)
    )


def downgrade() -> None:
    op.drop_table("homes")
