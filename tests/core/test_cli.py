"""The command line: what it prints, where, with which exit code; and one whole study through it."""

import csv
import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.server import serve
from fairprog_core.cli import main, screen
from fairprog_core.cli.foreground import earlier_run, is_saved_as
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.sharing import Sharing, sharing
from fairprog_core.runs import Owner, Store, launcher
from fairprog_core.study import Study
from fairprog_core.study.load import load_study
from tests.core.run_help import ROOT, eventually
from tests.core.test_civil_comments import FILE, table, write

TINY = """
name = "tiny"
device = "cpu"
threads = 1
[dataset]
kind = "faces"
image_size = 32
n_train = 256
n_tune = 256
n_val = 64
n_test = 96
[classifier]
kind = "residual_net"
source = "train"
epochs = 2
[lam]
low = 0.3
high = 8.0
grid = [0.0, 1.0, 4.0]
[budget]
steps = 12
validate_every = 6
[explain]
gallery = 0
rows = 0
probe = false
"""


class Ended:
    """What a command left: exit code, stdout, stderr."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def fairprog(capsys: pytest.CaptureFixture[str]):
    """Run the command line in this process."""

    def call(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, *capsys.readouterr())

    return call


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    store = Store(home)
    yield store
    store.close()


@contextmanager
def started(arguments: list[str], **pipes: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the test, whatever happens."""
    with subprocess.Popen(arguments, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def is_training(store: Store) -> bool:
    return any(record["kind"] == "train" for run in store.list() for record in store.records(run.id))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "fairprog_core", *arguments]


# ---- the frame


def test_version_is_one_line(fairprog):
    ended = fairprog("--version")
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"fairprog \d+\.\d+\.\d+\n", ended.out)


@pytest.mark.parametrize(
    "path",
    ["", "app", "run", "runs", "runs list", "runs show", "runs cancel", "runs resume", "runs remove", "runs export",
     "data", "data list", "data prepare", "data check", "audit", "check", "encoder", "worker", "doctor", "bench"],
)  # fmt: skip
def test_every_command_explains_itself(fairprog, path):
    ended = fairprog(*path.split(), "--help")
    assert ended.code == 0
    assert "Usage: fairprog" in ended.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["frob"], "No such command 'frob'"),
        (["run"], "Missing argument 'STUDY'"),
        (["run", "--xyz", "faces"], "No such option: --xyz. See `fairprog run --help`."),
        (["run", "fases"], "There is no preset 'fases'; there are celeba-paper, "),
        (["run", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["run", "faces-quick", "--set", "budget.stepz=1"], "budget.stepz"),
        (["run", "faces-quick", "--set", "transfer=hybrid"], "transfer"),
        (["run", "faces-quick", "--set", "transfer=1"], "transfer"),
        (["run", "faces-quick", "--set", "dataset.kind=faces,celeba"], "dataset"),
        (["run", "faces-quick", "--set", "dataset.p_blond_male=0"], "greater than or equal to 0.01"),
        (["run", "faces-quick", "--set", "seeds"], "not of the form key.path=value"),
        (["run", "faces-quick", "--device", "tpu"], "device"),
        (["run", "faces-quick", "--threads", "0"], "threads"),
        (["run", "faces-quick", "--json", "nowhere/x.json"], "does not exist"),
        (["runs", "show", "nothing"], "no run 'nothing'"),
        (["runs", "cancel", "nothing"], "no run 'nothing'"),
        (["data", "check", "fases"], "no preset 'fases'"),
        (["encoder", "./nowhere", "out"], "There is no folder nowhere"),
        (["encoder", "./nowhere", "out", "--words", "nowhere.txt"], "nowhere.txt cannot be read as text"),
        (["encoder", "./nowhere", "out", "--data", "faces"], "faces is no data set of texts"),
        (["app", "--host", "256.0.0.1"], "256.0.0.1"),
        (["run", "x" * 300], "There is no preset 'xxx"),
        (["run", f"{'x' * 300}.toml"], "has 305 bytes, allowed are 255"),
        (["run", "faces-quick", "--threads", "9" * 30], "threads: should be less than or equal to 1024"),
        (["run", "faces-quick", "--threads", "9" * 5000], "Invalid value for '--threads'"),
        (["run", "faces-quick", "--json", "x" * 300], "cannot be used: a name in it has 300 bytes"),
        (["run", "faces-quick", "--json", f"{'x' * 300}/x"], "a name in it has 300 bytes"),
        (["run", "faces-quick", "--json", "/dev/null"], "is a device or a pipe"),
        (["run", "faces-quick", "--json", "/proc/x.json"], "cannot be written"),
        (
            ["runs", "list", "--home", "~nouser/x"],
            "The path '~nouser/x' cannot be used: this machine has no user 'nouser'",
        ),
        (["runs", "list", "--home", "x" * 300], "cannot be used: a name in it has 300 bytes"),
        (["runs", "list", "--limit", "9" * 20], "Invalid value for '--limit'"),
        (["runs", "list", "--limit", "9" * 5000], "Invalid value for '--limit'"),
        (["runs", "show", "x" * 300], "no run 'xxx"),
        (["runs", "compare", "x" * 300], "no run 'xxx"),
        (["runs", "compare", f"a={'x' * 300}"], "a name in it has 300 bytes"),
        (["runs", "compare", "nothing", "--seconds", "inf"], "--seconds is inf"),
        (["runs", "experiments", "x" * 300], "no run 'xxx"),
        (["data", "check", "x" * 300], "no preset 'xxx"),
        (["encoder", "~nouser/x", "out"], "The path '~nouser/x' cannot be used: this machine has no user 'nouser'"),
        (["encoder", "shipped", "~nouser/x"], "The path '~nouser/x' cannot be used"),
        (["encoder", "shipped", "x" * 300], "has 300 bytes, allowed are 255"),
        (["encoder", "shipped", "out", "--words", "x" * 300], "has 300 bytes, allowed are 255"),
        (["run", "faces-quick", "--json", "~nouser/x"], "this machine has no user 'nouser'"),
        (["runs", "export", "1", "~nouser/x.csv"], "this machine has no user 'nouser'"),
        (["runs", "compare", "a=~nouser/x"], "this machine has no user 'nouser'"),
        (["encoder", "x" * 300, "out"], "has 300 bytes, allowed are 255"),
        (["bench", "--device", "tpu"], "--device is 'tpu'; choose cpu or cuda"),
        (["bench", "--device", "cpu", "--device", "x" * 5000], "choose cpu or cuda"),
        (["bench", "--suite", "step,pace"], "--suite is 'pace'; choose step, curve, precision, evaluate,"),
        (["bench", "--suite", "step,"], "--suite is ''; choose step, curve, precision, evaluate,"),
        (["bench", "--suite", "x" * 5000], "queries or export, or several, separated by commas"),
        (["bench", "--suite", "step", "--device", "cpu", "--device", "cuda"], "measures one device at a time"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(fairprog, arguments, sentence):
    ended = fairprog(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("fairprog: ")
    assert ended.err.count("\n") == 1
    assert sentence in ended.err
    assert len(ended.err) <= 620


def test_names_do_not_steer_the_terminal(fairprog, home, store):
    """Names are refused today; a run that an earlier version saved may have one."""
    run_id = store.submit(Study().model_copy(update={"name": "a\x1b[2J\x1b]0;b\x07"}))
    for command in (["runs", "list"], ["runs", "show", run_id], ["runs", "remove", "--yes", run_id]):
        ended = fairprog(*command)
        assert ended.code == 0
        assert "\x1b" not in ended.out + ended.err
        assert "\x07" not in ended.out + ended.err
        assert command[1] == "remove" or r"a\x1b[2J\x1b]0;b\x07" in ended.out
    assert "\x1b" not in fairprog("run", "\x1b[2J").err


def test_home_that_cannot_be_made_is_one_line(fairprog, tmp_path):
    (tmp_path / "file").write_text("")
    ended = fairprog("runs", "list", "--home", str(tmp_path / "file" / "home"))
    assert ended.code == 2
    assert "cannot be made" in ended.err


def test_home_that_takes_no_log_is_one_line(fairprog, study, home):
    (home.path / "logs").write_text("")
    ended = fairprog("run", str(study))
    assert ended.code == 2
    assert f"fairprog: The log {home.path}/logs/run.log cannot be written (File exists)" in ended.err


def test_commands_that_do_not_compute_leave_torch_alone():
    code = "import sys, fairprog_core.cli; print('torch' in sys.modules, 'streamlit' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]


# ---- run


def test_run_ends_with_a_table_and_writes_the_result(fairprog, study, home, store, tmp_path):
    ended = fairprog("run", str(study), "--json", str(tmp_path / "r.json"), "--set", "seeds=0,1")
    assert ended.code == 0
    assert all("The base classifier is no better" in line for line in ended.err.splitlines()), (
        "256 rows teach it little"
    )
    for word in ("reprogram", "random trigger", "border", "equalized odds", "0, 1", "→", "["):
        assert word in ended.out
    assert "too few rows" in ended.out  # 24 in every group and label
    result = json.loads((tmp_path / "r.json").read_text())
    assert (result["schema"], result["complete"]) == ("fairprog.study/1", True)
    assert result["study"]["seeds"] == [0, 1]
    [run] = store.list()
    assert (run.state, run.name, run.log) == ("done", "tiny", "logs/run.log")
    assert [(row["method"], row["seeds"]) for row in run.figures] == [("reprogram", [0, 1]), ("random_trigger", [0, 1])]
    assert run.figures[0]["base_accuracy"] == result["base"]["accuracy"]

    listed = fairprog("runs", "list")
    assert run.id in listed.out
    assert "done" in listed.out
    assert json.loads(fairprog("runs", "list", "--json").out)[0]["id"] == run.id
    assert str(home.run(run.id)) in fairprog("runs", "show", "1").out

    for ending in ("zip", "json", "csv"):
        assert fairprog("runs", "export", "1", str(tmp_path / f"x.{ending}")).code == 0
    assert json.loads((tmp_path / "x.json").read_text()) == result
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert len(rows) == 1 + 2 * (3 + 1)  # the base; two seeds with three λ and a control each
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        names = set(archive.namelist())
        records = archive.read(f"{run.id}/records.jsonl").decode().splitlines()
    assert {f"{run.id}/{name}" for name in ("run.json", "result.json", "base/predictions.parquet")} <= names
    assert json.loads(records[-1])["kind"] == "result"
    assert "must end in" in fairprog("runs", "export", "1", str(tmp_path / "x.pkl")).err

    (secret := tmp_path / "secret.json").write_text("{}")
    (home.run(run.id) / "link.json").symlink_to(secret)
    assert fairprog("runs", "export", "1", str(tmp_path / "y.zip")).code == 0
    with zipfile.ZipFile(tmp_path / "y.zip") as archive:
        assert set(archive.namelist()) == names  # a link leads out of no folder
    (home.run(run.id) / "result.json").unlink()
    (home.run(run.id) / "result.json").symlink_to(secret)
    assert "has no result yet" in fairprog("runs", "export", "1", str(tmp_path / "y.json")).err

    assert fairprog("runs", "remove", "1", "--yes").code == 0
    assert store.list() == []
    assert not home.run(run.id).exists()


def test_run_with_data_that_are_not_there_is_exit_code_2(fairprog, study, store, tmp_path):
    ended = fairprog("run", str(study), "--set", "dataset=celeba", "--set", f"dataset.root={tmp_path}")
    assert ended.code == 2
    assert ended.err.startswith("fairprog: ")
    assert ended.err.count("\n") == 1
    assert store.list()[0].state == "failed"
    assert store.list()[0].error


def test_interrupted_run_keeps_what_is_finished_and_says_how_to_go_on(study, store, tmp_path):
    arguments = command("run", str(study), "--set", "budget.steps=4000", "--set", "seeds=0,1", "--json", "r.json")
    with started(arguments, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        eventually(lambda: is_training(store), seconds=120)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
    [run] = store.list()
    assert run.state == "cancelled"
    assert f"`fairprog runs resume {run.id}` goes on" in err
    assert list(store.home.run(run.id).glob("curves/*/checkpoint.safetensors"))


def test_series_that_was_killed_goes_on_where_it_stopped(fairprog, store, tmp_path):
    """Killed in the second of two studies: again, the first is not run anew, and the second goes on in its run."""
    file, result = tmp_path / "series.toml", tmp_path / "r.json"
    members = """studies = [{name = "short", set = []}, {name = "long", set = ["budget.steps=300"]}]\n"""
    file.write_text(members + TINY.replace('name = "tiny"\n', ""))
    arguments = command("run", str(file), "--jobs", "1")
    with started(arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: len(store.list()) == 2 and is_training(store), seconds=120)
        process.kill()
        process.wait()
    made = (store.home.run(store.list()[1].id) / "result.json").stat().st_mtime_ns

    ended = fairprog("run", str(file), "--json", str(result))
    assert ended.code == 0, ended.err
    long, short = store.list()
    assert [(run.name, run.state, run.attempt) for run in (short, long)] == [("short", "done", 1), ("long", "done", 2)]
    assert (store.home.run(short.id) / "result.json").stat().st_mtime_ns == made
    written = json.loads(result.read_text("utf-8"))
    assert (written["schema"], [one["study"]["name"] for one in written["studies"]]) == (
        "fairprog.series/1", ["short", "long"],
    )  # fmt: skip


def test_series_takes_a_study_that_is_done_even_if_a_newer_run_of_it_was_cancelled(store):
    study, owner = Study.parse({}), Owner.this_process()
    first, second, third = (store.begin(study, owner) for _ in range(3))
    for run, state in ((second, "cancelled"), (third, "failed")):
        store.finish(run, state)
    assert earlier_run(store, study).id == third.id
    store.finish(first, "done")
    assert earlier_run(store, study).id == first.id


def test_run_is_of_a_study_also_when_options_were_added_since(store):
    study = Study.parse({"name": "a", "seeds": [0, 1]})
    run = store.get(store.submit(study))
    older = dataclasses.replace(run, study={key: value for key, value in run.study.items() if key != "reuse"})
    assert is_saved_as(run, study)
    assert is_saved_as(older, study)
    assert not is_saved_as(older, study.model_copy(update={"reuse": True}))
    assert not is_saved_as(dataclasses.replace(run, study=run.study | {"unknown": 1}), study)


def test_run_can_be_cancelled_from_elsewhere(fairprog, study, store):
    arguments = command("run", str(study), "--set", "budget.steps=4000")
    with started(arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: is_training(store), seconds=120)
        start = time.monotonic()
        ended = fairprog("runs", "cancel", "1")
        assert time.monotonic() - start < 2.5
        assert process.wait(60) == 130
    assert "is cancelled." in ended.out


# ---- runs


def test_empty_list_says_what_to_do(fairprog):
    assert "fairprog run faces-quick" in fairprog("runs", "list").out


def test_runs_of_one_preset_are_told_apart_by_what_was_set(fairprog, store):
    given = ["dataset.target=wavy", "base_seed=3", "seeds=0,1", "device=cpu"]
    for each in ([], given):
        store.submit(load_study("faces-quick", each))
    listed = fairprog("runs", "list").out
    assert "dataset.target=wavy, base_seed=3" in listed
    assert "and 1 more" in listed
    assert "…" not in listed
    assert "Set" not in fairprog("runs", "show", "1").out
    shown = fairprog("runs", "show", "2").out
    assert all(each in shown for each in given)


def test_queued_run_is_cancelled_and_resumed(fairprog, store, monkeypatch):
    started: list[Home] = []
    monkeypatch.setattr(launcher, "ensure_workers", started.append)
    run_id = store.submit(Study())
    assert f"Run {run_id} is cancelled." in fairprog("runs", "cancel", run_id[:6]).out
    assert f"Run {run_id} is queued" in fairprog("runs", "resume", run_id).out
    assert started == [store.home]
    assert "queued" in fairprog("runs", "resume", run_id).err


def test_remove_without_yes_asks(fairprog, store, monkeypatch):
    run_id = store.submit(Study())
    monkeypatch.setattr("typer.confirm", lambda question: run_id not in question)
    ended = fairprog("runs", "remove", run_id)
    assert ended.code == 130
    assert "Nothing was removed" in ended.err
    assert store.get(run_id)


def test_running_run_is_not_removed(fairprog, store):
    run = store.begin(Study(), Owner.this_process())
    ended = fairprog("runs", "remove", run.id, "-y")
    assert ended.code == 2
    assert "cancel it first" in ended.err


def test_name_of_a_study_is_never_read_as_markup(fairprog, store):
    store.submit(Study(name="[red]x[/nothing]"))
    assert "[red]x[/nothing]" in fairprog("runs", "list").out
    assert "[red]x[/nothing]" in fairprog("runs", "show", "1").out


# ---- data, doctor, worker


def test_data_list_shows_the_cards(fairprog):
    out = fairprog("data", "list").out
    for word in ("faces", "celeba", "Sensitive attribute", "Source", "Licence"):
        assert word in out


def test_data_check_counts_every_group_and_label(fairprog, study):
    assert "train 256, tune 256, val 64, test 96 rows are ready" in fairprog("data", "prepare", str(study)).out
    ended = fairprog("data", "check", str(study))
    assert ended.code == 1  # so few rows
    assert "fewer than 30 rows" in ended.err
    rows = [line.split() for line in ended.out.splitlines() if line.startswith("test")]
    assert len(rows) == 4
    assert {row[-2] for row in rows} == {"24"}  # 96 rows, evenly over two groups and two labels


@pytest.mark.parametrize(
    ("kind", "root", "sentence"),
    [
        ("celeba", ".", "list_attr_celeba.csv is there"),
        ("celeba", "~nouser", "dataset.root: this machine has no user 'nouser'"),
        ("celeba", "x" * 300, "dataset.root: a name in it has 300 bytes"),
        ("civil_comments", ".", "all_data_with_identities.csv is not in"),
        ("civil_comments", '""', "Civil Comments: no folder is given"),
        ("civil_comments", "~nouser", "dataset.root: this machine has no user 'nouser'"),
        ("civil_comments", "x" * 300, "dataset.root: a name in it has 300 bytes"),
    ],
)
def test_data_set_that_is_no_preset_is_found_by_its_name(fairprog, tmp_path, monkeypatch, kind, root, sentence):
    monkeypatch.chdir(tmp_path)
    ended = fairprog("data", "check", kind, "--set", f"dataset.root={root}")
    assert ended.code == 2
    assert sentence in ended.err
    assert ended.err.count("\n") == 1
    assert len(ended.err) <= 620


def test_civil_comments_is_checked_by_its_name(fairprog, tmp_path):
    file = write(table(), tmp_path / FILE)
    ended = fairprog("data", "check", "civil_comments", "--set", f"dataset.root={file}")
    assert ended.code == 1  # so few rows
    assert {line.split()[0] for line in ended.out.splitlines()[1:] if line.strip()} >= {"train", "tune", "val", "test"}
    prepared = fairprog("data", "prepare", "civil_comments", "--set", f"dataset.root={file.parent}")
    assert prepared.code == 0
    assert prepared.out.strip().endswith("rows are ready.")


def test_doctor_names_what_matters(fairprog, home):
    ended = fairprog("doctor")
    assert ended.code == 0
    for word in ("fairprog", "Python", "torch 2.", "Device", "Threads", str(home.path), "Disk", "Workers"):
        assert word in ended.out
    findings = json.loads(fairprog("doctor", "--json").out)
    assert {"name", "found", "state", "hint"} == set(findings[0])


def test_doctor_tells_a_damaged_run_table(fairprog, home):
    home.database.write_text("this is not a database " * 50)
    ended = fairprog("doctor")
    assert ended.code == 1
    assert "MISSING" in ended.out


def test_worker_in_the_foreground_leaves_when_idle(fairprog, home):
    with started(command("worker", "--idle", "0.2"), stdout=subprocess.PIPE) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Leaving: idle." in out
    assert "Ended 0 worker(s)." in fairprog("worker", "--stop").out


def test_bench_prints_every_figure_and_writes_them(fairprog, tmp_path, monkeypatch):
    from functools import partial

    from fairprog_core.cli.machine.bench import bench

    monkeypatch.setattr(bench, "bench", partial(bench.bench, size=bench.QUICK))
    ended = fairprog("bench", "--json", str(tmp_path / "bench.json"), "--device", "cpu", "--threads", "1")
    assert (ended.code, ended.err) == (0, "")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert (written["schema"], written["environment"]["threads"]) == ("fairprog.bench/2", 1)
    measured = written["details"]["speed"]["measurements"]
    assert [row["name"] for row in written["rows"]] == [f"speed/{figure['name']}" for figure in measured]
    for figure in measured:
        assert figure["name"] in ended.out


def test_bench_of_coverage_prints_a_row_per_design_and_writes_them(fairprog, tmp_path, monkeypatch):
    from functools import partial

    from fairprog_core.cli.machine.bench import coverage

    chosen = coverage.designs()[:2]
    monkeypatch.setattr(coverage, "coverage", partial(coverage.coverage, test_sets=2, draws=50, chosen=chosen))
    ended = fairprog("bench", "--suite", "coverage", "--json", str(tmp_path / "coverage.json"))
    assert (ended.code, ended.err) == (0, "")
    written = json.loads((tmp_path / "coverage.json").read_text())
    assert written["schema"] == "fairprog.bench/2"
    assert [each["design"] for each in written["details"]["coverage"]["designs"]] == [design.name for design in chosen]
    assert {(row["suite"], row["unit"], row["reference"], row["ratio"]) for row in written["rows"]} == {
        ("coverage", "share", None, None)
    }
    assert len(ended.out.splitlines()) == 2 + len(chosen)


# ---- app


def test_server_options_hold_the_theme_with_its_lists():
    options = serve.server_options("127.0.0.1", 8600, is_shared=False)
    assert (options["server.address"], options["server.port"], options["server.headless"]) == ("127.0.0.1", 8600, True)
    assert options["server.allowedHosts"] == ["127.0.0.1", "localhost"]
    assert options["browser.gatherUsageStats"] is False
    assert isinstance(options["theme.chartCategoricalColors"], list)
    assert options["theme.dark.primaryColor"].startswith("#")


def test_shared_server_shows_no_details():
    options = serve.server_options("0.0.0.0", 8600, is_shared=True)
    assert options["client.showErrorDetails"] == "none"
    assert {"127.0.0.1", "localhost"} < set(options["server.allowedHosts"])


def test_app_says_when_other_machines_are_let_in(fairprog, home, monkeypatch):
    served = []
    monkeypatch.setattr(screen, "find_screen", lambda: lambda **told: served.append(told))
    ended = fairprog("app", "--host", "0.0.0.0", "--home", str(home.path))
    assert (ended.code, served[0]["is_shared"]) == (0, True)
    assert "whoever can reach this machine" in ended.err


@pytest.mark.parametrize(
    ("given", "host", "chosen"),
    [
        ([], "127.0.0.1", Sharing()),
        (["--share"], "0.0.0.0", Sharing(is_shared=True)),
        (["--host", "0.0.0.0"], "0.0.0.0", Sharing(is_shared=True)),
        (["--host", "localhost"], "localhost", Sharing()),
        (["--share", "--host", "127.0.0.1"], "127.0.0.1", Sharing(is_shared=True)),
        (
            ["--share", "--allow", "hub", "--allow", "folders", "--name", "Dash.example"],
            "0.0.0.0",
            Sharing(is_shared=True, allowed=frozenset({"hub", "folders"}), names=("dash.example",)),
        ),
    ],
)
def test_app_hands_the_choices_to_the_dashboard(fairprog, home, monkeypatch, given, host, chosen):
    served = []
    monkeypatch.setattr(screen, "find_screen", lambda: lambda **told: served.append((told, sharing())))
    ended = fairprog("app", *given, "--home", str(home.path))
    assert ended.code == 0, ended.err
    ((told, found),) = served
    assert (told["host"], told["is_shared"], found) == (host, chosen.is_shared, chosen)


def test_class_gets_a_code_and_a_teacher_and_says_both_on_the_terminal(fairprog, home, monkeypatch):
    served = []
    monkeypatch.setattr(screen, "find_screen", lambda: lambda **told: served.append((told, sharing())))
    for _ in range(2):
        assert fairprog("app", "--class", "--home", str(home.path)).code == 0
    (told, first), (_, second) = served
    assert (told["host"], told["is_shared"], first.is_class) == ("0.0.0.0", True, True)
    assert (first.join_code, first.teacher_token) != (second.join_code, second.teacher_token)
    said = screen.greeting(home, "http://localhost:8501", is_everywhere=False, policy=first)
    assert f"with the code {first.join_code}" in said
    assert f"http://localhost:8501/teach/{first.teacher_token}" in said
    assert first.join_code not in repr(first) + screen.greeting(home, "http://localhost:8501", is_everywhere=False)


def test_shared_dashboard_says_where_other_machines_find_it(home):
    known = [each for all_ in psutil.net_if_addrs().values() for each in all_ if each.family == socket.AF_INET]
    outside = [f"http://{each.address}:8501" for each in known if not each.address.startswith("127.")]
    local, shared = (
        screen.greeting(home, "http://localhost:8501", is_everywhere=everywhere) for everywhere in (False, True)
    )
    assert re.findall(r"http://\S+", shared) == ["http://localhost:8501", *outside]
    assert re.findall(r"http://\S+", local) == ["http://localhost:8501"]


@pytest.mark.parametrize(("given", "said"), [(["--allow", "all"], "allowed are folders"), (["--name", "a b"], "a b")])
def test_app_refuses_choices_that_it_does_not_know(fairprog, home, given, said):
    ended = fairprog("app", "--share", *given, "--home", str(home.path))
    assert ended.code == 2
    assert said in ended.err


def test_a_file_app_py_of_the_user_is_not_taken_for_the_dashboard(tmp_path):
    (tmp_path / "app.py").write_text("raise SystemExit('the wrong app')\n")
    code = "from fairprog_core.cli.screen import find_screen; print(find_screen().__module__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "app.server.serve"), done.stderr


def test_app_without_a_screen_says_what_to_install(monkeypatch):
    monkeypatch.setattr(screen, "entry_points", lambda group: ())
    with pytest.raises(ConfigError, match="No dashboard is installed"):
        screen.find_screen()


def test_taken_port_is_refused_and_the_usual_one_gives_way():

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="choose another with --port"):
            screen._free_port("127.0.0.1", port)
    assert screen._free_port("127.0.0.1", port) == port
    assert screen._free_port("127.0.0.1", None) >= screen.PORT


def test_app_answers_and_ctrl_c_ends_it_but_not_the_worker(home, monkeypatch):
    import urllib.request

    monkeypatch.setenv("FAIRPROG_SLOTS", "1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = command("app", "--no-browser", "--port", str(port), "--home", str(home.path))
    with started(arguments, stdout=subprocess.PIPE, cwd=home.path) as process:
        assert process.stdout
        assert process.stdout.readline() == f"fairprog is open at http://127.0.0.1:{port}\n"
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").read() == b"ok"
        [worker] = eventually(lambda: launcher.workers(home))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert worker.owner.is_alive()
    assert os.getsid(worker.owner.pid) == worker.owner.pid
    assert launcher.stop_workers(home) == 1


def test_console_script_is_installed():
    script = Path(sys.executable).with_name("fairprog")
    out = subprocess.run([script, "--version"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.startswith("fairprog ")
