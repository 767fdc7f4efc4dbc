"""The conditions of texts: no trigger, random words, words that say nothing, the trigger at every λ, rivals.

Notation: k texts, t tokens, l λ-values, m trigger words, w width of a word vector.
"""

import copy
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.explain.conditions import Conditions, Rival
from fairprog_core.methods import NeutralWordsOptions, RandomWordsOptions
from fairprog_core.methods.controls import NeutralWords, RandomWords
from fairprog_core.triggers.text import NO_WORD, TextTrigger

TRIGGER = -1  # where a token comes from that is the trigger's


class TextCondition(NamedTuple):
    """One condition: a name for the screen, what reads the texts, and what is put into them."""

    name: str
    classifier: Encoder
    trigger: TextTrigger | None = None
    lam: float = 0.0

    @torch.no_grad()
    def put(self, x: TextInput) -> TextInput:
        """Texts as the classifier reads them under this condition."""
        if self.trigger is None:
            return x
        placed: TextInput = self.trigger(x, self.lam)
        return placed

    def origin(self, x: TextInput) -> Tensor:
        """The place in the text that every token of `put` comes from, or `TRIGGER`: (k, t + m).

        Asked of the trigger itself: tokens are numbered from -2 down, below anything that a trigger puts in.
        """
        marks = NO_WORD - 1 - torch.arange(x.ids.shape[1], device=x.ids.device).expand_as(x.ids)
        ids = self.put(x._replace(ids=marks)).ids
        return torch.where(ids < NO_WORD, NO_WORD - 1 - ids, TRIGGER)


class TextConditions(Conditions[TextCondition]):
    """No trigger, random words, neutral words, then the trigger at every λ, then rivals; in this order.

    The trigger that is given is copied, not changed.
    """

    controls: ClassVar[tuple[str, str]] = ("random_words", "neutral_words")

    def __init__(
        self, classifier: Encoder, trigger: TextTrigger, lams: Sequence[float], rivals: Sequence[Rival] = ()
    ) -> None:
        self.classifier = classifier
        self.trigger = copy.deepcopy(trigger).requires_grad_(False).eval().attach_to(classifier)
        controls: dict[str, Any] = {
            "random words": RandomWords(RandomWordsOptions()).control(self.trigger, classifier),
            "neutral words": NeutralWords(NeutralWordsOptions()).control(self.trigger, classifier),
        }
        conditions = [
            TextCondition("without trigger", classifier),
            *(TextCondition(name, classifier, control.requires_grad_(False)) for name, control in controls.items()),
            *(TextCondition(f"λ = {lam:g}", classifier, self.trigger, lam) for lam in lams),
            *(TextCondition(rival.name, rival.classifier) for rival in rivals),
        ]
        super().__init__(conditions, lams, rivals)

    def describe(self) -> dict[str, Any]:
        """The trigger's words under every condition but the first, where they stand, and whether they are only near.

        ``is_nearest``: the trigger's vectors are no words, and the words told are the nearest to them.
        """
        triggers = [(one.trigger, one.lam) for one in self if one.trigger is not None]
        words = self.by_condition([[], *(trigger.words(lam, self.classifier) for trigger, lam in triggers)])
        del words["without"]
        lams = torch.tensor(self.lams, dtype=torch.float64)
        return {
            "trigger_words": words,
            "is_nearest": bool((self.trigger.token_ids(lams) == NO_WORD).any()),
            "position": self.trigger.options.position,
        }
