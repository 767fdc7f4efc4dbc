"""The inputs of a user's own model: what depends on the modality, and nothing else in this package does.

A modality converts x to the rows of a split and wraps the model as an `OwnClassifier`.

Notation: n rows.
"""

from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray
from torch import nn

from fairprog_core.classifiers.own.classifier import OwnClassifier
from fairprog_core.common.options import Modality


class Inputs(Protocol):
    """How inputs of one modality are converted, and the user's model is wrapped."""

    modality: ClassVar[Modality]

    def rows(self, x: Any, what: str) -> NDArray[Any]:
        """Inputs as the user has them -> ``Split.x`` of n rows.

        Args:
            x: n inputs.
            what: how errors name them.

        Raises:
            DataError: they are no inputs of this modality.
        """

    def spec(self, x: NDArray[Any]) -> dict[str, int]:
        """The size of rows that `rows` returned, as far as a model cannot tell it."""

    def wrap(self, model: nn.Module, **spec: int) -> OwnClassifier:
        """The model as a classifier of rows of this size; its ``n_classes`` is not set yet.

        Args:
            model: the user's.
            spec: as of `spec`, or the ``input_spec`` of a saved trigger.
        """

    def to_json(self) -> dict[str, Any]:
        """What has to be given again when the object is loaded, for the check of `load_reprogrammed`."""
