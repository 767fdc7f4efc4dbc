"""A bound on a metric, as it is written on the command line, and what an interval says of it."""

import math
from dataclasses import dataclass
from typing import Literal

from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.training.criteria import CRITERIA

BoundVerdict = Literal["kept", "broken", "open"]


@dataclass(frozen=True)
class Bound:
    """The largest or smallest value that a metric may have.

    Attributes:
        metric: its name.
        limit: 0 … 1.
        is_most: whether the metric must not exceed the limit; otherwise it must not fall below.
        criterion: registry key of the criterion whose curves are meant; None: of any.
    """

    metric: str
    limit: float
    is_most: bool
    criterion: str | None = None

    def judge(self, found: Estimate) -> BoundVerdict:
        """Kept or broken where the whole 95 % interval says so; open where it contains the limit or there is none."""
        if found.value is None or found.ci is None:
            return "open"
        low, high = found.ci
        is_kept, is_broken = (high <= self.limit, low > self.limit) if self.is_most else (
            low >= self.limit, high < self.limit,
        )  # fmt: skip
        return "kept" if is_kept else "broken" if is_broken else "open"

    def __str__(self) -> str:
        return f"{self.metric} {'≤' if self.is_most else '≥'} {self.limit:g}"


def largest(text: str) -> Bound:
    """A bound on a gap from "NAME=BOUND": a criterion, which stands for its gap, or a metric that is best at 0.

    Raises:
        ConfigError: it has another form, or the name is no gap.
    """
    name, _, limit = text.partition("=")
    name = name.strip()
    metric = CRITERIA[name].gap if name in CRITERIA else name
    if metric not in METRICS or not METRICS[metric].is_gap:
        gaps = ", ".join([*CRITERIA, *(key for key, each in METRICS.items() if each.is_gap)])
        raise ConfigError(f"--max-gap {shown(text)}: give NAME=BOUND, such as equalized_odds=.05; names are {gaps}.")
    return Bound(metric, _limit(limit, text, "--max-gap"), is_most=True, criterion=name if name in CRITERIA else None)


def smallest(text: str) -> Bound:
    """A bound from "BOUND", on the accuracy, or from "NAME=BOUND", on another metric that is best at 1.

    Raises:
        ConfigError: it has another form, or the name is no such metric.
    """
    name, has_name, limit = text.rpartition("=")
    metric = name.strip() if has_name else "accuracy"
    known = [key for key, each in METRICS.items() if not each.is_gap] + ["auc"]
    if metric not in known:
        raise ConfigError(
            f"--min-accuracy {shown(text)}: give BOUND, such as .88, or NAME=BOUND; names are {', '.join(known)}."
        )
    return Bound(metric, _limit(limit, text, "--min-accuracy"), is_most=False)


def _limit(text: str, whole: str, option: str) -> float:
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not 0 <= limit <= 1:
        raise ConfigError(f"{option} {shown(whole)}: the bound is {shown(text)}; give a number from 0 to 1.")
    return limit
