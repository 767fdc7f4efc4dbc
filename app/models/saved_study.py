"""What the pages read of a study as JSON: an earlier version may have saved it, with other options."""

from collections.abc import Mapping

from fairprog_core.common.options import Modality
from fairprog_core.data import DATASETS


def dataset_kind(study: Mapping[str, object]) -> str:
    """The registry key of its data set; empty where it names none."""
    return str(_part(study, "dataset").get("kind", ""))


def modality(study: Mapping[str, object]) -> Modality:
    """What it is about, pictures or texts; pictures where this version does not know its data set."""
    entry = DATASETS.get(dataset_kind(study))
    found: Modality = getattr(entry.options, "modality", "image") if entry else "image"
    return found


def first_seed(study: Mapping[str, object]) -> int | None:
    """The seed whose curves are looked into; None where the study names none."""
    seeds = study.get("seeds")
    first = seeds[0] if isinstance(seeds, list | tuple) and seeds else None
    return first if isinstance(first, int) else None


def explains_every_seed(study: Mapping[str, object]) -> bool:
    """Whether the curves of every seed are looked into."""
    return bool(_part(study, "explain").get("every_seed"))


def is_printable(study: Mapping[str, object], trigger: str) -> bool:
    """Whether it keeps a trigger inside the photo's own range; "border-2" is its second border."""
    kind, _, number = trigger.partition("-")
    triggers = study.get("triggers")
    found = [each for each in triggers if isinstance(each, Mapping)] if isinstance(triggers, list | tuple) else []
    alike = [each for each in found if each.get("kind") == kind]
    index = int(number or 1) - 1
    return index < len(alike) and alike[index].get("pixels", "printable") == "printable"


def _part(study: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = study.get(name)
    return found if isinstance(found, Mapping) else {}
