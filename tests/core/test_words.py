"""Words as written, and the tokens that spell them: by hand for three kinds of tokenizer; odd texts."""

from pathlib import Path

import numpy as np
import pytest

from fairprog_core.explain.text import words
from fairprog_core.explain.text.words import _CONTROL, NO_WORD, WordedText, all_words, readable, worded
from tests.tiny_encoders import FAMILIES, STRANGE, make


def test_pieces_are_joined_to_the_word_as_written(folders: dict[str, Path]):
    """[CLS] the | cat ##s [UNK] | sat [SEP]: "cats," is three tokens."""
    text = worded(make(folders["bert"]), " The  cats, sat\n")
    assert text.words == ["The", "cats,", "sat"]
    assert text.word_of.tolist() == [NO_WORD, 0, 1, 1, 1, 2, NO_WORD]
    assert not text.is_cut


def test_values_of_pieces_add_up(folders: dict[str, Path]):
    text = worded(make(folders["bert"]), "The cats, sat")
    values = np.array([9.0, 1.0, 2.0, -0.5, 0.25, 4.0, 9.0], dtype=np.float32)
    assert text.by_word(values).tolist() == [1.0, 1.75, 4.0]


@pytest.mark.parametrize(("family", "expected"), [("roberta", [0, 1, 1, 2]), ("albert", [0, 1, 1, 1, 2])])
def test_spaces_inside_tokens_do_not_matter(family: str, expected: list[int], folders: dict[str, Path]):
    """Byte pairs: " cat" "s"; unigrams: "▁cat" "s" and so on. Each belongs to the word behind its space."""
    text = worded(make(folders[family]), " the cats sat")
    assert text.words == ["the", "cats", "sat"]
    inner = text.word_of[1:-1].tolist()
    assert inner == sorted(inner)
    assert set(inner) == {0, 1, 2}
    assert len(text.word_of) == len(text.ids)
    assert inner.count(1) >= expected.count(1) - 1


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("family", FAMILIES)
def test_odd_texts_have_words_and_nothing_breaks(family: str, text: str, folders: dict[str, Path]):
    encoder = make(folders[family])
    found = worded(encoder, text)
    assert len(found.ids) == len(found.word_of) <= encoder.max_length
    assert found.word_of.min() == NO_WORD
    assert found.word_of.max() < max(len(found.words), 1)
    assert found.by_word(np.ones(len(found.ids), dtype=np.float32)).shape == (len(found.words),)
    for word in found.words:
        word.encode("utf-8")
        assert word == word.strip()
        assert not any(letter < " " for letter in word)
    assert found.is_cut == (found.words != [_CONTROL.sub("\ufffd", word) for word in readable(text).split()])


def test_text_that_is_too_long_ends_where_reading_ended(folders: dict[str, Path]):
    """24 tokens at most: [CLS], 22 words and [SEP]."""
    text = worded(make(folders["bert"]), "cat " * 2500)
    assert text.words == ["cat"] * 22
    assert text.word_of.tolist() == [NO_WORD, *range(22), NO_WORD]
    assert text.is_cut


def test_word_that_reading_ended_in_is_shown_up_to_there(folders: dict[str, Path]):
    """22 tokens are left: "cat" 20 times, then x and ##y of the word "xyz"."""
    text = worded(make(folders["bert"]), "cat " * 20 + "xyz")
    assert text.words[-2:] == ["cat", "xy"]
    assert text.is_cut
    assert not worded(make(folders["bert"]), "cat " * 20 + "xy").is_cut


def test_more_words_than_are_shown_count_for_none(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(words, "MOST_WORDS", 2)
    text = worded(make(folders["bert"]), "the cat sat")
    assert text.words == ["the", "cat"]
    assert text.word_of.tolist() == [NO_WORD, 0, 1, NO_WORD, NO_WORD]
    assert text.is_cut


def test_endless_word_is_shortened_visibly(folders: dict[str, Path]):
    """A word of 10,000 letters is one unknown token of WordPiece, so it is read, but not shown whole."""
    text = worded(make(folders["bert"]), "x" * 10_000 + " cat")
    assert [len(word) for word in text.words] == [words.MOST_LETTERS, 3]
    assert text.words[0].endswith("x…")
    assert text.is_cut


def test_control_characters_are_made_visible(folders: dict[str, Path]):
    assert worded(make(folders["bert"]), "a\x00b \x1b[31m \x7f").words == ["a\ufffdb", "\ufffd[31m", "\ufffd"]


def test_identity_words_are_found_between_marks():
    written = ["The", "Muslim-owned", "shop,", "\"Christians'", 'place"', "(Jews!)", "christianly"]
    text = WordedText(np.zeros(0, np.int32), written, np.zeros(0, np.int64), False)
    is_one = text.is_among(frozenset({"muslim", "christians", "jews"}))
    assert [word for word, one in zip(text.words, is_one) if one] == ["Muslim-owned", "\"Christians'", "(Jews!)"]


def test_no_text_has_no_words(folders: dict[str, Path]):
    for text in ("", "  \n\t "):
        found = worded(make(folders["bert"]), text)
        assert (found.words, found.is_cut) == ([], False)
        assert found.is_among(frozenset({"a"})).shape == (0,)


def test_words_of_all_groups_are_put_together():
    assert all_words([{"a", "b"}, {"b", "c"}]) == {"a", "b", "c"}
    assert all_words([]) == frozenset()
