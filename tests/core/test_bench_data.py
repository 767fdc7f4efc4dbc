"""The bench of reading one's own data at its smallest, with real processes."""

import json

import pytest

from fairprog_core.cli import main
from fairprog_core.cli.machine.bench import own_data as bench
from fairprog_core.cli.machine.bench.ratios.rows import SCHEMA


@pytest.fixture(scope="module")
def small():
    return list(bench.data_rates(n_texts=400, n_pictures=80))


def test_each_step_is_measured_with_its_own_peak_of_memory(small):
    steps = [(data, step, n) for data, n in (("texts", 400), ("pictures", 80)) for step in ("read", "later start")]
    assert [(each.data, each.step, each.n) for each in small] == steps
    assert all(each.seconds > 0 and each.peak > 10_000_000 and each.n_bytes > 1000 for each in small)


def test_command_prints_a_table_and_writes_json(small, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "data_rates", lambda: iter(small))
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--suite", "data", "--json", str(tmp_path / "found.json")])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines() == [*bench.HEAD, *map(bench.table_row, small)]
    written = json.loads((tmp_path / "found.json").read_text())
    assert (written["schema"], len(written["details"]["data"]["steps"])) == (SCHEMA, 4)
    rows = {row["name"]: row for row in written["rows"]}
    assert list(rows) == ["data/texts", "data/texts-memory", "data/pictures", "data/pictures-memory"]
    read, later = (each.seconds for each in small[:2])
    assert rows["data/texts"]["ratio"] == pytest.approx(read / later)
