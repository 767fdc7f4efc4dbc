"""``fairprog worker``, ``fairprog doctor`` and ``fairprog bench``: commands about this machine."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fairprog_core.cli.terminal.console import (
    HomeOption,
    JsonFlag,
    PlainTable,
    console,
    open_home,
    print_json,
    write_text,
)
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.files.destination import Product, check_destination, has_schema
from fairprog_core.common.home import user_path
from fairprog_core.common.limits import limits
from fairprog_core.runs import launcher

BENCH_DEVICES = ("cpu", "cuda")
BENCH_SUITES = ("speed", "store", "data", "coverage", "verdicts", "queries", "export")
FIGURES_FILE = Product(
    "a file that fairprog bench wrote",
    has_schema(
        "fairprog.bench",
        "fairprog.coverage",
        "fairprog.bench.store",
        "fairprog.bench.verdicts",
        "fairprog.bench.queries",
        "fairprog.bench.data",
        "fairprog.bench.exports",
    ),
)


def worker(
    home: HomeOption = None,
    slot: Annotated[int, typer.Option(min=0, max=63, help="Number of the worker's slot; one worker per slot.")] = 0,
    idle: Annotated[float, typer.Option(min=0, help="Exit after this many seconds without a run.")] = 600.0,
    stop: Annotated[bool, typer.Option("--stop", help="End the workers of this home instead.")] = False,
) -> None:
    """Execute queued runs in the foreground.

    The dashboard starts its own workers. Use this to watch a worker, or to start one on another machine
    that shares the home. Ctrl-C writes a checkpoint and ends the worker.
    """
    opened_home = open_home(home)
    if stop:
        typer.echo(f"Ended {launcher.stop_workers(opened_home)} worker(s).")
        return
    from fairprog_core.runs.log_format import log_to_stdout
    from fairprog_core.runs.worker import work

    log_to_stdout("%(asctime)s %(message)s")
    reason = work(opened_home, slot=slot, idle_seconds=idle)
    if reason == "outdated":
        typer.echo("The code has changed; start the worker again.")


def doctor(home: HomeOption = None, as_json: JsonFlag = False) -> int:
    """Print versions, device, threads, home and disk; name what is missing and how to install it."""
    from fairprog_core.cli.machine.doctor import examine

    with console().status("Loading torch …"):
        findings = examine(open_home(home))
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        table = PlainTable(show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for finding in findings:
            hint = f" – {finding.hint}" if finding.hint else ""
            state = finding.state.upper() if finding.state != "ok" else "ok"
            table.add_row(state, finding.name, finding.found + hint)
        console().print(table)
    return 1 if any(finding.state == "missing" for finding in findings) else 0


def bench(
    json_file: Annotated[
        Path | None, typer.Option("--json", parser=user_path, metavar="FILE", help="Write the figures to this file.")
    ] = None,
    device: Annotated[list[str] | None, typer.Option(help="cpu or cuda; repeatable. Default: all devices.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads that torch computes with.")] = None,
    suite: Annotated[
        str,
        typer.Option(
            help="speed: of this machine. store: of the run table. data: of reading your own. By simulation: coverage: "
            "how often 95 % intervals cover; verdicts: how often equal methods differ. queries: what a black box keeps "
            "of the white box's gain. export: files of every trigger."
        ),
    ] = "speed",
) -> None:
    """Measure this machine on pictures and texts: training steps, a curve, evaluation, attributions.

    With --suite store, measure instead commits and reads of a run table that six processes use at once; with --suite
    data, how fast 450,000 comments and 200,000 pictures of one's own are read, and in how much memory; with --suite
    coverage, simulate how often the intervals of gaps cover the truth; with --suite verdicts, how often a comparison
    calls one of two equal methods better. With --suite queries, learn triggers for the shipped bases by gradients and
    by queries alone, and compare what they gain (about half an hour). With --suite export, export every kind of trigger
    in front of four classifiers: differences, sizes and times beside the classifier alone (about ten minutes).
    """
    if suite not in BENCH_SUITES:
        raise ConfigError(f"--suite is {shown(suite)}; choose {' or '.join(BENCH_SUITES)}.")
    if unknown := [name for name in device or () if name not in BENCH_DEVICES]:
        raise ConfigError(f"--device is {shown(unknown[0])}; choose {' or '.join(BENCH_DEVICES)}.")
    if (threads or 1) > limits().threads:
        raise ConfigError(limits().refusal("threads", f"--threads asks for {threads:,} threads"))
    if json_file:
        check_destination(json_file, FIGURES_FILE)
    if suite != "speed":
        _SUITES[suite](json_file)
        return
    with console().status("Loading torch …"):
        from fairprog_core.cli.machine.bench.bench import Measurement, bench

    def show(figure: Measurement) -> None:
        spread = f"{figure.low:.4g} to {figure.high:.4g}, {figure.repeats} times"
        typer.echo(f"{figure.device:5} {figure.name:32} {figure.value:9.4g} {figure.unit:9} ({spread}) {figure.about}")

    figures = bench(devices=device, threads=threads, progress=show)
    typer.echo(json.dumps(figures["ratios"]))
    if json_file:
        write_text(json_file, json.dumps(figures, indent=2, ensure_ascii=False), FIGURES_FILE)


def _verdicts(json_file: Path | None) -> None:
    """Simulate comparisons of equal methods, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import verdicts as simulation

    with console().status("Simulating test sets …") as status:
        found = simulation.verdicts(progress=lambda n: status.update(f"{n} of {simulation.TEST_SETS} test sets"))
    typer.echo("\n".join([*simulation.HEAD, *map(simulation.table_row, found)]))
    if json_file:
        values = {"schema": simulation.SCHEMA, "settings": [each.to_json() for each in found]}
        write_text(json_file, json.dumps(values, indent=2, ensure_ascii=False), FIGURES_FILE)


def _coverage(json_file: Path | None) -> None:
    """Simulate the coverage of intervals, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import coverage as simulation

    typer.echo("\n".join(simulation.HEAD))
    found = simulation.coverage(progress=lambda each: typer.echo(simulation.table_row(each)))
    if json_file:
        values = {"schema": simulation.SCHEMA, "designs": [each.to_json() for each in found]}
        write_text(json_file, json.dumps(values, indent=2, ensure_ascii=False), FIGURES_FILE)


def _queries(json_file: Path | None) -> None:
    """Learn triggers by gradients and by queries, and print a table that Markdown reads."""
    with console().status("Loading torch …"):
        import torch

        from fairprog_core.cli.machine.bench import queries
    torch.set_num_threads(1)
    _print_rows(queries, queries.compare(), json_file)


def _export(json_file: Path | None) -> None:
    """Export every kind of trigger, and print a table that Markdown reads."""
    with console().status("Loading torch …"):
        from fairprog_core.cli.machine.bench import exports
    _print_rows(exports, exports.export_all(), json_file)


def _data(json_file: Path | None) -> None:
    """Measure how fast tables of one's own are read, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import own_data

    _print_rows(own_data, own_data.data_rates(), json_file)


def _store(json_file: Path | None) -> None:
    """Measure commits and reads of the run table, and print a table that Markdown reads."""
    from fairprog_core.cli.machine.bench import store

    _print_rows(store, store.store_latencies(), json_file)


def _print_rows(suite: Any, figures: Iterable[Any], json_file: Path | None) -> None:
    """Print each figure of a suite as soon as it is there, as a table that Markdown reads; then write all of them."""
    typer.echo("\n".join(suite.HEAD))
    found = []
    for each in figures:
        typer.echo(suite.table_row(each))
        found.append(each)
    if json_file:
        write_text(json_file, json.dumps(suite.to_json(found), indent=2, ensure_ascii=False), FIGURES_FILE)


_SUITES = {
    "store": _store,
    "coverage": _coverage,
    "verdicts": _verdicts,
    "queries": _queries,
    "data": _data,
    "export": _export,
}
