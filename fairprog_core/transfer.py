"""How much of a trigger's gain is kept in front of another base, with an interval.

Source: the paper's Figure 5 (triggers tuned on one model, used on another); the share and its interval are ours.

Notation: n rows, c classes, p group patterns, b draws, u different rows of answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.batch import Groups, Predictions
from fairprog_core.counts import Floats, cell_weight
from fairprog_core.intervals import DRAWS, Estimate, draw_tables, percentile_interval
from fairprog_core.metrics import estimable, evaluate, judged_classes
from fairprog_core.summaries import mean_estimate


class Pair(NamedTuple):
    """A base on n rows, without and with a trigger."""

    base: Predictions
    trigger: Predictions


def share_kept(
    own: Pair, other: Pair, *, groups: Groups, n_classes: int, gap: str, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """(gap of the other base − its gap with the trigger) / (the same on the base that the trigger was learned on).

    All four are read from the same rows, and from the same resamples of them.

    Args:
        own: the base that the trigger was learned on.
        other: the base that it was not learned on, on the same rows.
        groups: the g groups over the p patterns.
        n_classes: c.
        gap: a metric of ``metrics.GAPS``.
        draws: b.
        seed: of the resamples.

    Returns:
        1: as much is gained as on the own base; 0: nothing; below 0: the gap grew. Nothing where the gap cannot be
        estimated, or where the gain on the own base cannot be told from 0: there is nothing to keep.
    """
    answers = [one.y_pred for pair in (own, other) for one in pair]
    y, z = own.base.y, own.base.z
    kinds, kind = np.unique(np.stack(answers, axis=1), axis=0, return_inverse=True)  # (u, 4), (n,)
    table = np.zeros((len(groups.patterns), n_classes, len(kinds)), dtype=np.int64)
    np.add.at(table, (z, y, kind.ravel()), 1)
    weight = cell_weight(y, z, own.base.weight, n_patterns=len(groups.patterns), n_classes=n_classes)
    said = [np.eye(n_classes, dtype=np.int64)[column] for column in kinds.T]  # 4 × (u, c)
    classes = judged_classes(table @ said[0], groups)
    drawn = draw_tables(table, is_stratified=own.base.is_stratified, draws=draws, seed=seed)

    def gains(tables: NDArray[np.int64]) -> tuple[Floats, Floats]:
        found = [evaluate(tables @ one, weight, groups, classes)[gap] for one in said]
        return found[0] - found[1], found[2] - found[3]

    (own_gain, other_gain), (own_drawn, other_drawn) = gains(table), gains(drawn)
    is_gain = percentile_interval(own_drawn)
    if not estimable(table @ said[0], groups)[gap] or is_gain is None or is_gain[0] <= 0:
        return Estimate(None, None)
    return Estimate(float(other_gain / own_gain), percentile_interval(other_drawn / own_drawn))


def mean_kept(curves: Sequence[Mapping[str, Any]]) -> Estimate:
    """The share kept, over the seeds of a trigger on one other base; see ``summaries.mean_over_seeds``."""
    kept = [curve["kept"] for curve in curves]
    return mean_estimate([Estimate(one["value"], (*one["ci"],) if one["ci"] else None) for one in kept])


def transfer_table(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The matrix of the shares kept, as rows.

    Args:
        results: result JSONs of one or several studies, each with triggers of one source.

    Returns:
        One dict per study, trigger, criterion and other base: ``source`` (name of the base that was learned on),
        ``target``, ``method``, ``trigger``, ``criterion``, ``seeds``, ``kept`` {"value", "ci"}, ``base_gap`` (of the
        target), ``gap`` and ``accuracy_change`` (means over the seeds at the λ that was chosen on the source).
    """
    rows: list[dict[str, Any]] = []
    for result in results:
        for target in result.get("transfer", []):
            families: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
            for curve in target["curves"]:
                families.setdefault((curve["method"], curve["trigger"], curve["criterion"]), []).append(curve)
            rows += [_row(target, family, curves) for family, curves in families.items()]
    return rows


def _row(target: Mapping[str, Any], family: tuple[Any, ...], curves: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    gap, kept = curves[0]["gap"], mean_kept(curves)
    chosen = [next(point for point in curve["points"] if point["lam"] == curve["chosen_lam"]) for curve in curves]
    return {
        "source": target["source"],
        "target": target["base"],
        **dict(zip(("method", "trigger", "criterion"), family, strict=True)),
        "seeds": [curve["seed"] for curve in curves],
        "kept": {"value": kept.value, "ci": list(kept.ci) if kept.ci else None},
        "base_gap": target["point"][gap],
        "gap": _mean([point[gap] for point in chosen]),
        "accuracy_change": _mean([point["delta"]["accuracy"]["value"] for point in chosen]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None
