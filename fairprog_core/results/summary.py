"""The main figures of a study: what the list of runs and the end of ``fairprog run`` show."""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from fairprog_core.metrics.summaries import SAME_CURVE, mean_over_seeds

Values = Mapping[str, Any]
Interval = Annotated[list[float], Field(min_length=2, max_length=2)]


class Change(TypedDict):
    """A difference and the two ends of its interval; None: not estimable."""

    value: float | None
    ci: Interval | None


class MainFigures(TypedDict):
    """One row per method, trigger, criterion and share of the tuning data; see `main_figures`."""

    method: str
    trigger: str | None
    criterion: str | None
    tuning_ratio: NotRequired[float | None]
    gap_name: NotRequired[str]
    seeds: list[int | None]
    lam: list[float | None]
    accuracy: float | None
    accuracy_ci: Interval | None
    gap: float | None
    gap_ci: Interval | None
    base_accuracy: float | None
    base_gap: float | None
    gap_delta: NotRequired[Change | None]
    collapsed: bool


def main_figures(result: Values) -> list[dict[str, Any]]:
    """One row per method, trigger, criterion and share of the tuning data, over the seeds.

    Args:
        result: a result JSON (``fairprog.study/1``), complete or not.

    Returns:
        Rows with ``method, trigger, criterion, tuning_ratio, gap_name, seeds, lam, accuracy, accuracy_ci, gap,
        gap_ci, base_accuracy, base_gap, gap_delta, collapsed``. ``lam`` are the values chosen on
        validation, one per seed (null for controls); the other figures are means over the seeds
        with 95 % intervals (``summaries.mean_over_seeds``); ``gap_delta`` is {"value", "ci"} of
        the gap minus the base's.
    """
    gaps = {curve["criterion"]: curve["gap"] for curve in result.get("curves", [])}
    quoted = [
        point for curve in result.get("curves", []) for point in result.get("points", []) if _is_quoted(point, curve)
    ]
    return [
        _row(mean, [p["lam"] for p in quoted if _key(p) == _key(mean)], gaps[mean["criterion"]], result["base"])
        for mean in mean_over_seeds(quoted, same=SAME_CURVE)
    ]  # fmt: skip


def _is_quoted(point: Values, curve: Values) -> bool:
    """Whether a point is the one to quote of a curve, or a control of it."""
    if any(point.get(key) != curve.get(key) for key in (*SAME_CURVE[1:], "seed")):
        return False
    return bool(point["lam"] == curve["chosen_lam"]) if point["method"] == curve["method"] else point["lam"] is None


def _key(point: Values) -> tuple[Any, ...]:
    return tuple(point.get(name) for name in SAME_CURVE)


def _row(mean: Values, lams: list[float | None], gap: str, base: Values) -> dict[str, Any]:
    row = {key: mean[key] for key in (*SAME_CURVE, "seeds", "collapsed")}
    figures = {"accuracy": "accuracy", "gap": gap}
    row |= {name: mean[metric] for name, metric in figures.items()}
    row |= {f"{name}_ci": mean[f"{metric}_ci"] for name, metric in figures.items()}
    row |= {f"base_{name}": base[metric] for name, metric in figures.items()}
    return row | {"gap_name": gap, "lam": lams, "gap_delta": mean["delta"].get(gap)}
