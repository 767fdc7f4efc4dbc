"""The suite ``screen``: the server's time for a redraw of a page against its first visit. Torch-free.

A dashboard, an entry point of the group ``fairprog.screen``, is measured by its own module ``redraws`` beside that
entry point: ``python -m app.server.redraws PAGE TIMES`` prints JSON with "first" and "again", in CPU seconds.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import entry_points

from typing_extensions import TypedDict

from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.common.errors import ConfigError, shorten

SUITE, GROUP = "screen", "fairprog.screen"
PAGES = ("start", "tradeoff")
SECONDS = 300  # until a process that opens a page is given up


class PageTimes(TypedDict):
    """CPU seconds of a page: of its first visit, and of each redraw."""

    first: float
    again: list[float]


def screen_rows(*, rounds: int, redraws: int) -> Iterator[BenchRow]:
    """A row of Start and of Trade-off, with the shipped study.

    Args:
        rounds: processes per page, each of which visits it once.
        redraws: of the page in each process.

    Raises:
        ConfigError: no dashboard is installed that can be measured.
    """
    module = _module()
    with tempfile.TemporaryDirectory(prefix="fairprog-bench-") as folder:
        for page in PAGES:
            visits = [_visit(module, page, redraws, folder) for _ in range(rounds)]
            first = [1e3 * visit["first"] for visit in visits]
            again = [1e3 * statistics.median(visit["again"]) for visit in visits]
            work = f"CPU time of the server for a redraw of {page}; reference: its first visit in a new process"
            yield BenchRow.paired(f"{SUITE}/{page}", "ms", again, first, work=work)


def _module() -> str:
    """The module that measures the installed dashboard; fairprog's own comes first.

    Raises:
        ConfigError: no dashboard is installed.
    """
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name != "app", entry.name))
    if not found:
        raise ConfigError(
            "No dashboard is installed, so that its pages cannot be measured; install fairprog again: "
            "`python -m pip install .`"
        )
    return f"{found[0].module.rpartition('.')[0]}.redraws"


def _visit(module: str, page: str, redraws: int, folder: str) -> PageTimes:
    """Visit a page in a process of its own, on an empty home.

    Raises:
        ConfigError: the page could not be opened.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, page, str(redraws)], cwd=folder, env=os.environ | {"FAIRPROG_HOME": folder},
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise ConfigError(f"The page {page} could not be measured ({shorten(last, 160)}); see `fairprog doctor`.")
    found: PageTimes = json.loads(done.stdout)
    return found
