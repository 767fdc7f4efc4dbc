"""Sentences of the probe: which group demographic classifiers read from the trigger, and how controls compare."""

from collections.abc import Callable, Collection
from typing import TypeAlias

from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.probe_controls import ProbeControls, Readers, Strength
from fairprog_core.report.wording import paired

Escape: TypeAlias = Callable[[str], str]

CONCLUSION = (
    "**At λ = {lam}, {now} of {n} classifiers read “{group}” from the {null} with the trigger**; {others}. The mean "
    "P({group}) moves from {before} to {after}{verdict}."
)
READ_BY = "{k} {condition}"
CONDITIONS = {
    "without": "without it",
    "untrained": "with the untrained trigger",
    "black": "with the black trigger",
    "random_words": "with random words",
    "neutral_words": "with neutral words",
    "lam_0": "with the trigger at λ = 0",
}
FURTHER = ", clearly further than with every control"
AS_FAR = ", and {names} it as far, so this does not show what was learned for fairness"
ANY = "any control"
NOT_CLEARLY = ", not clearly further than with {names}"
MOVES = {
    "untrained": "the untrained trigger moves",
    "black": "the black trigger moves",
    "random_words": "random words move",
    "neutral_words": "neutral words move",
    "lam_0": "the trigger at λ = 0 moves",
}
SPOKEN = {
    "mean": "mean picture", "black": "black picture", "grey": "grey picture", "noise": "noise picture",
    "empty": "empty comment",
}  # fmt: skip
STRONGEST = (
    "For the {null}, P({group}) moves from {before} without a trigger to {now} at λ = {lam}: the mean of the {n} "
    "classifiers. The same with triggers that have learned nothing about fairness:"
)
STRENGTHS: dict[Strength, str] = {
    "as strongly": "{name}: read as strongly",
    "unclear": "{name}: no clear difference from the trigger",
    "less": "{name}: read less strongly",
}
CONTROL_READ = "- {verdict}, P = {value}; the trigger minus it {difference}."
ANY_CONTROL = "A control is read as strongly, so this reading does not show what the trigger learned for fairness."
OVER_CLASSIFIERS = (
    "Differences are pairs: the same classifier, the same empty input. Their intervals are Student's over the "
    "classifiers, each of which was trained once."
)


def conclusion(counts: Readers, found: ProbeControls, null: str, group: str, *, plain: Escape = str) -> str:
    """One sentence: how many classifiers predict the group with the trigger and otherwise, and how far it moves.

    Args:
        counts: of the classifiers that predict the group.
        found: the trigger and the controls on the empty input.
        null: name of the empty input.
        group: name of the group.
        plain: makes the name harmless where it is shown.
    """
    others = ", ".join(
        READ_BY.format(condition=text, k=counts.others[name])
        for name, text in CONDITIONS.items()
        if name in counts.others
    )
    return CONCLUSION.format(
        lam=names.lam(found.lam), now=counts.now, n=counts.n, null=SPOKEN.get(null, null), others=others,
        group=plain(names.group(group)), before=numbers.number(found.before, 2),
        after=numbers.number(found.now, 2), verdict=_verdict(found),
    )  # fmt: skip


def _verdict(found: ProbeControls) -> str:
    """How the move of the mean compares with what the controls do."""
    strengths = {name: each.strength for name, each in found.controls.items() if name in MOVES}
    if not strengths:
        return ""
    if alike := [MOVES[name] for name, strength in strengths.items() if strength == "as strongly"]:
        return AS_FAR.format(names=" it, ".join(alike[:-1]) + (" it, and " if alike[:-1] else "") + alike[-1])
    unclear = [CONDITIONS[name].removeprefix("with ") for name, each in strengths.items() if each == "unclear"]
    if not unclear:
        return FURTHER
    names = ANY if len(unclear) == len(strengths) else " and ".join([", ".join(unclear[:-1]), unclear[-1]])
    return NOT_CLEARLY.format(names=names.removeprefix(" and "))


def controls(
    found: ProbeControls, null: str, group: str, collapsed: Collection[str] = (), *, plain: Escape = str
) -> str:
    """Whether a control, or the trigger at λ = 0, is read as strongly as the trigger at one λ.

    Args:
        found: the trigger and the controls on one empty input.
        null: name of the empty input.
        group: name of the group whose probability is compared.
        collapsed: names of the controls that have collapsed.
        plain: makes the name of the group harmless where it is shown.
    """
    items = [
        CONTROL_READ.format(
            verdict=STRENGTHS[each.strength].format(name=paired.control_name(name, collapsed)),
            value=numbers.number(each.value, 2),
            difference=numbers.difference(each.difference, 2),
        )
        for name, each in found.controls.items()
    ]
    first = STRONGEST.format(
        null=SPOKEN.get(null, null),
        group=plain(names.group(group)),
        lam=names.lam(found.lam),
        before=numbers.number(found.before, 2),
        now=numbers.number(found.now, 2),
        n=found.n,
    )
    is_any = any(each.strength == "as strongly" for each in found.controls.values())
    last = f"{ANY_CONTROL} {OVER_CLASSIFIERS}" if is_any else OVER_CLASSIFIERS
    return "\n\n".join([first, "\n".join(items), last])
