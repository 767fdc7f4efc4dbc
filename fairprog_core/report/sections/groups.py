"""The rates of every group without and with the trigger: strips from 0 to 100, and the table with intervals.

Notation: k λ-values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fairprog_core.metrics.group_tables import GroupRow
from fairprog_core.metrics.intervals import Estimate, RateJson
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, follow
from fairprog_core.report.figures.people import points
from fairprog_core.report.sections.answer import in_points

RateText: TypeAlias = Callable[[RateJson], str]

QUESTIONS = {
    "true_positive_rate": ("Of 100 that are {label}, so many are called {label}", "true positive rate"),
    "false_positive_rate": (
        "Of 100 that are not {label}, so many are called {label} all the same",
        "false positive rate",
    ),
    "selection_rate": ("Of 100, so many are called {label}", "selection rate"),
}
OF_GAP = {"demographic_parity_difference": ("selection_rate", "true_positive_rate", "false_positive_rate")}
LEAD = (
    "Without a trigger the groups lie {gap} points apart (95 %: {interval}): {name}, {value}. Noise alone would show "
    "up to {noise} points on these {n:,} test rows."
)
LEAD_UNKNOWN = "Without a trigger the gap ({name}) is {value}."
COLUMNS = ("Group", "Test rows", "Called {label}", "{Label}, called {label}", "Not {label}, called {label}", "Right")
TERMS = ("", "", "selection rate", "true positive rate", "false positive rate", "accuracy")
MISSING = "This result has no rates per group; it was made by an early version. Run the study again to get them."
MOST_STRIPS = 12  # groups; more are in the table alone


@dataclass(frozen=True)
class Strip:
    """One group on a strip from 0 to 100; positions are percents of its width.

    Attributes:
        group: its name.
        before: position of the rate without the trigger.
        now: position with it.
        low: left end of the interval with it.
        span: width of that interval.
        link: left end of the line between both.
        length: of that line.
        text: "35 → 67".
    """

    group: str
    before: str
    now: Follow
    low: Follow
    span: Follow
    link: Follow
    length: Follow
    text: Follow


@dataclass(frozen=True)
class Rate:
    """A rate of all groups: the question that it answers, the term, and a strip per group."""

    question: str
    term: str
    strips: list[Strip]


@dataclass(frozen=True)
class RateCell:
    """A cell of the table: the rate before and now, and its interval below."""

    text: Follow
    note: Follow


@dataclass(frozen=True)
class GroupsSection:
    """The section: a sentence about the base, strips, and the table."""

    lead: str
    rates: list[Rate]
    columns: list[tuple[str, str]]
    rows: list[list[RateCell]]
    problem: str


def group_rates(family: Family) -> GroupsSection:
    """The rates at every λ, of the first seed."""
    result, labels = family.result, family.result.labels
    if result.base.group_rates is None or any(point.group_rates is None for point in family.single):
        return GroupsSection(_lead(family), [], [], [], MISSING)
    before = result.base.group_rates
    along = [point.group_rates or [] for point in family.single]
    label = _widest(before, family) if len(labels) > 2 else before[0]["label"]
    at = [i for i, row in enumerate(before) if row["label"] == label]
    order = OF_GAP.get(family.gap, ("true_positive_rate", "false_positive_rate", "selection_rate"))
    is_many = len(labels) > 2
    asked = f"“{labels[label]}”" if is_many else labels[label]
    rates = [_rate(kind, at, before, along, asked, family.chosen) for kind in order]
    shown = "the label" if is_many else labels[label]
    columns = [
        (name.format(label=shown, Label=shown[:1].upper() + shown[1:]), term)
        for name, term in zip(COLUMNS, TERMS, strict=True)
    ]
    rows = [_row(i, before, along, family.chosen, labels if is_many else None) for i in range(len(before))]
    return GroupsSection(_lead(family), rates if len(at) <= MOST_STRIPS else [], columns, rows, "")


def _lead(family: Family) -> str:
    base, gap = family.result.base, family.gap
    found, noise = base.metric(gap), base.noise_gap.get(gap)
    if found.value is None or found.ci is None or noise is None:
        return LEAD_UNKNOWN.format(name=names.metric(gap).lower(), value=numbers.interval(found))
    interval = f"{points(found.ci[0])} to {points(found.ci[1])}"
    return LEAD.format(
        gap=in_points(found.value), interval=interval, name=names.metric(gap).lower(),
        value=numbers.interval(found), noise=in_points(noise), n=base.n,
    )  # fmt: skip


def _widest(rows: Sequence[GroupRow], family: Family) -> int:
    """The label in whose rate the groups are furthest apart."""
    kind = OF_GAP.get(family.gap, ("true_positive_rate",))[0]
    spread: dict[int, list[float]] = {}
    for row in rows:
        if (value := _value(row, kind)) is not None:
            spread.setdefault(row["label"], []).append(value)
    return max(spread, key=lambda each: max(spread[each]) - min(spread[each])) if spread else rows[0]["label"]


def _of(row: GroupRow, kind: str) -> RateJson:
    found: RateJson = row[kind]  # type: ignore[literal-required]
    return found


def _value(row: GroupRow, kind: str) -> float | None:
    return _of(row, kind)["value"]


def _rate(
    kind: str, at: Sequence[int], before: Sequence[GroupRow], along: Sequence[Sequence[GroupRow]], label: str,
    chosen: int,
) -> Rate:  # fmt: skip
    question, term = QUESTIONS[kind]
    strips = [
        _strip(names.group(before[i]["group"]), _of(before[i], kind), [_of(rows[i], kind) for rows in along], chosen)
        for i in at
        if _value(before[i], kind) is not None
    ]
    return Rate(question.format(label=label), term, strips)


def _strip(group: str, before: RateJson, along: Sequence[RateJson], chosen: int) -> Strip:
    start = before["value"] or 0.0

    def each(make: RateText) -> Follow:
        return follow(chosen, len(along), lambda index: make(along[index]))

    return Strip(
        group, _percent(start),
        now=each(lambda found: _percent(_known(found, start))),
        low=each(lambda found: _percent(_ends(found, start)[0])),
        span=each(lambda found: _percent(_ends(found, start)[1] - _ends(found, start)[0])),
        link=each(lambda found: _percent(min(start, _known(found, start)))),
        length=each(lambda found: _percent(abs(start - _known(found, start)))),
        text=each(lambda found: f"{in_points(start)} → {in_points(found['value'])}"),
    )  # fmt: skip


def _known(found: RateJson, start: float) -> float:
    return start if found["value"] is None else found["value"]


def _ends(found: RateJson, start: float) -> tuple[float, float]:
    value = _known(found, start)
    low, high = found["ci"] or (value, value)
    return low, high


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _row(
    i: int, before: Sequence[GroupRow], along: Sequence[Sequence[GroupRow]], chosen: int, labels: Sequence[str] | None
) -> list[RateCell]:
    row = before[i]
    name = names.group(row["group"])
    head = RateCell(fixed(name), fixed("" if labels is None else labels[row["label"]]))
    kinds = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")
    cells = [_cell(_of(row, kind), [_of(rows[i], kind) for rows in along], chosen) for kind in kinds]
    return [head, RateCell(fixed(f"{row['n']:,}"), fixed("")), *cells]


def _cell(before: RateJson, along: Sequence[RateJson], chosen: int) -> RateCell:
    texts = [f"{numbers.number(before['value'])} → {numbers.number(found['value'])}" for found in along]
    notes = [numbers.brackets(Estimate.of(found["value"], found["ci"])).strip() for found in along]
    return RateCell(Follow(tuple(texts), chosen), Follow(tuple(notes), chosen))
