"""How figures are written: values with their intervals, changes, shares, durations."""

from fairprog_core.metrics.intervals import Estimate, EstimateJson

NOT_ESTIMABLE = "not estimable"


def number(value: float | None, digits: int = 3) -> str:
    """A figure for the screen; "not estimable" if it is None."""
    return NOT_ESTIMABLE if value is None else f"{value:.{digits}f}"


def seconds(value: float | None) -> str:
    """A duration for the screen: ``95.2`` -> "1 min 35 s"; empty when unknown."""
    if value is None:
        return ""
    minutes, rest = divmod(round(max(value, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def interval(found: Estimate, digits: int = 3) -> str:
    """``0.871 [0.860, 0.882]``; "not estimable" if there is no value."""
    if found.value is None:
        return NOT_ESTIMABLE
    return f"{signed(found.value, digits)}{brackets(found, digits)}"


def difference(found: Estimate, digits: int = 3) -> str:
    """``+0.045 [0.036, 0.056]``: a known difference and its interval."""
    return f"{signed(found.value or 0.0, digits, plus=True)}{brackets(found, digits)}"


def brackets(found: Estimate, digits: int = 3) -> str:
    """`` [0.860, 0.882]``, or nothing if there is no interval."""
    return "" if found.ci is None else f" [{signed(found.ci[0], digits)}, {signed(found.ci[1], digits)}]"


def ends(found: EstimateJson) -> tuple[float, float]:
    """Both ends of an interval; if there is none, the value twice."""
    value = found["value"] or 0.0
    low, high = found["ci"] or (value, value)
    return low, high


def percent(found: Estimate) -> tuple[str, str]:
    """A known share and its interval: ``("29 %", "[19, 39]")``; the interval is empty if there is none."""
    ends = [signed(100 * end, 0) for end in found.ci or ()]
    return f"{signed(100 * (found.value or 0.0), 0)} %", f"[{', '.join(ends)}]" if ends else ""


def signed(value: float, digits: int = 3, *, plus: bool = False) -> str:
    """A number with a true minus sign; with ``plus`` also with a plus sign, for changes."""
    text = f"{abs(value):.{digits}f}"
    is_zero = float(text) == 0
    sign = "" if is_zero else "−" if value < 0 else "+" if plus else ""
    return f"{sign}{text}"
