"""The explanations of a curve, with the number of their values checked against the curve's λ.

Notation: k λ-values, g groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.records import Mean
from fairprog_core.metrics.explanations.paired import LAM_0, Paired
from fairprog_core.metrics.explanations.probe import READINGS
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results import explanations
from fairprog_core.results.curve import Curve
from fairprog_core.results.explanations import ByCondition, ImageExplanation, Means, Probe, TextExplanation


@dataclass(frozen=True)
class ConditionFigures:
    """One figure under every condition.

    Attributes:
        of: the figure by control or by the method of a rival; conditions without a measurement are missing.
        along: the figure at every λ (k).
    """

    of: Mapping[str, Estimate]
    along: list[Estimate]

    @classmethod
    def of_means(cls, found: Means) -> "ConditionFigures":
        """Convert means by condition."""
        alone = {name: _estimate(mean) for name, mean in found.alone().items() if mean is not None}
        return cls(alone, [_estimate(mean) for mean in found.lam])


def explanation_of(curve: Curve) -> ImageExplanation | TextExplanation | None:
    """The averages along λ; None where the study has no explanations.

    Raises:
        ArtifactError: the explanations do not cover the curve's λ, or lack a control that is compared in pairs.
    """
    found = explanations.explanation_of(curve)
    if found is not None and not _cover(_means(found), found.paired, curve):
        raise _damaged("explain", curve)
    return found


def probe_of(curve: Curve) -> Probe | None:
    """The demographic probe; None where the study has no probe.

    Raises:
        ArtifactError: the probe does not cover the curve's λ, its groups or its controls.
    """
    found = explanations.probe_of(curve)
    if found is None:
        return None
    probabilities = [each.probability.get(null) for each in found.classifiers for null in found.nulls]
    linear_probes = zip(READINGS, (found.linear.reading, found.linear.reading_fixed, found.linear.reading_logits))
    accuracies = {name: each.accuracy for name, each in linear_probes if each}
    is_whole = (
        found.groups and found.nulls and all(each and _fits(each, len(found.groups), curve) for each in probabilities)
    )
    controls = {frozenset(each.controls) for each in probabilities if each}
    is_whole = is_whole and len(controls) <= 1 and len(found.lams) == len(curve.lams)
    if not is_whole or not _cover(accuracies, found.linear.paired, curve):
        raise _damaged("probe", curve)
    return found


def _fits(probability: ByCondition[list[float]], n_groups: int, curve: Curve) -> bool:
    """Whether every group has a probability at every λ and under every control."""
    every = [*probability.lam, *probability.alone().values()]
    return len(probability.lam) == len(curve.lams) and all(len(each) == n_groups for each in every)


def _cover(means: Mapping[str, Means], paired: Mapping[str, Paired], curve: Curve) -> bool:
    """Whether figures and their comparisons have every λ, and every control that is compared has a figure."""
    n = len(curve.lams)
    if any(len(each.lam) != n for each in means.values()):
        return False
    return all(
        len(pairs.difference) == len(pairs.share) == n
        and (other == LAM_0 or not any(pairs.difference) or figures.alone().get(other) is not None)
        for name, figures in means.items()
        for other, pairs in paired.get(name, {}).items()
    )


def _means(found: ImageExplanation | TextExplanation) -> dict[str, Means]:
    """The averages that were measured, by their names in comparisons in pairs."""
    twins = found.counterfactuals
    every = {"logit_difference": twins.logit_difference, "flip_share": twins.flip_share} if twins else {}
    if isinstance(found, TextExplanation):
        shares: dict[str, Means | None] = {"ig_identity_share": found.ig_identity_share}
    else:
        ratio = found.erasure.ratio if found.erasure else None
        shares = {"cam_share": found.cam_share, "ig_share": found.ig_share, "erasure": ratio}
        shares |= {"positive_share": found.positive_share}
    shares |= {f"by_group.{name}": each for name, each in found.by_group.items()}
    return every | {name: share for name, share in shares.items() if share}


def _damaged(name: str, curve: Curve) -> ArtifactError:
    return ArtifactError(
        f"{name!r} of the curve {curve.key} is damaged (it does not cover the curve's λ, groups and controls); "
        "run the study again."
    )


def _estimate(mean: Mean | None) -> Estimate:
    return Estimate.of(mean["value"], mean["ci"]) if mean else Estimate(None, None)
