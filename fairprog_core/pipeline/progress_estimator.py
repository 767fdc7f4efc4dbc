"""Progress of a study: estimated cost per stage, seconds spent, seconds left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fairprog_core.common.records import StageRecord

STAGES = ("data", "base", "triggers", "evaluation", "explain")
NOT_AGAIN = ("data", "base")  # in a later attempt, their earlier seconds do not count towards the time left
MIN_SHARE = 0.03  # of the work, before the time left is estimated


class ProgressEstimator:
    """Counts seconds per stage and estimates the finished fraction and the time left.

    Attributes:
        seconds: spent per stage, including earlier attempts at the same run.
    """

    def __init__(self, costs: dict[str, float], seconds: dict[str, float] | None = None) -> None:
        """Start the clock.

        Args:
            costs: expected seconds per stage that remain; only their ratios matter.
            seconds: spent per stage in earlier attempts.
        """
        self.costs = costs
        self.seconds = dict.fromkeys(STAGES, 0.0) | (seconds or {})
        self.done = dict.fromkeys(costs, 0.0)
        self.earlier = sum(spent for stage, spent in self.seconds.items() if stage not in NOT_AGAIN)
        self.started = time.perf_counter()

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the seconds of the ``with`` block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start

    def total(self) -> dict[str, float]:
        """Seconds per stage and in total, rounded to milliseconds."""
        rounded = {name: round(value, 3) for name, value in self.seconds.items()}
        return rounded | {"total": round(sum(self.seconds.values()), 3)}

    def at(self, stage: str, share: float, label: str) -> StageRecord:
        """The stage record after a share (0 … 1) of a stage is finished."""
        self.done[stage] = max(self.done.get(stage, 0.0), min(share, 1.0))
        whole = sum(self.costs.values()) or 1.0
        fraction = sum(cost * self.done[name] for name, cost in self.costs.items()) / whole
        elapsed = self.earlier + time.perf_counter() - self.started
        left = elapsed / fraction * (1 - fraction) if fraction > MIN_SHARE else None
        return {
            "kind": "stage",
            "stage": stage,
            "label": label,
            "fraction": round(fraction, 4),
            "seconds_left": None if left is None else round(left, 1),
        }
