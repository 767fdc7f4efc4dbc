"""Controls: what stands beside every claim, and is not learned."""

from fairprog_core.methods import RandomTriggerOptions
from fairprog_core.triggers.base import Trigger


class RandomTrigger:
    """The untrained trigger: what covering or shrinking the photo does by itself."""

    def __init__(self, options: RandomTriggerOptions) -> None:
        self.options = options

    def control(self, trigger: Trigger, classifier: object) -> Trigger:
        """The trigger to put in the learned one's place."""
        return trigger.untrained()
