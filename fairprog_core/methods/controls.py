"""Controls: triggers that are not learned, with which every learned trigger is compared."""

from itertools import cycle, islice
from typing import TYPE_CHECKING

from fairprog_core.methods import NeutralWordsOptions, RandomTriggerOptions, RandomWordsOptions
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.text import TextTrigger, allowed_words, draw_words

if TYPE_CHECKING:
    from fairprog_core.classifiers.encoder.classifier import Encoder  # brings transformers, which pictures do not need


class RandomTrigger:
    """The untrained trigger: the effect of covering or shrinking the photo alone."""

    def __init__(self, options: RandomTriggerOptions) -> None:
        self.options = options

    def control(self, trigger: Trigger, classifier: object) -> Trigger:
        """The trigger that replaces the learned one."""
        return trigger.untrained()


_RANDOM_SEED = 1_000_003  # added to the trigger's seed: other words than its start words


class RandomWords:
    """Whole words drawn from the vocabulary: the effect of arbitrary words at this position."""

    def __init__(self, options: RandomWordsOptions) -> None:
        self.options = options

    def control(self, trigger: TextTrigger, classifier: "Encoder") -> TextTrigger:
        """The trigger that replaces the learned one."""
        trigger = trigger.attach_to(classifier)
        ids = allowed_words(classifier.words, trigger.options)
        return trigger.with_words(draw_words(ids, trigger.options.n_words, trigger.seed + _RANDOM_SEED))


class NeutralWords:
    """Neutral words: the effect of a longer text and shifted positions."""

    def __init__(self, options: NeutralWordsOptions) -> None:
        self.options = options

    def control(self, trigger: TextTrigger, classifier: "Encoder") -> TextTrigger:
        """The trigger that replaces the learned one."""
        ids = classifier.tokens.inner(classifier.encode([self.options.words])[0]).tolist()
        return trigger.attach_to(classifier).with_words(list(islice(cycle(ids), trigger.options.n_words)))
