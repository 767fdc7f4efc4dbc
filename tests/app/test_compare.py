"""Compare: methods in one chart, verdicts, figures, the link, and what is said where nothing can be compared."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.state import cli_queries
from app.wording import cli_queries as asking_words
from app.wording import head_to_head as words
from app.wording.panels import side_by_side as side_words
from app.wording.shared import inside
from fairprog_core.results.head_to_head import candidates, head_to_head, head_to_head_csv
from fairprog_core.results.result import Result
from fairprog_core.study.load import load_study
from tests.app.changed import change
from tests.app.drawn import given, rows, traces

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
assert sys.argv[2] in [markdown.value for markdown in page.markdown]
print(*(name for name in ("torch", "pandas", "pyarrow", "sklearn", "scipy") if name in sys.modules))
"""


@pytest.fixture
def folder(ran):
    return ran("duel")


@pytest.fixture
def judged(folder):
    return head_to_head(candidates({"duel": Result.open(folder)}))


NAMES = {BORDER: "Border", LAST_LAYER: "Last layer refitted", LEACE: "LEACE"}


def texts(table):
    return [[cell["text"] for cell in row] for row in table["rows"]]


def said(page):
    return [markdown.value for markdown in page.markdown]


def test_without_any_run_says_what_to_do(open_page):
    page = open_page("compare")
    assert not page.exception
    assert [info.value for info in page.info] == [inside.EMPTY]
    assert page.get("page_link")[0].proto.page.endswith("train")


def test_runs_of_one_preset_are_offered_with_what_was_set(open_page, ran):
    for run, settings in (("plain", []), ("waves", ["dataset.target=wavy"])):
        study = load_study("faces-quick", settings).to_json()
        change(ran("duel", run), lambda values, study=study: values.update(study=study))
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
        ["Border", "2"],
        ["Border", "8"],
    ]


def test_verdicts_in_words_are_those_of_the_library(open_page, folder, judged):
    sentences = words.sentences(judged, NAMES)
    assert len(sentences) == 2
    assert set(sentences) <= set(said(open_page("compare", run="duel")))


@pytest.mark.parametrize(
    ("verdict", "value", "ci", "sentence"),
    [
        (
            "better", 0.02, [0.01, 0.03],
            "**A is better than B**: its area is larger, +0.0200 [0.0100, 0.0300]. "
            "Its gap at the same loss of accuracy: better at −1 and −5 points.",
        ),
        (
            "worse", -0.02, [-0.03, -0.01],
            "**A is worse than B**: its area is smaller, −0.0200 [−0.0300, −0.0100]. "
            "Its gap at the same loss of accuracy: worse at −1 and −5 points.",
        ),
        (
            "cannot tell", 0.02, [-0.01, 0.05],
            "**Cannot tell whether A or B is better**: their areas differ by +0.0200 [−0.0100, 0.0500], and the "
            "interval includes 0. Its gap at the same loss of accuracy: cannot tell at −1 and −5 points.",
        ),
        (
            "one seed: cannot say", 0.02, [0.01, 0.03],
            "**One seed: cannot say whether A or B is better**. On these test rows their areas differ by +0.0200 "
            "[0.0100, 0.0300], but another seed may give another result.",
        ),
        (
            "not estimable", 0.02, None,
            "A and B cannot be compared here: there is no interval for the difference of their areas.",
        ),
    ],
)  # fmt: skip
def test_every_verdict_has_its_words(verdict, value, ci, sentence):
    found = {"value": value, "ci": ci, "verdict": verdict}
    difference = {"hypervolume": found, "within": found, "at_loss": [found, found]}
    own = {"value": 0.1, "ci": [0.05, 0.15]}
    each = {"hypervolume": own, "within": own, "at_loss": [own, own], "seeds": [0], "seconds": 20.0}
    contenders = [each | {"key": "b", "difference": None}, each | {"key": "a", "difference": difference}]
    judged = {"against": "b", "losses": [0.01, 0.05], "within": 20.0, "contenders": contenders}
    judged["base"] = {"accuracy": 0.8, "gap": 0.3, "noise_gap": 0.1}
    assert words.sentences(judged, {"a": "A", "b": "B"}) == [sentence]
    note = "" if ci is None else f"\n{verdict}"
    reference, other = words.table(judged, {"a": "A", "b": "B"}).rows
    assert (reference[0].text, reference[0].note, reference[1].text) == ("B", "1 seed, 20 s each", "0.1000")
    assert other[1].note == f"[0.0500, 0.1500]{note}"
    assert other[3].note == f"[0.050, 0.150]\nnoise alone: 0.100{note}"


def contender(key, *, n_lams=5, depends_on_seed=True, seeds=(0, 1), difference=True):
    return {"key": key, "n_lams": n_lams, "depends_on_seed": depends_on_seed, "seeds": seeds, "difference": difference}


def test_one_seed_is_named_only_where_it_matters():
    exact, learned = contender("a", depends_on_seed=False, seeds=(0,)), contender("b", seeds=(0,))
    names = {"a": "LEACE", "b": "Border"}
    assert words.one_seed({"contenders": [exact]}, names) is None
    assert words.one_seed({"contenders": [exact, learned]}, names).startswith("Border ran with one seed only")
    assert words.one_seed({"contenders": [learned]}, names).startswith("Every method ran with one seed only")


def test_different_numbers_of_lams_are_named():
    names = {"a": "A_", "b": "B"}
    assert words.fewer_lams({"contenders": [contender("a"), contender("b")]}, names) is None
    found = words.fewer_lams({"contenders": [contender("a"), contender("b", n_lams=9)]}, names)
    assert found.startswith(r"The methods have different numbers of λ (A\_ 5, B 9).")


def test_figures_stand_in_a_table_with_intervals_and_verdicts(open_page, folder, judged):
    page = open_page("compare", run="duel")
    table = given(page, "figures")
    expected = words.table(judged, NAMES)
    shown = [[(cell["text"], cell["note"]) for cell in row] for row in table["rows"]]
    wanted = [[(cell.text, cell.note) for cell in row] for row in expected.rows]
    assert [row[:2] + row[3:] for row in shown] == [row[:2] + row[3:] for row in wanted]  # see below for the third
    first, second, _ = table["rows"]
    assert "\n" not in first[1]["note"]
    verdict = judged["contenders"][1]["difference"]["hypervolume"]["verdict"]
    assert second[1]["note"].endswith(f"\n{words.VERDICTS[verdict]}")
    assert second[0]["note"].startswith("2 seeds, ")
    base = json.loads((folder / "result.json").read_text("utf-8"))["base"]
    name = "average_abs_odds_difference"
    accuracy, gap, noise = base["accuracy"], base[name], base["noise_gap"][name]
    assert (
        f"480 test rows; base classifier: accuracy {accuracy:.3f}, gap {gap:.3f}. "
        f"Noise alone would show a gap of up to {noise:.3f} on so many rows. "
        "Below each figure: its 95 % interval over test rows and seeds, and whether it is better or worse than that of "
        "Border."
    ) in said(page)


def test_other_methods_can_be_compared_with(open_page, folder):
    page = open_page("compare", run="duel", against=LAST_LAYER)
    turned = head_to_head(candidates({"duel": Result.open(folder)}), against=1)
    assert set(words.sentences(turned, NAMES)) <= set(said(page))
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


def test_two_runs_on_the_same_rows_meet_under_names_that_tell_them_apart(open_page, ran, folder):
    ran("other")
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


def test_shares_of_the_tuning_data_tell_curves_of_one_method_apart(open_page, ran):
    folder = ran("shares")
    page = open_page("compare", run="shares")
    assert not page.exception
    names = [f"{kind}{share}" for kind in ("Last layer refitted", "Border")
             for share in (", 25 % of the tuning data", "")]  # fmt: skip
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == names
    found = candidates({"shares": Result.open(folder)})
    page = open_page("compare", run="shares", against=found[1].key)
    assert not page.exception
    keys = [each.key for each in found]
    assert set(words.sentences(head_to_head(found, against=1), dict(zip(keys, names, strict=True)))) <= set(said(page))


def test_run_that_is_added_is_compared(open_page, ran, folder):
    ran("other")
    page = open_page("compare", run="duel", methods=f"{LEACE},{LAST_LAYER}")
    page.multiselect(key="compare-runs").set_value(["duel", "other"]).run()
    names = ["duel (duel): LEACE", "Last layer refitted", "<i>other</i> (other): LEACE", "Shifted logits"]
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == names
    page.multiselect(key="compare-equalized_odds-duel-other-methods").set_value([LEACE, LAST_LAYER]).run().run()
    assert [row[0]["text"] for row in given(page, "figures")["rows"]] == names[:2]


def test_choice_for_a_criterion_outlasts_another_one(open_page, ran):
    def add(values):
        for name in ("points", "curves"):
            of_leace = [each for each in values[name] if each["method"] == "leace"]
            values[name] += [each | {"criterion": "demographic_parity"} for each in of_leace]
        for curve in values["curves"]:
            curve["key"] = f"{curve['key'].partition('-equalized')[0]}-{curve['criterion']}-s{curve['seed']}"

    change(ran("duel", "both"), add)
    first, second = "both:leace-equalized_odds", "both:last_layer-equalized_odds"
    page = open_page("compare", run="both", methods=f"{first},{second}", criterion="equalized_odds")
    page.selectbox(key="compare-criterion").set_value("demographic_parity").run()
    assert page.multiselect(key="compare-demographic_parity-both-methods").value == ["both:leace-demographic_parity"]
    page.selectbox(key="compare-criterion").set_value("equalized_odds").run()
    assert page.multiselect(key="compare-equalized_odds-both-methods").value == [first, second]


def test_only_the_most_frequent_label_is_nothing_to_compare(open_page, home, rivals):
    folder = Path(shutil.copytree(rivals.folder, home.run("rivals")))

    def leave_out(values):
        for name in ("points", "curves"):
            values[name] = [each for each in values[name] if each["method"] == "majority"]

    change(folder, leave_out)
    page = open_page("compare", run="rivals")
    assert not page.exception
    assert [info.value for info in page.info] == [words.NO_METHOD]


def test_runs_with_other_labels_are_sent_to_the_tradeoff(open_page, ran, folder):
    ran("four")
    page = open_page("compare", run="duel", **{"with": "four"})
    assert not page.exception
    assert page.info[0].value == side_words.OTHER_LABELS
    assert page.get("page_link")[-1].proto.page.endswith("tradeoff")


def test_training_time_that_counts_can_be_changed(open_page, folder, judged):
    page = open_page("compare", run="duel")
    whole = judged["contenders"][0]["hypervolume"]["value"]
    assert words.IN_TIME not in [column["text"] for column in given(page, "figures")["columns"]]  # there is no limit
    limit = page.number_input(key="-".join(["figures-seconds", BORDER, BORDER, LAST_LAYER, LEACE]))
    limit.set_value(1e5).run()
    assert texts(given(page, "figures"))[0][2] == f"{whole:.4f}"
    limit.set_value(0.0).run()
    assert texts(given(page, "figures"))[0][2] == "0.0000"


def test_method_that_took_a_hundredth_of_a_second_fits_into_a_tenth(open_page, folder):
    def hurry(values):
        for curve in values["curves"]:
            curve["seconds"] = 0.012 if curve["method"] == "leace" else curve["seconds"]

    change(folder, hurry)
    page = open_page("compare", run="duel", against=LEACE)
    page.number_input(key="-".join(["figures-seconds", LEACE, BORDER, LAST_LAYER, LEACE])).set_value(0.1).run()
    table = given(page, "figures")
    assert table["columns"][2]["note"] == "in 0.1 s"
    leace = table["rows"][2]
    assert leace[0]["note"] == "2 seeds, 0.012 s each"
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
    assert [info.value for info in page.info] == [r"This failed\: MemoryError\: \<b\>"]
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


def test_method_of_a_later_version_is_drawn_without_its_needs(open_page, ran):
    def rename(values):
        for each in (*values["points"], *values["curves"]):
            each["method"] = each["method"].replace("output_shift", "telepathy")

    change(ran("other"), rename)
    page = open_page("compare", run="other")
    assert not page.exception
    assert len(given(page, "figures")["rows"]) == 2
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
    difference = judged["contenders"][1]["difference"]
    assert last_layer["hypervolume_verdict"] == difference["hypervolume"]["verdict"]
    assert float(last_layer["hypervolume"]) == pytest.approx(judged["contenders"][1]["hypervolume"]["value"])
    assert float(last_layer["gap_at_0.05_difference_low"]) == difference["at_loss"][3]["ci"][0]  # reached by both


def test_needs_of_every_method_are_listed(open_page, folder):
    table = given(open_page("compare", run="duel"), "needs")
    assert [row[0]["text"] for row in table["rows"]] == ["Learned trigger", "Last layer refitted", "LEACE"]


def test_page_server_computes_nothing_itself(folder, judged):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(MAIN), words.sentences(judged, NAMES)[0]],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == ""
