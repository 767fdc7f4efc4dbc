"""Sentences that follow from two intervals: rises, falls, or no clear difference."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures import names, numbers

if TYPE_CHECKING:
    from fairprog_core.report.figures.line import Line

Trend = Literal["rises", "falls", "unclear"]

OVERLAP = "“No clear difference” means that the intervals overlap; it does not mean that nothing changed."
UNKNOWN = "{what} was not estimated here."
MOVES = "At λ = {lam}, {what} {verb} from {before} without a trigger to {now}."
UNCLEAR = "At λ = {lam}, {what} is {now}; without a trigger it is {before}. No clear difference: the intervals overlap."
COMPARED = "For comparison: {others}."
CONTROLS = {
    "untrained": "the untrained trigger {value}, {verdict}",
    "black": "the black trigger {value}, {verdict}",
    "random_words": "random words {value}, {verdict}",
    "neutral_words": "neutral words {value}, {verdict}",
}
COLLAPSED = "{name} (collapsed) {value}, {verdict}"
RIVAL = "{name}: {value}, {verdict}"
VERDICTS = {"rises": "lower", "falls": "higher", "unclear": "no clear difference"}


def at(line: "Line", what: str, lams: Sequence[float], index: int) -> str:
    """Compares a figure at one λ with the same figure without a trigger, for the controls and for the rivals.

    Args:
        line: the figure along λ.
        what: the figure's name inside a sentence: "the share of Grad-CAM on hair".
        lams: the values of λ.
        index: of one of them.
    """
    now, without = line.along[index], line.controls.get("without", Estimate(None, None))
    if now.value is None or without.value is None:
        return UNKNOWN.format(what=what[:1].upper() + what[1:])
    found = verdict(now, without)
    first = (UNCLEAR if found == "unclear" else MOVES).format(
        what=what, verb=found, lam=names.lam(lams[index]), now=numbers.interval(now), before=numbers.interval(without)
    )
    others = [
        (COLLAPSED if name in line.collapsed else text).format(
            value=numbers.interval(control), verdict=VERDICTS[verdict(now, control)], name=names.CONTROLS[name]
        )
        for name, text in CONTROLS.items()
        if (control := line.controls.get(name)) and control.value is not None
    ]
    others += rivals(line, now)
    return f"{first} {COMPARED.format(others='; '.join(others))}" if others else first


def rivals(line: "Line", now: Estimate) -> list[str]:
    """How each rival that was measured compares with a figure of the trigger."""
    return [
        RIVAL.format(name=name, value=numbers.interval(rival), verdict=VERDICTS[verdict(now, rival)])
        for name, rival in line.rivals.items()
        if rival.value is not None
    ]


def verdict(now: Estimate, before: Estimate) -> Trend:
    """Whether a figure lies above or below another; unclear if their 95 % intervals overlap or are missing."""
    if now.ci is None or before.ci is None:
        return "unclear"
    if now.ci[0] > before.ci[1]:
        return "rises"
    return "falls" if now.ci[1] < before.ci[0] else "unclear"
