"""What demographic classifiers read in null pictures along λ, and what the base's features tell about the group."""

from app.charts.along import along, line
from app.charts.plot import Plot
from app.models.explanations import ConditionFigures
from app.models.line import Line
from app.wording import probe as words
from app.wording.shared import common
from fairprog_core.metrics.explanations.probe import DemographicPrediction
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.explanations import Probe


def lines(probe: Probe, null: str, group: int) -> list[Line]:
    """One line per demographic classifier: P(group | null picture + trigger)."""
    return [_line(each, null, group) for each in probe.classifiers]


def now(probe: Probe, null: str, index: int) -> list[list[float]]:
    """P of all groups that each demographic classifier reads at one λ."""
    return [each.probability[null].lam[index] for each in probe.classifiers]


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
    linear = probe.linear
    found = {"reading": linear.reading, "reading_fixed": linear.reading_fixed, "reading_logits": linear.reading_logits}
    return {
        kind: line(name, ConditionFigures.of_means(each.accuracy))
        for kind, name in words.READERS.items()
        if (each := found[kind])
    }


def reading_lines(probe: Probe) -> list[Line]:
    """The lines of the chart of readers; none where nothing was measured."""
    return list(readings(probe).values())


def reading(probe: Probe, picked: int) -> Plot:
    """How well the group can be read from what the base computes, along λ, against chance."""
    chance = probe.linear.reading.chance if probe.linear.reading else None
    return along(
        reading_lines(probe), probe.lams, y_title=words.READING_AXIS, label=words.READING_LABEL,
        picked=picked, chance=chance, height=400,
    )  # fmt: skip


def _line(classifier: DemographicPrediction, null: str, group: int) -> Line:
    found = classifier.probability[null]
    controls = {name: Estimate(read[group], None) for name, read in found.alone().items()}
    figures = ConditionFigures(controls, [Estimate(read[group], None) for read in found.lam])
    return line(words.classifier(classifier), figures)
