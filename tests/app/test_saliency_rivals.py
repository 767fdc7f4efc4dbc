"""Saliency beside classifiers with weights of their own: columns, rows and levels; and that files without them open."""

import json
import shutil

import numpy as np
import pytest

from app.components.saliency import gallery as maps
from app.presenters import sentences
from app.wording import saliency as words
from app.wording import sentences as text_words
from app.wording.shared import inside
from fairprog_core.common.home import Home
from fairprog_core.results.gallery_file import write_gallery
from tests.app import made_up_texts
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
    levels = {trace["name"]: trace["y"] for trace in traces(page, "share") if trace.get("mode") == "lines"}
    assert levels == {names[method]: pytest.approx([explain["hair_share"][method]["value"]] * 2) for method in RIVALS}
    for key in ("share", "erasure", "difference", "flips"):
        assert [row[0] for row in rows(page, key) if row[0] in names.values()] == list(names.values())
    assert words.RIVALS_ARE_LEVELS in said(page)


def test_run_without_rivals_has_neither_column_nor_level(open_page, demo, finished):
    page = open_page("saliency")
    assert {len(card["cells"]) for card in given(page, "gallery")["cards"]} == {4}
    assert given(page, "gallery")["width"] == "34rem"
    assert "lines" not in {trace.get("mode") for trace in traces(page, "share")}
    assert words.RIVALS_ARE_LEVELS not in said(page)


@pytest.fixture
def gallery(tmp_path):
    """Made-up sentences, with a rival that takes the other side."""
    made = made_up_texts.gallery(Home(tmp_path))
    arrays, ending = dict(made.arrays), "_without"
    for name in [name for name in made.arrays if name.endswith(ending)]:
        arrays[name.removesuffix(ending) + "_adv_in"] = made.arrays[name].copy()
    arrays["ig_adv_in"], arrays["logits_adv_in"] = -arrays["ig_adv_in"], arrays["logits_adv_in"][:, ::-1].copy()
    return made._replace(arrays=arrays, about=made.about | RIVAL)


def test_sentence_has_the_rivals_row_below_the_one_without_trigger(gallery):
    found = sentences.sentence(gallery, 0)
    without, rival = found.first
    assert (without.name, rival.name) == (text_words.CONDITIONS["without"], inside.rival("adv_in", 2.0))
    assert rival.note == text_words.QUOTED
    assert rival.values == [-value for value in without.values]
    assert (rival.trigger, rival.lam) == ([], -1)
    assert rival.probability == pytest.approx(1 - without.probability)
    assert inside.rival("adv_in", 2.0) in text_words.about(gallery.about, shown=1, kept=1)
    assert len(sentences.sentence(made_without(gallery), 0).first) == 1


def made_without(gallery):
    return gallery._replace(about={key: value for key, value in gallery.about.items() if key != "rivals"})


def test_page_of_texts_has_the_rivals_row_and_level(open_page, text_run, home, gallery):
    folder = made_up_texts.copy_of(text_run, home, "texts")
    write_gallery(folder / "curves" / made_up_texts.KEY / "gallery.safetensors", gallery)
    path, name = folder / "result.json", inside.rival("adv_in", 2.0)
    values = json.loads(path.read_text("utf-8"))
    explain = values["curves"][0]["explain"]
    for table in (explain["ig_identity_share"], *(explain["twins"][key] for key in ("logit_difference", "flip_share"))):
        table["adv_in"] = table["without"]
    path.write_text(json.dumps(values | {"curves": [values["curves"][0] | {"explain": explain | RIVAL}]}), "utf-8")
    page = open_page("saliency", run="texts")
    assert not page.exception
    first = given(page, "gallery")["sentence"]["first"]
    assert [row["name"] for row in first] == [text_words.CONDITIONS["without"], name]
    for key in ("share", "difference", "flips"):
        assert name in [row[0] for row in rows(page, key)]
        assert name in [trace.get("name") for trace in traces(page, key)]
