"""How long a study would take with more workers, from the measured seconds of its parts: ``scaling.py result.json``.

The file is that of ``fairprog run … --json``: one result, or a series, whose studies fill one pool. Data and base of a
study are made first, by one process; then the worker that is free first takes the next curve of the plan. What follows
a curve, its explanation and its transfers, waits for it. A worker with nothing to do in one study begins the next.
No number of workers is faster than the critical path: that of the study that takes longest, after the data and bases of
those before it.
"""

import argparse
import heapq
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

WORKERS = (1, 2, 4, 8, 16, 32, 64)
START = 1.5  # seconds until a process has opened a study, added to every curve; see docs/machines.md for a cluster


class Timed(NamedTuple):
    """A curve with its evaluation, and what follows it: seconds."""

    curve: float
    follows: float


class TimedStudy(NamedTuple):
    """Seconds of a study's parts: what is made first, and its curves."""

    first: float
    curves: list[Timed]

    @classmethod
    def of(cls, result: dict[str, Any]) -> "TimedStudy":
        """The parts of a result. Learning is measured by curve; the seconds of other stages are divided evenly."""
        stages, curves = result["seconds"], result["curves"]
        explained = max(sum(bool(curve["explain"]) for curve in curves), 1)
        evaluation = stages.get("evaluation", 0.0) / len(curves)
        transfer = stages.get("transfer", 0.0) / len(curves)
        return cls(
            stages.get("data", 0.0) + stages.get("base", 0.0),
            [
                Timed(
                    curve["seconds"] + evaluation,
                    transfer + (stages.get("explain", 0.0) / explained if curve["explain"] else 0.0),
                )
                for curve in curves
            ],
        )

    @property
    def alone(self) -> float:
        """Seconds in one process."""
        return self.first + sum(sum(curve) for curve in self.curves)


class SimulatedTask(NamedTuple):
    """A part of the work, seconds, and what may begin when it is done."""

    study: int
    seconds: float
    then: list["SimulatedTask"]


def seconds(studies: Sequence[TimedStudy], workers: int) -> float:
    """Seconds until the studies are computed by a number of workers; one alone starts no other processes."""
    if workers == 1:
        return sum(study.alone for study in studies)
    now, ready = 0.0, first_task(studies)
    running: list[tuple[float, int, SimulatedTask]] = []
    for number in itertools.count():
        if ready and len(running) < workers:
            ready.sort(key=lambda task: task.study)
            heapq.heappush(running, (now + (task := ready.pop(0)).seconds, number, task))
        elif running:
            now, _, ended = heapq.heappop(running)
            ready += ended.then
        else:
            break
    return now


def first_task(studies: Sequence[TimedStudy]) -> list[SimulatedTask]:
    """The first study's preparation, after which come its curves, and the next study's preparation."""
    then: list[SimulatedTask] = []
    for number, study in reversed([*enumerate(studies)]):
        curves = [
            SimulatedTask(
                number, START + curve.curve, [SimulatedTask(number, curve.follows, [])] if curve.follows else []
            )
            for curve in study.curves
        ]
        then = [SimulatedTask(number, START + study.first, curves + then)]
    return then


def critical_path(studies: Sequence[TimedStudy]) -> float:
    """Seconds with as many workers as there are tasks."""
    return seconds(studies, sum(2 * len(study.curves) + 1 for study in studies) + 1)


def table(studies: Sequence[TimedStudy]) -> str:
    """Minutes, speed-up and share of the workers' time that is used, by number of workers."""
    alone = seconds(studies, 1)
    lines = ["| workers | minutes | times as fast | busy |", "|---:|---:|---:|---:|"]
    for workers in WORKERS:
        taken = seconds(studies, workers)
        lines.append(f"| {workers} | {taken / 60:.1f} | {alone / taken:.1f} | {alone / taken / workers:.0%} |")
    return "\n".join([*lines, f"critical path: {critical_path(studies) / 60:.1f} minutes"])


def main() -> None:
    """Print the table of a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    values = json.loads(parser.parse_args().file.read_text("utf-8"))
    print(table([TimedStudy.of(result) for result in values.get("studies", [values])]))


if __name__ == "__main__":
    main()
