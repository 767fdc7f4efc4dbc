"""The sentence that says whether a run shows what a figure of the paper shows: from figures and their controls."""

import pytest

from app.wording.panels import group_means as words
from fairprog_core.metrics.explanations.paired import PairedDifferences
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures.line import Line
from fairprog_core.report.wording import group_means


def mean(value, half):
    return {"value": value, "ci": [value - half, value + half], "n": 9}


def line(now, before=0.3, control=0.3, half=0.01):
    """One λ; every interval is ±half."""
    pairs = {
        "without": PairedDifferences([mean(now - before, half)], [None]),
        "black": PairedDifferences([mean(now - control, half)], [mean((control - before) / 0.3, half)]),
    }
    controls = {"without": Estimate(before, None), "black": Estimate(control, None)}
    return Line("share", controls, [Estimate(now, None)], paired=pairs)


def said(found, *, is_rise=True, flat=None):
    return words.verdict(found, "the share on hair", [2.0], 0, figure=8, is_rise=is_rise, flat=flat)


def test_move_beyond_every_control_is_as_in_the_paper_and_names_the_largest_part_of_a_control():
    text = said(line(0.6, control=0.4))
    assert text.startswith("**As in the paper's Figure 8**: at λ = 2 the share on hair rises from 0.30 to 0.60")
    assert "the black trigger: 0.40" in text
    assert "The black trigger alone makes 33" in text


@pytest.mark.parametrize(
    ("found", "flat", "reason"),
    [
        (line(0.305), None, "does not clearly rise"),
        (line(0.2), None, "does not clearly rise"),
        (line(0.6, control=0.7), None, "but not clearly more than with the black trigger (0.70)"),
        (line(0.6, control=0.595), None, "but not clearly more than with the black trigger"),
        (line(0.45), 0.5, "no further than a map that is the same everywhere (0.50)"),
    ],
)
def test_move_that_is_small_or_a_control_s_is_not_as_in_the_paper(found, flat, reason):
    text = said(found, flat=flat)
    assert text.startswith("**Not as in the paper's Figure 8**")
    assert reason in text


def test_fall_counts_where_the_figure_falls():
    assert said(line(0.1), is_rise=False).startswith("**As in")
    assert said(line(0.6), is_rise=False).startswith("**Not as in")


def test_run_without_the_figure_says_that_it_was_not_measured():
    assert said(None) == group_means.UNKNOWN.format(figure=8)
    assert said(Line("share", {"without": Estimate(0.3, None)}, [Estimate(0.6, None)])) == group_means.UNKNOWN.format(
        figure=8
    )
