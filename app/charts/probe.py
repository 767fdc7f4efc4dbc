"""What demographic classifiers read in null pictures along λ, and what the base's features tell about the group."""

from collections.abc import Mapping
from typing import Any

from app.charts.along import along, line
from app.charts.plot import Plot
from app.models.line import Line
from app.wording import probe as words
from app.wording.shared import common


def lines(probe: Mapping[str, Any], null: str, group: int) -> list[Line]:
    """One line per demographic classifier: P(group | null picture + trigger)."""
    return [_line(each, null, group) for each in probe["classifiers"]]


def now(probe: Mapping[str, Any], null: str, index: int) -> list[list[float]]:
    """P of all groups that each demographic classifier reads at one λ."""
    return [each["probability"][null]["lam"][index] for each in probe["classifiers"]]


def probability(probe: Mapping[str, Any], null: str, group: int, picked: int) -> Plot:
    """P(group | null + trigger) along λ, one line per classifier.

    Args:
        probe: ``curve.probe`` of a result.
        null: name of a null picture.
        group: index of a group.
        picked: index of the λ that carries the marker.
    """
    name = common.group(probe["groups"][group])
    return along(
        lines(probe, null, group), probe["lams"], y_title=words.axis(name), label=words.label(name, null),
        picked=picked, limits=(-0.04, 1.04), height=420,
    )  # fmt: skip


def readings(probe: Mapping[str, Any]) -> dict[str, Line]:
    """By kind of reader, how well it reads the group; those that were not measured are missing."""
    return {kind: line(name, probe[kind]) for kind, name in words.READERS.items() if probe.get(kind)}


def reading_lines(probe: Mapping[str, Any]) -> list[Line]:
    """The lines of the chart of readers; none where nothing was measured."""
    return list(readings(probe).values())


def reading(probe: Mapping[str, Any], picked: int) -> Plot:
    """How well the group can be read from what the base computes, along λ, against chance."""
    return along(
        reading_lines(probe), probe["lams"], y_title=words.READING_AXIS, label=words.READING_LABEL,
        picked=picked, chance=probe["reading"]["chance"], height=400,
    )  # fmt: skip


def _line(classifier: Mapping[str, Any], null: str, group: int) -> Line:
    found = classifier["probability"][null]
    picked = {name: values[group] for name, values in found.items() if name != "lam" and values is not None}
    return line(words.classifier(classifier), picked | {"lam": [values[group] for values in found["lam"]]})
