"""Sentences of the page Probe."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from app.models.table import Table, TableCell
from app.wording.shared import common, inside
from fairprog_core.metrics.explanations.probe import DemographicPrediction
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.wording import probe
from fairprog_core.report.wording.probe import SPOKEN as SPOKEN
from fairprog_core.results.explanations import Probe

if TYPE_CHECKING:
    from fairprog_core.report.figures.line import Line

TITLE = "Which group does the trigger suggest?"
LEAD = (
    "Classifiers that learned to tell the group of an input get an empty input that carries only the trigger. What "
    "they say depends on how each was trained, so there are several."
)
EMPTY = "This run has no demographic probe. Train again with the probe switched on (page Train, “A look inside”)."

NULL = "Empty input"
NULLS = {"mean": "Mean picture", "black": "Black", "grey": "Grey", "noise": "Noise", "empty": "Empty comment"}
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

OF_BASE = "weights started from the base"

conclusion = partial(probe.conclusion, plain=common.plain)
controls = partial(probe.controls, plain=common.plain)


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
