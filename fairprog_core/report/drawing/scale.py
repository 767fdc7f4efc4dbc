"""Axes: from values to pixels, and round ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: its pixel and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """A linear axis.

    Attributes:
        low: value at ``start``.
        high: value at ``end``.
        start: pixel.
        end: pixel; below ``start`` for an axis that points up.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value, at most at the ends of the axis."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, n: int = 5) -> list[Tick]:
        """About n round marks."""
        step = _round_step((self.high - self.low) or 1.0, n)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        digits = max(0, -floor(log10(step) + 1e-9))
        return [Tick(self.at(i * step), f"{i * step:.{digits}f}".replace("-", "−")) for i in range(first, last + 1)]


def padded(values: Sequence[float], share: float = 0.08, least: float = 0.02) -> tuple[float, float]:
    """Both ends of an axis that shows all values."""
    low, high = min(values), max(values)
    pad = share * max(high - low, least)
    return low - pad, high + pad


def _round_step(span: float, n: int) -> float:
    rough = span / n
    power: float = 10 ** floor(log10(rough))
    return next((times * power for times in (1, 2, 5) if times * power >= rough * 0.999), 10 * power)
