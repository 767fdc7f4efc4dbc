"""The demo: its rates by hand, its sentences, its examples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.presenters import intro_demo
from app.wording import start as words
from fairprog_core.common.errors import ArtifactError
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point
from fairprog_core.report.wording import headline
from fairprog_core.results.changed_examples import SCHEMA, write_examples
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
    metrics = {
        "accuracy": Estimate(accuracy, (accuracy - 0.01, accuracy + 0.01)), GAP: Estimate(0.9, None),
        "equalized_odds_difference": Estimate(gap, (gap / 2, gap * 2) if method != "base" else None),
    }  # fmt: skip
    return Point(method, "border", "equalized_odds", lam, seed, tuning_ratio=1.0, n=280, metrics=metrics, counts=counts)


def result(counts=WITH, base_counts=BASE, labels=("no", "yes"), curves=(CURVE,), folder=Path(), accuracy=0.83):
    points = [
        point("reprogram", 4.0, counts, accuracy, 0.125), point("reprogram", 4.0, WITH, 0.1, 0.1, seed=1),
        point("random_trigger", None, BASE, 0.8, 0.48),
    ]  # fmt: skip
    base = point("base", None, base_counts, 0.86, 0.5)
    return Result(folder, {}, base, points, list(curves), list(labels), ["f", "m"])


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


def stored(**changed):
    row = {"row": 7, "y": 1, "z": 1, "is_gain": True, "y_pred": [0, 1], "seen": "data:image/png;base64,AA=="}
    return {
        "schema": SCHEMA, "curve": "c", "lams": [4.0], "n_weights": 29298, "n_gained": 2, "n_lost": 1, "rows": [row],
        "sentences": [], **changed,
    }  # fmt: skip


def test_rates_by_hand():
    """Base: 30/40 and 10/40 called yes of the yes; 20/100 and 5/100 of the others, further than 10 points apart.
    With the trigger: 25/40 and 20/40; 10/100 and 8/100."""
    assert intro_demo.rates_of(BASE) == [[0.75, 0.25], [0.2, 0.05]]
    assert intro_demo.rates_of(WITH) == [[0.625, 0.5], [0.1, 0.08]]


def test_lines_tell_both_ends_of_what_is_furthest_apart_and_the_worst_of_the_other():
    before, after = intro_demo.picture(result(), CURVE, gallery())["stops"]
    assert [line["name"] for line in after["lines"]] == [
        "yes, m: recognised",
        "yes, f: recognised",
        "no, f: called yes",
    ]
    assert [line["value"] for line in before["lines"]] == ["25 of 100", "75 of 100", "20 of 100"]
    assert [line["value"] for line in after["lines"]] == ["25 → 50 of 100", "75 → 63 of 100", "20 → 10 of 100"]


def test_sentence_writes_itself():
    """0.5 → 0.125 is 50 → 13 points, as 63 of 100 is to 50 of 100; 0.86 → 0.83 is 3 of 100."""
    before, after = intro_demo.picture(result(), CURVE, gallery())["stops"]
    assert (before["apart"], before["price"]) == ("50 points apart.", headline.FREE)
    assert (after["apart"], after["price"]) == (
        "50 → 13 points apart.",
        "Price: 3 more of 100 answers are wrong.",
    )
    assert after["terms"] == (
        "Equalized-odds gap (maximum) 0.500 → 0.125 (95 %: 0.062 to 0.250): the largest difference of two groups "
        "in such a rate. Accuracy 0.860 → 0.830 (95 %: 0.820 to 0.840)."
    )
    assert after["summary"] == "λ = 4: 50 → 13 points apart. Price: 3 more of 100 answers are wrong."


@pytest.mark.parametrize(
    ("accuracy", "price"),
    [
        (0.852, "Price: 1 more of 100 answers is wrong."),
        (0.859, headline.NO_PRICE),
        (0.879, "And 2 more of 100 answers are right."),
    ],
)
def test_price_is_in_whole_answers(accuracy, price):
    assert intro_demo.picture(result(accuracy=accuracy), CURVE, gallery())["stops"][1]["price"] == price


def test_control_stands_beside_the_claim():
    control = intro_demo.picture(result(), CURVE, gallery())["control"]
    assert control == {
        "name": "untrained trigger", "gap": 0.48, "accuracy": 0.8,
        "sentence": "Control: an untrained trigger leaves them 48 points apart.",
    }  # fmt: skip


def test_without_stored_examples_the_rows_of_the_gallery_that_change_are_shown():
    demo = intro_demo.picture(result(), CURVE, gallery())
    assert [example["name"] for example in demo["examples"]] == ["f, yes", "m, no"]
    assert [example["is_gain"] for example in demo["examples"]] == [False, True]
    assert demo["examples"][0]["predictions"] == ["called yes", "called no"]
    assert demo["words"]["lock"] == words.LOCK_UNCOUNTED


def test_stored_examples_come_first(tmp_path):
    write_examples(tmp_path, stored())
    demo = intro_demo.picture(result(folder=tmp_path), CURVE, gallery())
    assert [example["name"] for example in demo["examples"]] == ["m, yes"]
    assert demo["examples"][0]["large"] == demo["examples"][0]["seen"]
    assert demo["words"]["lock"] == "29,298 weights, none changed"


def test_stored_examples_of_another_curve_are_not_shown(tmp_path):
    write_examples(tmp_path, stored(curve="other"))
    assert len(intro_demo.picture(result(folder=tmp_path), CURVE, gallery())["examples"]) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"n_weights": "many"},
        {"lams": [1.0, 4.0]},
        {"rows": [{"row": 1}]},
        {"schema": "fairprog.examples/9"},
        {"lams": [1.0]},
    ],
)
def test_damaged_examples_are_refused(tmp_path, changed):
    write_examples(tmp_path, stored(**changed))
    with pytest.raises(ArtifactError, match=r"examples\.json"):
        intro_demo.picture(result(folder=tmp_path), CURVE, gallery())


def test_empty_cell_has_no_line():
    counts = [[[80, 20], [0, 0]], [[95, 5], [30, 10]]]
    lines = intro_demo.picture(result(counts), CURVE, gallery())["stops"][1]["lines"]
    assert [line["name"] for line in lines] == ["yes, m: recognised", "no, f: called yes"]


def test_worst_cell_is_the_one_that_the_base_is_least_right_about():
    """0.8 and 0.75 of group f, 0.95 and 0.25 of group m: the last of four."""
    assert intro_demo.worst_cell(result()) == 3


def test_box_is_a_share_of_the_side():
    assert intro_demo.picture(result(), CURVE, gallery())["box"] == [0.125, 0.125, 0.75, 0.75]


def test_more_than_two_labels_count_the_last_against_the_rest():
    """Of 10 rows with the last label 6 are called so; of the 20 others 1 + 3."""
    counts = [[[5, 4, 1], [3, 4, 3], [2, 2, 6]]] * 2
    three = result(counts, counts, labels=("a", "b", "c"))
    stop = intro_demo.picture(three, CURVE, gallery(logits_without=np.zeros((6, 3)), logits=np.zeros((6, 1, 3))))
    assert intro_demo.rates_of(counts) == [[0.6, 0.6], [0.2, 0.2]]
    assert stop["stops"][1]["lines"][0] == {"name": "c, f: recognised", "value": "60 → 60 of 100"}


def test_equalized_odds_comes_first():
    other = replace(CURVE, criterion="demographic_parity")
    assert intro_demo.chosen_curve(result(curves=[other, CURVE])) is CURVE
    assert intro_demo.chosen_curve(result(curves=[])) is None
