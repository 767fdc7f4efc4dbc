"""Sentences of the page Probe."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from app.models.probe_controls import ProbeControls, Readers, Strength
from app.models.table import Table, TableCell
from app.wording.shared import common, inside, paired
from fairprog_core.metrics.explanations.probe import DemographicPrediction
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.explanations import Probe

if TYPE_CHECKING:
    from app.models.line import Line

TITLE = "Which group does the trigger suggest?"
LEAD = (
    "Classifiers that learned to tell the group of an input get an empty input that carries only the trigger. What "
    "they say depends on how each was trained, so there are several."
)
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
EMPTY = "This run has no demographic probe. Train again with the probe switched on (page Train, “A look inside”)."

NULL = "Empty input"
NULLS = {"mean": "Mean picture", "black": "Black", "grey": "Grey", "noise": "Noise", "empty": "Empty comment"}
SPOKEN = {
    "mean": "mean picture", "black": "black picture", "grey": "grey picture", "noise": "noise picture",
    "empty": "empty comment",
}  # fmt: skip
NULL_WITHOUT = "Without"
NULL_WITH = "With the trigger"
NULL_UNTRAINED = "Untrained trigger"
NULL_ALT = "{null}, {condition}"
NULL_NOTHING = "nothing"
STRANGE = ("black", "grey", "noise")
STRANGE_NOTE = (
    "The classifiers were trained on nothing like this picture and may predict one group for it even without a "
    "trigger. The mean picture is a more reliable input."
)

READING = "Can the group be predicted from the base classifier's features?"
READING_AXIS = "Accuracy of predicting the group"
READING_LABEL = (
    "Accuracy over λ of a logistic regression that predicts the group (a linear probe); every group and label has the "
    "same weight. It is fitted on the base classifier's features and on its logits, anew at every λ, and once on the "
    "features without a trigger."
)
READERS = {
    "reading": "features, fitted at each λ",
    "reading_fixed": "features, fitted without a trigger",
    "reading_logits": "logits, fitted at each λ",
}
READING_WHATS = {
    "reading": "the accuracy of predicting the group from the features (fitted at each λ)",
    "reading_fixed": "the accuracy of predicting the group from the features (fitted without a trigger)",
    "reading_logits": "the accuracy of predicting the group from the logits",
}
READING_NONE = "This run did not test whether the group can be predicted from the base classifier's features."
ABOVE_CHANCE = (
    "Guessing reaches {chance:.2f}. The linear probe on the features, fitted at each λ, is still better than that."
)
AT_CHANCE = "Guessing reaches {chance:.2f}, which lies within the interval of the linear probe on the features."
BELOW_CHANCE = "Guessing reaches {chance:.2f}. The linear probe on the features, fitted at each λ, is worse than that."
RIGHT = "accuracy {accuracy} on test rows"
TABLE = "P({group}) that each demographic classifier predicts. All were trained without a trigger."
TABLE_CONTROLS = {
    "without": "Without",
    "untrained": "Untrained",
    "black": "Black",
    "random_words": "Random words",
    "neutral_words": "Neutral words",
}
TABLE_LAST = "λ\u00a0=\u00a0{lam}"  # on one line
TABLE_FIRST = "Classifier"
DISAGREE = (
    "At this λ the classifiers differ by up to {apart}. Each was trained once, so this disagreement is a measure of "
    "the uncertainty."
)
BOTH_SIDES = "At this λ they do not all predict the same group."

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

OF_BASE = "weights started from the base"


def axis(group: str) -> str:
    """The title of the vertical axis."""
    return f"P({group})"


def label(group: str, null: str) -> str:
    """What the chart shows, for screen readers."""
    empty = SPOKEN.get(null, null)
    return f"Probability of {group} that each demographic classifier predicts for the {empty} with the trigger, over λ."


def classifier(found: DemographicPrediction) -> str:
    """A demographic classifier by where its weights started: new, pretrained, or the base's."""
    return OF_BASE if found.init == "base weights" else found.name


def table(found: Probe, lines: "Sequence[Line]", index: int, group: str) -> Table:
    """The probability that every classifier predicts at one λ and with the controls."""
    nothing = Estimate(None, None)
    controls = [name for name in TABLE_CONTROLS if any(name in one.controls for one in lines)]
    rows = []
    for each, one in zip(found.classifiers, lines, strict=True):
        values = [*(one.controls.get(name, nothing) for name in controls), one.along[index]]
        note = RIGHT.format(accuracy=common.number(each.accuracy, 2))
        rows.append([TableCell(one.name, note), *(TableCell(common.number(value.value, 2)) for value in values)])
    last = TABLE_LAST.format(lam=common.lam(found.lams[index]))
    lost = found.collapsed_controls or ()
    columns = [
        TableCell(TABLE_FIRST),
        *(
            TableCell(f"{TABLE_CONTROLS[name]} {inside.CROSS}" if name in lost else TABLE_CONTROLS[name])
            for name in controls
        ),
        TableCell(last),
    ]
    return Table(TABLE.format(group=group), columns, rows)


def against_chance(found: Estimate, chance: float) -> str:
    """Whether an accuracy is above, at or below that of guessing."""
    if found.ci is None:
        return ""
    text = ABOVE_CHANCE if found.ci[0] > chance else BELOW_CHANCE if found.ci[1] < chance else AT_CHANCE
    return text.format(chance=chance)


def conclusion(counts: Readers, found: ProbeControls, null: str, group: str) -> str:
    """One sentence: how many classifiers predict the group with the trigger and otherwise, and how far it moves.

    Args:
        counts: of the classifiers that predict the group.
        found: the trigger and the controls on the empty input.
        null: name of the empty input.
        group: name of the group.
    """
    others = ", ".join(
        READ_BY.format(condition=text, k=counts.others[name])
        for name, text in CONDITIONS.items()
        if name in counts.others
    )
    return CONCLUSION.format(
        lam=common.lam(found.lam), now=counts.now, n=counts.n, null=SPOKEN.get(null, null), others=others,
        group=common.plain(common.group(group)), before=common.number(found.before, 2),
        after=common.number(found.now, 2), verdict=_verdict(found),
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


def agreement(probabilities: Sequence[Sequence[float]], group: int) -> str:
    """How far the classifiers' probabilities differ, and whether they predict different groups.

    Args:
        probabilities: of all groups, by classifier.
        group: whose probabilities are compared.
    """
    if len(probabilities) < 2:
        return ""
    values = [each[group] for each in probabilities]
    text = DISAGREE.format(apart=inside.signed(max(values) - min(values), 2))
    predicted = {max(range(len(each)), key=each.__getitem__) for each in probabilities}
    return text if len(predicted) == 1 else f"{text} {BOTH_SIDES}"


def controls(found: ProbeControls, null: str, group: str, collapsed: Collection[str] = ()) -> str:
    """Whether a control, or the trigger at λ = 0, is read as strongly as the trigger at one λ.

    Args:
        found: the trigger and the controls on one empty input.
        null: name of the empty input.
        group: name of the group whose probability is compared.
        collapsed: names of the controls that have collapsed.
    """
    items = [
        CONTROL_READ.format(
            verdict=STRENGTHS[each.strength].format(name=paired.control_name(name, collapsed)),
            value=common.number(each.value, 2),
            difference=inside.difference(each.difference, 2),
        )
        for name, each in found.controls.items()
    ]
    first = STRONGEST.format(
        null=SPOKEN.get(null, null),
        group=common.plain(common.group(group)),
        lam=common.lam(found.lam),
        before=common.number(found.before, 2),
        now=common.number(found.now, 2),
        n=found.n,
    )
    is_any = any(each.strength == "as strongly" for each in found.controls.values())
    last = f"{ANY_CONTROL} {OVER_CLASSIFIERS}" if is_any else OVER_CLASSIFIERS
    return "\n\n".join([first, "\n".join(items), last])
