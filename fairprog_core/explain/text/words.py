"""The words of a text as they are written, and which tokens spell each of them.

A word is a run of characters between spaces, however the tokenizer splits it: "Muslims," is one word with two
tokens of a WordPiece vocabulary, or with four of a byte-level one.

Notation: t tokens of a text, including [CLS] and [SEP]; W words.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.encoder.classifier import Encoder

MOST_WORDS = 400
MOST_LETTERS = 80  # of a word; a longer one is shown with an ellipsis
NO_WORD = -1
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LETTERS = re.compile(r"[^\W\d_]+")


class WordedText(NamedTuple):
    """A text as the classifier takes it and as the screen shows it.

    Attributes:
        ids: (t,) numbers of its tokens.
        words: W words as written, control characters made visible.
        word_of: (t,) the word that each token belongs to, or `NO_WORD`.
        is_cut: whether a part of the text is missing, in the tokens or in the words.
    """

    ids: NDArray[np.int32]
    words: list[str]
    word_of: NDArray[np.int64]
    is_cut: bool

    def by_word(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values of the tokens (t,) -> their sums by word (W,)."""
        has_word = self.word_of != NO_WORD
        sums = np.bincount(self.word_of[has_word], values[has_word], minlength=len(self.words))
        return sums.astype(np.float32)

    def is_among(self, names: frozenset[str]) -> NDArray[np.bool_]:
        """(W,) whether a word, or a part of it as in "Muslim-owned", is one of the lower-case names."""
        return np.array([any(part in names for part in _parts(word)) for word in self.words], dtype=bool)


def worded(classifier: Encoder, text: str) -> WordedText:
    """Split any text into the classifier's tokens and the words that they spell."""
    text = readable(text)
    ids = classifier.encode([text])[0]
    backend = classifier.tokenizer.backend_tokenizer
    backend.enable_truncation(classifier.max_length)
    encoding = backend.encode(text)
    end = max((stop for _, stop in encoding.offsets), default=0) if encoding.overflowing else len(text)
    places = [found.span() for found in re.finditer(r"\S+", text[:end])]
    stops = np.array([stop for _, stop in places], dtype=np.int64)
    starts = [start for start, _ in encoding.offsets] or [0] * len(ids)  # an empty text without prefix and suffix
    # a token that begins with a space, or is one, belongs to the next word; after the last word, to the last
    word_of = np.minimum(np.searchsorted(stops, starts, side="right"), len(places) - 1)
    before, after = classifier.tokens.n_ends
    word_of[:before] = word_of[len(word_of) - after :] = NO_WORD
    word_of[word_of >= MOST_WORDS] = NO_WORD
    written = [text[start:stop] for start, stop in places[:MOST_WORDS]]
    is_cut = bool(encoding.overflowing) or len(places) > MOST_WORDS or any(len(word) > MOST_LETTERS for word in written)
    return WordedText(ids, [_shown(word) for word in written], word_of, is_cut)


def readable(text: str) -> str:
    """The text without single halves of surrogate pairs, which a ``str`` can hold and the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode()


def all_words(by_group: Iterable[Iterable[str]]) -> frozenset[str]:
    """The words of all groups together."""
    return frozenset(word for words in by_group for word in words)


def _parts(word: str) -> list[str]:
    return _LETTERS.findall(word.lower())


def _shown(word: str) -> str:
    """A word for the screen."""
    short = word if len(word) <= MOST_LETTERS else f"{word[: MOST_LETTERS - 1]}…"
    return _CONTROL.sub("\ufffd", short)
