"""The experiments on Compare: less tuning data, other bases, several classes; what is drawn, said and handed out."""

import json

import pytest

from app.charts import levels, matrix
from app.presenters import experiments
from app.state import cli_queries
from app.wording import cli_queries as asking_words
from app.wording import experiments as words
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.result import Result
from tests.app.changed import change
from tests.app.drawn import given, rows, traces
from tests.made_up_duel import write_duel
from tests.made_up_experiments import OTHER, SOURCE, TARGET, write_classes, write_shares, write_transfer

SHARES, BASES, CURVES, CLASSES = (f"experiment-{name}" for name in ("shares", "bases", "bases-curves", "classes"))


def said(page):
    return [*(markdown.value for markdown in page.markdown), *(caption.value for caption in page.caption)]


def headers(page):
    return [header.value for header in page.header]


def table(page, key):
    return [[cell["text"] for cell in row] for row in given(page, f"{key}-table")["rows"]]


def trace(page, key, name):
    return next(each for each in traces(page, key) if each.get("name") == name)


def test_run_without_an_experiment_has_one_line_that_says_how_to_get_one(open_page, home):
    write_duel(home.run("duel"))
    page = open_page("compare", run="duel")
    assert not page.exception
    assert not {words.TUNING, words.BASES, words.CLASSES} & set(headers(page))
    (line,) = [text for text in said(page) if text.startswith("Further charts")]
    assert all(f"`faces-{name}`" in line for name in ("tuning-data", "transfer", "multiclass"))


def test_gap_over_the_share_of_the_tuning_data_is_drawn_with_the_base(open_page, home):
    write_shares(home.run("shares"))
    page = open_page("compare", run="shares")
    assert not page.exception
    border = trace(page, SHARES, "Border")
    assert border["x"] == pytest.approx([0.05, 1.0])
    assert border["y"] == pytest.approx([0.22, 0.165])
    assert trace(page, SHARES, "base")["y"] == pytest.approx([0.275, 0.275])
    axis = json.loads(given(page, SHARES)["figure"])["layout"]["xaxis"]
    assert (axis["type"], axis["ticktext"]) == ("log", ["5 %", "100 %"])
    assert table(page, SHARES) == [["Border", "0.220", "+2.7", "50 %"], ["Border", "0.165", "+4.5", "100 %"]]
    first, _ = given(page, f"{SHARES}-table")["rows"]
    assert first[0]["note"] == "5 %, 1 seed"
    assert first[1]["note"].endswith("\none seed: cannot say")
    assert first[3]["note"].endswith("\none seed: cannot say")
    assert not any("`faces-tuning-data`" in text for text in said(page))


def test_predictions_that_are_missing_are_a_sentence_that_goes_when_they_are_back(open_page, home, monkeypatch):
    folder = write_shares(home.run("shares"))
    file = next(folder.glob("curves/*t0.05*/lam-1.parquet"))
    kept = file.read_bytes()
    file.unlink()
    page = open_page("compare", run="shares")
    assert not page.exception
    assert words.TUNING not in headers(page)
    assert any("lam-1.parquet" in info.value for info in page.info)
    file.write_bytes(kept)
    page.run()
    assert words.TUNING not in headers(page)
    now = cli_queries.time.time
    monkeypatch.setattr(cli_queries.time, "time", lambda: now() + 61)
    page.run()
    assert words.TUNING in headers(page)
    assert not page.info


def test_share_of_the_gain_that_other_bases_keep_stands_in_a_matrix_and_a_table(open_page, home):
    write_transfer(home.run("moved"))
    page = open_page("compare", run="moved")
    assert not page.exception
    layout = json.loads(given(page, BASES)["figure"])["layout"]
    assert [note["text"] for note in layout["annotations"]] == ["<b>50 %</b><br>[33, 70]<br>one seed: cannot say"]
    assert (layout["yaxis"]["ticktext"], layout["xaxis"]["ticktext"]) == (["net,<br>seed 0"], ["net,<br>seed 1"])
    (row,) = table(page, BASES)
    assert row == ["Border", "0.275", "0.220", "0.265", "+1.3", "50 %"]
    assert given(page, f"{BASES}-table")["rows"][0][0]["note"] == f"{SOURCE} → {TARGET}; 1 seed"
    assert any(text.endswith("there is **no clear difference** in 1 of 1 cases.") for text in said(page))


def test_curves_on_the_other_base_stand_beside_what_was_learned_there(open_page, home):
    """A run whose own base is the other one: the same answers without a trigger."""
    write_transfer(home.run("moved"))
    write_duel(home.run("there"), methods={"last_layer": [OTHER, (0.84, 0.60)]}, seeds=(0,))
    other = Result.open(home.run("moved")).transfer[0].point
    change(home.run("there"), lambda values: values["base"].update(counts=other.counts))
    page = open_page("compare", run="moved", **{"with": "there"})
    assert not page.exception
    legend = [each["name"] for each in traces(page, CURVES) if each.get("showlegend") is not False]
    assert legend == [f"Border from {SOURCE}", "untrained", "Last layer refitted, trained here"]
    assert [row[1] for row in rows(page, CURVES)][:5] == ["", "0", "1", "2", "untrained"]


def test_base_that_is_looked_at_is_restored_by_the_link_and_can_be_changed(open_page, home):
    write_transfer(home.run("moved"))
    write_transfer(home.run("other"), source=TARGET, target=SOURCE)
    change(home.run("other"), lambda values: values["transfer"][0]["point"].update(counts=[]))
    page = open_page("compare", run="moved", base=SOURCE, **{"with": "other"})
    assert not page.exception
    assert given(page, CURVES)["label"].startswith(f"Accuracy over the gap on {SOURCE}")
    layout = json.loads(given(page, BASES)["figure"])["layout"]
    texts = [note["text"] for note in layout["annotations"]]
    kept = "<b>50 %</b><br>[33, 70]<br>one seed: cannot say"
    assert texts == ["trained<br>here", kept, kept, "trained<br>here"]
    page.selectbox(key=f"{CURVES}-base").set_value(TARGET).run()
    assert page.query_params["base"] == TARGET
    assert open_page("compare", run="moved", base="<b>").query_params["base"] == "<b>"


def test_gap_over_the_number_of_classes_is_drawn_with_the_base_though_the_rows_differ(open_page, home):
    write_classes(home.run("four"), 4)
    write_classes(home.run("sixteen"), 16, left_out=("<b>wavy</b>",))
    page = open_page("compare", run="sixteen", **{"with": "four"})
    assert not page.exception
    assert trace(page, CLASSES, "Border")["x"] == pytest.approx([4, 16])
    assert trace(page, CLASSES, "base")["y"] == pytest.approx([0.275, 0.275])
    assert r"Of the 16 classes, the gap leaves out those that are too rare in some group: \<b\>wavy\</b\>." in said(
        page
    )
    assert [row[0]["note"] for row in given(page, f"{CLASSES}-table")["rows"]] == [
        "4 classes, 1 seed",
        "16 classes, 1 seed",
    ]


def test_two_runs_with_the_same_number_of_classes_are_lines_of_their_own():
    found = [{"run": run, "n": n} for run, n in (("a", 2), ("b", 2), ("b", 4))]
    lines = experiments.lines(found, {"a": "A", "b": "B"}, name=lambda _: "Border", place=lambda row: row["n"])
    assert {name: [(row["run"], row["n"]) for row in line] for name, line in lines.items()} == {
        "Border": [("a", 2), ("b", 4)], "B: Border": [("b", 2)],
    }  # fmt: skip
    lines = experiments.lines(found[:2], {"a": "A", "b": "B"}, name=lambda _: "Border", place=lambda row: row["n"])
    assert {name: line[0]["run"] for name, line in lines.items()} == {"A: Border": "a", "B: Border": "b"}


def test_criterion_of_the_page_is_that_of_the_experiments(home):
    result = Result.open(write_transfer(home.run("moved")))
    assert experiments.other_base_rows({"moved": result}, "demographic_parity") == []
    assert experiments.targets({"moved": result}, "demographic_parity") == []


@pytest.mark.parametrize(
    ("ci", "told"),
    [
        ((-0.3, -0.1), "the gap grew"), ((-0.1, 0.4), "may be none"), ((0.1, 0.4), "a part"),
        ((0.4, 1.2), "may be all"), ((1.1, 1.3), "more than all"), ((-0.1, 1.2), "cannot tell"), (None, ""),
    ],
)  # fmt: skip
def test_words_for_a_share_follow_from_its_interval_alone(ci, told):
    assert words.kept_verdict(Estimate(0.3, ci)) == told


def test_levels_tell_lines_apart_without_colour_and_cross_out_what_collapsed():
    lines = {
        "<b>one</b>": [levels.Level(2, Estimate(0.2, (0.1, 0.4))), levels.Level(4, Estimate(0.1, None), True)],
        "two": [levels.Level(2, Estimate(0.3, (0.2, 0.4)))],
    }
    plot = levels.levels(lines, base=[], x_title="x", y_title="y", tick=str, label="what it is")
    one, two, lost = plot.figure.data
    assert one.name == "&lt;b&gt;one&lt;/b&gt;"
    assert list(one.error_y.array) == pytest.approx([0.2, 0.0])
    assert list(one.error_y.arrayminus) == pytest.approx([0.1, 0.0])
    assert list(lost.y) == [0.1]
    assert one.marker.symbol != two.marker.symbol
    assert one.line.dash != two.line.dash
    assert one.x[0] < 2 < two.x[0]  # side by side


KEPT = Estimate(0.3, (-0.1, 0.7))  # cannot be told from 0: no tint


def test_matrix_says_every_number_and_what_has_none():
    cells = {("a", "b"): Estimate(-0.25, (-0.5, -0.1)), ("b", "a"): Estimate(None, None), ("b", "b"): KEPT}
    plot = matrix.matrix(
        cells, own={("a", "a")}, own_text="trained here", rows=["a", "b"], columns=["a", "b"], x_title="", y_title="",
        label="",
    )  # fmt: skip
    texts = [note.text for note in plot.figure.layout.annotations]
    assert texts == ["trained<br>here", "<b>−25 %</b><br>[−50, −10]", "not<br>estimable", "<b>30 %</b><br>[−10, 70]"]
    assert [list(line) for line in plot.figure.data[0].z] == [[0.0, -0.25], [0.0, 0.0]]


def test_questions_that_take_too_long_are_said_to(open_page, home, monkeypatch):
    write_shares(home.run("shares"))

    def wait(command, **_):
        raise cli_queries.subprocess.TimeoutExpired(command, 300)

    monkeypatch.setattr(cli_queries.subprocess, "run", wait)
    page = open_page("compare", run="shares")
    assert not page.exception
    assert {info.value for info in page.info} == {asking_words.TOO_LONG.format(minutes="5")}


def test_collapsed_case_is_named_and_not_counted_as_a_success(open_page, home):
    write_transfer(home.run("moved"))
    folder = home.run("moved")

    def collapse(values):
        for point in values["transfer"][0]["curves"][0]["points"]:
            point["collapsed"] = True

    change(folder, collapse)
    page = open_page("compare", run="moved")
    assert not page.exception
    assert any("collapsed and are not counted" in text for text in said(page))
    layout = json.loads(given(page, BASES)["figure"])["layout"]
    assert any(note["text"].endswith("collapsed") for note in layout["annotations"])


def test_gap_that_cannot_be_estimated_anywhere_is_a_sentence(open_page, home):
    write_shares(home.run("shares"))

    def forget(values):
        for point in values["points"]:
            point.update(average_abs_odds_difference=None, average_abs_odds_difference_ci=None)

    change(home.run("shares"), forget)
    page = open_page("compare", run="shares")
    assert not page.exception


def test_two_bases_of_one_name_can_both_be_looked_at(open_page, home):
    for run in ("moved", "other"):
        write_transfer(home.run(run))
    change(home.run("other"), lambda values: values["transfer"][0]["point"].update(counts=[]))
    page = open_page("compare", run="moved", **{"with": "other"})
    assert not page.exception
    first, second = page.selectbox(key=f"{CURVES}-base").options
    assert first == TARGET
    assert second.endswith(f": {TARGET}")
    page.selectbox(key=f"{CURVES}-base").set_value(second).run()
    assert page.query_params["base"] == second
