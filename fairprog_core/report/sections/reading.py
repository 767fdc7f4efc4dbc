"""What the trigger says: demographic classifiers read empty inputs that carry only the trigger, and controls."""

from dataclasses import dataclass, field

from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.drawing.along import Along, alongs
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.explanations import probe_of
from fairprog_core.report.figures.family import Family
from fairprog_core.report.figures.follow import Follow, fixed, follow
from fairprog_core.report.figures.line import Line
from fairprog_core.report.figures.probe_controls import most_moved, probe_controls, readers
from fairprog_core.report.wording import probe as words
from fairprog_core.results.explanations import Probe

NONE = (
    "What the trigger says was not computed for this curve. Run the study with the probe (--set explain.probe=true) to "
    "get it."
)
DAMAGED = "The saved probe of this curve is damaged. Run the study again to get it."
NO_TRIGGER = "This method has no trigger that could be read."
CHART = "P({group}) on the {null}, over λ; one line per classifier"
READERS = ("Classifier", "Right on test rows", "Without", "With the trigger")


@dataclass(frozen=True)
class Reading:
    """The section; ``problem`` says why there is none."""

    problem: str = ""
    conclusion: Follow = field(default_factory=lambda: fixed(""))
    controls: Follow = field(default_factory=lambda: fixed(""))
    title: str = ""
    charts: list[Along] = field(default_factory=list)
    columns: tuple[str, ...] = READERS
    rows: list[list[Follow]] = field(default_factory=list)


def reading(family: Family) -> Reading:
    """The probe of the first seed's curve, on its first empty input, for the group that the trigger moves most."""
    try:
        found = probe_of(family.first)
    except ArtifactError:
        return Reading(DAMAGED)
    if found is None or not found.classifiers:
        return Reading(NONE if family.first.trigger else NO_TRIGGER)
    null, n = found.nulls[0], len(found.lams)
    group = most_moved(found, null, family.chosen)
    name = found.groups[group]

    def conclusion(index: int) -> str:
        controls = probe_controls(found, null, group, index)
        return words.conclusion(readers(found, null, group, index), controls, null, name) if controls else ""

    def controls(index: int) -> str:
        read = probe_controls(found, null, group, index)
        return words.controls(read, null, name, found.collapsed_controls or ()) if read else ""

    return Reading(
        conclusion=follow(family.chosen, n, conclusion),
        controls=follow(family.chosen, n, controls),
        title=CHART.format(group=names.group(name), null=words.SPOKEN.get(null, null)),
        charts=alongs(_lines(found, null, group), found.lams, family.chosen, limits=(-0.04, 1.04)),
        rows=_rows(found, null, group, family.chosen),
    )


def _lines(found: Probe, null: str, group: int) -> list[Line]:
    lines = []
    for each in found.classifiers:
        read = each.probability[null]
        controls = {"without": read.without, **read.controls}
        lines.append(
            Line(
                each.name,
                {name: Estimate(values[group], None) for name, values in controls.items() if name in names.CONTROLS},
                [Estimate(values[group], None) for values in read.lam],
                collapsed=found.collapsed_controls or (),
            )
        )
    return lines


def _rows(found: Probe, null: str, group: int, chosen: int) -> list[list[Follow]]:
    rows = []
    for each in found.classifiers:
        read = each.probability[null]
        accuracy = Estimate.of(each.accuracy, each.accuracy_ci)
        along = [f"{values[group]:.2f}" for values in read.lam]
        rows.append([
            fixed(each.name), fixed(numbers.interval(accuracy, 2)), fixed(f"{read.without[group]:.2f}"),
            Follow(tuple(along), chosen),
        ])  # fmt: skip
    return rows
