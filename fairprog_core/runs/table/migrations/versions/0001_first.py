"""The first tables: runs and their records."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(16), nullable=False, unique=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("study", sa.JSON, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("queued", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("finished", sa.Float),
        sa.Column("seconds_before", sa.Float, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("token", sa.String(32)),
        sa.Column("host", sa.String(255)),
        sa.Column("pid", sa.Integer),
        sa.Column("process_started", sa.Float),
        sa.Column("heartbeat", sa.Float),
        sa.Column("cancel_requested", sa.Float),
        sa.Column("terminated", sa.Float),
        sa.Column("may_be_ended", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("log", sa.Text),
        sa.Column("stage", sa.String(40)),
        sa.Column("label", sa.Text),
        sa.Column("fraction", sa.Float, nullable=False),
        sa.Column("seconds_left", sa.Float),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "records",
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.number", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("records")
    op.drop_table("runs")
