"""One figure along λ, shared by charts and wording."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fairprog_core.metrics.explanations.paired import PairedDifferences
from fairprog_core.metrics.intervals import Estimate


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: in the legend and the table.
        controls: the figure of each measured control, by its name.
        along: the figure at every λ (k).
        rivals: the figure of each rival, by its name on the screen.
        paired: the trigger against other conditions on the same rows; empty where the run did not keep them.
        collapsed: names of the controls that are known to have collapsed.
    """

    name: str
    controls: Mapping[str, Estimate]
    along: Sequence[Estimate]
    rivals: Mapping[str, Estimate] = field(default_factory=dict)
    paired: Mapping[str, PairedDifferences] = field(default_factory=dict)
    collapsed: Collection[str] = ()
