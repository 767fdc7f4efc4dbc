"""The folder of a reprogrammed model: the trigger's file, and a JSON file with figures and settings."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from fairprog_core.api.own_model.findings import Findings, FindingsHeader
from fairprog_core.common.errors import ArtifactError, ConfigError, shown
from fairprog_core.common.files.destination import Product, check_destination, writing
from fairprog_core.common.files.json_values import damaged, parse_header, plain
from fairprog_core.common.home import user_path
from fairprog_core.common.process.version import VERSION
from fairprog_core.results.curve import read_json
from fairprog_core.triggers.base import Trigger, load_trigger

FORMAT = "fairprog.reprogrammed/1"
DESCRIPTION, TRIGGER = "reprogrammed.json", "trigger.safetensors"
REMEDY = "take the folder from where it was made, or reprogram the model again"

_NEW = Product("an empty folder", lambda _: False, is_folder=True)


class FolderHeader(FindingsHeader):
    """The content of ``reprogrammed.json``.

    Attributes:
        model: digest of the weights of the user's model.
        inputs: what has to be given again when the folder is loaded.
    """

    model: str
    inputs: dict[str, object]


class SavedModel(NamedTuple):
    """What a folder holds.

    Attributes:
        trigger: learned, not attached to a model.
        findings: figures and settings.
        model: digest of the weights of the user's model.
        inputs: what has to be given again.
    """

    trigger: Trigger
    findings: Findings
    model: str
    inputs: dict[str, object]


def write(
    folder: str | Path, trigger: Trigger, findings: Findings, *, model: str, weights: str, inputs: dict[str, Any]
) -> None:
    """Write a new or empty folder: whole or not at all.

    Args:
        folder: to write.
        trigger: not attached to a model.
        findings: figures and settings.
        model: digest of the weights of the user's model, with their names.
        weights: its `content_digest`.
        inputs: what has to be given again when the folder is loaded.

    Raises:
        ConfigError: the folder is not empty or not writable, or a label is neither text nor a number.
        ArtifactError: it cannot be written.
    """
    path = user_path(folder)
    values = {"format": FORMAT, "fairprog": VERSION, "model": model, "inputs": inputs, **findings.to_json()}
    with writing(check_destination(path, _NEW), _NEW) as part:
        part.mkdir()
        trigger.save(
            part / TRIGGER, fairprog=VERSION, classifier=model, weights=weights, chosen_lam=findings.chosen_lam,
            labels=list(findings.labels.names), groups=list(findings.groups.names),
        )  # fmt: skip
        (part / DESCRIPTION).write_text(json.dumps(plain(values), allow_nan=False), "utf-8")


def read(folder: str | Path) -> SavedModel:
    """Read what `write` wrote.

    Raises:
        ArtifactError: the folder is missing, damaged or of another version.
    """
    path = user_path(folder)
    file = path / DESCRIPTION
    if not file.is_file():
        raise ArtifactError(f"There is no reprogrammed model in {path}; give a folder that its `save` wrote.")
    values = read_json(file, remedy=REMEDY)
    if values.get("format") != FORMAT:
        raise ArtifactError(f"{file} holds {shown(values.get('format'))}, not {FORMAT}; {REMEDY}.")
    header = parse_header(FolderHeader, values, path=file, remedy=REMEDY)
    trigger = load_trigger(path / TRIGGER)
    try:
        findings = Findings.from_header(header, trigger.options, where=str(file))
    except (ConfigError, ValueError) as error:
        raise ArtifactError(damaged(file, str(error).rstrip("."), REMEDY)) from error
    return SavedModel(trigger, findings, header.model, header.inputs)
