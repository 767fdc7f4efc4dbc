"""Every page with curves of methods that have no trigger; from a study that really ran."""

import shutil

import pytest

from app.charts.theme import SYMBOLS
from app.wording import tradeoff as words
from app.wording import train as train_words
from app.wording.panels import leakage as auditor_words
from app.wording.shared import common, inside
from fairprog_core.methods import METHODS
from fairprog_core.report.wording import leakage
from fairprog_core.results.head_to_head import BYSTANDERS
from fairprog_core.results.summary import main_figures
from fairprog_core.study.load import load_study
from tests.app.drawn import traces

PLANE = "plane-average_abs_odds_difference"
RIVALS = [kind for kind, entry in METHODS.items() if not entry.options.uses_trigger]


@pytest.fixture
def run(rivals, home):
    """The study with every method, as a run of the test's home."""
    shutil.copytree(rivals.folder, home.run("rivals"))
    return "rivals"


@pytest.mark.parametrize("method", RIVALS)
def test_tradeoff_shows_the_curve_of_every_method_and_says_that_it_has_no_trigger(open_page, run, method):
    page = open_page("tradeoff", run=run, curve=f"{method}-equalized_odds-s0")
    assert not page.exception
    family = next(box for box in page.selectbox if box.label == inside.CURVE)
    assert family.options[family.index] == inside.curve_name(method, "equalized_odds")
    assert words.no_trigger(method) in [text.value for text in page.markdown]


def test_tradeoff_names_every_method_in_the_legend(open_page, run):
    page = open_page("tradeoff", run=run)
    names = {trace.get("name") for trace in traces(page, PLANE)}
    assert {inside.learned_name(kind, "") for kind in ("border", *RIVALS) if kind not in BYSTANDERS} <= names
    assert not {inside.learned_name(kind, "") for kind in BYSTANDERS} & names


def test_tradeoff_draws_as_many_curves_as_look_different_and_always_the_chosen_one(open_page, run, rivals, home):
    """Two runs of eight methods; the chosen curve is the last of the second. One criterion is not named again."""
    shutil.copytree(rivals.folder, home.run("again"))
    page = open_page("tradeoff", run="rivals", **{"with": "again"})
    family = next(box for box in page.selectbox if box.label == inside.CURVE)
    chosen = next(name for name in family.options if "again" in name and "Thresholds per group" in name)
    for last in (False, True):
        if last:
            family.set_value(chosen).run()
        assert not page.exception
        drawn = [trace for trace in traces(page, PLANE) if "marker" in trace and trace.get("mode") == "lines+markers"]
        looks = {(each["marker"]["symbol"], each["line"]["dash"]) for each in drawn if "dash" in each.get("line", {})}
        assert (chosen.removesuffix(", equalized odds") in [trace["name"] for trace in drawn]) == last
        assert len(looks) == len(SYMBOLS) == 8
        assert words.MORE.format(n=8, most=8) in [text.value for text in page.markdown]


def test_auditor_says_that_thresholds_per_group_were_read_from_their_answers(open_page, run):
    page = open_page("tradeoff", run=run, curve="group_thresholds-equalized_odds-s0")
    assert auditor_words.lead("equalized_odds", from_answers=True) in [text.value for text in page.markdown]


def test_what_was_read_from_answers_is_not_set_against_the_base():
    audit = {"bits": {"value": 0.1, "ci": [0.05, 0.15]}, "delta": {"value": -0.2, "ci": [-0.3, -0.1]}}
    left, apart = auditor_words.verdict(audit, lam=1.0, from_answers=True)
    assert left.endswith("bits: some leakage is left.")
    assert apart == leakage.APART
    assert "−0.200" in auditor_words.verdict(audit, lam=1.0)[1]


@pytest.mark.parametrize("view", ["saliency", "probe"])
def test_pages_that_look_inside_offer_curves_of_triggers_alone(open_page, run, view):
    page = open_page(view, run=run)
    assert not page.exception
    family = next(box for box in page.selectbox if box.label == inside.CURVE)
    assert set(family.options) == {
        inside.curve_name("border", "equalized_odds", method=method) for method in ("reprogram", "query_reprogram")
    }


def test_runs_and_train_tell_the_figures_of_every_method(open_page, store, rivals):
    from fairprog_core.runs import Owner

    begun = store.begin(rivals.study, Owner.this_process())
    store.append(begun.id, [], token=begun.token, figures=main_figures(rivals.result))
    store.finish(begun, "done")
    page = open_page("train", run=begun.id)
    assert not page.exception
    told = " ".join(text.value for text in page.markdown)
    assert all(train_words.curve_name(kind, "equalized_odds") in told for kind in ("border", *RIVALS))
    page = open_page("runs")
    assert not page.exception


def test_live_page_shows_a_curve_that_was_learned_at_once(open_page, store, rivals):
    from fairprog_core.runs import Owner

    begun = store.begin(rivals.study, Owner.this_process())
    validation = {
        "kind": "validation", "curve": "last_layer-equalized_odds-s0", "step": 1, "steps": 1, "lam": [0.0, 4.0],
        "accuracy": [0.9, 0.87], "gap": [0.2, 0.09], "hypervolume": 0.01, "base_accuracy": 0.89, "base_gap": 0.28,
        "majority_accuracy": 0.79, "is_best": True,
    }  # fmt: skip
    store.append(begun.id, [validation], token=begun.token)
    assert not open_page("train", run=begun.id).exception


def test_form_offers_every_method_and_shows_what_they_need(open_page):
    page = open_page("train")
    chosen = page.multiselect(key="study.faces-quick.methods.kinds")
    assert {common.kind(kind) for kind in RIVALS} <= set(chosen.options)
    chosen.set_value(["reprogram", "last_layer", "leace"]).run()
    assert not page.exception
    assert any(header.value == train_words.NEEDS for header in page.header)
    line = train_words.lam_values(["LEACE"], ["Equalized odds"], METHODS["leace"].options.lam["equalized_odds"].grid)
    assert line in [caption.value for caption in page.caption]


@pytest.mark.parametrize("name", ["faces-tradeoff", "comments-tradeoff"])
def test_preset_with_every_method_is_a_form_that_can_be_sent_off(open_page, store, name):
    page = open_page("train")
    page.selectbox(key="study.preset").set_value(name).run()
    assert not page.exception
    assert not page.button(key="train").disabled
    page.button(key="train").click().run()
    (run,) = store.list()
    assert run.study == load_study(name).to_json()
