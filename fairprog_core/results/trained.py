"""What a study trained, as modules: the base classifier, and its triggers at one λ. Imports torch only to read them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fairprog_core.common.errors import ArtifactError, ConfigError, shown
from fairprog_core.results.curve import Curve
from fairprog_core.results.run_folder import RESULT, base_file, is_inside

if TYPE_CHECKING:
    from fairprog_core.classifiers.base import Classifier
    from fairprog_core.triggers.fixed import FixedTrigger


def read_base(folder: Path) -> "Classifier":
    """The frozen base classifier of a run.

    Raises:
        ArtifactError: its file is missing or damaged.
    """
    from fairprog_core.classifiers import CLASSIFIERS
    from fairprog_core.classifiers.base import freeze, read_classifier

    file = base_file(folder)
    if not file.is_file() or not is_inside(folder, file):
        raise ArtifactError(f"There is no base classifier in {folder}: {file.name} is missing; run the study again.")
    return freeze(read_classifier(file, CLASSIFIERS)[0])


def read_trigger(curve: Curve, lam: float | None) -> "FixedTrigger":
    """The trigger of a curve at its chosen λ, or at another one that it was trained for.

    Raises:
        ArtifactError: its file is missing or damaged.
        ConfigError: λ is outside of the trained range.
    """
    from fairprog_core.triggers.base import load_trigger
    from fairprog_core.triggers.fixed import FixedTrigger

    if not curve.artifact_name or not curve.artifact.is_file():
        raise ArtifactError(
            f"{curve.folder} has no file of the trigger {shown(curve.name)} ({curve.key}); run the study again."
        )
    trigger = load_trigger(curve.artifact)
    if trigger.options.modality == "text":
        trigger.attach_to(read_base(curve.folder))  # words are vectors of the classifier's own table
    return FixedTrigger(trigger, curve.chosen_lam if lam is None else lam).requires_grad_(False).eval()


def find_trigger(curves: Sequence[Curve], name: str, *, criterion: str | None, seed: int | None, folder: Path) -> Curve:
    """The curve of a trigger; with several shares of the tuning data the one with most.

    Args:
        curves: of the result.
        name: of the trigger.
        criterion: registry key; None: the only one.
        seed: None: the first one.
        folder: of the run, for the errors.

    Raises:
        ConfigError: no curve fits, or curves of several criteria do; the message names those that are there.
    """
    with_trigger = [curve for curve in curves if curve.trigger is not None]
    if not with_trigger:
        raise ConfigError(f"{folder / RESULT} has no trigger; run a study with a trigger.")
    found = _among(with_trigger, "trigger", name, folder)
    if criterion is not None:
        found = _among(found, "criterion", criterion, folder)
    elif len(keys := list(dict.fromkeys(curve.criterion for curve in found))) > 1:
        raise ConfigError(f"The trigger {shown(name)} was trained for {' and '.join(keys)}; say which: criterion=.")
    if seed is not None:
        found = _among(found, "seed", seed, folder)
    first = min(curve.seed for curve in found)
    return max((curve for curve in found if curve.seed == first), key=lambda curve: curve.share)


def _among(curves: Sequence[Curve], what: str, wanted: object, folder: Path) -> list[Curve]:
    """The curves with an attribute."""
    if found := [curve for curve in curves if getattr(curve, what) == wanted]:
        return found
    known = ", ".join(dict.fromkeys(str(getattr(curve, what)) for curve in curves))
    of_trigger = "" if what == "trigger" else f" for the trigger {shown(curves[0].name)}"
    raise ConfigError(f"{folder / RESULT} has no {what} {shown(wanted)}{of_trigger}; there is: {known}.")
