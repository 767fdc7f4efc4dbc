"""Equal methods are called better or worse in at most one comparison in twenty; a small version of the simulation."""

import json

import pytest

from fairprog_core.cli import main
from fairprog_core.cli.machine.bench import verdicts as simulation
from fairprog_core.cli.machine.bench.ratios.rows import SCHEMA
from fairprog_core.cli.machine.bench.verdicts import FIGURES, HEAD, table_row, verdicts

LAYOUTS = [(9, 9), (9, 1), (5, 3)]


@pytest.fixture(scope="module")
def equal():
    return verdicts(n_sets=40, layouts=LAYOUTS, n_seeds=(1, 2), seed_sds=(0.1,))


def test_one_seed_never_gives_a_verdict(equal):
    """Without the rule one seed alone gave one in up to 35 of 100."""
    found = [each for each in equal if each.setting.n_seeds == 1]
    assert len(found) == len(LAYOUTS)
    for each in found:
        assert set(each.shares.values()) == {0.0}
        assert each.counts["hypervolume"]["one seed: cannot say"] == 40


def test_two_seeds_rarely_give_one_to_equal_methods(equal):
    """At most 5 of 100, here of 40: up to 5 of 40 by chance. With all nine λ against one it was 25 of 100."""
    found = [each for each in equal if each.setting.n_seeds == 2]
    assert len(found) == len(LAYOUTS)
    for each in found:
        assert set(each.shares) == set(FIGURES)
        assert max(each.shares.values()) <= 5 / 40, each.setting


def test_better_method_is_found():
    """The first method recognises the label better by three tenths of a standard deviation, in both groups."""
    (found,) = verdicts(n_sets=10, layouts=[(9, 9)], n_seeds=(3,), seed_sds=(0.1,), shift=0.3)
    assert found.counts["hypervolume"]["better"] >= 5
    assert found.counts["hypervolume"]["worse"] == 0


def test_command_prints_a_table_and_writes_json(monkeypatch, tmp_path, capsys):
    small = verdicts(n_sets=1, layouts=[(3, 1)], n_seeds=(2,), seed_sds=(0.3,))
    monkeypatch.setattr(simulation, "verdicts", lambda **_: small)
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--suite", "verdicts", "--json", str(tmp_path / "found.json")])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines() == [*HEAD, table_row(small[0])]
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["schema"] == SCHEMA
    (setting,) = written["details"]["verdicts"]["settings"]
    assert setting["n_lams"] == [3, 1]
    assert set(setting["shares"]) == set(FIGURES)
    assert [row["ours"] for row in written["rows"]] == [setting["shares"][name] for name in FIGURES]


def test_unknown_suite_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--suite", "nothing"])
    assert ended.value.code == 2
    assert "--suite is" in capsys.readouterr().err
