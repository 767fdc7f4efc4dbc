"""Sentences about one point: what limits the conclusions from its figures, and which answers changed."""

from collections.abc import Callable, Sequence

from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.group_tables import ChangeRow
from fairprog_core.metrics.point import Point, few_note, noise_note
from fairprog_core.report.figures import names

COLLAPSED_NOTE = (
    "Crossed-out points have collapsed: in some group, no row of some label is predicted right any more, or always "
    "predicting the most frequent label would be at least as accurate. The gap of such a point means nothing, however "
    "small it is, and the step line leaves the point out."
)
SPANS_ZERO = "No clear change in {what}: its 95 % interval includes 0."
COLLAPSED_POINT = (
    "This point has collapsed: in some group, no row of some label is predicted right any more, or always predicting "
    "the most frequent label would be at least as accurate. Its gap means nothing, however small it is."
)
NOISE = "Even if the true gap were 0, a test set of this size could show a gap of up to {limit:.3f} by chance."
NOISE_HIDES = (
    "Even if the true gap were 0, a test set of this size could show a gap of up to {limit:.3f} by chance. "
    "So {gap:.3f} does not differ clearly from 0."
)
LEFT_OUT = "This gap leaves out labels that are too rare in some group: {labels}."
WHO_NOTE = (
    "Compared with the base classifier, at λ = {lam}, seed {seed}: {gained} predictions became right and {lost} became "
    "wrong, of {n:,} test rows."
)
WHO_OVERLAP = (
    "A row counts once for every group that it belongs to; a row without a group does not count. There are {n:,} "
    "test rows."
)


def cautions(point: Point, metric: str, *, plain: Callable[[str], str] = str) -> list[str]:
    """What limits the conclusions from a point's figures."""
    found = []
    if point.collapsed:
        found.append(COLLAPSED_POINT)
    for name in (metric, "accuracy"):
        ci = point.change(name).ci
        if ci and ci[0] <= 0 <= ci[1]:
            found.append(SPANS_ZERO.format(what=names.metric(name).lower()))
    if point.left_out and metric in METRICS and METRICS[metric].needs == "cells":  # of a group and a label
        found.append(LEFT_OUT.format(labels="; ".join(map(plain, point.left_out))))
    gap, limit = point.metric(metric), point.noise_gap.get(metric)
    if few := plain(few_note(gap, point.few_rows(metric))):
        found.append(f"{few[:1].upper()}{few[1:]}.")
    if gap.value is not None and limit is not None:
        found.append((NOISE_HIDES if noise_note(gap, limit) else NOISE).format(gap=gap.value, limit=limit))
    return found


def who(changes: Sequence[ChangeRow], *, lam: float, seed: int, n: int) -> str:
    """How many predictions changed of the n test rows; and how rows count if groups overlap or leave rows out."""
    gained, lost = sum(row["gained"]["rows"] for row in changes), sum(row["lost"]["rows"] for row in changes)
    counted = sum(row["n"] for row in changes)
    text = WHO_NOTE.format(lam=names.lam(lam), seed=seed, gained=gained, lost=lost, n=counted)
    return text if counted == n else f"{text} {WHO_OVERLAP.format(n=n)}"
