"""The pages on a study of comments: the same pages, other components; and texts that must do no harm."""

import json
from typing import Any

import numpy as np
import pytest

from app.components.saliency import own_sentence
from app.components.saliency.sentence_filter import SentenceFilter
from app.components.saliency.sentence_gallery import matching
from app.components.tradeoff import trigger_words
from app.state import explain_process as explaining
from app.wording import probe as probe_words
from app.wording import saliency as shared
from app.wording import sentences as words
from app.wording import start as start_words
from app.wording import tradeoff as tradeoff_words
from app.wording.shared import common, inside
from fairprog_core.common.errors import DataError
from fairprog_core.results.gallery_file import read_gallery, write_gallery
from fairprog_core.study import Study
from fairprog_core.study.load import load_study
from fairprog_core.triggers import TRIGGERS
from tests.app import made_up_texts
from tests.app.drawn import given, marker, rows, traces
from tests.app.made_up_texts import CHOSEN, CONTROLS, GAP, KEY, LAMS, ODD, TRIGGER

RUN = "demo-comments"
PLANE = f"plane-{GAP}"
FORM = "study.faces-quick"


@pytest.fixture
def gallery(text_run):
    return read_gallery(text_run / "curves" / KEY / "gallery.safetensors")


def said(page):
    return " ".join(block.value for block in [*page.markdown, *page.caption])


# --- Saliency ----------------------------------------------------------------------------


def test_saliency_lists_sentences_and_shows_one_under_every_condition(open_page, text_demo, gallery):
    page = open_page("saliency", run=RUN)
    assert not page.exception
    listed = given(page, "list-gallery")["items"]
    assert len(listed) == len(gallery.about["texts"])
    assert listed[0]["text"].startswith(gallery.about["texts"][0][0])
    shown = given(page, "gallery")
    sentence = shown["sentence"]
    assert sentence["words"] == gallery.about["texts"][0]
    assert [row["name"] for row in sentence["first"]] == ["Without trigger"]
    assert [row["name"] for row in sentence["controls"]] == ["Random words", "Neutral words"]
    assert [row["name"] for row in sentence["rows"]] == [f"λ = {lam:g}" for lam in LAMS]
    assert shown["index"] == LAMS.index(CHOSEN)
    assert LAMS.index(CHOSEN) in shown["shown"]
    assert len(shown["shown"]) == 4
    assert {row["badge"] for row in sentence["rows"]} == {words.BADGES[True]}
    assert {row["badge"] for row in sentence["controls"]} == {words.BADGES[None]}


def test_card_warns_that_comments_are_made_up_and_may_offend(open_page, text_demo):
    page = open_page("saliency", run=RUN)
    assert any("may offend" in caption.value and "made up" in caption.value for caption in page.caption)


def test_rows_follow_the_choice_of_lambda(open_page, text_demo):
    page = open_page("saliency", run=RUN)
    page.get("button_group")[0].set_value([1, 4]).run()
    assert not page.exception
    assert given(page, "gallery")["shown"] == [1, 4]


def test_filters_list_by_label_group_and_changed_answer(open_page, text_demo, gallery):
    arrays = gallery.arrays
    page = open_page("saliency", run=RUN, lam="5")
    page.selectbox(key=f"sentences-{KEY}-label").set_value(1)
    page.selectbox(key=f"sentences-{KEY}-group").set_value(2).run()
    assert not page.exception
    wanted = np.flatnonzero((arrays["y"] == 1) & (arrays["z"] == 2)).tolist()
    assert [item["number"] for item in given(page, "list-gallery")["items"]] == wanted
    assert given(page, "gallery")["sentence"]["words"] == gallery.about["texts"][wanted[0]]


def test_changed_answers_are_compared_with_the_label(gallery):
    """Sentence 0 was wrong and is right at λ = 5; sentence 1 the other way round."""
    arrays = {name: array.copy() for name, array in gallery.arrays.items()}
    arrays["y"][:2] = 1
    arrays["logits_without"][:2] = [[1, 0], [0, 1]]
    arrays["logits"][:2, -1] = [[0, 1], [1, 0]]
    changed = gallery._replace(arrays=arrays)
    assert matching(changed, SentenceFilter("gained"), len(LAMS) - 1)[0] == 0
    assert 1 not in matching(changed, SentenceFilter("gained"), len(LAMS) - 1)
    assert 1 in matching(changed, SentenceFilter("lost"), len(LAMS) - 1)
    assert matching(changed, SentenceFilter("all"), 0) == list(range(len(arrays["y"])))


def test_filter_without_match_says_so(open_page, text_demo, monkeypatch):
    monkeypatch.setattr("app.components.saliency.sentence_gallery.matching", lambda *_: [])
    page = open_page("saliency", run=RUN, lam="5")
    assert words.NONE_LEFT.format(lam="5") in [info.value for info in page.info]


def test_averages_have_the_word_controls_and_a_sentence_each(open_page, text_demo):
    page = open_page("saliency", run=RUN, lam="5")
    assert marker(page, "share")[1] == [pytest.approx(0.08)]
    assert [row[0] for row in rows(page, "share")][:3] == ["without", "random words", "neutral words"]
    assert "the share of Integrated Gradients on identity words falls from 0.310" in said(page)
    assert "random words 0.310" in said(page)
    assert said(page).count("At λ = 5,") == 3
    assert (
        "the same sentence twice, with only the group and what it causes changed" in given(page, "difference")["label"]
    )


def test_run_without_gallery_and_averages_says_so(open_page, text_run, home):
    folder = made_up_texts.copy_of(text_run, home, "bare")
    (folder / "curves" / KEY / "gallery.safetensors").unlink()
    path = folder / "result.json"
    values = json.loads(path.read_text("utf-8"))
    values["curves"][0] |= {"explain": {}, "probe": {}}
    path.write_text(json.dumps(values), "utf-8")
    page = open_page("saliency", run="bare")
    assert not page.exception
    assert {inside.NO_GALLERY, shared.NO_AVERAGES} <= {info.value for info in page.info}
    assert not open_page("probe", run="bare").exception
    assert not open_page("tradeoff", run="bare").exception


def test_odd_texts_reach_the_screen_as_text_alone(open_page, text_demo, gallery):
    """Whatever a text holds is in the data of a component, which sets text; nowhere in Markdown or HTML."""
    page = open_page("saliency", run=RUN)
    items = given(page, "list-gallery")["items"]
    assert any(item["text"].startswith("<img src=x onerror=alert(1)>") for item in items)
    assert [item["text"] for item in items][-2] == words.EMPTY_TEXT
    assert all(len(item["text"]) < 320 and "\0" not in item["text"] for item in items)
    written = said(page) + " ".join(str(node.proto) for node in page.get("html"))
    assert "<img" not in written
    assert "<script" not in written


# --- A sentence of one's own -------------------------------------------------------------


class Process:
    """Explains every text by made-up numbers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def explain_text(self, request: Any) -> Any:
        self.asked.append(request)
        if "refuse" in request.text:
            raise DataError("The text <b>cannot</b> be read; write another one.")
        told = request.text.split()
        found = made_up_texts.explained([told[:400]], np.array([-1]), np.array([-1]), [len(told) > 400])
        return found.arrays, found.about


@pytest.fixture
def process(monkeypatch):
    found = Process()
    monkeypatch.setattr(explaining, "process", lambda: found)
    return found


def ask(page, text):
    page.text_area(key="own-text").set_value(text)
    page.button(key="own-explain").click()
    return page.run()


def test_own_sentence_is_explained_at_every_lambda(open_page, text_demo, process):
    page = open_page("saliency", run=RUN)
    assert "own-sentence" not in str([node.proto.id for node in page.main if node.type == "bidi_component"])
    ask(page, "Some people are here.")
    assert not page.exception
    request = process.asked[-1]
    assert (request.text, request.lams) == ("Some people are here.", LAMS)
    assert request.classifier.name == "classifier.safetensors"
    sentence = given(page, "own-sentence")["sentence"]
    assert sentence["words"] == ["Some", "people", "are", "here."]
    assert len(sentence["rows"]) == len(LAMS)
    assert all("right" not in row["prediction"] and "wrong" not in row["prediction"] for row in sentence["rows"])


@pytest.mark.parametrize("text", ODD, ids=["markup", "arabic", "emoji", "letters", "words", "empty", "control"])
def test_own_text_of_any_sort_is_shown_safely(open_page, text_demo, process, text):
    page = ask(open_page("saliency", run=RUN), text)
    assert not page.exception
    assert not page.error
    sentence = given(page, "own-sentence")["sentence"]
    assert len(sentence["words"]) <= 400
    assert all(len(word) <= 81 and "\0" not in word for word in sentence["words"])
    assert "<img" not in said(page)
    if not text:
        assert sentence["end"] == words.EMPTY_TEXT
    if text.startswith("long"):
        assert sentence["end"] == words.CUT


def test_text_that_cannot_be_explained_is_told_as_plain_text(open_page, text_demo, process):
    page = ask(open_page("saliency", run=RUN), "please refuse")
    assert not page.exception
    assert page.error[0].value == common.plain("The text <b>cannot</b> be read; write another one.")


def test_text_box_takes_no_more_than_it_says(open_page, text_demo):
    page = open_page("saliency", run=RUN)
    assert page.text_area(key="own-text").proto.max_chars == own_sentence.MOST_LETTERS >= 10_000


def test_run_without_base_weights_explains_no_new_sentence(open_page, text_run, home):
    folder = made_up_texts.copy_of(text_run, home, "light")
    (folder / "base" / "classifier.safetensors").unlink()
    page = open_page("saliency", run="light")
    assert not page.exception
    assert words.OWN_MISSING in [info.value for info in page.info]
    assert not page.text_area


# --- Trade-off ---------------------------------------------------------------------------


def test_tradeoff_draws_both_word_controls_with_a_symbol_each(open_page, text_demo):
    page = open_page("tradeoff", run=RUN)
    assert not page.exception
    names = [row[1] for row in rows(page, PLANE)]
    assert names[-2:] == ["random words", "neutral words"]
    hollow = {trace["name"]: trace for trace in traces(page, PLANE) if "name" in trace}
    assert hollow["random words"]["marker"]["symbol"] == "circle-open"
    assert hollow["neutral words"]["marker"]["symbol"] == "circle-open-dot"
    assert all(hollow[name]["showlegend"] for name in ("random words", "neutral words"))


def test_detail_shows_the_words_of_trigger_and_controls(open_page, text_demo):
    page = open_page("tradeoff", run=RUN, lam="5")
    phrases = given(page, "trigger")["phrases"]
    assert phrases[0]["texts"] == TRIGGER["lam"]
    assert phrases[0]["names"][-1] == tradeoff_words.NEAREST_AT.format(lam="5")
    assert phrases[0]["can_copy"]
    assert [phrase["texts"] for phrase in phrases[1:]] == [[TRIGGER[name]] for name in CONTROLS]
    assert tradeoff_words.NOT_WORDS in said(page)


def test_words_are_handed_out_as_plain_text(open_page, text_demo, gallery):
    page = open_page("tradeoff", run=RUN, lam="5")
    labels = [button.label for button in page.get("download_button")]
    assert labels[-2:] == [tradeoff_words.DOWNLOAD_TRIGGER, "Nearest words at λ = 5 (TXT)"]
    found = trigger_words.handout(gallery, 4)
    assert (found.data(), found.file, found.mime) == ("parish easter vicar calm word4\n", "lam-5.txt", "text/plain")


def test_hard_words_are_said_to_be_real(open_page, text_run, home):
    folder = made_up_texts.copy_of(text_run, home, "hard")
    path = folder / "curves" / KEY / "gallery.safetensors"
    found = read_gallery(path)
    write_gallery(path, found._replace(about=found.about | {"is_nearest": False, "position": "end"}))
    page = open_page("tradeoff", run="hard")
    assert tradeoff_words.REAL_WORDS in said(page)
    assert tradeoff_words.PLACES["end"] in said(page)
    assert given(page, "trigger")["phrases"][0]["names"][0] == tradeoff_words.WORDS_AT.format(lam="0")
    sentence = given(open_page("saliency", run="hard"), "gallery")
    assert sentence["sentence"]["is_behind"]
    assert {row["badge"] for row in sentence["sentence"]["rows"]} == {words.BADGES[False]}


# --- Probe -------------------------------------------------------------------------------


def test_probe_reads_the_empty_comment_with_word_controls(open_page, text_demo):
    page = open_page("probe", run=RUN, lam="5")
    assert not page.exception
    assert [row[0] for row in rows(page, "probability")][:3] == ["without", "random words", "neutral words"]
    assert len(rows(page, "probability")[0]) == 3
    columns = [cell["text"] for cell in given(page, "classifiers")["columns"]]
    assert columns[1:4] == ["Without", "Random words", "Neutral words"]
    assert "empty comment" in given(page, "probability")["label"]
    phrases = given(page, "nulls")["phrases"]
    assert [phrase["texts"][0] for phrase in phrases] == [[], *(TRIGGER[name] for name in CONTROLS), TRIGGER["lam"][0]]
    assert given(page, "nulls")["nothing"] == probe_words.NULL_NOTHING
    with pytest.raises(KeyError):
        page.segmented_control(key="null")


# --- Train -------------------------------------------------------------------------------


@pytest.fixture
def on_comments(open_page):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.dataset.kind").set_value("comments").run()
    assert not page.exception
    return page


def test_form_offers_what_suits_the_data(on_comments):
    page, draft = on_comments, f"{FORM}.text"
    assert page.selectbox(key=f"{draft}.classifier.kind").options == [common.kind("encoder")]
    kinds = {kind for kind, entry in TRIGGERS.items() if entry.options.modality == "text"}
    assert set(page.multiselect(key=f"{draft}.triggers.kinds").options) == {common.kind(kind) for kind in kinds}
    assert page.multiselect(key=f"{draft}.triggers.kinds").value == ["soft"]
    methods = page.multiselect(key=f"{draft}.methods.kinds")
    assert common.kind("random_trigger") not in methods.options
    assert methods.value == ["reprogram", *CONTROLS]
    assert not page.error


def test_nothing_is_said_of_how_long_a_model_of_ones_own_takes(on_comments):
    def durations():
        return [text for text in on_comments.caption if text.value.startswith("Takes about")]

    assert durations()
    on_comments.text_input(key=f"{FORM}.text.classifier.encoder.model").set_value("my-model").run()
    assert not on_comments.exception
    assert not durations()


def test_data_of_another_modality_begin_with_what_suits_them(on_comments, store):
    on_comments.button(key="train").click().run()
    assert not on_comments.exception
    (run,) = store.list()
    assert run.study == Study.parse({"name": "comments", "dataset": {"kind": "comments"}}).to_json()


def test_going_back_to_pictures_gives_the_preset_again(on_comments, store):
    on_comments.selectbox(key=f"{FORM}.dataset.kind").set_value("faces").run()
    on_comments.button(key="train").click().run()
    (run,) = store.list()
    assert run.study == load_study("faces-quick").to_json()


def test_card_of_comments_shows_a_few_of_them(on_comments, home):
    table = given(on_comments, "data_card-rows")
    assert table["is_text"]
    assert len(table["rows"]) == 6
    assert {cell["note"] for (cell,) in table["rows"]} == {
        f"{group}, {label}" for group in made_up_texts.GROUPS.names for label in made_up_texts.LABELS
    }
    assert not (home.cache / "data").exists()


def test_card_of_a_missing_file_says_so(open_page):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.dataset.kind").set_value("civil_comments").run()
    assert not page.exception
    page.text_input(key=f"{FORM}.dataset.civil_comments.root").set_value("/nowhere/<b>").run()
    assert not page.exception
    assert any("does not exist" in info.value and "\\<b\\>" in info.value for info in page.info)


# --- Start and Runs ----------------------------------------------------------------------


def intro(page):
    return given(page, "intro_demo")


def test_start_with_comments_alone_shows_sentences(open_page, text_demo, gallery):
    page = open_page()
    assert not page.exception
    picture = intro(page)
    assert picture["modality"] == "text"
    assert picture["triggers"] == TRIGGER["lam"]
    assert picture["words"]["examples"] == start_words.EXAMPLES["text"]
    assert len(picture["examples"]) == 6  # three groups, two labels
    assert picture["examples"][0]["text"] == " ".join(gallery.about["texts"][0])
    assert all(len(example["predictions"]) == 1 + len(LAMS) for example in picture["examples"])


def test_start_offers_both_demos(open_page, demo, text_demo):
    page = open_page()
    assert not page.exception
    assert intro(page)["modality"] == "image"
    page.segmented_control(key="demo").set_value(RUN).run()
    assert not page.exception
    assert intro(page)["modality"] == "text"


def test_every_page_of_results_offers_the_demo(open_page, text_demo):
    for name in ("saliency", "probe"):
        page = open_page(name)
        assert page.selectbox[0].options == ["Shipped demo: made-up comments"]
