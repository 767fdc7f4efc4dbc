"""The description inside an exported file: enough to use it without fairprog."""

import json
from typing import Any

import torch
from torch import nn

from fairprog_core.classifiers.base import Classifier, weights_digest
from fairprog_core.common.process.version import VERSION
from fairprog_core.deploy.export.files import ABOUT, FORMAT, TOKENIZER
from fairprog_core.deploy.export.graph import LAM, OUTPUT, ROWS, ExportedGraph, PictureGraph, TextGraph
from fairprog_core.triggers.base import Trigger

_FROM_TRIGGER = ("criterion", "gap", "method", "curve", "groups", "data", "weights", "versions", "passport")


def describe(
    graph: ExportedGraph,
    labels: tuple[str, ...],
    *,
    chosen_lam: float | None,
    file_format: str,
    opset: int | None,
) -> dict[str, str]:
    """The texts that an exported file holds: the description as JSON, and the tokenizer of a text classifier."""
    trigger = graph.trigger
    assert trigger is not None
    about = {
        "format": FORMAT,
        "fairprog": VERSION,
        "torch": str(torch.__version__),
        "file_format": file_format,
        "opset": opset,
        "labels": list(labels),
        "lam": _lam(trigger, graph.lam, chosen_lam),
        "inputs": _inputs(graph),
        "outputs": {OUTPUT: {"type": "float32", "shape": [ROWS, len(labels)]}},
        "trigger": {
            "kind": trigger.options.kind,
            "digest": weights_digest(trigger),
            "options": trigger.options.to_json(),
        },
        "classifier": {"kind": _kind(graph.classifier), "digest": graph.classifier.digest()},
        "learned": {name: trigger.about[name] for name in _FROM_TRIGGER if name in trigger.about},
    }
    texts = {}
    if isinstance(graph, TextGraph):
        texts[TOKENIZER] = graph.tokenizer
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
    takes_bytes = isinstance(graph, PictureGraph) and graph.picture_size is not None
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


def _kind(classifier: Classifier | nn.Module) -> str:
    return str(getattr(classifier.options, "kind", type(classifier).__name__))
