"""A trigger at one λ, as a module from inputs to inputs."""

from typing import Any

from torch import nn

from fairprog_core.classifiers.base import Classifier
from fairprog_core.triggers.base import ReprogrammedClassifier, Trigger


class FixedTrigger(nn.Module):
    """A trained trigger at one λ: inputs in, inputs with the trigger out.

    Attributes:
        trigger: the trigger for every λ.
        lam: λ.
    """

    def __init__(self, trigger: Trigger, lam: float) -> None:
        """Fix λ.

        Args:
            trigger: a trained trigger.
            lam: in the range that it was trained for.

        Raises:
            ConfigError: λ is outside of that range, or no number.
        """
        super().__init__()
        self.lam = trigger.check_lam(lam)
        self.trigger = trigger

    def wrap(self, classifier: Classifier) -> ReprogrammedClassifier:
        """The classifier with this trigger, as a module from inputs to logits.

        Raises:
            ConfigError: the trigger was made for inputs of another size.
        """
        return self.trigger.wrap(classifier, lam=self.lam)

    def forward(self, x: Any) -> Any:
        """Apply the trigger to inputs of the classifier: (k, 3, s, s) in [0, 1], or k texts."""
        return self.trigger(x, self.lam)
