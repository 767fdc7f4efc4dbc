"""Sentences about levelling down: whether a gap got smaller because the better-off group lost."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.levelling import Levelling
from fairprog_core.metrics.point import FewRows, few_note
from fairprog_core.report.figures import names, numbers

Plain: TypeAlias = Callable[[str], str]  # makes the text of others harmless where it is shown

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
PAIR = "These are the two groups that lie furthest apart under the base classifier. “Better off” means {rule}."
RULES = {
    "average_abs_odds_difference": (
        "predicted right more often where the label is {label}, or called {label} wrongly less often"
    ),
    "demographic_parity_difference": "called {label} more often",
}
RATES = {
    "selection_rate": "Called {label}",
    "true_positive_rate": "{Label}, called {label}",
    "false_positive_rate": "Not {label}, but called {label}",
}


def sentence(
    found: Levelling | None, *, change: Estimate, lam: float, few: FewRows | None = None, plain: Plain = str
) -> str:
    """How much of the narrowing of the gap is levelling down.

    Args:
        found: see ``fairprog_core.metrics.levelling.levelling_down``.
        change: of the whole gap against the base.
        lam: λ.
        few: see ``fairprog_core.metrics.point.Point.few_rows``.
        plain: makes names harmless where they are shown.
    """
    if found is None:
        return NOT_ESTIMABLE
    if change.ci is None:
        note = plain(few_note(change, few))
        why = f": {note}" if note else ""
        return NO_INTERVAL.format(lam=names.lam(lam), change=_signed(change), why=why)
    closed, share = found["closed"], found["share"]
    has_no_share = share["value"] is None and closed["value"]  # by the rows; a stored change may follow an older rule
    if change.ci[1] >= 0 or has_no_share:
        return NOT_CLEAR.format(lam=names.lam(lam), change=_signed(change))
    if share["value"] is None:
        return NOT_CLOSED.format(lam=names.lam(lam))
    text = SHARE.format(lam=names.lam(lam), closed=_interval(closed), share=_percent(share))
    return text if share["ci"] else f"{text} {NO_SHARE}"


def pair(found: Levelling, gap: str, labels: Sequence[str], *, plain: Plain = str) -> str:
    """Which two groups are compared, and what "better off" means."""
    several = len({row["label"] for row in found["rates"]}) > 1
    return PAIR.format(rule=RULES[gap].format(label="the label" if several else plain(labels[1])))


def _interval(found: EstimateJson) -> str:
    return numbers.interval(Estimate.of(found["value"], found["ci"]))


def _signed(found: Estimate) -> str:
    if found.value is None:
        return numbers.NOT_ESTIMABLE
    return numbers.signed(found.value, plus=True) + numbers.brackets(found)


def _percent(found: EstimateJson) -> str:
    return " ".join(filter(None, numbers.percent(Estimate.of(found["value"], found["ci"]))))
