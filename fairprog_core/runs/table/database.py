"""The connection to the run table: SQLite in the home, or the database that ``FAIRPROG_DB_URL`` names."""

import json
import logging
import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, ProgrammingError

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.files.json_values import from_json, short
from fairprog_core.common.home import Home, is_folder
from fairprog_core.runs.table.tables import HEAD, METADATA, RUNS

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30

log = logging.getLogger(__name__)


class Database:
    """An engine with serialised writes; its tables are migrated to the newest version."""

    def __init__(self, home: Home, url: str | None = None) -> None:
        url = url or os.environ.get("FAIRPROG_DB_URL")
        if not url and not is_folder(home.path):
            raise ArtifactError(
                f"There is no folder {shorten(home.path)}, where the runs and their table belong; make it, or open the "
                "home with Home.find, which makes it."
            )
        try:
            address = make_url(url) if url else URL.create("sqlite", database=str(home.database))
            self.is_sqlite = address.get_backend_name() == "sqlite"
            self.engine = create_engine(
                address, json_serializer=to_json, json_deserializer=read_json, pool_pre_ping=not self.is_sqlite
            )
        except ImportError as error:
            raise ConfigError(f"FAIRPROG_DB_URL needs a driver that is not installed: {error}.") from error
        except (ArgumentError, ValueError) as error:  # ValueError: of a port
            raise ConfigError(
                "FAIRPROG_DB_URL is not the address of a database; write postgresql+psycopg://user@host/name, "
                "or leave it out to use the home's own file."
            ) from error
        if self.is_sqlite:
            _serialise_writes(self.engine)
            _name_file_in_errors(self.engine)
        try:
            if self._revision() != HEAD:
                self._migrate(home)
            self._check_columns()
        except (DatabaseError, sqlite3.DatabaseError) as error:  # the latter of the raw connection
            if known := machine_error(error, home.path):
                raise known from error
            where = shorten(self.engine.url.render_as_string(hide_password=True) if url else home.database)
            raise ArtifactError(f"The run table at {where} cannot be opened: {reason_and_advice(error)}.") from error
        except OSError as error:  # the lock
            raise machine_error(error, home.path) or ArtifactError(
                f"The home {shorten(home.path)} cannot be written: {error.strerror}; choose another with --home."
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: sees one state of the tables."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction that no other writer overlaps; committed when the block succeeds."""
        with self.engine.connect().execution_options(fairprog_writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def _revision(self, connection: Connection | None = None) -> str | None:
        if connection is None:
            with self.reading() as opened:
                return self._revision(opened)
        try:
            with connection.begin_nested():
                return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except (OperationalError, ProgrammingError):  # no such table: a new home
            return None

    def _check_columns(self) -> None:
        """Read every column of no row: a table that lacks one is refused here, before anything is written."""
        with self.reading() as connection:
            for table in METADATA.tables.values():
                connection.execute(select(table).limit(0))

    def _migrate(self, home: Home) -> None:
        with FileLock(home.path / ".migrate.lock"):
            if self.is_sqlite:  # stored in the file; fails while another process opens the file, hence under the lock
                raw = self.engine.raw_connection()
                raw.execute("PRAGMA journal_mode=WAL")
                raw.close()
            with self.writing() as connection:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(7041993)"))
                revision = self._revision(connection)
                if revision is None:
                    create_newest(connection)
                    _warn_of_unlisted_runs(home, connection)
                elif revision != HEAD:
                    upgrade(connection)


def reason_and_advice(error: DatabaseError | sqlite3.DatabaseError) -> str:
    """What the database says about a fault that `machine_error` does not know, and what to do; without a full stop."""
    reason = shorten(getattr(error, "orig", error), 80)
    return f"{reason}; move it away to begin a new one, the folders of the runs stay"


def _warn_of_unlisted_runs(home: Home, connection: Connection) -> None:
    """Where the table was lost, say that the files of the runs are still there."""
    n = sum(folder.is_dir() for folder in home.runs.iterdir()) if is_folder(home.runs) else 0
    if n and not connection.execute(select(RUNS.c.id).limit(1)).first():
        log.warning(
            "The run table of this home was missing or empty, and a new one was made; the folders in %s are kept (%d), "
            "but are not listed.", shorten(home.runs), n,
        )  # fmt: skip


def create_newest(connection: Connection) -> None:
    """Create the tables of a new home in the newest version, without importing Alembic (11 MB)."""
    METADATA.create_all(connection)
    connection.execute(
        text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def upgrade(connection: Connection) -> None:
    """Run the pending migrations.

    Raises:
        ArtifactError: the tables have a version that this fairprog does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ArtifactError(
            "The run table of this home was written by a newer fairprog; update fairprog or choose another home."
        ) from error


def _serialise_writes(engine: Engine) -> None:
    """Begin every write with BEGIN IMMEDIATE: in WAL mode a plain BEGIN fails when two writers overlap."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is sent below, not by the driver
        connection.execute(f"PRAGMA busy_timeout={round(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("fairprog_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _name_file_in_errors(engine: Engine) -> None:
    """Give an error of the database the path of its file, as errors of the operating system have it."""

    @event.listens_for(engine, "handle_error")
    def handle(context: Any) -> None:
        context.original_exception.filename = engine.url.database


@dataclass(frozen=True)
class DamagedJson:
    """The value of a JSON column that is not JSON.

    Attributes:
        reason: why the text cannot be read.
    """

    reason: str


def read_json(text: str | bytes) -> Any:
    """The value of a JSON column, or a `DamagedJson`, so that one damaged row does not hide the others."""
    try:
        return from_json(text)
    except (ValueError, TypeError) as error:
        return DamagedJson(short(error))


def to_json(value: Any) -> str:
    """JSON text; numbers that are not finite become null."""
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
