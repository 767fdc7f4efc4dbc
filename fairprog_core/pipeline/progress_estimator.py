"""Progress of a study: seconds spent per stage, finished share, seconds left."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fairprog_core.common.records import StageRecord

STAGES = ("data", "base", "triggers", "evaluation", "explain")
NOT_AGAIN = ("data", "base")  # in a later attempt, their earlier seconds do not count towards the time left
PRIOR_SHARE = 0.2  # of a stage: as much as the expected cost counts beside what was measured of the stage
PRIOR_PART = 0.2  # of the whole cost: as much as the expected speed counts beside the measured one


class TimeLeft:
    """Estimates the seconds left from the expected costs, corrected by what the finished part took.

    Every stage has its own speed as soon as a share of it is finished; one that has not begun is expected to differ
    from its cost as the finished ones did.
    """

    def __init__(self, costs: Mapping[str, float], spent: Mapping[str, float] | None = None) -> None:
        """Begin with what is expected.

        Args:
            costs: expected seconds by stage.
            spent: seconds that earlier attempts spent on the stages, as far as they are not repeated.
        """
        self.costs = dict(costs)
        self.spent = dict.fromkeys(costs, 0.0) | dict(spent or {})
        self.done = dict.fromkeys(costs, 0.0)
        self._elapsed = 0.0

    def at(self, stage: str, share: float, elapsed: float) -> None:
        """Note that a share (0 … 1) of a stage is finished after ``elapsed`` seconds of this attempt."""
        self.done[stage] = max(self.done.get(stage, 0.0), min(share, 1.0))
        self.costs.setdefault(stage, 0.0)
        self.spent[stage] = self.spent.get(stage, 0.0) + max(elapsed - self._elapsed, 0.0)
        self._elapsed = max(elapsed, self._elapsed)

    def left(self) -> dict[str, float]:
        """Seconds left by stage."""
        speed = self._speed()
        return {stage: self._whole(stage, speed) * (1 - self.done[stage]) for stage in self.costs}

    def _speed(self) -> float:
        """What the finished parts took, as a multiple of their cost; near 1 as long as little is finished."""
        begun = [stage for stage in self.costs if self.done[stage] > 0]
        spent = sum(self.spent[stage] for stage in begun)
        cost = sum(self.costs[stage] * self.done[stage] for stage in begun)
        prior = PRIOR_PART * sum(self.costs.values()) or 1.0
        return (spent + prior) / (cost + prior)

    def _whole(self, stage: str, speed: float) -> float:
        """Expected seconds of a whole stage."""
        expected, done = self.costs[stage] * speed, self.done[stage]
        return (self.spent[stage] * (done > 0) + PRIOR_SHARE * expected) / (done + PRIOR_SHARE)


class ProgressEstimator:
    """Counts seconds per stage and estimates the finished fraction and the time left.

    Attributes:
        seconds: spent per stage, including earlier attempts at the same run.
    """

    def __init__(self, costs: dict[str, float], seconds: dict[str, float] | None = None) -> None:
        """Start the clock.

        Args:
            costs: expected seconds per stage that remain.
            seconds: spent per stage in earlier attempts.
        """
        self.costs = costs
        self.seconds = dict.fromkeys(STAGES, 0.0) | (seconds or {})
        self.time_left = TimeLeft(costs, {name: n for name, n in self.seconds.items() if name not in NOT_AGAIN})
        self.started = time.perf_counter()
        self.paused = 0.0  # seconds in which nothing was computed

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the seconds of the ``with`` block to a stage."""
        start, paused = time.perf_counter(), self.paused
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start - (self.paused - paused)

    def total(self) -> dict[str, float]:
        """Seconds per stage and in total, rounded to milliseconds."""
        rounded = {name: round(value, 3) for name, value in self.seconds.items()}
        return rounded | {"total": round(sum(self.seconds.values()), 3)}

    def at(self, stage: str, share: float, label: str) -> StageRecord:
        """The stage record after a share (0 … 1) of a stage is finished."""
        self.time_left.at(stage, share, time.perf_counter() - self.started - self.paused)
        left, done = self.time_left.left(), self.time_left.done
        whole = sum(self.costs.values()) or 1.0
        fraction = sum(cost * done[name] for name, cost in self.costs.items()) / whole
        return {
            "kind": "stage",
            "stage": stage,
            "label": label,
            "fraction": round(fraction, 4),
            "seconds_left": round(sum(left.values()), 1),
            "shares": {name: round(share, 4) for name, share in done.items()},
        }
