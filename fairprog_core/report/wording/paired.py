"""Sentences that compare a trigger with its controls in pairs, on the same rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from fairprog_core.common.records import Mean
from fairprog_core.metrics.explanations.paired import LAM_0, PairedDifferences
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.wording import verdicts

if TYPE_CHECKING:
    from fairprog_core.report.figures.line import Line

STAYS = (
    "At λ = {lam}, {what} is {now}; without a trigger it is {before}. On the same rows the difference is {shift}: no "
    "clear shift."
)
OF_SHIFT = "How much of this shift other triggers make by themselves, compared on the same rows:"
NO_SHIFT = "Compared on the same rows:"
SHARE = "{name}: {level}, {share}; the trigger minus it {difference}{told}."
OTHER_WAY = "{name}: {level}, the other way ({share}); the trigger minus it {difference}{told}."
NO_SHARE = "{name}: {level}; the trigger minus it {difference}{told}."
ALIKE = ", no clear difference"
NAMES = {
    "untrained": "The untrained trigger",
    "black": "The black trigger",
    "random_words": "Random words",
    "neutral_words": "Neutral words",
    LAM_0: "The trigger at λ\u00a0=\u00a00 (learned for accuracy only)",
}
RIVALS = "Rivals: {others}."
EARLIER = (
    "This run was made before comparisons in pairs were kept, so the controls are compared by their intervals alone, "
    "which detects less. Train again to compare them on the same rows."
)
IN_PAIRS = (
    "Brackets hold 95 % intervals. “No clear difference” means that the interval of the difference includes 0; it does "
    "not mean that there is no difference. The intervals cover the test rows, not another seed."
)


def at(line: "Line", what: str, lams: Sequence[float], index: int) -> str:
    """Compare a figure at one λ with no trigger and with each control, in pairs where the run kept them.

    Args:
        line: the figure along λ.
        what: the figure's name inside a sentence: "the share of Grad-CAM on hair".
        lams: the values of λ.
        index: of one of them.
    """
    now, before = line.along[index], line.controls.get("without", Estimate(None, None))
    shift = _estimate(line.paired, "without", index)
    if shift.ci is None or now.value is None or before.value is None:
        return verdicts.at(line, what, lams, index)
    moves = not _includes_0(shift)
    text = verdicts.MOVES if moves else STAYS
    first = text.format(
        what=what, verb="rises" if (shift.value or 0) > 0 else "falls", lam=names.lam(lams[index]),
        now=numbers.interval(now), before=numbers.interval(before), shift=numbers.difference(shift),
    )  # fmt: skip
    items = [f"- {_control(name, each, line, index)}" for name in NAMES if (each := _known(line.paired, name, index))]
    controls = "\n".join([OF_SHIFT if moves else NO_SHIFT, "", *items]) if items else ""
    others = "; ".join(verdicts.rivals(line, now))
    return "\n\n".join(part for part in (first, controls, RIVALS.format(others=others) if others else "") if part)


def legend(lines: "Sequence[Line]") -> str:
    """What the comparisons mean: in pairs, or by their intervals in runs that kept no pairs."""
    if all(line.paired for line in lines):
        return IN_PAIRS
    return f"{verdicts.OVERLAP} {EARLIER}"


def control_name(name: str, collapsed: Collection[str]) -> str:
    """The name of a control at the beginning of a sentence: "The black trigger (collapsed)"."""
    return names.IS_COLLAPSED.format(name=NAMES[name]) if name in collapsed else NAMES[name]


def _control(name: str, found: PairedDifferences, line: "Line", index: int) -> str:
    """How much of the shift one control makes, and what the trigger differs from it."""
    shown = control_name(name, line.collapsed)
    difference, share = _of(found.difference[index]), found.share[index]
    told = ALIKE if _includes_0(difference) else ""
    level = numbers.signed((line.along[0] if name == LAM_0 else line.controls[name]).value or 0.0)
    if share is None:
        return NO_SHARE.format(name=shown, level=level, difference=numbers.difference(difference), told=told)
    value, ends = numbers.percent(_of(share))
    text = OTHER_WAY if share["ci"] and share["ci"][1] < 0 else SHARE
    return text.format(
        name=shown, level=level, share=f"{value} {ends}".rstrip(),
        difference=numbers.difference(difference), told=told,
    )  # fmt: skip


def _known(paired: Mapping[str, PairedDifferences], name: str, index: int) -> PairedDifferences | None:
    found = paired.get(name)
    return found if found is not None and found.difference[index] is not None else None


def _estimate(paired: Mapping[str, PairedDifferences], name: str, index: int) -> Estimate:
    found = _known(paired, name, index)
    return _of(found.difference[index]) if found else Estimate(None, None)


def _of(mean: Mean | None) -> Estimate:
    return Estimate.of(mean["value"], mean["ci"]) if mean else Estimate(None, None)


def _includes_0(found: Estimate) -> bool:
    return found.ci is None or found.ci[0] <= 0 <= found.ci[1]
