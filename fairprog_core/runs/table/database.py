"""The connection to the run table: SQLite in the home, or the database that ``FAIRPROG_DB_URL`` names."""

import logging
import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from sqlalchemy import URL, Connection, select, text
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from fairprog_core.common.errors import ArtifactError, ConfigError, shorten
from fairprog_core.common.errors.database_server import server_reason
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.home import Home, is_folder
from fairprog_core.runs.table import belonging
from fairprog_core.runs.table.engine import WRITES, database_url, exclude_writers, open_engine, shown_address
from fairprog_core.runs.table.tables import HEAD, METADATA, RUNS

MIGRATIONS = Path(__file__).parent / "migrations"

log = logging.getLogger(__name__)


class Database:
    """An engine with serialised writes; its tables are migrated to the newest version.

    Attributes:
        is_sqlite: whether it is a file.
        address: of the database for a person, without a password; the file's path where it lies in the home.
    """

    def __init__(self, home: Home, url: str | None = None) -> None:
        url = url or os.environ.get("FAIRPROG_DB_URL")
        if not is_folder(home.path):
            raise ArtifactError(
                f"There is no folder {shorten(home.path)}, where the runs and their table belong; make it, or open the "
                "home with Home.find, which makes it."
            )
        address = database_url(url) if url else URL.create("sqlite", database=str(home.database))
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.address = shown_address(address) if url else str(home.database)
        self.engine = open_engine(address)
        self._reader = self.engine
        if not self.is_sqlite:  # one state for all queries of a transaction, as SQLite has it
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with self._closed_after_an_error():
                self._open(home, is_in_home=not url)
        except (DatabaseError, sqlite3.DatabaseError) as error:  # the latter of the raw connection
            raise machine_error(error, home.path) or ArtifactError(
                f"The run table at {shorten(self.address)} cannot be opened: {reason_and_advice(error)}."
            ) from error
        except OSError as error:  # the lock
            raise machine_error(error, home.path) or ArtifactError(
                f"The home {shorten(home.path)} cannot be written: {error.strerror}; choose another with --home."
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: sees one state of the tables."""
        with self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, is_of_one_run: bool = False) -> Iterator[Connection]:
        """A write transaction that no other writer overlaps; committed when the block succeeds.

        Args:
            is_of_one_run: the change reads and writes nothing but one run, and locks its row first. Then a server lets
                changes of other runs overlap it: workers do not wait for each other.
        """
        with self.engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if not is_of_one_run:
                exclude_writers(connection)
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def describe(self) -> str:
        """Which database it is, for a person: its address without a password, and the version of its server."""
        version = ".".join(map(str, self.engine.dialect.server_version_info or ()))
        return f"{self.address}, {'SQLite' if self.is_sqlite else 'PostgreSQL'} {version}".rstrip()

    @contextmanager
    def _closed_after_an_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def seconds_up(self) -> float:
        """How long the database has been there to be written to: since its server started; for a file, always."""
        if self.is_sqlite:
            return math.inf
        with self.reading() as connection:
            since = text("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
            return float(connection.execute(since).scalar_one())

    def _open(self, home: Home, *, is_in_home: bool) -> None:
        """Check and migrate the tables."""
        if is_in_home:
            belonging.check_own_file(home)
        elif not self.is_sqlite:
            self._check_encoding()
        if self._revision() != HEAD:
            self._migrate(home)
        self._check_columns()
        if not is_in_home:
            self._check_home(home)

    def _check_encoding(self) -> None:
        with self.reading() as connection:
            encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise ConfigError(
                f"The database {shorten(self.address, 100)} has the encoding {encoding}, which does not hold every "
                "letter; make one with the encoding UTF8: createdb --encoding UTF8 --template template0 NAME."
            )

    def _check_home(self, home: Home) -> None:
        """Refuse a database that belongs to another home; let one that belongs to none belong to this one."""
        with self.reading() as connection:
            if belonging.is_home_of(connection, home):
                return
        with FileLock(home.path / ".migrate.lock"), self.writing() as connection:
            if not belonging.is_home_of(connection, home):  # else another process was faster
                belonging.make_home_of(connection, home, self.address)

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
                revision = self._revision(connection)
                if revision is None:
                    create_newest(connection)
                    _warn_of_unlisted_runs(home, connection)
                elif revision != HEAD:
                    upgrade(connection)


def reason_and_advice(error: DatabaseError | sqlite3.DatabaseError) -> str:
    """What the database says about a fault that `machine_error` does not know, and what to do; without a full stop."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error):
        return f"{shorten(original, 80)}; move it away to begin a new one, the folders of the runs stay"
    return f"{server_reason(original)}; put back a copy of the database, or name an empty one to begin anew"


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
