"""Make the shipped encoder: the first layers of a BERT with a part of its vocabulary, in half precision.

Notation: v vocabulary of the source, w width of a word vector.
"""

import json
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from fairprog_core.classifiers.encoder import HubJson
from fairprog_core.classifiers.encoder.cut_folder import CUT_ENCODER, write_notice
from fairprog_core.classifiers.encoder.tokens import check_ids
from fairprog_core.common.errors import ConfigError, ModelError, shorten
from fairprog_core.common.files.destination import check_destination, writing
from fairprog_core.common.process.version import PACKAGE

N_WORDS = 5600
N_PIECES = 1500
_WORD = re.compile(r"(?=.*[aeiouy])[a-z]{2,}")  # looks like an English word
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.")
_TABLE = "embeddings.word_embeddings.weight"
_TOKENIZER_CONFIG: HubJson = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "unk_token": "[UNK]",
}


class Cut(NamedTuple):
    """Size of the result: vocabulary entries, whole words among them, and bytes of the folder."""

    n_entries: int
    n_words: int
    n_bytes: int


def cut_encoder(
    source: Path,
    out: Path,
    *,
    layers: int = 2,
    n_words: int = N_WORDS,
    n_pieces: int = N_PIECES,
    texts: Iterable[str] = (),
) -> Cut:
    """Write a smaller encoder; the same source and texts give the same bytes.

    The vocabulary lists words from frequent to rare. Kept are: the special tokens; every single character, alone and,
    where possible, as a continuation, so that every text can still be encoded; the first ``n_words`` entries of two
    or more letters a-z with at least one vowel; the first ``n_pieces`` continuations; and every token of ``texts``.
    A text whose tokens are all kept is encoded as before.

    Args:
        source: a folder with ``config.json``, ``model.safetensors`` and ``tokenizer.json`` of a BERT encoder.
        out: the folder to write: new, empty, or an encoder that this function wrote and nobody changed.
        layers: number of layers to keep.
        n_words: number of whole words to keep.
        n_pieces: number of continuations (``##ing``) of more than one character to keep.
        texts: must be encoded exactly as by the source.

    Raises:
        ConfigError: the folder to write holds something else, or is the source.
        ModelError: the source is no such folder, or has fewer layers.
        ArtifactError: the folder cannot be written.
    """
    check_destination(out, CUT_ENCODER)
    if source.resolve() == out.resolve():
        raise ConfigError(f"{shorten(out)} is the source itself; give another folder for the smaller encoder.")
    config, tokenizer, weights = _read(source)
    if not 1 <= layers <= config["num_hidden_layers"]:
        raise ModelError(f"{source} has {config['num_hidden_layers']} layers; keep 1 to {config['num_hidden_layers']}.")
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    reader = Tokenizer.from_str(json.dumps(tokenizer))
    reader.no_truncation()
    reader.no_padding()
    kept = {added["id"] for added in tokenizer["added_tokens"]}
    kept.update(_characters(vocabulary, reader), _frequent(vocabulary, n_words=n_words, n_pieces=n_pieces))
    for text in texts:
        kept.update(reader.encode(text, add_special_tokens=False).ids)
    ids = sorted(kept)
    with writing(out, CUT_ENCODER) as part:
        part.mkdir()
        _write_json(part / "config.json", _smaller(config, layers, ids))
        _write_json(part / "tokenizer.json", _renumbered(tokenizer, ids))
        length = {"model_max_length": config["max_position_embeddings"]}
        _write_json(part / "tokenizer_config.json", _TOKENIZER_CONFIG | length)
        save_file(_first_layers(weights, layers, ids), part / "model.safetensors", {"format": "pt"})
        (part / "LICENSE").write_text(_licence(), "utf-8")
        write_notice(part, layers=layers, n_kept=len(ids), n_all=len(vocabulary))
    words = sum(1 for token, number in vocabulary.items() if number in kept and _WORD.fullmatch(token))
    return Cut(len(ids), words, sum(path.stat().st_size for path in out.iterdir()))


def _licence() -> str:
    """The text of the Apache License: that of the installed fairprog, else of the repository."""
    try:
        installed = distribution("fairprog").read_text("licenses/LICENSE")
    except PackageNotFoundError:
        installed = None
    return installed or (PACKAGE.parent / "LICENSE").read_text("utf-8")


def _read(source: Path) -> tuple[HubJson, HubJson, dict[str, Tensor]]:
    """Configuration, tokenizer and weights; weight names without the prefix ``bert.``."""
    try:
        config = json.loads((source / "config.json").read_text("utf-8"))
        tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
        weights = load_file(source / "model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"{source} is no folder with config.json, tokenizer.json and model.safetensors of an encoder ({error})."
        ) from error
    weights = {name.removeprefix("bert."): value for name, value in weights.items()}
    if config.get("model_type") != "bert" or tokenizer["model"].get("type") != "WordPiece" or _TABLE not in weights:
        raise ModelError(f"{source} is no BERT with a WordPiece vocabulary; only such an encoder can be cut.")
    check_ids(tokenizer)
    return config, tokenizer, weights


def _characters(vocabulary: dict[str, int], reader: Tokenizer) -> Iterator[int]:
    """Token ids of all single characters, and of continuations for characters that can occur within a word."""
    for token, number in vocabulary.items():
        character = token.removeprefix("##")
        if len(character) == 1 and (character == token or _goes_on(character, reader)):
            yield number


def _goes_on(character: str, reader: Tokenizer) -> bool:
    """Whether a character can continue a word; punctuation and Chinese characters are always split off."""
    normal = reader.normalizer.normalize_str(f"a{character}")
    return len(reader.pre_tokenizer.pre_tokenize_str(normal)) == 1


def _frequent(vocabulary: dict[str, int], *, n_words: int, n_pieces: int) -> list[int]:
    """Token ids of the first words and of the first continuations."""
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    words = [token for token in ordered if _WORD.fullmatch(token)][:n_words]
    pieces = [token for token in ordered if token.startswith("##") and len(token) > 3][:n_pieces]
    return [vocabulary[token] for token in (*words, *pieces)]


def _smaller(config: HubJson, layers: int, ids: list[int]) -> HubJson:
    """The configuration of the smaller encoder."""
    dropped = {"_name_or_path", "transformers_version", "torch_dtype", "gradient_checkpointing"}
    rest = {name: value for name, value in config.items() if name not in dropped}
    sizes = {"num_hidden_layers": layers, "vocab_size": len(ids), "pad_token_id": ids.index(config["pad_token_id"])}
    return {**rest, **sizes, "architectures": ["BertModel"], "dtype": "float16"}


def _renumbered(tokenizer: HubJson, ids: list[int]) -> HubJson:
    """The tokenizer with the kept entries only, renumbered in their old order."""
    new = {old: number for number, old in enumerate(ids)}
    vocabulary = {token: new[old] for token, old in tokenizer["model"]["vocab"].items() if old in new}
    ends = tokenizer["post_processor"]
    for special in ends["special_tokens"].values():
        special["ids"] = [new[old] for old in special["ids"]]
    return {
        **tokenizer,
        "truncation": None,
        "padding": None,
        "added_tokens": [{**added, "id": new[added["id"]]} for added in tokenizer["added_tokens"]],
        "post_processor": ends,
        "model": {**tokenizer["model"], "vocab": dict(sorted(vocabulary.items(), key=lambda item: item[1]))},
    }


def _first_layers(weights: dict[str, Tensor], layers: int, ids: list[int]) -> dict[str, Tensor]:
    """The kept weights, in half precision."""
    kept = {}
    for name, value in weights.items():
        layer = _LAYER.match(name)
        is_kept = layer is None or int(layer[1]) < layers
        if is_kept and value.is_floating_point() and name.startswith(("embeddings.", "encoder.", "pooler.")):
            kept[name] = (value[ids] if name == _TABLE else value).to(torch.float16).contiguous()
    return kept


def _write_json(path: Path, value: Any) -> None:
    indent = 1 if path.name != "tokenizer.json" else None
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", "utf-8")
