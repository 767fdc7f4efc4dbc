"""The description inside an exported file: enough to use it without fairprog."""

import json
from typing import Any

import torch
from torch import nn

from fairprog_core.classifiers.base import Classifier, weights_digest
from fairprog_core.classifiers.encoder.text_classifier import TextClassifier
from fairprog_core.common.errors import ModelError
from fairprog_core.common.process.version import VERSION
from fairprog_core.deploy.export.files import ABOUT, FORMAT, TOKENIZER
from fairprog_core.deploy.export.graph import LAM, OUTPUT, ROWS, ExportedGraph, PictureGraph
from fairprog_core.triggers.base import Trigger

TRIALS = ("it is what it is", "so", "Naïve café, 3 × 4!  [PAD] [SEP] [CLS] <s> </s>", "word " * 40)
_FROM_TRIGGER = ("criterion", "gap", "method", "curve", "data", "classifier", "versions", "passport", "metrics")


def describe(
    graph: ExportedGraph, *, labels: tuple[str, ...], chosen_lam: float | None, format_name: str, opset: int | None
) -> dict[str, str]:
    """The texts that an exported file holds: the description as JSON, and the tokenizer of a text classifier."""
    trigger = graph.trigger
    assert trigger is not None
    about = {
        "format": FORMAT,
        "fairprog": VERSION,
        "torch": str(torch.__version__),
        "file_format": format_name,
        "opset": opset,
        "labels": list(labels),
        "lam": _lam(trigger, graph.lam, chosen_lam),
        "inputs": _inputs(graph),
        "outputs": {OUTPUT: {"type": "float32", "shape": [ROWS, graph.classifier.n_classes]}},
        "trigger": {
            "kind": trigger.options.kind,
            "digest": weights_digest(trigger),
            "options": trigger.options.to_json(),
        },
        "classifier": {"kind": _kind(graph.classifier), "digest": graph.classifier.digest()},
        "learned": {name: trigger.about[name] for name in _FROM_TRIGGER if name in trigger.about},
    }
    texts = {}
    if isinstance(graph.classifier, TextClassifier):
        texts[TOKENIZER] = tokenizer_text(graph.classifier)
        about["tokens"] = {"tokenizer": TOKENIZER, "longest": graph.classifier.max_length}
    return {ABOUT: json.dumps(about, ensure_ascii=False)} | texts


def _lam(trigger: Trigger, fixed: float | None, chosen: float | None) -> dict[str, Any]:
    anchors = trigger.scale.anchor_lams
    return {
        "input": LAM if fixed is None else None, "fixed": fixed, "lowest": anchors[0], "highest": anchors[-1],
        "chosen": chosen, "outside": "the nearest end of the range is used",
    }  # fmt: skip


def _inputs(graph: ExportedGraph) -> dict[str, Any]:
    """Type, shape and meaning of every input."""
    shapes = graph.axes()
    takes_bytes = isinstance(graph, PictureGraph) and graph.takes_bytes
    meanings = {
        "image": ("uint8", "RGB, 0 to 255, height, width, colours")
        if takes_bytes
        else ("float32", "RGB, 0 to 1, colours, height, width; the classifier's own normalisation is inside"),
        "input_ids": ("int64", "ids of the tokenizer, padded on the right"),
        "attention_mask": ("int64", "1 for tokens of the text, 0 for padding"),
        LAM: ("float32", "strength of the trigger"),
    }
    return {
        name: {"type": meanings[name][0], "shape": list(shapes[name]), "meaning": meanings[name][1]}
        for name in graph.input_names
    }


def tokenizer_text(classifier: TextClassifier) -> str:
    """Content of a ``tokenizer.json`` that cuts and pads as the classifier reads, for the library tokenizers alone.

    Raises:
        ModelError: it does not read texts as the classifier does.
    """
    from tokenizers import Tokenizer

    tokens = classifier.tokens
    state = json.loads(json.dumps(tokens.tokenizer_state["tokenizer"]))
    # names of special tokens inside a text are ordinary text: their ids come from the start and the end alone
    state["added_tokens"] = [each for each in state.get("added_tokens", []) if not each.get("special")]
    try:
        tokenizer = Tokenizer.from_str(json.dumps(state))
    except Exception:  # noqa: BLE001 - tokenizers raises plain Exception where an id is known only as an added token
        tokenizer = Tokenizer.from_str(json.dumps(tokens.tokenizer_state["tokenizer"]))
    pad = max(tokens.pad_id, 0)
    tokenizer.enable_truncation(classifier.max_length)
    tokenizer.enable_padding(pad_id=pad, pad_token=tokens.name(pad))
    expected = classifier.encode(TRIALS)
    again = Tokenizer.from_str(tokenizer.to_str())
    for row, encoding in zip(expected, again.encode_batch(list(TRIALS)), strict=True):
        ids = [token for token, is_own in zip(encoding.ids, encoding.attention_mask) if is_own]
        if ids != [token for token in row.tolist() if token != tokens.pad_id]:
            raise ModelError(
                "The tokenizer of this classifier reads texts otherwise when it is used alone, so the exported file "
                "could not be used without fairprog; choose a model with a fast tokenizer of the kind of BERT or GPT."
            )
    text: str = again.to_str()
    return text


def _kind(classifier: Classifier | nn.Module) -> str:
    return str(getattr(classifier.options, "kind", type(classifier).__name__))
