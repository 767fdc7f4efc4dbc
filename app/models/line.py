"""One figure along λ, as a chart draws it and wording reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairprog_core.metrics.intervals import Estimate


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: for the legend and the table.
        controls: by name of the control; those that were not measured are missing.
        along: the figure at every λ (k).
        rivals: by their name on the screen.
    """

    name: str
    controls: Mapping[str, Estimate]
    along: Sequence[Estimate]
    rivals: Mapping[str, Estimate] = field(default_factory=dict)
