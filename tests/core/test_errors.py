"""How an error's sentence shows what was found: in one line, short, and without steering a terminal."""

import copy

import pytest

from fairprog_core.common.errors import LONGEST, ArtifactError, ConfigError, escaped, shorten, shown
from fairprog_core.study import Study


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ("a\nb", r"'a\nb'"),
        ("\x1b[2J", r"'\x1b[2J'"),
        ([10**5000], "[an integer of 16610 bits]"),
        (nested(3), "[[[[]]]]"),
    ],
)
def test_what_was_found_is_shown_as_python_writes_it(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("value", ["x" * 10**6, list(range(10**5)), nested(5000), {"x" * 1000: "y" * 1000}])
def test_what_was_found_is_shown_in_short(value: object) -> None:
    assert 5 < len(shown(value)) <= 80


def test_shortened_path_keeps_the_name_of_its_file() -> None:
    short = shorten("/a" * 1000 + "/study.toml", 40)
    assert len(short) == 40
    assert short.startswith("/a/a/a")
    assert short.endswith("/study.toml")
    assert "…" in short
    assert shorten("a \n b") == "a b"


def test_escaped_text_keeps_letters_and_emoji() -> None:
    assert escaped("λ é\u00a0😀\n") == "λ é\u00a0😀\n"
    assert escaped("\x1b\x7f\u202e\ud800") == r"\x1b\x7f\u202e\ud800"


def test_sentence_about_any_value_is_short() -> None:
    for values in (
        {"x" * 10**5: 1},
        {"seeds": [10**5000]},
        {"seeds": [nested(2000)]},
        {"dataset": {"kind": "x" * 999}},
    ):
        with pytest.raises(ConfigError, match=r"\w") as caught:
            Study.parse(values, where="/x" * 2000)
        assert len(str(caught.value)) <= LONGEST


def test_every_sentence_is_one_short_line_and_keeps_what_to_do() -> None:
    path, reason = "/a" * 500 + "/trigger.safetensors", "it holds 5 of 7 tensors,\n\x1b[2J " + "and more " * 200
    sentence = str(ArtifactError(f"{path} is damaged ({reason}); run the study again."))
    assert len(sentence) <= LONGEST
    assert sentence.startswith("/a/a/a")
    assert "/trigger.safetensors is damaged (it holds 5 of 7 tensors, \\x1b[2J and" in sentence
    assert sentence.endswith("run the study again.")
    assert str(ArtifactError(sentence)) == sentence


def test_sentence_that_fits_is_left_as_it_is() -> None:
    assert str(ConfigError("There is no 'a  b' in /x y/z; give 'λ'.")) == "There is no 'a  b' in /x y/z; give 'λ'."


def test_error_survives_the_way_between_processes() -> None:
    error = ArtifactError("x is damaged; run the study again.")
    assert str(copy.copy(error)) == str(error)
    assert type(copy.copy(error)) is ArtifactError
