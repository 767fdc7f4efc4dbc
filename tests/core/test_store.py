"""The run table: states, queue, records, cancelling, resuming, and what many writers do to it."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from fairprog_core.common.errors import ArtifactError, ConfigError, RunError
from fairprog_core.common.home import Home, assets
from fairprog_core.results.result import Result
from fairprog_core.results.summary import main_figures
from fairprog_core.runs import Owner, Run, Store
from fairprog_core.runs.table.database import MIGRATIONS, create_newest, upgrade
from fairprog_core.runs.table.tables import HEAD, METADATA
from fairprog_core.study import Study

STAGE = {"kind": "stage", "stage": "base", "label": "Train the base", "fraction": 0.25, "seconds_left": 30.0}


each_database = pytest.mark.usefixtures("each_database")


@pytest.fixture
def store(each_database: str, home: Home) -> Iterator[Store]:
    with Store(home) as store:
        yield store


@pytest.fixture
def store_in_file(home: Home) -> Iterator[Store]:
    with Store(home) as store:
        yield store


@pytest.fixture
def study() -> Study:
    return Study(name="a study")


def claimed(store: Store, study: Study, owner: Owner | None = None) -> Run:
    store.submit(study)
    run = store.claim(owner or Owner.this_process())
    assert run
    return run


# ---- tables


def test_migrations_head_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


@pytest.mark.parametrize("make", [create_newest, upgrade])
def test_new_tables_equal_the_migrated_ones(tmp_path: Path, make: Callable[[Connection], None]) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = create_engine(f"sqlite:///{tmp_path}/new.sqlite")
    with engine.begin() as connection:
        make(connection)
        upgrade(connection)  # nothing is left to do
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert set(inspect(connection).get_table_names()) == {"runs", "records", "homes", "alembic_version"}
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
    engine.dispose()


def test_database_uses_wal_and_waits_for_other_writers(store_in_file: Store) -> None:
    with store_in_file.database.reading() as connection:
        pragma = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "busy_timeout", "synchronous")
        }
    assert pragma == {"journal_mode": "wal", "busy_timeout": 30_000, "synchronous": 1}


def test_database_of_a_newer_version_is_refused(store: Store, home: Home) -> None:
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ArtifactError, match="newer fairprog"):
        Store(home)


def test_damaged_database_says_which_file(home: Home) -> None:
    home.database.write_bytes(b"not a database, just some text that is long enough" * 10)
    with pytest.raises(ArtifactError, match=r"runs\.sqlite"):
        Store(home)


@each_database
def test_home_whose_folder_is_missing_is_refused_in_one_sentence_and_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    sentence = (
        f"There is no folder {missing}, where the runs and their table belong; make it, or open the home with "
        "Home.find, which makes it."
    )
    with pytest.raises(ArtifactError, match=f"^{re.escape(sentence)}$"):
        Store(Home(missing))
    assert not missing.exists()
    with Store(Home.find(missing)) as store:
        assert store.list() == []


def test_database_url_of_the_environment_is_used(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRPROG_DB_URL", f"sqlite:///{home.path}/elsewhere.sqlite")
    Store(home).close()
    assert (home.path / "elsewhere.sqlite").exists()
    assert not home.database.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [("nonsense", "not the address"), ("mysql+nothing://x/y", r"begins with 'mysql\+nothing'; write postgresql://")],
)
def test_bad_database_url_is_one_sentence(home: Home, url: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Store(home, url=url)


# ---- queue


def test_submit_puts_the_whole_study_into_the_queue(store: Store, study: Study) -> None:
    run = store.get(store.submit(study))
    assert (run.state, run.name, run.attempt, run.number) == ("queued", "a study", 0, 1)
    assert Study.parse(run.study) == study


def test_claim_takes_the_oldest_and_notes_the_process(store: Store, study: Study) -> None:
    first, second = store.submit(study), store.submit(study)
    run = store.claim(Owner.this_process())
    assert run
    assert (run.id, run.state, run.pid, run.attempt) == (first, "running", os.getpid(), 1)
    assert run.owner == Owner.this_process()
    assert store.get(second).state == "queued"


def test_claim_of_an_empty_queue_is_none(store: Store) -> None:
    assert store.claim(Owner.this_process()) is None


@each_database
def test_claims_by_many_threads_never_share_a_run(home: Home, study: Study) -> None:
    stores = [Store(home) for _ in range(4)]
    ids = {stores[0].submit(study) for _ in range(24)}

    def drain(store: Store) -> list[str]:
        taken = []
        while run := store.claim(Owner.this_process()):
            taken.append(run.id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [run_id for part in pool.map(drain, stores) for run_id in part]
    assert len(taken) == 24
    assert set(taken) == ids
    for store in stores:
        store.close()


CLAIMER = """
import sys
from fairprog_core.runs import Owner, Store
store = Store(sys.argv[1])
sys.stdin.readline()
while run := store.claim(Owner.this_process()):
    print(run.id, flush=True)
"""


@each_database
def test_claims_by_many_processes_never_share_a_run(home: Home, study: Study) -> None:
    store = Store(home)
    ids = [store.submit(study) for _ in range(30)]
    command = [sys.executable, "-c", CLAIMER, str(home.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    taken = [line for p in processes for line in p.communicate("go\n", timeout=60)[0].split()]
    assert sorted(taken) == sorted(ids)
    store.close()


@each_database
def test_first_opening_by_many_processes_at_once_works(home: Home) -> None:
    code = "import sys; from fairprog_core.runs import Store; s = Store(sys.argv[1]); print(len(s.list())); s.close()"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(home.path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [p.communicate(timeout=60)[0].strip() for p in processes] == ["0"] * 4


# ---- records


def test_appended_records_are_read_back_in_order(store: Store, study: Study) -> None:
    run = claimed(store, study)
    store.append(run.id, [{"kind": "train", "step": 1}, {"kind": "train", "step": 2}], token=run.token)
    store.append(run.id, [{"kind": "train", "step": 3}], token=run.token)
    records = store.records(run.id)
    assert [(r["seq"], r["step"]) for r in records] == [(1, 1), (2, 2), (3, 3)]
    assert [r["step"] for r in store.records(run.id, after=2)] == [3]
    assert store.records(run.id, after=3) == []
    assert [r["step"] for r in store.records(run.id, limit=1)] == [1]
    assert store.get(run.id).last_seq == 3


def test_stage_records_become_the_progress_of_the_run(store: Store, study: Study) -> None:
    run = claimed(store, study)
    store.append(run.id, [STAGE, {**STAGE, "fraction": 0.5}, {"kind": "train", "step": 1}], token=run.token)
    run = store.get(run.id)
    assert (run.stage, run.label, run.fraction, run.seconds_left) == ("base", "Train the base", 0.5, 30.0)


def test_figures_and_log_are_kept_with_the_run(store: Store, study: Study) -> None:
    run = claimed(store, study)
    figures = main_figures(Result.open(assets() / "demo" / "faces"))
    store.append(run.id, [], token=run.token, figures=figures, log="logs/slot-0.log")
    store.append(run.id, [{"kind": "train", "step": 1}], token=run.token)
    assert store.get(run.id).figures == figures
    assert store.get(run.id).log == "logs/slot-0.log"


def test_numbers_that_are_not_finite_become_null(store: Store, study: Study) -> None:
    run = claimed(store, study)
    store.append(run.id, [{"kind": "validation", "gap": [0.1, float("nan")], "hypervolume": float("inf")}])
    assert store.records(run.id)[0]["gap"] == [0.1, None]
    assert store.records(run.id)[0]["hypervolume"] is None


def test_append_under_an_old_claim_is_refused(store: Store, study: Study) -> None:
    old = claimed(store, study)
    store.finish(old, "failed", error="x")
    store.resume(old.id)
    new = store.claim(Owner.this_process())
    with pytest.raises(RunError, match="no longer belongs to this process"):
        store.append(old.id, [STAGE], token=old.token)
    assert new
    assert not store.beat(old)
    assert store.should_stop(old)
    assert not store.finish(old, "done")
    assert store.beat(new)
    assert not store.should_stop(new)


def test_forget_drops_only_what_is_made_again(store: Store, study: Study) -> None:
    run = claimed(store, study)
    records = [{"kind": "train", "curve": curve, "step": step} for curve in "ab" for step in (1, 2, 3)]
    store.append(run.id, [*records, {"kind": "validation", "curve": "a", "step": 3}], token=run.token)
    store.remove_repeated(run, like={"kind": "train", "curve": "a", "step": 2}, position="step")
    left = [(r["kind"], r["curve"], r["step"]) for r in store.records(run.id)]
    assert left == [("train", "a", 1), ("train", "b", 1), ("train", "b", 2), ("train", "b", 3), ("validation", "a", 3)]
    store.append(run.id, [STAGE], token=run.token)
    assert store.records(run.id)[-1]["seq"] == 8  # numbers are never used twice


@each_database
def test_writers_and_readers_at_once_lose_nothing(home: Home, study: Study) -> None:
    stores = [Store(home) for _ in range(4)]
    runs = [claimed(store, study) for store in stores]

    def write(store: Store, run: Run) -> int:
        for step in range(50):
            store.append(run.id, [{"kind": "train", "step": step}], token=run.token)
            store.list()
        return len(store.records(run.id))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, stores, runs)) == [50] * 4
    for store in stores:
        store.close()


# ---- the end of a run


def test_finish_done_completes_the_progress(store: Store, study: Study) -> None:
    run = claimed(store, study)
    store.append(run.id, [STAGE], token=run.token)
    assert store.finish(run, "done")
    run = store.get(run.id)
    assert (run.state, run.fraction, run.seconds_left, run.is_over) == ("done", 1.0, None, True)
    assert run.finished
    assert run.started
    assert run.seconds == run.finished - run.started


def test_resume_requeues_and_keeps_records_and_time(store: Store, study: Study) -> None:
    run = claimed(store, study)
    store.append(run.id, [STAGE], token=run.token)
    store.finish(run, "failed", error="A sentence.")
    before = store.get(run.id)
    assert before.error == "A sentence."
    run = store.resume(run.id)
    assert (run.state, run.error, run.finished) == ("queued", None, None)
    assert run.seconds == before.seconds
    again = store.claim(Owner.this_process())
    assert again
    assert (again.id, again.attempt) == (run.id, 2)
    assert len(store.records(run.id)) == 1


@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_resume_of_a_run_that_is_not_over_is_refused(store: Store, study: Study, state: str) -> None:
    run_id = store.submit(study)
    if state != "queued":
        run = store.claim(Owner.this_process())
        assert run
        if state == "done":
            store.finish(run, "done")
    with pytest.raises(RunError, match=f"is {state}"):
        store.resume(run_id)


def test_remove_deletes_row_records_and_folder(store: Store, study: Study, home: Home) -> None:
    run = claimed(store, study)
    store.append(run.id, [STAGE], token=run.token)
    home.run(run.id).mkdir(parents=True)
    (home.run(run.id) / "result.json").write_text("{}")
    with pytest.raises(RunError, match="running"):
        store.remove(run.id)
    store.finish(run, "done")
    store.remove(run.id)
    assert store.list() == []
    assert not home.run(run.id).exists()
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM records")).scalar() == 0
    assert store.get(store.submit(study)).number == 2  # numbers are never used twice


@pytest.mark.parametrize("action", ["get", "cancel", "resume", "remove", "records"])
def test_unknown_run_is_one_sentence(store: Store, action: str) -> None:
    with pytest.raises(RunError, match="no run 'nothing'"):
        getattr(store, action)("nothing")


def test_find_takes_a_number_an_id_or_its_beginning(store: Store, study: Study) -> None:
    first, second = store.submit(study), store.submit(study)
    assert store.find("2").id == second
    assert store.find(first).id == first
    assert store.find(first[:7]).id == first
    for wrong in ("", "zzz", "999999999"):
        with pytest.raises(RunError, match="no run"):
            store.find(wrong)


def test_list_is_newest_first(store: Store, study: Study) -> None:
    ids = [store.submit(study) for _ in range(3)]
    assert [run.id for run in store.list()] == ids[::-1]
    assert [run.id for run in store.list(limit=1)] == ids[:0:-1][:1]


def test_list_of_active_runs_leaves_out_what_is_over_however_new(store: Store, study: Study) -> None:
    waiting, *over = [store.submit(study) for _ in range(3)]
    for run_id in over:
        store.cancel(run_id)
    assert [run.id for run in store.list(limit=2, is_active=True)] == [waiting]


def test_listing_fifty_runs_takes_less_than_60_ms(store_in_file: Store, study: Study) -> None:
    store = store_in_file
    for _ in range(50):
        run = claimed(store, study)
        store.append(run.id, [STAGE] * 20, token=run.token)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        assert len(store.list()) == 50
        took.append(time.perf_counter() - start)
    assert min(took) < 0.06


# ---- sharing


def test_store_is_shared_by_threads(store: Store, study: Study) -> None:
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(store.submit(study))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.id for run in store.list()} == set(ids)


@each_database
def test_runs_import_neither_torch_nor_alembic(home: Home) -> None:
    code = (
        "import sys, json; from fairprog_core.runs import Store; Store(sys.argv[1]).list(); "
        "print(json.dumps([m for m in ('torch', 'alembic', 'streamlit') if m in sys.modules]))"
    )
    out = subprocess.run([sys.executable, "-c", code, str(home.path)], capture_output=True, text=True, check=True)
    assert json.loads(out.stdout) == []


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("study", "{", "study is no JSON"),
        ("study", b"\xff", "study is no JSON"),
        ("created", "yesterday", "created is no finite number"),
    ],
)
def test_row_that_only_sqlite_takes_comes_back_as_a_damaged_run(
    store_in_file: Store, study: Study, column: str, value: str | bytes, reason: str
) -> None:
    is_told_as_damaged(store_in_file, study, column, value, reason)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("study", "[]", "study is no JSON object"),
        ("study", "9" * 5000, "study is no JSON"),
        ("figures", "{}", "figures holds other values than main figures"),
        ("figures", '[{"lam": 5}]', "figures holds other values than main figures"),
        ("state", "asleep", "state is no state of a run"),
        ("created", 1e300, "created is no finite number"),
    ],
)
def test_row_that_cannot_be_read_comes_back_as_a_damaged_run(
    store: Store, study: Study, column: str, value: str | float, reason: str
) -> None:
    is_told_as_damaged(store, study, column, value, reason)


def is_told_as_damaged(store: Store, study: Study, column: str, value: str | bytes | float, reason: str) -> None:
    """A value that fairprog never writes makes its run a damaged one, and hides no other."""
    damaged, sound = store.submit(study), store.submit(study)
    with store.database.writing() as connection:
        connection.execute(text(f"UPDATE runs SET {column} = :value WHERE id = :id"), {"value": value, "id": damaged})
    runs = {run.id: run for run in store.list()}
    assert runs[sound].damage is None
    assert reason in (runs[damaged].damage or "")
    assert store.get(damaged) == store.find(damaged) == runs[damaged]
    assert isinstance(runs[damaged].study, dict)
    assert isinstance(runs[damaged].figures, list)
    store.remove(damaged)
    assert [run.id for run in store.list()] == [sound]


def test_record_that_cannot_be_read_is_left_out(store_in_file: Store, study: Study) -> None:
    store = store_in_file
    run_id = store.submit(study)
    store.append(run_id, [{"kind": "train", "step": 1}, {"kind": "train", "step": 2}])
    with sqlite3.connect(store.home.database) as raw:
        raw.execute("UPDATE records SET data = '{' WHERE seq = 1")
    assert [record["step"] for record in store.records(run_id)] == [2]
