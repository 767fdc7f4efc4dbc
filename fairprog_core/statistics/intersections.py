"""Intersectional groups: every combination of what the groups are made of, sizes first.

Two kinds of groups can be combined. Groups that cover all rows without overlap and whose names list
several attributes ("female, young") have those attributes as parts, and combinations of fewer of them
("female") are larger groups. Groups that overlap ("christian", "female") are combined where rows
belong to both ("christian, female").

Notation: p group patterns, c classes, g groups, b bootstrap draws.
"""

from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairprog_core.batch import Groups
from fairprog_core.statistics.group_tables import group_table
from fairprog_core.statistics.intervals import DRAWS

AND = ", "  # between the parts of a group's name

Attribute = list[tuple[str, NDArray[np.bool_]]]  # its values, each with the patterns (p,) that have it


def intersections(groups: Groups, *, depth: int = 2) -> Groups:
    """The groups of at most ``depth`` parts, single ones first; combinations that no pattern has are left out.

    Args:
        groups: the g groups over the p patterns.
        depth: how many parts a combination has at most.

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
) -> list[dict[str, Any]]:
    """The rates of every combination, see :func:`fairprog_core.statistics.group_tables.group_table`; the largest first.

    Args:
        counts: (p, c, c) rows by [pattern][label][prediction].
        weight: (p, c).
        groups: the g groups over the p patterns.
        is_stratified: whether the rows per (pattern, label) were fixed by design.
        depth: how many parts a combination has at most.
        draws: b.
        seed: of the random generator.

    Returns:
        One dict per combination (and class, for more than two), with ``parts`` (how many it is made of) and
        ``is_worst``: the lowest accuracy of all that can be estimated. Rates of too few rows are None. Empty
        where the groups cannot be combined.
    """
    combined = intersections(groups, depth=depth)
    if set(combined.names) == set(groups.names):
        return []
    rows = group_table(counts, weight, combined, is_stratified=is_stratified, draws=draws, seed=seed)
    known = [row["accuracy"]["value"] for row in rows if row["accuracy"]["value"] is not None]
    for row in rows:
        row["parts"] = row["group"].count(AND) + 1
        row["is_worst"] = bool(known) and row["accuracy"]["value"] == min(known)
    return sorted(rows, key=lambda row: -row["n"])


def _attributes(groups: Groups) -> list[Attribute]:
    """What the groups are made of, in the order of their names."""
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
