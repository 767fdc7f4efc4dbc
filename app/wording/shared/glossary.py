"""The glossary, one tap away on every page: what the field's terms mean, in plain words. The lesson shows them too."""

from typing import NamedTuple


class Term(NamedTuple):
    """A term of the field.

    Attributes:
        name: as pages write it.
        text: what it means, for somebody who reads it for the first time.
    """

    name: str
    text: str


BUTTON = "Words"
TITLE = "What the words mean"
CLOSE = "Close"
GLOSSARY = {
    "gap": Term(
        "gap",
        "How differently groups are treated: the distance between two rates. If 82 of 100 blond women are recognised "
        "and 35 of 100 blond men, they are 47 points apart: a gap of 0.47. 0 is no difference.",
    ),
    "lam": Term(
        "λ (lambda)",
        "How much the gap counts while a trigger is learned. At 0 only right answers count; the larger λ, the more "
        "accuracy may be given up for a narrower gap.",
    ),
    "equalized_odds": Term(
        "equalized odds",
        "Groups are treated alike if people with the same true label get the same answers as often: as many hits and "
        "as many false alarms in each group.",
    ),
    "demographic_parity": Term(
        "demographic parity",
        "Groups are treated alike if each gets the positive answer as often, whatever is true of its members.",
    ),
    "trigger": Term(
        "trigger",
        "What is added to every input: a border or a patch on a picture, a few words to a text. It is learned; the "
        "weights of the classifier stay as they are.",
    ),
    "probe": Term(
        "probe",
        "A second classifier that guesses the group. Shown the trigger on an empty input, it tells which group the "
        "trigger looks like.",
    ),
    "interval": Term(
        "95 % interval",
        "The range in which the true value plausibly lies. Other test rows would give another figure; of 100 such "
        "intervals about 95 contain the true value.",
    ),
}
"""By key, in the order of the page."""
