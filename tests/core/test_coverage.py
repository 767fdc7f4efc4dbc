"""The simulation of coverage, at its smallest: intervals cover where percentiles of resamples do not."""

import json

import pytest

from fairprog_core.cli.machine.bench.coverage import (
    HEAD,
    KINDS,
    SHOWN,
    coverage,
    designs,
    eight_classes,
    exclusive,
    overlapping,
    table_row,
)

HARD = (
    exclusive("three groups, 750 per cell", [[750, 750]] * 3, 0.02),
    overlapping(1_500, 0.3, 0.02),
    eight_classes(100, 0.3, is_one=True),
)
EASY = exclusive("two groups, 300 per cell", [[300, 300]] * 2, 0.3)


@pytest.fixture(scope="module")
def hard():
    seen = []
    return coverage(test_sets=40, draws=150, chosen=HARD, progress=seen.append), seen


def test_percentiles_miss_the_true_gap_in_hard_designs(hard):
    """So a return to percentiles fails the next test."""
    for found in hard[0]:
        of_gap = found.of["gap"].before
        assert of_gap["equalized_odds_difference"].share < 0.75, found.design
        assert of_gap["average_abs_odds_difference"].share < 0.75, found.design


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_the_truth_in_hard_designs(hard, kind):
    """Of 40 intervals 38 should cover; fewer than 34 happen once in 300 cases."""
    shares = {(found.design, name): found.of[kind].now[name].share for found in hard[0] for name in SHOWN}
    assert min(shares.values()) >= 34 / 40, shares


def test_intervals_of_a_clear_gap_are_as_wide_as_percentiles():
    (found,) = coverage(test_sets=20, draws=200, chosen=[EASY])
    both = found.of["gap"]
    for name in ("equalized_odds_difference", "average_abs_odds_difference"):
        assert both.now[name].width == pytest.approx(both.before[name].width, rel=0.05)


def test_coverage_reports_each_design_as_it_comes_and_as_json(hard):
    found, seen = hard
    assert seen == found
    values = json.loads(json.dumps([each.to_json() for each in found]))
    assert [each["design"] for each in values] == [design.name for design in HARD]
    assert [each["true_gap"] for each in values] == [design.gap for design in HARD]
    assert values[0]["gap"]["equalized_odds_difference"]["now"]["n"] == 40


def test_table_row_has_a_cell_for_every_column(hard):
    assert {line.count("|") for line in (*HEAD, *map(table_row, hard[0]))} == {HEAD[0].count("|")}


@pytest.mark.parametrize("design", designs(), ids=lambda design: f"{design.name}, {design.gap}")
def test_every_design_has_probabilities_and_sixty_rows_in_its_smallest_cell(design):
    """Also for the base, whose gap is larger by .1, and for seeds, whose gaps are up to a fifth larger."""
    for gap in (design.gap + 0.1, design.gap * 1.2):
        rates = design.of_gap(gap)
        assert rates.min() >= 0
        assert rates.sum(axis=-1) == pytest.approx(1)
    assert design.smallest_cell >= 60
