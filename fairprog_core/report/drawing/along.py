"""A figure along λ with its controls to the left: points with intervals, a ring at the shown λ.

Notation: k λ-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.drawing.scale import Scale, Tick, padded
from fairprog_core.report.figures import names
from fairprog_core.report.figures.follow import Follow, follow
from fairprog_core.report.figures.line import Line

SIZES = ((430, 240), (350, 240))
_NAME, _LAM = 56.0, 26.0  # px that the name of a control takes, and that of a λ
OFF = "translate(-99,-99)"


@dataclass(frozen=True)
class Dot:
    """A value with its interval, in pixels."""

    x: float
    y: float
    top: float
    bottom: float
    is_collapsed: bool = False


@dataclass(frozen=True)
class DrawnLine:
    """One line: its points along λ, its controls and the ring."""

    name: str
    points: list[Dot]
    controls: list[Dot]
    path: str
    ring: Follow


@dataclass(frozen=True)
class Along:
    """The chart for one width.

    Attributes:
        x_ticks: λ.
        names: of the controls, in up to two lines each.
        level: pixel of a level that means nothing, such as guessing; None where there is none.
        split: pixel between the controls and λ.
    """

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: list[Tick]
    names: list[tuple[float, list[str]]]
    y_ticks: list[Tick]
    lines: list[DrawnLine]
    level: float | None
    split: float | None


def alongs(
    lines: Sequence[Line], lams: Sequence[float], chosen: int, *, level: float | None = None,
    limits: tuple[float, float] | None = None,
) -> list[Along]:  # fmt: skip
    """The chart for each width.

    Args:
        lines: at least one, all over the same λ.
        lams: the k values.
        chosen: index of the chosen λ.
        level: of guessing, or of a flat map.
        limits: of the vertical axis; None: all intervals fit.
    """
    return [_along(lines, lams, chosen, level, limits, *size) for size in SIZES]


def _along(
    lines: Sequence[Line], lams: Sequence[float], chosen: int, level: float | None,
    limits: tuple[float, float] | None, width: int, height: int,
) -> Along:  # fmt: skip
    controls = [name for name in names.CONTROLS if any(name in line.controls for line in lines)]
    left, right, top, bottom = 44.0, width - 12.0, 12.0, height - 44.0
    start = left + _NAME * len(controls)
    apart = (right - start) / len(lams)
    known = [each for line in lines for each in (*line.controls.values(), *line.along) if each.value is not None]
    ends = [end for each in known for end in _ends(each)] + ([level] if level is not None else [])
    y = Scale(*(limits or padded(ends or [0.0, 1.0], 0.12)), bottom, top)
    places = {name: left + _NAME * (i + 0.5) for i, name in enumerate(controls)}
    at_lam = [round(start + apart * (i + 0.5), 1) for i in range(len(lams))]
    every = ceil(_LAM / apart)
    return Along(
        width, height, left, right, top, bottom,
        [Tick(px, names.lam(lam)) for i, (px, lam) in enumerate(zip(at_lam, lams, strict=True)) if i % every == 0],
        [(px, names.CONTROLS[name].split(" ")) for name, px in places.items()],
        y.ticks(4),
        [_line(line, places, at_lam, y, chosen) for line in lines],
        None if level is None else y.at(level),
        start if controls else None,
    )  # fmt: skip


def _line(line: Line, places: dict[str, float], at_lam: Sequence[float], y: Scale, chosen: int) -> DrawnLine:
    dots = [_dot(px, each, y) for px, each in zip(at_lam, line.along, strict=True)]
    known = [dot for dot in dots if dot]
    controls = [
        dot
        for name, px in places.items()
        if name in line.controls and (dot := _dot(px, line.controls[name], y, is_collapsed=name in line.collapsed))
    ]
    path = "".join(f"{'L' if i else 'M'}{dot.x:g} {dot.y:g}" for i, dot in enumerate(known))

    def ring(index: int) -> str:
        dot = dots[index]
        return f"translate({dot.x:g},{dot.y:g})" if dot else OFF

    return DrawnLine(line.name, known, controls, path, follow(chosen, len(dots), ring))


def _dot(x: float, found: Estimate, y: Scale, *, is_collapsed: bool = False) -> Dot | None:
    if found.value is None:
        return None
    low, high = _ends(found)
    return Dot(x, y.at(found.value), y.at(high), y.at(low), is_collapsed)


def _ends(found: Estimate) -> tuple[float, float]:
    value = found.value or 0.0
    return found.ci or (value, value)
