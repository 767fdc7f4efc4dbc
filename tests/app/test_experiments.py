"""The experiments on Compare: less tuning data, other bases, several classes; what is drawn, said and handed out.

The studies really ran. Their figures are read from the file of the result and are formatted here by hand.
"""

import json
from statistics import mean

import pytest

from app.charts import levels, matrix
from app.charts.theme import CLEAR
from app.presenters import experiments
from app.state import cli_queries
from app.wording import cli_queries as asking_words
from app.wording import experiments as words
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.experiments import tuning_rows
from fairprog_core.results.result import Result
from tests.app.changed import change
from tests.app.drawn import given, rows, traces

SHARES, BASES, CURVES, CLASSES = (f"experiment-{name}" for name in ("shares", "bases", "bases-curves", "classes"))
GAP = "average_abs_odds_difference"
ONE_SEED = "one seed: cannot say"
SEED_0, SEED_1 = "residual net, seed 0", "residual net, seed 1"


def said(page):
    return [*(markdown.value for markdown in page.markdown), *(caption.value for caption in page.caption)]


def headers(page):
    return [header.value for header in page.header]


def cells(page, key):
    """The rows of a table; a cell has a text and a note."""
    return given(page, f"{key}-table")["rows"]


def trace(page, key, name):
    return next(each for each in traces(page, key) if each.get("name") == name)


def annotations(page):
    return [note["text"] for note in json.loads(given(page, BASES)["figure"])["layout"]["annotations"]]


def saved(folder):
    """The result of a run as its file has it."""
    return json.loads((folder / "result.json").read_text("utf-8"))


def chosen(curve, points):
    """The point of a saved curve at its chosen λ."""
    same = ("method", "trigger", "seed", "tuning_ratio")
    own = [point for point in points if all(point[name] == curve[name] for name in same)]
    return next(point for point in own if point["lam"] == curve["chosen_lam"])


def figure(value, digits=3):
    text = f"{value:.{digits}f}".replace("-", "−")
    return text.removeprefix("−") if set(text) <= set("−0.") else text  # no minus before zero


def interval(ends, digits=3):
    return f"[{figure(ends[0], digits)}, {figure(ends[1], digits)}]"


def cell_of_gap(point, *verdict):
    """A gap that noise alone would show has that noise beside it."""
    return {"text": figure(point[GAP]), "note": "\n".join([interval(point[f"{GAP}_ci"]), *noise(point), *verdict])}


def noise(point):
    """What noise alone shows, for a gap that does not exceed it or whose interval starts at 0."""
    limit = point["noise_gap"][GAP]
    is_small = point[GAP] <= limit or point[f"{GAP}_ci"][0] <= 0
    return [f"noise alone: {figure(limit)}"] if is_small else []


def cell_of_accuracy(point):
    """The change of accuracy in points, with its sign."""
    change_of = point["delta"]["accuracy"]
    text = f"{100 * change_of['value']:+.1f}".replace("-", "−")
    return {
        "text": "0.0" if text in ("+0.0", "−0.0") else text,
        "note": interval([100 * end for end in change_of["ci"]], 1),
    }


def change_of_gap(point):
    low, high = point["delta"][GAP]["ci"]
    return "smaller" if high < 0 else "larger" if low > 0 else "cannot tell"


def against_control(of_trigger, of_control):
    """The verdict of one seed against the control: their intervals overlap or not."""
    is_clear = of_trigger[1] < of_control[0] or of_trigger[0] > of_control[1]
    return ONE_SEED if is_clear else "no clear difference"


def share(kept, *, has_interval=True):
    """The beginning of a cell with a share of the gain."""
    if kept["value"] is None:
        return "not estimable", ""
    return f"{figure(100 * kept['value'], 0)} %", interval([100 * end for end in kept["ci"]], 0) if has_interval else ""


def test_run_without_an_experiment_has_one_line_that_says_how_to_get_one(open_page, ran):
    ran("other")
    page = open_page("compare", run="other", base="<b>")
    assert not page.exception
    assert page.query_params["base"] == "<b>"  # there is no base to choose here
    assert not {"Less tuning data", "On other base classifiers", "Several classes"} & set(headers(page))
    assert (
        "Further charts appear here once a run of these presets is finished and chosen above: Less tuning data "
        "(`faces-tuning-data`), On other base classifiers (`faces-transfer`), Several classes (`faces-multiclass`)."
    ) in said(page)


def test_gap_over_the_share_of_the_tuning_data_is_drawn_with_the_base_and_stands_in_a_table(open_page, ran):
    """Two methods with a quarter and with all of the tuning data."""
    folder = ran("shares")
    page = open_page("compare", run="shares")
    assert not page.exception
    result = saved(folder)
    base, found = result["base"], [chosen(curve, result["points"]) for curve in result["curves"]]
    assert [(each["method"], each["tuning_ratio"]) for each in found] == [
        ("last_layer", 0.25), ("last_layer", 1.0), ("reprogram", 0.25), ("reprogram", 1.0),
    ]  # fmt: skip
    names = [(name, f"{part} %, 1 seed") for name in ("Last layer refitted", "Border") for part in (25, 100)]
    for name, line in (("Last layer refitted", found[:2]), ("Border", found[2:])):
        drawn = trace(page, SHARES, name)
        assert drawn["x"] == pytest.approx([0.25, 1.0], rel=0.03)  # the lines stand side by side
        assert drawn["y"] == pytest.approx([each[GAP] for each in line])
        assert drawn["error_y"]["array"] == pytest.approx([each[f"{GAP}_ci"][1] - each[GAP] for each in line])
    assert trace(page, SHARES, "base")["y"] == pytest.approx([base[GAP], base[GAP]])
    axis = json.loads(given(page, SHARES)["figure"])["layout"]["xaxis"]
    assert (axis["type"], axis["ticktext"]) == ("log", ["25 %", "100 %"])
    (told,) = (text for text in said(page) if text.startswith("Each method was trained on a share of the tuning data."))
    accuracy, gap = (f"{figure(base[name])} {interval(base[f'{name}_ci'])}" for name in ("accuracy", GAP))
    beside = "".join(f" ({each})" for each in noise(base)).replace(":", "\\:")  # escaped for Markdown
    assert told.endswith(f" validation rows. Base classifier: accuracy {accuracy}, gap {gap}{beside}.")
    assert not any("`faces-tuning-data`" in text for text in said(page))

    rows_of_table = cells(page, SHARES)
    assert [(row[0]["text"], row[0]["note"]) for row in rows_of_table] == names
    on_all_rows = change_of_gap(found[1])  # solved exactly: only a share of the rows depends on the seed
    verdicts = [ONE_SEED, on_all_rows, ONE_SEED, ONE_SEED]
    assert [row[1] for row in rows_of_table] == [cell_of_gap(*each) for each in zip(found, verdicts, strict=True)]
    assert [row[2] for row in rows_of_table] == [cell_of_accuracy(each) for each in found]
    kept = [row["kept"] for row in tuning_rows(Result.open(folder))]
    expected = [share(each, has_interval=i % 2 == 0) for i, each in enumerate(kept)]  # all data keep all: no interval
    assert [(row[3]["text"], row[3]["note"].partition("\n")[0]) for row in rows_of_table] == expected
    part, whole = (base[GAP] - each[GAP] for each in found[2:])
    assert [row[3]["text"] for row in rows_of_table[2:]] == [f"{figure(100 * part / whole, 0)} %", "100 %"]


def test_predictions_that_are_missing_are_a_sentence_that_goes_when_they_are_back(open_page, ran, monkeypatch):
    folder = ran("shares")
    (curve,) = (each for each in saved(folder)["curves"] if each["key"] == "reprogram-border-equalized_odds-t0.25-s0")
    file = folder / "curves" / curve["key"] / f"lam-{curve['chosen_lam']:g}.parquet"
    kept = file.read_bytes()
    file.unlink()
    page = open_page("compare", run="shares", methods="shares:last_layer-equalized_odds")
    assert not page.exception
    assert words.TUNING not in headers(page)
    assert any(file.name in info.value for info in page.info)
    file.write_bytes(kept)
    page.run()
    assert words.TUNING not in headers(page)
    now = cli_queries.time.monotonic
    monkeypatch.setattr(cli_queries.time, "monotonic", lambda: now() + 61)
    page.run()
    assert words.TUNING in headers(page)
    assert not any(file.name in info.value for info in page.info)


@pytest.fixture
def moved_and_back(ran):
    """The saved results of a border that was moved from the first base to the second, and of one moved back."""
    return saved(ran("moved")), saved(ran("back"))


def test_share_of_the_gain_that_other_bases_keep_stands_in_a_matrix_and_a_table(open_page, moved_and_back):
    page = open_page("compare", run="moved", **{"with": "back"})
    assert not page.exception
    kept = [share(result["transfer"][0]["curves"][0]["kept"]) for result in moved_and_back]
    own, *others, own_again = annotations(page)
    assert own == own_again == "trained<br>here"
    assert others == [f"<b>{value}</b><br>{ends}<br>{ONE_SEED}" if ends else "not<br>estimable" for value, ends in kept]
    layout = json.loads(given(page, BASES)["figure"])["layout"]
    assert layout["yaxis"]["ticktext"] == layout["xaxis"]["ticktext"] == [
        "residual<br>net,<br>seed 0", "residual<br>net,<br>seed 1",
    ]  # fmt: skip
    verdicts, between = [], (f"{SEED_0} → {SEED_1}; 1 seed", f"{SEED_1} → {SEED_0}; 1 seed")
    for row, note, result, (value, ends) in zip(cells(page, BASES), between, moved_and_back, kept, strict=True):
        (target,) = result["transfer"]
        (curve,) = target["curves"]
        found = chosen(curve, curve["points"])
        (control,) = (point for point in curve["points"] if point["method"] == "random_trigger")
        against = against_control(found[f"{GAP}_ci"], control[f"{GAP}_ci"])
        assert row[:5] == [
            {"text": "Border", "note": note}, cell_of_gap(target["point"]), cell_of_gap(found, ONE_SEED),
            cell_of_gap(control, against), cell_of_accuracy(found),
        ]  # fmt: skip
        assert (row[5]["text"], row[5]["note"].partition("\n")[0]) == (value, ends)
        verdicts.append(against)
    sentences = {
        "no clear difference": "there is **no clear difference** in {n} of 2 cases",
        ONE_SEED: "one seed cannot say in {n} of 2 cases",
    }
    told = "; ".join(text.format(n=verdicts.count(each)) for each, text in sentences.items() if each in verdicts)
    assert f"Compared with the control, a trigger without training: {told}." in said(page)


def test_curves_on_the_other_base_stand_beside_what_was_learned_there(open_page, moved_and_back):
    """The run back has the other base as its own."""
    page = open_page("compare", run="moved", **{"with": "back"})
    assert not page.exception
    legend = [each["name"] for each in traces(page, CURVES) if each.get("showlegend") is not False]
    assert legend == [f"Border from {SEED_0}", "untrained", "Border, trained here"]
    drawn = [each["x"] for each in traces(page, CURVES) if len(each["x"]) == 3 and "error_x" in each]
    moved, back = moved_and_back
    there, here = moved["transfer"][0]["curves"][0]["points"], back["points"]
    assert drawn == [
        pytest.approx([point[GAP] for point in found if point["method"] == "reprogram"]) for found in (there, here)
    ]
    assert [row[1] for row in rows(page, CURVES)][:5] == ["", "0", "2", "8", "untrained"]


def test_base_that_is_looked_at_is_restored_by_the_link_and_can_be_changed(open_page, moved_and_back):
    page = open_page("compare", run="moved", base=SEED_0, **{"with": "back"})
    assert not page.exception
    assert given(page, CURVES)["label"].startswith(f"Accuracy over the gap on {SEED_0}")
    page.selectbox(key=f"{CURVES}-base").set_value(SEED_1).run()
    assert page.query_params["base"] == SEED_1
    assert given(page, CURVES)["label"].startswith(f"Accuracy over the gap on {SEED_1}")


def test_base_of_a_link_that_makes_no_sense_falls_back_to_the_first(open_page, moved_and_back):
    page = open_page("compare", run="moved", base="<b>", **{"with": "back"})
    assert not page.exception
    assert page.query_params["base"] == SEED_1


def test_gap_over_the_number_of_classes_is_drawn_with_the_base_though_the_rows_differ(open_page, ran):
    """Four classes beside two, of another run with two seeds; one class is said to be too rare."""
    four, two = ran("four"), ran("duel")
    change(four, lambda values: values["base"].update(left_out=["<b>wavy</b>"]))
    page = open_page("compare", run="four", **{"with": "duel"})
    assert not page.exception
    of_four, of_two = saved(four), saved(two)
    (found,) = (chosen(curve, of_four["points"]) for curve in of_four["curves"])
    leace = [chosen(curve, of_two["points"]) for curve in of_two["curves"] if curve["method"] == "leace"]
    line, base = trace(page, CLASSES, "LEACE"), trace(page, CLASSES, "base")
    assert line["x"] == pytest.approx([2, 4], rel=0.05)  # the lines stand side by side
    assert line["y"] == pytest.approx([mean(each[GAP] for each in leace), found[GAP]])
    assert base["x"] == [2, 4]
    assert base["y"] == pytest.approx([of_two["base"][GAP], of_four["base"][GAP]])
    assert r"Of the 4 classes, the gap leaves out those that are too rare in some group: \<b\>wavy\</b\>." in said(page)
    of_leace = [row for row in cells(page, CLASSES) if row[0]["text"] == "LEACE"]
    assert [row[0]["note"] for row in of_leace] == ["2 classes, 2 seeds", "4 classes, 1 seed"]
    assert of_leace[1][1:] == [
        cell_of_gap(of_four["base"]), cell_of_gap(found, change_of_gap(found)), cell_of_accuracy(found),
    ]  # fmt: skip


def test_two_runs_with_the_same_number_of_classes_are_lines_of_their_own():
    found = [{"run": run, "n": n} for run, n in (("a", 2), ("b", 2), ("b", 4))]
    lines = experiments.lines(found, {"a": "A", "b": "B"}, name=lambda _: "Border", place=lambda row: row["n"])
    assert {name: [(row["run"], row["n"]) for row in line] for name, line in lines.items()} == {
        "Border": [("a", 2), ("b", 4)], "B: Border": [("b", 2)],
    }  # fmt: skip
    lines = experiments.lines(found[:2], {"a": "A", "b": "B"}, name=lambda _: "Border", place=lambda row: row["n"])
    assert {name: line[0]["run"] for name, line in lines.items()} == {"A: Border": "a", "B: Border": "b"}


def test_criterion_of_the_page_is_that_of_the_experiments(tiny_duel):
    result = tiny_duel("moved").result
    assert experiments.other_base_rows({"moved": result}, "equalized_odds") != []
    assert experiments.other_base_rows({"moved": result}, "demographic_parity") == []
    assert [target.name for target in experiments.targets({"moved": result}, "equalized_odds")] == [SEED_1]
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


def test_gaps_of_the_base_and_of_a_control_that_noise_may_show_say_so(tiny_duel):
    """Noise of 0 is exceeded by all; .97 to .99 by none."""
    result = tiny_duel("moved").result
    (row,) = experiments.other_base_rows({"moved": result}, "equalized_odds")
    quiet = row | {"noise_gap": 0.0, "base_noise_gap": 0.0, "controls_noise": {"random_trigger": 0.0}}
    quiet |= {"gap_ci": [0.01, 0.9], "base_gap_ci": [0.01, 0.9]}
    quiet["controls"] = {"random_trigger": {"value": 0.2, "ci": [0.01, 0.9]}}
    loud = quiet | {"noise_gap": 0.97, "base_noise_gap": 0.98, "controls_noise": {"random_trigger": 0.99}}
    limits = [
        [[line for line in cell.note.splitlines() if line.startswith("noise")] for cell in table.rows[0][1:4]]
        for table in (words.bases_table([quiet]), words.bases_table([loud]))
    ]
    assert limits == [[[], [], []], [["noise alone: 0.980"], ["noise alone: 0.970"], ["noise alone: 0.990"]]]
    assert words.bases([quiet])[0].endswith("[0.010, 0.900].")
    assert words.bases([loud])[0].endswith("[0.010, 0.900] (noise alone\\: 0.980).")  # escaped for Markdown
    few = {"n": 40, "group": "<b>", "label": "blond"}
    lost = quiet | {"few_rows": few, "base_gap_ci": None, "controls": {"random_trigger": {"value": 0.2, "ci": None}}}
    told = "too few rows for an interval (<b>, blond: 40)"
    base, _, control = words.bases_table([lost]).rows[0][1:4]
    assert base.note == told
    assert control.note.startswith(told)
    assert words.bases([lost])[0].endswith(r" (too few rows for an interval (\<b\>, blond\: 40)).")


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
    orange = "rgba(213, 94, 0, 0.113)"  # a quarter of the strongest tint
    assert [cell.fillcolor for cell in plot.figure.layout.shapes] == [CLEAR, orange, CLEAR, CLEAR]


def test_questions_that_take_too_long_are_said_to(open_page, ran, monkeypatch):
    ran("shares")

    def wait(command, **_):
        raise cli_queries.subprocess.TimeoutExpired(command, 300)

    monkeypatch.setattr(cli_queries.subprocess, "run", wait)
    page = open_page("compare", run="shares")
    assert not page.exception
    assert {info.value for info in page.info} == {asking_words.TOO_LONG.format(minutes="5")}


def test_collapsed_case_is_named_and_not_counted_as_a_success(open_page, home, moved_and_back):
    """The first of two; the control of the second gets an interval that lies above the trigger's."""

    def collapse(values):
        for point in values["transfer"][0]["curves"][0]["points"]:
            point["collapsed"] = True

    def raise_control(values):
        (control,) = (
            point for point in values["transfer"][0]["curves"][0]["points"] if point["method"] == "random_trigger"
        )
        control.update({GAP: 0.9, f"{GAP}_ci": [0.85, 0.95]})

    change(home.run("moved"), collapse)
    change(home.run("back"), raise_control)
    page = open_page("compare", run="moved", **{"with": "back"})
    assert not page.exception
    assert (
        "Compared with the control, a trigger without training: one seed cannot say in 1 of 1 cases. "
        "1 of 2 cases collapsed and are not counted, because the gap of a collapsed point means nothing."
    ) in said(page)
    _, there, back, _ = annotations(page)
    assert there.endswith("<br>collapsed")
    assert not back.endswith("collapsed")
    of_moved, of_back = cells(page, BASES)
    assert of_moved[2]["note"].endswith("\ncollapsed")
    assert "\n" not in of_moved[3]["note"]  # no verdict against the control
    assert of_back[3] == {"text": "0.900", "note": f"[0.850, 0.950]\n{ONE_SEED}"}


def test_share_of_one_seed_gives_no_judgement_though_the_rows_are_too_few_for_an_interval_of_the_gap(
    open_page, home, moved_and_back
):
    def be_few(values):
        (curve,) = values["transfer"][0]["curves"]
        curve["kept"] = {"value": 0.6, "ci": [0.4, 0.8]}
        for point in curve["points"]:
            point.update({f"{GAP}_ci": None})
            point["delta"][GAP]["ci"] = None

    for run in ("moved", "back"):
        change(home.run(run), be_few)
    page = open_page("compare", run="moved", **{"with": "back"})
    assert not page.exception
    assert annotations(page)[1:3] == [f"<b>60 %</b><br>[40, 80]<br>{ONE_SEED}"] * 2
    assert [row[5] for row in cells(page, BASES)] == [{"text": "60 %", "note": f"[40, 80]\n{ONE_SEED}"}] * 2


def test_gap_that_cannot_be_estimated_anywhere_is_a_sentence(open_page, home, moved_and_back):
    def forget(values):
        for point in values["transfer"][0]["curves"][0]["points"]:
            point.update({GAP: None, f"{GAP}_ci": None})

    for run in ("moved", "back"):
        change(home.run(run), forget)
    page = open_page("compare", run="moved", **{"with": "back"})
    assert not page.exception
    assert words.BASES in headers(page)
    assert (
        "The gap cannot be estimated on the test rows of these runs: some group has too few rows of some label."
    ) in [info.value for info in page.info]
    with pytest.raises(KeyError):
        given(page, BASES)


def test_two_bases_of_one_name_can_both_be_looked_at(open_page, home, moved_and_back):
    """The base of the second run is another one, and has got the name of the first."""
    change(home.run("back"), lambda values: values["transfer"][0].update(base=SEED_1))
    page = open_page("compare", run="moved", **{"with": "back"})
    assert not page.exception
    first, second = page.selectbox(key=f"{CURVES}-base").options
    assert (first, second) == (SEED_1, f"back (back): {SEED_1}")
    page.selectbox(key=f"{CURVES}-base").set_value(second).run()
    assert page.query_params["base"] == second
