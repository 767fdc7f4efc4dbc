"""Means over seeds and the CSV of points, by hand."""

import csv
import io

import pytest

from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import FewRows, Point, gap_note
from fairprog_core.metrics.summaries import mean_estimate, mean_over_seeds, points_csv

METRICS = ("accuracy", "paper_eo", "auc")


def point(seed=0, lam=4.0, value=0.5, ci=(0.4, 0.6), **more):
    delta = Estimate(value and value - 0.7, ci and (ci[0] - 0.7, ci[1] - 0.7))
    values = {
        "method": "reprogram", "trigger": "border", "criterion": "equalized_odds", "lam": lam, "seed": seed, "n": 100,
        "metrics": dict.fromkeys(METRICS, Estimate(value, ci)), "delta": {"accuracy": delta},
        "groups": ["a", "b"], "counts": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "artifacts": {"trigger": "t"},
    }  # fmt: skip
    return Point(**values | more)


def test_mean_estimate_covers_seeds_and_rows():
    """.4, .5, .6, each ± .1: mean .5, s = .1, t(2) = 4.3027: √((4.3027·.1/√3)² + .1²) = √(.06171 + .01) = .26779."""
    found = mean_estimate([Estimate(v, (v - 0.1, v + 0.1)) for v in (0.4, 0.5, 0.6)])
    assert found.value == pytest.approx(0.5)
    assert found.ci == pytest.approx((0.5 - 0.26779, 0.5 + 0.26779), abs=1e-4)


def test_mean_estimate_of_equal_seeds_keeps_the_rows_interval():
    """Three seeds on the same rows are no three test sets: the width does not shrink."""
    assert mean_estimate([Estimate(0.5, (0.4, 0.6))] * 3).ci == pytest.approx((0.4, 0.6))


def test_mean_estimate_of_one_seed_is_its_own():
    assert mean_estimate([Estimate(0.5, (0.45, 0.6))]) == Estimate(0.5, (0.45, 0.6))


def test_mean_estimate_reaches_down_and_up_as_far_as_the_seeds_do():
    """.4 and .6, from .1 below to .02 above: t(1)·s/√2 = 12.706·.1, and √(1.2706² + .1²) = 1.27455."""
    low, high = mean_estimate([Estimate(v, (v - 0.1, v + 0.02)) for v in (0.4, 0.6)]).ci
    assert (low, high) == pytest.approx((0.5 - 1.27455, 0.5 + 1.27078), abs=1e-4)
    assert mean_estimate([Estimate(0.5, (0.4, 0.52))] * 2).ci == pytest.approx((0.4, 0.52))


def test_mean_estimate_without_a_number_is_none():
    assert mean_estimate([Estimate(0.5, (0.4, 0.6)), Estimate(None, None)]) == Estimate(None, None)
    assert mean_estimate([Estimate(0.4, None), Estimate(0.6, (0.5, 0.7))]) == Estimate(pytest.approx(0.5), None)


def test_mean_over_seeds_keeps_lam_apart():
    means = mean_over_seeds([point(0, 4.0, 0.4), point(0, 1.0), point(1, 4.0, 0.6, collapsed=True), point(1, 1.0)])
    assert [(mean.lam, mean.seeds) for mean in means] == [(4.0, (0, 1)), (1.0, (0, 1))]
    assert means[0].metric("accuracy").value == pytest.approx(0.5)
    assert means[0].change("accuracy").value == pytest.approx(-0.2)
    assert [mean.collapsed for mean in means] == [True, False]


def test_mean_over_seeds_of_chosen_lam_that_differ_has_none():
    (mean,) = mean_over_seeds([point(0, 4.0), point(1, 1.0)], same=("method", "trigger", "criterion"))
    assert (mean.lam, mean.seeds) == (None, (0, 1))


def test_mean_over_seeds_stays_between_0_and_1():
    (mean,) = mean_over_seeds([point(0, value=0.01, ci=(0, 0.03)), point(1, value=0.05, ci=(0.02, 0.08))])
    assert mean.metric("paper_eo").ci[0] == 0


def test_mean_over_seeds_has_the_mean_of_what_noise_alone_shows():
    noise = [{"paper_eo": 0.02, "auc": 0.1}, {"paper_eo": 0.04, "auc": None}]
    (mean,) = mean_over_seeds([point(seed, noise_gap=each) for seed, each in enumerate(noise)])
    assert mean.noise_gap == {"paper_eo": pytest.approx(0.03), "auc": None}


def test_points_csv_says_what_noise_alone_shows():
    (row,) = csv.DictReader(io.StringIO(points_csv([point(noise_gap={"paper_eo": 0.02})])))
    assert row["noise_paper_eo"] == "0.02"


def test_gap_note_names_the_smallest_cell_or_the_noise():
    few = FewRows(n=23, group="male", label="blond")
    assert gap_note(Estimate(0.2, None), 0.03, few) == "too few rows for an interval (male, blond: 23)"
    assert gap_note(Estimate(0.2, None), None, FewRows(n=9, group="a", label=None)).endswith("(a: 9)")
    assert gap_note(Estimate(0.021, (0, 0.05)), 0.033, few) == "noise alone: 0.033"
    assert gap_note(Estimate(0.2, (0.1, 0.3)), 0.033, None) == gap_note(Estimate(None, None), 0.033, few) == ""


def test_gap_above_noise_has_the_noise_beside_it_where_its_interval_starts_at_0():
    """The interval starts at 0 up to the 97.5 % quantile of the noise; the note names the 95 % quantile."""
    assert gap_note(Estimate(0.034, (0.0, 0.06)), 0.033, None) == "noise alone: 0.033"
    assert gap_note(Estimate(0.034, (0.001, 0.06)), 0.033, None) == ""
    assert gap_note(Estimate(0.034, None), 0.033, None) == ""
    assert gap_note(Estimate(0.034, (0.0, 0.06)), None, None) == ""


@pytest.mark.parametrize("names", [{"labels": []}, {"labels": ["dark"]}, {"groups": ["a"]}, {"groups": []}])
def test_cell_without_a_name_is_not_named(names):
    few = point(**{"labels": ["dark", "blond"]} | names)
    assert few.few_rows("average_abs_odds_difference") is None


def test_few_rows_are_those_of_the_smallest_cell_that_counts():
    """Cells of 60, 90, 80 and 59 rows: the last leaves gaps over cells without interval; groups have 150 and 139."""
    table = [[[50, 10], [40, 50]], [[40, 40], [9, 50]]]
    few = point(counts=table, labels=["dark", "blond"])
    assert few.few_rows("average_abs_odds_difference") == {"n": 59, "group": "b", "label": "blond"}
    assert few.few_rows("demographic_parity_difference") is None
    assert few.few_rows("accuracy") is None
    table[1][1][1] += 1
    assert point(counts=table, labels=["dark", "blond"]).few_rows("average_abs_odds_difference") is None


def test_points_csv_has_a_row_per_point_and_empty_where_unknown():
    rows = list(csv.DictReader(io.StringIO(points_csv([point(), point(1, None, value=None, ci=None, delta={})]))))
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert (rows[0]["accuracy"], rows[0]["accuracy_low"], rows[0]["accuracy_high"]) == ("0.5", "0.4", "0.6")
    assert float(rows[0]["delta_accuracy"]) == pytest.approx(-0.2)
    assert (rows[1]["lam"], rows[1]["accuracy"], rows[1]["accuracy_low"], rows[1]["delta_accuracy"]) == ("", "", "", "")
    assert rows[0]["count_b_y1_pred0"] == "7"
    assert rows[0]["artifact_trigger"] == "t"
