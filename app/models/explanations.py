"""The explanations of a curve, with the number of their values checked against the curve's λ.

Notation: k λ-values, g groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.records import Mean
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
        ArtifactError: the explanations do not cover the curve's λ.
    """
    found = explanations.explanation_of(curve)
    if found is not None and any(len(means.lam) != len(curve.lams) for means in _means(found)):
        raise _damaged("explain", curve)
    return found


def probe_of(curve: Curve) -> Probe | None:
    """The demographic probe; None where the study has no probe.

    Raises:
        ArtifactError: the probe does not cover the curve's λ or its groups.
    """
    found = explanations.probe_of(curve)
    if found is None:
        return None
    probabilities = [each.probability.get(null) for each in found.classifiers for null in found.nulls]
    linear_probes = (found.linear.reading, found.linear.reading_fixed, found.linear.reading_logits)
    has_all_lams = all(len(each.accuracy.lam) == len(curve.lams) for each in linear_probes if each)
    is_whole = (
        found.groups and found.nulls and all(each and _fits(each, len(found.groups), curve) for each in probabilities)
    )
    if not is_whole or not has_all_lams or len(found.lams) != len(curve.lams):
        raise _damaged("probe", curve)
    return found


def _fits(probability: ByCondition[list[float]], n_groups: int, curve: Curve) -> bool:
    """Whether every group has a probability at every λ and under every control."""
    every = [*probability.lam, *probability.alone().values()]
    return len(probability.lam) == len(curve.lams) and all(len(each) == n_groups for each in every)


def _means(found: ImageExplanation | TextExplanation) -> list[Means]:
    pairs = found.counterfactuals
    every = [pairs.logit_difference, pairs.flip_share] if pairs else []
    if isinstance(found, TextExplanation):
        return [*every, *([found.ig_identity_share] if found.ig_identity_share else [])]
    shares = [share for share in (found.cam_share, found.ig_share) if share]
    return [*every, *shares, *([found.erasure.ratio] if found.erasure else [])]


def _damaged(name: str, curve: Curve) -> ArtifactError:
    return ArtifactError(f"{name!r} of the curve {curve.key} is damaged (its λ are others); run the study again.")


def _estimate(mean: Mean | None) -> Estimate:
    return Estimate.of(mean["value"], mean["ci"]) if mean else Estimate(None, None)
