"""Reads a saved study as JSON, not as `Study`: another version may have saved it, with other options."""

from collections.abc import Mapping

from fairprog_core.common.options import Modality
from fairprog_core.data import modality_of


def dataset_kind(study: Mapping[str, object]) -> str:
    """The registry key of its data set; empty where the study has none."""
    return str(_part(study, "dataset").get("kind", ""))


def modality(study: Mapping[str, object]) -> Modality:
    """The modality of its data set; "image" where the data set is not in the registry."""
    return modality_of(_part(study, "dataset"))


def first_seed(study: Mapping[str, object]) -> int | None:
    """The first seed, whose curves are explained; None where the study has no seeds."""
    seeds = study.get("seeds")
    first = seeds[0] if isinstance(seeds, list | tuple) and seeds else None
    return first if isinstance(first, int) else None


def explains_every_seed(study: Mapping[str, object]) -> bool:
    """Whether the curves of every seed are explained, not only those of the first."""
    return bool(_part(study, "explain").get("every_seed"))


def is_printable(study: Mapping[str, object], trigger: str) -> bool:
    """Whether a trigger's pixels stay within the range of a photo, so that it can be printed.

    Args:
        study: as JSON.
        trigger: its name; "border-2" is the study's second border.
    """
    kind, _, number = trigger.partition("-")
    triggers = study.get("triggers")
    found = [each for each in triggers if isinstance(each, Mapping)] if isinstance(triggers, list | tuple) else []
    of_kind = [each for each in found if each.get("kind") == kind]
    index = int(number or 1) - 1
    return index < len(of_kind) and of_kind[index].get("pixels", "printable") == "printable"


def _part(study: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = study.get(name)
    return found if isinstance(found, Mapping) else {}
