"""The time left, replayed over runs that `tools/record_times.py` has recorded."""

import json
import statistics
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fairprog_core.pipeline.progress_estimator import TimeLeft

RUNS = json.loads((Path(__file__).parent / "recorded_times.json").read_text("utf-8"))
N_LOOKS = 100  # at a run, evenly from a tenth of the way on


def errors(run: dict[str, Any]) -> list[float]:
    """How far the time left was wrong at every look, as a share of the true one."""
    estimator, told = TimeLeft(run["costs"]), list[tuple[float, float]]()
    for at, stage, share in run["ticks"]:
        estimator.at(stage, share, at)
        told.append((at, sum(estimator.left().values())))
    end = told[-1][0]
    found = []
    for i in range(N_LOOKS):
        now = end * (0.1 + 0.9 * i / N_LOOKS)
        at, left = next(one for one, after in pairwise([*told, (2 * end, 0.0)]) if after[0] > now)
        found.append(abs(max(left - (now - at), 0.0) - (end - now)) / (end - now))
    return found


def test_ten_runs_are_recorded() -> None:
    assert len(RUNS) >= 10


@pytest.mark.parametrize("run", RUNS, ids=[run["study"] for run in RUNS])
def test_time_left_of_a_run_is_of_use(run: dict[str, Any]) -> None:
    assert statistics.median(errors(run)) <= 0.4


def test_median_error_is_at_most_a_quarter() -> None:
    assert statistics.median(error for run in RUNS for error in errors(run)) <= 0.25
