"""Read models in Hugging Face's folder format: configuration, tokenizer, weights.

Weights are read from safetensors files only, and code never from a model's folder, so reading an untrusted model
runs no code of it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from fairprog_core.classifiers import EncoderOptions
from fairprog_core.classifiers.encoder import HubJson
from fairprog_core.classifiers.encoder.adapter import merge_adapter, saved_shapes
from fairprog_core.classifiers.encoder.folder import TOKENIZERS, find_base
from fairprog_core.classifiers.encoder.guard import FAMILIES, refusing
from fairprog_core.classifiers.encoder.head import find_head
from fairprog_core.classifiers.encoder.tokens import Tokens, check_ids
from fairprog_core.classifiers.model_folder import quiet
from fairprog_core.classifiers.outputs import LabelOutputs
from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.files.model_file import first_not_finite

MOST = 100_000_000  # upper bound of every size in a configuration
_COUNTS_LAYERS = re.compile(r"(n|num|encoder|decoder)_(hidden_)?layers?")


def read_config(folder: Path) -> PretrainedConfig:
    """The configuration of a model, which can be a classifier of texts.

    Raises:
        ModelError: it cannot be read, or is of no family that reads a text and classifies it.
    """
    source = find_base(folder) or folder
    with quiet(), refusing(folder):
        config: PretrainedConfig = AutoConfig.from_pretrained(
            str(source), trust_remote_code=False, local_files_only=True
        )
    if config.is_encoder_decoder:
        raise ModelError(
            f"The model in {folder} ({config.model_type}) is an encoder with a decoder, which reads a text twice; "
            f"choose an encoder or a decoder, such as {FAMILIES}."
        )
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise ModelError(
            f"The model in {folder} ({config.model_type}) is of a family that transformers has no sequence classifier "
            f"of; choose one such as {FAMILIES}."
        )
    return config


def output_names(config: PretrainedConfig) -> tuple[str, ...]:
    """The names of the m outputs of a model, LABEL_0 and so on where it has none of its own."""
    names: dict[Any, str] = config.id2label or {}
    return tuple(str(names.get(number, f"LABEL_{number}")) for number in range(config.num_labels or 0))


def match_outputs(
    options: EncoderOptions, config: PretrainedConfig, labels: Sequence[str] | int, *, folder: Path
) -> LabelOutputs:
    """Which outputs of a tuned model are the logits of the data's labels.

    Args:
        options: which output, or whose labels they are.
        config: of the model.
        labels: of the data; a number c: labels without names.
        folder: of the model.

    Raises:
        ModelError: they cannot be matched.
    """
    names = output_names(config)
    if isinstance(labels, int):
        labels = names if len(names) == labels else options.labels or [f"LABEL_{i}" for i in range(labels)]
    return LabelOutputs.match(
        names, labels, given=options.labels, label=options.label, threshold=options.threshold,
        is_multi_label=config.problem_type == "multi_label_classification", where=f"The model in {folder}",
    )  # fmt: skip


def read_tokens(folder: Path) -> Tokens:
    """The tokenizer of a model; an adapter without one has its base's.

    Raises:
        ModelError: it cannot be read, has no fast version, or does not read a text between a fixed start and end.
    """
    if not any((folder / name).is_file() for name in TOKENIZERS):
        folder = find_base(folder) or folder
    with quiet(), refusing(folder, "tokenizer"):
        _check_ids(folder)
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"The tokenizer in {folder} has no fast form; save it with tokenizer.json.")
    return Tokens.of(tokenizer)


def _check_ids(folder: Path) -> None:
    """Check the ids of a vocabulary before transformers reads it; see `check_ids`."""
    for name in ("tokenizer.json", "vocab.json"):
        if (folder / name).is_file():
            values = json.loads((folder / name).read_text("utf-8"))
            if isinstance(values, dict):  # else transformers refuses it
                check_ids(values if name == "tokenizer.json" else {"model": {"vocab": values}})


def read_model(folder: Path, *, n_classes: int | None = None) -> PreTrainedModel:
    """A sequence classifier in evaluation mode, in single precision.

    Args:
        folder: of a model, or of an adapter, which is merged into its base.
        n_classes: number of logits. A missing head, or one with another number of logits, is replaced by a new head
            with weights from torch's random state. None: the model's own head, which must be there.

    Raises:
        ModelError: it cannot be read, is no classifier of texts that transformers knows, or has no head of its own.
    """
    base = find_base(folder)
    model, new = _load(folder if base is None else base, n_classes if base is None else None)
    if base is not None:
        new -= _apply_adapter(model, folder, n_classes)
    if n_classes is None and new:
        raise ModelError(
            f"The model in {folder} has no tuned head ({min(new)} is missing or of another shape); give a tuned "
            "classifier, or have it trained: classifier.tuned=false."
        )
    if (wrong := first_not_finite(model.state_dict())) is not None:
        raise ModelError(
            f"The weights of the model in {folder} are not all finite ({shorten(wrong, 60)} is not); give a model "
            "whose weights are whole."
        )
    return model.train(False)  # type: ignore[no-any-return]


def _load(folder: Path, n_classes: int | None) -> tuple[PreTrainedModel, set[str]]:
    """A model, and the names of the weights that it lacked."""
    config = read_config(folder)
    if n_classes is not None:
        config.num_labels = n_classes
    with quiet(), refusing(folder):
        model, report = AutoModelForSequenceClassification.from_pretrained(
            str(folder), config=config, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            local_files_only=True, ignore_mismatched_sizes=True, output_loading_info=True,
        )  # fmt: skip
    new = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
    body = [key for key in new if key.startswith(f"{model.base_model_prefix}.") and "pooler" not in key]
    if body:
        raise ModelError(f"The weights in {folder} lack {len(body)} of those that its config.json asks for.")
    return model, new


def _apply_adapter(model: PreTrainedModel, folder: Path, n_classes: int | None) -> set[str]:
    """Merge an adapter, which may hold a head of its own; the names of the weights that it replaced as a whole."""
    model.train(False)
    shapes, name = saved_shapes(folder), find_head(model).name
    if f"{name}.weight" in shapes:
        replace_head(model, name, shapes[f"{name}.weight"][0])
    merge_adapter(model, folder)
    if n_classes is not None:
        replace_head(model, name, n_classes)
    return set(shapes)


def replace_head(model: PreTrainedModel, name: str, n_outputs: int) -> None:
    """Put a new head in place of one with another number of outputs; weights come from torch's random state."""
    old = cast(nn.Linear, model.get_submodule(name))
    if old.out_features != n_outputs:
        new = nn.Linear(old.in_features, n_outputs, bias=old.bias is not None)
        nn.init.normal_(new.weight, std=getattr(model.config, "initializer_range", 0.02))
        model.set_submodule(name, new)
        model.config.num_labels = n_outputs


def portable(model: PreTrainedModel) -> HubJson:
    """The configuration as JSON values that build the same architecture on another machine."""
    config: HubJson = json.loads(model.config.to_json_string(use_diff=True))
    for name in ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"):
        config.pop(name, None)
    return config


def new_model(config: HubJson) -> PreTrainedModel:
    """A model with random weights from the output of `portable`.

    Raises:
        ModelError: the configuration is invalid.
    """
    try:
        with quiet():
            model: PreTrainedModel = AutoModelForSequenceClassification.from_config(  # type: ignore[no-untyped-call]
                AutoConfig.for_model(**config), dtype=torch.float32
            )
    except Exception as error:  # transformers raises exceptions of any type for an invalid configuration
        raise ModelError(f"Its configuration builds no model of transformers ({shorten(error)}).") from error
    model.train(False)
    return model


def check_config(config: HubJson, *, n_classes: int, weights: Mapping[str, Tensor]) -> None:
    """Refuse a configuration that does not match some weights; allocates no tensors.

    Args:
        config: from a classifier's file.
        n_classes: number of logits.
        weights: from the same file; ``body.…`` are those of the encoder, ``linear.…`` those of the head.

    Raises:
        ModelError: the configuration is invalid, or describes another model.
    """
    sizes = [value for value in config.values() if isinstance(value, int)]
    if max(sizes, default=0) > MOST or sum(value for key, value in config.items() if _counts_layers(key, value)) > len(
        weights
    ):
        raise ModelError("Its configuration asks for a model that is larger than its weights.")
    with torch.device("meta"):
        model = new_model(config)
    expected = [tuple(value.shape) for value in model.state_dict().values()]
    found = [tuple(value.shape) for name, value in weights.items() if name != "linear.bias"]
    if len(found) < len(expected) and "linear.bias" in weights:  # else outputs were chosen of a head without one
        found.append(tuple(weights["linear.bias"].shape))
    if sorted(expected) != sorted(found):
        raise ModelError(f"Its configuration and its {n_classes} classes do not build what its weights are of.")


def _counts_layers(key: str, value: object) -> bool:
    return isinstance(value, int) and _COUNTS_LAYERS.fullmatch(key) is not None
