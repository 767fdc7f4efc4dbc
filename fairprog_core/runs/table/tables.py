"""The tables of the run store, in the version of the newest migration."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Integer, MetaData, String, Table, Text

HEAD = "0003"  # the newest migration; a test compares it with the migrations folder

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("study", JSON, nullable=False),
    Column("created", Float, nullable=False),
    Column("queued", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("seconds_before", Float, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token", String(32)),
    Column("host", String(255)),
    Column("pid", Integer),
    Column("process_started", Float),
    Column("heartbeat", Float),
    Column("cancel_requested", Float),
    Column("terminated", Float),
    Column("may_be_ended", Boolean, nullable=False),
    Column("error", Text),
    Column("log", Text),
    Column("stage", String(40)),
    Column("label", Text),
    Column("fraction", Float, nullable=False),
    Column("seconds_left", Float),
    Column("figures", JSON, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("visitor", String(64), index=True),
    Column("paused", Float),
    sqlite_autoincrement=True,
)

RECORDS = Table(
    "records",
    METADATA,
    Column("run", Integer, ForeignKey("runs.number", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("time", Float, nullable=False),
    Column("data", JSON, nullable=False),
)
