"""Controls: what stands beside every claim, and is not learned."""

from itertools import cycle, islice

from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.methods import NeutralWordsOptions, RandomTriggerOptions, RandomWordsOptions
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.text import TextTrigger, allowed_words, draw_words


class RandomTrigger:
    """The untrained trigger: what covering or shrinking the photo does by itself."""

    def __init__(self, options: RandomTriggerOptions) -> None:
        self.options = options

    def control(self, trigger: Trigger, classifier: object) -> Trigger:
        """The trigger to put in the learned one's place."""
        return trigger.untrained()


_RANDOM_SEED = 1_000_003  # added to the trigger's: other words than those it started from


class RandomWords:
    """Whole words drawn from the vocabulary: what any words in this place do."""

    def __init__(self, options: RandomWordsOptions) -> None:
        self.options = options

    def control(self, trigger: TextTrigger, classifier: Encoder) -> TextTrigger:
        """The trigger to put in the learned one's place."""
        trigger = trigger.attach_to(classifier)
        ids = allowed_words(classifier.words, trigger.options)
        return trigger.with_words(draw_words(ids, trigger.options.n_words, trigger.seed + _RANDOM_SEED))


class NeutralWords:
    """Words that say nothing: what the longer text and the moved positions do."""

    def __init__(self, options: NeutralWordsOptions) -> None:
        self.options = options

    def control(self, trigger: TextTrigger, classifier: Encoder) -> TextTrigger:
        """The trigger to put in the learned one's place."""
        ids = classifier.encode([self.options.words])[0, 1:-1].tolist()
        return trigger.attach_to(classifier).with_words(list(islice(cycle(ids), trigger.options.n_words)))
