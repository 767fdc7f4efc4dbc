"""One sentence under several conditions: the data of the sentence widget."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SentenceRow:
    """A sentence under one condition.

    Attributes:
        name: of the condition.
        note: below the name.
        values: one attribution per word.
        trigger: the words added to the text; empty without a trigger.
        trigger_values: one attribution per trigger word.
        probability: of the explained class.
        prediction: the predicted class, and whether it is right; shown below the probability.
        convergence: the convergence delta; shown below the prediction.
        has_converged: whether the delta is within its tolerance, so that the attributions are valid.
        description: the row as a sentence, for screen readers.
        lam: index of its λ; -1 where it has none.
        badge: the label of the trigger words.
        is_nearest: whether the words are the nearest ones to learned vectors.
    """

    name: str
    note: str
    values: Sequence[float]
    trigger: Sequence[str]
    trigger_values: Sequence[float]
    probability: float
    prediction: str
    convergence: str
    has_converged: bool
    description: str
    lam: int = -1
    badge: str = ""
    is_nearest: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence under several conditions.

    Attributes:
        title: above the sentence.
        words: of the text, as written.
        is_identity: for each word, whether it names an identity.
        end: a note after the last word: the text is cut, or it is empty.
        first: the rows above the controls: without a trigger, and the rivals.
        controls: the rows of the controls, which can be folded.
        folded: the summary of the folded controls.
        rows: one row per λ; the widget shows some of them.
        is_behind: whether the trigger follows the text.
        scale: the largest absolute attribution in any row.
    """

    title: str
    words: Sequence[str]
    is_identity: Sequence[bool]
    end: str
    first: Sequence[SentenceRow]
    controls: Sequence[SentenceRow]
    folded: str
    rows: Sequence[SentenceRow]
    is_behind: bool
    scale: float
