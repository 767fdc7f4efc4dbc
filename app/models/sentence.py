"""One sentence under several conditions, as the widget draws it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SentenceRow:
    """A sentence under one condition.

    Attributes:
        name: of the condition.
        note: below the name.
        values: one attribution per word.
        trigger: the words that join the text; empty without trigger.
        trigger_values: their attributions.
        probability: of the class that is explained.
        said: below the probability: the answer, and whether it is right.
        made: below that: the convergence delta.
        is_sound: whether the attributions may be read.
        spoken: the row for screen readers.
        lam: index of its λ; -1 where it has none.
        badge: what the words that join the text are.
        is_nearest: whether these words stand for vectors.
    """

    name: str
    note: str
    values: Sequence[float]
    trigger: Sequence[str]
    trigger_values: Sequence[float]
    probability: float
    said: str
    made: str
    is_sound: bool
    spoken: str
    lam: int = -1
    badge: str = ""
    is_nearest: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence under several conditions.

    Attributes:
        title: above it.
        words: of the text, as written.
        is_identity: for each word, whether it names an identity.
        end: stands behind the last word: that the text is cut, or that it is empty.
        first: the rows above the controls.
        controls: the rows that can be folded away.
        folded: what stands for them when they are.
        rows: the rows for every λ, of which some are shown.
        is_behind: whether the trigger stands behind the text.
        scale: the largest size of an attribution in any row.
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
