"""Predict and report: pictures in, a POINT of the result JSON out."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from fairprog_core.classifiers.image import ImageClassifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import DataError, ModelError
from fairprog_core.common.options import Options
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.data.base import Split
from fairprog_core.metrics import report as evaluation
from fairprog_core.metrics.fairness import METRICS, gaps
from fairprog_core.metrics.point import Point
from fairprog_core.metrics.report import majority_accuracy, report

TWO = Groups.exclusive("woman", "man")
LABELS = ["not blond", "blond"]
SHARE = np.array([[0.35, 0.15], [0.45, 0.05]])


class RedAgainstBlue(ImageClassifier):
    """Logits: mean blue and mean red, times a weight."""

    def __init__(self, weight=1.0):
        super().__init__(Options(), n_classes=2, image_size=5)
        self.weight = nn.Parameter(torch.tensor(weight))
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        self.seen = x
        return self.drop(x.mean(dim=(2, 3))[:, [2, 0]]) * self.weight


def split(n=40, *, is_stratified=True):
    random = np.random.default_rng(0)
    cells = np.arange(n) % 4
    x = random.integers(0, 256, (n, 5, 4, 3), dtype=np.uint8)
    x.flags.writeable = False  # as a memory map is
    return Split(x, cells % 2, cells // 2, SHARE, is_stratified)


def predictions(shift, n=800):
    """Scores one apart between the labels; men with label 1 lower by ``shift``."""
    random = np.random.default_rng(1)
    y, z = np.arange(n) % 2, np.arange(n) // 2 % 2
    score = random.normal(size=n) + 2.0 * y - 1 - shift * (y & z)
    logits = np.column_stack([-score / 2, score / 2]).astype(np.float32)
    return Predictions(logits, logits.argmax(axis=1), y, z, (SHARE * 4)[z, y], np.arange(n), is_stratified=True)


def test_predict_gives_logits_of_pictures_between_0_and_1():
    rows = split()
    model = RedAgainstBlue()
    found = predict(model, rows, batch_size=16)
    mean = rows.x.mean(axis=(1, 2)) / 255
    assert found.logits == pytest.approx(mean[:, [2, 0]], abs=1e-6)
    assert (found.y_pred == (mean[:, 0] > mean[:, 2])).all()
    assert found.logits.dtype == np.float32
    assert model.seen.shape == (8, 3, 5, 4)
    assert model.seen.is_contiguous(memory_format=torch.channels_last)
    assert (found.row == np.arange(40)).all()
    assert found.is_stratified
    assert found.weight == pytest.approx(rows.weight)


def test_predict_does_not_depend_on_the_batch_and_leaves_modes_and_weights_alone():
    model = RedAgainstBlue(2.0).train()
    model.drop.eval()
    whole, parts = (predict(model, split(), batch_size=size) for size in (64, 7))
    assert whole.logits == pytest.approx(parts.logits, abs=1e-6)
    assert (model.training, model.drop.training) == (True, False)
    assert model.weight.item() == 2.0
    assert model.weight.grad is None


def test_predict_of_broken_weights_says_so():
    with pytest.raises(ModelError, match="not finite for 40 of 40 rows"):
        predict(RedAgainstBlue(float("nan")), split())


def test_majority_accuracy_is_of_the_natural_mix():
    """.35 + .45 of the natural mix have label 0, though the rows are drawn evenly."""
    assert majority_accuracy(predictions(0), n_classes=2) == pytest.approx(0.8)


def test_report_of_the_base_has_every_key_of_a_point():
    point = report(predictions(1), groups=TWO, labels=LABELS, method="base", seed=3, artifacts={"predictions": "p"})
    numbers = [*METRICS, "auc"]
    values = point.to_json()
    assert set(values) == {
        "method", "trigger", "criterion", "lam", "seed", "tuning_ratio", "n", "audit",
        *numbers, *(f"{name}_ci" for name in numbers), "delta", "noise_gap", "collapsed",
        "counts", "group_rates", "intersections", "changes", "levelling", "groups", "labels", "left_out", "artifacts",
    }  # fmt: skip
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert Point.from_json(values, where="here") == point
    assert (point.method, point.trigger, point.lam, point.seed, point.n) == ("base", None, None, 3, 800)
    assert point.delta == {}
    assert (point.changes, point.levelling, point.intersections) == ([], {}, [])
    assert [(row["group"], row["n"]) for row in point.group_rates] == [(name, 400) for name in TWO.names]
    assert np.sum(point.counts) == 800
    assert set(point.noise_gap) == set(gaps())
    assert not point.collapsed
    for name in numbers:
        low, high = point.metric(name).ci
        assert low < point.metric(name).value < high


def test_report_against_the_base_gives_the_paired_difference():
    base, better = predictions(1.5), predictions(0.2)
    before = report(base, groups=TWO, labels=LABELS, method="base")
    after = report(better, base=base, groups=TWO, labels=LABELS, method="reprogram", lam=4.0)
    for name in (*METRICS, "auc"):
        assert after.change(name).value == pytest.approx(after.metric(name).value - before.metric(name).value)
    for gap in ("average_abs_odds_difference", "demographic_parity_difference"):
        assert after.levelling[gap]["closed"]["value"] == pytest.approx(-after.change(gap).value)
    low, high = after.change("average_abs_odds_difference").ci
    assert low < high < 0
    width = np.ptp(after.change("auc").ci)
    assert width < np.hypot(
        *(np.ptp(point.metric("auc").ci) for point in (before, after))
    )  # paired: narrower than two test sets


def test_report_of_missing_cell_is_null_with_collapse_still_judged():
    whole = predictions(0)
    keep = ~((whole.y == 1) & (whole.z == 1))
    rows = {name: getattr(whole, name)[keep] for name in ("logits", "y_pred", "y", "z", "weight", "row")}
    point = report(Predictions(**rows), groups=TWO, labels=LABELS, method="base")
    assert point.metric("average_abs_odds_difference").value is None
    assert point.metric("average_abs_odds_difference").ci is None
    assert point.noise_gap["average_abs_odds_difference"] is None
    assert point.metric("demographic_parity_difference").value > 0
    assert point.metric("auc").value > 0.5
    assert not point.collapsed


def test_report_of_constant_answers_is_collapsed():
    found = predictions(0)
    constant = Predictions(found.logits, np.zeros(800, dtype=np.int64), found.y, found.z, found.weight, found.row, True)
    point = report(constant, base=found, groups=TWO, labels=LABELS, method="reprogram")
    assert point.collapsed
    assert point.metric("equalized_odds_difference").value == 0
    assert point.metric("accuracy").value == pytest.approx(0.8)


def test_report_with_one_draw_seed_gives_the_same_numbers():
    one, same, other = (
        report(predictions(1), groups=TWO, labels=LABELS, method="base", draw_seed=seed) for seed in (4, 4, 5)
    )
    assert one == same
    assert one.metric("auc").ci != other.metric("auc").ci


def test_base_beside_many_points_is_resampled_once(monkeypatch):
    seen, draw = [], evaluation.auc_draws
    monkeypatch.setattr(evaluation, "auc_draws", lambda found, **given: seen.append(found) or draw(found, **given))
    about = {"groups": TWO, "labels": LABELS, "method": "reprogram"}
    first, second, other = predictions(0.0), predictions(0.5), predictions(0.2)
    points = [report(found, base=first, **about) for found in (second, other)]
    assert [id(found) for found in seen] == [id(found) for found in (second, first, other)]
    assert points[1] == report(other, base=predictions(0.0), **about)
    assert report(second, base=other, **about).change("auc") != points[0].change("auc")


def test_report_of_other_rows_than_the_base_is_refused():
    with pytest.raises(DataError, match="different rows"):
        report(predictions(0), base=predictions(0, n=400), groups=TWO, labels=LABELS, method="reprogram")
