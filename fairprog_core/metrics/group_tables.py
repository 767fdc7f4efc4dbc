"""Tables of the rates of every group, and of the rows that became right or wrong with a trigger.

Notation: p group patterns, c classes, g groups, b bootstrap draws.
"""

from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypedDict  # pydantic supports typing.TypedDict only from Python 3.12 on

from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import by_group, weigh
from fairprog_core.metrics.fairness import MIN_ROWS, rates
from fairprog_core.metrics.intervals import (
    DRAWS,
    RateJson,
    draw_tables,
    paired_interval,
    percentile_interval,
    wilson_interval,
)


class GroupRow(TypedDict):
    """The rates of one group, for one class if there are more than two; ``label`` is the index of the class."""

    group: str
    label: int
    n: int
    selection_rate: RateJson
    true_positive_rate: RateJson
    false_positive_rate: RateJson
    accuracy: RateJson


class IntersectionRow(GroupRow):
    """The rates of a combination of groups, the number of its parts, and whether its accuracy is the lowest."""

    parts: int
    is_worst: bool


class ChangeJson(RateJson):
    """The number of rows that changed, and their share of ``n``."""

    rows: int


class ChangeRow(TypedDict):
    """Rows of one group and label that gained (wrong before, right after) and lost, and the difference (net)."""

    group: str
    label: int
    n: int
    gained: ChangeJson
    lost: ChangeJson
    net: ChangeJson


def group_table(
    counts: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    *,
    is_stratified: bool,
    draws: int = DRAWS,
    seed: int = 0,
    min_rows: int = MIN_ROWS,
) -> list[GroupRow]:
    """The rates of every group with their intervals.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) are fixed by design.
        draws: b.
        seed: of the random generator.
        min_rows: a rate over fewer rows is None.

    Returns:
        One row per group for two classes (rates of class 1), else one per group and class.
    """
    table = np.asarray(counts)
    point = rates(weigh(table, weight), groups)
    drawn = rates(weigh(draw_tables(table, is_stratified=is_stratified, draws=draws, seed=seed), weight), groups)
    of_label = by_group(table, groups).sum(axis=-1)  # (g, c)
    labels = [1] if table.shape[-1] == 2 else list(range(table.shape[-1]))
    found: list[GroupRow] = []
    for g, name in enumerate(groups.names):
        n = of_label[g].sum()
        for k, label in enumerate(labels):
            at = (..., 1 + g, k)
            positive = of_label[g, label]
            found.append(
                {
                    "group": name,
                    "label": label,
                    "n": int(n),
                    "selection_rate": _rate(point.selection[at], drawn.selection[at], n, min_rows),
                    "true_positive_rate": _rate(point.true_positive[at], drawn.true_positive[at], positive, min_rows),
                    "false_positive_rate": _rate(
                        point.false_positive[at], drawn.false_positive[at], n - positive, min_rows
                    ),
                    "accuracy": _rate(point.accuracy[..., 1 + g], drawn.accuracy[..., 1 + g], n, min_rows),
                }
            )
    return found


def changes(joint: ArrayLike, weight: ArrayLike, groups: Groups, *, min_rows: int = MIN_ROWS) -> list[ChangeRow]:
    """Gains and losses: rows of each group and label that only one of two classifiers predicts correctly.

    Args:
        joint: (p, c, c, c) rows by `[pattern, label, first prediction, second prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        min_rows: a share of fewer rows is None.

    Returns:
        One row per group and label. Intervals are Wilson's; for ``net`` that of paired shares.
    """
    table = np.asarray(joint)
    both = np.einsum("pyyy->py", table)
    n = table.sum(axis=(-2, -1))
    of_group = groups.patterns.T.astype(np.float64)  # (g, p)
    changed = np.stack([np.einsum("pyiy->py", table) - both, np.einsum("pyyj->py", table) - both])  # gained, lost
    cells = np.asarray(weight, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        shares = [(of_group @ (cells * rows)) / (of_group @ (cells * n)) for rows in changed]
    found: list[ChangeRow] = []
    for g, name in enumerate(groups.names):
        for label in range(table.shape[1]):
            in_cell = int(of_group[g] @ n[:, label])
            gained, lost = (
                _changed(int(of_group[g] @ rows[:, label]), share[g, label], in_cell, min_rows)
                for rows, share in zip(changed, shares, strict=True)
            )
            row = ChangeRow(group=name, label=label, n=in_cell, gained=gained, lost=lost, net=_net(gained, lost))
            found.append(row)
    return found


def _changed(rows: int, share: Floats, n: int, min_rows: int) -> ChangeJson:
    """The number of rows that changed, and their share of n rows in the natural mix."""
    value = float(share) if n >= min_rows and np.isfinite(share) else None
    return {"rows": rows, "value": value, "ci": None if value is None else list(wilson_interval(value, n)), "n": n}


def _net(gained: ChangeJson, lost: ChangeJson) -> ChangeJson:
    """Gains minus losses on the same rows."""
    n, rows = gained["n"], gained["rows"] - lost["rows"]
    if gained["value"] is None or lost["value"] is None:
        return {"rows": rows, "value": None, "ci": None, "n": n}
    ci = paired_interval(gained["value"], lost["value"], n)
    return {"rows": rows, "value": gained["value"] - lost["value"], "ci": list(ci), "n": n}


def _rate(value: Floats, drawn: Floats, n: float, min_rows: int) -> RateJson:
    """A rate as JSON; at 0 and 1, where all resamples are equal, with Wilson's interval."""
    if n < min_rows or not np.isfinite(value):
        return {"value": None, "ci": None, "n": int(n)}
    rate = float(value)
    ci = percentile_interval(drawn) if 0 < rate < 1 else wilson_interval(rate, n)
    return {"value": rate, "ci": list(ci) if ci else None, "n": int(n)}


AND = ", "  # separates the parts of a group's name

Attribute = list[tuple[str, NDArray[np.bool_]]]  # its values, each with a mask (p,) of the patterns that have it


def intersections(groups: Groups, *, depth: int = 2) -> Groups:
    """All combinations of up to ``depth`` groups, single ones first, without those that no pattern has.

    Args:
        groups: the g groups over the p patterns.
        depth: largest number of parts of a combination.

    Returns:
        Groups over the same patterns; they overlap.
    """
    names, columns = [], []
    for size in range(1, depth + 1):
        for chosen in combinations(_attributes(groups), size):
            for values in product(*chosen):
                member = np.logical_and.reduce([column for _, column in values])
                if member.any():
                    names.append(AND.join(name for name, _ in values))
                    columns.append(member)
    return Groups(tuple(names), np.stack(columns, axis=1))


def intersection_table(
    counts: ArrayLike,
    weight: ArrayLike,
    groups: Groups,
    *,
    is_stratified: bool,
    depth: int = 2,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[IntersectionRow]:
    """The rates of every combination, see `group_table`; sorted by size, largest first.

    Args:
        counts: (p, c, c) rows by `[pattern, label, prediction]`.
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        depth: largest number of parts of a combination.
        draws: b.
        seed: of the random generator.

    Returns:
        One row per combination (and class, for more than two). Rates of too few rows are None. Empty if the
        groups cannot be combined.
    """
    combined = intersections(groups, depth=depth)
    if set(combined.names) == set(groups.names):
        return []
    rows = group_table(counts, weight, combined, is_stratified=is_stratified, draws=draws, seed=seed)
    known = [row["accuracy"]["value"] for row in rows if row["accuracy"]["value"] is not None]
    found = [
        IntersectionRow(
            **row, parts=row["group"].count(AND) + 1, is_worst=bool(known) and row["accuracy"]["value"] == min(known)
        )
        for row in rows
    ]
    return sorted(found, key=lambda row: -row["n"])


def _attributes(groups: Groups) -> list[Attribute]:
    """The attributes that the groups combine, in the order of the parts of their names."""
    parts = [name.split(AND) for name in groups.names]
    n_parts = len(parts[0])
    if not groups.is_exclusive or n_parts == 1 or any(len(each) != n_parts for each in parts):
        values = list(zip(groups.names, groups.patterns.T, strict=True))
        return [values] if groups.is_exclusive else [[value] for value in values]
    found = []
    for position in range(n_parts):
        of_group = np.array([each[position] for each in parts])
        names = dict.fromkeys(of_group.tolist())
        found.append([(name, np.asarray(groups.patterns[:, of_group == name].any(axis=1))) for name in names])
    return found
