"""Made-up comments: every draw belongs to its row, the dial means what it says, twins differ in the religion alone."""

import difflib
import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CommentsOptions
from fairprog_core.data.card import data_card
from fairprog_core.data.comments import dataset as comments_module
from fairprog_core.data.comments import words
from fairprog_core.data.comments.dataset import Comments
from fairprog_core.data.comments.writer import P_LEAN, P_STRONG, P_UNNAMED, Draws, draws, write
from fairprog_core.data.identity_words import IDENTITY_WORDS
from fairprog_core.data.random_streams import stream_key

SMALL: dict[str, Any] = {"n_train": 96, "n_tune": 64, "n_val": 24, "n_test": 60}
SPLITS: tuple[Any, ...] = ("train", "tune", "val", "test")
SHARES = [[0.255, 0.045], [0.105, 0.195], [0.24, 0.16]]  # .3 · (.85, .15), .3 · (.35, .65), .4 · (.6, .4)

any_draws = st.lists(
    st.floats(0, 1, exclude_max=True), min_size=len(Draws._fields), max_size=len(Draws._fields)
).map(lambda values: Draws(*values))  # fmt: skip


def made(home: Home, **options: Any) -> Comments:
    dataset: Comments = build(DATASETS, CommentsOptions(**{**SMALL, **options}), home)
    return dataset


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def phrases(names: words.Names) -> list[str]:
    return [phrase for place in names for phrase in place]


# --- rows -------------------------------------------------------------------------------


def test_row_written_alone_is_the_row_in_its_split(home: Home) -> None:
    split = made(home).split("train")
    for row in (0, 1, 50, 95):
        (alone,) = draws(stream_key("comments", 0, "train"), row, row + 1)
        assert write(alone, ("christian", "muslim", "other")[split.z[row]], bool(split.y[row])) == split.x[row]


def test_row_does_not_depend_on_how_many_are_written(home: Home) -> None:
    few, many = made(home).split("train"), made(home, n_train=1200).split("train")
    assert few.x.tolist() == many.x[:96].tolist()
    assert few.y.tolist() == many.y[:96].tolist()


def test_splits_and_seeds_share_no_row(home: Home) -> None:
    rows = [text for seed in (0, 1) for name in SPLITS for text in made(home, seed=seed).split(name).x]
    assert len(set(rows)) == len(rows) == 2 * (96 + 64 + 24 + 60)


def test_same_options_give_same_rows_in_another_home(home: Home, tmp_path: Any) -> None:
    for name in SPLITS:
        assert made(home).split(name).x.tolist() == made(Home(tmp_path / "other")).split(name).x.tolist()


def test_texts_are_an_object_array_of_str_that_can_be_drawn_from(home: Home) -> None:
    split = made(home).split("train")
    assert split.x.shape == (96,)
    assert split.x.dtype == object
    assert all(type(text) is str for text in split.x)
    assert split.y.flags.writeable
    assert split.z.flags.writeable
    part = split.evenly(12)
    assert [split.x.tolist().index(text) for text in part.x] == sorted(split.x.tolist().index(text) for text in part.x)
    assert np.bincount(2 * part.z + part.y).tolist() == [2] * 6


def test_hardly_any_comment_stands_twice(home: Home) -> None:
    x = made(home, n_train=12_000).split("train").x
    assert len(set(x)) >= 0.99 * len(x)


@given(any_draws, st.sampled_from(["christian", "muslim", "other"]), st.booleans())
def test_any_draws_make_a_clean_sentence(draw: Draws, group: str, is_toxic: bool) -> None:
    text = write(draw, group, is_toxic)
    assert text.isascii()
    assert re.fullmatch(r"[A-Z][\w ,.:?!'-]*[.?!]", text)
    assert not re.search(r"  | [,.:?!]|[,.:?!]{2}|\bthe the\b", text)


# --- dial -------------------------------------------------------------------------------


def test_examples_show_every_group_and_label_without_the_cache(home: Home) -> None:
    found = made(home).examples(6)
    assert {(example.groups, example.label) for example in found} == {
        ((group,), label) for group in ("christian", "muslim", "other") for label in ("not toxic", "toxic")
    }
    assert len({example.x for example in found}) == 6
    assert not home.cache.exists()


def test_cell_share_follows_the_dial(home: Home) -> None:
    for name in SPLITS:
        np.testing.assert_allclose(made(home).split(name).cell_share, SHARES, atol=1e-12)
    np.testing.assert_allclose(made(home, rho=0).cell_share[:, 1], [0.12, 0.12, 0.16])


def test_natural_rows_follow_cell_share(home: Home) -> None:
    """20,000 rows; the standard error of a cell's share is at most .0031."""
    dataset = made(home)
    z, y = dataset._codes("train", 0, dataset._draws("train", 0, 20_000))
    share = np.array([[np.mean((z == g) & (y == c)) for c in (0, 1)] for g in range(3)])
    np.testing.assert_allclose(share, SHARES, atol=0.011)


@pytest.mark.parametrize("name", ["val", "test"])
def test_stratified_split_is_even_and_weighs_back(home: Home, name: Any) -> None:
    split = made(home).split(name)
    cells = 2 * split.z + split.y
    assert split.is_stratified
    assert np.bincount(cells).tolist() == [len(cells) // 6] * 6
    np.testing.assert_allclose(np.bincount(cells, split.weight) / len(cells), np.ravel(SHARES), atol=1e-12)


def naive_bayes_gap(home: Home, **options: Any) -> tuple[float, float]:
    """Accuracy and equalized-odds gap (mean of the ranges of TPR and FPR) of naive Bayes on words."""
    dataset = made(home, n_train=6000, n_test=3000, **options)
    train, test = dataset.split("train"), dataset.split("test")
    rows = [set(words_of(text)) for text in train.x]
    score = {}
    toxic, n = train.y.sum(), len(train.y)
    for word in set().union(*rows):
        has = np.array([word in row for row in rows])
        score[word] = np.log((has[train.y == 1].sum() + 1) / (toxic + 2)) - np.log(
            (has[train.y == 0].sum() + 1) / (n - toxic + 2)
        )
    prior = np.log(toxic / (n - toxic))
    y_pred = np.array([sum(score.get(word, 0.0) for word in set(words_of(text))) + prior > 0 for text in test.x])
    rate = [[y_pred[(test.z == g) & (test.y == c)].mean() for g in range(3)] for c in (0, 1)]
    return float(np.average(y_pred == test.y, weights=test.weight)), float(np.ptp(rate, axis=1).mean())


def test_classifier_leans_on_the_religion_as_far_as_the_dial_says(home: Home) -> None:
    """With 500 rows a cell the range of three equal rates is .03 by noise alone."""
    accuracy, gap = naive_bayes_gap(home)
    assert 0.82 < accuracy < 0.90
    assert gap > 0.10
    assert naive_bayes_gap(home, rho=0.0)[1] < 0.06


# --- what the words tell ----------------------------------------------------------------


@pytest.mark.parametrize("group", ["christian", "muslim", "other"])
def test_every_name_of_a_group_holds_a_word_of_it_and_of_no_other(home: Home, group: str) -> None:
    known = made(home).identity_words()
    for phrase in [phrase for names in words.TRADITIONS[group] for phrase in phrases(names)]:
        assert {name for name in known if known[name] & set(words_of(phrase))} == {group}, phrase


def test_words_around_the_name_name_no_religion(home: Home) -> None:
    cues = [cue for cue in vars(words).values() if isinstance(cue, words.Cue)]
    assert len(cues) == 6
    around = [
        *phrases(words.UNNAMED), *words.STREETS, *words.VENUES, *words.OPENERS, *words.LEADS, *words.SOURCES,
        *words.TOPICS, *words.SOUR_TAILS, *words.CALM_TAILS, *(phrase for _, phrase in words.SUBJECTS),
        *(phrase for _, phrase in words.MENTIONS), *(phrase for cue in cues for part in cue for phrase in part),
    ]  # fmt: skip
    named = frozenset().union(*made(home).identity_words().values())
    assert {word for phrase in around for word in words_of(phrase)} & named == set()


def test_identity_words_are_single_lower_case_words_of_one_identity() -> None:
    every = [word for known in IDENTITY_WORDS.values() for word in known]
    assert all(re.fullmatch(r"[a-z]+", word) for word in every)
    assert len(set(every)) == len(every)
    assert list(IDENTITY_WORDS) == [
        "male", "female", "LGBTQ", "christian", "muslim", "other_religions", "black", "white"
    ]  # fmt: skip


def test_some_comments_do_not_name_their_religion(home: Home) -> None:
    """Of 3,000 comments a tenth, less those that mention their own religion by the way: .1 · (1 − .1 · .6 / 3)."""
    dataset = made(home, n_test=3000)
    split, known = dataset.split("test"), list(dataset.identity_words().values())
    unnamed = np.mean([not known[z] & set(words_of(text)) for text, z in zip(split.x, split.z, strict=True)])
    assert unnamed == pytest.approx(P_UNNAMED, abs=0.02)


def test_cues_lean_to_their_label(home: Home) -> None:
    """On a test split that is even over the labels, P(toxic | cue) is P(cue leans to the label)."""
    split = made(home, n_test=6000).split("test")

    def with_cue(cue: words.Cue) -> NDArray[np.bool_]:
        fill = [(f"{first} {second}", first) for first in cue.first for second in cue.second] or [("", "")]
        said = {f" {phrase.format(x=x, y=y)}" for phrase in cue.phrases for x, y in fill}
        return np.array([any(phrase in text for phrase in said) for text in split.x])

    for strength, low, high in (
        ("medium", words.MEDIUM_BENIGN, words.MEDIUM_TOXIC),
        ("weak", words.WEAK_BENIGN, words.WEAK_TOXIC),
    ):
        assert split.y[with_cue(high)].mean() == pytest.approx(P_LEAN[strength], abs=0.05)
        assert split.y[with_cue(low)].mean() == pytest.approx(1 - P_LEAN[strength], abs=0.05)
    np.testing.assert_array_equal(split.y[strong := with_cue(words.STRONG_TOXIC)], 1)
    assert strong.mean() == pytest.approx(P_STRONG / 2, abs=0.02)
    np.testing.assert_array_equal(split.y[with_cue(words.STRONG_BENIGN)], 0)


# --- twins ------------------------------------------------------------------------------


@given(any_draws, st.booleans())
def test_twins_differ_in_the_name_of_the_religion_alone(draw: Draws, is_toxic: bool) -> None:
    first, second = (write(draw, group, is_toxic, is_named=True).split() for group in ("christian", "muslim"))
    changed = [
        (first[a:b], second[c:d])
        for kind, a, b, c, d in difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
        if kind != "equal"
    ]
    assert len(changed) == 1
    for text, names in zip(changed[0], (words.CHRISTIAN, words.MUSLIM), strict=True):
        assert set(words_of(" ".join(text))) <= set(words_of(" ".join(phrases(names))))


def test_twins_are_fresh_rows_and_a_prefix_of_more_twins(home: Home) -> None:
    dataset = made(home)
    few, many = dataset.twins(3), dataset.twins(200)
    assert few.names == ("christian", "muslim")
    assert few.second.tolist() == many.second[:3].tolist()
    assert many.first.dtype == many.second.dtype == object
    assert 0.3 < many.y.mean() < 0.5  # P(toxic) = .4
    assert not set(many.first) & set(dataset.split("train").x)
    assert dataset.twins(0).first.shape == dataset.twins(0).y.shape == (0,)


# --- cache ------------------------------------------------------------------------------


def test_digest_changes_with_what_changes_the_rows_and_nothing_else(home: Home) -> None:
    digest = made(home).split_digest("test")
    for option in ("n_train", "n_tune", "n_val"):
        assert made(home, **{option: 126}).split_digest("test") == digest
    changes = {"n_test": 36, "seed": 1, "rho": 0.2}
    digests = {made(home, **{option: value}).split_digest("test") for option, value in changes.items()}
    assert len(digests | {made(home).split_digest("val"), digest}) == len(changes) + 2


def test_second_call_reads_the_cache(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(made(home, n_train=1500).prepare_split("train")) == [(1000, 1500), (1500, 1500)]
    first = made(home, n_train=1500).split("train")
    monkeypatch.setattr(comments_module, "write", None)
    assert not list(made(home, n_train=1500).prepare_split("train"))
    again = made(home, n_train=1500).split("train")
    assert again.x.tolist() == first.x.tolist()
    assert again.z.tolist() == first.z.tolist()


def test_interrupted_writing_leaves_nothing_and_starts_anew(home: Home) -> None:
    writing = made(home).prepare_split("train")
    next(writing)
    assert list(home.cache.rglob("*.arrow"))
    writing.close()
    assert not list(home.cache.rglob("*.arrow"))
    assert len(made(home).split("train").x) == 96


# --- the rest ---------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "value"), [("n_test", 32), ("rho", 0.36), ("rho", -0.1), ("seed", -1)])
def test_option_out_of_bounds_is_named(option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=option):
        CommentsOptions.parse({option: value})


def test_card_says_that_comments_are_made_up_and_may_offend() -> None:
    card = data_card("comments")
    assert card is not None
    assert {"Input", "Label", "Sensitive attribute", "Correlation", "Splits", "Source", "Licence"} <= set(card.lines)
    assert card.lines["Note"].startswith("the comments may offend. All of them are made up")


def test_writing_is_fast(home: Home) -> None:
    """12,000 comments in two seconds on one thread; .4 on a quiet core of 2024."""
    seconds = []
    for seed in range(3):
        start = time.process_time()
        made(home, n_train=12_000, seed=seed).split("train")
        seconds.append(time.process_time() - start)
    assert min(seconds) < 2
