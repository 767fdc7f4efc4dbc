"""What a method without a trigger learned, as one ``.safetensors`` file: tensors and a JSON description."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from fairprog_core.errors import ArtifactError
from fairprog_core.home import replacing
from fairprog_core.module_file import read_module

FORMAT = "fairprog.learned/1"


def write_learned(path: Path, tensors: dict[str, Tensor], **about: Any) -> None:
    """Write tensors and JSON values, whole or not at all."""
    with replacing(path) as part:
        save_file(tensors, part, {"fairprog": json.dumps({"format": FORMAT, **about})})


def read_learned(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_learned` wrote.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is missing; run the study again.")
    return read_module(path, format=FORMAT, noun="file", remedy="run the study again")
