"""Kills processes of fairprog at random instants while they compute a study, resumes it, and checks what is left.

A chain is one study in a home of its own, which is killed several times until it is done. Every process is a real one,
as a user starts it: ``fairprog run``, workers, ``fairprog app``, and the process that explains.
"""

import contextlib
import hashlib
import json
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from safetensors.numpy import load_file

from fairprog_core.api.run import run as run_study
from fairprog_core.common.home import Home
from fairprog_core.explain.live.process import ExplainProcess, Request
from fairprog_core.results.result import Result
from fairprog_core.runs import Run, Store, launcher
from fairprog_core.runs.recorder import FLUSH_SECONDS
from fairprog_core.runs.timing.heartbeat import Patience
from fairprog_core.study import Study
from tests.core.run_help import ROOT, eventually

STUDY: dict[str, Any] = {
    "dataset": {"kind": "faces", "image_size": 32, "n_train": 1024, "n_tune": 256, "n_val": 64, "n_test": 240},
    "classifier": {"kind": "residual_net", "source": "train", "epochs": 4},
    "lam": {"low": 0.5, "high": 4.0, "grid": [1.0]},
    "triggers": [{"kind": "border"}],
    "budget": {"steps": 30, "validate_every": 10},
    "explain": {"gallery": 2, "rows": 16, "probe": False},
    "device": "cpu",
    "threads": 1,
}
LABELS = ("worker", "run", "both", "page server", "explain")
SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")  # a hidden folder in which a file is written
LOOK_SECONDS = 0.1  # between two looks at the run table
SECONDS = 900  # most that anything may take: the machine may be busy
OF_A_CHAIN = 5  # most kills of one chain


@dataclass(frozen=True)
class Kill:
    """One kill: what was killed, the stage of the run, and the instant as a share of the uninterrupted run (answer)."""

    label: str
    stage: str
    share: float


@dataclass(frozen=True)
class Uninterrupted:
    """The study that was never interrupted: its home, its run, the user's files, and its progress over time."""

    home: Home
    run: Run
    user: Path
    progress: list[tuple[float, float]]  # share of the duration, fraction of the work

    @property
    def folder(self) -> Path:
        return self.home.run(self.run.id)

    def fraction_at(self, share: float) -> float:
        """The progress that the run showed after a share of its duration."""
        return float(np.interp(share, *zip(*self.progress, strict=True)))

    @cached_property
    def request(self) -> Request:
        """A picture to explain with its trigger."""
        [curve] = Result.open(self.folder).curves
        base = self.folder / "base" / "classifier.safetensors"
        return Request(np.full((64, 48, 3), 128, np.uint8), base, curve.artifact, lam=curve.chosen_lam)

    @cached_property
    def answer(self) -> tuple[dict[str, str], float]:
        """The explanation that no kill interrupts, and its seconds, the start of the process included."""
        begun, explaining = time.monotonic(), ExplainProcess()
        answer = digests_of(explaining.submit(self.request).result(SECONDS))
        explaining.close()
        return answer, time.monotonic() - begun


def write_series(path: Path, name: str) -> Path:
    """A series of one study: the command that runs it continues it, too."""
    path.write_text(json.dumps({**STUDY, "studies": [{"name": name, "set": []}]}))
    return path


def fairprog(*arguments: object, home: Home) -> subprocess.Popen[str]:
    """A command as a user types it, in a process group of its own."""
    command = [sys.executable, "-m", "fairprog_core", *map(str, arguments), "--home", str(home.path)]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


def run_uninterrupted(folder: Path) -> Uninterrupted:
    """Run the study to its end, in this process."""
    user, home = folder / "user", Home.find(folder / "home")
    user.mkdir(parents=True)
    (user / "notes.txt").write_text("mine")
    run_study(Study.parse({**STUDY, "name": "reference"}), home=home)
    with Store(home) as store:
        [run] = store.list()
        stages = [record for record in store.records(run.id) if record["kind"] == "stage"]
    progress = [((record["time"] - (run.started or 0.0)) / run.seconds, record["fraction"]) for record in stages]
    return Uninterrupted(home, run, user, progress)


# ---- what is compared


def digests_of(arrays: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """The sha256 of every array."""
    return {name: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for name, array in arrays.items()}


def trigger_of(folder: Path) -> dict[str, str]:
    """The sha256 of every tensor of every trigger of a run."""
    files = sorted(folder.glob("curves/*/trigger.safetensors"))
    return {f"{file.parent.name}/{name}": sha for file in files for name, sha in digests_of(load_file(file)).items()}


def figures_of(folder: Path) -> Any:
    """Everything in the result but times, the study's name and the run's id."""
    return _without_times(json.loads((folder / "result.json").read_text().replace(folder.name, "RUN")))


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(each) for key, each in value.items() if key not in ("seconds", "name")}
    return [_without_times(each) for each in value] if isinstance(value, list) else value


def files_of(folder: Path) -> dict[str, str]:
    """The sha256 of every file of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def scratch_in(folder: Path) -> list[str]:
    """Hidden folders in which files were written that were never finished."""
    return [str(path) for path in folder.rglob(".*") if path.is_dir() and SCRATCH.fullmatch(path.name)]


def check_states(store: Store, whole: set[str]) -> None:
    """No run is running without a process, none done without a whole result; ``whole``: those that were read before."""
    for run in store.list():
        if run.state == "running":
            assert run.owner
            # the process may have ended since the table was read
            assert run.owner.is_alive() or store.get(run.id).state != "running", f"{run.id} runs without a process"
        if run.state == "done" and run.id not in whole:
            whole.add(run.id)
            result = Result.open(store.home.run(run.id))
            assert result.is_complete
            assert all(curve.artifact.is_file() and curve.explain for curve in result.curves)
            assert run.figures


# ---- a chain


class Chain:
    """A study in a home of its own, which holds a finished run already, and the kills on its way.

    Args:
        folder: for the home and the user's files.
        once: the same study without interruption.
        random_: draws the instants.
    """

    def __init__(self, folder: Path, once: Uninterrupted, random_: random.Random) -> None:
        self.once, self.random, self.kills = once, random_, list[Kill]()
        self.home = Home(folder / "home")
        shutil.copytree(once.user, folder / "user")
        shutil.copytree(once.home.runs, self.home.runs)
        with sqlite3.connect(once.home.database) as source, sqlite3.connect(self.home.database) as copy:
            source.backup(copy)
        self.user = folder / "user"
        self.series = write_series(self.user / "killed.json", "killed")
        self.before = files_of(self.user), files_of(self.home.run(once.run.id))
        # a run whose process was killed is lost at once
        self.store = Store(self.home, patience=Patience(lost=0.0))
        self.pause = threading.Event()
        self.whole: set[str] = set()  # runs whose results were read
        self.server: subprocess.Popen[str] | None = None

    def close(self) -> None:
        """End every process of the chain."""
        self._end_server()
        launcher.stop_workers(self.home, seconds=1.0)
        self.store.close()

    def run(self) -> Run | None:
        """The run that is killed; None before it exists."""
        return next((run for run in self.store.list() if run.name == "killed"), None)

    def kill_all(self, labels: list[str]) -> list[str]:
        """Kill each of these once, in random order, and let the study run to its end.

        Returns:
            The labels for which the study was done too early.
        """
        of_run = [label for label in labels if label != "explain"]
        self.random.shuffle(of_run)
        shares = sorted(self.random.random() for _ in of_run)
        missed = list[str]()
        for label, share in zip(of_run, shares, strict=True):
            n_before = len(self.kills)
            {"worker": self._kill_worker, "run": self._kill_foreground, "both": self._kill_both,
             "page server": self._kill_server}[label](share)  # fmt: skip
            check_states(self.store, self.whole)
            missed += [label] * (len(self.kills) == n_before)
        self.finish()
        for _ in range(labels.count("explain")):
            self._kill_explain()
        return missed

    def finish(self) -> None:
        """Let the study run to its end, and compare everything with the uninterrupted one."""
        run = self._computed_by_worker()
        while not (run := self._checked_run()).is_over:
            self.pause.wait(LOOK_SECONDS)
        assert (run.state, run.error) == ("done", None)
        self.close()
        folder = self.home.run(run.id)
        assert trigger_of(folder) == trigger_of(self.once.folder)
        assert figures_of(folder) == figures_of(self.once.folder)
        assert (files_of(self.user), files_of(self.home.run(self.once.run.id))) == self.before
        assert scratch_in(self.home.path) == []
        assert list(processes_of(self.home)) == []

    def _checked_run(self) -> Run:
        check_states(self.store, self.whole)
        run = self.run()
        assert run
        return run

    def _kill_worker(self, share: float) -> None:
        run = self._computed_by_worker()
        if self._reaches(share):
            self._kill("worker", share, run.pid)

    def _kill_both(self, share: float) -> None:
        self._start_server()
        run = self._computed_by_worker()
        if self._reaches(share):
            assert self.server
            self._kill("both", share, self.server.pid, run.pid)

    def _kill_server(self, share: float) -> None:
        """Its worker goes on."""
        self._start_server()
        run = self._computed_by_worker()
        if self._reaches(share):
            assert self.server
            self._kill("page server", share, self.server.pid)
            assert (self._checked_run().attempt, self._checked_run().pid) == (run.attempt, run.pid)

    def _kill_foreground(self, share: float) -> None:
        self._stop_computing()
        before = self.run()
        if before and before.state == "done":
            return
        attempts = before.attempt if before else 0
        with fairprog("run", self.series, home=self.home) as process:
            eventually(lambda: (run := self.run()) and run.attempt > attempts, seconds=SECONDS)
            if self._reaches(share):
                self._kill("run", share, process.pid)

    def _kill_explain(self) -> None:
        """The process that explains: a second one is started, which gives the answer of the first."""
        before, share = files_of(self.once.folder), self.random.random()
        expected, seconds = self.once.answer
        explaining = ExplainProcess()
        try:
            ticket = explaining.submit(self.once.request)
            pid = eventually(lambda: explaining.pid)
            ticket.wait(share * seconds)
            self._kill("explain", share, pid)
            assert digests_of(ticket.result(SECONDS)) == expected
        finally:
            explaining.close()
        assert files_of(self.once.folder) == before

    def _computed_by_worker(self) -> Run:
        """The run, submitted or resumed where it is not under way, as soon as a worker computes it or it is over."""
        run = self.run()
        if run is None:
            self.store.submit(Study.parse({**STUDY, "name": "killed"}))
        elif run.can_resume:
            self.store.resume(run.id)
        launcher.ensure_workers(self.home)
        return eventually(
            lambda: run if (run := self._checked_run()).state in ("running", "done") else None, seconds=SECONDS
        )

    def _stop_computing(self) -> None:
        """Leave the run to another process."""
        launcher.stop_workers(self.home, seconds=1.0)
        run = self.run()
        if run and run.state == "queued":
            self.store.cancel(run.id)
        eventually(lambda: not (run := self.run()) or run.state != "running")

    def _reaches(self, share: float) -> bool:
        """Wait until the run has shown the progress that belongs to a share of its duration; False if it is over."""
        fraction = self.once.fraction_at(share)
        while (run := self._checked_run()).state == "running" and run.fraction < fraction:
            self.pause.wait(LOOK_SECONDS)
        self.pause.wait(self.random.uniform(0.0, FLUSH_SECONDS))  # progress is written at such intervals
        return not self._checked_run().is_over

    def _kill(self, label: str, share: float, *pids: int | None) -> None:
        run = self.run()
        stage = "answer" if label == "explain" else (run and run.state == "running" and run.stage) or "start"
        found = [psutil.Process(pid) for pid in pids if pid and psutil.pid_exists(pid)]
        for process in found:
            process.kill()
        psutil.wait_procs(found, timeout=10)
        self.kills.append(Kill(label, stage, share))

    def _start_server(self) -> None:
        self._end_server()
        self.server = fairprog("app", "--no-browser", "--port", _free_port(), home=self.home)
        assert self.server.stdout
        while "is open" not in (line := self.server.stdout.readline()):
            assert line, "the page server did not start"

    def _end_server(self) -> None:
        if self.server:
            self.server.kill()
            self.server.communicate()
            self.server = None


def processes_of(home: Home) -> Iterator[psutil.Process]:
    """Living processes whose command names this home."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(home.path) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
