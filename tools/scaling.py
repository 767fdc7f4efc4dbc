"""How long a study would take with more workers, from the measured seconds of its parts: ``scaling.py result.json``.

The file is that of ``fairprog run … --json``: one result, or a series, whose studies run one after the other. Data and
base are made first, by one process; then the worker that is free first takes the next curve of the plan. What follows a
curve, its explanation and its transfers, waits for it. No number of workers is faster than the critical path. The last
column says how long a series would take if workers that one study leaves idle went on to the next, which they do not.
"""

import argparse
import heapq
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

WORKERS = (1, 2, 4, 8, 16, 32, 64)
START = 1.5  # seconds until a new worker has opened the study; see docs/machines.md for a cluster


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

    @property
    def critical_path(self) -> float:
        """Seconds with as many workers as there are tasks."""
        return self.first + START + max(sum(curve) for curve in self.curves)

    def seconds(self, workers: int) -> float:
        """Seconds with a number of workers; one computes in the process that leads."""
        if workers == 1:
            return self.alone
        free = [START] * workers
        ends = [_take(free, 0.0, curve.curve) for curve in self.curves]
        for end, curve in sorted(zip(ends, self.curves, strict=True)):
            if curve.follows:
                _take(free, end, curve.follows)
        return self.first + max(free)


def in_one_pool(studies: Sequence[TimedStudy], workers: int) -> float:
    """Seconds if a worker that finds no curve in its study made data and base of the next one, and went on there."""
    free = [0.0 if workers == 1 else START] * workers
    for study in studies:
        begun = _take(free, 0.0, study.first)
        ends = [_take(free, begun, curve.curve) for curve in study.curves]
        for end, curve in sorted(zip(ends, study.curves, strict=True)):
            if curve.follows:
                _take(free, end, curve.follows)
    return max(free)


def _take(free: list[float], not_before: float, seconds: float) -> float:
    """Give a task to the worker that is free first; returns when it ends."""
    end = max(heapq.heappop(free), not_before) + seconds
    heapq.heappush(free, end)
    return end


def table(studies: Sequence[TimedStudy]) -> str:
    """Minutes, speed-up and share of the workers' time that is used, by number of workers."""
    alone = sum(study.alone for study in studies)
    lines = ["| workers | minutes | times as fast | busy | in one pool |", "|---:|---:|---:|---:|---:|"]
    for workers in WORKERS:
        seconds = sum(study.seconds(workers) for study in studies)
        pooled = in_one_pool(studies, workers)
        lines.append(
            f"| {workers} | {seconds / 60:.1f} | {alone / seconds:.1f} | {alone / seconds / workers:.0%} | "
            f"{pooled / 60:.1f} |"
        )
    path = sum(study.critical_path for study in studies)
    return "\n".join([*lines, f"critical path: {path / 60:.1f} minutes"])


def main() -> None:
    """Print the table of a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    values = json.loads(parser.parse_args().file.read_text("utf-8"))
    print(table([TimedStudy.of(result) for result in values.get("studies", [values])]))


if __name__ == "__main__":
    main()
