"""A trigger's file without torch: its format, its header, and its values as bytes."""

from pathlib import Path
from typing import Any

from fairprog_core.common.errors import ArtifactError, shorten
from fairprog_core.common.files.destination import Product, has_format
from fairprog_core.common.files.json_values import damaged, from_json
from fairprog_core.common.files.tensor_file import RawTensors

FORMAT = "fairprog.trigger/1"
FILE = Product("a trigger that fairprog wrote", has_format("fairprog.trigger"), may_be_in_home=True)
REMEDY = "take the file from where it was made, or train the trigger again"


def read_trigger_file(file: Path) -> tuple[dict[str, Any], RawTensors]:
    """The header and the values of a trigger's file.

    Raises:
        ArtifactError: it is damaged, or no trigger of fairprog.
    """
    try:
        raw = RawTensors.read(file)
        header = from_json(raw.texts.get("fairprog", "{}"))
    except (OSError, ValueError) as error:
        raise ArtifactError(damaged(file, error, REMEDY)) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ArtifactError(f"{shorten(file)} holds no trigger of fairprog; give a trigger's .safetensors file.")
    return header, raw
