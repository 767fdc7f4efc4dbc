"""A run table that is damaged, locked or of another version: one sentence for each command, and nothing is lost."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairprog_core import cli
from fairprog_core.common.home import Home
from fairprog_core.runs import Owner, Store, launcher
from fairprog_core.runs.recorder import StopRequest, record_run
from fairprog_core.runs.table import engine
from fairprog_core.study import Study

FAILED, QUEUED = 1, 2  # numbers of the runs
COMMANDS = {
    "run": ["run", "faces-quick"],
    "list": ["runs", "list"],
    "show": ["runs", "show", f"{FAILED}"],
    "resume": ["runs", "resume", f"{FAILED}"],
    "cancel": ["runs", "cancel", f"{QUEUED}"],
    "remove": ["runs", "remove", f"{FAILED}", "--yes"],
    "app": ["app", "--no-browser"],
}
WRITING = ("run", "resume", "cancel", "remove")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a failed run, which has records and a folder, and a queued one."""
    home = Home.find(tmp_path_factory.mktemp("sound"))
    with Store(home) as store:
        store.submit(Study(name="failed"))
        run = store.claim(Owner.this_process())
        assert run
        store.append(run.id, [{"kind": "train", "step": step} for step in range(400)], token=run.token)
        store.finish(run, "failed", error="A sentence.")
        store.submit(Study(name="queued"))
        home.run(run.id).mkdir(parents=True)
        (home.run(run.id) / "result.json").write_text("{}")
    with sqlite3.connect(home.database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return home


@pytest.fixture
def copy(sound: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of that home; nothing starts a worker, and a locked table is waited for only a moment."""
    monkeypatch.setattr(launcher, "ensure_workers", lambda home, **_: [])
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    shutil.copytree(sound.path, tmp_path / "copy")
    return Home(tmp_path / "copy")


def sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return change


def overwrite(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"Z" * (len(content) - 4096))


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


UNUSABLE = {
    "no database": (lambda path: path.write_bytes(b"some text, long enough" * 40), "is damaged"),
    "corrupted": (overwrite, "is damaged"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "is damaged"),
    "cut in its head": (lambda path: path.write_bytes(path.read_bytes()[:90]), "is damaged"),
    "a folder": (replace_by_folder, "unable to open"),
    "newer": (sql("UPDATE alembic_version SET version_num = '9999'"), "newer fairprog"),
    "without records": (sql("DROP TABLE records"), "no such table: records"),
    "without runs": (sql("DROP TABLE records", "DROP TABLE runs"), "no such table: runs"),
    "without a column": (sql("ALTER TABLE runs DROP COLUMN label"), "no such column: runs.label"),
    "records without data": (sql("ALTER TABLE records DROP COLUMN data"), "no such column: records.data"),
}


def refused(command: str, home: Home, capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence with which a command ends."""
    assert cli._main([*COMMANDS[command], "--home", str(home.path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert len(line) <= len("fairprog: ") + 300
    return line


@pytest.mark.parametrize("fault", UNUSABLE)
def test_every_command_refuses_an_unusable_table_with_one_sentence_and_leaves_everything(
    copy: Home, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, reason = UNUSABLE[fault]
    damage(copy.database)
    before = contents(copy)
    for command in COMMANDS:
        sentence = refused(command, copy, capsys)
        assert any(part in sentence for part in reason.split("|")), (command, sentence)
        assert "move it away" in sentence or "newer" in sentence
    assert contents(copy) == before


def contents(home: Home) -> dict[Path, bytes]:
    """All files but locks, logs and what SQLite keeps beside its file."""
    beside = (".lock", "-wal", "-shm", ".log")
    files = (path for path in home.path.rglob("*") if path.is_file() and not path.name.endswith(beside))
    return {path: path.read_bytes() for path in files}


@pytest.fixture
def holder(copy: Home) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(copy.database, isolation_level=None)
    yield connection
    connection.close()


def test_table_that_another_program_writes_can_be_read_and_is_waited_for(
    copy: Home, holder: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.execute("BEGIN IMMEDIATE")
    for command in WRITING:
        assert "locked; wait until it is done, then try again" in refused(command, copy, capsys)
    for command in ("list", "show"):
        assert cli._main([*COMMANDS[command], "--home", str(copy.path)]) == 0
    holder.execute("ROLLBACK")
    assert cli._main([*COMMANDS["resume"], "--home", str(copy.path)]) == 0


def test_table_that_another_program_locks_for_readers_too_is_one_sentence(
    copy: Home, holder: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    for command in COMMANDS:
        assert "locked; wait until it is done, then try again" in refused(command, copy, capsys)


def test_lock_that_ends_in_time_is_not_noticed(
    copy: Home, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 20)
    with Store(copy) as store:
        holder.execute("BEGIN IMMEDIATE")
        writing = threading.Thread(target=store.submit, args=(Study(name="waits"),))
        writing.start()
        writing.join(0.3)
        assert writing.is_alive()
        holder.execute("ROLLBACK")
        writing.join(5)
        assert [run.name for run in store.list()] == ["waits", "queued", "failed"]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_lost_table_is_made_again_with_a_warning_and_the_folders_of_the_runs_stay(
    copy: Home, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    damage(copy.database)
    before = contents(copy)
    with Store(copy) as store:
        assert store.list() == []
    assert f"the folders in {copy.runs} are kept (1), but are not listed." in caplog.text
    assert contents(copy).items() >= {path: old for path, old in before.items() if path != copy.database}.items()


def test_table_without_its_version_is_used_as_it_is(copy: Home) -> None:
    sql("DELETE FROM alembic_version")(copy.database)
    with Store(copy) as store:
        assert [run.name for run in store.list()] == ["queued", "failed"]


def test_run_whose_study_is_no_json_is_never_run_as_another_study(
    copy: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty study would be the default one, into the folder of this run."""
    sql("UPDATE runs SET study = '{'", "UPDATE records SET data = '['")(copy.database)
    for command in ("list", "show", "cancel"):
        assert cli._main([*COMMANDS[command], "--home", str(copy.path)]) == 0
    assert "study is no JSON" in refused("resume", copy, capsys)
    sql("UPDATE runs SET state = 'queued'")(copy.database)
    with Store(copy) as store:
        run = store.claim(Owner.this_process())
        assert run
        assert list(record_run(store, run, _never, StopRequest("lost"))) == []
        ended = store.get(run.id)
        assert (ended.state, ended.damage is not None) == ("failed", True)
        assert "study is no JSON" in (ended.error or "")
    assert cli._main([*COMMANDS["remove"], "--home", str(copy.path)]) == 0


def _never(*_: object, **__: object) -> Iterator[dict[str, object]]:
    raise AssertionError("executed")
