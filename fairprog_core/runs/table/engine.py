"""The engine of the run table's database: SQLite, or PostgreSQL by psycopg."""

import logging
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.errors.database_server import ADDRESS
from fairprog_core.runs.table.json_column import read_json, to_json

BUSY_SECONDS = 30.0  # how long a change waits for another one
STILL_SECONDS = 60.0  # then a transaction that does nothing is ended: its process may hang, and others wait for it
WRITES = "fairprog_writes"  # execution option of a connection that changes the table
_LOCK = 7_041_993  # any number: that of the lock which every writer takes
_POSTGRESQL = "postgresql+psycopg"
_CONNECT = {
    "application_name": "fairprog", "client_encoding": "utf8", "connect_timeout": 10,
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000,
}  # fmt: skip
"""What libpq gets unless the address says otherwise: a server that is gone is noticed within a minute."""
_NO_ADDRESS = "write postgresql://user@host/name, or leave it out to use the home's own file"


def database_url(address: str) -> URL:
    """The URL of a database.

    Raises:
        ConfigError: it is none, or that of a database that fairprog does not use.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # ValueError: of a port. Its text may hold the password
        raise ConfigError(f"FAIRPROG_DB_URL is not the address of a database; {_NO_ADDRESS}.") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername=_POSTGRESQL)
    if url.drivername not in (_POSTGRESQL, "sqlite", "sqlite+pysqlite"):
        raise ConfigError(f"FAIRPROG_DB_URL begins with {shown(url.drivername, 40)}; {_NO_ADDRESS}.")
    return url


def shown_address(url: URL) -> str:
    """The address of a database for a person, without a password, nor anything else that might be one."""
    host = url.host or url.query.get("host")
    plain = URL.create(
        url.get_backend_name(), url.username, None, host if isinstance(host, str) else None, url.port, url.database
    )
    return plain.render_as_string()


def open_engine(url: URL) -> Engine:
    """An engine for the database; connects to it only when it is used.

    Raises:
        ConfigError: the driver is not installed.
    """
    is_sqlite = url.get_backend_name() == "sqlite"
    own = {} if is_sqlite else {name: value for name, value in _CONNECT.items() if name not in url.query}
    try:
        engine = create_engine(
            url, json_serializer=to_json, json_deserializer=read_json, pool_pre_ping=not is_sqlite, connect_args=own
        )
    except ImportError as error:
        raise ConfigError(
            f'FAIRPROG_DB_URL needs a driver that is not installed ({error}): run pip install "fairprog[postgres]".'
        ) from error
    if is_sqlite:
        _begin_writes_at_once(engine)
        _name_in_errors(engine, "filename", str(url.database))
    else:
        _limit_waiting(engine)
        _tell_of_breaks_once()
        _name_in_errors(engine, ADDRESS, shown_address(url))
    return engine


def exclude_writers(connection: Connection) -> None:
    """Let a write transaction wait until no other one is under way. In SQLite it has waited when it began."""
    if connection.dialect.name == "postgresql":  # the schema is a part of the lock: tables in others have their own
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK}, hashtext(current_schema()))"))


def _begin_writes_at_once(engine: Engine) -> None:
    """Begin every write in SQLite with BEGIN IMMEDIATE: in WAL mode a plain BEGIN fails when two writers overlap."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is sent below, not by the driver
        connection.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _tell_of_breaks_once() -> None:
    """Leave out SQLAlchemy's own report of a broken connection, a traceback: the same fault is raised as an error."""
    logging.getLogger("sqlalchemy.pool.impl.QueuePool").setLevel(logging.CRITICAL)


def _limit_waiting(engine: Engine) -> None:
    """Let PostgreSQL end what waits for a lock as long as SQLite would, and what holds one and does nothing."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {round(BUSY_SECONDS * 1000)}")
        connection.execute(f"SET idle_in_transaction_session_timeout = {round(STILL_SECONDS * 1000)}")
        connection.commit()


def _name_in_errors(engine: Engine, attribute: str, place: str) -> None:
    """Give an error of the driver the place of the database, as errors of the operating system have a file's."""

    @event.listens_for(engine, "handle_error")
    def handle(context: Any) -> None:
        setattr(context.original_exception, attribute, place)
