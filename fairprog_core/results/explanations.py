"""The explanations of a finished curve, as types: averages along λ, and the probe."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import JsonValue

from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.explanations.averages import ImageExplanation as ImageExplanation
from fairprog_core.metrics.explanations.averages import TextExplanation as TextExplanation
from fairprog_core.metrics.explanations.averages import explanation_from_json
from fairprog_core.metrics.explanations.by_condition import ByCondition as ByCondition
from fairprog_core.metrics.explanations.by_condition import Means as Means
from fairprog_core.metrics.explanations.probe import LinearReading as LinearReading
from fairprog_core.metrics.explanations.probe import Probe as Probe
from fairprog_core.results.curve import Curve

T = TypeVar("T")


def explanation_of(curve: Curve) -> ImageExplanation | TextExplanation | None:
    """The averages along λ; None where the study did not ask for explanations.

    Raises:
        ArtifactError: a value is missing, or of another type.
    """
    return _read(curve, "explain", curve.explain, explanation_from_json)


def probe_of(curve: Curve) -> Probe | None:
    """The demographic probe; None where the study did not ask for it.

    Raises:
        ArtifactError: a value is missing, or of another type.
    """
    return _read(curve, "probe", curve.probe, Probe.from_json)


def _read(
    curve: Curve, name: str, values: Mapping[str, JsonValue], read: Callable[[Mapping[str, JsonValue]], T]
) -> T | None:
    try:
        return read(values) if values else None
    except ValueError as error:  # pydantic's too
        problem = str(error).splitlines()[0]
        raise ArtifactError(
            f"{name!r} of the curve {curve.key} is damaged ({problem}); run the study again."
        ) from error
