"""The tables of the run store, in the version of the newest migration."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    TypeDecorator,
    types,
)

HEAD = "0004"  # the newest migration; a test compares it with the migrations folder


class PlainString(TypeDecorator[str]):
    """Text without null characters, which PostgreSQL refuses: a replacement character stands for each.

    PostgreSQL also enforces its length.
    """

    impl: types.TypeEngine[str] | type[types.TypeEngine[str]] = types.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The value as it is stored."""
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


class PlainText(PlainString):
    """The same, of any length."""

    impl, cache_ok = types.Text, True


METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", PlainString(16), nullable=False, unique=True),
    Column("name", PlainString(80), nullable=False),
    Column("state", PlainString(12), nullable=False, index=True),
    Column("study", JSON, nullable=False),
    Column("created", Float, nullable=False),
    Column("queued", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("seconds_before", Float, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token", PlainString(32)),
    Column("host", PlainString(255)),
    Column("pid", Integer),
    Column("process_started", Float),
    Column("heartbeat", Float),
    Column("cancel_requested", Float),
    Column("terminated", Float),
    Column("may_be_ended", Boolean, nullable=False),
    Column("error", PlainText),
    Column("log", PlainText),
    Column("stage", PlainString(40)),
    Column("label", PlainText),
    Column("fraction", Float, nullable=False),
    Column("seconds_left", Float),
    Column("figures", JSON, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("visitor", PlainString(64), index=True),
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

HOMES = Table(
    "homes",
    METADATA,
    Column("id", PlainString(32), primary_key=True),
    Column("place", PlainText, nullable=False),
)
"""The home that this database belongs to; empty where the run table is the file in the home."""
