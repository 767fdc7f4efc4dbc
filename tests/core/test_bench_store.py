"""The bench of the run table at its smallest, with real processes."""

import json
import os

import pytest

from fairprog_core.cli import main
from fairprog_core.cli.machine.bench import store as bench
from fairprog_core.cli.machine.bench.ratios.rows import SCHEMA
from fairprog_core.cli.machine.bench.store import HEAD, Load, store_latencies, table_row
from fairprog_core.runs import Store
from fairprog_core.study import Study
from tests.conftest import ON_POSTGRES


@pytest.fixture(scope="module")
def small():
    return list(store_latencies(load=Load(writers=2, readers=1, commits=10), paces=(50.0, None)))


def test_commits_and_reads_are_measured_at_each_pace(small):
    assert [(each.pace, each.action) for each in small] == [
        (50.0, "commit"), (50.0, "read"), (None, "commit"), (None, "read"),
    ]  # fmt: skip
    assert [each.n for each in small if each.action == "commit"] == [20, 20]
    for each in small:
        assert each.n > 0
        assert each.database == "SQLite"
        assert each.per_second > 0
        assert 0 < each.p50 <= each.p95 <= each.p99 <= each.longest


@ON_POSTGRES
def test_database_of_the_environment_is_measured_in_tables_of_its_own(postgres_server, home, monkeypatch):
    url = postgres_server.new_database()
    with Store(home, url=url) as store:
        run_id = store.submit(Study())
        monkeypatch.setenv("FAIRPROG_DB_URL", url)
        measured = list(store_latencies(load=Load(writers=2, readers=1, commits=5), paces=(None,)))
        assert [run.id for run in store.list()] == [run_id]
    assert {each.database for each in measured} == {"PostgreSQL"}
    name = url.rpartition("/")[2]
    assert postgres_server.execute("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'fairprog%'", database=name) == []
    assert os.environ["FAIRPROG_DB_URL"] == url


def test_command_prints_a_table_and_writes_json(small, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "store_latencies", lambda: iter(small))
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--suite", "store", "--json", str(tmp_path / "found.json")])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines() == [*HEAD, *map(table_row, small)]
    written = json.loads((tmp_path / "found.json").read_text())
    assert (written["schema"], len(written["details"]["store"]["latencies"])) == (SCHEMA, 4)
    assert [(row["name"], row["unit"], row["ratio"]) for row in written["rows"]] == [
        (f"store/{name}", "ms", None) for name in ("commit-paced", "read-paced", "commit-flat-out", "read-flat-out")
    ]
