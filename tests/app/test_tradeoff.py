"""Trade-off: every point, the slider's λ in detail, several runs, downloads; from a study that really ran."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.components.tradeoff import group_table
from app.models.series import gather
from app.wording import tradeoff as words
from app.wording.panels import leakage as auditor_words
from app.wording.panels import levelling as levelling_words
from app.wording.panels import power as power_words
from app.wording.shared import inside
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.report.wording import point as point_words
from fairprog_core.results.gallery_file import read_gallery, write_gallery
from tests.app.drawn import given, marker, rows, traces

CI = [-0.149, -0.051]
GAP = "average_abs_odds_difference"
PLANE = f"plane-{GAP}"
MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
SCRIPT = """
import sys
from itertools import product
from streamlit.testing.v1 import AppTest
for view, run in product(("tradeoff", "saliency", "probe"), ("demo", "demo-comments")):
    page = AppTest.from_file(sys.argv[1], default_timeout=60)
    page.query_params["run"] = run
    page.switch_page(f"views/{view}.py")
    page.run()
    assert not page.exception, page.exception
    assert len(list(page.main)) > 10
print(*(name for name in ("torch", "torchvision", "captum", "pandas", "pyarrow") if name in sys.modules))
"""


RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")


@pytest.fixture
def curve(finished):
    return finished.result.curves[0]


def copy_of(finished, home, run, name):
    """The finished study as a run of the test's home under another name."""
    shutil.copytree(finished.folder, home.run(run))
    path = home.run(run) / "result.json"
    values = json.loads(path.read_text("utf-8"))
    values["study"]["name"] = name
    path.write_text(json.dumps(values), "utf-8")


def rewrite(finished, home, run, change):
    """The finished study as a run whose points are changed."""
    copy_of(finished, home, run, run)
    path = home.run(run) / "result.json"
    values = json.loads(path.read_text("utf-8"))
    for point in [values["base"], *values["points"]]:
        change(point)
    path.write_text(json.dumps(values), "utf-8")


def test_without_any_run_says_what_to_do(open_page):
    page = open_page("tradeoff")
    assert not page.exception
    assert [info.value for info in page.info] == [inside.EMPTY]
    assert page.get("page_link")[0].proto.page.endswith("train")


def test_damaged_run_is_not_offered(open_page, home):
    folder = home.run("broken")
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{", "utf-8")
    page = open_page("tradeoff", run="broken")
    assert not page.exception
    assert [info.value for info in page.info] == [inside.EMPTY]


def test_gap_of_too_few_rows_names_the_smallest_cell_instead_of_an_interval(open_page, demo, finished):
    """The tiny study tests 24 rows of every group and label."""
    page = open_page("tradeoff")
    assert not page.exception
    few = finished.result.base.few_rows("average_abs_odds_difference")
    assert few["n"] == 24
    text = f"oo few rows for an interval ({few['group']}, {few['label']}: 24)"
    assert any(text in words.gap(spot) for series in gather(finished.result, GAP, run="demo") for spot in series.mean)
    assert any(text in each.value.replace("\\", "") for each in page.markdown)


def test_every_point_of_the_result_is_on_the_plane(open_page, demo, finished, curve):
    page = open_page("tradeoff")
    assert not page.exception
    result = finished.result
    drawn = next(trace for trace in traces(page, PLANE) if "error_x" in trace and len(trace["x"]) > 1)
    points = result.points_of(curve)
    assert drawn["x"] == pytest.approx([point.metric(curve.gap).value for point in points])
    assert drawn["y"] == pytest.approx([point.metric("accuracy").value for point in points])
    table = rows(page, PLANE)
    assert table[0][2].startswith(f"{result.base.metric('accuracy').value:.3f} [")
    assert [row[1] for row in table] == ["", "0", "1", "4", "untrained"]


def test_curves_on_less_tuning_data_are_drawn_only_where_they_are_looked_at(open_page, ran):
    ran("shares")
    whole, part = (f"Border{share}" for share in ("", ", 25 % of the tuning data"))
    for key, shown in (("", {whole}), ("-t0.25", {whole, part})):
        page = open_page("tradeoff", run="shares", curve=f"reprogram-border-equalized_odds{key}-s0")
        assert not page.exception
        lines = {trace["name"] for trace in traces(page, PLANE) if trace["mode"] == "lines+markers"}
        assert lines & {whole, part} == shown
        assert words.SHARES in [markdown.value for markdown in page.markdown]


def test_slider_stands_at_the_chosen_lambda_and_marks_it(open_page, demo, curve):
    slider = given(open_page("tradeoff"), "lam-")
    assert slider["stops"] == ["0", "1", "4"]
    assert slider["index"] == slider["chosen"] == curve.lams.index(curve.chosen_lam)
    assert [frame["text"] for frame in slider["charts"][PLANE]] == [["λ = 0"], ["λ = 1"], ["λ = 4"]]


def test_link_restores_gap_and_lambda(open_page, demo, finished, curve):
    page = open_page("tradeoff", run="demo", gap="paper_dp", lam="4")
    point = finished.result.select(method="reprogram", lam=4.0)[0]
    assert marker(page, "plane-paper_dp") == ([point.metric("paper_dp").value], [point.metric("accuracy").value])
    assert page.query_params["lam"] == "4"


@pytest.mark.parametrize(
    "query", [{"gap": "<b>"}, {"lam": "much"}, {"lam": "1e9"}, {"curve": "../x"}, {"with": "../..,a b"}]
)
def test_link_that_makes_no_sense_falls_back(open_page, demo, query):
    page = open_page("tradeoff", run="demo", **query)
    assert not page.exception
    assert traces(page, PLANE)


def test_detail_shows_cost_and_gain_with_paired_intervals(open_page, demo, finished, curve):
    page = open_page("tradeoff", lam="4")
    base, point = finished.result.base, finished.result.select(method="reprogram", lam=4.0)[0]
    gap, accuracy = page.metric
    assert gap.value == f"{base.metric(curve.gap).value:.3f} → {point.metric(curve.gap).value:.3f}"
    assert accuracy.value == f"{base.metric('accuracy').value:.3f} → {point.metric('accuracy').value:.3f}"
    assert f"{abs(point.change('accuracy').value):.3f}" in accuracy.delta
    assert "[" in accuracy.delta


def test_table_of_groups_shows_the_rates_without_and_with(open_page, demo, finished):
    table = given(open_page("tradeoff", lam="4"), "groups")
    result = finished.result
    before, now = result.group_table(result.base), result.group_table(result.select(method="reprogram", lam=4.0)[0])
    first = table["rows"][0]
    assert [first[0]["text"], first[1]["text"]] == [now[0]["group"], f"{now[0]['n']:,}"]
    rates = [(before[0][rate]["value"], now[0][rate]["value"]) for rate in ("selection_rate", "accuracy")]
    assert first[2]["text"] == f"{rates[0][0]:.3f} → {rates[0][1]:.3f}"
    assert first[5]["text"] == f"{rates[1][0]:.3f} → {rates[1][1]:.3f}"
    assert first[2]["note"].startswith("[")


def test_groups_of_a_label_stand_together_where_there_are_several(monkeypatch):
    """Six rows, label by label, with the rows of each pair and without the accuracy of the whole group."""
    shown = []
    monkeypatch.setattr(group_table.table, "show", lambda value, *, key: shown.append(value))
    found = {"value": 0.5, "ci": [0.4, 0.6], "n": 7}
    values = [
        {"group": group, "label": label, "n": 30, **dict.fromkeys(RATES, found)}
        for group in ("woman", "man")
        for label in (0, 1, 2)
    ]
    group_table.show(values, key="groups", before=values, labels=("a", "b", "c"), caption="")
    (table,) = shown
    assert [(row[0].text, row[0].note, row[1].text) for row in table.rows[:3]] == [
        ("woman", "a", "7"), ("man", "a", "7"), ("woman", "b", "7"),
    ]  # fmt: skip
    assert {len(row) for row in table.rows} == {len(table.columns)} == {5}


def test_flips_count_rows_of_the_predictions(open_page, demo, finished):
    """Counted once more from the two files: rows of group 0 and label 1 that were wrong and are right."""
    result = finished.result
    before = result.predictions(result.base)
    now = result.predictions(result.select(method="reprogram", lam=4.0)[0])
    gained = ((before.z == 0) & (before.y == 1) & (before.y_pred != 1) & (now.y_pred == 1)).sum()
    row = next(
        row
        for row in rows(open_page("tradeoff", lam="4"), "flips")
        if row[:2] == [result.groups().names[0], result.labels[1]]
    )
    assert row[3] == str(gained)


def test_result_without_the_tables_is_read_from_the_predictions(open_page, home, finished):
    def forget(point):
        for name in ("group_rates", "changes", "levelling", "intersections", "audit"):
            point.pop(name, None)

    rewrite(finished, home, "early", forget)
    early = open_page("tradeoff", run="early")
    assert not early.exception
    copy_of(finished, home, "late", "late")
    late = open_page("tradeoff", run="late")
    assert given(early, "groups")["rows"] == given(late, "groups")["rows"]
    assert rows(early, "flips") == rows(late, "flips")
    assert given(early, "levelling") == given(late, "levelling")
    assert [info.value for info in early.info] == [auditor_words.NONE]
    assert not late.info


def test_who_paid_is_said_of_the_pair_furthest_apart(open_page, demo, finished, curve):
    page = open_page("tradeoff", lam="4")
    point = finished.result.select(method="reprogram", lam=4.0)[0]
    found = point.levelling[curve.gap]
    few = point.few_rows(curve.gap)
    sentence = levelling_words.sentence(found, change=point.change(curve.gap), lam=4.0, few=few)
    assert few is None or f"{few['n']})" in sentence
    assert sentence in [markdown.value for markdown in page.markdown]
    first = given(page, "levelling")["rows"][0]
    assert first[1]["text"] == found["rates"][0]["better"]
    assert first[2]["text"] == "{:.3f} → {:.3f}".format(*found["rates"][0]["better_rate"])


@pytest.mark.parametrize(("ci", "is_said"), [((-0.2, -0.01), True), ((-0.2, 0.01), False), (None, False)])
def test_who_paid_is_said_only_where_the_gap_clearly_closed(ci, is_said):
    found = {"closed": {"value": 0.1, "ci": [0.0, 0.2]}, "share": {"value": 0.5, "ci": [0.2, 0.8]}}
    sentence = levelling_words.sentence(found, change=Estimate(-0.1, ci), lam=4.0)
    assert ("levelling down" in sentence) == is_said
    assert ("cannot be attributed" in sentence) != is_said
    assert ("−0.100" in sentence) != is_said


def test_who_paid_is_not_said_where_the_rates_came_closer_and_there_is_no_share():
    """The interval that a result has on disk may follow an older rule than the share."""
    found = {"closed": {"value": 0.1, "ci": [0.0, 0.2]}, "share": {"value": None, "ci": None}}
    sentence = levelling_words.sentence(found, change=Estimate(-0.1, (-0.2, -0.01)), lam=4.0)
    assert "cannot be attributed" in sentence
    assert "did not come closer" not in sentence


def test_who_paid_without_an_interval_of_the_change_names_the_cell_with_too_few_rows():
    found = {"closed": {"value": 0.1, "ci": None}, "share": {"value": 0.5, "ci": None}}
    few = {"n": 40, "group": "<b>m", "label": "blond"}
    sentence = levelling_words.sentence(found, change=Estimate(-0.2, None), lam=4.0, few=few)
    assert sentence == (
        "At λ = 4 the change of the gap (−0.200) has no interval: too few rows for an interval "
        r"(\<b\>m, blond\: 40), so gain and loss cannot be attributed."
    )
    unknown = levelling_words.sentence(found, change=Estimate(-0.2, None), lam=4.0)
    assert unknown == (
        "At λ = 4 the change of the gap (−0.200) has no interval, so gain and loss cannot be attributed."
    )


@pytest.mark.parametrize(("ci", "is_hidden"), [((0.0, 0.06), True), ((0.001, 0.06), False)])
def test_gap_above_noise_whose_interval_starts_at_0_does_not_differ_clearly_from_0(ci, is_hidden):
    gap = "average_abs_odds_difference"
    point = Point("reprogram", metrics={gap: Estimate(0.034, ci)}, noise_gap={gap: 0.033})
    (caution,) = words.cautions(point, gap)
    assert caution.endswith("So 0.034 does not differ clearly from 0.") == is_hidden


def test_damaged_predictions_of_an_early_result_are_a_sentence(open_page, home, finished):
    def forget(point):
        for name in ("group_rates", "changes", "levelling"):
            point.pop(name, None)

    rewrite(finished, home, "early", forget)
    for file in home.run("early").rglob("*.parquet"):
        file.unlink()
        file.write_bytes(b"<b>")
    page = open_page("tradeoff", run="early")
    assert not page.exception
    assert any("predictions" in info.value or "parquet" in info.value for info in page.info)
    assert all("<b>" not in info.value for info in page.info)


def test_examples_of_who_gained_and_lost_are_one_click_away(open_page, demo):
    links = {link.proto.label: link.proto.page for link in open_page("tradeoff").get("page_link")}
    assert links[words.EXAMPLES].endswith("saliency")


def test_auditor_shows_base_control_and_chosen_lambda(open_page, demo, finished, curve):
    page = open_page("tradeoff", lam="0")
    table = rows(page, "auditor")
    assert [row[0] for row in table] == ["base", "untrained", f"λ = {curve.chosen_lam:g}"]
    audit = finished.result.chosen_point(curve).audit
    assert table[-1] == auditor_words.row(table[-1][0], audit)
    assert [trace["x"] for trace in traces(page, "auditor")][-1] == pytest.approx([audit["bits"]["value"]])
    for sentence in auditor_words.verdict(audit, lam=curve.chosen_lam):
        assert sentence in [markdown.value for markdown in page.markdown]


def test_power_answers_for_the_difference_that_is_named(open_page, home, finished, curve):
    """± .049 is a standard error of .025, so .07 can be shown; .05 needs (.07/.05)² = 1.96 times as many rows."""
    rewrite(finished, home, "sure", lambda point: point["delta"].update({curve.gap: {"value": -0.1, "ci": CI}}))
    page = open_page("tradeoff", run="sure", lam="4")
    (told,) = (markdown.value for markdown in page.markdown if "**0.070** or more" in markdown.value)
    assert "by about **0.070**" in told
    assert told.endswith("This holds for clear gaps; where a gap is close to 0, fewer changes are detected.")
    page.number_input(key="power").set_value(0.05).run()
    assert any("about **190** test rows" in markdown.value for markdown in page.markdown)


def test_power_without_an_interval_says_so(open_page, home, finished, curve):
    rewrite(finished, home, "unsure", lambda point: point["delta"].update({curve.gap: {"value": 0.0, "ci": None}}))
    page = open_page("tradeoff", run="unsure", lam="4")
    assert power_words.NONE in [markdown.value for markdown in page.markdown]


def test_combined_groups_are_listed_largest_first_with_the_worst_named(open_page, home, finished):
    def combine(point):
        first, accuracy = point["group_rates"][0], point["group_rates"][0]["accuracy"]
        point["intersections"] = [
            first
            | {"group": name, "n": n, "accuracy": accuracy | {"value": right}, "parts": 1, "is_worst": right < 0.9}
            for name, n, right in (("female", 60, 0.9), ("<b>young</b>, male", 36, 0.8))
        ]

    rewrite(finished, home, "combined", combine)
    page = open_page("tradeoff", run="combined")
    assert not page.exception
    table = given(page, "intersections")
    assert [row[0]["text"] for row in table["rows"]] == ["female", "<b>young</b>, male"]
    worst = next(markdown.value for markdown in page.markdown if "lowest accuracy" in markdown.value)
    assert "80.0%" in worst
    assert "<b>" not in worst


def test_two_runs_are_compared_under_their_names(open_page, home, finished):
    copy_of(finished, home, "aaaa1111", "one")
    copy_of(finished, home, "bbbb2222", "<i>two</i>")
    page = open_page("tradeoff", run="aaaa1111", **{"with": "bbbb2222"})
    assert not page.exception
    names = {row[0] for row in rows(page, PLANE)}
    assert any(name.startswith("one (aaaa1111): ") for name in names)
    assert any(name.startswith("<i>two</i> (bbbb2222): ") for name in names)
    assert all("<i>" not in (trace.get("name") or "") for trace in traces(page, PLANE))


def test_without_a_selected_run_asks_for_one(open_page, demo):
    page = open_page("tradeoff")
    page.multiselect(key="tradeoff-runs").set_value([]).run()
    assert not page.exception
    assert [info.value for info in page.info] == [inside.PICK_RUN]


def test_downloads_are_offered_and_the_table_holds_every_point(open_page, demo, finished):
    page = open_page("tradeoff", lam="4")
    labels = [button.label for button in page.get("download_button")]
    assert labels == [
        inside.REPORT,
        words.DOWNLOAD_POINTS,
        words.DOWNLOAD_RESULT,
        words.DOWNLOAD_TRIGGER,
        words.DOWNLOAD_PICTURE.format(lam="4"),
    ]
    result = finished.result
    table = list(csv.DictReader(points_csv([result.base, *result.points]).splitlines()))
    assert len(table) == 1 + len(result.points)


def test_pages_of_results_import_no_torch_and_no_pandas(demo, text_demo):
    command = [sys.executable, "-c", SCRIPT, str(MAIN)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == ""


def test_study_that_keeps_no_pictures_shows_its_trigger_alone(open_page, home, finished):
    copy_of(finished, home, "bare", "bare")
    (file,) = home.run("bare").rglob("gallery.safetensors")
    gallery = read_gallery(file)
    whole = ("lams", "nulls", "photo_box", "trigger", "trigger_untrained", "trigger_black")
    left_out = ("cam_class", "ig")  # as the writer does
    kept = {
        name: array if name in whole or name.startswith("mean_") else array[:0]
        for name, array in gallery.arrays.items()
        if not name.startswith(left_out)
    }
    write_gallery(file, gallery._replace(arrays=kept))
    page = open_page("tradeoff", run="bare")
    assert not page.exception
    (card,) = given(page, "trigger")["cards"]
    assert [cell["label"] for cell in card["cells"]] == [words.TRIGGER_ALONE]
    assert words.EXAMPLES not in [link.proto.label for link in page.get("page_link")]


def test_damaged_gallery_is_one_sentence(open_page, home, finished):
    copy_of(finished, home, "broken", "broken")
    (file,) = home.run("broken").rglob("gallery.safetensors")
    file.write_bytes(b"not a gallery")
    for view in ("tradeoff", "saliency", "probe"):
        page = open_page(view, run="broken")
        assert not page.exception
        assert sum("damaged" in error.value for error in page.error) == 1


def test_two_runs_on_one_base_share_its_star_and_another_base_has_one_of_its_own(open_page, home, finished):
    for run in ("one", "two"):
        copy_of(finished, home, run, run)
    page = open_page("tradeoff", run="one", **{"with": "two"})
    assert [name.count("base") for name in stars(page)] == [1]
    rewrite(finished, home, "three", lambda point: point.update(accuracy=point["accuracy"] - 0.01))
    page = open_page("tradeoff", run="one", **{"with": "two,three"})
    first, second = stars(page)
    assert first.startswith("one")
    assert "two" in first
    assert second.startswith("three")


def stars(page):
    """The names of the bases, as a pointer shows them."""
    return [trace["name"] for trace in traces(page, PLANE) if trace.get("marker", {}).get("symbol") == "star"]


def test_rows_of_several_groups_or_none_are_not_called_test_rows():
    changes = [
        {"gained": {"rows": 3}, "lost": {"rows": 1}, "n": 40},
        {"gained": {"rows": 2}, "lost": {"rows": 0}, "n": 20},
    ]
    assert point_words.WHO_OVERLAP.format(n=60) not in words.who(changes, lam=1.0, seed=0, n=60)
    assert words.who(changes, lam=1.0, seed=0, n=50).endswith(point_words.WHO_OVERLAP.format(n=50))


def test_curves_of_other_criteria_are_drawn_on_request(open_page, monkeypatch):
    monkeypatch.setenv("FAIRPROG_ASSETS", str(Path(__file__).resolve().parents[2] / "assets"))  # two criteria

    def names(page):
        return {trace["name"] for trace in traces(page, PLANE) if trace["mode"] == "lines+markers"}

    page = open_page("tradeoff")
    assert names(page) == {"Border", "Patch"}
    page.toggle(key="tradeoff-all").set_value(True).run()
    assert names(page) == {
        f"{name}, {of}" for name in ("Border", "Patch") for of in ("equalized odds", "demographic parity")
    }


def test_same_trigger_learned_in_another_way_has_a_name_of_its_own():
    usual = inside.curve_name("border", "equalized_odds", None, "reprogram")
    assert usual == "Border, equalized odds"
    assert inside.curve_name("border", "equalized_odds", None, "query_reprogram") == (
        "Border (trigger learned by queries), equalized odds"
    )
    assert inside.curve_name("leace", "equalized_odds", None, "leace") == "LEACE, equalized odds"
