"""The conditions of texts: no trigger, random words, neutral words, the trigger at every λ, rivals.

Notation: k texts, t tokens, l λ-values, m trigger words, w width of a word vector.
"""

import copy
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, cast

import torch
from torch import Tensor

from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.explain.conditions import Conditions, Rival
from fairprog_core.methods import NeutralWordsOptions, RandomWordsOptions
from fairprog_core.methods.controls import NeutralWords, RandomWords
from fairprog_core.metrics.explanations.gallery import TriggerWords, WordsNote
from fairprog_core.triggers.text import NO_WORD, TextTrigger

TRIGGER = -1  # origin of the trigger's tokens


class TextCondition(NamedTuple):
    """One condition: a name for the screen, the classifier, and the trigger in front of it, if any."""

    name: str
    classifier: Encoder
    trigger: TextTrigger | None = None
    lam: float = 0.0

    @torch.no_grad()
    def put(self, x: TextInput) -> TextInput:
        """The texts with the trigger, if there is one, as the classifier takes them."""
        if self.trigger is None:
            return x
        placed: TextInput = self.trigger(x, self.lam)
        return placed

    def origin(self, x: TextInput) -> Tensor:
        """The position in the text of every token that `put` returns, or `TRIGGER`: (k, t + m).

        The trigger itself places marks: tokens numbered from -2 down, below any id that a trigger inserts.
        """
        marks = NO_WORD - 1 - torch.arange(x.ids.shape[1], device=x.ids.device).expand_as(x.ids)
        ids = self.put(x._replace(ids=marks)).ids
        return torch.where(ids < NO_WORD, NO_WORD - 1 - ids, TRIGGER)


class TextConditions(Conditions[TextCondition]):
    """No trigger, random words, neutral words, then the trigger at every λ, then rivals; in this order.

    The given trigger is copied and does not change.
    """

    controls: ClassVar[tuple[str, str]] = ("random_words", "neutral_words")

    def __init__(
        self, classifier: Encoder, trigger: TextTrigger, lams: Sequence[float], rivals: Sequence[Rival] = ()
    ) -> None:
        self.classifier = classifier
        self.trigger = copy.deepcopy(trigger).requires_grad_(False).eval().attach_to(classifier)
        controls: dict[str, TextTrigger] = {
            "random words": RandomWords(RandomWordsOptions()).control(self.trigger, classifier),
            "neutral words": NeutralWords(NeutralWordsOptions()).control(self.trigger, classifier),
        }
        conditions = [
            TextCondition("without trigger", classifier),
            *(TextCondition(name, classifier, control.requires_grad_(False)) for name, control in controls.items()),
            *(TextCondition(f"λ = {lam:g}", classifier, self.trigger, lam) for lam in lams),
            *(TextCondition(rival.name, cast(Encoder, rival.classifier)) for rival in rivals),
        ]
        super().__init__(conditions, lams, rivals)

    def describe(self) -> WordsNote:
        """The words of the controls and of the trigger at every λ, and their position in the text."""
        random, neutral, *lam = (each.trigger.words(each.lam, self.classifier) for each in self if each.trigger)
        words: TriggerWords = {"random_words": random, "neutral_words": neutral, "lam": lam}
        lams = torch.tensor(self.lams, dtype=torch.float64)
        return {
            "trigger_words": words,
            "is_nearest": bool((self.trigger.token_ids(lams) == NO_WORD).any()),
            "position": self.trigger.options.position,
        }
