"""A trigger at one λ and a user's own model as one ``torch.nn.Module``.

Notation: k rows, c classes, s image side.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from fairprog_core.classifiers.own.classifier import OwnClassifier
from fairprog_core.classifiers.own.lending import device_of
from fairprog_core.classifiers.own.pictures import OwnPictureClassifier
from fairprog_core.classifiers.predict import evaluating
from fairprog_core.common.errors import ConfigError, shown

if TYPE_CHECKING:
    from fairprog_core.triggers.base import Trigger


class TriggeredModel(nn.Module):
    """A trigger at one λ in front of a model that stays as it is: inputs in, logits (k, c) out, differentiable.

    Inputs are pictures (k, 3, s, s), floats in [0, 1] or uint8, and ``preprocess`` is applied after the trigger; or
    texts, a list of strings or what the tokenizer made of them, padded on the right. The model computes in evaluation
    mode, whatever mode it is in before and afterwards. A model with a single logit gives two: 0 and that one.
    """

    def __init__(self, trigger: "Trigger", classifier: OwnClassifier, lam: float) -> None:
        super().__init__()
        own = deepcopy(trigger).requires_grad_(False).to(device_of(classifier.model))
        self.trigger, self.classifier, self.lam = own.attach_to(classifier), classifier, lam

    def forward(self, x: Any) -> Tensor:
        with evaluating(self.classifier):
            logits: Tensor = self.classifier(self.trigger(self.classifier.batch(x), self.lam))
        return logits


def in_front_of(
    trigger: "Trigger",
    model: nn.Module,
    lam: float,
    *,
    tokenizer: Any = None,
    max_length: int | None = None,
    preprocess: Callable[[Tensor], Any] | None = None,
) -> TriggeredModel:
    """The trigger in front of a user's own model; see `Trigger.wrap`.

    Raises:
        ConfigError: an argument is missing, or belongs to the other kind of inputs.
        ModelError: the model is no sequence classifier of Hugging Face, or reads too few tokens.
    """
    if not isinstance(model, nn.Module):
        raise ConfigError(f"model is {shown(model)}; give a torch.nn.Module from inputs to logits.")
    if trigger.options.modality == "image":
        if tokenizer is not None or max_length is not None:
            raise ConfigError(
                "The trigger is one on pictures; tokenizer= and max_length= are for texts, leave them out."
            )
        size = trigger.input_spec["image_size"]
        pictures = OwnPictureClassifier(model, n_classes=0, image_size=size, preprocess=preprocess)
        return TriggeredModel(trigger, pictures, lam)
    if preprocess is not None or tokenizer is None:
        raise ConfigError("The trigger is one on texts; give the model's tokenizer= and no preprocess=.")
    from fairprog_core.classifiers.own.texts import MAX_LENGTH, fast_tokens, wrap_texts  # brings transformers

    longest = max_length or trigger.max_length or MAX_LENGTH
    return TriggeredModel(trigger, wrap_texts(model, fast_tokens(tokenizer, longest), max_length=longest), lam)
