"""The rivals of a trigger by numbers: closed forms, fairlearn as oracle, what a linear model can read."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fairlearn.postprocessing import ThresholdOptimizer
from numpy.typing import NDArray
from torch import Tensor, nn

from fairprog_core.classifiers.base import Classifier, freeze, save_classifier
from fairprog_core.common.errors import DataError
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import Options
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods import METHODS
from fairprog_core.methods.base import FitContext, FittedModel, Method
from fairprog_core.methods.features import Features
from fairprog_core.methods.group_thresholds import Scores, chances, score_of
from fairprog_core.methods.leace import fit_eraser
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.training.differentiable_gap import DifferentiableGap
from tests.contracts.samples import front, make_classifier, rows

D = 4


class Given(Classifier):
    """Rows are features already; the last layer looks at the first of them."""

    def __init__(self, n_classes: int = 2) -> None:
        super().__init__(Options(), n_classes=n_classes)
        self.linear = nn.Linear(D, n_classes)
        with torch.no_grad():
            self.linear.weight.zero_()
            self.linear.bias.zero_()
            self.linear.weight[1, 0] = 1.0

    @property
    def head(self) -> nn.Module:
        return self.linear

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> Tensor:
        return torch.from_numpy(np.array(x)).float()

    def features(self, x: Tensor) -> Tensor:
        return x


def made_up(n: int = 2000, *, n_groups: int = 2, seed: int = 0, most: float = 0.6, least: float = 0.2) -> Split:
    """The label moves the first feature, the group the first and the second; the label is rarer in later groups."""
    rng = np.random.default_rng(seed)
    z = rng.integers(0, n_groups, n)
    y = (rng.random(n) < most - (most - least) * z / (n_groups - 1)).astype(np.int64)
    x = rng.normal(size=(n, D)).astype(np.float32)
    x[:, 0] += 2.0 * y - 0.7 - 0.8 * z
    x[:, 1] += 1.5 * z
    share = np.zeros((n_groups, 2))
    np.add.at(share, (z, y), 1 / n)
    return Split(x, y, z, share, False)


def context(
    split: Split, criterion: str, folder: Path, *, grid: tuple[float, ...] = (0.0, 10.0), classifier: Any = None
) -> FitContext:
    classifier = freeze(classifier or Given())
    groups = Groups.exclusive(*(f"g{i}" for i in range(split.cell_share.shape[0])))
    return FitContext(
        classifier=classifier, features=Features(classifier), base_file=folder / "base.safetensors", split=split,
        validation=split, groups=groups, criterion=CRITERIA[criterion](),
        lam=LamRange(low=0.1, high=max(grid), grid=grid), seed=0, budget=Budget(steps=4, validate_every=2),
        device=torch.device("cpu"), folder=folder / "curve",
    )  # fmt: skip


def learned(kind: str, todo: FitContext, **options: Any) -> Any:
    method: Method = build(METHODS, METHODS[kind].options(**options), todo)
    for _ in method.learn(lambda solution, lams, done: front(0.0, lams)):
        pass
    return method.open()


def probability(solution: FittedModel, split: Split, lam: float) -> NDArray[np.float64]:
    logits = torch.from_numpy(solution.predict(split, lam).logits).double()
    return logits.softmax(1).numpy()


def read(features: Tensor, z: NDArray[np.int64]) -> float:
    """Share of the variance of z that a linear model reads from features, on the rows that it was fitted to."""
    x = np.column_stack([features.numpy(), np.ones(len(z))]).astype(np.float64)
    fitted = x @ np.linalg.lstsq(x, z.astype(np.float64), rcond=None)[0]
    return float(1 - np.var(z - fitted) / np.var(z))


def test_output_shift_at_lam_zero_makes_the_mean_probability_the_share_of_the_label(tmp_path: Path) -> None:
    """Closed form: the derivative of the cross-entropy by a constant on class 1 is mean(p₁) − share(y = 1)."""
    split = made_up()
    solution = learned("output_shift", context(split, "equalized_odds", tmp_path))
    assert probability(solution, split, 0.0)[:, 1].mean() == pytest.approx(split.y.mean(), abs=1e-4)


def test_output_shift_moves_the_threshold_alone(tmp_path: Path) -> None:
    split = made_up()
    solution = learned("output_shift", context(split, "demographic_parity", tmp_path))
    before = Given()(torch.from_numpy(split.x)).detach().numpy()
    change = solution.predict(split, 10.0).logits - before
    assert np.ptp(change, axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert change[0, 0] == pytest.approx(0)
    assert solution.n_parameters == 1


def test_last_layer_at_lam_zero_solves_the_normal_equations(tmp_path: Path) -> None:
    """Without a pull: Σ (p₁ − y) · (features, 1) = 0."""
    split = made_up()
    solution = learned("last_layer", context(split, "equalized_odds", tmp_path), ridge=0.0)
    rest = probability(solution, split, 0.0)[:, 1] - split.y
    assert np.abs(rest @ np.column_stack([split.x, np.ones(len(rest))])).max() / len(rest) < 1e-4


@pytest.mark.parametrize("criterion", CRITERIA)
def test_last_layer_closes_the_gap_as_lam_grows(criterion: str, tmp_path: Path) -> None:
    split = made_up()
    todo = context(split, criterion, tmp_path, grid=(0.0, 1.0, 100.0))
    solution, gap = learned("last_layer", todo), DifferentiableGap(split, groups=todo.groups, criterion=todo.criterion)
    gaps = [gap(torch.from_numpy(solution.predict(split, lam).logits)).item() for lam in todo.lam.grid]
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.03 < 0.2 < gaps[0]


def test_last_layer_balanced_rows_count_every_cell_alike(tmp_path: Path) -> None:
    """Cells of 3, 1 and 2 rows: weights 6/(3·3), 6/(3·1), 6/(3·2), that is ⅔, 2 and 1."""
    z, y = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
    split = Split(np.zeros((6, D), np.float32), y, z, np.array([[0.5, 1 / 6], [0, 1 / 3]]), False)
    options = METHODS["last_layer"].options(rows="balanced")
    method = build(METHODS, options, context(split, "equalized_odds", tmp_path))
    assert method.weight() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2, 1, 1])


def test_leace_no_linear_model_reads_the_group_afterwards_and_one_could_before(tmp_path: Path) -> None:
    split = made_up()
    features = torch.from_numpy(split.x).double()
    erased = fit_eraser(features, context(split, "demographic_parity", tmp_path))(features)
    assert read(features, split.z) > 0.3
    assert read(erased, split.z) < 1e-4


def test_leace_for_equalized_odds_no_linear_model_reads_the_group_within_a_label(tmp_path: Path) -> None:
    """The label may still be read, and with it what the label says of the group."""
    split = made_up()
    features = torch.from_numpy(split.x).double()
    erased = fit_eraser(features, context(split, "equalized_odds", tmp_path))(features)
    for label in (0, 1):
        rows = split.y == label
        assert read(features[rows], split.z[rows]) > 0.3
        assert read(erased[rows], split.z[rows]) < 1e-3
    assert read(erased, split.y) > 0.05


def test_leace_heads_are_the_old_head_behind_the_eraser(tmp_path: Path) -> None:
    """At strength 1 all of the change, at ½ half of it, at 0 none."""
    split = made_up()
    todo = context(split, "equalized_odds", tmp_path, grid=(0.0, 0.5, 1.0))
    features, head = torch.from_numpy(split.x).double(), Given().head.double()
    none, all_ = (head(x).detach().numpy() for x in (features, fit_eraser(features, todo)(features)))
    solution = learned("leace", todo)
    for lam, expected in ((0.0, none), (0.5, (none + all_) / 2), (1.0, all_)):
        assert solution.predict(split, lam).logits == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("n_groups", [2, 3])
@pytest.mark.parametrize("criterion", CRITERIA)
def test_group_thresholds_are_those_of_fairlearn(criterion: str, n_groups: int, tmp_path: Path) -> None:
    """On rows that were not learned from: the same chance for every row."""
    split, other = made_up(n_groups=n_groups), made_up(n_groups=n_groups, seed=1)
    todo = context(split, criterion, tmp_path, grid=(0.0, 1.0))
    solution = learned("group_thresholds", todo)
    oracle = ThresholdOptimizer(
        estimator=Scores(), constraints=criterion, prefit=True, predict_method="decision_function"
    ).fit(score_of(todo.features, split)[:, None], split.y, sensitive_features=split.z)
    score = score_of(todo.features, other)
    expected = oracle._pmf_predict(score[:, None], sensitive_features=other.z)[:, 1]
    assert chances(solution.rules, score, other.z) == pytest.approx(expected)
    assert solution.n_parameters == 6 * n_groups


def test_group_thresholds_at_strength_zero_answer_as_the_classifier_and_at_one_close_the_gap(tmp_path: Path) -> None:
    split = made_up(20_000)
    solution = learned("group_thresholds", context(split, "demographic_parity", tmp_path, grid=(0.0, 1.0)))
    none, all_ = (solution.predict(split, lam).y_pred for lam in (0.0, 1.0))
    assert none.tolist() == (split.x[:, 0] > 0).astype(int).tolist()
    gaps = [abs(said[split.z == 0].mean() - said[split.z == 1].mean()) for said in (none, all_)]
    assert gaps[1] < 0.02 < 0.3 < gaps[0]


@pytest.mark.parametrize("share", [0.002, 0.2])
def test_rows_come_in_the_natural_mix_whatever_mix_they_are_drawn_in(share: float) -> None:
    """Of 20,000 rows with p(y = 1 | z) = .45 and .10, a part drawn evenly over the cells."""
    split = made_up(20_000, most=0.45, least=0.10)
    assert split.natural_rows().tolist() == list(range(20_000))
    part = split.evenly(round(20_000 * share))
    rows = part.natural_rows()
    assert set(rows) == set(range(len(part.y)))
    mix = np.bincount(2 * part.z[rows] + part.y[rows]) / len(rows)
    assert mix == pytest.approx(split.cell_share.ravel(), abs=1e-3)


def test_leace_for_demographic_parity_erases_in_the_natural_mix_from_even_rows(tmp_path: Path) -> None:
    """The label is read from the features and tells the group, in the natural mix alone: p(y = 1 | z) = .45, .10."""
    split = made_up(20_000, most=0.45, least=0.10)
    part = split.evenly(4000)
    features = torch.from_numpy(part.x).double()
    erased = fit_eraser(features, context(part, "demographic_parity", tmp_path))(features)
    rows = part.natural_rows()
    assert read(features[rows], part.z[rows]) > 0.3
    assert read(erased[rows], part.z[rows]) < 1e-4


def test_group_thresholds_from_even_rows_close_the_gap_of_the_natural_mix(tmp_path: Path) -> None:
    split = made_up(20_000, most=0.45, least=0.10)
    solution = learned("group_thresholds", context(split.evenly(4000), "demographic_parity", tmp_path, grid=(0.0, 1.0)))
    none, all_ = (solution.predict(split, lam).y_pred for lam in (0.0, 1.0))
    gaps = [abs(said[split.z == 0].mean() - said[split.z == 1].mean()) for said in (none, all_)]
    assert gaps[1] < 0.03 < 0.3 < gaps[0]


def test_group_thresholds_refuse_a_group_with_one_label_before_they_learn(tmp_path: Path) -> None:
    split = made_up(100)
    one = dataclasses.replace(split, y=np.where(split.z == 1, 0, split.y))
    with pytest.raises(
        DataError, match=r"both labels in every group: all rows of g1 among the 100 .* more tuning rows"
    ):
        build(METHODS, METHODS["group_thresholds"].options(), context(one, "equalized_odds", tmp_path))


@pytest.mark.parametrize(("n_classes", "overlap"), [(3, False), (2, True)])
def test_group_thresholds_refuse_what_they_cannot_do(n_classes: int, overlap: bool, tmp_path: Path) -> None:
    split = made_up(100)
    todo = context(split, "equalized_odds", tmp_path, classifier=Given(n_classes))
    if overlap:
        todo = dataclasses.replace(todo, groups=Groups(("a", "b"), np.array([[True, True], [False, True]])))
    with pytest.raises(DataError, match="two labels and groups that do not overlap"):
        build(METHODS, METHODS["group_thresholds"].options(), todo)


def test_majority_answers_the_most_frequent_label_to_everything(tmp_path: Path) -> None:
    split = made_up()
    found = learned("majority", context(split, "equalized_odds", tmp_path, grid=(1.0,))).predict(split, 1.0)
    assert set(found.y_pred.tolist()) == {int(split.y.mean() > 0.5)}


def residual_task(folder: Path) -> FitContext:
    folder.mkdir(exist_ok=True)
    base = make_classifier("residual_net", epochs=2, batch_size=16)
    for name, value in base.named_buffers():  # as after training
        if "running_mean" in name:
            nn.init.uniform_(value, -0.2, 0.2)
    save_classifier(base, folder / "base.safetensors")
    return context(rows("image"), "equalized_odds", folder, grid=(0.0, 4.0), classifier=base)


def test_adv_post_begins_with_the_base_and_leaves_batch_norm_statistics_alone(tmp_path: Path) -> None:
    todo = residual_task(tmp_path)
    method = build(METHODS, METHODS["adv_post"].options(), todo)
    training = method.start(0.0)
    x = training.classifier.to_input(todo.split.x[:4])
    torch.testing.assert_close(training.classifier(x), todo.classifier(x), atol=1e-4, rtol=1e-3)
    before = {name: value.clone() for name, value in training.classifier.named_buffers()}
    weights = training.classifier.linear.weight.detach().clone()
    for step in range(2):
        training.step(step)
    assert all(torch.equal(value, before[name]) for name, value in training.classifier.named_buffers())
    assert not torch.equal(training.classifier.linear.weight, weights)


def test_adv_in_begins_anew_and_is_as_long_as_its_options_say(tmp_path: Path) -> None:
    """80 rows, batches of 16: 5 steps an epoch, 2 epochs, 160 rows; half of them in batches of 4 cells × 4: 5 steps."""
    todo = dataclasses.replace(residual_task(tmp_path), seed=1)
    method = build(METHODS, METHODS["adv_in"].options(length=0.5, per_cell=4), todo)
    assert method.steps == 5
    classifier = method.start(4.0).classifier
    assert classifier.training
    assert not torch.equal(classifier.linear.weight, todo.classifier.linear.weight)


def test_adv_in_of_many_cells_counts_those_of_one_batch(tmp_path: Path) -> None:
    """20 cells take turns in batches of 16, one row each: 80 rows are 5 steps, not 4."""
    todo = residual_task(tmp_path)
    split = dataclasses.replace(todo.split, y=np.arange(80) % 2, z=np.arange(80) // 2 % 10)
    method = build(METHODS, METHODS["adv_in"].options(length=0.5, per_cell=1), dataclasses.replace(todo, split=split))
    assert method.steps == 5


def test_discriminator_gets_no_gradient_from_the_classifiers_step(tmp_path: Path) -> None:
    todo = residual_task(tmp_path)
    training = build(METHODS, METHODS["adv_post"].options(), todo).start(4.0)
    training.step(0)
    before = [value.grad.clone() for value in training.adversary.discriminator.parameters()]
    training._update_classifier(training.classifier(training.sampler(1).x).sum())
    after = [value.grad for value in training.adversary.discriminator.parameters()]
    assert all(torch.equal(left, right) for left, right in zip(before, after, strict=True))
