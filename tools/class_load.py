"""How long a class waits for its pages: ``python -m tools.class_load --viewers 30 --minutes 10 --train``.

Starts ``fairprog app --class`` (with ``--open`` instead ``--share``) on a new home with a few finished runs. Every
viewer is a session of its own that acts every ten seconds: it opens Start, opens Trade-off, moves λ twice, chooses
another curve, opens Runs. Viewers have no browser, and wait until the server has drawn the page; ``--browsers 2`` adds
two that have one, and wait until it has. With ``--train`` a study trains meanwhile; its speed is compared with that
before the viewers came.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
from playwright.async_api import async_playwright

from fairprog_core.common.home import Home
from fairprog_core.results.result import Result
from fairprog_core.results.run_folder import shipped_comparisons, shipped_demos
from fairprog_core.results.summary import main_figures
from fairprog_core.runs.store import Store
from fairprog_core.runs.table.run import Owner
from fairprog_core.study.load import load_study
from tests.programs import chromium
from tools.class_viewer import PAUSE, BrowserViewer, Load, SocketViewer, Viewer

N_RUNS = 6  # finished runs in the home
START_DEADLINE = 120.0  # seconds
LONE_SECONDS = 30.0  # for which the training is measured without viewers
LONG = ("budget.steps=100000", "name=class-load")  # it trains until it is cancelled


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
    async with contextlib.AsyncExitStack() as stack:
        at: dict[str, str] = {"url": url, "code": code}
        viewers: list[Viewer] = [SocketViewer(number, load, runs, **at) for number in range(load.viewers)]
        if load.browsers:
            playwright = await stack.enter_async_context(async_playwright())
            path, flags = chromium.find(), chromium.launch_arguments()
            browser = await playwright.chromium.launch(executable_path=path, args=flags)
            for number in range(load.viewers, load.viewers + load.browsers):
                page = await (await browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
                viewers.append(BrowserViewer(number, load, runs, page=page, **at))
        watching = asyncio.create_task(watch(load, server, home))
        begin, used = time.monotonic(), sum(server.cpu_times()[:2])
        end = begin + load.minutes * 60
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
    parser.add_argument("--browsers", type=int, default=0, help="viewers with a real browser, besides the others")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--train", nargs="?", const="faces-quick", help="a study that trains meanwhile")
    parser.add_argument("--open", action="store_true", help="a shared server without a class")
    parser.add_argument("--json", type=Path, help="file to write")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairprog-class-") as folder:
        home, mode = Home.find(Path(folder) / "home"), "--share" if given.open else "--class"
        load = measure(
            Load(given.viewers, given.minutes, browsers=given.browsers), train=given.train, home=home, mode=mode
        )
    print(load.table())
    if given.json:
        given.json.write_text(json.dumps(load.to_json(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
