"""Charts from plain numbers: the plane, the flips, figures along λ, pictures under maps."""

import numpy as np
import pytest

from app.charts import tradeoff
from app.charts.along import along, frames
from app.models.series import PlotPoint, Series, front
from app.wording import tradeoff as words
from app.wording.shared import common
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.report.figures import overlay
from fairprog_core.report.figures.explanations import ConditionFigures
from fairprog_core.report.figures.line import line
from fairprog_core.report.wording import verdicts
from fairprog_core.results.curve import Curve

GAP = "average_abs_odds_difference"


def spot(lam, gap, accuracy, *, collapsed=0, seeds=(0,)):
    return PlotPoint(
        lam,
        Estimate(gap, (gap - 0.02, gap + 0.02)),
        Estimate(accuracy, (accuracy - 0.01, accuracy + 0.01)),
        collapsed,
        seeds,
    )


def series(*spots, chosen=1.0, **controls):
    curve = Curve(
        "reprogram-border-equalized_odds-s0",
        "reprogram",
        "border",
        "equalized_odds",
        0,
        GAP,
        [chosen],
        chosen_lam=chosen,
    )
    return Series("r", "", "border", "equalized_odds", {0: curve}, {0: spots}, spots, controls)


FOUR = (spot(0.0, 0.20, 0.90), spot(1.0, 0.10, 0.88), spot(2.0, 0.15, 0.87), spot(4.0, 0.0, 0.75, collapsed=1))


def trace(plot, **wanted):
    return next(t for t in plot.figure.data if all(getattr(t, name) == value for name, value in wanted.items()))


def test_front_leaves_out_beaten_and_collapsed_spots():
    """λ = 2 is beaten by λ = 1 in both; λ = 4 has the smallest gap, but is collapsed."""
    assert [each.lam for each in front(FOUR)] == [1.0, 0.0]


def test_plane_draws_a_step_line_through_the_front_and_no_fit():
    plot = tradeoff.plane([series(*FOUR)], metric=GAP, base=[spot(None, 0.25, 0.91)], majority=0.75)
    steps = trace(plot, mode="lines")
    assert (list(steps.x), list(steps.y), steps.line.shape) == ([0.10, 0.20], [0.88, 0.90], "hv")


def test_plane_draws_intervals_but_none_for_collapsed_points():
    plot = tradeoff.plane([series(*FOUR)], metric=GAP, base=[], majority=None)
    points = next(t for t in plot.figure.data if t.error_x.array is not None)
    assert list(points.error_x.array) == pytest.approx([0.02, 0.02, 0.02, 0])
    assert list(points.error_y.arrayminus) == pytest.approx([0.01, 0.01, 0.01, 0])


def test_name_of_a_collapsed_point_stays_inside_the_plane():
    """The base's gap reaches to .27: right of the middle the name stands on the left."""
    lost = spot(4.0, 0.02, 0.75, collapsed=1), spot(8.0, 0.24, 0.75, collapsed=1)
    plot = tradeoff.plane([series(*FOUR[:3], *lost)], metric=GAP, base=[spot(None, 0.25, 0.91)], majority=None)
    assert list(trace(plot, name=common.COLLAPSED).textposition) == ["bottom right", "bottom left"]


def test_collapsed_control_is_crossed_out_and_explained_like_a_point():
    lost = spot(None, 0.0, 0.75, collapsed=1)
    beside = series(*FOUR[:3], random_trigger=lost, random_words=spot(None, 0.2, 0.89))
    plot = tradeoff.plane([beside], metric=GAP, base=[spot(None, 0.25, 0.91)], majority=None)
    cross = trace(plot, name=common.COLLAPSED)
    assert (list(cross.x), list(cross.y), cross.marker.symbol) == ([0.0], [0.75], "x-thin")
    assert [row[-1] for row in plot.rows if row[1] == "untrained"] == [common.COLLAPSED]
    assert words.COLLAPSED_NOTE in words.notes([beside])
    assert words.COLLAPSED_NOTE not in words.notes([series(*FOUR[:3], random_trigger=spot(None, 0.2, 0.89))])


def test_single_seeds_that_collapsed_are_crossed_out_too():
    """Of two seeds at λ = 4 the second has collapsed: its small point is crossed out, and the mean of both."""
    first, second = spot(4.0, 0.05, 0.85), spot(4.0, 0.0, 0.75, collapsed=1, seeds=(1,))
    mean = spot(4.0, 0.025, 0.80, collapsed=1, seeds=(0, 1))
    curve = series(first, chosen=4.0).curves[0]
    both = Series("r", "", "border", "equalized_odds", {0: curve, 1: curve}, {0: (first,), 1: (second,)}, (mean,), {})
    plot = tradeoff.plane([both], metric=GAP, base=[], majority=None)
    crosses = [each for each in plot.figure.data if each.name == common.COLLAPSED]
    assert [list(each.x) for each in crosses] == [[0.0], [0.025]]
    assert crosses[0].marker.size < crosses[1].marker.size
    assert len([t for t in tradeoff.plane([both], metric=GAP, base=[], majority=None, show_seeds=False).figure.data
                if t.name == common.COLLAPSED]) == 1  # fmt: skip


def test_plane_without_base_and_majority_has_neither():
    plot = tradeoff.plane([series(*FOUR)], metric=GAP, base=[], majority=None)
    assert not plot.figure.layout.shapes
    assert all(t.name != common.BASE for t in plot.figure.data)


@pytest.mark.parametrize(("majority", "is_drawn"), [(0.85, True), (0.75, False)])
def test_plane_leaves_a_far_majority_line_out_and_says_where_it_is(majority, is_drawn):
    """Spots reach from .86 to .92: a line at .75 would leave two thirds of the plane empty."""
    plot = tradeoff.plane([series(*FOUR)], metric=GAP, base=[spot(None, 0.25, 0.91)], majority=majority)
    low, high = plot.figure.layout.yaxis.range
    assert (low < majority, len(plot.figure.layout.shapes)) == (is_drawn, int(is_drawn))
    assert (low < 0.86, high > 0.92) == (True, True)
    (label,) = plot.figure.layout.annotations
    assert label.text == words.majority(majority, is_below=not is_drawn)


def test_plane_marks_the_chosen_lambda_and_the_picked_one():
    plot = tradeoff.plane([series(*FOUR)], metric=GAP, base=[], majority=None, picked=(0, FOUR[2]))
    chosen, marker = trace(plot, name=words.CHOSEN), trace(plot, meta="marker")
    assert (list(chosen.x), list(chosen.y)) == ([0.10], [0.88])
    assert (list(marker.x), list(marker.y), list(marker.text)) == ([0.15], [0.87], ["λ = 2"])


def test_plane_as_a_table_has_every_point_with_its_interval_and_its_flag():
    plot = tradeoff.plane(
        [series(*FOUR, random_trigger=spot(None, 0.22, 0.89))], metric=GAP, base=[spot(None, 0.25, 0.91)], majority=None
    )
    assert [row[1] for row in plot.rows] == ["", "0", "1", "2", "4", "untrained"]
    assert plot.rows[2][2:] == ["0.880 [0.870, 0.890]", "0.100 [0.080, 0.120]", ""]
    assert plot.rows[4][-1] == common.COLLAPSED


def test_plane_tells_series_apart_without_colour():
    second = series(*FOUR)
    plot = tradeoff.plane([series(*FOUR), second], metric=GAP, base=[], majority=None)
    legend = [t for t in plot.figure.data if t.mode == "lines+markers" and t.showlegend is None]
    assert len({t.marker.symbol for t in legend}) == len({t.line.dash for t in legend}) == 2


def test_name_of_a_run_is_text_for_plotly_too():
    named = Series("r", "<b>mine</b>", *list(vars(series(*FOUR)).values())[2:])
    plot = tradeoff.plane([named], metric=GAP, base=[], majority=None)
    assert all("<b>" not in (t.name or "") for t in plot.figure.data)
    assert any("&lt;b&gt;mine" in (t.name or "") for t in plot.figure.data)
    assert plot.rows[0][0].startswith("<b>mine</b>")  # the table shows text as it is


def test_plane_names_controls_in_the_legend_where_they_cross_no_point():
    control = {"random_trigger": spot(None, 0.22, 0.89)}
    lines = [series(*FOUR, **control), series(*FOUR, **control)]
    plot = tradeoff.plane(lines, metric=GAP, base=[], majority=None, picked=(1, FOUR[0]))
    hollow = [t for t in plot.figure.data if t.name == "untrained"]
    assert [(t.mode, t.showlegend) for t in hollow] == [("markers", False), ("markers", True)]


def test_flips_leave_room_for_numbers_and_name_groups_in_words():
    """The longest bar takes two thirds of its half: 12 of 18."""
    cell = {"group": "other_religions", "label": 1, "n": 600, "gained": {"rows": 7}, "lost": {"rows": 12}}
    plot = tradeoff.flips([cell], ["fine", "toxic"])
    assert plot.figure.layout.xaxis.range == (-18, 18)
    assert plot.figure.data[0].y == ("other religions, toxic",)
    assert plot.rows[0][0] == "other religions"


def test_flips_point_right_for_gained_and_left_for_lost():
    cell = {"group": "female", "label": 1, "n": 600, "gained": {"rows": 7}, "lost": {"rows": 12}}
    plot = tradeoff.flips([cell], ["dark", "blond"])
    lost, gained = plot.figure.data
    assert (list(lost.x), list(gained.x)) == ([-12], [7])
    assert lost.marker.pattern.shape != gained.marker.pattern.shape
    assert plot.rows == [["female", "blond", "600", "7", "12", "−5"]]


def mean(value):
    return Estimate(value, (value - 0.1, value + 0.1))


CONTROLS = {"without": mean(0.5), "black": mean(0.6)}
SUMMARY = ConditionFigures(CONTROLS, [mean(0.7), mean(0.9)])
NOTHING = Estimate(None, None)


def test_along_keeps_controls_apart_from_the_line():
    plot = along([line("share", SUMMARY)], [0.0, 4.0], y_title="share", label="words")
    over, beside, _ = plot.figure.data
    assert (list(over.y), list(beside.y), beside.mode) == ([0.7, 0.9], [0.5, 0.6], "markers")
    assert max(beside.x) < min(over.x)
    assert plot.rows == [
        ["without", "0.500 [0.400, 0.600]"],
        ["black", "0.600 [0.500, 0.700]"],
        ["λ = 0", "0.700 [0.600, 0.800]"],
        ["λ = 4", "0.900 [0.800, 1.000]"],
    ]


def test_along_without_an_estimate_leaves_a_hole_and_says_so():
    plot = along(
        [line("share", ConditionFigures(CONTROLS, [NOTHING, mean(0.9)]))], [0.0, 4.0], y_title="share", label="words"
    )
    assert list(plot.figure.data[0].y) == [0.9]
    assert plot.rows[2] == ["λ = 0", "not estimable"]


def test_along_shows_a_rival_as_a_level_with_its_interval():
    with_rival = line("share", ConditionFigures(CONTROLS | {"adv_in": mean(0.3)}, SUMMARY.along), {"adv_in": 4.0})
    plot = along([with_rival], [0.0, 4.0], y_title="share", label="words")
    band, level, over, beside, _ = plot.figure.data
    assert (list(level.y), level.name, level.showlegend) == ([0.3, 0.3], "AdvIn, λ\u00a0=\u00a04", True)
    assert list(band.y) == pytest.approx([0.2, 0.2, 0.4, 0.4])
    assert min(level.x) < min(beside.x) < max(over.x) < max(level.x)
    assert level.line.color != over.line.color
    assert level.line.dash != over.line.dash
    assert plot.figure.layout.yaxis.range[0] < 0.2
    assert plot.rows[2] == ["AdvIn, λ\u00a0=\u00a04", "0.300 [0.200, 0.400]"]
    assert frames([with_rival], 2)[0]["x"] == [over.x[0]]


def test_sentence_compares_with_a_rival():
    with_rival = line("share", ConditionFigures(CONTROLS | {"adv_in": mean(0.3)}, SUMMARY.along), {"adv_in": 4.0})
    said = verdicts.at(with_rival, "the share on hair", [0.0, 4.0], 1)
    assert said.endswith("lower; AdvIn, λ\u00a0=\u00a04: 0.300 [0.200, 0.400], lower.")


def test_frames_put_one_ring_on_every_line():
    two = [line("a", SUMMARY), line("b", ConditionFigures(CONTROLS, [Estimate(0.1, None), NOTHING]))]
    first, second = frames(two, 2)
    assert (first["y"], second["y"]) == ([0.7, 0.1], [0.9, None])
    assert len(set(first["x"])) == 1
    assert first["x"] != second["x"]


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        ((0.5, 0.6), (0.3, 0.4), "rises"),
        ((0.1, 0.2), (0.3, 0.4), "falls"),
        ((0.35, 0.6), (0.3, 0.4), "unclear"),
        ((0.4, 0.6), (0.3, 0.4), "unclear"),
        (None, (0.3, 0.4), "unclear"),
    ],
)
def test_verdict_needs_intervals_that_do_not_touch(now, before, verdict):
    assert verdicts.verdict(Estimate(0.5, now), Estimate(0.35, before)) == verdict


def test_sentence_says_what_the_intervals_show_and_names_the_controls():
    said = verdicts.at(line("share", SUMMARY), "the share on hair", [0.0, 4.0], 1)
    assert said == (
        "At λ = 4, the share on hair rises from 0.500 [0.400, 0.600] without a trigger to 0.900 [0.800, 1.000]. "
        "For comparison: the black trigger 0.600 [0.500, 0.700], lower."
    )


def test_sentence_about_overlapping_intervals_claims_nothing():
    said = verdicts.at(line("share", SUMMARY), "the share on hair", [0.0, 4.0], 0)
    assert "rises" not in said
    assert "No clear difference" in said
    assert said.endswith("the black trigger 0.600 [0.500, 0.700], no clear difference.")


def test_sentence_without_estimate_says_so():
    said = verdicts.at(
        line("share", ConditionFigures({"black": mean(0.6)}, SUMMARY.along)), "the share on hair", [0.0, 4.0], 0
    )
    assert said == "The share on hair was not estimated here."


def lightness(picture):
    return picture.astype(float) @ np.array([0.299, 0.587, 0.114])


def test_heat_reads_in_grey():
    """Over an even picture, more of the map is never darker."""
    picture, ramp = np.full((16, 16, 3), 128, np.uint8), np.tile(np.linspace(0, 255, 16).astype(np.uint8), (16, 1))
    assert (np.diff(lightness(overlay.heat(picture, ramp))[8]) > -1).all()


def test_signed_map_is_darker_against_and_brighter_for_the_class():
    values = np.tile(np.array([-127, 0, 127], np.int8), (3, 1))
    dark, middle, bright = lightness(overlay.signed(np.full((3, 3, 3), 128, np.uint8), values))[1]
    assert dark < middle - 50
    assert bright > middle + 50


def test_trigger_covers_what_is_opaque_and_the_photo_lies_in_its_box():
    trigger = np.zeros((8, 8, 4), np.uint8)
    trigger[:2] = (200, 100, 50, 255)
    seen = overlay.put_on(np.full((8, 8, 3), 90, np.uint8), trigger, np.array([2, 1, 6, 6]))
    assert (seen[:2] == (200, 100, 50)).all()
    assert (seen[2:, 1:7] == 90).all()
    assert (seen[2:, 0] == 0).all()


def test_map_of_the_photo_moves_into_its_box():
    moved = overlay.move(np.full((8, 8), -40, np.int8), np.array([2, 1, 6, 6]))
    assert (moved[2:, 1:7] == -40).all()
    assert (moved[:2] == 0).all()


def test_legend_runs_from_dark_to_bright():
    for is_signed in (False, True):
        strip = lightness(overlay.legend(is_signed=is_signed))[0]
        assert strip[0] < strip[128] < strip[-1]
