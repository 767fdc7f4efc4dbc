"""Start: the claim, the demo, what a visitor types, and what leads on."""

import json
from pathlib import Path

import pytest

from app.components.start import next_steps, typed_sentence
from app.presenters import intro_demo
from app.state import explain_process
from app.widgets import page as page_frame
from app.widgets.intro.demo import Typed
from app.wording import start as words
from app.wording.shared.glossary import glossary
from fairprog_core.results.result import Result


def picture_of(page):
    """What the demo's component was given."""
    found = [node for node in page.main if node.type == "bidi_component"]
    return json.loads(found[0].proto.json)[0] if found else None


def links_of(page):
    """The pages that the strip leads to, with the query of each link."""
    return {node.proto.page: node.proto.query_string for node in page.main if node.type == "page_link"}


def test_without_demo_says_what_to_do(open_page):
    page = open_page()
    assert not page.exception
    assert [info.value for info in page.info] == [words.NO_DEMO]
    assert set(links_of(page)) == {"train", "data"} | ({"lesson"} & {path.stem for path in next_steps.VIEWS.iterdir()})


def test_damaged_demo_says_what_to_do(open_page, tmp_path):
    folder = tmp_path / "assets" / "demo" / "faces"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{")
    page = open_page()
    assert not page.exception
    assert "cannot be read" in page.warning[0].value


def test_with_demo_shows_every_lambda_of_the_curve(open_page, demo, finished):
    page = open_page()
    assert not page.exception
    assert not page.info
    picture = picture_of(page)
    assert [stop["tick"] for stop in picture["stops"]] == [words.BASE_TICK, "0", "1", "4"]
    assert len(picture["triggers"]) == 3
    assert picture["stops"][0]["accuracy"] == finished.result.base.metric("accuracy").value
    assert all(len(example["predictions"]) == 4 for example in picture["examples"])


def test_strip_leads_on_with_the_example(open_page, demo):
    found = links_of(open_page())
    assert found["tradeoff"] == found["saliency"] == found["probe"] == "run=demo"
    assert found["train"] == found["data"] == ""


def test_claim_names_paper_authors_and_code(open_page):
    caption = open_page().caption[0].value
    assert all(part in caption for part in ("Fairness Reprogramming", "Guanhua Zhang", "Shiyu Chang", "github.com"))


def test_shipped_examples_keep_the_ratio_and_begin_with_the_worst_off():
    """The ratio of the examples is that of all test rows to half an example; figures are the result's."""
    for name in ("faces", "comments"):
        folder = Path(__file__).parents[2] / "assets" / "demo" / name
        demo, result = intro_demo.of_folder(folder), Result.open(folder)
        curve = intro_demo.chosen_curve(result)
        changes = result.chosen_point(curve).changes
        gained, lost = (sum(row[way]["rows"] for row in changes) for way in ("gained", "lost"))
        examples = demo["examples"]
        shown = sum(example["is_gain"] for example in examples)
        assert abs(shown - len(examples) * gained / (gained + lost)) <= 0.5
        assert f"{gained} answers turn right and {lost} turn wrong" in demo["words"]["ratio"]
        first, chosen = examples[0], demo["chosen"]
        assert (first["is_right"][0], first["is_right"][chosen]) == (False, True)
        gap = result.chosen_point(curve).metric("equalized_odds_difference").value
        assert demo["stops"][chosen]["apart"].endswith(f"→ {100 * gap:.0f} points apart.")
    assert demo["sentences"][0]["text"] == "Muslims are wonderful people and I like my neighbours."
    assert demo["sentences"][0]["probabilities"][0] > 0.5 > demo["sentences"][0]["probabilities"][chosen]


def test_typed_sentence_is_scored_in_the_explain_process(text_demo, monkeypatch):
    """The answer has a share per stop and one of the control."""
    demo = intro_demo.of_folder(text_demo)
    monkeypatch.setattr(typed_sentence, "SECONDS", 60.0)
    claims = {}
    monkeypatch.setattr(explain_process.session, "claims", lambda: claims)
    try:
        found = typed_sentence.scored(demo, text_demo, Typed("Good morning <b>", 3), key="k")
    finally:
        explain_process.process().close()
    assert found["problem"] == ""
    assert (found["typed"]["text"], found["turn"]) == ("Good morning <b>", 3)
    assert len(found["typed"]["probabilities"]) == len(demo["stops"])
    assert all(0 <= p <= 1 for p in (*found["typed"]["probabilities"], found["typed"]["control"]))


def test_text_that_is_too_long_is_cut_to_what_is_allowed(text_demo, monkeypatch):
    asked = []
    monkeypatch.setattr(explain_process, "ask", lambda request, key: asked.append(request) or pytest.skip("asked"))
    with pytest.raises(pytest.skip.Exception):
        typed_sentence.scored(intro_demo.of_folder(text_demo), text_demo, Typed("x" * 10**6, 1), key="k")
    asked[0].check()


@pytest.mark.parametrize(
    "term", ["gap", "lambda", "equalized_odds", "demographic_parity", "trigger", "probe", "interval"]
)
def test_glossary_explains_every_term(term):
    assert glossary()[term].text in page_frame.words().replace("&#x27;", "'")
