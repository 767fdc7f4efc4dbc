"""Sentences about comparisons in pairs say what the numbers say."""

import dataclasses
import json
from pathlib import Path

import pytest

from app.charts import probe as probe_charts
from app.charts import saliency as charts
from app.charts.along import along
from app.wording import probe as probe_words
from app.wording import saliency as words
from app.wording.shared import common, inside
from fairprog_core.metrics.explanations.by_condition import ByCondition
from fairprog_core.metrics.explanations.paired import PairedDifferences
from fairprog_core.metrics.explanations.probe import DemographicPrediction, LinearReadings, Probe
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures.explanations import explanation_of, probe_of
from fairprog_core.report.figures.line import Line
from fairprog_core.report.figures.probe_controls import most_moved, probe_controls
from fairprog_core.report.wording import paired, verdicts
from fairprog_core.report.wording import probe as probe_sentences
from tests.app.drawn import given


def mean(value, low, high):
    return {"value": value, "ci": [low, high], "n": 9}


def pairs(difference, share=None):
    return PairedDifferences([difference], [share])


WITHOUT, NOW = Estimate(0.36, (0.34, 0.38)), Estimate(0.59, (0.58, 0.61))


def line(**found):
    return Line(
        "share",
        {"without": WITHOUT, "untrained": Estimate(0.3, None), "black": Estimate(0.548, None)},
        [NOW],
        paired=found,
    )


def test_share_of_the_shift_and_the_difference_are_said():
    shift = pairs(mean(0.23, 0.21, 0.25))
    black = pairs(mean(0.045, 0.036, 0.056), mean(0.81, 0.77, 0.85))
    said = paired.at(line(without=shift, black=black), "the share on hair", [2.0], 0)
    assert "rises from 0.360 [0.340, 0.380] without a trigger to 0.590" in said
    assert "The black trigger: 0.548, 81 % [77, 85]; the trigger minus it +0.045 [0.036, 0.056]." in said
    assert paired.ALIKE not in said


def test_interval_with_0_cannot_be_told_from_the_control():
    shift = pairs(mean(0.23, 0.21, 0.25))
    black = pairs(mean(0.01, -0.01, 0.03), mean(0.95, 0.9, 1.05))
    assert paired.ALIKE in paired.at(line(without=shift, black=black), "the share on hair", [2.0], 0)


def test_control_that_moves_the_other_way_is_said():
    shift = pairs(mean(0.02, 0.01, 0.03))
    untrained = pairs(mean(0.06, 0.05, 0.07), mean(-1.2, -3.8, -0.5))
    said = paired.at(line(without=shift, untrained=untrained), "the share on hair", [2.0], 0)
    assert "The untrained trigger: 0.300, the other way (−120 % [−380, −50])" in said


def test_no_clear_shift_has_no_shares():
    shift = pairs(mean(0.01, -0.01, 0.03))
    said = paired.at(line(without=shift, black=pairs(mean(0.045, 0.036, 0.056))), "the share on hair", [2.0], 0)
    assert "no clear shift" in said
    assert "%" not in said


def test_run_without_pairs_is_compared_by_intervals_and_says_so():
    old = line()
    assert paired.at(old, "the share on hair", [2.0], 0) == verdicts.at(old, "the share on hair", [2.0], 0)
    assert paired.EARLIER in paired.legend([old])


@pytest.fixture
def shipped(monkeypatch):
    """The shipped studies; other tests of pages do not see them."""
    monkeypatch.setenv("FAIRPROG_ASSETS", str(Path(__file__).resolve().parents[2] / "assets"))


def test_collapsed_control_is_named_in_sentences_and_on_the_axis():
    shift = pairs(mean(0.23, 0.21, 0.25))
    black = pairs(mean(0.045, 0.036, 0.056), mean(0.81, 0.77, 0.85))
    lost = dataclasses.replace(line(without=shift, black=black), collapsed=["black"])
    assert "The black trigger (collapsed): 0.548, 81 %" in paired.at(lost, "the share on hair", [2.0], 0)
    assert "black (collapsed) 0.548" in verdicts.at(lost, "the share on hair", [2.0], 0)
    plot = along([lost], [2.0], y_title="", label="")
    assert list(plot.figure.layout.xaxis.ticktext) == ["without", "untrained", "black<br>✕", "2"]
    (cross,) = [trace for trace in plot.figure.data if trace.name == common.COLLAPSED]
    assert list(cross.y) == [0.548]
    assert [row[0] for row in plot.rows][2] == "black (collapsed)"
    whole = along([line(without=shift, black=black)], [2.0], y_title="", label="")
    assert not [trace for trace in whole.figure.data if trace.name == common.COLLAPSED]


@pytest.mark.parametrize("criterion", ["equalized_odds", "demographic_parity"])
def test_black_patch_of_the_shipped_faces_is_marked_on_both_pages(open_page, shipped, criterion):
    curve = f"reprogram-patch-{criterion}-s0"
    note = inside.collapsed_controls(["black"])
    page = open_page("saliency", curve=curve)
    assert not page.exception
    assert note in [block.value for block in page.markdown]
    assert "black<br>✕" in json.loads(given(page, "positive")["figure"])["layout"]["xaxis"]["ticktext"]
    assert page.segmented_control(key="map-control").options[1] == "Black (collapsed)"
    page = open_page("probe", curve=curve)
    assert not page.exception
    assert note in [block.value for block in page.markdown]
    assert "black<br>✕" in json.loads(given(page, "probability")["figure"])["layout"]["xaxis"]["ticktext"]
    assert "Black ✕" in [column["text"] for column in given(page, "classifiers")["columns"]]


def test_border_of_the_shipped_faces_has_no_mark(open_page, shipped):
    for name in ("saliency", "probe"):
        page = open_page(name, curve="reprogram-border-equalized_odds-s0")
        assert not [block for block in page.markdown if "crossed out" in block.value]


def sentences(found, null, group, index):
    return probe_words.controls(probe_controls(found, null, group, index), null, found.groups[group])


def probe(black):
    """Two classifiers: P(male) .1 without, .7 and .8 with the trigger at λ = 2, .2 at λ = 0; black as given."""
    found = [
        DemographicPrediction("new weights", init, 0.9, None, 9, {"mean": ByCondition(
            [0.9, 0.1], {"black": [1 - dark, dark]}, [[0.8, 0.2], [1 - now, now]]
        )})
        for init, now, dark in zip(("seed 1", "seed 2"), (0.7, 0.8), black, strict=True)
    ]  # fmt: skip
    return Probe([0.0, 2.0], ["female", "male"], ["mean"], found, LinearReadings())


@pytest.mark.parametrize(
    ("black", "said"),
    [
        ((0.8, 0.9), "as strongly"),  # minus .1 twice
        ((0.2, 0.3), "less"),  # plus .5 twice: the interval has no width
        ((0.1, 0.75), "unclear"),  # plus .6 and plus .05
    ],
)
@pytest.mark.parametrize("group", [0, 1])
def test_control_of_a_probe_is_compared_in_pairs_of_classifiers(black, said, group):
    text = sentences(probe(black), "mean", group, 1)
    assert probe_sentences.STRENGTHS[said].format(name=paired.NAMES["black"]) in text
    assert (probe_sentences.ANY_CONTROL in text) == (said == "as strongly")


def test_probe_says_means_and_differences():
    text = sentences(probe((0.8, 0.9)), "mean", 1, 1)
    assert "P(male) moves from 0.10 without a trigger to 0.75 at λ = 2: the mean of the 2 classifiers" in text
    assert "P = 0.85; the trigger minus it −0.10 [−0.10, −0.10]" in text


def test_finished_study_says_its_pairs_on_both_pages(open_page, demo, finished):
    curve = finished.result.curves[0]
    explain, found = explanation_of(curve), probe_of(curve)
    averages = charts.averages(explain, "grad_cam", 1)
    assert averages[0].flat == explain.flat["positive_share"]
    index = curve.lams.index(curve.chosen_lam)
    page = open_page("saliency")
    assert not page.exception
    said = [block.value for block in page.markdown]
    for each in averages:
        assert each.line.paired
        assert paired.at(each.line, each.names.what, curve.lams, index) in said
    assert words.flat_note(averages[0].names, averages[0].flat) in said
    figure = given(page, "positive")
    assert inside.FLAT.format(level=averages[0].flat) in str(figure)
    page = open_page("probe")
    assert not page.exception
    said = [block.value for block in page.markdown]
    assert sentences(found, found.nulls[0], most_moved(found, found.nulls[0], index), index) in said
    for kind, each in probe_charts.readings(found).items():
        assert paired.at(each, probe_words.READING_WHATS[kind], curve.lams, index) in said


def test_explanations_without_pairs_have_no_flat_level(finished):
    old = dataclasses.replace(explanation_of(finished.result.curves[0]), paired={}, flat={})
    assert all(not each.line.paired and each.flat is None for each in charts.averages(old, "grad_cam"))
