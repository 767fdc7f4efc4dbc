"""Charts of the page Probe along λ: predictions of demographic classifiers, and accuracies of linear probes."""

from collections.abc import Collection

from app.charts.along import along
from app.charts.plot import Plot
from app.wording import probe as words
from app.wording.shared import common
from fairprog_core.metrics.explanations.probe import DemographicPrediction
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.report.figures.line import Line, line
from fairprog_core.results.explanations import Probe


def lines(probe: Probe, null: str, group: int) -> list[Line]:
    """P(group | null input + trigger) along λ: one line per demographic classifier."""
    return [_line(each, null, group, probe.collapsed_controls) for each in probe.classifiers]


def now(probe: Probe, null: str, index: int) -> list[list[float]]:
    """P of every group at one λ: one list per demographic classifier."""
    return [each.probability[null].lam[index] for each in probe.classifiers]


def probability(probe: Probe, null: str, group: int, picked: int) -> Plot:
    """Chart of P(group | null input + trigger) along λ, one line per demographic classifier.

    Args:
        probe: of a curve.
        null: name of a null input.
        group: index of a group.
        picked: index of the λ with the marker.
    """
    name = common.group(probe.groups[group])
    return along(
        lines(probe, null, group), probe.lams, y_title=words.axis(name),
        label=words.label(name, null), picked=picked, limits=(-0.04, 1.04), height=420,
    )  # fmt: skip


def readings(probe: Probe) -> dict[str, Line]:
    """The accuracy of every measured linear probe along λ, by the probe's key."""
    linear = probe.linear
    found = {"reading": linear.reading, "reading_fixed": linear.reading_fixed, "reading_logits": linear.reading_logits}
    return {
        kind: line(
            name,
            ConditionFigures.of_means(each.accuracy),
            paired=linear.paired.get(kind),
            collapsed=probe.collapsed_controls,
        )
        for kind, name in words.READERS.items()
        if (each := found[kind])
    }


def reading_lines(probe: Probe) -> list[Line]:
    """The lines of the chart of linear probes; empty where none was measured."""
    return list(readings(probe).values())


def reading(probe: Probe, picked: int) -> Plot:
    """Chart of the accuracy of linear probes for the group along λ, with the level of chance."""
    chance = probe.linear.reading.chance if probe.linear.reading else None
    return along(
        reading_lines(probe), probe.lams, y_title=words.READING_AXIS, label=words.READING_LABEL,
        picked=picked, chance=chance, height=400,
    )  # fmt: skip


def _line(classifier: DemographicPrediction, null: str, group: int, collapsed: Collection[str] | None) -> Line:
    found = classifier.probability[null]
    controls = {name: Estimate(read[group], None) for name, read in found.alone().items()}
    figures = ConditionFigures(controls, [Estimate(read[group], None) for read in found.lam])
    return line(words.classifier(classifier), figures, collapsed=collapsed)
