"""A model of pictures after it was opened, whatever it came from.

Notation: k rows, m outputs of the model, h×w its input.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from fairprog_core.classifiers.image_model.reading import PictureReading


@dataclass(frozen=True)
class OpenedModel:
    """A model of pictures, in evaluation mode.

    Attributes:
        net: pictures (k, 3, h, w), normalised, -> logits (k, m); -> features where ``head`` is given.
        architecture: JSON values from which `architecture.rebuild` makes the same net, with other weights.
        reading: how it reads pictures.
        where: the model, for errors, e.g. "The model in vit/".
        names: its own names of its m outputs; empty: it has none.
        is_multi_label: whether each output answers yes or no for itself.
        head: its last linear layer, if that is no part of ``net``.
        notes: what was understood of its file, for the screen.
    """

    net: nn.Module
    architecture: dict[str, Any]
    reading: PictureReading
    where: str
    names: tuple[str, ...] = ()
    is_multi_label: bool = False
    head: nn.Linear | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_code(self) -> bool:
        """Whether it is what its author programmed, and not a net of a library."""
        return self.architecture["kind"] in ("script", "export", "factory")

    @property
    def is_program(self) -> bool:
        """Whether it shows no inner layers."""
        return self.architecture["kind"] in ("script", "export")


class LogitsOnly(nn.Module):
    """A model of transformers that returns its logits alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.model(pixel_values=x).logits
        return logits
