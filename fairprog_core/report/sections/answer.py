"""The answer in one line: how far apart groups are without and with the trigger, the price, and the control."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point, few_note
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, follow
from fairprog_core.report.figures.people import points
from fairprog_core.report.wording.headline import price
from fairprog_core.report.wording.point import COLLAPSED_POINT

PointText: TypeAlias = Callable[[Point], str]

UNKNOWN = "–"
NOTHING = "So no effect is shown."
UNIT = {
    "average_abs_odds_difference": "points apart in how often they are called {label} rightly and wrongly, on average",
    "demographic_parity_difference": "points apart in how often they are called {label}",
}
ANY_UNIT = "points apart"
SEVERAL = "a label"
SMALLER = "The gap gets smaller: the 95 % interval of its change, {change}, lies below 0"
LARGER = "The gap gets larger: the 95 % interval of its change, {change}, lies above 0"
UNCLEAR = "No effect is shown: the 95 % interval of the change of the gap, {change}, includes 0"
NO_INTERVAL = "The change of the gap, {change}, has no interval{why}, so it cannot be said whether the gap gets smaller"
AND_CONTROL = ", and {name} {leave} them {points} points apart{interval}."
NO_CONTROL = "; this run has no control to compare with."
CONTROL_ALIKE = " The control's interval overlaps with that of the trigger, so the trigger does no clearly better."
COLLAPSED_CONTROL = " This control has collapsed, so its gap means little."
PLURALS = ("random_words", "neutral_words")
CONTROL_NAMES = {
    "random_trigger": "an untrained trigger",
    "random_words": "random words",
    "neutral_words": "neutral words",
}
WITHIN_NOISE = (
    "Noise alone would show up to {noise} points on these {n:,} test rows, so what is left does not differ clearly "
    "from 0."
)
ABOVE_NOISE = "Noise alone would show up to {noise} points on these {n:,} test rows."


@dataclass(frozen=True)
class ShortAnswer:
    """The answer for one curve.

    Attributes:
        before: points apart without the trigger.
        now: with it.
        unit: what is apart.
        interval: 95 %, in points.
        price: in answers of 100.
        accuracy: before and after with interval.
        verdict: whether the change is clear, and what the control does.
        noise: what noise alone would show.
        caution: of a collapsed point; empty otherwise.
    """

    before: str
    now: Follow
    unit: str
    interval: Follow
    price: Follow
    accuracy: Follow
    verdict: Follow
    noise: Follow
    caution: Follow


def answer(family: Family) -> ShortAnswer:
    """The answer at every λ."""
    base, gap = family.result.base, family.gap
    labels, spots = family.result.labels, family.points
    label = labels[-1] if len(labels) == 2 else SEVERAL
    before = base.metric(gap)

    def along(make: PointText) -> Follow:
        return follow(family.chosen, len(spots), lambda index: make(spots[index]))

    return ShortAnswer(
        before=in_points(before.value),
        now=along(lambda point: in_points(point.metric(gap).value)),
        unit=UNIT.get(gap, ANY_UNIT).format(label=label),
        interval=along(lambda point: interval_in_points(point.metric(gap))),
        price=along(lambda point: price(point.metric("accuracy"), base.metric("accuracy"))),
        accuracy=along(lambda point: change_of(base.metric("accuracy"), point.metric("accuracy"))),
        verdict=along(lambda point: NOTHING if point.collapsed else _verdict(point, family)),
        noise=along(lambda point: "" if point.collapsed else _noise(point, gap, base.n)),
        caution=along(lambda point: COLLAPSED_POINT if point.collapsed else ""),
    )


def in_points(value: float | None) -> str:
    """``27``: a share in points of 100."""
    return UNKNOWN if value is None or not isfinite(value) else points(value)


def interval_in_points(found: Estimate) -> str:
    """``95 %: 0 to 6``; what is missing in words."""
    if found.value is None or not all(map(isfinite, (found.value, *(found.ci or ())))):
        return numbers.NOT_ESTIMABLE
    return f"95 %: {points(found.ci[0])} to {points(found.ci[1])}" if found.ci else "no interval: too few rows"


def change_of(before: Estimate, now: Estimate) -> str:
    """``0.902 → 0.875 [0.861, 0.888]``."""
    return f"{numbers.number(before.value)} → {numbers.interval(now)}"


def control_name(method: str) -> str:
    """A control inside a sentence."""
    return CONTROL_NAMES.get(method) or names.kind(method).lower()


def is_clear(change: Estimate) -> bool:
    """Whether the interval of a change lies below 0."""
    return change.ci is not None and change.ci[1] < 0


def _verdict(point: Point, family: Family) -> str:
    gap = family.gap
    change = point.change(gap)
    shown = numbers.difference(change) if change.value is not None else numbers.NOT_ESTIMABLE
    if change.ci is None:
        note = few_note(change, family.result.base.few_rows(gap))
        text = NO_INTERVAL.format(change=shown, why=f" ({note})" if note else "")
    else:
        text = (SMALLER if change.ci[1] < 0 else LARGER if change.ci[0] > 0 else UNCLEAR).format(change=shown)
    known = {method: each for method, each in family.controls.items() if each.metric(gap).value is not None}
    if not known:
        return text + NO_CONTROL
    method, control = next(iter(known.items()))
    found = control.metric(gap)
    text += AND_CONTROL.format(
        name=control_name(method), leave="leave" if method in PLURALS else "leaves", points=in_points(found.value),
        interval=f" ({interval_in_points(found)})" if found.ci else "",
    )  # fmt: skip
    if control.collapsed:
        return text + COLLAPSED_CONTROL
    return text + (CONTROL_ALIKE if _overlaps(point.metric(gap), found) else "")


def _overlaps(first: Estimate, second: Estimate) -> bool:
    return first.ci is None or second.ci is None or (first.ci[0] <= second.ci[1] and second.ci[0] <= first.ci[1])


def _noise(point: Point, gap: str, n: int) -> str:
    noise, value = point.noise_gap.get(gap), point.metric(gap).value
    if noise is None or value is None:
        return ""
    found = point.metric(gap)
    is_within = value <= noise or (found.ci is not None and found.ci[0] <= 0)
    return (WITHIN_NOISE if is_within else ABOVE_NOISE).format(noise=in_points(noise), n=n)
