"""Adapters of the ``peft`` library (LoRA and its relatives), merged into the model that they change."""

import json
import warnings
from pathlib import Path

from safetensors import safe_open
from transformers import PreTrainedModel

from fairprog_core.classifiers.encoder.folder import ADAPTER_WEIGHTS
from fairprog_core.classifiers.encoder.guard import refusing
from fairprog_core.classifiers.model_folder import ADAPTER, quiet
from fairprog_core.common.errors import ModelError, shorten, shown

KINDS = ("LORA", "LOHA", "LOKR", "IA3", "ADALORA", "OFT", "BOFT", "VERA", "HRA")  # peft can merge them
_PREFIX = "base_model.model."
_LOST = "missing adapter keys"  # in peft's warning


def saved_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the adapter's tensors, by the name of the base's weight for those that replace it as a whole."""
    with refusing(folder, "adapter"), safe_open(folder / ADAPTER_WEIGHTS, "pt") as file:
        return {name.removeprefix(_PREFIX): tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def check_adapter(folder: Path) -> None:
    """Refuse an adapter that cannot be merged, or that would import code; needs no weights.

    Raises:
        ModelError: so it is, or ``peft`` is not installed.
    """
    with refusing(folder, "adapter"):
        config = json.loads((folder / ADAPTER).read_text("utf-8"))
    kind = str(config.get("peft_type"))
    if kind.upper() not in KINDS or config.get("megatron_config"):
        raise ModelError(
            f"The adapter in {folder} is of the kind {shown(kind)}, which fairprog cannot merge into its base; give "
            "one of the kind LORA, or merge it yourself and save the whole model."
        )
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"The model in {folder} is an adapter, and the library peft is not installed; run pip install "
            '"fairprog[peft]", or give the merged model.'
        ) from error


def merge_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Add an adapter to the weights of its base, in place.

    Raises:
        ModelError: it does not fit the model.
    """
    check_adapter(folder)
    from peft import PeftModel

    with quiet(), refusing(folder, "adapter"), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            adapted = PeftModel.from_pretrained(model, str(folder), local_files_only=True)
            merged = adapted.merge_and_unload()
        except (AttributeError, TypeError, NotImplementedError) as error:
            raise ValueError(f"the adapter does not fit: {shorten(error, 100)}") from error
    if lost := [str(one.message) for one in told if _LOST in str(one.message)]:
        raise ModelError(f"The adapter in {folder} does not fit its base ({shorten(lost[0], 120)}); name its own base.")
    assert merged is model
