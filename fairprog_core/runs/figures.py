"""The main figures of a study: what the list of runs and the end of ``fairprog run`` show."""

from collections.abc import Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]


def main_figures(result: Values) -> list[dict[str, Any]]:
    """One row per method, trigger and criterion, over the seeds.

    Args:
        result: a result JSON (``fairprog.study/1``), complete or not.

    Returns:
        Rows with ``method, trigger, criterion, gap_name, seeds, lam, accuracy, gap,
        base_accuracy, base_gap, collapsed``. ``lam`` are the values chosen on validation, one
        per seed; ``accuracy`` and ``gap`` are means over the seeds there. ``accuracy_range``
        and ``gap_range`` are 95 % intervals for one seed, lowest and highest for several.
    """
    base = result.get("base") or {}
    chosen: dict[tuple[str, str, str, str], list[Values]] = {}
    for curve in result.get("curves", []):
        for point in result.get("points", []):
            if _is_quoted(point, curve):
                key = (point["method"], curve["trigger"], curve["criterion"], curve["gap"])
                chosen.setdefault(key, []).append(point)
    return [_row(key, points, base) for key, points in chosen.items()]


def _is_quoted(point: Values, curve: Values) -> bool:
    """Whether a point is the one to quote of a curve, or its control."""
    if any(point[key] != curve[key] for key in ("trigger", "criterion", "seed")):
        return False
    if point["method"] == curve["method"]:
        return bool(point["lam"] == curve["chosen_lam"])
    return point["lam"] is None


def _row(key: tuple[str, str, str, str], points: Sequence[Values], base: Values) -> dict[str, Any]:
    method, trigger, criterion, gap = key
    row: dict[str, Any] = {"method": method, "trigger": trigger, "criterion": criterion, "gap_name": gap}
    row |= {"seeds": [point["seed"] for point in points], "lam": [point["lam"] for point in points]}
    for name, metric in (("accuracy", "accuracy"), ("gap", gap)):
        row[name], row[f"{name}_range"] = _over_seeds(points, metric)
        row[f"base_{name}"] = base.get(metric)
    row["collapsed"] = any(point.get("collapsed") for point in points)
    return row


def _over_seeds(points: Sequence[Values], metric: str) -> tuple[float | None, list[float] | None]:
    values = [point[metric] for point in points]
    if any(value is None for value in values):
        return None, None
    if len(points) == 1:
        return values[0], points[0].get(f"{metric}_ci")
    return sum(values) / len(values), [min(values), max(values)]
