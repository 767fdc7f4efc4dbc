"""Compare: methods in one chart, verdicts, figures, the link, and what is said where nothing can be compared."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.state import cli_queries
from app.wording import cli_queries as asking_words
from app.wording import head_to_head as words
from app.wording.shared import inside
from fairprog_core.results.head_to_head import candidates, head_to_head, head_to_head_csv
from fairprog_core.results.result import Result
from fairprog_core.study.load import load_study
from tests.app.drawn import given, rows, traces
from tests.made_up_duel import write_duel

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
BORDER, LAST_LAYER, LEACE = (
    f"duel:{name}-equalized_odds" for name in ("reprogram-border", "last_layer", "leace")
)  # fmt: skip
SCRIPT = """
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=60)
page.query_params["run"] = "duel"
page.switch_page("views/compare.py")
page.run()
assert not page.exception, page.exception
assert any("is worse than" in markdown.value for markdown in page.markdown)
print(*(name for name in ("torch", "pandas", "pyarrow", "sklearn", "scipy") if name in sys.modules))
"""


@pytest.fixture
def folder(home):
    return write_duel(home.run("duel"))


@pytest.fixture
def judged(folder):
    return head_to_head(candidates({"duel": Result.open(folder)}))


def said(page):
    return [markdown.value for markdown in page.markdown]


def test_without_any_run_says_what_to_do(open_page):
    page = open_page("compare")
    assert not page.exception
    assert [info.value for info in page.info] == [inside.EMPTY]
    assert page.get("page_link")[0].proto.page.endswith("train")


def test_runs_of_one_preset_are_offered_with_what_was_set(open_page, home):
    for run, settings in (("plain", []), ("waves", ["dataset.target=wavy"])):
        file = write_duel(home.run(run)) / "result.json"
        values = json.loads(file.read_text())
        file.write_text(json.dumps(values | {"study": load_study("faces-quick", settings).to_json()}))
    offered = open_page("compare").multiselect(key="compare-runs").options
    assert {"faces-quick (plain)", "faces-quick (waves): dataset.target=wavy"} <= set(offered)


def test_every_method_is_one_curve_of_means_without_controls(open_page, folder):
    page = open_page("compare", run="duel")
    assert not page.exception
    legend = [trace["name"] for trace in traces(page, "duel") if trace.get("showlegend") is not False]
    assert legend == ["Border", "Last layer refitted", "LEACE"]
    looks = {
        (trace["marker"]["symbol"], trace["line"]["dash"])
        for trace in traces(page, "duel")
        if "dash" in trace.get("line", {}) and "marker" in trace
    }
    assert len(looks) == 3
    assert [row[:2] for row in rows(page, "duel")][:4] == [
        ["base", ""],
        ["Border", "0"],
        ["Border", "1"],
        ["Border", "2"],
    ]


def test_verdicts_in_words_follow_from_the_duel(open_page, folder, judged):
    page = open_page("compare", run="duel")
    names = {BORDER: "Border", LAST_LAYER: "Last layer refitted", LEACE: "LEACE"}
    sentences = words.sentences(judged, names)
    assert sentences[0].startswith("**Last layer refitted is worse than Border**: its area is smaller, −0.")
    assert sentences[0].endswith("worse at −1, −2, −3 and −5 points.")
    assert set(sentences) <= set(said(page))


def test_figures_stand_in_a_table_with_intervals_and_verdicts(open_page, folder, judged):
    table = given(open_page("compare", run="duel"), "figures")
    first, second, _ = table["rows"]
    area = judged["contenders"][0]["hypervolume"]
    assert [first[0]["text"], first[1]["text"]] == ["Border", f"{area['value']:.4f}"]
    assert "\n" not in first[1]["note"]
    assert second[1]["note"].endswith("\nworse")
    assert second[0]["note"] == "2 seeds, 20 s each"


def test_other_methods_can_be_compared_with(open_page, folder):
    page = open_page("compare", run="duel", against=LAST_LAYER)
    assert any("**Border is better than Last layer refitted**" in text for text in said(page))
    page.selectbox(key="compare-equalized_odds-duel-against").set_value(LEACE).run()
    assert page.query_params["against"] == LEACE


def test_link_restores_methods_and_is_written(open_page, folder):
    page = open_page("compare", run="duel", methods=f"{LEACE},{LAST_LAYER}", criterion="equalized_odds")
    legend = [trace["name"] for trace in traces(page, "duel") if trace.get("showlegend") is not False]
    assert legend == ["LEACE", "Last layer refitted"]
    assert page.query_params["methods"] == f"{LEACE},{LAST_LAYER}"
    assert page.query_params["against"] == LEACE
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == legend


@pytest.mark.parametrize("query", [{"methods": "<b>,../x"}, {"against": "nobody"}, {"criterion": "<i>"}])
def test_link_that_makes_no_sense_falls_back(open_page, folder, query):
    page = open_page("compare", run="duel", **query)
    assert not page.exception
    assert len(given(page, "figures")["rows"]) == 3


def test_all_runs_of_a_link_that_are_not_there_are_named(open_page, folder):
    page = open_page("compare", run="a1", **{"with": "duel,b2"})
    assert [info.value for info in page.info] == [inside.GONE.format(run="a1, b2")]
    assert len(given(page, "figures")["rows"]) == 3


def test_no_method_chosen_asks_for_one(open_page, folder):
    page = open_page("compare", run="duel")
    page.multiselect(key="compare-equalized_odds-duel-methods").set_value([]).run()
    assert [info.value for info in page.info] == [words.PICK_METHODS]


def test_one_method_alone_says_how_to_get_another(open_page, folder):
    page = open_page("compare", run="duel", methods=LEACE)
    assert [info.value for info in page.info] == [words.ONE_METHOD]
    assert len(given(page, "figures")["rows"]) == 1


def test_two_runs_on_the_same_rows_meet_under_names_that_tell_them_apart(open_page, home, folder):
    write_duel(home.run("other"), methods={"leace": [(0.79, 0.5)], "output_shift": [(0.7, 0.5)]}, name="<i>other</i>")
    page = open_page("compare", run="duel", **{"with": "other"})
    assert not page.exception
    names = [row[0]["text"] for row in given(page, "figures")["rows"]]
    assert names == [
        "Border",
        "Last layer refitted",
        "duel (duel): LEACE",
        "<i>other</i> (other): LEACE",
        "Shifted logits",
    ]
    assert all("<i>" not in (trace.get("name") or "") for trace in traces(page, "duel"))
    assert all("<i>" not in text for text in said(page))


def test_shares_of_the_tuning_data_tell_curves_of_one_method_apart(open_page, home):
    methods = {"last_layer@0.05": [(0.78, 0.5)], "last_layer": [(0.8, 0.45)], "leace": [(0.79, 0.59)]}
    write_duel(home.run("shares"), methods=methods, seeds=(0,))
    page = open_page("compare", run="shares")
    assert not page.exception
    names = ["Last layer refitted, 5 % of the tuning data", "Last layer refitted", "LEACE"]
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == names
    page = open_page("compare", run="shares", against="shares:last_layer-equalized_odds")
    assert not page.exception
    assert any("**LEACE is better than Last layer refitted**" in text for text in said(page))


def test_run_that_is_added_is_compared(open_page, home, folder):
    write_duel(home.run("other"), methods={"output_shift": [(0.7, 0.5)]})
    page = open_page("compare", run="duel", methods=f"{LEACE},{LAST_LAYER}")
    page.multiselect(key="compare-runs").set_value(["duel", "other"]).run()
    names = ["LEACE", "Last layer refitted", "Shifted logits"]
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == names
    page.multiselect(key="compare-equalized_odds-duel-other-methods").set_value([LEACE, LAST_LAYER]).run().run()
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == names[:2]


def test_choice_for_a_criterion_outlasts_another_one(open_page, home):
    folder = write_duel(home.run("both"), seeds=(0,))
    file = folder / "result.json"
    values = json.loads(file.read_text("utf-8"))
    for name in ("points", "curves"):
        of_leace = [each for each in values[name] if each["method"] == "leace"]
        values[name] += [each | {"criterion": "demographic_parity"} for each in of_leace]
    values["curves"][-1]["key"] = "leace-demographic_parity-s0"
    file.write_text(json.dumps(values), "utf-8")
    first, second = "both:leace-equalized_odds", "both:last_layer-equalized_odds"
    page = open_page("compare", run="both", methods=f"{first},{second}", criterion="equalized_odds")
    page.selectbox(key="compare-criterion").set_value("demographic_parity").run()
    assert page.multiselect(key="compare-demographic_parity-both-methods").value == ["both:leace-demographic_parity"]
    page.selectbox(key="compare-criterion").set_value("equalized_odds").run()
    assert page.multiselect(key="compare-equalized_odds-both-methods").value == [first, second]


def test_only_the_most_frequent_label_is_nothing_to_compare(open_page, home):
    write_duel(home.run("duel"), methods={"majority": [(0.5, 0.5)]})
    page = open_page("compare", run="duel")
    assert not page.exception
    assert [info.value for info in page.info] == [words.NO_METHOD]


def test_runs_on_other_rows_are_sent_to_the_tradeoff(open_page, home, folder):
    write_duel(home.run("other"), row_seed=1)
    page = open_page("compare", run="duel", **{"with": "other"})
    assert not page.exception
    assert "another base" in page.info[0].value
    assert page.get("page_link")[-1].proto.page.endswith("tradeoff")


def test_training_time_that_counts_can_be_changed(open_page, folder, judged):
    page = open_page("compare", run="duel")
    assert given(page, "figures")["rows"][1][2]["text"] == "0.0000"
    page.number_input(key="-".join(["figures-seconds", BORDER, BORDER, LAST_LAYER, LEACE])).set_value(20.0).run()
    assert given(page, "figures")["rows"][1][2]["text"] == f"{judged['contenders'][1]['hypervolume']['value']:.4f}"


def test_reference_that_took_a_hundredth_of_a_second_fits_into_its_own_time(open_page, home):
    folder = write_duel(home.run("fast"), seeds=(0,))
    file = folder / "result.json"
    values = json.loads(file.read_text("utf-8"))
    values["curves"][2]["seconds"] = 0.012
    file.write_text(json.dumps(values), "utf-8")
    page = open_page("compare", run="fast", against="fast:leace-equalized_odds")
    table = given(page, "figures")
    assert table["columns"][2]["note"] == "in 0.1 s"
    leace = table["rows"][2]
    assert leace[0]["note"] == "1 seed, 0.012 s each"
    assert leace[2]["text"] == leace[1]["text"] != "0.0000"


def test_comparison_that_fails_is_a_sentence_without_a_chart_and_asked_once(open_page, folder, monkeypatch):
    calls = []

    def fail(command, **_):
        calls.append(command)
        return subprocess.CompletedProcess(command, 1, "", "Traceback\n  File\nMemoryError: <b>")

    monkeypatch.setattr(cli_queries.subprocess, "run", fail)
    page = open_page("compare", run="duel")
    page.run()
    assert not page.exception
    assert [info.value for info in page.info] == [r"The comparison failed\: MemoryError\: \<b\>"]
    with pytest.raises(KeyError):
        traces(page, "duel")
    assert len(calls) == 1


def test_comparison_that_takes_too_long_is_a_sentence(open_page, folder, monkeypatch):
    def wait(command, **_):
        raise subprocess.TimeoutExpired(command, 300)

    monkeypatch.setattr(cli_queries.subprocess, "run", wait)
    page = open_page("compare", run="duel")
    assert not page.exception
    assert [info.value for info in page.info] == [asking_words.TOO_LONG.format(minutes="5")]


def test_method_of_a_later_version_is_drawn_without_its_needs(open_page, home):
    write_duel(home.run("later"), methods={"leace": [(0.79, 0.59)], "telepathy": [(0.7, 0.5)]}, seeds=(0,))
    page = open_page("compare", run="later")
    assert not page.exception
    assert [row[0]["text"] for row in given(page, "needs")["rows"]] == ["LEACE"]


def test_figures_are_computed_once_per_choice(open_page, folder, monkeypatch):
    calls = []
    original = cli_queries.subprocess.run
    monkeypatch.setattr(cli_queries.subprocess, "run", lambda *a, **k: calls.append(a) or original(*a, **k))
    page = open_page("compare", run="duel")
    page.run()
    assert len(calls) == 1


def test_table_for_spreadsheets_holds_what_the_screen_shows(judged):
    border, last_layer, _ = csv.DictReader(io.StringIO(head_to_head_csv(judged)))
    assert (border["method"], border["trigger"], border["hypervolume_verdict"]) == ("reprogram", "border", "")
    assert last_layer["hypervolume_verdict"] == "worse"
    assert float(last_layer["hypervolume"]) == pytest.approx(judged["contenders"][1]["hypervolume"]["value"])
    assert (
        float(last_layer["gap_at_0.02_difference_low"]) == judged["contenders"][1]["difference"]["at_loss"][1]["ci"][0]
    )


def test_needs_of_every_method_are_listed(open_page, folder):
    table = given(open_page("compare", run="duel"), "needs")
    assert [row[0]["text"] for row in table["rows"]] == ["Learned trigger", "Last layer refitted", "LEACE"]


def test_page_server_computes_nothing_itself(folder):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(MAIN)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == ""
