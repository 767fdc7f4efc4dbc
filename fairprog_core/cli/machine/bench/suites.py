"""The suites of ``fairprog bench`` by name: each prints its figures as soon as they are there, and returns its rows.

Torch-free until a suite starts; some need no torch at all.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import typer

from fairprog_core.cli.machine.bench.ratios.rows import HEAD, SCHEMA, BenchRow, table_row
from fairprog_core.cli.terminal.console import console
from fairprog_core.common.errors import ConfigError


@dataclass(frozen=True)
class BenchSettings:
    """What was asked for.

    Attributes:
        devices: "cpu", "cuda" or both; empty: not said.
        threads: of torch on the CPU; None: one, as in a run.
    """

    devices: tuple[str, ...] = ()
    threads: int | None = None

    def device(self, suite: str) -> str:
        """The one device of a suite of ratios.

        Raises:
            ConfigError: two are asked for, or there is no GPU.
        """
        import torch

        if len(set(self.devices)) > 1:
            raise ConfigError(f"--suite {suite} measures one device at a time; give --device once.")
        has_gpu = torch.cuda.is_available()
        device = self.devices[0] if self.devices else "cuda" if has_gpu else "cpu"
        if device == "cuda" and not has_gpu:
            raise ConfigError("There is no GPU here that CUDA can use; measure the CPU alone, with --device cpu.")
        return device


class SuiteFigures(NamedTuple):
    """What a suite found.

    Attributes:
        rows: in the schema of all suites.
        details: further JSON values, of the suites that have more to tell.
    """

    rows: Sequence[BenchRow]
    details: Mapping[str, object] | None = None


@dataclass(frozen=True)
class BenchFigures:
    """What all suites of a command found.

    Attributes:
        names: keys of the suites.
        settings: devices and threads.
        rows: of all suites.
        details: further JSON values by suite.
        load_before: load average before the first suite.
        load_after: after the last.
    """

    names: tuple[str, ...]
    settings: BenchSettings
    rows: Sequence[BenchRow]
    details: Mapping[str, object]
    load_before: list[float] | None
    load_after: list[float] | None

    def to_json(self) -> dict[str, object]:
        """JSON values of schema ``fairprog.bench/2``: environment, rows, and details by suite."""
        values: dict[str, object] = {
            "schema": SCHEMA,
            "environment": self._environment(),
            "rows": [row.to_json() for row in self.rows],
        }
        return values | ({"details": self.details} if self.details else {})

    def _environment(self) -> dict[str, object]:
        """Machine, versions, clock, and in words what each row measures."""
        from fairprog_core.cli.machine.bench.bench import describe_machine
        from fairprog_core.cli.machine.bench.ratios.sides import BenchClock

        of_ratios = [name for name in self.names if name in RATIOS]
        device = self.settings.device(of_ratios[0]) if of_ratios else "cpu"
        threads = self.settings.threads or 1
        return {
            **describe_machine(device),
            "threads": threads,
            "clock": BenchClock(device, threads).name if of_ratios else "wall time",
            "load_average_before": self.load_before,
            "load_average_after": self.load_after,
            "work": {row.name: row.work for row in self.rows if row.work},
        }


def run_suites(names: Sequence[str], settings: BenchSettings) -> BenchFigures:
    """Run suites one after the other and print their tables.

    Args:
        names: keys of `SUITES`, in order.
        settings: devices and threads.

    Raises:
        ConfigError: a suite cannot be measured here.
    """
    for name in names:
        if name in RATIOS:
            settings.device(name)  # refused before anything is measured
    before, rows, details = load_average(), list[BenchRow](), dict[str, object]()
    for name in names:
        if len(names) > 1:
            typer.echo(f"{name}:")
        found = SUITES[name](settings)
        rows += found.rows
        if found.details is not None:
            details[name] = found.details
    return BenchFigures(tuple(names), settings, rows, details, before, load_average())


def load_average() -> list[float] | None:
    """The load average of 1, 5 and 15 minutes; None where the system has none."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def _ratios(name: str) -> Callable[[BenchSettings], SuiteFigures]:
    """A suite of ratios, as a table that Markdown reads."""

    def measure(settings: BenchSettings) -> SuiteFigures:
        with console().status("Loading torch …"):
            from fairprog_core.cli.machine.bench.ratios.suites import ratio_suites
        rows = ratio_suites.measure(name, settings.device(name), settings.threads or 1)
        return SuiteFigures(_printed(HEAD, rows, table_row))

    return measure


def _speed(settings: BenchSettings) -> SuiteFigures:
    """Print every figure of this machine's speed on a line."""
    with console().status("Loading torch …"):
        from fairprog_core.cli.machine.bench import bench

    def show(figure: bench.Measurement) -> None:
        spread = f"{figure.low:.4g} to {figure.high:.4g}, {figure.repeats} times"
        typer.echo(f"{figure.device:5} {figure.name:32} {figure.value:9.4g} {figure.unit:9} ({spread}) {figure.about}")

    figures = bench.bench(devices=settings.devices or None, threads=settings.threads, progress=show)
    rows = bench.speed_rows(figures)
    typer.echo("\n".join(f"{row.name}: {row.ratio:.3g} times as fast as {row.work}" for row in rows if row.ratio))
    return SuiteFigures(rows, bench.details(figures))


def _verdicts(settings: BenchSettings) -> SuiteFigures:
    """Simulate comparisons of equal methods, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import verdicts

    with console().status("Simulating test sets …") as status:
        found = verdicts.verdicts(progress=lambda n: status.update(f"{n} of {verdicts.TEST_SETS} test sets"))
    _printed(verdicts.HEAD, found, verdicts.table_row)
    return SuiteFigures(verdicts.bench_rows(found), verdicts.details(found))


def _coverage(settings: BenchSettings) -> SuiteFigures:
    """Simulate the coverage of intervals, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import coverage

    typer.echo("\n".join(coverage.HEAD))
    found = coverage.coverage(progress=lambda each: typer.echo(coverage.table_row(each)))
    return SuiteFigures(coverage.bench_rows(found), coverage.details(found))


def _queries(settings: BenchSettings) -> SuiteFigures:
    """Learn triggers by gradients and by queries, and print a table that Markdown reads."""
    with console().status("Loading torch …"):
        from fairprog_core.cli.machine.bench import queries
    with _one_thread():
        return _table(queries, queries.compare())


def _export(settings: BenchSettings) -> SuiteFigures:
    """Export every kind of trigger, and print a table that Markdown reads."""
    with console().status("Loading torch …"):
        from fairprog_core.cli.machine.bench import exports
    return _table(exports, exports.export_all())


def _data(settings: BenchSettings) -> SuiteFigures:
    """Measure how fast tables of one's own are read, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import own_data

    return _table(own_data, own_data.data_rates())


def _store(settings: BenchSettings) -> SuiteFigures:
    """Measure commits and reads of the run table, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import store

    return _table(store, store.store_latencies())


def _table(suite: Any, figures: Iterable[Any]) -> SuiteFigures:
    """Print the figures of a module with `HEAD`, `table_row`, `bench_rows` and `details`."""
    found = _printed(suite.HEAD, figures, suite.table_row)
    return SuiteFigures(suite.bench_rows(found), suite.details(found))


def _printed(head: Sequence[str], figures: Iterable[Any], as_row: Callable[[Any], str]) -> list[Any]:
    """Print each figure as soon as it is there, as a table that Markdown reads; all of them."""
    typer.echo("\n".join(head))
    found = []
    for each in figures:
        typer.echo(as_row(each))
        found.append(each)
    return found


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One thread of torch inside; afterwards as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


RATIOS = ("step", "curve", "precision", "evaluate", "prepare", "screen", "scale")
SUITES: dict[str, Callable[[BenchSettings], SuiteFigures]] = {
    **{name: _ratios(name) for name in RATIOS},
    "coverage": _coverage,
    "speed": _speed,
    "store": _store,
    "data": _data,
    "verdicts": _verdicts,
    "queries": _queries,
    "export": _export,
}
