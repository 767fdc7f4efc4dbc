"""Train: the form, sending a study off, watching a run by its address."""

import shlex
import shutil
from pathlib import Path

import pytest

from app.components.train.watch import run_watch
from app.models.records import without_controls
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.results.summary import main_figures
from fairprog_core.runs import Owner, Store
from fairprog_core.runs.recorder import PAUSED
from fairprog_core.study.load import load_study
from tests.app.drawn import given, traces
from tests.app.test_component_types import ScriptTypes
from tests.app.test_component_types import sent as script_data

FORM = "study.faces-quick"


@pytest.fixture
def seen(finished):
    """The records of a study that really ran, up to its first validation."""
    kept = Store(finished.home).records(finished.run_id)
    first = next(i for i, record in enumerate(kept) if record["kind"] == "validation")
    return kept[: first + 1]


@pytest.fixture
def running(store, finished, seen):
    """A run that a worker carries out, and what it says."""
    run = store.begin(finished.study, Owner.this_process())
    store.append(run.id, seen, token=run.token)
    return run


def charts(page):
    """The keys of the live charts on the page."""
    return [node.proto.id.split("-")[-1] for node in page.main if node.type == "bidi_component"]


def test_defaults_make_the_quick_preset(open_page, store, workers_asked_for, home):
    page = open_page("train")
    assert not page.exception
    page.button(key="train").click().run()
    assert not page.exception
    (run,) = store.list()
    assert run.study == load_study("faces-quick").to_json()
    assert run.state == "queued"
    assert workers_asked_for[-1] == home
    assert page.query_params["run"] == [run.id] or page.query_params["run"] == run.id
    assert words.WAITING in [info.value for info in page.info]


@pytest.mark.parametrize("root", ["~nouser", "x" * 300])
@pytest.mark.parametrize("kind", ["celeba", "civil_comments"])
def test_path_that_no_file_can_have_is_a_sentence_in_the_form(open_page, kind, root):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.dataset.kind").set_value(kind).run()
    page.text_input(key=f"{FORM}.dataset.{kind}.root").set_value(root).run()
    assert not page.exception
    (error,) = page.error
    assert "dataset.root" in error.value
    assert ("nouser" if root == "~nouser" else "300 bytes") in error.value
    assert page.button(key="train").disabled


def test_run_on_other_data_is_not_called_after_the_preset(open_page):
    page = open_page("train")
    assert page.text_input(key=f"{FORM}.name").value == "faces-quick"
    page.selectbox(key=f"{FORM}.dataset.kind").set_value("celeba").run()
    assert not page.exception
    assert page.text_input(key=f"{FORM}.celeba.name").value == "celeba"


def test_black_box_asks_for_its_address_and_offers_what_works_by_queries(open_page, store):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.classifier.kind").set_value("black_box").run()
    assert not page.exception
    assert "fill in “Address”" in page.error[0].value
    assert page.multiselect(key=f"{FORM}.answers.methods.kinds").value[0] == "query_reprogram"
    assert "leace" not in page.multiselect(key=f"{FORM}.answers.methods.kinds").options
    page.text_input(key=f"{FORM}.classifier.black_box.function").set_value("package.module:function").run()
    assert not page.error
    assert any("1 curve of 10,000 queries" in text.value for text in page.markdown)
    assert any("rows are sent to the black box" in text.value for text in page.caption)
    page.button(key="train").click().run()
    (run,) = store.list()
    assert run.study["classifier"]["function"] == "package.module:function"
    assert run.study["explain"] == {"gallery": 0, "rows": 0, "probe": False, "every_seed": False}


def test_plan_counts_curves(open_page):
    page = open_page("train")
    page.multiselect(key=f"{FORM}.triggers.kinds").set_value(["border", "patch"])
    page.text_input(key=f"{FORM}.seeds").set_value("0, 1, 2").run()
    assert not page.exception
    assert any("6 curves of 250 steps each" in text.value for text in page.markdown)


def test_plan_says_how_long_it_takes(open_page):
    page = open_page("train")
    (before,) = durations(page)
    page.text_input(key=f"{FORM}.seeds").set_value("0, 1, 2, 3, 4, 5, 6, 7, 8, 9").run()
    (after,) = durations(page)
    assert "if the base has to be trained first" in before
    assert "minutes" in after.split(",")[0]
    assert after != before


def durations(page):
    return [text.value for text in page.caption if text.value.startswith("Takes about")]


@pytest.mark.parametrize("data", ["faces", "celeba", "comments"])
def test_command_line_of_the_form_makes_the_study_that_the_button_sends_off(open_page, store, data):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.dataset.kind").set_value(data).run()
    draft = {"comments": f"{FORM}.text"}.get(data, FORM)
    page.text_input(key=f"{draft}.seeds").set_value("0, 2").run()
    if data == "celeba":
        page.text_input(key=f"{FORM}.dataset.celeba.root").set_value("/data/it's here").run()
    assert not page.exception
    program, run, preset, *given = shlex.split(page.code[0].value)
    assert (program, run, preset) == ("fairprog", "run", "faces-quick")
    assert "seeds=0,2" in given
    page.button(key="train").click().run()
    assert store.list()[0].study == load_study(preset, given[1::2]).to_json()


def test_impossible_lambda_range_is_refused_with_a_sentence(open_page, store):
    page = open_page("train")
    page.number_input(key=f"{FORM}.lam.low").set_value(50.0).run()
    assert not page.exception
    assert "below high" in common_text(page.error[0].value)
    assert page.button(key="train").disabled
    assert store.list() == []


def test_wrong_seed_is_refused_with_a_sentence(open_page):
    page = open_page("train")
    page.text_input(key=f"{FORM}.seeds").set_value("0, three").run()
    assert "three" in page.error[0].value
    assert page.button(key="train").disabled


def test_emptied_selection_is_refused_with_a_sentence(open_page):
    page = open_page("train")
    page.multiselect(key=f"{FORM}.triggers.kinds").set_value([]).run()
    assert not page.exception
    assert "triggers" in page.error[0].value


def test_data_without_its_folder_cannot_be_trained_on_and_the_panel_says_what_is_missing(open_page):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.dataset.kind").set_value("celeba").run()
    assert not page.exception
    assert "fill in “Folder or zip”" in page.error[0].value
    assert page.button(key="train").disabled
    page.text_input(key=f"{FORM}.dataset.celeba.root").set_value("/data/celeba").run()
    assert not page.error
    assert not page.button(key="train").disabled


def test_model_that_is_not_named_or_is_a_program_cannot_be_trained_on(open_page):
    page = open_page("train")
    page.selectbox(key=f"{FORM}.classifier.kind").set_value("image_model").run()
    assert not page.exception
    assert "fill in “Model”" in page.error[0].value
    model = page.text_input(key=f"{FORM}.classifier.image_model.model")
    model.set_value("factory:package.module:function").run()
    assert "names a program that runs here" in page.error[0].value
    assert page.button(key="train").disabled
    page.text_input(key=f"{FORM}.classifier.image_model.model").set_value("/models/vit").run()
    assert not page.error
    assert not page.button(key="train").disabled


def test_card_of_the_data_is_shown(open_page):
    page = open_page("train")
    assert any(text.value.startswith("**Licence**:") for text in page.markdown)


def test_linked_run_shows_stages_and_charts(open_page, running, seen):
    page = open_page("train", run=running.id)
    assert not page.exception
    assert page.title[0].value == "tiny"
    strip = given(page, "watch.stages")
    stage = [record for record in seen if record["kind"] == "stage"][-1]
    assert stage["label"] in strip["doing"]
    assert strip["left"] == pytest.approx(stage["seconds_left"], abs=5)
    assert [each["state"] for each in strip["stages"]] == ["done", "done", "now", "next", "next"]
    assert strip["stages"][2]["share"] == pytest.approx(stage["shares"]["triggers"])
    drawn = ("validation", "rows", "loss", "discriminator")
    assert all(given(page, f"watch.charts.{name}") for name in drawn)


def test_trigger_in_training_is_painted_on_rows_with_their_verdicts(open_page, running, seen):
    live = [record for record in seen if record["kind"] == "live"][-1]
    shown = given(open_page("train", run=running.id), "watch.charts.rows")
    assert [row["picture"] for row in shown["rows"]] == [row["picture"] for row in live["rows"]]
    assert all(row["picture"].startswith("data:image/jpeg;base64,") for row in shown["rows"])
    assert [row["is_right"] for row in shown["rows"]] == [row["said_after"] == row["label"] for row in live["rows"]]
    gap, accuracy = shown["counters"]
    assert gap["before"].isdigit()
    assert accuracy["now"].isdigit()


def test_cards_choose_what_the_form_begins_with(open_page):
    page = open_page("train")
    assert page.button(key="card.faces-quick.choose").disabled
    page.button(key="card.comments-quick.choose").click().run()
    assert not page.exception
    assert page.selectbox(key="study.preset").value == "comments-quick"
    assert page.multiselect(key="study.comments-quick.triggers.kinds").value == ["soft"]


def test_trigger_and_criterion_above_the_form_are_those_of_its_fields(open_page, store):
    page = open_page("train")
    box = "quick." + FORM
    assert page.checkbox(key=f"{box}.triggers.kinds.border").value
    page.checkbox(key=f"{box}.triggers.kinds.patch").check().run()
    page.checkbox(key=f"{box}.criteria.kinds.demographic_parity").check().run()
    assert not page.exception
    assert page.multiselect(key=f"{FORM}.triggers.kinds").value == ["border", "patch"]
    page.multiselect(key=f"{FORM}.triggers.kinds").set_value(["patch"]).run()
    assert not page.checkbox(key=f"{box}.triggers.kinds.border").value
    page.button(key="train").click().run()
    study = store.list()[0].study
    assert [each["kind"] for each in study["triggers"]] == ["patch"]
    assert [each["kind"] for each in study["criteria"]] == ["equalized_odds", "demographic_parity"]


def test_presets_that_need_files_come_last(open_page):
    names = open_page("train").selectbox(key="study.preset").options
    assert names[0] == common.kind("faces-quick")
    assert names[-1] == common.kind("civil-comments-paper")


def test_base_that_is_trained_shows_its_steps_and_its_loss(open_page, store, finished):
    """With the records of a real study, up to where its base is trained."""
    kept = Store(finished.home).records(finished.run_id)
    last = max(i for i, record in enumerate(kept) if record["kind"] == "base")
    run = store.begin(finished.study, Owner.this_process())
    store.append(run.id, kept[: last + 1], token=run.token)
    page = open_page("train", run=run.id)
    assert not page.exception
    newest = kept[last]
    sentence = words.base_step(newest["step"], newest["steps"], newest["accuracy"])
    assert any(sentence in text.value for text in page.markdown)
    (chart,) = (name for name in charts(page) if name.endswith("base"))
    losses = next(trace for trace in traces(page, chart) if trace["mode"] == "lines+markers")
    assert losses["y"] == [record["loss"] for record in kept if record["kind"] == "base"]


def test_form_names_what_is_under_way_and_leads_there(open_page, running):
    page = open_page("train")
    assert any(text.value == words.UNDER_WAY.format(name="tiny", state="running") for text in page.markdown)
    page.button(key=f"watch.{running.id}").click().run()
    assert not page.exception
    assert page.title[0].value == "tiny"
    assert page.query_params["run"] == running.id


def test_running_run_is_cancelled(open_page, running, store):
    page = open_page("train", run=running.id)
    page.button(key="watch.cancel").click().run()
    assert not page.exception
    assert store.get(running.id).cancel_requested is not None
    assert page.button(key="watch.cancel").disabled


def test_running_run_is_paused_and_goes_on(open_page, running, store):
    page = open_page("train", run=running.id)
    page.button(key="watch.pause").click().run()
    assert not page.exception
    assert store.get(running.id).is_paused
    strip = given(page, "watch.stages")
    assert (strip["left"], strip["doing"]) == (None, words.PAUSED)
    page.button(key="watch.go_on").click().run()
    assert not store.get(running.id).is_paused
    assert page.button(key="watch.pause")


def test_run_whose_worker_was_freed_while_it_was_paused_goes_on(open_page, running, store, workers_asked_for):
    store.pause(running.id)
    store.finish(running, "cancelled", error=PAUSED)
    page = open_page("train", run=running.id)
    assert words.PAUSED_FREE in [info.value for info in page.info]
    page.button(key="watch.go_on").click().run()
    assert store.get(running.id).state == "queued"
    assert workers_asked_for


def test_trade_off_opens_as_soon_as_all_curves_are_measured(open_page, running, store, home, finished):
    """With the records of a real run, up to where looking inside begins."""
    kept = Store(finished.home).records(finished.run_id)
    shutil.copytree(finished.folder, home.run(running.id))
    assert "watch.open" not in [button.key for button in open_page("train", run=running.id).button]
    first = next(i for i, record in enumerate(kept) if record["kind"] == "stage" and record["stage"] == "explain")
    store.append(running.id, kept[:first], token=running.token)
    page = open_page("train", run=running.id)
    assert page.button(key="watch.open").label == words.OPEN
    assert words.MEASURED in [caption.value for caption in page.caption]


def test_components_get_what_their_scripts_expect(open_page, running, store, home, finished):
    pages = [open_page("train", run=running.id)]
    store.append(running.id, [{"kind": "result"}], token=running.token, figures=main_figures(finished.result))
    store.finish(running, "done")
    shutil.copytree(finished.folder, home.run(running.id))
    pages.append(open_page("train", run=running.id))
    folder = Path(run_watch.__file__).parent
    types = {file.stem: ScriptTypes.read(file.read_text("utf-8")) for file in folder.glob("*.js")}
    seen = [(script, data) for page in pages for script, data in script_data(page) if script in types]
    assert {script for script, _ in seen} == types.keys()
    assert [fault for script, data in seen for fault in types[script].faults(data, types[script].root)] == []


def test_finished_run_shows_figures_and_the_way_on(open_page, running, store, home, finished):
    figures = main_figures(finished.result)
    store.append(running.id, [{"kind": "result"}], token=running.token, figures=figures)
    store.finish(running, "done")
    shutil.copytree(finished.folder, home.run(running.id))
    page = open_page("train", run=running.id)
    assert not page.exception
    (row,) = without_controls(figures)
    assert words.chosen(row) in [text.value for text in page.markdown]
    assert page.button(key="watch.open").label == words.OPEN


@pytest.mark.parametrize(("state", "sentence"), [("lost", words.LOST), ("cancelled", words.CANCELLED)])
def test_ended_run_says_why_and_goes_on(open_page, running, store, workers_asked_for, state, sentence):
    store.finish(running, state)
    page = open_page("train", run=running.id)
    assert sentence in [*(info.value for info in page.info), *(warning.value for warning in page.warning)]
    page.button(key="watch.resume").click().run()
    assert store.get(running.id).state == "queued"
    assert workers_asked_for


def test_failed_run_shows_its_reason_as_text(open_page, running, store):
    store.finish(running, "failed", error="No <img src=x> in [folder](http://x).")
    page = open_page("train", run=running.id)
    assert page.error[0].value == words.FAILED.format(reason=common.plain("No <img src=x> in [folder](http://x)."))


def test_unknown_run_is_told_and_a_new_study_can_be_begun(open_page):
    page = open_page("train", run="0badcafe")
    assert not page.exception
    assert "0badcafe" in page.warning[0].value
    page.button(key="watch.new").click().run()
    assert page.button(key="train")


def test_new_study_can_be_begun_while_one_is_running(open_page, running):
    page = open_page("train", run=running.id)
    page.button(key="watch.new").click().run()
    assert page.button(key="train")


def test_malformed_run_in_the_address_shows_the_form(open_page):
    page = open_page("train", run="../../etc/passwd")
    assert not page.exception
    assert page.button(key="train")


def common_text(text):
    """Markdown escapes taken away again."""
    return text.replace("\\", "")
