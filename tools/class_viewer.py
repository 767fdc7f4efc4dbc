"""A viewer of a class: a session of its own that acts every ten seconds, with or without a browser."""

import asyncio
import itertools
import json
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from playwright.async_api import Error, Page

from app.wording.shared.common import PAGES
from tools.page_client import DEADLINE, DRAWN, Failed, PageClient, data_of

SCHEMA = "fairprog.class_load/1"
PAUSE = 10.0  # seconds between two acts of a viewer


@dataclass
class Load:
    """What was measured.

    Attributes:
        viewers: without a browser.
        browsers: viewers with one.
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
    browsers: int = 0
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
            f"{self.viewers} viewers and {self.browsers} browsers, {self.minutes:g} minutes: {self.n_redraws} redraws "
            f"of {self.n_bytes / redraws / 1000:.0f} kB, {len(self.errors)} errors",
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
    """One of the class: acts every ten seconds, and notes how long it waited. Subclasses say how.

    Args:
        number: decides what it looks at.
        load: where it notes.
        runs: whose Trade-off is opened.
    """

    where = ""  # it has acted, for the table

    def __init__(self, number: int, load: Load, runs: list[str]) -> None:
        self.load, self.random = load, random.Random(number)
        self.runs = itertools.cycle(runs[number % len(runs) :] + runs[: number % len(runs)])

    async def enter(self) -> float:
        """Open Start for the first time; like every act, returns its seconds.

        Raises:
            Failed: the page was not drawn; so for every act.
        """
        raise NotImplementedError

    async def open(self, page: str, query: str = "") -> float:
        """Open a page by its name in the address; Start's is empty."""
        raise NotImplementedError

    async def move_lam(self) -> float:
        """Move the slider of λ on Trade-off."""
        raise NotImplementedError

    async def choose_curve(self) -> float:
        """Choose a curve on Trade-off."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Close what is open."""
        raise NotImplementedError

    async def act_until(self, end: float, begin: float) -> None:
        """Act, from a moment on, until another."""
        await asyncio.sleep(max(begin - time.monotonic(), 0))
        acts = itertools.cycle(
            [
                ("Trade-off", lambda: self.open("tradeoff", f"run={next(self.runs)}")),
                ("Trade-off, λ moved", self.move_lam),
                ("Trade-off, λ moved", self.move_lam),
                ("Trade-off, another curve", self.choose_curve),
                ("Runs", lambda: self.open("runs")),
                ("Start", lambda: self.open("")),
            ]
        )
        await self._noted("Start, first visit", self.enter)
        at = begin + PAUSE
        while at < end:
            await asyncio.sleep(max(at - time.monotonic(), 0))
            at = max(at, time.monotonic()) + PAUSE
            await self._noted(*next(acts))
        await self.leave()

    async def _noted(self, name: str, act: Callable[[], Awaitable[float]]) -> None:
        try:
            seconds = await act()
            self.load.seconds.setdefault(name + self.where, []).append(seconds)
        except Failed as error:
            self.load.errors.append(f"{name}{self.where}: {error}")


class SocketViewer(Viewer):
    """A viewer without a browser: waits until the server has drawn.

    Args:
        url: of the dashboard.
        code: the join code; empty: there is none.
    """

    def __init__(self, number: int, load: Load, runs: list[str], *, url: str, code: str = "") -> None:
        super().__init__(number, load, runs)
        self.client = PageClient(url, code)

    async def enter(self) -> float:
        return await self.client.enter()

    async def open(self, page: str, query: str = "") -> float:
        return await self.client.open(page, query)

    async def move_lam(self) -> float:
        name, element = self.client.find("bidi_component", lambda each: "lam_slider" in each.component_name)
        index = self.random.randrange(len(data_of(element)["stops"]))
        return await self.client.set(name, json_value=json.dumps({"index": index}))

    async def choose_curve(self) -> float:
        name, element = self.client.find("selectbox", lambda each: each.id.endswith("-family"))
        return await self.client.set(name, string_value=self.random.choice(element.options))

    async def leave(self) -> None:
        await self.client.leave()
        self.load.n_redraws += self.client.n_redraws
        self.load.n_bytes += self.client.n_bytes


class BrowserViewer(Viewer):
    """A viewer with a page of a real browser: waits until the browser has drawn.

    It opens pages in turns by the menu, as most do, and by their address, where the browser loads everything again.

    Args:
        page: of a context of its own.
        url: of the dashboard.
        code: the join code; empty: there is none.
    """

    def __init__(self, number: int, load: Load, runs: list[str], *, page: Page, url: str, code: str = "") -> None:
        super().__init__(number, load, runs)
        self.page, self.url, self.code = page, url, code
        self.is_by_menu = itertools.cycle([False, True])
        page.set_default_timeout(1000 * DEADLINE)

    async def enter(self) -> float:
        return await self._timed(lambda: self.page.goto(f"{self.url}/join?code={self.code}" if self.code else self.url))

    async def open(self, page: str, query: str = "") -> float:
        if next(self.is_by_menu):
            return await self._timed(lambda: self._choose(page), by="menu")
        return await self._timed(lambda: self.page.goto(f"{self.url}/{page}?{query}"), by="address")

    async def _choose(self, page: str) -> None:
        """Choose a page in the menu, and wait until it begins to show."""
        before = await self.page.get_by_role("heading", level=1).inner_text()
        await self.page.get_by_role("link", name=PAGES[page or "start"], exact=True).first.click()
        await self.page.wait_for_function("text => document.querySelector('h1')?.innerText !== text", arg=before)

    async def move_lam(self) -> float:
        # the marker moves at once; the redraw by the server, which follows when the slider rests, is not waited for
        return await self._timed(
            lambda: self.page.get_by_role("slider").first.press(self.random.choice(["ArrowLeft", "ArrowRight"]))
        )

    async def choose_curve(self) -> float:
        box = self.page.get_by_test_id("stSelectbox").get_by_role("combobox").first

        async def choose() -> None:
            await box.click()
            await self.page.get_by_role("option").last.click()

        return await self._timed(choose)

    async def leave(self) -> None:
        await self.page.context.close()

    async def _timed(self, act: Callable[[], Awaitable[object]], by: str = "") -> float:
        """Seconds of an act, until the page has drawn itself."""
        self.where = f" (browser, by {by})" if by else " (browser)"
        started = time.monotonic()
        try:
            await act()
            await self.page.wait_for_function(DRAWN, timeout=1000 * DEADLINE)
        except Error as error:
            raise Failed(str(error).splitlines()[0]) from error
        return time.monotonic() - started
