"""Sentences about levelling down: whether a gap got smaller because the better-off group lost."""

from collections.abc import Sequence

from app.models.table import Table, TableCell
from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.levelling import LevelledRate, Levelling
from fairprog_core.metrics.point import FewRows, few_note

TITLE = "Did one group gain, or the other lose?"
NOT_CLOSED = (
    "At λ = {lam} the two groups that lie furthest apart under the base classifier did not come closer, so there is "
    "nothing to explain."
)
NOT_ESTIMABLE = "Some group has too few test rows to say whether it gained or lost."
NOT_CLEAR = "At λ = {lam} the gap did not clearly get smaller (change {change}), so gain and loss cannot be attributed."
NO_INTERVAL = (
    "At λ = {lam} the change of the gap ({change}) has no interval{why}, so gain and loss cannot be attributed."
)
SHARE = (
    "At λ = {lam} the rates of the two groups came closer by {closed}. **{share} of that is levelling down**: a loss "
    "of the better-off group. The rest is a gain of the worse-off group."
)
NO_SHARE = "This share has no interval, because in too many resamples the gap did not get smaller."
CAPTION = "The two groups"
PAIR = "These are the two groups that lie furthest apart under the base classifier. “Better off” means {rule}."
RULES = {
    "average_abs_odds_difference": (
        "predicted right more often where the label is {label}, or called {label} wrongly less often"
    ),
    "demographic_parity_difference": "called {label} more often",
}
COLUMNS = ("", "Better off", "without → with", "Worse off", "without → with")
RATES = {
    "selection_rate": "Called {label}",
    "true_positive_rate": "{Label}, called {label}",
    "false_positive_rate": "Not {label}, but called {label}",
}


def sentence(found: Levelling | None, *, change: Estimate, lam: float, few: FewRows | None = None) -> str:
    """How much of the narrowing of the gap is levelling down.

    Args:
        found: see ``fairprog_core.metrics.levelling.levelling_down``.
        change: of the whole gap against the base.
        lam: λ.
        few: see ``fairprog_core.metrics.point.Point.few_rows``.
    """
    if found is None:
        return NOT_ESTIMABLE
    if change.ci is None:
        note = common.plain(few_note(change, few))
        why = f": {note}" if note else ""
        return NO_INTERVAL.format(lam=common.lam(lam), change=_signed(change), why=why)
    closed, share = found["closed"], found["share"]
    has_no_share = share["value"] is None and closed["value"]  # by the rows; a stored change may follow an older rule
    if change.ci[1] >= 0 or has_no_share:
        return NOT_CLEAR.format(lam=common.lam(lam), change=_signed(change))
    if share["value"] is None:
        return NOT_CLOSED.format(lam=common.lam(lam))
    text = SHARE.format(lam=common.lam(lam), closed=_interval(closed), share=_percent(share))
    return text if share["ci"] else f"{text} {NO_SHARE}"


def pair(found: Levelling, gap: str, labels: Sequence[str]) -> str:
    """Which two groups are compared, and what "better off" means."""
    several = len({row["label"] for row in found["rates"]}) > 1
    return PAIR.format(rule=RULES[gap].format(label="the label" if several else common.plain(labels[1])))


def table(found: Levelling, labels: Sequence[str]) -> Table:
    """The rates of the two groups without and with the trigger, by rate and class."""
    return Table(CAPTION, [TableCell(name) for name in COLUMNS], [_row(row, labels) for row in found["rates"]])


def _row(row: LevelledRate, labels: Sequence[str]) -> list[TableCell]:
    label = labels[row["label"]]
    name = RATES[row["rate"]].format(label=label, Label=label[:1].upper() + label[1:])
    return [
        TableCell(name),
        TableCell(common.group(row["better"])),
        _change(row["better_rate"]),
        TableCell(common.group(row["worse"])),
        _change(row["worse_rate"]),
    ]


def _change(pair: Sequence[float]) -> TableCell:
    return TableCell(f"{pair[0]:.3f} → {pair[1]:.3f}")


def _interval(found: EstimateJson) -> str:
    return inside.interval(Estimate.of(found["value"], found["ci"]))


def _signed(found: Estimate) -> str:
    if found.value is None:
        return common.NOT_ESTIMABLE
    return inside.signed(found.value, plus=True) + inside.brackets(found)


def _percent(found: EstimateJson) -> str:
    return " ".join(filter(None, inside.percent(Estimate.of(found["value"], found["ci"]))))
