"""``fairprog worker``, ``fairprog doctor`` and ``fairprog bench``: commands about this machine."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

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
BENCH_SUITES = (
    "step", "curve", "precision", "evaluate", "prepare", "screen", "scale", "coverage", "speed", "store", "data",
    "verdicts", "queries", "export",
)  # fmt: skip
FIGURES_FILE = Product(
    "a file that fairprog bench wrote",
    has_schema(
        "fairprog.bench",
        "fairprog.coverage",  # this and the next: of earlier versions
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
    device: Annotated[list[str] | None, typer.Option(help="cpu or cuda; repeatable. Default: see below.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads that torch computes with. Default: one, as in a run.")
    ] = None,
    suite: Annotated[
        str,
        typer.Option(
            metavar="SUITE[,SUITE]…",
            help="Ratios: step, curve, precision, evaluate, prepare, screen, scale. By simulation: coverage, verdicts. "
            "Others: speed, store, data, queries, export. Several are separated by commas.",
        ),
    ] = "speed",
) -> None:
    """Measure this machine; --suite says what.

    The first seven compare fairprog with a reference in one run: two processes take turns, and every row of the table
    has both medians, their ratio (above 1: fairprog is faster) and its range. Each takes at most ten minutes on one
    core. They measure one device: that of --device, else a GPU where there is one.

    step: a training step of ResNet-18 at 224 px, of the drawn faces and of the comments, against the procedure of the
    paper's authors, beside what the device could do at its peak. curve: one training for five λ against five, and
    against the authors' procedure. precision: a trigger learned in bfloat16 against float32, and whether the gap is
    the same. evaluate: all λ in batched passes against one λ after the other. prepare: rows from the cache against rows
    made anew. screen: a redraw of Start and Trade-off against the first visit. scale: 200,000 memory-mapped pictures
    against 2,000.

    coverage: how often the intervals of gaps cover the truth. verdicts: how often a comparison calls one of two equal
    methods better. speed: training steps, a curve, evaluation, attributions; on every device. store: commits and reads
    of a run table that six processes use at once. data: how fast 450,000 comments and 200,000 pictures of one's own are
    read, and in how much memory. queries: triggers learned by gradients and by queries alone (about half an hour).
    export: files of every trigger in front of four classifiers (about ten minutes).
    """
    names = tuple(dict.fromkeys(name.strip() for name in suite.split(",")))
    if unknown := [name for name in names if name not in BENCH_SUITES]:
        allowed = f"{', '.join(BENCH_SUITES[:-1])} or {BENCH_SUITES[-1]}"
        raise ConfigError(f"--suite is {shown(unknown[0])}; choose {allowed}, or several, separated by commas.")
    if unknown := [name for name in device or () if name not in BENCH_DEVICES]:
        raise ConfigError(f"--device is {shown(unknown[0])}; choose {' or '.join(BENCH_DEVICES)}.")
    if (threads or 1) > limits().threads:
        raise ConfigError(limits().refusal("threads", f"--threads asks for {threads:,} threads"))
    if json_file:
        check_destination(json_file, FIGURES_FILE)
    from fairprog_core.cli.machine.bench.suites import BenchSettings, run_suites

    figures = run_suites(names, BenchSettings(tuple(device or ()), threads))
    if json_file:
        write_text(json_file, json.dumps(figures.to_json(), indent=2, ensure_ascii=False), FIGURES_FILE)
