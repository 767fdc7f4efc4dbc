"""How long a class waits for its pages: ``python -m tools.class_load --viewers 30 --minutes 10 --train``.

Starts ``fairprog app --class`` (with ``--open`` instead ``--share``) on a new home with a few finished runs. Every
viewer is a session of its own that acts every ten seconds: it opens Start, opens Trade-off, moves λ twice, chooses
another curve, opens Runs. With ``--train`` a study trains meanwhile; its speed is compared with that before the viewers
came. Times are from the request that is sent until the page has been drawn by the server.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from fairprog_core.common.home import Home
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import shipped_comparisons, shipped_demos
from fairprog_core.results.summary import main_figures
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner
from fairprog_core.study.load import load_study
from tools.page_client import Failed, PageClient, data_of

SCHEMA = "fairprog.class_load/1"
PAUSE = 10.0  # seconds between two acts of a viewer
N_RUNS = 6  # finished runs in the home
START_DEADLINE = 120.0  # seconds
LONE_SECONDS = 30.0  # for which the training is measured without viewers
LONG = ("budget.steps=100000", "name=class-load")  # it trains until it is cancelled


@dataclass
class Load:
    """What was measured.

    Attributes:
        seconds: by the name of an act, one value per act.
        errors: one line each.
        server_megabytes: most memory of the server's process (RSS).
        all_megabytes: most memory of all processes of the home (PSS: what they share counts once).
        server_share: processor time of the server per second.
        steps_alone, steps_in_class: training steps per second; None: not measured.
    """

    viewers: int
    minutes: float
    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    n_redraws: int = 0
    n_bytes: int = 0
    server_megabytes: float = 0.0
    all_megabytes: float = 0.0
    server_share: float = 0.0
    steps_alone: float | None = None
    steps_in_class: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The figures, with the quantiles in place of single times."""
        rows = {name: _row(values) for name, values in self.seconds.items()}
        return {"schema": SCHEMA, **asdict(self), "seconds": rows}

    def table(self) -> str:
        """The figures as text."""
        lines = ["| act | n | p50 s | p95 s | longest s |", "|---|---:|---:|---:|---:|"]
        for name, values in self.seconds.items():
            row = _row(values)
            lines.append(f"| {name} | {row['n']} | {row['p50']:.2f} | {row['p95']:.2f} | {row['max']:.2f} |")
        redraws = max(self.n_redraws, 1)
        lines += [
            "",
            f"{self.viewers} viewers, {self.minutes:g} minutes: {self.n_redraws} redraws of "
            f"{self.n_bytes / redraws / 1000:.0f} kB, {len(self.errors)} errors",
            f"server: {self.server_megabytes:.0f} MB, {self.server_share:.2f} cores, "
            f"{1000 * self.server_share * self.minutes * 60 / redraws:.0f} ms of a core per redraw; "
            f"with all workers {self.all_megabytes:.0f} MB",
        ]
        if self.steps_alone and self.steps_in_class is not None:
            share = self.steps_in_class / self.steps_alone
            lines.append(f"training: {self.steps_in_class:.2f} steps/s, alone {self.steps_alone:.2f}: {share:.0%}")
        return "\n".join([*lines, *self.errors[:10]])


def _row(values: list[float]) -> dict[str, float]:
    """Number, median, 95th percentile and maximum."""
    cuts = statistics.quantiles(values, n=20, method="inclusive") if len(values) > 1 else values * 19
    return {"n": len(values), "p50": statistics.median(values), "p95": cuts[18], "max": max(values)}


class Viewer:
    """One of the class: acts every ten seconds, and notes how long it waited.

    Args:
        url: of the dashboard.
        number: decides what it looks at.
        load: where it notes.
        runs: whose Trade-off is opened.
        code: the join code; empty: there is none.
    """

    def __init__(self, url: str, number: int, load: Load, runs: list[str], code: str = "") -> None:
        self.client, self.load, self.random = PageClient(url, code), load, random.Random(number)
        self.runs = itertools.cycle(runs[number % len(runs) :] + runs[: number % len(runs)])

    async def act_until(self, end: float, begin: float) -> None:
        """Act, from a moment on, until another."""
        await asyncio.sleep(max(begin - time.monotonic(), 0))
        acts = itertools.cycle([self._trade_off, self._lam, self._lam, self._curve, self._runs, self._start])
        await self._noted("Start, first visit", self.client.enter())
        at = begin + PAUSE
        while at < end:
            await asyncio.sleep(max(at - time.monotonic(), 0))
            at = max(at, time.monotonic()) + PAUSE
            try:
                await next(acts)()
            except Failed as error:  # a widget that the page does not show
                self.load.errors.append(str(error))
        await self.client.leave()
        self.load.n_redraws += self.client.n_redraws
        self.load.n_bytes += self.client.n_bytes

    async def _start(self) -> None:
        await self._noted("Start", self.client.open(""))

    async def _trade_off(self) -> None:
        await self._noted("Trade-off", self.client.open("tradeoff", f"run={next(self.runs)}"))

    async def _lam(self) -> None:
        name, element = self.client.find("bidi_component", lambda each: "lam_slider" in each.component_name)
        index = self.random.randrange(len(data_of(element)["stops"]))
        await self._noted("Trade-off, λ moved", self.client.set(name, json_value=json.dumps({"index": index})))

    async def _curve(self) -> None:
        name, element = self.client.find("selectbox", lambda each: each.id.endswith("-family"))
        chosen = self.random.choice(element.options)
        await self._noted("Trade-off, another curve", self.client.set(name, string_value=chosen))

    async def _runs(self) -> None:
        await self._noted("Runs", self.client.open("runs"))

    async def _noted(self, name: str, act: Any) -> None:
        try:
            seconds = await act
            self.load.seconds.setdefault(name, []).append(seconds)
        except Failed as error:
            self.load.errors.append(f"{name}: {error}")


def furnish(home: Home) -> list[str]:
    """Put finished runs into a new home; the ids of all runs that can be looked at."""
    shipped = shipped_demos() | shipped_comparisons()
    with Store(home) as store:
        for _, folder in zip(range(N_RUNS), itertools.cycle(shipped.values()), strict=False):
            run = store.begin(load_study(f"{folder.name}-quick"), Owner.this_process())
            shutil.copytree(folder, home.run(run.id), dirs_exist_ok=True)
            store.append(run.id, [], figures=main_figures(Result.open(home.run(run.id))))
            store.finish(run, "done")
        own = [run.id for run in store.list()]
    (home.path / "class.json").write_text(json.dumps({"shared": own, "projected": ""}), "utf-8")
    return [*shipped, *own]


@contextlib.contextmanager
def serving(home: Home, *, mode: str = "--share") -> Iterator[tuple[str, psutil.Process, str]]:
    """A shared dashboard on a home: its address, its process, and the join code of a class."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "fairprog_core", "app", mode, "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "FAIRPROG_HOME": str(home.path), "PYTHONUNBUFFERED": "1"}
    log = home.path / "class_load.log"
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--no-browser"], env=environment, stdout=out)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_DEADLINE
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The dashboard did not start.")
            time.sleep(0.1)
        while not (said := log.read_text("utf-8")).endswith("runs go on.\n"):  # the last line of its greeting
            time.sleep(0.1)
        code = re.search(r"with the code ([A-Z]+)", said)
        yield url, psutil.Process(process.pid), code[1] if code else ""
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        _end(_processes(home))


def _processes(home: Home) -> list[psutil.Process]:
    """The server, its workers and what they started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("FAIRPROG_HOME") == str(home.path):
                found.append(process)
    return found


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


class Training:
    """A study that trains in the home's worker meanwhile.

    Args:
        home: of the server.
        study: name or path.
    """

    def __init__(self, home: Home, study: str) -> None:
        self.store = Store(home)
        self.run = self.store.submit(load_study(study, LONG))

    def wait(self) -> None:
        """Return when it has begun to train.

        Raises:
            RunError: it was removed.
        """
        deadline = time.monotonic() + 300
        while self.steps() is None:
            if self.store.get(self.run).is_over or time.monotonic() > deadline:
                raise SystemExit(f"The study does not train: {self.store.get(self.run).error}")
            time.sleep(0.5)

    def steps(self) -> tuple[float, int] | None:
        """When the newest step ended, and its number; None before the first."""
        last = self.store.get(self.run).last_seq
        found = [record for record in self.store.records(self.run, after=last - 200) if record["kind"] == "train"]
        return (found[-1]["time"], int(found[-1]["step"])) if found else None

    def speed_since(self, before: tuple[float, int] | None) -> float:
        """Steps per second since then."""
        now = self.steps()
        assert before is not None
        assert now is not None
        return (now[1] - before[1]) / max(now[0] - before[0], 1e-9)


async def watch(load: Load, server: psutil.Process, home: Home) -> None:
    """Note the most memory of the server and of all processes, until this task is cancelled."""
    while True:
        load.server_megabytes = max(load.server_megabytes, server.memory_info().rss / 1e6)
        total = 0.0
        for process in await asyncio.to_thread(_processes, home):
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss / 1e6
        load.all_megabytes = max(load.all_megabytes, total)
        await asyncio.sleep(5)


async def visit(load: Load, url: str, server: psutil.Process, home: Home, runs: list[str], code: str) -> None:
    """Let the viewers come, one after the other within ten seconds, and act."""
    watching = asyncio.create_task(watch(load, server, home))
    begin, used = time.monotonic(), sum(server.cpu_times()[:2])
    end = begin + load.minutes * 60
    viewers = [Viewer(url, number, load, runs, code) for number in range(load.viewers)]
    await asyncio.gather(*(each.act_until(end, begin + PAUSE * i / len(viewers)) for i, each in enumerate(viewers)))
    load.server_share = (sum(server.cpu_times()[:2]) - used) / (time.monotonic() - begin)
    watching.cancel()


def measure(load: Load, *, train: str | None, home: Home, mode: str) -> Load:
    """Start a server, let the viewers act, and return what was measured."""
    runs = furnish(home)
    with serving(home, mode=mode) as (url, server, code):
        training = Training(home, train) if train else None
        before = None
        if training:
            training.wait()
            before = training.steps()
            time.sleep(LONE_SECONDS)
            load.steps_alone, before = training.speed_since(before), training.steps()
        asyncio.run(visit(load, url, server, home, runs, code))
        if training:
            load.steps_in_class = training.speed_since(before)
    return load


def main() -> None:
    """Measure, print the table and, where asked for, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--train", nargs="?", const="faces-quick", help="a study that trains meanwhile")
    parser.add_argument("--open", action="store_true", help="a shared server without a class")
    parser.add_argument("--json", type=Path, help="file to write")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairprog-class-") as folder:
        home, mode = Home.find(Path(folder) / "home"), "--share" if given.open else "--class"
        load = measure(Load(given.viewers, given.minutes), train=given.train, home=home, mode=mode)
    print(load.table())
    if given.json:
        given.json.write_text(json.dumps(load.to_json(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
