"""Models in Hugging Face's folder format: find them, download them, tell whether their files are there.

A folder may also be an adapter of the ``peft`` library: its weights change those of another model, the base, which it
names.
"""

import json
import re
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fairprog_core.classifiers import EncoderOptions
from fairprog_core.classifiers.model_folder import ADAPTER, READ, digest_of_files, fetch_folder, finish
from fairprog_core.common.errors import ModelError, shorten, shown
from fairprog_core.common.files.hub import Download
from fairprog_core.common.home import assets, is_folder
from fairprog_core.common.options import digest_of
from fairprog_core.common.sharing import sharing

SHIPPED = "minilm-2"  # folder in assets/encoders
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model")
ADAPTER_WEIGHTS = "adapter_model.safetensors"
INDEX = "model.safetensors.index.json"
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


def find_model(name: str, *, tell: Callable[[Download], None] = lambda _: None) -> Path:
    """The folder of a model; see `fetch_model`, whose progress is passed to ``tell``."""
    return finish(fetch_model(name), tell)


def fetch_model(name: str) -> Generator[Download, None, Path]:
    """The folder of a model, which is downloaded if it is missing; closing the generator ends the download.

    Args:
        name: ``shipped``, a folder, or a name on the Hugging Face hub, contacted only if there is no such folder.

    Yields:
        The progress of the download.

    Returns:
        The folder.

    Raises:
        ModelError: there is no such model, its folder lacks what is needed, or its download is larger than allowed.
        ConfigError: it is an adapter of a model that visitors of this shared server may not name.
    """
    if name != "shipped":
        return _checked((yield from fetch_folder(name, advice="give shipped, a model's folder, or a name on the hub")))
    if not is_folder(folder := assets() / "encoders" / SHIPPED):
        raise ModelError(f"The shipped encoder is not at {folder}; install fairprog again, or name a model.")
    return _checked(folder)


def find_base(folder: Path) -> Path | None:
    """The folder of the model that an adapter changes; None: the folder is a whole model.

    Raises:
        ModelError: there is no such model.
    """
    name = base_name(folder)
    return None if name is None else find_model(name)


def base_name(folder: Path) -> str | None:
    """The model that an adapter changes, as in `fetch_model`; None: the folder is a whole model.

    Raises:
        ModelError: the adapter names no base, or the folder holds a whole model too.
        ConfigError: it names one that visitors of this shared server may not name.
    """
    if not (folder / ADAPTER).is_file():
        return None
    if whole := sorted(path.name for path in folder.glob("*.safetensors") if path.name != ADAPTER_WEIGHTS):
        raise ModelError(
            f"{folder} holds both a whole model ({shorten(whole[0], 60)}) and an adapter ({ADAPTER}); put them into "
            "two folders, and name one."
        )
    name = _json(folder / ADAPTER).get("base_model_name_or_path")
    if not isinstance(name, str) or not name.strip():
        raise ModelError(f"{folder / ADAPTER} names no base model; set its base_model_name_or_path.")
    with suppress(OSError, ValueError):
        name = str(folder / name) if is_folder(folder / name) else name
    sharing().check(EncoderOptions(model=name))
    return name


def _checked(folder: Path) -> Path:
    """The folder, if it has a configuration, safetensors weights and a tokenizer, or is an adapter.

    Raises:
        ModelError: one of them is missing.
    """
    is_adapter = base_name(folder) is not None
    wanted = {
        "config.json": is_adapter or (folder / "config.json").is_file(),
        ADAPTER_WEIGHTS: not is_adapter or (folder / ADAPTER_WEIGHTS).is_file(),
        "weights as .safetensors": any(folder.glob("*.safetensors")),
        "a tokenizer": is_adapter or any((folder / name).is_file() for name in TOKENIZERS),
    }
    if missing := [name for name, is_there in wanted.items() if not is_there]:
        raise ModelError(
            f"{folder} lacks {', '.join(missing)}; give a folder as save_pretrained() of model and tokenizer writes it "
            "(pickled weights are never read)."
        )
    if (folder / INDEX).is_file():
        parts = _json(folder / INDEX).get("weight_map")
        names = {str(name) for name in parts.values()} if isinstance(parts, dict) else set()
        if lost := sorted(name for name in names if not (folder / name).is_file()):
            raise ModelError(
                f"{folder} lacks {len(lost)} of the {len(names)} files of its weights ({shorten(lost[0], 60)}); "
                "download it again."
            )
    return folder


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({shorten(error, 80)}); download it again.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} holds {shown(values)} instead of keys and values; download it again.")
    return values


def model_digest(name: str) -> str:
    """First 16 hex digits of the SHA-256 of a model's files, for an adapter of its base's too.

    Raises:
        ModelError: there is no such model.
    """
    folder = find_model(name)
    own = digest_of_files(path for path in folder.iterdir() if path.suffix in READ)
    return own if (base := base_name(folder)) is None else digest_of([own, model_digest(base)])
