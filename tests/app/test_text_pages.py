"""The pages on a study of comments: the same pages, other components; and texts that must do no harm."""

import json
import shutil
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from app.components.saliency import own_answer
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
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.limits import limits
from fairprog_core.explain.live.process import ExplainProcess
from fairprog_core.explain.live.request import TextRequest
from fairprog_core.explain.live.text import answer
from fairprog_core.explain.live.warm_process import WarmProcess
from fairprog_core.report.figures.texts import safe, snippet
from fairprog_core.results.gallery_file import read_gallery, write_gallery
from fairprog_core.study import Study
from fairprog_core.study.load import load_study
from fairprog_core.triggers import TRIGGERS
from tests.app.drawn import given, marker, rows, traces
from tests.tiny_texts import LAMS, ODD, WORD_CONTROLS

RUN = "demo-comments"
FORM = "study.faces-quick"
CONTROL_NAMES = ["random words", "neutral words"]


@pytest.fixture
def curve(odd_texts):
    return odd_texts.result.curves[0]


@pytest.fixture
def gallery(odd_texts, curve):
    return odd_texts.result.gallery(curve)


@pytest.fixture
def trigger(gallery):
    """The words of the trigger at every λ, and of the controls."""
    return gallery.about["trigger_words"]


@pytest.fixture
def plane(curve):
    """The key of the trade-off's chart."""
    return f"plane-{curve.gap}"


@pytest.fixture
def copied(odd_texts, home):
    """``copied("name")``: the run as a run of the test's home, to be changed there."""
    return lambda name: shutil.copytree(odd_texts.folder, home.run(name))


def said(page):
    return " ".join(block.value for block in [*page.markdown, *page.caption])


# --- Saliency ----------------------------------------------------------------------------


def test_saliency_lists_sentences_and_shows_one_under_every_condition(open_page, text_demo, gallery, curve):
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
    assert shown["index"] == curve.lams.index(curve.chosen_lam)
    assert shown["index"] in shown["shown"]
    assert len(shown["shown"]) == 4
    assert {row["badge"] for row in sentence["rows"]} == {words.BADGES[True]}
    assert {row["badge"] for row in sentence["controls"]} == {words.BADGES[None]}


def test_card_warns_that_comments_are_made_up_and_may_offend(open_page, made_up_demo):
    page = open_page("saliency", run=RUN)
    assert any("may offend" in caption.value and "made up" in caption.value for caption in page.caption)


def test_card_warns_that_people_wrote_the_comments(open_page, text_demo):
    page = open_page("saliency", run=RUN)
    assert any("many of them offend" in caption.value for caption in page.caption)
    assert not any("made up" in caption.value for caption in page.caption)


def test_rows_follow_the_choice_of_lambda(open_page, text_demo):
    page = open_page("saliency", run=RUN)
    page.get("button_group")[1].set_value([1, 4]).run()  # the first one holds examples
    assert not page.exception
    assert given(page, "gallery")["shown"] == [1, 4]


def test_filters_list_by_label_and_group(open_page, text_demo, gallery, curve):
    arrays = gallery.arrays
    page = open_page("saliency", run=RUN, lam="5")
    page.selectbox(key=f"sentences-{curve.key}-label").set_value(1)
    page.selectbox(key=f"sentences-{curve.key}-group").set_value(2).run()
    assert not page.exception
    is_in_group = np.array(gallery.about["patterns"])[arrays["z"], 2]
    wanted = np.flatnonzero((arrays["y"] == 1) & is_in_group).tolist()
    assert 0 < len(wanted) < gallery.n_rows
    assert [item["number"] for item in given(page, "list-gallery")["items"]] == wanted
    assert given(page, "gallery")["sentence"]["words"] == [safe(word) for word in gallery.about["texts"][wanted[0]]]


@pytest.mark.parametrize(("wanted", "verdicts"), [("gained", (False, True)), ("lost", (True, False))])
def test_changed_answers_are_compared_with_the_label(gallery, wanted, verdicts):
    """The run gains some sentences and loses others."""
    arrays = gallery.arrays
    for index in range(len(LAMS)):
        answers = [
            (without[0] < without[1], at[0] < at[1])
            for without, at in zip(arrays["logits_without"], arrays["logits"][:, index], strict=True)
        ]
        expected = [
            i
            for i, (answer, y) in enumerate(zip(answers, arrays["y"], strict=True))
            if (answer[0] == y, answer[1] == y) == verdicts
        ]
        assert expected
        assert matching(gallery, SentenceFilter(wanted), index) == expected
    assert matching(gallery, SentenceFilter("all"), 0) == list(range(gallery.n_rows))


def test_filter_without_match_says_so(open_page, text_demo, gallery, curve):
    """At λ = 5 the run calls every sentence toxic, so that it gains none that is not."""
    assert (gallery.arrays["logits"][:, -1].argmax(-1) == 1).all()
    page = open_page("saliency", run=RUN, lam="5")
    page.selectbox(key=f"sentences-{curve.key}-filter").set_value("gained")
    page.selectbox(key=f"sentences-{curve.key}-label").set_value(0).run()
    assert words.NONE_LEFT.format(lam="5") in [info.value for info in page.info]


def test_averages_have_the_word_controls_and_a_sentence_each(open_page, made_up_demo, made_up_comments):
    share = made_up_comments.result.curves[0].explain["ig_identity_share"]
    page = open_page("saliency", run=RUN, lam="5")
    assert marker(page, "share")[1] == [pytest.approx(share["lam"][-1]["value"])]
    assert [row[0] for row in rows(page, "share")][:3] == ["without", *CONTROL_NAMES]
    assert "the share of Integrated Gradients on identity words" in said(page)
    assert f"{share['without']['value']:.3f}" in said(page)
    for name, kind in zip(CONTROL_NAMES, WORD_CONTROLS, strict=True):
        assert f"{name.capitalize()}: {share[kind]['value']:.3f}" in said(page)
    assert said(page).count("At λ = 5,") == 3
    assert (
        "the same sentence twice, with only the group and what it causes changed" in given(page, "difference")["label"]
    )


def test_run_without_twins_has_the_share_alone(open_page, text_demo, curve):
    page = open_page("saliency", run=RUN, lam="5")
    assert marker(page, "share")[1] == [pytest.approx(curve.explain["ig_identity_share"]["lam"][-1]["value"])]
    with pytest.raises(KeyError):
        given(page, "difference")


def test_run_without_gallery_and_averages_says_so(open_page, copied, curve):
    folder = copied("bare")
    (folder / "curves" / curve.key / "gallery.safetensors").unlink()
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
    empty = gallery.about["texts"].index([])
    assert [item["number"] for item in items if item["text"] == words.EMPTY_TEXT] == [empty]
    assert all(len(item["text"]) < 320 and not set("\x07\u202e") & set(item["text"]) for item in items)
    written = said(page) + " ".join(str(node.proto) for node in page.get("html"))
    assert "<img" not in written
    assert "<script" not in written


# --- A sentence of one's own -------------------------------------------------------------


class Here(WarmProcess):
    """Answers in this process instead of another one, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[TextRequest] = []

    def answer(self, request: TextRequest, *_: Any) -> Any:
        self.asked.append(request)
        return answer(request)


@pytest.fixture
def process(monkeypatch):
    found = Here()
    with closing(ExplainProcess(process=found)) as process:
        monkeypatch.setattr(explaining, "process", lambda: process)
        monkeypatch.setattr(own_answer, "FIRST_SECONDS", 60.0)
        yield found


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
    assert all(len(word) <= 81 and not set("\x07\u202e") & set(word) for word in sentence["words"])
    assert "<img" not in said(page)
    if not text:
        assert sentence["end"] == words.EMPTY_TEXT
    if text.startswith("long"):
        assert sentence["end"] == words.CUT


def test_text_that_cannot_be_explained_is_told_as_plain_text(open_page, copied, curve, process):
    """The trigger's file is damaged, and the message names it: a path with characters that Markdown would read."""
    folder = copied("b**old**")
    (folder / "curves" / curve.key / "trigger.safetensors").write_bytes(b"damaged")
    page = ask(open_page("saliency", run="b**old**"), "Some people are here.")
    assert not page.exception
    with pytest.raises(ArtifactError) as told:
        answer(process.asked[-1])
    assert "safetensors is damaged" in str(told.value)
    assert page.error[0].value == common.plain(str(told.value)) != str(told.value)


def test_text_box_takes_no_more_than_it_says(open_page, text_demo):
    page = open_page("saliency", run=RUN)
    assert page.text_area(key="own-text").proto.max_chars == limits().letters >= 10_000


def test_run_without_base_weights_explains_no_new_sentence(open_page, copied):
    (copied("light") / "base" / "classifier.safetensors").unlink()
    page = open_page("saliency", run="light")
    assert not page.exception
    assert words.OWN_MISSING in [info.value for info in page.info]
    assert not page.text_area


# --- Trade-off ---------------------------------------------------------------------------


def test_tradeoff_draws_both_word_controls_with_a_symbol_each(open_page, text_demo, plane):
    page = open_page("tradeoff", run=RUN)
    assert not page.exception
    names = [row[1] for row in rows(page, plane)]
    assert names[-2:] == ["random words", "neutral words"]
    hollow = {trace["name"]: trace for trace in traces(page, plane) if "name" in trace}
    assert hollow["random words"]["marker"]["symbol"] == "circle-open"
    assert hollow["neutral words"]["marker"]["symbol"] == "circle-open-dot"
    assert all(hollow[name]["showlegend"] for name in ("random words", "neutral words"))


def test_detail_shows_the_words_of_trigger_and_controls(open_page, text_demo, trigger):
    page = open_page("tradeoff", run=RUN, lam="5")
    phrases = given(page, "trigger")["phrases"]
    assert phrases[0]["texts"] == trigger["lam"]
    assert phrases[0]["names"][-1] == tradeoff_words.NEAREST_AT.format(lam="5")
    assert phrases[0]["can_copy"]
    assert [phrase["texts"] for phrase in phrases[1:]] == [[trigger[name]] for name in WORD_CONTROLS]
    assert tradeoff_words.NOT_WORDS in said(page)


def test_words_are_handed_out_as_plain_text(open_page, text_demo, gallery, trigger):
    page = open_page("tradeoff", run=RUN, lam="5")
    labels = [button.label for button in page.get("download_button")]
    assert labels[-2:] == [tradeoff_words.DOWNLOAD_TRIGGER, "Nearest words at λ = 5 (TXT)"]
    found = trigger_words.handout(gallery, 4)
    assert (found.data(), found.file, found.mime) == (" ".join(trigger["lam"][4]) + "\n", "lam-5.txt", "text/plain")


def test_hard_words_are_said_to_be_real(open_page, copied, curve):
    """The run as if its words had been searched, and joined behind the text."""
    path = copied("hard") / "curves" / curve.key / "gallery.safetensors"
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


def test_probe_reads_the_empty_comment_with_word_controls(open_page, text_demo, trigger, curve):
    page = open_page("probe", run=RUN, lam="5")
    assert not page.exception
    assert [row[0] for row in rows(page, "probability")][:3] == ["without", "random words", "neutral words"]
    assert len(rows(page, "probability")[0]) == 1 + len(curve.probe["classifiers"])
    columns = [cell["text"] for cell in given(page, "classifiers")["columns"]]
    assert columns[1:4] == ["Without", "Random words", "Neutral words"]
    assert "empty comment" in given(page, "probability")["label"]
    phrases = given(page, "nulls")["phrases"]
    assert [phrase["texts"][0] for phrase in phrases] == [
        [],
        *(trigger[name] for name in WORD_CONTROLS),
        trigger["lam"][0],
    ]
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
    assert page.selectbox(key=f"{draft}.classifier.kind").options == [common.kind("encoder"), common.kind("black_box")]
    kinds = {kind for kind, entry in TRIGGERS.items() if entry.options.modality == "text"}
    assert set(page.multiselect(key=f"{draft}.triggers.kinds").options) == {common.kind(kind) for kind in kinds}
    assert page.multiselect(key=f"{draft}.triggers.kinds").value == ["soft"]
    methods = page.multiselect(key=f"{draft}.methods.kinds")
    assert common.kind("random_trigger") not in methods.options
    assert methods.value == ["reprogram", *WORD_CONTROLS]
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
        f"{group}, {label}" for group in ("christian", "muslim", "other") for label in ("not toxic", "toxic")
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


def test_start_with_comments_alone_shows_sentences(open_page, text_demo, gallery, trigger):
    page = open_page()
    assert not page.exception
    picture = intro(page)
    assert picture["modality"] == "text"
    assert picture["triggers"] == trigger["lam"]
    assert picture["words"]["note"].startswith(start_words.NOTE["text"].partition("{")[0])
    texts = [snippet(words) for words in gallery.about["texts"]]
    assert all(example["scores"]["text"] in texts for example in picture["examples"])
    assert all(len(example["scores"]["probabilities"]) == 1 + len(LAMS) for example in picture["examples"])


def test_start_offers_both_demos(open_page, demo, text_demo):
    page = open_page()
    assert not page.exception
    assert intro(page)["modality"] == "image"
    page.segmented_control(key="demo").set_value(RUN).run()
    assert not page.exception
    assert intro(page)["modality"] == "text"


def test_every_page_of_results_offers_the_demo(open_page, made_up_demo):
    for name in ("saliency", "probe"):
        page = open_page(name)
        assert page.selectbox[0].options == ["Shipped demo: made-up comments"]
