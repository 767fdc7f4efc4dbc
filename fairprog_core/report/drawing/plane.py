"""Accuracy over the gap: the points of a curve with intervals, the base, controls, other curves, a marker that moves.

Notation: k λ-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.pareto import pareto_front
from fairprog_core.metrics.point import Point
from fairprog_core.report.drawing.labels import Label, placed
from fairprog_core.report.drawing.scale import Scale, Tick, padded
from fairprog_core.report.figures import names
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, follow

SIZES = ((760, 430), (350, 330))  # px, for wide and for narrow screens; text has the same size in both
BASE = "no trigger"
SHORT = {"random_trigger": "untrained trigger", "random_words": "random words", "neutral_words": "neutral words"}
_FAR = 0.25  # the majority line is left out where it would take more than this share of the axis


@dataclass(frozen=True)
class Mark:
    """A point with its intervals, in pixels."""

    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float
    is_collapsed: bool = False


@dataclass(frozen=True)
class OtherCurve:
    """The step line of a further curve, and its point at the chosen λ."""

    name: str
    path: str
    chosen: Mark


@dataclass(frozen=True)
class Plane:
    """The chart for one width.

    Attributes:
        width: px.
        height: px.
        x_ticks: of the gap, in points.
        y_ticks: of the accuracy, in answers of 100.
        step: the step line of the best points, as an SVG path.
        points: of the curve (k).
        others: further curves.
        base: the base classifier.
        controls: with their names.
        labels: the names of the base and the controls.
        marker: the transform of the marker.
        majority: pixel of the majority line; None where it lies far below.
    """

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    step: str
    points: list[Mark]
    others: list[OtherCurve]
    base: Mark | None
    controls: list[Mark]
    labels: list[Label]
    marker: Follow
    majority: float | None


def planes(family: Family, others: Sequence[Family] = ()) -> list[Plane]:
    """The chart for each width; empty where nothing can be drawn.

    Args:
        family: the curve.
        others: further curves with the same gap, drawn faintly.
    """
    if not _known(family.points, family.gap):
        return []
    return [_plane(family, others, width, height) for width, height in SIZES]


def _plane(family: Family, others: Sequence[Family], width: int, height: int) -> Plane:
    gap, base = family.gap, family.result.base
    left, right, top, bottom = 48.0, width - 14.0, 16.0, height - 46.0
    shown = [*family.points, base, *(each for each in family.controls.values() if not each.collapsed)]
    known = _known([point for point in shown if not point.collapsed] or shown, gap)
    gaps = [end for point in known for end in _ends(point.metric(gap))]
    accuracies = [end for point in known for end in _ends(point.metric("accuracy"))]
    low, high = padded(accuracies)
    x = Scale(0.0, 100 * max(*gaps, 0.02) * 1.04, left, right)
    y = Scale(100 * low, 100 * high, bottom, top)
    majority = family.result.majority_accuracy
    is_near = majority is not None and low - _FAR * (high - low) < majority < high
    if is_near and majority is not None and majority < low:
        y = Scale(100 * majority - 0.3, 100 * high, bottom, top)
    spots = family.points
    marks = [_mark(point, gap, x, y) for point in _known(spots, gap)]
    controls = {
        _short(method): _mark(point, gap, x, y) for method, point in family.controls.items() if _known([point], gap)
    }
    own = _mark(base, gap, x, y) if _known([base], gap) else None
    named = [*([(BASE, own)] if own else []), *controls.items()]
    points = [(mark.x, mark.y) for mark in (*marks, *(mark for _, mark in named))]
    return Plane(
        width=width, height=height, left=left, right=right, top=top, bottom=bottom,
        x_ticks=x.ticks(6 if width > 500 else 4), y_ticks=y.ticks(5),
        step=_step(spots, gap, x, y), points=marks,
        others=[other for each in others if (other := _other(each, gap, x, y)).path],
        base=own, controls=list(controls.values()),
        labels=placed([(name, mark.x, mark.y) for name, mark in named], points, (left, top + 14, right, bottom)),
        marker=follow(family.chosen, len(spots), lambda index: _place(spots[index], gap, x, y)),
        majority=y.at(100 * majority) if is_near and majority is not None else None,
    )  # fmt: skip


def _short(method: str) -> str:
    return SHORT.get(method) or names.kind(method).lower()


def _other(family: Family, gap: str, x: Scale, y: Scale) -> OtherCurve:
    spot = family.points[family.chosen]
    return OtherCurve(family.name, _step(family.points, gap, x, y), _mark(spot, gap, x, y))


def _known(points: Sequence[Point], gap: str) -> list[Point]:
    return [point for point in points if _is_known(point.metric(gap)) and _is_known(point.metric("accuracy"))]


def _is_known(found: Estimate) -> bool:
    return found.value is not None and isfinite(found.value)


def _ends(found: Estimate) -> tuple[float, float]:
    value = found.value or 0.0
    return found.ci or (value, value)


def _mark(point: Point, gap: str, x: Scale, y: Scale) -> Mark:
    found, accuracy = point.metric(gap), point.metric("accuracy")
    (left, right), (low, high) = _ends(found), _ends(accuracy)
    return Mark(
        x.at(100 * (found.value or 0.0)), y.at(100 * (accuracy.value or 0.0)), x.at(100 * left), x.at(100 * right),
        y.at(100 * high), y.at(100 * low), point.collapsed,
    )  # fmt: skip


def _place(point: Point, gap: str, x: Scale, y: Scale) -> str:
    if not _known([point], gap):
        return "translate(-99,-99)"
    mark = _mark(point, gap, x, y)
    return f"translate({mark.x:g},{mark.y:g})"


def _step(points: Sequence[Point], gap: str, x: Scale, y: Scale) -> str:
    """The step line through the Pareto front, from left to right: further right is never less accurate."""
    kept = _known([point for point in points if not point.collapsed], gap)
    order = pareto_front(
        [point.metric("accuracy").value or 0.0 for point in kept], [point.metric(gap).value or 0.0 for point in kept]
    )
    marks = [_mark(kept[i], gap, x, y) for i in order]
    if not marks:
        return ""
    path = f"M{marks[0].x:g} {marks[0].y:g}"
    return path + "".join(f"H{mark.x:g}V{mark.y:g}" for mark in marks[1:])
