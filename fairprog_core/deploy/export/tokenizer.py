"""The tokenizer of a text classifier as a ``tokenizer.json``, for the library tokenizers alone."""

import copy
import json
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from fairprog_core.classifiers.encoder.text_classifier import TextClassifier
from fairprog_core.classifiers.encoder.tokens import Tokens
from fairprog_core.common.errors import ModelError

TRIALS = ("it is what it is", "so", "Naïve café, 3 × 4!", "word " * 40)


class AloneTokenizer(NamedTuple):
    """What an exported file needs to read texts.

    Attributes:
        text: content of ``tokenizer.json``; cuts and pads as the classifier does.
        yields_reserved: whether a text that names a special token gets its id, so that the graph has to replace it.
    """

    text: str
    yields_reserved: bool


def alone_tokenizer(classifier: TextClassifier) -> AloneTokenizer:
    """The tokenizer of a classifier, tried out on a few texts.

    Raises:
        ModelError: alone it reads texts otherwise than the classifier.
    """
    tokens = classifier.tokens
    tokenizer = _without_special_names(tokens)
    tokenizer.enable_truncation(classifier.max_length)
    pad = max(tokens.pad_id, 0)
    tokenizer.enable_padding(pad_id=pad, pad_token=tokens.name(pad))
    text: str = tokenizer.to_str()
    trials = (*TRIALS, f"so {' '.join(tokens.name(each) for each in tokens.reserved)} so")
    yields_reserved = False
    for row, encoding in zip(
        classifier.encode(trials), Tokenizer.from_str(text).encode_batch(list(trials)), strict=True
    ):
        ids = np.array(
            [token for token, is_own in zip(encoding.ids, encoding.attention_mask) if is_own], dtype=np.int32
        )
        inner = tokens.inner(ids)
        is_reserved = np.isin(inner, tokens.reserved)
        yields_reserved |= bool(is_reserved.any())
        inner[is_reserved] = tokens.unknown_id
        if ids.tolist() != row[row != tokens.pad_id].tolist():
            raise ModelError(
                "The tokenizer of this classifier reads texts otherwise when it is used without fairprog, so the "
                "exported file could not be used; save the model with a fast tokenizer of its own."
            )
    return AloneTokenizer(text, yields_reserved)


def _without_special_names(tokens: Tokens) -> Tokenizer:
    """The tokenizer, to which the name of a special token inside a text is ordinary text, where it can do without."""
    state = copy.deepcopy(tokens.tokenizer_state["tokenizer"])
    added = state.get("added_tokens")
    state["added_tokens"] = [each for each in added if not each.get("special")] if isinstance(added, list) else []
    try:
        return Tokenizer.from_str(json.dumps(state))
    except Exception:  # noqa: BLE001 - tokenizers raises plain Exception where an id is known as an added token only
        return Tokenizer.from_str(json.dumps(tokens.tokenizer_state["tokenizer"]))
