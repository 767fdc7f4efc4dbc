"""The run table in a real PostgreSQL server: addresses, migrations, faults of the server, and one home per database."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError
from streamlit.testing.v1 import AppTest

from fairprog_core import cli
from fairprog_core.cli.machine import doctor
from fairprog_core.common.errors import ArtifactError, ConfigError, RunError
from fairprog_core.common.errors.machine import machine_error
from fairprog_core.common.home import Home
from fairprog_core.common.sharing import Sharing
from fairprog_core.runs import Owner, Store, launcher
from fairprog_core.runs.exchange.export import export_run
from fairprog_core.runs.exchange.take_in import import_run
from fairprog_core.runs.launcher import workers
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.runs.table import engine
from fairprog_core.runs.table.database import MIGRATIONS, create_newest, upgrade
from fairprog_core.runs.table.tables import METADATA
from fairprog_core.runs.timing import patiently
from fairprog_core.study import Study
from tests.conftest import ON_POSTGRES, Finished
from tests.core.counting import execute as counter
from tests.core.run_help import ROOT, CountingWorker, counting, eventually, reaches, steps_of
from tests.programs.postgres import PASSWORD, USER, Cluster

pytestmark = ON_POSTGRES


@pytest.fixture
def store(postgres_url: str, home: Home) -> Iterator[Store]:
    with Store(home) as store:
        yield store


def refused(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence with which a command ends."""
    assert cli._main([*(arguments or ("runs", "list")), "--home", str(home.path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert PASSWORD not in line
    assert len(line) <= len("fairprog: ") + 300
    assert line.endswith(".")
    return line


# ---- addresses


WRONG: dict[str, tuple[Callable[[Cluster], str], str]] = {
    "password": (
        lambda server: server.address(password="wrong-" + PASSWORD),
        f'is closed to this user (password authentication failed for user "{USER}"); correct user, password',
    ),
    "no password": (lambda server: server.address(password=None), "no password supplied); correct user, password"),
    "user": (lambda server: server.address(username="nobody"), "is closed to this user"),
    "database": (lambda server: server.address("nowhere"), 'database "nowhere" does not exist); correct'),
    "port": (lambda server: server.address(port=9), "does not answer (Connection refused"),
    "host": (lambda server: server.address(host="no.such.host.invalid"), "does not answer"),
    "driver": (lambda _: "mysql://user:s3cr@host/name", "begins with 'mysql'; write postgresql://user@host/name"),
    "other driver": (lambda server: server.address().replace("psycopg", "pg8000"), "begins with 'postgresql+pg8000'"),
    "nonsense": (lambda _: f"nonsense {PASSWORD}", "is not the address of a database; write postgresql://"),
    "port no number": (lambda _: "postgresql://user:s3cr@host:s3cr/et@:%/name", "is not the address of a database"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_address_is_one_sentence_without_the_password(
    what: str,
    postgres_server: Cluster,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, reason = WRONG[what]
    monkeypatch.setenv("FAIRPROG_DB_URL", address(postgres_server))
    assert reason in refused(home, capsys)
    assert "s3cr" not in refused(home, capsys, "app", "--no-browser")
    assert "s3cr" not in caplog.text
    assert not home.database.exists()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_usual_spellings_of_an_address_are_understood(postgres_server: Cluster, home: Home, scheme: str) -> None:
    url = postgres_server.new_database().replace("postgresql+psycopg", scheme)
    with Store(home, url=url) as store:
        store.submit(Study())
        assert (
            store.database.address == f"postgresql://{USER}@127.0.0.1:{postgres_server.port}/{url.rpartition('/')[2]}"
        )


def test_password_may_lie_in_the_users_own_file(
    postgres_server: Cluster, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:*:*:{USER}:{PASSWORD.replace(':', chr(92) + ':')}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    name = postgres_server.new_database().rpartition("/")[2]
    with Store(home, url=postgres_server.address(name, password=None)) as store:
        assert store.list() == []


def test_password_in_the_options_of_an_address_is_not_shown_either(postgres_server: Cluster, home: Home) -> None:
    url = f"postgresql://127.0.0.1:{postgres_server.port}/nowhere?user={USER}&password=s3cr"
    with pytest.raises(ArtifactError, match="password authentication failed") as error:
        Store(home, url=url)
    assert "s3cr" not in str(error.value)


def test_database_without_room_for_every_letter_is_refused(postgres_server: Cluster, home: Home) -> None:
    url = postgres_server.new_database("ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(ConfigError, match="has the encoding SQL_ASCII.*createdb --encoding UTF8"):
        Store(home, url=url)


def test_user_who_may_not_make_tables_is_told_so(postgres_server: Cluster, home: Home) -> None:
    postgres_server.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    name = postgres_server.new_database().rpartition("/")[2]
    sentence = r"closed to this user \(permission denied for schema public\).*let the user own the database"
    with pytest.raises(ArtifactError, match=sentence):
        Store(home, url=postgres_server.address(name, username="guest"))


def test_doctor_names_the_database_without_the_password(store: Store) -> None:
    (found,) = [each for each in doctor.examine(store.home) if each.name == "Run table"]
    assert found.found.startswith(store.database.address)
    assert "PostgreSQL 1" in found.found
    assert "s3cr" not in found.found


# ---- tables


def config_for(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@pytest.mark.parametrize("make", [create_newest, upgrade])
def test_new_tables_equal_the_migrated_ones(postgres_server: Cluster, make: Callable[[Connection], None]) -> None:
    database = create_engine(postgres_server.new_database())
    with database.begin() as connection:
        make(connection)
        upgrade(connection)  # nothing is left to do
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert set(inspect(connection).get_table_names()) == {"runs", "records", "homes", "alembic_version"}
    database.dispose()


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_tables_of_an_earlier_version_are_upgraded_with_their_runs(
    postgres_server: Cluster, home: Home, revision: str
) -> None:
    url = postgres_server.new_database()
    database = create_engine(url)
    with database.begin() as connection:
        command.upgrade(config_for(connection), revision)
        row = {"id": "abcd0123", "name": "old", "state": "queued", "study": json.dumps(Study().to_json())}
        zero = dict.fromkeys(("created", "queued", "seconds_before", "attempt", "fraction", "last_seq"), 0)
        values = row | zero | {"may_be_ended": True, "figures": "[]"}
        names = ", ".join(values)
        connection.execute(text(f"INSERT INTO runs ({names}) VALUES (:{', :'.join(values)})"), values)
    database.dispose()
    with Store(home, url=url) as store:
        (run,) = store.list()
        assert (run.id, run.name, run.visitor, run.paused, run.damage) == ("abcd0123", "old", None, None, None)
        assert store.get(store.submit(Study())).number == 2


DAMAGE = {
    "DROP TABLE records": 'relation "records" does not exist',
    "DROP TABLE records, runs": "does not exist",
    "ALTER TABLE runs DROP COLUMN label": "column runs.label does not exist",
}


@pytest.mark.parametrize("statement", DAMAGE)
def test_damaged_tables_are_one_sentence(store: Store, statement: str, capsys: pytest.CaptureFixture[str]) -> None:
    with store.database.writing() as connection:
        connection.execute(text(statement))
    sentence = refused(store.home, capsys)
    assert DAMAGE[statement] in sentence
    assert "put back a copy of the database, or name an empty one" in sentence


def test_null_characters_and_huge_numbers_find_no_run_and_end_nothing(store: Store) -> None:
    run_id = store.submit(Study())
    store.append(run_id, [{"kind": "stage", "stage": "base", "label": "a\0b", "fraction": 0.5}])
    assert store.get(run_id).label == "a\N{REPLACEMENT CHARACTER}b"
    assert store.records(run_id)[0]["label"] == "a\0b"  # JSON has a spelling for it
    for wrong in ("\0", "a\0", "9" * 9, "9" * 18, "x" * 1000):
        with pytest.raises(RunError, match="no run"):
            store.find(wrong)


def test_exported_run_is_the_same_in_postgresql(
    finished: Finished, home: Home, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with Store(finished.home) as own:
        export_run(own, own.get(finished.run_id), tmp_path / "run.zip")
        row, records = own.get(finished.run_id), own.records(finished.run_id)
    request.getfixturevalue("postgres_url")
    with Store(home) as store:
        assert import_run(store, tmp_path / "run.zip") == finished.run_id
        taken = store.get(finished.run_id)
        for name in ("name", "state", "study", "created", "figures", "seconds", "fraction", "error"):
            assert getattr(taken, name) == getattr(row, name), name
        assert store.records(finished.run_id) == records
        export_run(store, taken, tmp_path / "again.zip")
        with pytest.raises(RunError, match="has the run .* already"):
            import_run(store, tmp_path / "again.zip")


# ---- many at once


def test_visitor_who_submits_everything_at_once_gets_three_runs(store: Store) -> None:
    def submit(_: int) -> bool:
        try:
            store.submit(Study(), visitor="a")
        except RunError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(submit, range(8))) == 3


def test_write_waits_for_another_one_and_a_reader_does_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    run_id = store.submit(Study())
    with store.database.writing():
        assert "locked" in refused(store.home, capsys, "runs", "cancel", run_id)
        assert cli._main(["runs", "list", "--home", str(store.home.path)]) == 0
    assert cli._main(["runs", "cancel", run_id, "--home", str(store.home.path)]) == 0


def test_writer_that_stands_still_does_not_stop_the_others(home: Home, store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr(engine, "STILL_SECONDS", 0.3)
    with Store(home) as hanging, pytest.raises(DatabaseError) as ended:
        stand_still(hanging, lambda: store.submit(Study()))  # waits until the server has ended the other transaction
    assert "does not answer" in str(machine_error(ended.value))
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT place FROM homes")).scalar() != "never"


def stand_still(store: Store, meanwhile: Callable[[], object]) -> None:
    with store.database.writing() as connection:
        connection.execute(text("UPDATE homes SET place = 'never'"))
        meanwhile()


# ---- faults of the server


@contextlib.contextmanager
def away(server: Cluster, mode: str = "fast") -> Iterator[None]:
    """The server is stopped."""
    server.stop(mode)
    try:
        yield
    finally:
        server.start()


def test_server_that_is_away_is_one_sentence_and_nothing_is_lost(
    postgres_server: Cluster, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = store.submit(Study())
    with away(postgres_server):
        for arguments in (
            ["runs", "list"],
            ["run", "faces-quick"],
            ["app", "--no-browser"],
            ["runs", "cancel", run_id],
        ):
            sentence = refused(store.home, capsys, *arguments)
            assert "does not answer (Connection refused" in sentence
            assert "start its server" in sentence
    assert [run.id for run in store.list()] == [run_id]  # with the connections of before


@pytest.mark.parametrize("is_shared", [False, True], ids=["own", "shared"])
def test_page_says_that_the_server_is_away_and_goes_on_when_it_is_back(
    postgres_server: Cluster, store: Store, is_shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in Sharing(is_shared).to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(launcher, "ensure_workers", lambda home, **_: [])
    store.submit(Study(name="waiting study"))
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60).switch_page("views/runs.py")
    with away(postgres_server):
        for _ in range(2):
            app.run()
            assert not app.exception
            (error,) = app.error
            assert "does not answer" in error.value
            assert "s3cr" not in error.value
            assert ("127.0.0.1" in error.value) is not is_shared
    app.run()
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("mode", ["fast", "immediate"])
@pytest.mark.parametrize("step", [1, 20, 40], ids=["at the start", "in the middle", "at the end"])
def test_run_goes_on_while_the_server_is_away_and_its_records_are_written_later(
    postgres_server: Cluster, store: Store, caplog: pytest.LogCaptureFixture, step: int, mode: str
) -> None:
    run = store.begin(counting(steps=40, pause=0.02), Owner.this_process())
    with contextlib.ExitStack() as outage:
        for record in record_run(store, run, counter, StopRequest("cancelled")):
            if record["kind"] == "train" and record["step"] == step:
                outage.enter_context(away(postgres_server, mode))
                threading.Timer(1.5, outage.close).start()
    done = store.get(run.id)
    assert (done.state, done.error, done.fraction) == ("done", None, 1.0)
    assert steps_of(store, run.id) == list(range(1, 41))
    assert "s3cr" not in caplog.text
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert all("does not answer" in sentence and "\n" not in sentence for sentence in told)
    assert len(told) <= 2  # once for the records, once for the cancel flag


def test_run_ends_as_lost_where_the_server_stays_away_and_can_be_resumed(
    postgres_server: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patiently, "AWAY_SECONDS", 0.1)
    run = store.begin(counting(steps=40, pause=0), Owner.this_process())
    with away(postgres_server), pytest.raises(OperationalError):
        for _ in record_run(store, run, counter, StopRequest("cancelled")):
            pass
    assert store.get(run.id).state == "running"  # its process lives: this one
    with store.database.writing() as connection:
        connection.execute(text("UPDATE runs SET pid = 1, process_started = 0, heartbeat = 0"))
    assert store.get(run.id).state == "lost"
    store.resume(run.id)
    with CountingWorker(store.home):
        reaches(store, run.id, "done")


def test_worker_waits_for_the_server_says_so_once_and_goes_on(postgres_server: Cluster, store: Store) -> None:
    first, second = store.submit(counting(steps=150)), store.submit(counting(steps=5))
    with away(postgres_server):
        worker = CountingWorker(store.home)
        with contextlib.ExitStack() as ending:
            ending.push(worker.__exit__)
            eventually(lambda: "No run can be claimed yet: The run table at" in worker.log.read_text())
            ending.pop_all()
    with worker:
        eventually(lambda: len(steps_of(store, first)) > 10)
        with away(postgres_server):
            eventually(lambda: "records cannot be written yet" in worker.log.read_text())
        runs = reaches(store, first, "done"), reaches(store, second, "done")
        assert {run.pid for run in runs} == {worker.process.pid}
        assert {run.attempt for run in runs} == {1}
        eventually(lambda: [each for each in workers(store.home) if each.state == "idle"])
        with away(postgres_server):
            eventually(lambda: "No run can be claimed now: The run table" in worker.log.read_text())
            threading.Event().wait(2 * 2.0 + 0.5)  # two more looks
        assert reaches(store, store.submit(counting(steps=2)), "done").pid == worker.process.pid
    assert steps_of(store, first) == list(range(1, 151))
    log = worker.log.read_text()
    assert log.count("No run can be claimed") == 2
    assert "Traceback" not in log
    assert "s3cr" not in log


@contextlib.contextmanager
def answer_lost(server: Cluster, store: Store) -> Iterator[None]:
    """The next change is committed, but the connection breaks before the server's answer arrives."""
    left = [server]

    def commit(connection: Connection) -> None:
        if not left or not connection.get_execution_options().get(engine.WRITES):
            return
        left.clear()
        driver: Any = connection.connection.dbapi_connection
        pid = driver.info.backend_pid
        driver.execute("COMMIT")
        driver.execute("BEGIN")
        server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")

    event.listen(store.database.engine, "commit", commit)
    with pytest.raises(OperationalError):
        yield
    event.remove(store.database.engine, "commit", commit)


def test_records_whose_commit_was_not_answered_are_not_written_twice(postgres_server: Cluster, store: Store) -> None:
    run = store.begin(Study(), Owner.this_process())
    records = [{"kind": "train", "step": step} for step in (1, 2, 3)]
    with answer_lost(postgres_server, store):
        store.append(run.id, records[:2], token=run.token, after=0)
    assert store.append(run.id, records, token=run.token, after=0) == 3  # again, with one that was made meanwhile
    assert steps_of(store, run.id) == [1, 2, 3]


def test_claim_that_was_not_answered_is_found_by_the_next_one(postgres_server: Cluster, store: Store) -> None:
    first, second = store.submit(Study()), store.submit(Study())
    with answer_lost(postgres_server, store):
        store.claim(Owner.this_process())
    assert store.get(first).state == "running"
    again, other = store.claim(Owner.this_process()), store.claim(Owner.this_process())
    assert again
    assert other
    assert (again.id, other.id, again.attempt) == (first, second, 1)


def test_silence_of_another_machine_counts_from_the_start_of_the_server(postgres_server: Cluster, store: Store) -> None:
    store.submit(Study())
    run = store.claim(Owner("another machine", 1, 1.0))
    assert run
    with store.database.writing() as connection:
        connection.execute(text("UPDATE runs SET heartbeat = heartbeat - 3600"))
    with away(postgres_server):
        pass
    assert store.get(run.id).state == "running"  # its worker had no chance yet to write a heartbeat
    assert 0 < store.database.seconds_up() < 60


# ---- one home per database


def test_database_of_another_home_is_refused_in_one_sentence(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.submit(Study())
    other = Home.find(tmp_path / "other")
    sentence = refused(other, capsys)
    assert re.search(r"belongs to the home /.+/home on .+, where its results lie, not to /.+/other; use that", sentence)
    assert list(other.path.iterdir()) == []
    with pytest.raises(ArtifactError, match="belongs to the home"):
        Store(other)


def test_two_homes_that_open_an_empty_database_at_once_do_not_both_get_it(postgres_url: str, tmp_path: Path) -> None:
    code = "import sys; from fairprog_core.runs import Store; Store(sys.argv[1]).close()"
    homes = [Home.find(tmp_path / f"home-{i}") for i in range(4)]
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(home.path)], stderr=subprocess.PIPE, text=True)
        for home in homes
    ]
    ends = [process.communicate(timeout=120)[1] for process in processes]
    assert sum("belongs to the home" in end for end in ends) == 3
    assert sorted(process.returncode for process in processes) == [0, 1, 1, 1]


def test_home_that_was_moved_keeps_its_database(store: Store, tmp_path: Path) -> None:
    run_id = store.submit(Study())
    store.home.path.rename(tmp_path / "moved")
    with Store(Home(tmp_path / "moved")) as moved:
        assert [run.id for run in moved.list()] == [run_id]


def test_home_whose_runs_are_in_a_database_is_not_opened_without_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.submit(Study())
    monkeypatch.delenv("FAIRPROG_DB_URL")
    sentence = refused(store.home, capsys)
    assert f"are in the database {store.database.address}; set FAIRPROG_DB_URL" in sentence
    assert not store.home.database.exists()
    note = re.search(r"remove (\S+) to begin", sentence)
    assert note
    Path(note[1]).unlink()
    with Store(store.home) as own:
        assert own.list() == []


def test_damaged_note_of_a_home_is_one_sentence(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.home.database_note.write_text("{")
    assert "database.json is damaged; put back a copy" in refused(store.home, capsys)


class OtherMachine(CountingWorker):
    """A worker on a machine with another name that shares the home: a namespace of its own for the name."""

    def __init__(self, home: Home, name: str) -> None:
        self.log = home.path / "logs" / f"{name}.log"
        self.log.parent.mkdir(exist_ok=True)
        code = f"from tests.core.counting import work; work({str(home.path)!r})"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*as_machine(name), sys.executable, "-c", code], stdout=log, stderr=log, cwd=Path(__file__).parents[2]
            )


def as_machine(name: str) -> list[str]:
    """What a command is preceded by, to run on a machine with another name."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "--uts", "true"], check=False).returncode:
        pytest.skip("this user may not give a process a host name of its own (unshare)")
    return ["unshare", "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh"]


def test_two_machines_with_a_shared_home_run_each_run_once_and_see_all(store: Store) -> None:
    ids = [store.submit(counting(steps=20)) for _ in range(8)]
    with OtherMachine(store.home, "one"), OtherMachine(store.home, "two"):
        runs = [reaches(store, run_id, "done") for run_id in ids]
    assert {run.host for run in runs} == {"one", "two"}
    assert {run.attempt for run in runs} == {1}
    for run_id in ids:
        assert len((store.home.run(run_id) / "attempts.txt").read_text().splitlines()) == 1
        assert steps_of(store, run_id) == list(range(1, 21))
    listing = ["-m", "fairprog_core", "runs", "list", "--json", "--home", str(store.home.path)]
    seen = subprocess.run(
        [*as_machine("three"), sys.executable, *listing], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert {run["id"] for run in json.loads(seen)} == set(ids)


def test_run_of_another_machine_is_cancelled_from_here(store: Store) -> None:
    run_id = store.submit(counting(steps=100_000))
    with OtherMachine(store.home, "one"):
        eventually(lambda: steps_of(store, run_id))
        store.cancel(run_id)
        assert reaches(store, run_id, "cancelled").host == "one"
