"""What a study is about, pictures or texts: the pages choose their components by it."""

from collections.abc import Mapping
from typing import Any

from fairprog_core.common.options import Modality
from fairprog_core.data import DATASETS


def of(study: Mapping[str, Any]) -> Modality:
    """The modality of a study as JSON; that of pictures where this version does not know its data set."""
    entry = DATASETS.get(str((study.get("dataset") or {}).get("kind")))
    found: Modality = getattr(entry.options, "modality", "image") if entry else "image"
    return found
