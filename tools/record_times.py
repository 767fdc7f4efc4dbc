"""Records when the stages of a run advanced, for the replay of the time left in tests/core/test_time_left.py.

    python tools/record_times.py HOME OUT.json faces-quick "comments-quick budget.steps=12" …

Every argument after the file is a preset with overrides; the studies run one after the other in the same home. Times
are those of the processor: a study computes in one thread, and takes as long on a machine that does nothing else.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from fairprog_core.common.home import Home
from fairprog_core.pipeline.execute import Execution, execute
from fairprog_core.pipeline.progress_estimator import TimeLeft
from fairprog_core.study.cost import expected_seconds
from fairprog_core.study.load import load_study


def record(home: Home, line: str) -> dict[str, object]:
    """Run one study; its expected costs, and every tick: seconds since the start, stage, finished share."""
    preset, *overrides = line.split()
    study, folder = load_study(preset, overrides), Path(mkdtemp(dir=home.runs))
    ticks: list[tuple[float, str, float]] = []
    note, trains_base = TimeLeft.at, Execution(study, home, folder).trains_base
    started = time.process_time()

    def at(self: TimeLeft, stage: str, share: float, elapsed: float) -> None:
        ticks.append((round(time.process_time() - started, 2), stage, round(share, 4)))
        note(self, stage, share, elapsed)

    TimeLeft.at = at  # type: ignore[method-assign]
    for _ in execute(study, home=home, folder=folder):
        pass
    TimeLeft.at = note  # type: ignore[method-assign]
    costs = {stage: round(cost, 2) for stage, cost in expected_seconds(study, trains_base=trains_base).items()}
    return {"study": line, "costs": costs, "ticks": ticks}


def main(path: str, out: str, *lines: str) -> None:
    """Record all studies, and write the file after each of them."""
    home, found = Home(Path(path)), []
    home.runs.mkdir(parents=True, exist_ok=True)
    for line in lines:
        found.append(record(home, line))
        Path(out).write_text(json.dumps(found), "utf-8")
        print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
