"""The suites of ratios at their smallest, with real processes; the authors' procedure and the floor by arithmetic."""

import copy
import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from fairprog_core.cli import main
from fairprog_core.cli.machine.bench.ratios.authors import authors_training, to_simplex
from fairprog_core.cli.machine.bench.ratios.cases import COMMENTS, FACES, RESNET, TINY_RATIOS, make_cases
from fairprog_core.cli.machine.bench.ratios.equality import Equality
from fairprog_core.cli.machine.bench.ratios.floor import CountedWork, NetAlone, PeakRates, peak_rates
from fairprog_core.cli.machine.bench.ratios.rows import HEAD, SCHEMA, BenchRow, table_row
from fairprog_core.cli.machine.bench.ratios.sides import BenchClock
from fairprog_core.cli.machine.bench.ratios.suites import ratio_suites, screen
from fairprog_core.cli.machine.bench.ratios.suites.curve import CurveOnTest, hypervolume_ratio
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.types import Predictions
from fairprog_core.metrics.intervals import Estimate

KEYS = {
    "suite", "name", "unit", "ours", "reference", "ratio", "ratio_low", "ratio_high", "floor_share", "n",
}  # fmt: skip
EQUALITY = {"gap_difference", "gap_difference_low", "gap_difference_high", "gap_margin", "gap_is_equal"}
HYPERVOLUME = {"hypervolume_ratio", "hypervolume_ratio_low", "hypervolume_ratio_high"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """The three cases at their smallest, by name."""
    made = make_cases(tmp_path_factory.mktemp("cases"), "cpu", TINY_RATIOS, RESNET, FACES, COMMENTS)
    return {case.name: case for case in made}


# ---- rows


def test_ratio_is_reference_by_ours_and_its_range_that_of_neighbours():
    """Medians 2 and 6: ratio 3; neighbours 4 / 1, 6 / 2 and 8 / 4: from 2 to 4; the floor of 1 is half of 2."""
    row = BenchRow.paired("step/faces", "ms", [1.0, 2.0, 4.0], [4.0, 6.0, 8.0], work="a step", floor=1.0)
    assert row.to_json() == {
        "suite": "step", "name": "step/faces", "unit": "ms", "ours": 2.0, "reference": 6.0, "ratio": 3.0,
        "ratio_low": 2.0, "ratio_high": 4.0, "floor_share": 0.5, "n": 3,
    }  # fmt: skip


def test_row_without_a_reference_has_no_ratio():
    values = BenchRow.alone("store/commit-paced", "ms", 4.0, n=9).to_json()
    assert values.keys() == KEYS
    assert [values[name] for name in ("reference", "ratio", "ratio_low", "ratio_high", "floor_share")] == [None] * 5


def test_row_of_a_curve_has_the_ratio_of_hypervolumes_with_its_interval():
    row = BenchRow.paired("curve/x", "s", [1.0], [4.0], work="", hypervolume_ratio=Estimate(1.1, (0.9, 1.3)))
    values = row.to_json()
    assert values.keys() == KEYS | HYPERVOLUME
    assert [values[f"hypervolume_ratio{end}"] for end in ("", "_low", "_high")] == [1.1, 0.9, 1.3]
    assert "hypervolume × 1.100 [0.900, 1.300]" in table_row(row)
    assert table_row(row).count("|") == HEAD[0].count("|")


# ---- the authors' procedure


def test_nearest_points_of_the_simplex():
    """(.5, .5) is there already; of (1, 1) a half is taken from both; (3, 0) and (−1, 0) go to the nearest corner."""
    values = torch.tensor([[0.5, 0.5], [1.0, 1.0], [3.0, 0.0], [-1.0, 0.0]])
    assert torch.equal(to_simplex(values), torch.tensor([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]))
    drawn = torch.randn(5, 40, generator=torch.Generator().manual_seed(0))
    nearest = to_simplex(drawn)
    assert nearest.min() >= 0
    assert nearest.sum(1) == pytest.approx(1, abs=1e-6)
    others = torch.rand(200, 5, 40, generator=torch.Generator().manual_seed(1))
    others = others / others.sum(2, keepdim=True)
    assert ((others - drawn).square().sum(2) >= (nearest - drawn).square().sum(1)).all()


@pytest.mark.parametrize("name", [FACES, COMMENTS])
def test_authors_step_projects_the_gradients_and_leaves_the_net_alone(cases, name):
    """The trigger's gradient: utility − its part along fairness − λ · fairness, both computed here one by one."""
    training = authors_training(cases[name])
    training.begin(lam=2.0, seed=3)
    frozen = copy.deepcopy(training.base.state_dict())
    x, y, z = training._next()
    training.batches = iter([(x, y, z)])
    given = F.one_hot(y, training.c).float()
    logits = training.logits(x)
    fairness = F.cross_entropy(training.discriminator(torch.cat([logits, given], 1)), z)
    (fair,) = torch.autograd.grad(fairness, training.trigger, retain_graph=True)
    (useful,) = torch.autograd.grad(F.cross_entropy(logits, y), training.trigger)
    before = training.trigger.detach().clone()
    training.step()
    unit = fair / fair.norm()
    expected = useful - (useful * unit).sum() * unit - 2.0 * fair
    assert torch.allclose(training.trigger.grad, expected, atol=1e-6)
    assert not torch.equal(training.trigger, before)
    assert all(torch.equal(value, frozen[key]) for key, value in training.base.state_dict().items())


def test_authors_base_keeps_batch_norm_and_predicts_as_the_fused_one(cases):
    training, case = authors_training(cases[RESNET]), cases[RESNET]
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in training.base.modules())
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(training.base(x), case.classifier()(x), atol=1e-4)


def test_authors_words_are_read_by_the_same_net_as_fairprogs(cases):
    """With start words of the vocabulary at weight 1, the plain net gives the logits of the base with these words."""
    training, case = authors_training(cases[COMMENTS]), cases[COMMENTS]
    training.begin(lam=1.0, seed=0)
    classifier = case.classifier()
    trigger = case.training(classifier, classifier.prepare(case.dataset.split("tune"))).for_every_lam()
    with torch.no_grad():
        training.trigger.zero_()
        training.trigger[torch.arange(len(trigger.start_ids)), trigger.start_ids] = 1.0
        found = training.logits(training.batch(training.rows, [0, 1, 2]))
        expected = classifier(
            trigger.with_words(trigger.start_ids.tolist())(classifier.to_input(training.rows[:3]), 1.0)
        )
    assert torch.allclose(found, expected, atol=1e-4)


def test_authors_border_shows_the_photo_inside_and_the_trigger_outside(cases):
    training = authors_training(cases[FACES])
    training.begin(lam=1.0, seed=0)
    photos, seen = training.batch(training.rows, [0, 1]), []
    side = training.photo_side
    edge = (training.image_size - side) // 2
    training.base = seen.append
    training.logits(photos)
    (x,) = seen
    assert torch.equal(x[..., edge : edge + side, edge : edge + side], photos)
    assert torch.equal(x[..., 0], torch.tanh(training.trigger)[..., 0].expand(2, -1, -1))


@pytest.mark.parametrize("name", [RESNET, FACES, COMMENTS])
def test_both_sides_see_the_same_number_of_rows(cases, name):
    training, learner = authors_training(cases[name]), cases[name].learner()
    assert len(learner.sampler(0).y) == cases[name].rows_per_step()
    assert training.n_rows == min(cases[name].rows_per_step(), len(training.y))


# ---- the floor


def test_counted_work_of_a_convolutional_net_is_twice_its_forward_pass(cases):
    """The gradient of the input of a convolution takes as many operations as the convolution."""
    alone = NetAlone(cases[RESNET])
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        alone.classifier(alone.x)
    assert sum(alone.count()) == 2 * counter.get_total_flops()


def test_attention_is_counted(cases):
    """Without it the two products of every attention would be missing."""
    alone = NetAlone(cases[COMMENTS])
    found = alone.count()
    linear = sum(
        value.numel() for name, value in alone.classifier.named_parameters() if value.ndim == 2 and "embed" not in name
    )
    assert found.convolution == 0
    assert found.matmul > 0
    assert found.matmul < 4 * linear * alone.x.mask.numel() * 2


def test_floor_is_the_time_at_both_rates():
    assert CountedWork(6.0, 8.0).seconds(PeakRates(2.0, 4.0)) == 5.0


def test_peak_rates_are_measured():
    rates = peak_rates(BenchClock("cpu", 1))
    assert min(rates) > 1e8


def test_cpu_seconds_are_counted_with_one_thread_only():
    names = {clock.name for clock in (BenchClock("cpu", 2), BenchClock("cuda", 1))}
    assert (BenchClock("cpu", 1).name, names) == ("CPU seconds of the process", {"wall time"})


# ---- hypervolumes


def _curve(case, *flips):
    """A base that calls every row of the first group positive, and curves in which some of them are flipped."""
    y, z = np.repeat([0, 0, 1, 1], 50), np.tile([0, 1], 100)
    base = np.where(z == 0, 1, y)
    logits = np.zeros((200, 2), np.float32)
    found = Predictions(logits, base, y, z, np.ones(200), np.arange(200), True)
    return CurveOnTest(found, [np.where(np.arange(200) % 4 < flip, y, base) for flip in flips])


def test_equal_curves_have_a_ratio_of_hypervolumes_of_1(cases):
    curve = _curve(cases[FACES], 1, 2)
    assert hypervolume_ratio([curve], [curve], cases[FACES]) == (1.0, (1.0, 1.0))


def test_better_curve_has_a_ratio_above_1_and_the_interval_says_so(cases):
    found = hypervolume_ratio([_curve(cases[FACES], 3)], [_curve(cases[FACES], 1)], cases[FACES])
    assert 1 < found.ci[0] <= found.value <= found.ci[1]


def test_ratio_against_a_curve_without_hypervolume_is_not_estimable(cases):
    assert hypervolume_ratio([_curve(cases[FACES], 2)], [_curve(cases[FACES], 0)], cases[FACES]) == (None, None)


# ---- equality of two figures


def test_two_one_sided_tests_by_hand():
    """Differences 0 and .004: mean .002, standard error .002. With one degree of freedom t has Cauchy's distribution.

    From below t = (.002 + .01) / .002 = 6, from above −4, so p = 1/2 − atan(4) / π = .078: not shown. The 95 % point is
    tan(.45 π) = 6.314, so the interval is .002 ± .0126.
    """
    found = Equality.tested(np.array([0.0, 0.004]), margin=0.01)
    assert found.difference == pytest.approx(0.002)
    assert found.p == pytest.approx(0.5 - math.atan(4) / math.pi)
    assert (found.low, found.high) == pytest.approx((0.002 - 0.002 * 6.3138, 0.002 + 0.002 * 6.3138), abs=1e-6)
    assert not found.is_shown
    assert "not shown to be equal within 0.01" in str(found)


@pytest.mark.parametrize(
    ("differences", "is_shown"),
    [
        ([0.001, -0.001, 0.002, 0.0], True),  # small, and all alike
        ([0.011, 0.012, 0.010, 0.011], False),  # a true difference above the margin
        ([0.03, -0.03, 0.03, -0.03], False),  # none in the mean, but nothing is known of it
        ([0.0, 0.0, 0.0], True),  # the same figures
    ],
)
def test_equality_is_shown_where_the_interval_lies_within_the_margin(differences, is_shown):
    found = Equality.tested(np.array(differences), margin=0.01)
    assert found.is_shown == is_shown == (-0.01 < found.low <= found.high < 0.01)
    assert found.to_json("gap")["gap_is_equal"] == is_shown


@pytest.mark.parametrize("differences", [[0.0], [0.002, 0.002], [0.0, np.nan]])
def test_differences_without_spread_show_nothing(differences):
    assert Equality.tested(np.array(differences), margin=0.01) is None


# ---- suites


@pytest.mark.parametrize("suite", ["step", "curve", "precision", "evaluate", "prepare", "scale"])
def test_suite_yields_the_rows_of_its_contract(suite, monkeypatch):
    monkeypatch.setattr(ratio_suites, "SIZE", replace(TINY_RATIOS, cases=(FACES,)))
    rows = list(ratio_suites.measure(suite, "cpu", 1))
    of_faces = [name for name in ratio_suites.NAMES[suite] if "faces" in name or "pictures" in name]
    assert [row.name for row in rows] == of_faces
    for row in rows:
        values = row.to_json()
        assert json.loads(json.dumps(values)) == values
        assert KEYS <= values.keys() <= KEYS | HYPERVOLUME | EQUALITY
        assert row.suite == suite
        assert row.work
        assert 0 < row.ratio_low <= row.ratio <= row.ratio_high
        assert row.ratio == pytest.approx(row.reference / row.ours)
        assert (row.floor_share is not None) == (suite == "step")
        assert table_row(row).count("|") == HEAD[0].count("|")
    if suite == "curve":
        assert all(row.to_json().keys() >= HYPERVOLUME for row in (rows[0], rows[2]))
    if suite == "precision":
        assert rows[0].to_json().keys() >= EQUALITY | HYPERVOLUME
        assert "(gap " in table_row(rows[0])
    if suite == "step":
        assert all(0 < row.floor_share < 1 for row in rows)


def test_names_are_unique_and_begin_with_their_suite():
    names = [name for of_suite in ratio_suites.NAMES.values() for name in of_suite]
    assert all(first < second for first, second in pairwise(sorted(names)))
    assert all(name.startswith(f"{suite}/") for suite, found in ratio_suites.NAMES.items() for name in found)
    assert ratio_suites.NAMES.keys() == ratio_suites.SUITE_ROWS.keys()


def test_command_measures_the_screen_and_writes_the_schema(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ratio_suites, "SIZE", replace(TINY_RATIOS, rounds=1, redraws=1))
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--suite", "screen", "--device", "cpu", "--json", str(tmp_path / "bench.json")])
    assert ended.value.code == 0
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written.keys() == {"schema", "environment", "rows"}
    assert written["schema"] == SCHEMA
    assert [row["name"] for row in written["rows"]] == list(ratio_suites.NAMES["screen"])
    assert all(row.keys() == KEYS for row in written["rows"])
    environment = written["environment"]
    assert {"versions", "device", "threads", "platform", "processor", "cores", "clock"} <= environment.keys()
    assert environment["work"].keys() == set(ratio_suites.NAMES["screen"])
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == list(HEAD)
    assert len(out) == 4


def test_screen_that_is_not_installed_or_fails_is_one_sentence(monkeypatch):
    monkeypatch.setattr(screen, "PAGES", ("nowhere",))
    with pytest.raises(ConfigError, match="The page nowhere could not be measured"):
        list(screen.screen_rows(rounds=1, redraws=1))
    monkeypatch.setattr(screen, "entry_points", lambda **_: ())
    with pytest.raises(ConfigError, match="No dashboard is installed"):
        list(screen.screen_rows(rounds=1, redraws=1))
