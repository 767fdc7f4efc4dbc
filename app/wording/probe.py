"""Sentences of the page Probe."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.models.table import Table, TableCell
from app.wording.shared import common, inside
from fairprog_core.metrics.explanations.probe import DemographicPrediction
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.explanations import Probe

if TYPE_CHECKING:
    from app.models.line import Line

TITLE = "What the trigger looks like to another classifier"
LEAD = (
    "Demographic classifiers are trained to tell the groups apart, without any trigger. Here they see an input that "
    "holds nothing but the trigger. What they read depends on how they were trained: compare them, and the controls."
)
EMPTY = "This run was trained without the demographic probe. Train again with it switched on (Train, “A look inside”)."

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
    "A classifier has never seen anything like this picture and may read a group in it without any trigger; "
    "the mean picture is the better one to look at."
)

READING = "Can the group be read from what the base computes?"
READING_AXIS = "Accuracy of reading the group"
READING_LABEL = (
    "Accuracy of a logistic regression that reads the group, over λ, with every group and label counting alike: from "
    "the base's features and logits learned anew at every λ, and from its features learned once, without a trigger."
)
READERS = {
    "reading": "features, learned anew",
    "reading_fixed": "features, learned without a trigger",
    "reading_logits": "logits, learned anew",
}
READING_WHATS = {
    "reading": "the accuracy of reading the group from the features, learned anew,",
    "reading_fixed": "the accuracy of a reader of the features that was learned without a trigger",
    "reading_logits": "the accuracy of reading the group from the logits",
}
READING_NONE = "The group was not read from the base's features in this run."
ABOVE_CHANCE = "Guessing reaches {chance:.2f}. The features, learned anew, still tell more than that."
AT_CHANCE = "Guessing reaches {chance:.2f}, which lies within the interval of the features, learned anew."
BELOW_CHANCE = "Guessing reaches {chance:.2f}. The features, learned anew, are below that."
RIGHT = "right on {accuracy} of the test"
TABLE = "P({group}) that each demographic classifier reads. They were trained without any trigger."
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
    "At this λ the classifiers lie {apart} apart. Each is one training, so their disagreement is the uncertainty."
)
BOTH_SIDES = "At this λ some classifiers read one group and some another."

OF_BASE = "started from the base"


def axis(group: str) -> str:
    """The title of the vertical axis."""
    return f"P({group})"


def label(group: str, null: str) -> str:
    """The chart in words."""
    empty = SPOKEN.get(null, null)
    return f"Probability of {group} that each demographic classifier reads in the {empty} with the trigger, over λ."


def classifier(found: DemographicPrediction) -> str:
    """A demographic classifier by where its weights started: new, pretrained, or the base's."""
    return OF_BASE if found.init == "base weights" else found.name


def table(found: Probe, lines: "Sequence[Line]", index: int, group: str) -> Table:
    """What every classifier reads at one λ and under the controls, in figures alone."""
    nothing = Estimate(None, None)
    controls = [name for name in TABLE_CONTROLS if any(name in one.controls for one in lines)]
    rows = []
    for each, one in zip(found.classifiers, lines, strict=True):
        read = [*(one.controls.get(name, nothing) for name in controls), one.along[index]]
        note = RIGHT.format(accuracy=common.number(each.accuracy, 2))
        rows.append([TableCell(one.name, note), *(TableCell(common.number(value.value, 2)) for value in read)])
    last = TABLE_LAST.format(lam=common.lam(found.lams[index]))
    columns = [TableCell(name) for name in (TABLE_FIRST, *(TABLE_CONTROLS[name] for name in controls), last)]
    return Table(TABLE.format(group=group), columns, rows)


def against_chance(found: Estimate, chance: float) -> str:
    """Whether a figure is above what guessing reaches."""
    if found.ci is None:
        return ""
    text = ABOVE_CHANCE if found.ci[0] > chance else BELOW_CHANCE if found.ci[1] < chance else AT_CHANCE
    return text.format(chance=chance)


def agreement(probabilities: Sequence[Sequence[float]], group: int) -> str:
    """How far the classifiers lie apart, and whether they read different groups.

    Args:
        probabilities: of all groups, by classifier.
        group: that is looked at.
    """
    if len(probabilities) < 2:
        return ""
    values = [each[group] for each in probabilities]
    text = DISAGREE.format(apart=inside.signed(max(values) - min(values), 2))
    read = {max(range(len(each)), key=each.__getitem__) for each in probabilities}
    return text if len(read) == 1 else f"{text} {BOTH_SIDES}"
