"""One figure along λ, shared by charts and wording."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fairprog_core.metrics.explanations.paired import PairedDifferences
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.report.figures.names import rival as name_of_rival

CONTROLS = ("without", "untrained", "black", "random_words", "neutral_words")


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


def line(
    name: str,
    found: ConditionFigures,
    rivals: Mapping[str, float] | None = None,
    paired: Mapping[str, PairedDifferences] | None = None,
    collapsed: Collection[str] | None = None,
) -> Line:
    """Build a line from figures under every condition.

    Args:
        name: in the legend and the table.
        found: the figures.
        rivals: by the method of a rival, the λ that it was trained with.
        paired: the trigger against other conditions on the same rows.
        collapsed: names of the controls that have collapsed; None: not known.
    """
    controls = {control: found.of[control] for control in CONTROLS if control in found.of}
    levels = {name_of_rival(rival, lam): found.of[rival] for rival, lam in (rivals or {}).items() if rival in found.of}
    return Line(name, controls, found.along, levels, paired or {}, collapsed or ())
