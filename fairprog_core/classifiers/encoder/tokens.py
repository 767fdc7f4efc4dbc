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
_ENDS = ("bos_token", "eos_token")  # read where there is no [CLS]; elsewhere they are [CLS] and [SEP] again
_FILLING = -1  # fills rows up where the pad token, or none, could be a part of a text
_HIGHEST_ID = 10_000_000  # tokenizers reserves memory for every id below; where that fails, the process ends
_UNKNOWN_WORDS = "\U00010400 \U00010400"  # Deseret: in no vocabulary, and kept by tokenizers, unlike private ones
_TRIALS = (_UNKNOWN_WORDS, "a b")  # the second for tokenizers that leave out what they do not know
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
    """A tokenizer that encodes a text between a fixed prefix and a fixed suffix, such as [CLS] and [SEP].

    Either may be empty, as in GPT-2's kind. Names of special tokens inside a text are encoded as ordinary text.

    Attributes:
        tokenizer: Hugging Face's fast tokenizer.
        tokenizer_state: JSON values from which it is rebuilt.
        prefix: token ids before every text.
        suffix: token ids after every text.
        pad_id: fills rows up: the pad token's id; -1 where there is none, or where it could be a part of a text.
        blank_id: token id that stands for no word: the pad token's, else the unknown token's, else that of an end.
        unknown_id: token id of words that are not known.
        reserved: token ids of the other special tokens, which are replaced by the unknown one inside a text.
    """

    def __init__(self, tokenizer_state: TokenizerState) -> None:
        """Build a tokenizer.

        Raises:
            ModelError: it cannot be built, has no special tokens, or does not read a text once, between a fixed prefix
                and a fixed suffix, to which [CLS] belongs where it has one.
        """
        self.tokenizer_state = tokenizer_state
        backend, self.tokenizer = _build(tokenizer_state)
        frame, own = _frame(backend), self.tokenizer
        if frame is None or own.cls_token_id not in (None, *frame[0], *frame[1]):
            raise ModelError(
                "The tokenizer of this model does not read a text as [CLS] … [SEP], or once between another fixed "
                f"start and end (it makes {shorten(backend.encode('').tokens, 60)} of an empty one); save the model "
                "with its own tokenizer."
            )
        ids = [own.pad_token_id, own.unk_token_id, own.eos_token_id, own.bos_token_id, own.sep_token_id]
        known = [int(each) for each in ids if each is not None]
        if not known:
            raise ModelError("The tokenizer of this model has no special token; give it a pad token and save it again.")
        self.prefix, self.suffix = frame
        self.blank_id = known[0]
        self.unknown_id = self.blank_id if own.unk_token_id is None else int(own.unk_token_id)
        can_fill = own.pad_token_id not in (None, own.unk_token_id, *self.prefix, *self.suffix)
        self.pad_id = self.blank_id if can_fill and (self.prefix or self.suffix) else _FILLING
        self._backend = own.backend_tokenizer
        self._backend.encode_special_tokens = True
        self.reserved = [token for token in own.all_special_ids if token != self.unknown_id]

    @property
    def n_ends(self) -> tuple[int, int]:
        """The number of tokens of the prefix and of the suffix."""
        return len(self.prefix), len(self.suffix)

    def name(self, token: int) -> str:
        """How the vocabulary writes a token, e.g. "[PAD]"."""
        return str(self.tokenizer.convert_ids_to_tokens(token))

    def inner(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The tokens of a text (t,) without its prefix and suffix."""
        return ids[len(self.prefix) : len(ids) - len(self.suffix)]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> "Tokens":
        """From a Hugging Face tokenizer."""
        names = _SPECIAL if getattr(tokenizer, "cls_token", None) is not None else (*_SPECIAL, *_ENDS)
        special = {name: str(value) for name in names if (value := getattr(tokenizer, name, None)) is not None}
        return cls({"tokenizer": json.loads(tokenizer.backend_tokenizer.to_str()), "special": special})

    @cached_property
    def n_ids(self) -> int:
        """The rows that a word table needs: one more than the highest id, added tokens included."""
        return max(self.tokenizer.get_vocab().values()) + 1

    def encode(self, texts: Iterable[str], *, max_length: int) -> NDArray[np.int32]:
        """Texts -> token ids.

        Args:
            texts: n texts; any ``str`` is accepted.
            max_length: maximal number of tokens, including prefix and suffix; longer texts are cut. An empty text
                without either is the token `blank_id`.

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
                np.array(encoding.ids or [self.blank_id], dtype=np.int32)
                for start in range(0, len(texts), _CHUNK)
                for encoding in self._backend.encode_batch_fast(texts[start : start + _CHUNK])
            ]
        ids = np.full((len(rows), max(map(len, rows), default=0)), self.pad_id, dtype=np.int32)
        for row, values in zip(ids, rows):
            own = self.inner(values)
            own[np.isin(own, self.reserved)] = self.unknown_id  # SentencePiece encodes special tokens all the same
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
        for before in (" ", ""):  # without a space where the tokenizer puts one before every text, as Llama's first did
            spaced = [f"{before}{word}" for word, _ in candidates]
            encoded = self._backend.encode_batch_fast(spaced, add_special_tokens=False)
            found = {word: number for (word, number), each in zip(candidates, encoded) if each.ids == [number]}
            if found:
                return found
        return {}


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
    if strange := state["special"].keys() - {*_SPECIAL, *_ENDS}:
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


def _frame(backend: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Prefix and suffix between which texts are read once; None: they are read otherwise."""
    frame = None
    for text in (*_TRIALS, ""):
        whole, own = backend.encode(text), backend.encode(text, add_special_tokens=False)
        if frame is None and own.ids:
            start = whole.special_tokens_mask.index(0) if 0 in whole.special_tokens_mask else 0
            frame = tuple(whole.ids[:start]), tuple(whole.ids[start + len(own.ids) :])
        starts = [start for start, _ in own.offsets]
        if frame and (whole.ids != [*frame[0], *own.ids, *frame[1]] or starts != sorted(starts)):  # else read twice
            return None
    return frame


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
