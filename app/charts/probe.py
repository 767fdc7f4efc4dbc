"""What demographic classifiers read in null pictures along λ, and what the base's features tell about the group."""

from app.charts.along import along, line
from app.charts.plot import Plot
from app.models.explanations import ConditionFigures, DemographicClassifier, Probe
from app.models.line import Line
from app.wording import probe as words
from app.wording.shared import common
from fairprog_core.metrics.intervals import Estimate


def lines(probe: Probe, null: str, group: int) -> list[Line]:
    """One line per demographic classifier: P(group | null picture + trigger)."""
    return [_line(each, null, group) for each in probe.classifiers]


def now(probe: Probe, null: str, index: int) -> list[list[float]]:
    """P of all groups that each demographic classifier reads at one λ."""
    return [each.along[null][index] for each in probe.classifiers]


def probability(probe: Probe, null: str, group: int, picked: int) -> Plot:
    """P(group | null + trigger) along λ, one line per classifier.

    Args:
        probe: of a curve.
        null: name of a null picture.
        group: index of a group.
        picked: index of the λ that carries the marker.
    """
    name = common.group(probe.groups[group])
    return along(
        lines(probe, null, group), probe.lams, y_title=words.axis(name), label=words.label(name, null),
        picked=picked, limits=(-0.04, 1.04), height=420,
    )  # fmt: skip


def readings(probe: Probe) -> dict[str, Line]:
    """By kind of reader, how well it reads the group; those that were not measured are missing."""
    return {kind: line(name, probe.readers[kind]) for kind, name in words.READERS.items() if kind in probe.readers}


def reading_lines(probe: Probe) -> list[Line]:
    """The lines of the chart of readers; none where nothing was measured."""
    return list(readings(probe).values())


def reading(probe: Probe, picked: int) -> Plot:
    """How well the group can be read from what the base computes, along λ, against chance."""
    return along(
        reading_lines(probe), probe.lams, y_title=words.READING_AXIS, label=words.READING_LABEL,
        picked=picked, chance=probe.chance, height=400,
    )  # fmt: skip


def _line(classifier: DemographicClassifier, null: str, group: int) -> Line:
    controls = {name: Estimate(read[group], None) for name, read in classifier.controls[null].items()}
    figures = ConditionFigures(controls, [Estimate(read[group], None) for read in classifier.along[null]])
    return line(words.classifier(classifier), figures)
