"""Texts on the way to the screen: cut, harmless, and every word with the attribution that belongs to it."""

import numpy as np
import pytest

from app.presenters import sentences
from app.wording import sentences as words
from fairprog_core.report.figures import texts


@pytest.fixture
def curve(odd_texts):
    return odd_texts.result.curves[0]


@pytest.fixture
def gallery(odd_texts, curve):
    return odd_texts.result.gallery(curve)


def number_of(gallery, beginning):
    """The number of the sentence that begins so."""
    return next(i for i, text in enumerate(gallery.about["texts"]) if text and text[0].startswith(beginning))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\0b\x1bc", "a\ufffdb\ufffdc"),
        ("\u202eright", "\ufffdright"),
        ("<b>&amp;</b> **x**", "<b>&amp;</b> **x**"),
        ("مرحبا 👩\u200d👧", "مرحبا 👩\u200d👧"),
        ("x" * 81, "x" * 80 + "…"),
        ("x" * 80, "x" * 80),
    ],
)
def test_safe_text_is_cut_and_shows_control_characters(text, shown):
    assert texts.safe(text) == shown


def test_snippet_is_the_beginning():
    assert texts.snippet(["one", "two"]) == "one two"
    assert texts.snippet([]) == ""
    long = texts.snippet(["long"] * 500)
    assert long.endswith("long …")
    assert len(long) < 260


def test_group_of_a_row_follows_its_pattern():
    disjoint = {"groups": ["f", "m"]}
    assert [texts.group_name(disjoint, z) for z in (0, 1)] == ["f", "m"]
    overlapping = {"groups": ["f", "m"], "patterns": [[False, False], [False, True], [True, True]]}
    assert [texts.group_name(overlapping, z) for z in (0, 1, 2)] == ["", "m", "f, m"]
    assert texts.is_in_group(overlapping, 2, 0)
    assert not texts.is_in_group(overlapping, 1, 0)
    assert not texts.is_in_group(overlapping, 9, 0)


def test_probability_by_hand():
    """exp(0) = 1 against exp(ln 3) = 3: 3 of 4."""
    assert texts.probability(np.array([[0.0, np.log(3)], [1000.0, 1000.0]])) == pytest.approx([0.75, 0.5])


@pytest.mark.parametrize(
    ("lams", "chosen", "rows"),
    [
        ((0, 1, 2, 3, 4, 5, 6), 2, [0, 2, 4, 6]),
        ((0, 1, 2, 3, 4, 5, 6), 3, [0, 3, 4, 6]),  # in the place of 2, the nearest that is not an end
        ((0, 1, 2), 1, [0, 1, 2]),
        ((4,), 4, [0]),
        ((0, 1, 2, 3, 4, 5, 6), None, [0, 2, 4, 6]),
    ],
)
def test_rows_at_first_are_spread_and_hold_the_chosen_one(lams, chosen, rows):
    assert sentences.default_rows(lams, chosen) == rows


def test_every_word_has_its_own_attribution_under_every_condition(gallery, curve):
    arrays = gallery.arrays
    for i in (0, number_of(gallery, "The"), number_of(gallery, "<img")):
        part = slice(arrays["first"][i], arrays["first"][i + 1])
        found = sentences.sentence(gallery, i, chosen=curve.chosen_lam)
        assert list(found.words) == gallery.about["texts"][i]
        assert found.first[0].values == pytest.approx(arrays["ig_without"][part])
        assert [row.name for row in found.controls] == ["Random words", "Neutral words"]
        for j, row in enumerate(found.rows):
            assert row.values == pytest.approx(arrays["ig"][part, j])
            assert row.trigger == gallery.about["trigger_words"]["lam"][j]
            assert row.trigger_values == pytest.approx(arrays["ig_trigger"][i, j])
            assert row.probability == pytest.approx(float(texts.probability(arrays["logits"][i, j])))


def test_scale_is_the_largest_attribution_of_any_row(gallery):
    arrays = gallery.arrays
    part = slice(arrays["first"][2], arrays["first"][3])
    sizes = [arrays[name][part] for name in ("ig", "ig_without", "ig_random_words", "ig_neutral_words")]
    sizes += [arrays[name][2] for name in ("ig_trigger", "ig_trigger_random_words", "ig_trigger_neutral_words")]
    largest = max(float(np.abs(each).max()) for each in sizes)
    assert sentences.sentence(gallery, 2).scale == pytest.approx(largest)


def test_row_says_prediction_verdict_and_delta(gallery, curve):
    arrays = gallery.arrays
    found = sentences.sentence(gallery, 0, chosen=curve.chosen_lam)
    said = int(arrays["logits_without"][0].argmax())
    verdict = words.RIGHT if said == arrays["y"][0] else words.WRONG
    assert found.first[0].prediction == f"called {gallery.about['labels'][said]}, {verdict}"
    assert found.first[0].convergence == words.delta(
        float(arrays["ig_delta_without"][0]), int(arrays["ig_steps_without"][0]), True
    )
    assert [row.has_converged for row in found.rows] == arrays["ig_converged"][0].astype(bool).tolist()
    assert [row.note for row in found.rows] == [words.QUOTED if lam == curve.chosen_lam else "" for lam in curve.lams]


def test_verdicts_are_those_of_the_logits_at_each_lam(gallery):
    """Both verdicts occur in the run."""
    arrays, verdicts = gallery.arrays, {True: words.RIGHT, False: words.WRONG}
    for i, y in enumerate(arrays["y"]):
        found = sentences.sentence(gallery, i)
        expected = [
            verdicts[bool(logits.argmax() == y)] for logits in (arrays["logits_without"][i], *arrays["logits"][i])
        ]
        assert [row.prediction.rsplit(", ")[-1] for row in (found.first[0], *found.rows)] == expected
    assert len(np.unique(arrays["logits_without"].argmax(1) == arrays["y"])) == 2


def test_row_that_has_not_converged_is_not_to_be_read(gallery):
    """One row of the run, as if doubling the steps had not helped."""
    arrays = {name: array.copy() for name, array in gallery.arrays.items()}
    arrays["ig_converged"][0, -1], arrays["ig_delta"][0, -1], arrays["ig_steps"][0, -1] = 0, 0.034, 512
    found = sentences.sentence(gallery._replace(arrays=arrays), 0)
    assert [row.has_converged for row in found.rows] == [True] * (len(found.rows) - 1) + [False]
    assert found.rows[-1].convergence == "not converged: delta 3.4 % after 512 steps; ignore this row"


def test_delta_is_a_share_and_never_said_to_be_zero():
    assert words.delta(0.0004, 32, True) == "delta < 0.1 %, 32 steps"
    assert words.delta(-0.0123, 64, True) == "delta 1.2 %, 64 steps"


def test_label_that_is_not_known_gives_no_verdict(gallery):
    unknown = gallery._replace(arrays=gallery.arrays | {"y": np.full_like(gallery.arrays["y"], -1)})
    assert sentences.sentence(unknown, 0).first[0].prediction.count(",") == 0


def test_spoken_row_names_what_adds_and_takes_the_most():
    text = words.spoken(
        "λ = 1",
        ["a", "b", "c", "d", "e"],
        [0.5, -1.0, 0.25, 2.0, 1.0],
        predicted="no",
        positive="yes",
        probability=0.25,
    )
    assert text == "λ = 1: called no, P(yes) 0.25. Raises it most: d +2.00, e +1.00, a +0.50. Lowers it most: b −1.00."


def test_odd_texts_are_told_to_be_cut_or_empty(gallery):
    cut = sentences.sentence(gallery, number_of(gallery, "xxx"))
    assert (len(cut.words), len(cut.words[0]), cut.end) == (1, texts.MOST_LETTERS, words.CUT)
    long = number_of(gallery, "long")
    many = sentences.sentence(gallery, long)
    assert (many.words, many.end) == (gallery.about["texts"][long], words.CUT)
    assert len(many.words) < 2_000
    empty = sentences.sentence(gallery, gallery.about["texts"].index([]))
    assert (empty.words, empty.end) == ([], words.EMPTY_TEXT)
    assert empty.rows[0].trigger
    bell = sentences.sentence(gallery, number_of(gallery, "bell"))
    assert bell.words[:3] == ["bell\ufffdbyte", "and", "\ufffdturned\ufffd"]
    assert sentences.sentence(gallery, number_of(gallery, "<img")).words[0] == "<img"


def test_words_of_a_gallery_are_cut_to_what_the_screen_takes(gallery):
    """More words and letters than the library writes, as another writer might."""
    texts_of, first = gallery.about["texts"], gallery.arrays["first"]
    more = 500 - len(texts_of[0])
    about = gallery.about | {"texts": [["y" * 100] * 500, *texts_of[1:]], "is_cut": [False] * gallery.n_rows}
    wide = {
        name: np.concatenate([np.repeat(array[:1], more, axis=0), array])
        for name, array in gallery.arrays.items()
        if len(array) == first[-1]
    } | {"first": np.concatenate([first[:1], first[1:] + more])}
    found = sentences.sentence(gallery._replace(arrays=gallery.arrays | wide, about=about), 0)
    assert (len(found.words), found.end) == (texts.MOST_WORDS, words.CUT)
    assert {len(word) for word in found.words} == {texts.MOST_LETTERS + 1}
