"""Is a control read as strongly as the trigger by the demographic classifiers? Compared in pairs of classifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fairprog_core.metrics.explanations.paired import LAM_0
from fairprog_core.metrics.explanations.probe import Probe
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.summaries import mean_estimate

Strength = Literal["as strongly", "unclear", "less"]


@dataclass(frozen=True)
class ControlRead:
    """A control, or the trigger at λ = 0, on one empty input.

    Attributes:
        value: P(group), mean over the classifiers.
        difference: with the trigger minus with the control.
        strength: "as strongly" if the mean moves at least as far as with the trigger, "less" if it moves less and the
            interval of the difference excludes 0, else "unclear".
    """

    value: float
    difference: Estimate
    strength: Strength


@dataclass(frozen=True)
class ProbeControls:
    """P(group) on one empty input: means over n classifiers, and every control.

    Attributes:
        lam: λ of the trigger.
        before: without a trigger.
        now: with the trigger.
        n: number of classifiers.
        controls: by a control's name, or `LAM_0`.
    """

    lam: float
    before: float
    now: float
    n: int
    controls: Mapping[str, ControlRead]


@dataclass(frozen=True)
class Readers:
    """How many of n classifiers predict a group: with the trigger, and by the name of every other condition."""

    n: int
    now: int
    others: Mapping[str, int]


def probe_controls(probe: Probe, null: str, group: int, index: int) -> ProbeControls | None:
    """Compare the trigger at one λ with the controls; None without a demographic classifier.

    Every classifier predicts the same empty input with the trigger and with a control, so their differences are pairs.
    Strength is the move of the group's probability from no trigger, in the direction in which the trigger moves it.

    Args:
        probe: of a curve.
        null: name of the empty input.
        group: whose probability is compared.
        index: of the λ.
    """
    every = [each.probability[null] for each in probe.classifiers]
    if not every:
        return None
    now, before = [each.lam[index][group] for each in every], [each.without[group] for each in every]
    others = {name: [each.controls[name][group] for each in every] for name in every[0].controls}
    if probe.lams[0] == 0 and index > 0:
        others[LAM_0] = [each.lam[0][group] for each in every]
    direction = 1 if sum(now) >= sum(before) else -1
    read = {name: _read(now, values, direction) for name, values in others.items()}
    return ProbeControls(probe.lams[index], _mean(before), _mean(now), len(every), read)


def most_moved(probe: Probe, null: str, index: int) -> int:
    """The group whose probability, mean over the classifiers, the trigger moves most at one λ; its index.

    Of two that move as far, such as two groups that are all there is, the one whose probability rises.
    """
    n = max(len(probe.classifiers), 1)
    moves = [
        sum(each.probability[null].lam[index][group] - each.probability[null].without[group]
            for each in probe.classifiers) / n
        for group in range(len(probe.groups))
    ]  # fmt: skip
    return max(range(len(moves)), key=lambda group: (round(abs(moves[group]), 4), moves[group]))


def readers(probe: Probe, null: str, group: int, index: int) -> Readers:
    """How many of the n classifiers predict a group: with the trigger at one λ, without, with every control."""
    every = [each.probability[null] for each in probe.classifiers]

    def count(found: Sequence[Sequence[float]]) -> int:
        return sum(max(range(len(each)), key=each.__getitem__) == group for each in found)

    others = {"without": count([each.without for each in every])}
    others |= {name: count([each.controls[name] for each in every]) for name in (every[0].controls if every else ())}
    if probe.lams[0] == 0 and index > 0:
        others[LAM_0] = count([each.lam[0] for each in every])
    return Readers(len(every), count([each.lam[index] for each in every]), others)


def _read(now: Sequence[float], control: Sequence[float], direction: int) -> ControlRead:
    apart = [one - other for one, other in zip(now, control, strict=True)]
    difference = Estimate(_mean(apart), None)
    if len(apart) > 1 and (ci := mean_estimate([Estimate(value, (value, value)) for value in apart]).ci):
        # Student's over the classifiers; no two probabilities differ by more than 1
        difference = Estimate(difference.value, (max(ci[0], -1.0), min(ci[1], 1.0)))
    if direction * _mean(apart) <= 0:
        return ControlRead(_mean(control), difference, "as strongly")
    is_clear = difference.ci is not None and not difference.ci[0] <= 0 <= difference.ci[1]
    return ControlRead(_mean(control), difference, "less" if is_clear else "unclear")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
