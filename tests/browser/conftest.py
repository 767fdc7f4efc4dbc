"""A real server and a real browser: every test here talks to the dashboard as a person would.

The tests of this folder run one after the other in one test process (xdist's group "browser"),
so that they share one server and one browser.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request, Route, sync_playwright

from fairprog_core.common.home import Home
from tests.conftest import Finished
from tests.programs import chromium
from tools.page_client import DRAWN

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE = 60.0  # seconds until the server answers; two test processes may load both cores
IDLE_DEADLINE = 60_000  # milliseconds until a page has drawn itself

# What moved without a visitor's doing, summed in windows as Cumulative Layout Shift is (web.dev/articles/cls).
SHIFTS = """
window.fairprogShift = 0;
let [sum, first, last] = [0, -Infinity, -Infinity];
new PerformanceObserver((list) => {
  for (const { value, startTime, hadRecentInput } of list.getEntries()) {
    if (hadRecentInput) continue;
    if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
    last = startTime;
    sum += value;
    window.fairprogShift = Math.max(window.fairprogShift, sum);
  }
}).observe({ type: "layout-shift", buffered: true });
"""

# Opened at /train, Streamlit first asks whether the server lives under /train, and gets a 404.
BASE_PATH_PROBE = re.compile(r"^/\w+/_stcore/(health|host-config)$")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass
class Server:
    """A running dashboard.

    Attributes:
        url: without a slash at the end.
        home: its home.
        process: the server's own process, for tests that kill it.
    """

    url: str
    home: Home
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait(self) -> None:
        """Return as soon as the server answers."""
        deadline = time.monotonic() + START_DEADLINE
        while not self.is_healthy:
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The dashboard did not start:\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.05)


@contextmanager
def running_server(home: Home, *options: str, port: int | None = None) -> Iterator[Server]:
    """Start ``fairprog app`` on a home; at the end, end it and every process that works for this home."""
    home.path.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    log = home.path.parent / f"server-{port}.log"
    command = [str(Path(sys.executable).with_name("fairprog")), "app", "--no-browser"]
    command += ["--port", str(port), "--home", str(home.path), *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "FAIRPROG_HOME": str(home.path), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", home, process, log)
    try:
        server.wait()
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        end_processes_of(home)
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(home: Home) -> list[psutil.Process]:
    """Servers and workers of a home, told by their environment or command line."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [process.environ().get("FAIRPROG_HOME"), *process.cmdline()]
            if process.pid != os.getpid() and str(home.path) in words:
                found.append(process)
    return found


def end_processes_of(home: Home) -> None:
    """Kill what still works for a home: an idle worker that is asked to leave takes seconds for it."""
    while left := processes_of(home):  # what was just being started is found in the next round
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=10)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, finished: Finished) -> Iterator[Server]:
    """The dashboard on a home with one finished run, ``finished.run_id``. Do not submit runs to it."""
    home = Home(tmp_path_factory.mktemp("server") / "home")
    shutil.copytree(finished.home.path, home.path)
    with running_server(home) as running:
        yield running


@pytest.fixture
def own_server(home: Home) -> Iterator[Server]:
    """A dashboard on the test's own home: submit, cancel and kill as you like."""
    with running_server(home) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium or Chrome that was found."""
    path = chromium.find()
    if path is None:
        pytest.fail(chromium.MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=chromium.launch_arguments())
        yield opened
        opened.close()


@dataclass
class Visit:
    """One visitor: a page of Playwright, and what went wrong on it.

    Attributes:
        console: console errors and uncaught exceptions.
        outside: requests to other hosts than the server's; they were refused.
    """

    page: Page
    url: str
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Go to a path of the dashboard and wait until it has drawn itself."""
        self.page.goto(self.url + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until Streamlit has nothing left to do."""
        self.page.wait_for_function(DRAWN, timeout=IDLE_DEADLINE)

    def open_list(self, box: Locator) -> None:
        """Open the list of a selectbox; scrolled to first, because it closes when the page scrolls.

        Opened again where something above it came late and moved the page.
        """
        for _ in range(3):
            box.hover()
            self.page.evaluate("() => new Promise(next => requestAnimationFrame(() => requestAnimationFrame(next)))")
            box.click()
            with suppress(Error):
                self.page.get_by_role("option").first.wait_for(timeout=5_000)
                return

    def choose(self, label: str, option: str) -> None:
        """Choose in a selectbox."""
        self.open_list(self.page.get_by_role("combobox", name=label, exact=True))
        self.page.get_by_role("option", name=option, exact=True).click()

    def shift(self) -> float:
        """How much the page moved under the visitor since it was opened; up to 0.05 is hardly seen."""
        return float(self.page.evaluate("window.fairprogShift"))

    def findings(self) -> list[str]:
        """What axe finds serious or critical here, one line each: rule, sentence, places."""
        violations = Axe().run(self.page).response["violations"]
        return [
            f"{found['id']}: {found['help']}: {[' '.join(map(str, node['target'])) for node in found['nodes']][:5]}"
            for found in violations
            if found["impact"] in ("serious", "critical")
        ]


Visitor = Callable[..., Visit]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """``visitor(server, width=1440, height=900, scheme="light")`` makes a Visit with a fresh profile."""
    contexts = []

    def make(server: Server, *, width: int = 1440, height: int = 900, scheme: str = "light") -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True,
            reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        context.add_init_script(SHIFTS)
        visit = Visit(context.new_page(), server.url)
        _watch(visit, urlsplit(server.url).netloc)
        return visit

    yield make
    for context in contexts:
        with suppress(Error):
            context.close()


def _watch(visit: Visit, own: str) -> None:
    """Note console errors and refuse requests to other hosts."""

    def on_console(message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        if message.type == "error" and not BASE_PATH_PROBE.search(urlsplit(url).path):
            visit.console.append(f"{message.text} ({url})")

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != own:
            visit.outside.append(request.url)

    def gate(route: Route) -> None:
        route.abort() if urlsplit(route.request.url).netloc != own else route.continue_()

    visit.page.on("console", on_console)
    visit.page.on("pageerror", lambda error: visit.console.append(str(error)))
    visit.page.on("request", on_request)
    visit.page.context.route("**/*", gate)
