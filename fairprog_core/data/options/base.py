"""What the options of all data sets share."""

from collections.abc import Mapping
from typing import Any, ClassVar

from fairprog_core.common.options import Modality
from fairprog_core.common.registry import EntryOptions


class DatasetOptions(EntryOptions):
    """Base of the options of data sets.

    Attributes:
        modality: the kind of input. A class attribute, or a property where it depends on the values; then
            `modality_in` says it before the options are built.
        seconds_per_row: to make a row or to read it for the first time, on one core, roughly.
    """

    modality: ClassVar[Modality] = "image"
    seconds_per_row: ClassVar[float] = 0.001

    @classmethod
    def modality_in(cls, values: Mapping[str, object]) -> Modality:
        """The modality of the data set with these values, which need not be complete or allowed."""
        return cls.modality


def names(value: Any) -> Any:
    """Split a text with names separated by commas into a tuple; return any other value unchanged."""
    return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value
