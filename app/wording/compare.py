"""Sentences that follow from two intervals: rises, falls, or cannot be told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from app.wording import common, inside
from fairprog_core.intervals import Estimate

if TYPE_CHECKING:
    from app.charts.along import Line

Verdict = Literal["rises", "falls", "unclear"]

OVERLAP = "“Cannot be told” means that the intervals overlap; it does not mean that nothing changed."
UNKNOWN = "{what} was not estimated here."
MOVES = "At λ = {lam}, {what} {verb} from {before} without a trigger to {now}."
UNCLEAR = (
    "At λ = {lam}, {what} is {now}, without a trigger {before}: the intervals overlap, so a change cannot be told."
)
ABOVE = "That is above the untrained trigger ({control})."
BELOW = "That is below the untrained trigger ({control})."
LIKE = "From the untrained trigger ({control}) it cannot be told apart."


def at(line: "Line", what: str, lams: Sequence[float], index: int) -> str:
    """What a line over λ does at one λ, against its controls."""
    nothing = Estimate(None, None)
    without, untrained = (line.controls.get(name, nothing) for name in ("without", "untrained"))
    return sentence(what, lam=lams[index], now=line.along[index], without=without, untrained=untrained)


def verdict(now: Estimate, before: Estimate) -> Verdict:
    """Whether a figure lies above or below another one; unclear where their 95 % intervals overlap or are unknown."""
    if now.ci is None or before.ci is None:
        return "unclear"
    if now.ci[0] > before.ci[1]:
        return "rises"
    return "falls" if now.ci[1] < before.ci[0] else "unclear"


def sentence(what: str, *, lam: float, now: Estimate, without: Estimate, untrained: Estimate) -> str:
    """What a figure does at one λ, against no trigger and against the untrained one.

    Args:
        what: the figure, as the middle of a sentence: "the share of Grad-CAM on hair".
        lam: λ.
        now: with the trigger.
        without: without any.
        untrained: with the untrained trigger.
    """
    if now.value is None or without.value is None:
        return UNKNOWN.format(what=what[:1].upper() + what[1:])
    found = verdict(now, without)
    text = UNCLEAR if found == "unclear" else MOVES
    first = text.format(
        what=what, verb=found, lam=common.lam(lam), now=inside.interval(now), before=inside.interval(without)
    )
    return f"{first} {_control(now, untrained)}".rstrip()


def _control(now: Estimate, untrained: Estimate) -> str:
    if untrained.value is None:
        return ""
    text = {"rises": ABOVE, "falls": BELOW, "unclear": LIKE}[verdict(now, untrained)]
    return text.format(control=inside.interval(untrained))
