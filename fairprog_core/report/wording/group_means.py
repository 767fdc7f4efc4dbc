"""Sentences about where a classifier looks on average: whether a run shows what the paper's figures show."""

from collections.abc import Iterable, Mapping, Sequence

from fairprog_core.metrics.explanations.paired import PairedDifferences
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures import names, numbers
from fairprog_core.report.figures.line import Line

ON_REGION = "{share} on {region}"
ON_TRIGGER = "{share} on the trigger"
MOVED = "{difference} on {region}"

AS_IN = (
    "**As in the paper's Figure {figure}**: at λ = {lam} {what} {verb} from {before} to {now}, clearly more than with "
    "every control ({controls})."
)
SHARE = "{name} alone {makes} {share} of the move."
NO_MOVE = "**Not as in the paper's Figure {figure}**: at λ = {lam} {what} does not clearly {verb} ({before} → {now})."
NOT_MORE = (
    "**Not as in the paper's Figure {figure}**: at λ = {lam} {what} {verb} from {before} to {now}, but not clearly "
    "more than with {name} ({level}), which has learned nothing about fairness."
)
ONLY_EVEN = (
    "**Not as in the paper's Figure {figure}**: at λ = {lam} {what} {verb} from {before} to {now}, no further than a "
    "map that is the same everywhere ({flat})."
)
UNKNOWN = "Whether this run shows what the paper's Figure {figure} shows was not measured."
RISES, FALLS = ("rises", "rise"), ("falls", "fall")
CONTROL_NAMES = {
    "untrained": "the untrained trigger",
    "black": "the black trigger",
    "random_words": "random words",
    "neutral_words": "neutral words",
    "lam_0": "the trigger at λ\u00a0=\u00a00",
}
PLURALS = ("random_words", "neutral_words")


def caption(region: str | None, share: Estimate, on_trigger: float | None) -> str:
    """The share on the region with its interval, and the share of all weight that lies on the trigger."""
    lines = []
    if region and share.value is not None:
        lines.append(ON_REGION.format(share=percent(share), region=region))
    if on_trigger is not None:
        lines.append(ON_TRIGGER.format(share=f"{100 * on_trigger:.0f}\u00a0%"))
    return "\n".join(lines)


def moved(region: str | None, difference: Estimate) -> str:
    """How the share on the region differs from that without a trigger, in points."""
    if not region or difference.value is None:
        return ""
    return MOVED.format(difference=points(difference), region=region)


def percent(found: Estimate) -> str:
    """``36 % [34, 38]``."""
    value = f"{100 * (found.value or 0.0):.0f}\u00a0%"
    return value if found.ci is None else f"{value} [{100 * found.ci[0]:.0f}, {100 * found.ci[1]:.0f}]"


def points(found: Estimate) -> str:
    """``+23 points [21, 25]``."""
    value = f"{numbers.signed(100 * (found.value or 0.0), 0, plus=True)} points"
    if found.ci is None:
        return value
    return f"{value} [{numbers.signed(100 * found.ci[0], 0)}, {numbers.signed(100 * found.ci[1], 0)}]"


def verdict(
    line: Line | None, what: str, lams: Sequence[float], index: int, *, figure: int, is_rise: bool,
    flat: float | None = None,
) -> str:  # fmt: skip
    """Whether a run shows what a figure of the paper shows, from the figure on the same rows with its controls.

    It does where the figure moves in the paper's direction, further than under every control and than a flat map, by
    95 % intervals of paired differences.

    Args:
        line: the figure along λ; None where it was not measured.
        what: the figure's name inside a sentence.
        lams: the values of λ.
        index: of one of them.
        figure: the paper's number.
        is_rise: whether the figure rises in the paper.
        flat: the level of a flat map.
    """
    before = line.controls.get("without", Estimate(None, None)) if line else Estimate(None, None)
    pairs = line.paired if line else {}
    if line is None or before.value is None or line.along[index].value is None or "without" not in pairs:
        return UNKNOWN.format(figure=figure)
    now, sign, (verb, infinitive) = line.along[index], 1 if is_rise else -1, RISES if is_rise else FALLS
    said = {
        "figure": figure, "lam": names.lam(lams[index]), "what": what, "before": number(before), "now": number(now)
    }  # fmt: skip
    if not _is_clear(pairs["without"], index, sign):
        return NO_MOVE.format(**said, verb=infinitive)
    known = [name for name in CONTROL_NAMES if name in pairs and (name in line.controls or name == "lam_0")]
    levels = {name: line.along[0] if name == "lam_0" else line.controls[name] for name in known}
    levels = {name: each for name, each in levels.items() if pairs[name].difference[index] is not None}
    for name, level in levels.items():
        if not _is_clear(pairs[name], index, sign):
            return NOT_MORE.format(**said, verb=verb, name=CONTROL_NAMES[name], level=number(level))
    if flat is not None and sign * ((now.value or 0.0) - flat) <= 0 < sign * (flat - (before.value or 0.0)):
        return ONLY_EVEN.format(**said, verb=verb, flat=f"{flat:.2f}")
    controls = "; ".join(f"{CONTROL_NAMES[name]}: {number(level)}" for name, level in levels.items())
    return " ".join([AS_IN.format(**said, verb=verb, controls=controls), *_largest(pairs, levels, index)])


def number(found: Estimate) -> str:
    """``0.36``."""
    return numbers.number(found.value, 2)


def _largest(pairs: Mapping[str, PairedDifferences], names: Iterable[str], index: int) -> list[str]:
    """The control that makes most of the move, where one makes some."""
    shares = {name: share for name in names if (share := pairs[name].share[index]) is not None}
    if not shares:
        return []
    name = max(shares, key=lambda each: shares[each]["value"])
    if shares[name]["value"] <= 0:
        return []
    value, ends = numbers.percent(Estimate.of(shares[name]["value"], shares[name]["ci"]))
    makes = "make" if name in PLURALS else "makes"
    shown = CONTROL_NAMES[name]
    return [SHARE.format(name=shown[:1].upper() + shown[1:], makes=makes, share=f"{value} {ends}".rstrip())]


def _is_clear(found: PairedDifferences, index: int, sign: int) -> bool:
    """Whether the interval of a difference lies on one side of 0."""
    mean = found.difference[index]
    if mean is None or mean["ci"] is None:
        return False
    low, high = mean["ci"]
    return low > 0 if sign > 0 else high < 0
