"""The PostgreSQL server of the tests: find its programs, or install them; and a cluster that a test starts and stops.

The server refuses to run as root. There it runs as the user ``postgres``, whom Debian's package makes.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Self

from sqlalchemy import URL

from tests.programs import apt

USER, PASSWORD = "fairprog", "s3cr/et@:%"  # characters that have to be escaped in an address
SYSTEM_USER = "postgres"
SETTINGS = (
    "fsync=off", "full_page_writes=off",  # no power cut, but what was committed outlives a crash
    "max_connections=60", "shared_buffers=32MB", "listen_addresses=127.0.0.1",
)  # fmt: skip
MISSING = (
    "The tests of the run table in PostgreSQL need its server, and none was found or could be installed: install one "
    "(Debian: apt install postgresql)."
)


@cache
def find() -> Path | None:
    """The folder with ``initdb`` and ``pg_ctl``, of the newest version: Debian keeps them off the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if on_path := shutil.which("pg_ctl"):
        folders.append(Path(on_path).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def install() -> Path | None:
    """Install Debian's PostgreSQL where none is found; the folder of its programs."""
    if find() is None:
        apt.install("postgresql")
        find.cache_clear()
    return find()


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


class Cluster:
    """A server with a folder of its own, at a free port; stopped and removed at the end.

    Args:
        programs: the folder that `find` gives.
        settings: of the server, instead of `SETTINGS`.
    """

    def __init__(self, programs: Path, settings: tuple[str, ...] = SETTINGS) -> None:
        self._programs, self._settings = programs, settings
        self._folder = Path(tempfile.mkdtemp(prefix="fairprog-pg-"))  # short: it holds the socket, and others enter it
        if apt.is_root():
            shutil.chown(self._folder, SYSTEM_USER, SYSTEM_USER)
        self.port = _free_port()
        self._n_databases = 0

    def __enter__(self) -> Self:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if apt.is_root():
            shutil.chown(password, SYSTEM_USER, SYSTEM_USER)
        self._call("initdb", "--username", USER, "--pwfile", str(password), "--auth", "scram-sha-256",
                   "--encoding", "UTF8", "--locale", "C", "--no-sync", "--pgdata", self._data)  # fmt: skip
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running():
            self.stop()
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def is_running(self) -> bool:
        """Whether the server runs."""
        return (self._folder / "data" / "postmaster.pid").exists()

    def start(self) -> None:
        """Start the server; returns when it answers."""
        options = [f"-p {self.port}", f"-k {self._folder}", *(f"-c {setting}" for setting in self._settings)]
        log = str(self._folder / "log")
        self._call("pg_ctl", "start", "--wait", "--pgdata", self._data, "--log", log, "--options", " ".join(options))

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; "immediate" is a crash: it does not say goodbye to anybody."""
        self._call("pg_ctl", "stop", "--wait", "--mode", mode, "--pgdata", self._data)

    def address(self, database: str = "postgres", **changed: object) -> str:
        """The address of a database, as ``FAIRPROG_DB_URL`` has it; ``changed`` replaces parts of it."""
        parts = {"username": USER, "password": PASSWORD, "host": "127.0.0.1", "port": self.port}
        url = URL.create("postgresql+psycopg", database=database, **(parts | changed))  # type: ignore[arg-type]
        return url.render_as_string(hide_password=False)

    def new_database(self, options: str = "") -> str:
        """Make a database; its address.

        Args:
            options: of CREATE DATABASE.
        """
        self._n_databases += 1
        name = f"runs{self._n_databases}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return self.address(name)

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute a statement as the owner of the server; its rows."""
        import psycopg  # of the extra ``postgres``: tests of other things run without

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def _call(self, program: str, *arguments: str) -> None:
        user = {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": ()} if apt.is_root() else {}
        environment = os.environ | {"HOME": str(self._folder)}
        done = subprocess.run(
            [self._programs / program, *arguments], cwd=self._folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, **user,
        )  # type: ignore[call-overload]  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
