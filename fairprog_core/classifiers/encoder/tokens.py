"""A text classifier's tokenizer: texts to token ids and back, built from a Hugging Face tokenizer.

Notation: n texts, t tokens, v vocabulary.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from typing_extensions import TypedDict  # pydantic supports that of typing only from Python 3.12 on

from fairprog_core.classifiers.encoder import HubJson
from fairprog_core.common.errors import ModelError, shorten, shown

_CHUNK = 4096  # texts per call: tokenizing takes a hundred times the memory of the resulting ids
_SPECIAL = ("cls_token", "sep_token", "pad_token", "unk_token", "mask_token")
_HIGHEST_ID = 10_000_000  # tokenizers reserves memory for every id below; where that fails, the process ends
_UNKNOWN_WORDS = "\U00010400 \U00010400"  # Deseret: in no vocabulary, and kept by tokenizers, unlike private ones
_MARKS = "Ġ▁"  # prefixes of tokens that begin a word, in byte-level and in SentencePiece vocabularies


class TokenizerState(TypedDict):
    """JSON values from which a tokenizer is rebuilt.

    Attributes:
        tokenizer: content of ``tokenizer.json``.
        special: names of the special tokens, ``{"pad_token": "[PAD]", …}``.
    """

    tokenizer: HubJson
    special: dict[str, str]


class Tokens:
    """A tokenizer that encodes a text as [CLS] … [SEP], whatever the family calls these two tokens.

    Names of special tokens inside a text are encoded as ordinary text.

    Attributes:
        tokenizer: Hugging Face's fast tokenizer.
        tokenizer_state: JSON values from which it is rebuilt.
        pad_id: token id of the padding.
    """

    def __init__(self, tokenizer_state: TokenizerState) -> None:
        """Build a tokenizer.

        Raises:
            ModelError: it cannot be built, has no pad or unknown token, or does not add exactly one token before and
                one after a text.
        """
        self.tokenizer_state = tokenizer_state
        backend, self.tokenizer = _build(tokenizer_state)
        pad, unknown = self.tokenizer.pad_token_id, self.tokenizer.unk_token_id
        if pad is None or unknown is None or not self._frames(backend):
            raise ModelError(
                "The tokenizer of this model does not read a text as [CLS] … [SEP], with pad and unknown tokens "
                f"(it makes {backend.encode('').tokens} of an empty one); choose a model of the BERT, DistilBERT, "
                "RoBERTa, ALBERT or ELECTRA family."
            )
        self.pad_id = int(pad)
        self._backend = self.tokenizer.backend_tokenizer
        self._backend.encode_special_tokens = True
        self._unknown = int(unknown)
        self._reserved = [token for token in self.tokenizer.all_special_ids if token != self._unknown]

    def _frames(self, backend: Tokenizer) -> bool:
        """Whether an empty text, and one that is not, are read as [CLS], their own tokens once, [SEP]."""
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        for text in ("", _UNKNOWN_WORDS):
            own = backend.encode(text, add_special_tokens=False)
            starts = [start for start, _ in own.offsets]
            if backend.encode(text).ids != [first, *own.ids, last] or starts != sorted(starts):  # else read twice
                return False
        return True

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> "Tokens":
        """From a Hugging Face tokenizer."""
        special = {name: str(value) for name in _SPECIAL if (value := getattr(tokenizer, name, None)) is not None}
        return cls({"tokenizer": json.loads(tokenizer.backend_tokenizer.to_str()), "special": special})

    @cached_property
    def n_ids(self) -> int:
        """The rows that a word table needs: one more than the highest id, added tokens included."""
        return max(self.tokenizer.get_vocab().values()) + 1

    def encode(self, texts: Iterable[str], *, max_length: int) -> NDArray[np.int32]:
        """Texts -> token ids.

        Args:
            texts: n texts; any ``str`` is accepted.
            max_length: maximal number of tokens, including [CLS] and [SEP]; longer texts are cut.

        Returns:
            (n, t) int32, padded on the right with ``pad_id`` to the longest row.

        Raises:
            ModelError: the tokenizer is damaged, so that it fails on one of the texts.
        """
        self._backend.no_padding()
        self._backend.enable_truncation(max_length)
        texts = [_readable(text) for text in texts]
        with _refusing("read a text"):
            rows = [
                np.array(encoding.ids, dtype=np.int32)
                for start in range(0, len(texts), _CHUNK)
                for encoding in self._backend.encode_batch_fast(texts[start : start + _CHUNK])
            ]
        ids = np.full((len(rows), max(map(len, rows), default=0)), self.pad_id, dtype=np.int32)
        for row, values in zip(ids, rows):
            values[1:-1][np.isin(values[1:-1], self._reserved)] = (
                self._unknown
            )  # SentencePiece encodes special tokens all the same
            row[: len(values)] = values
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """Token ids -> text; whole words encode to the same tokens again.

        In a byte-level vocabulary the text begins with the space that belongs to its first word.
        """
        text: str = self._backend.decode([int(each) for each in ids], skip_special_tokens=False)
        return text

    @cached_property
    def words(self) -> dict[str, int]:
        """The whole words of the vocabulary and their token ids, in order of the ids.

        A whole word has lower-case letters only and is encoded as one token after a space. This excludes
        continuation pieces (``##ing``) and tokens that the tokenizer never produces from their own letters.
        """
        self._backend.no_truncation()
        known = sorted(self.tokenizer.get_vocab().items(), key=lambda item: item[1])
        spelled = [(token.lstrip(_MARKS), number) for token, number in known]
        candidates = [(word, number) for word, number in spelled if word.isalpha() and word.islower()]
        encoded = self._backend.encode_batch_fast([f" {word}" for word, _ in candidates], add_special_tokens=False)
        return {word: number for (word, number), encoding in zip(candidates, encoded) if encoding.ids == [number]}


def check_ids(tokenizer: HubJson) -> None:
    """Refuse token ids that the tokenizers library would read without an error, and with which it then goes wrong.

    With a huge id it ends the process. Of two words with one id it keeps one, by chance.

    Args:
        tokenizer: content of a ``tokenizer.json``.

    Raises:
        ModelError: a token id is above `_HIGHEST_ID`, or two words of the vocabulary share an id.
    """
    model, added = tokenizer.get("model"), tokenizer.get("added_tokens")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None  # a list, without ids, in Unigram models
    words = list(vocabulary.values()) if isinstance(vocabulary, dict) else []
    ids = [
        *words,
        *(token.get("id") for token in (added if isinstance(added, list) else []) if isinstance(token, dict)),
    ]
    if (highest := max((number for number in ids if isinstance(number, int)), default=0)) > _HIGHEST_ID:
        raise ModelError(
            f"The tokenizer of this model has a token with the id {shown(highest)}; "
            f"ids up to {_HIGHEST_ID:,} are allowed."
        )
    numbers = [number for number in words if isinstance(number, int)]
    if len(set(numbers)) < len(numbers):
        raise ModelError("Two words in the vocabulary of this model have one id; save its tokenizer again.")


def _build(state: TokenizerState) -> tuple[Tokenizer, PreTrainedTokenizerFast]:
    """The tokenizer, and Hugging Face's wrapper around it."""
    if strange := state["special"].keys() - set(_SPECIAL):
        raise ModelError(f"The tokenizer of this model has a special token of an unknown kind ({min(strange)!r:.60}).")
    check_ids(state["tokenizer"])
    with _refusing("be built"):
        backend = Tokenizer.from_str(json.dumps(state["tokenizer"]))
        backend.no_padding()
        backend.no_truncation()
        backend.encode_special_tokens = True  # "[PAD]" in a comment is five ordinary characters
        wrapper = PreTrainedTokenizerFast(tokenizer_object=backend, **state["special"])  # type: ignore[no-untyped-call]
        for text in ("", _UNKNOWN_WORDS):
            wrapper.backend_tokenizer.encode(text)  # a copy, which lacks words whose id another word has too
    return backend, wrapper


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn whatever the tokenizers library raises into one sentence: the tokenizer "cannot …"."""
    try:
        yield
    except BaseException as error:  # it raises plain Exception, or panics, which is no Exception in Python
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ModelError(f"The tokenizer of this model cannot {what} ({shorten(error)}).") from error


def _readable(text: str) -> str:
    """The text without lone surrogates, which a ``str`` can hold but no tokenizer can encode."""
    return text.encode("utf-8", "replace").decode("utf-8")
