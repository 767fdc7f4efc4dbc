"""The demo: its rates by hand, its examples, its words."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.presenters import intro_demo
from app.wording import start as words
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery
from fairprog_core.results.result import Result

# [group][y][y_pred]
BASE = [[[80, 20], [10, 30]], [[95, 5], [30, 10]]]
WITH = [[[90, 10], [15, 25]], [[92, 8], [20, 20]]]
GAP = "average_abs_odds_difference"
CURVE = Curve(
    "c", "reprogram", "border", "equalized_odds", seed=0, gap=GAP, lams=[4.0], chosen_lam=4.0, tuning_ratio=1.0
)


def point(method, lam, counts, accuracy, gap, seed=0):
    metrics = {"accuracy": Estimate(accuracy, (accuracy - 0.01, accuracy + 0.01)), GAP: Estimate(gap, None)}
    return Point(method, "border", "equalized_odds", lam, seed, tuning_ratio=1.0, n=280, metrics=metrics, counts=counts)


def result(counts=WITH, base_counts=BASE, labels=("no", "yes"), curves=(CURVE,)):
    points = [
        point("reprogram", 4.0, counts, 0.85, 0.0725), point("reprogram", 4.0, WITH, 0.1, 0.1, seed=1),
        point("random_trigger", None, BASE, 0.8, 0.3),
    ]  # fmt: skip
    base = point("base", None, base_counts, 0.86, 0.325)
    return Result(Path(), {}, base, points, list(curves), list(labels), ["f", "m"])


def gallery(**changed):
    m, k, side = 6, 1, 8
    y, z = np.array([1, 1, 1, 0, 0, 1]), np.array([0, 0, 0, 0, 1, 1])
    logits = np.zeros((m, 2), np.float32)
    logits[:, 1] = 1.0  # without a trigger everything is called yes
    along = np.repeat(logits[:, None], k, axis=1)
    along[2, 0] = along[4, 0] = (2.0, 0.0)  # with it the third and the fifth are called no
    arrays = {
        "photo": np.zeros((m, side, side, 3), np.uint8), "y": y, "z": z, "lams": np.array([4.0]),
        "logits_without": logits, "logits": along, "trigger": np.zeros((k, side, side, 4), np.uint8),
        "photo_box": np.array([1, 1, 6, 6]),
    }  # fmt: skip
    return Gallery(arrays | changed, {})


def test_rates_and_distances_by_hand():
    """Base: 30/40 and 10/40 called yes of the yes, 50 points apart; 20/100 and 5/100 of the others, 15 apart.
    With the trigger: 25/40 and 20/40, 12.5 apart (printed 12); 10/100 and 8/100, 2 apart."""
    before, after = intro_demo.picture(result(), CURVE, gallery())["stops"]
    assert before["rates"] == [[0.75, 0.25], [0.2, 0.05]]
    assert before["spreads"] == ["50 points apart", "15 points apart"]
    assert after["rates"] == [[0.625, 0.5], [0.1, 0.08]]
    assert after["spreads"] == ["50 → 12 points apart", "15 → 2 points apart"]


def test_summary_says_before_and_after():
    before, after = intro_demo.picture(result(), CURVE, gallery())["stops"]
    assert before["summary"] == "Without a trigger: equalized-odds gap 0.325, accuracy 0.860."
    assert after["summary"] == ("With the trigger at λ = 4: equalized-odds gap 0.325 → 0.072, accuracy 0.860 → 0.850.")
    assert after["is_chosen"]


def test_examples_show_what_changes_first_and_two_of_a_cell_at_most():
    examples = intro_demo.picture(result(), CURVE, gallery())["examples"]
    names = [example["name"] for example in examples]
    assert names == ["f, no", "f, yes", "f, yes", "m, no", "m, yes"]
    assert examples[1]["predictions"] == ["called yes", "called no"]  # the third row, which changes
    assert examples[1]["is_right"] == [True, False]
    assert examples[3]["is_right"] == [False, True]


def test_empty_cell_has_no_rate():
    counts = [[[80, 20], [0, 0]], [[95, 5], [30, 10]]]
    assert intro_demo.picture(result(counts), CURVE, gallery())["stops"][1]["rates"][0] == [None, 0.25]


def test_box_is_a_share_of_the_side():
    assert intro_demo.picture(result(), CURVE, gallery())["box"] == [0.125, 0.125, 0.75, 0.75]


def test_more_than_two_labels_count_the_last_against_the_rest():
    """Of 10 rows with the last label 6 are called so; of the 20 others 1 + 3."""
    counts = [[[5, 4, 1], [3, 4, 3], [2, 2, 6]]] * 2
    three = result(counts, counts, labels=("a", "b", "c"))
    stop = intro_demo.picture(three, CURVE, gallery(logits_without=np.zeros((6, 3)), logits=np.zeros((6, 1, 3))))
    assert stop["stops"][1]["rates"] == [[0.6, 0.6], [0.2, 0.2]]
    assert stop["words"]["blocks"][1] == words.FALSE_ALARMS.format(negative="not c", positive="c")


def test_equalized_odds_comes_first():
    other = replace(CURVE, criterion="demographic_parity")
    assert intro_demo.chosen_curve(result(curves=[other, CURVE])) is CURVE
    assert intro_demo.chosen_curve(result(curves=[])) is None
