"""Where the names of points stand: beside their point, and not over each other or over other points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_LETTER, _HEIGHT = 7.3, 16.0  # px of a letter on average, and of a line
_GAP = 13.0  # px between a point and its name
_OUTSIDE = 1000.0  # what it costs to leave the chart, in px² of an overlap

Rectangle: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Label:
    """A name and the middle of its baseline."""

    text: str
    x: float
    y: float


def placed(
    wanted: Sequence[tuple[str, float, float]], points: Sequence[tuple[float, float]], frame: Rectangle
) -> list[Label]:
    """Each name where it covers least: above its point, below it, or beside it.

    Args:
        wanted: name and point (x, y) each, the most important first.
        points: all points of the chart.
        frame: of the chart.
    """
    taken: list[Rectangle] = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    found = []
    for text, x, y in wanted:
        width = _LETTER * len(text)
        shifts = (
            (0, -_GAP), (0, _GAP + _HEIGHT - 4), (-width / 2 - _GAP, 5), (width / 2 + _GAP, 5),
            (-width / 2 + 8, -_GAP), (-width / 2 + 8, _GAP + _HEIGHT - 4), (0, -_GAP - _HEIGHT),
            (0, _GAP + 2 * _HEIGHT - 4),
        )  # fmt: skip
        places = [Label(text, min(x + dx, frame[2] - width / 2), y + dy) for dx, dy in shifts]
        best = min(places, key=lambda label: _cost(_rectangle(label, width), taken, frame))
        taken.append(_rectangle(best, width))
        found.append(Label(text, round(best.x, 1), round(best.y, 1)))
    return found


def _rectangle(label: Label, width: float) -> Rectangle:
    return label.x - width / 2, label.y - _HEIGHT + 4, label.x + width / 2, label.y + 4


def _cost(box: Rectangle, taken: Sequence[Rectangle], frame: Rectangle) -> float:
    overlap = sum(_shared(box, other, 0) * _shared(box, other, 1) for other in taken)
    is_outside = box[0] < frame[0] or box[1] < frame[1] or box[2] > frame[2] + 1 or box[3] > frame[3]
    return overlap + _OUTSIDE * is_outside


def _shared(box: Rectangle, other: Rectangle, axis: int) -> float:
    """The length that two rectangles share along an axis."""
    return max(0.0, min(box[2 + axis], other[2 + axis]) - max(box[axis], other[axis]))
