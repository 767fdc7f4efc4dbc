"""Saliency beside classifiers with weights of their own: columns, rows and levels; and that files without them open."""

import shutil

import numpy as np
import pytest

from app.components.saliency.maps import gallery as maps
from app.presenters import sentences
from app.wording import saliency as words
from app.wording import sentences as text_words
from app.wording.shared import inside
from tests.app.drawn import given, rows, traces

RIVALS = ("adv_post", "adv_in")
RIVAL = {"rivals": {"adv_in": 2.0}}


@pytest.fixture
def run(beside, home):
    """The study with rivals, as a run of the test's home."""
    shutil.copytree(beside.folder, home.run("beside"))
    return "beside"


@pytest.fixture
def names(beside):
    """The rivals on the screen, by method."""
    chosen = {curve.method: curve.chosen_lam for curve in beside.result.curves}
    return {method: inside.rival(method, chosen[method]) for method in RIVALS}


def said(page):
    return " ".join(block.value for block in [*page.markdown, *page.caption])


def test_note_names_what_stands_beside_the_trigger_and_what_of_it_collapsed():
    assert inside.rivals_note({}) == ""
    assert "AdvIn, λ\u00a0=\u00a02" in inside.rivals_note(RIVAL)
    assert "Collapsed" not in inside.rivals_note(RIVAL)
    assert "Collapsed: AdvIn" in inside.rivals_note(RIVAL | {"collapsed_rivals": ["adv_in"]})


@pytest.mark.parametrize("view", words.VIEWS)
def test_card_has_a_column_for_every_rival(view, open_page, run, names, beside):
    page = open_page("saliency", run=run)
    page.segmented_control(key="map-view").set_value(view).run()
    assert not page.exception
    cards = given(page, "gallery")["cards"]
    arrays = beside.result.gallery(beside.result.curves[0]).arrays
    for i, card in enumerate(cards):
        cells = card["cells"][-2:]
        assert [cell["label"] for cell in cells] == list(names.values())
        for method, cell in zip(RIVALS, cells, strict=True):
            assert len(cell["sources"]) == len(cell["captions"]) == 1  # at its own λ, whatever the slider says
            logits = arrays[f"logits_{method}"][i]
            probability = np.exp(logits.max()) / np.exp(logits).sum()
            label = beside.result.labels[int(logits.argmax())]
            assert cell["captions"][0].splitlines()[0] == f"{label}, {probability:.2f}"
            assert cell["alts"][0].startswith(f"{words.VIEWS[view]}, {names[method]}: called {label}")
    assert all(name in said(page) for name in names.values())


def test_rivals_picture_is_the_photo_without_a_trigger(beside):
    gallery = beside.result.gallery(beside.result.curves[0])
    flat = {f"cam_{name}": np.zeros_like(gallery.arrays["cam_without"]) for name in ("without", "adv_in")}
    card = maps.cards("flat", gallery._replace(arrays=gallery.arrays | flat), (0,), maps.Choice("grad_cam", "black"))[0]
    assert card.cells[-1].sources == card.cells[1].sources


def test_averages_have_a_level_and_a_row_for_every_rival(open_page, run, names, beside):
    page = open_page("saliency", run=run)
    explain = beside.result.curves[0].explain
    levels = {trace["name"]: trace["y"] for trace in traces(page, "positive") if trace.get("mode") == "lines"}
    flat = explain["flat"]["positive_share"]
    assert levels.pop(inside.FLAT.format(level=flat)) == [flat, flat]
    assert levels == {
        names[method]: pytest.approx([explain["positive_hair_share"][method]["value"]] * 2) for method in RIVALS
    }
    for key in ("positive", "erasure", "difference", "flips"):
        assert [row[0] for row in rows(page, key) if row[0] in names.values()] == list(names.values())
    assert words.RIVALS_ARE_LEVELS in said(page)


def test_run_without_rivals_has_neither_column_nor_level(open_page, demo, finished):
    page = open_page("saliency")
    assert {len(card["cells"]) for card in given(page, "gallery")["cards"]} == {4}
    assert given(page, "gallery")["width"] == "34rem"
    flat = inside.FLAT.format(level=finished.result.curves[0].explain["flat"]["positive_share"])
    assert [trace["name"] for trace in traces(page, "positive") if trace.get("mode") == "lines"] == [flat]
    assert words.RIVALS_ARE_LEVELS not in said(page)


@pytest.fixture
def gallery(made_up_comments):
    """Sentences with AdvIn, which the run explains together with its trigger."""
    return made_up_comments.result.gallery(made_up_comments.result.curves[0])


@pytest.fixture
def adv_in(made_up_comments):
    """AdvIn's name on the screen, at the λ that was chosen for it."""
    (lam,) = (curve.chosen_lam for curve in made_up_comments.result.curves if curve.method == "adv_in")
    return inside.rival("adv_in", lam)


def test_sentence_has_the_rivals_row_below_the_one_without_trigger(gallery, adv_in):
    arrays, first = gallery.arrays, gallery.arrays["first"]
    for i in range(gallery.n_rows):
        without, rival = sentences.sentence(gallery, i).first
        assert (without.name, rival.name) == (text_words.CONDITIONS["without"], adv_in)
        assert rival.note == text_words.QUOTED
        assert rival.values == pytest.approx(arrays["ig_adv_in"][first[i] : first[i + 1]])
        assert rival.values != without.values
        assert (rival.trigger, rival.lam) == ([], -1)
        odds = np.exp(arrays["logits_adv_in"][i].astype(float))
        assert rival.probability == pytest.approx(odds[1] / odds.sum())
    assert adv_in in text_words.about(gallery.about, shown=1, kept=1)


def test_sentence_of_a_run_without_rivals_has_one_first_row(odd_texts):
    found = odd_texts.result.gallery(odd_texts.result.curves[0])
    assert len(sentences.sentence(found, 0).first) == 1


def test_page_of_texts_has_the_rivals_row_and_level(open_page, made_up_demo, made_up_comments, adv_in):
    explain = made_up_comments.result.curves[0].explain
    page = open_page("saliency", run="demo-comments")
    assert not page.exception
    first = given(page, "gallery")["sentence"]["first"]
    assert [row["name"] for row in first] == [text_words.CONDITIONS["without"], adv_in]
    tables = (explain["ig_identity_share"], explain["twins"]["logit_difference"], explain["twins"]["flip_share"])
    for key, table in zip(("share", "difference", "flips"), tables, strict=True):
        assert adv_in in [row[0] for row in rows(page, key)]
        (level,) = (trace["y"] for trace in traces(page, key) if trace.get("name") == adv_in)
        assert level == pytest.approx([table["adv_in"]["value"]] * 2)
