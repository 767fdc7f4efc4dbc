"""Curves in several processes: the same numbers for any number of them, and nothing lost when one is killed."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from fairprog_core.common.errors import RunError
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.pipeline import execute as execution
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.tasks.helper import Order
from fairprog_core.pipeline.tasks.how_many import n_at_once, sharing
from fairprog_core.pipeline.tasks.processes import ProcessCrew, ProcessHelper, SharedProcesses
from fairprog_core.study import Study
from tests.conftest import Finished, is_forkserver
from tests.core.many_curves import MANY, files
from tests.core.run_help import ROOT, eventually, numbers

LOCKED = [{"base_seed": 1}, {"base_seed": 2}]


def helpers() -> list[psutil.Process]:
    """The processes that compute tasks for this one: copies of the one that has imported torch."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.ppid() != os.getpid() and is_forkserver(process)
    ]


def kill_helpers() -> list[psutil.Process]:
    """Kill them; returns them."""
    found = helpers()
    for process in found:
        with suppress(psutil.Error):  # it has ended meanwhile
            process.send_signal(signal.SIGKILL)
    return found


def test_any_number_of_processes_gives_the_same_numbers(one_by_one: Finished, home: Home) -> None:
    records = list(execute(Study.parse(MANY), home=home, folder=home.run("two"), jobs=2))
    assert numbers(home.run("two")) == numbers(one_by_one.folder)
    assert files(home.run("two")) == files(one_by_one.folder)
    assert helpers() == []
    labels = [record["label"] for record in records if record["kind"] == "stage"]
    assert any(label.startswith("2 at once, 0 of 2 curves finished. Curve") for label in labels)
    fractions = [record["fraction"] for record in records if record["kind"] == "stage"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_curves_that_share_a_process_have_the_same_numbers(
    one_by_one: Finished, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where two curves take turns in one process."""
    monkeypatch.setattr(execution, "sharing", lambda n, device: SharedProcesses(1, n))
    records = execute(Study.parse(MANY), home=home, folder=home.run("shared"), jobs=2)
    assert {len(helpers()) for record in records if record["kind"] == "train"} == {1}
    assert numbers(home.run("shared")) == numbers(one_by_one.folder)
    assert files(home.run("shared")) == files(one_by_one.folder)
    assert helpers() == []


@pytest.mark.parametrize("name", ["rivals", "made_up_comments"])
def test_random_numbers_that_others_draw_between_two_advances_change_nothing(
    name: str, request: pytest.FixtureRequest, home: Home
) -> None:
    """Curves that take turns in one process share its random state: every part draws from seeds of its own."""
    alone: Finished = request.getfixturevalue(name)
    for _ in execute(alone.study, home=home, folder=home.run("disturbed"), jobs=1):
        torch.manual_seed(int(torch.rand(1).item() * 1e6))
        np.random.seed(7)  # noqa: NPY002  # the state that all code of the process shares
    assert numbers(home.run("disturbed")) == numbers(alone.folder)
    assert files(home.run("disturbed")) == files(alone.folder)


def test_curves_that_share_a_process_wait_for_each_other_where_files_are_locked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look into the same demographic classifiers, and are tried on the same base: one of them makes each."""
    monkeypatch.setattr(execution, "sharing", lambda n, device: SharedProcesses(1, n))
    study = Study.parse(MANY | {"explain": MANY["explain"] | {"probe": True}, "transfer": LOCKED})
    list(execute(study, home=home, folder=home.run("shared"), jobs=2))
    list(execute(study, home=home, folder=home.run("alone"), jobs=1))
    assert numbers(home.run("shared")) == numbers(home.run("alone"))
    assert files(home.run("shared")) == files(home.run("alone"))


def test_process_that_is_shared_is_lost_once(one_by_one: Finished) -> None:
    """Three helpers of one process: one less may be at work, and those without a task go with it."""
    crew = ProcessCrew(Order.of(one_by_one.study, one_by_one.home, one_by_one.folder, 1), sharing=SharedProcesses(1, 3))
    first, second, idle = (hired(crew, number) for number in range(3))
    assert len({helper.process for helper in (first, second, idle)}) == 1
    os.kill(first.process.process.pid or 0, signal.SIGKILL)
    assert [helper.answer() for helper in (first, second)] == [None, None]
    assert first.dismiss() == "signal SIGKILL"
    assert (crew.n_after_loss(first, 3), crew.lost_with(first, [idle])) == (2, [idle])
    assert [helper.dismiss() for helper in (second, idle)] == ["signal SIGKILL"] * 2
    assert crew.n_after_loss(second, 2) == 2
    again = hired(crew, 3)
    assert again.process is not first.process
    again.stop()
    again.wait()
    assert helpers() == []


def test_next_curve_goes_to_the_gpu_with_the_fewest(one_by_one: Finished) -> None:
    crew = ProcessCrew(Order.of(one_by_one.study, one_by_one.home, one_by_one.folder, 1), sharing=SharedProcesses(2, 2))
    team = [hired(crew, number) for number in range(4)]
    assert [helper.process is team[0].process for helper in team] == [True, False, True, False]
    for helper in (team[1], team[3]):
        helper.stop()
        helper.wait()
    team[1] = hired(crew, 4)
    assert team[1].process not in {team[0].process, team[3].process}
    for helper in team[:3]:
        helper.stop()
        helper.wait()
    assert helpers() == []


def hired(crew: ProcessCrew, number: int) -> ProcessHelper:
    helper = crew.hire(number)
    assert helper is not None
    return helper


def test_killed_process_of_several_curves_loses_only_steps_since_their_checkpoints(
    one_by_one: Finished, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "sharing", lambda n, device: SharedProcesses(1, n))
    killed: list[psutil.Process] = []
    for record in execute(Study.parse(MANY), home=home, folder=home.run("killed"), jobs=2):
        if not killed and record["kind"] == "train" and record["step"] >= 8:
            killed = kill_helpers()
    assert len(killed) == 1
    assert numbers(home.run("killed")) == numbers(one_by_one.folder)
    assert helpers() == []


def test_interrupted_process_of_several_curves_writes_their_checkpoints(
    one_by_one: Finished, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "sharing", lambda n, device: SharedProcesses(1, n))
    study, folder = Study.parse(MANY), home.run("stopped")
    begun: set[str] = set()
    records = execute(study, home=home, folder=folder, jobs=2)
    for record in records:
        if record["kind"] == "train":
            begun.add(record["curve"])
        if len(begun) == 2:
            break
    records.close()
    assert helpers() == []
    assert len(list(folder.glob("curves/*/*checkpoint*"))) == 2
    list(execute(study, home=home, folder=folder, jobs=1))
    assert numbers(folder) == numbers(one_by_one.folder)


def test_killed_process_loses_only_steps_since_its_checkpoint(one_by_one: Finished, home: Home) -> None:
    """Its task goes to another process, no record comes twice, and the numbers are those of an undisturbed run."""
    records: list[Record] = []
    killed: list[psutil.Process] = []
    for record in execute(Study.parse(MANY), home=home, folder=home.run("killed"), jobs=2):
        records.append(record)
        if not killed and record["kind"] == "train" and record["step"] >= 8:
            killed = kill_helpers()
    assert killed
    assert numbers(home.run("killed")) == numbers(one_by_one.folder)
    steps = [(record["curve"], record["step"]) for record in records if record["kind"] == "train"]
    assert len(steps) == len(set(steps))


def test_interrupted_study_goes_on_with_another_number_of_processes(one_by_one: Finished, home: Home) -> None:
    study, folder = Study.parse(MANY), home.run("stopped")
    records = execute(study, home=home, folder=folder, jobs=2)
    for record in records:
        if record["kind"] == "train" and record["step"] >= 8:
            break
    records.close()
    assert helpers() == []
    assert list(folder.glob("curves/*/*checkpoint*")), "no training wrote a checkpoint"
    list(execute(study, home=home, folder=folder, jobs=1))
    assert numbers(folder) == numbers(one_by_one.folder)


def test_process_that_always_ends_fails_the_run_with_a_sentence(home: Home) -> None:
    def compute() -> None:
        for record in execute(Study.parse(MANY), home=home, folder=home.run("x"), jobs=2):
            if record["kind"] in ("train", "stage"):
                kill_helpers()

    with pytest.raises(RunError, match=r"3 processes ended while they computed .* \(signal SIGKILL\)"):
        compute()
    assert helpers() == []


def test_processes_end_with_the_one_that_leads(tmp_path: Path) -> None:
    """However it ends: they neither go on nor wait for ever."""
    (tmp_path / "study.json").write_text(json.dumps(MANY))
    command = [sys.executable, "-m", "fairprog_core", "run", str(tmp_path / "study.json"), "--jobs", "2"]
    process = subprocess.Popen(
        [*command, "--home", str(tmp_path / "home")], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    leader = psutil.Process(process.pid)
    with process:
        try:
            children = eventually(lambda: len(found := leader.children(recursive=True)) >= 3 and found, seconds=120)
        finally:
            process.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_number_of_processes_is_as_large_as_it_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr("fairprog_core.common.limits.n_cores", lambda: 8)
    large = Study.parse({"triggers": [{"kind": "border"}, {"kind": "frame"}], "seeds": [0, 1, 2]})
    assert n_at_once(large, device=cpu, most=None) == 6
    assert n_at_once(large.model_copy(update={"threads": 4}), device=cpu, most=None) == 2
    assert n_at_once(large, device=cpu, most=3) == 3
    assert n_at_once(Study.parse(MANY), device=cpu, most=None) == 1
    monkeypatch.setenv("FAIRPROG_MAX_JOBS", "2")
    assert n_at_once(large, device=cpu, most=None) == n_at_once(large, device=cpu, most=5) == 2


def test_curves_on_gpus_share_one_process_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    cuda, study = torch.device("cuda"), Study.parse({"seeds": list(range(8))})
    monkeypatch.setattr("fairprog_core.common.limits.n_cores", lambda: 8)
    assert n_at_once(study, device=cuda, most=None) == 2
    assert n_at_once(study, device=cuda, most=5) == 5
    assert [sharing(n, device=cuda) for n in (1, 2, 5)] == [(2, 1), (2, 1), (2, 3)]
    assert sharing(5, device=torch.device("cpu")) is None
