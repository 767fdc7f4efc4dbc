"""Records gathered for the live charts: order, best iterate, resumed curves, at most 500 points."""

from app.charts import live
from app.models.records import MAX_POINTS, gather, running_mean, thin
from fairprog_core.runs import Store

TRAIN = {"kind": "train", "curve": "a", "steps": 100, "utility_loss": 0.5, "discriminator_accuracy": 0.7, "chance": 0.5}
VALIDATION = {
    "kind": "validation", "curve": "a", "lam": [0.0, 4.0], "accuracy": [0.9, 0.87], "gap": [0.2, 0.1],
    "hypervolume": 0.01, "base_accuracy": 0.89, "base_gap": 0.28, "majority_accuracy": 0.79,
}  # fmt: skip


def test_nothing_yet_is_an_empty_progress():
    progress = gather([])
    assert progress.curves == {}
    assert progress.current is None


def test_unknown_kinds_are_skipped():
    assert gather([{"kind": "weather", "curve": "a"}]).curves == {}


def test_one_of_several_curves_is_followed_until_it_is_finished():
    both = [TRAIN | {"step": 1}, TRAIN | {"step": 1, "curve": "b"}]
    assert gather(both).current == "a"
    assert list(gather(both).curves) == ["a", "b"]
    assert gather([*both, {"kind": "curve", "curve": "a"}, TRAIN | {"step": 2, "curve": "b"}]).current == "b"


def test_best_is_the_last_record_that_was_best():
    first = VALIDATION | {"step": 10, "is_best": True}
    second = VALIDATION | {"step": 20, "is_best": False}
    curve = gather([first, second]).curves["a"]
    assert curve.best is first
    assert curve.latest is second


def test_resumed_curve_takes_back_what_came_after_its_checkpoint():
    steps = [TRAIN | {"step": step, "utility_loss": loss} for step, loss in ((1, 0.9), (2, 0.8), (3, 0.7), (2, 0.6))]
    curve = gather(steps).curves["a"]
    assert curve.step == [1, 2]
    assert curve.utility_loss == [0.9, 0.6]


def test_reading_on_is_as_reading_all_at_once_and_leaves_what_was_read_as_it_is():
    records = [
        {"kind": "stage", "stage": "base", "fraction": 0.1},
        {"kind": "base", "step": 4, "steps": 8, "loss": 0.7, "accuracy": 0.6},
        *(TRAIN | {"step": step, "curve": curve} for curve in "ab" for step in (1, 2, 3)),
        VALIDATION | {"step": 3, "is_best": True},
        {"kind": "curve", "curve": "a"},
        TRAIN | {"step": 2, "curve": "b"},  # takes one back
    ]
    for n in range(len(records)):
        before = gather(records[:n])
        untouched = gather(records[:n])
        assert gather(records[n:], after=before) == gather(records)
        assert before == untouched


def test_records_of_a_real_study_are_gathered_whole(finished):
    kept = Store(finished.home).records(finished.run_id)
    progress = gather(kept)
    (curve,) = progress.curves.values()
    assert curve.step == list(range(1, finished.study.budget.steps + 1))
    assert curve.is_finished
    assert curve.best["is_best"]
    assert [record["step"] for record in progress.base] == sorted({record["step"] for record in progress.base})
    assert progress.base[-1]["step"] <= progress.base[-1]["steps"]
    assert (progress.fraction, progress.seconds_left) == (1.0, 0.0)


def test_thin_keeps_first_and_last_and_at_most_500():
    values = list(range(100_000))
    kept = thin(values)
    assert len(kept) == MAX_POINTS
    assert (kept[0], kept[-1]) == (0, 99_999)
    assert kept == sorted(set(kept))
    assert thin([1, 2]) == [1, 2]


def test_running_mean_by_hand():
    """Over the last two: 1 / 1, (1 + 3) / 2, (3 + 5) / 2."""
    assert running_mean([1.0, 3.0, 5.0], n_last=2) == [1.0, 2.0, 4.0]


def test_long_curve_draws_at_most_500_points_per_trace():
    curve = gather(TRAIN | {"step": step, "steps": 3000} for step in range(1, 3001)).curves["a"]
    for plot in (live.utility_loss(curve), live.discriminator(curve)):
        assert all(len(trace.x) <= MAX_POINTS for trace in plot.figure.data)
        assert plot.rows[0][0] == "3000"


def test_validation_chart_shows_curve_base_and_majority():
    curve = gather([VALIDATION | {"step": 10, "is_best": True}]).curves["a"]
    plot = live.validation(curve, [], "Equalized-odds gap")
    by_mode = {trace.mode: trace for trace in plot.figure.data}
    assert list(by_mode["lines+markers+text"].x) == [0.2, 0.1]
    assert list(by_mode["lines+markers+text"].text) == ["0", "4"]
    assert (by_mode["markers"].x[0], by_mode["markers"].y[0]) == (0.28, 0.89)
    assert by_mode["markers"].marker.symbol == "star"
    assert plot.figure.layout.shapes[0].y0 == 0.79
    assert plot.rows == [["0", "0.900", "0.200"], ["4", "0.870", "0.100"]]
    low, high = plot.figure.layout.yaxis.range
    assert low < 0.79
    assert high > 0.9


def test_gap_that_is_not_estimable_leaves_a_hole():
    curve = gather([VALIDATION | {"step": 10, "is_best": True, "gap": [None, 0.1]}]).curves["a"]
    plot = live.validation(curve, [], "gap")
    assert plot.rows[0][2] == "not estimable"


def test_curve_without_validation_shows_the_finished_ones():
    finished = VALIDATION | {"curve": "b", "step": 10, "is_best": True}
    progress = gather([finished, {"kind": "curve", "curve": "b"}, TRAIN | {"step": 1}])
    plot = live.validation(progress.curves["a"], [progress.curves["b"]], "gap")
    assert [trace.name for trace in plot.figure.data] == [live.words.OTHERS, live.words.BASE]
    assert live.validation(progress.curves["a"], [], "gap") is None
