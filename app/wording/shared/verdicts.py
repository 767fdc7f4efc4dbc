"""Sentences that follow from two intervals: rises, falls, or cannot be told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from app.wording.shared import common, inside
from fairprog_core.metrics.intervals import Estimate

if TYPE_CHECKING:
    from app.models.line import Line

Verdict = Literal["rises", "falls", "unclear"]

OVERLAP = "“Cannot be told” means that the intervals overlap; it does not mean that nothing changed."
UNKNOWN = "{what} was not estimated here."
MOVES = "At λ = {lam}, {what} {verb} from {before} without a trigger to {now}."
UNCLEAR = (
    "At λ = {lam}, {what} is {now}, without a trigger {before}: the intervals overlap, so a change cannot be told."
)
BESIDE = "Beside it: {controls}."
CONTROLS = {
    "untrained": "the untrained trigger {value}, {verdict}",
    "black": "the black one {value}, {verdict}",
    "random_words": "random words {value}, {verdict}",
    "neutral_words": "neutral words {value}, {verdict}",
}
RIVAL = "{name}: {value}, {verdict}"
VERDICTS = {"rises": "below that", "falls": "above that", "unclear": "not told apart"}


def at(line: "Line", what: str, lams: Sequence[float], index: int) -> str:
    """What a line over λ does at one λ, against no trigger, the controls and the rivals.

    Args:
        line: the figure along λ.
        what: the figure, as the middle of a sentence: "the share of Grad-CAM on hair".
        lams: the values of λ.
        index: of one of them.
    """
    now, without = line.along[index], line.controls.get("without", Estimate(None, None))
    if now.value is None or without.value is None:
        return UNKNOWN.format(what=what[:1].upper() + what[1:])
    found = verdict(now, without)
    first = (UNCLEAR if found == "unclear" else MOVES).format(
        what=what, verb=found, lam=common.lam(lams[index]), now=inside.interval(now), before=inside.interval(without)
    )
    beside = [
        text.format(value=inside.interval(control), verdict=VERDICTS[verdict(now, control)])
        for name, text in CONTROLS.items()
        if (control := line.controls.get(name)) and control.value is not None
    ]
    beside += [
        RIVAL.format(name=name, value=inside.interval(rival), verdict=VERDICTS[verdict(now, rival)])
        for name, rival in line.rivals.items()
        if rival.value is not None
    ]
    return f"{first} {BESIDE.format(controls='; '.join(beside))}" if beside else first


def verdict(now: Estimate, before: Estimate) -> Verdict:
    """Whether a figure lies above or below another one; unclear where their 95 % intervals overlap or are unknown."""
    if now.ci is None or before.ci is None:
        return "unclear"
    if now.ci[0] > before.ci[1]:
        return "rises"
    return "falls" if now.ci[1] < before.ci[0] else "unclear"
