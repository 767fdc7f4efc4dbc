"""Models in Hugging Face's folder format: find, check and read them.

Weights are read from safetensors files only, and code never from a model's folder, so reading an untrusted model
runs no code of it.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from fairprog_core.classifiers.encoder import HubJson
from fairprog_core.classifiers.encoder.tokens import Tokens, check_ids
from fairprog_core.classifiers.hub import Download
from fairprog_core.classifiers.model_folder import READ, digest_of_files, fetch_folder, finish, quiet
from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.home import assets, is_folder

SHIPPED = "minilm-2"  # folder in assets/encoders
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "spm.model", "sentencepiece.bpe.model")
MOST = 100_000_000  # upper bound of every size in a configuration
_BROKEN = (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError)  # what transformers raises


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
    """
    if name != "shipped":
        return _checked((yield from fetch_folder(name, advice="give shipped, a model's folder, or a name on the hub")))
    if not is_folder(folder := assets() / "encoders" / SHIPPED):
        raise ModelError(f"The shipped encoder is not at {folder}; install fairprog again, or name a model.")
    return _checked(folder)


def _checked(folder: Path) -> Path:
    """The folder, if it has a configuration, safetensors weights and a tokenizer.

    Raises:
        ModelError: one of them is missing.
    """
    wanted = {
        "config.json": (folder / "config.json").is_file(),
        "weights as .safetensors": any(folder.glob("*.safetensors")),
        "a tokenizer": any((folder / name).is_file() for name in TOKENIZERS),
    }
    if missing := [name for name, is_there in wanted.items() if not is_there]:
        raise ModelError(
            f"{folder} lacks {', '.join(missing)}; give a folder as save_pretrained() of model and tokenizer writes it "
            "(pickled weights are never read)."
        )
    return folder


def model_digest(name: str) -> str:
    """First 16 hex digits of the SHA-256 of a model's files.

    Raises:
        ModelError: there is no such model.
    """
    return digest_of_files(path for path in find_model(name).iterdir() if path.suffix in READ)


def read_tokens(folder: Path) -> Tokens:
    """The tokenizer of a model.

    Raises:
        ModelError: it cannot be read, has no fast version, or does not encode texts as [CLS] … [SEP].
    """
    with quiet(), _refusing(folder):
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


def read_model(folder: Path, *, n_classes: int, is_tuned: bool) -> PreTrainedModel:
    """A sequence classifier in evaluation mode, in single precision.

    Args:
        folder: of a model.
        n_classes: number of logits. A missing head, or one with another number of logits, is replaced by a new head
            with weights from torch's random state.
        is_tuned: refuse to replace the head.

    Raises:
        ModelError: it cannot be read, or is no sequence classifier or encoder that transformers knows.
    """
    with quiet(), _refusing(folder):
        config = AutoConfig.from_pretrained(
            str(folder), trust_remote_code=False, local_files_only=True, num_labels=n_classes
        )
        model, report = AutoModelForSequenceClassification.from_pretrained(
            str(folder), config=config, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            local_files_only=True, ignore_mismatched_sizes=True, output_loading_info=True,
        )  # fmt: skip
    new = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
    body = [key for key in new if key.startswith(f"{model.base_model_prefix}.") and "pooler" not in key]
    if body:
        raise ModelError(f"The weights in {folder} lack {len(body)} of those that its config.json asks for.")
    if is_tuned and new:
        raise ModelError(
            f"The model in {folder} has no tuned head for {n_classes} classes ({min(new)} is missing or of another "
            "shape); give a tuned classifier, or have it trained: classifier.tuned=false."
        )
    return model.train(False)  # type: ignore[no-any-return]


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
    found = [tuple(value.shape) for value in weights.values()]
    if sorted(expected) != sorted(found):
        raise ModelError(f"Its configuration and its {n_classes} classes do not build what its weights are of.")


def _counts_layers(key: str, value: object) -> bool:
    return "layers" in key and isinstance(value, int)


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Turn the exceptions of transformers for an unusable folder into one sentence."""
    try:
        yield
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(
            f"The model in {folder} cannot be used ({reason[:200]}); give a sequence classifier or an encoder that "
            "transformers knows, such as BERT, DistilBERT, RoBERTa, ALBERT or ELECTRA."
        ) from error
