"""What learns a trigger, step by step: every trigger × every criterion; a new trigger is tested without an edit."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.files.checkpoint import save_state
from fairprog_core.common.options import Modality
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods import ReprogramOptions
from fairprog_core.methods.reprogramming.trigger_training import make_learner
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA
from fairprog_core.training.loop import TrainingProgress, fit
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger
from tests.contracts.samples import front, rows, usual

PROGRESS = TrainingProgress(step=1)
PRECISIONS = get_args(ReprogramOptions.model_fields["precision"].annotation)
TEXT_TRIGGERS = [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "text"]
TRIGGER_KINDS = ("patch", *TEXT_TRIGGERS)  # all image triggers learn alike


@cache
def frozen(modality: Modality) -> Classifier:
    return freeze(usual(modality))


@cache
def prepared(modality: Modality) -> Split:
    return frozen(modality).prepare(rows(modality))


def modality_of(trigger: str) -> Modality:
    modality: Modality = TRIGGERS[trigger].options.modality
    return modality


def new_trigger(kind: str, **more: Any) -> Trigger:
    classifier = frozen(modality_of(kind))
    trigger: Trigger = build(TRIGGERS, TRIGGERS[kind].options(), **classifier.input_spec, **more)
    return trigger.attach_to(classifier)


def started(criterion: str, trigger_kind: str = "patch", **changes: Any) -> tuple[Any, Trigger]:
    trigger, modality = new_trigger(trigger_kind, anchor_lams=(0.0, 0.3, 3.0, 30.0)), modality_of(trigger_kind)
    options = ReprogramOptions(**changes.pop("options", {}))
    setting = {
        "split": prepared(modality), "steps": 10, "seed": 0, "device": torch.device("cpu"), **changes,
    }  # fmt: skip
    learned = make_learner(
        options, classifier=frozen(modality), trigger=trigger, criterion=CRITERIA[criterion](),
        groups=Groups.exclusive("a", "b"), **setting,
    )  # fmt: skip
    return learned, trigger


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("trigger_kind", TRIGGER_KINDS)
class TestEveryTriggerLearner:
    def test_step_tells_losses_and_how_well_z_is_read(self, trigger_kind: str, criterion: str) -> None:
        record = started(criterion, trigger_kind)[0].step(0)
        assert set(record) >= {"utility_loss", "fairness_loss", "discriminator_accuracy", "chance"}
        assert all(np.isfinite(value) for value in record.values())
        assert record["utility_loss"] > 0 > record["fairness_loss"]

    def test_classifier_stays_bit_identical_and_the_trigger_moves(self, trigger_kind: str, criterion: str) -> None:
        classifier = frozen(modality_of(trigger_kind))
        before = classifier.digest()
        method, trigger = started(criterion, trigger_kind)
        start = trigger.values(2.0).detach().clone()
        for step in range(3):
            method.step(step)
        assert classifier.digest() == before
        assert all(value.grad is None for value in classifier.parameters())
        assert not torch.equal(trigger.values(2.0), start)

    def test_same_seed_gives_the_same_trigger_and_another_seed_another(self, trigger_kind: str, criterion: str) -> None:
        values = []
        for seed in (1, 1, 2):
            method, trigger = started(criterion, trigger_kind, seed=seed)
            for step in range(2):
                method.step(step)
            values.append(trigger.values(2.0).detach())
        assert torch.equal(values[0], values[1])
        assert not torch.equal(values[0], values[2])

    def test_state_loaded_into_a_fresh_method_goes_on_alike(self, trigger_kind: str, criterion: str) -> None:
        method, trigger = started(criterion, trigger_kind)
        method.step(0)
        other, again = started(criterion, trigger_kind)
        state = method.state()
        other.load_state({name: _copy(value) for name, value in state.items()})
        for step in (1, 2):
            method.step(step)
            other.step(step)
        assert torch.equal(trigger.values(2.0), again.values(2.0))

    def test_learner_that_meets_a_bad_checkpoint_goes_on_as_if_there_was_none(
        self, trigger_kind: str, criterion: str, tmp_path: Path
    ) -> None:
        """Its last entry is missing, so that the others are loaded before it is refused."""
        (method, trigger), (other, again) = (started(criterion, trigger_kind) for _ in range(2))
        elsewhere, _ = started(criterion, trigger_kind, seed=5)
        elsewhere.step(0)
        state = elsewhere.state()
        saved = {"learner": dict(list(state.items())[:-1]), "best": state["learned"], "progress": asdict(PROGRESS)}
        save_state(tmp_path / "c.safetensors", saved)
        budget = Budget(steps=2, validate_every=2)
        for learner, checkpoint in ((method, None), (other, tmp_path / "c.safetensors")):
            records = list(fit(learner, budget, validate=lambda: front(0.5), checkpoint=checkpoint))
            assert [record["step"] for record in records if record["kind"] == "train"] == [1, 2]
        assert torch.equal(trigger.values(2.0), again.values(2.0))

    def test_lam_zero_equals_training_for_accuracy_alone(self, trigger_kind: str, criterion: str) -> None:
        """At λ = 0 the other criterion's discriminator changes nothing."""
        values = []
        for name in (criterion, next(other for other in CRITERIA if other != criterion)):
            method, trigger = started(name, trigger_kind, lam=0.0, options={"along": "free"})
            for step in range(3):
                method.step(step)
            values.append(trigger.values(0.0).detach())
        assert torch.equal(*values)


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    ("along", "criterion", "is_on_line"),
    [
        ("line", "demographic_parity", True),
        ("free", "equalized_odds", False),
        ("auto", "equalized_odds", True),
        ("auto", "demographic_parity", False),
    ],
)
def test_anchors_stay_on_a_line_where_the_options_say_so(along: str, criterion: str, is_on_line: bool) -> None:
    learned, trigger = started(criterion, options={"along": along})
    for step in range(3):
        learned.step(step)
    assert torch.allclose(trigger.scale.on_line(trigger.anchors), trigger.anchors, atol=1e-6) == is_on_line
    assert trigger.anchors.std(0).max() > 1e-3


@pytest.mark.parametrize("trigger_kind", ["patch", "soft"])
def test_bfloat16_changes_the_third_digit_of_the_logits_and_keeps_float32_outside(trigger_kind: str) -> None:
    """Frozen weights, trigger, gradients and losses stay in float32; only the classifier computes in short numbers."""
    long, short = (started("equalized_odds", trigger_kind, options={"precision": kind})[0] for kind in PRECISIONS)
    batch, lam = long.sampler(0), long.draw_lams(0)
    expected, found = (learned.logits(batch.x, lam).detach() for learned in (long, short))
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    assert torch.allclose(found, expected, atol=0.02 * float(expected.abs().max()))
    losses = short.step(0)
    assert all(np.isfinite(value) for value in losses.values())
    assert {value.dtype for value in short.trigger.parameters()} == {torch.float32}
    assert {value.dtype for value in short.classifier.parameters()} == {torch.float32}


@pytest.mark.parametrize("projection", [False, True])
def test_reprogram_lowers_the_utility_loss(projection: bool) -> None:
    options = {"projection": projection}
    method, _ = started("equalized_odds", lam=0.0, steps=30, options=options)
    losses = [method.step(step)["utility_loss"] for step in range(30)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_reprogram_projected_gradient_has_no_part_along_the_fairness_gradient_but_itself() -> None:
    """g = g_u − proj(g_u onto g_f) + g_f, so g · g_f = g_f · g_f."""
    options = {"projection": True}
    method, trigger = started("equalized_odds", lam=2.0, options=options)
    fair = (trigger.shared * torch.linspace(-1, 1, trigger.shared.numel()).view_as(trigger.shared)).sum()[None]
    useful = (trigger.shared**2).sum()[None]
    g_fair = torch.autograd.grad(2.0 * fair.sum(), trigger.shared, retain_graph=True)[0]
    unused = 0.0 * trigger.anchors.sum()
    method._update_trigger(useful + unused, fair + unused, torch.tensor([2.0]))
    assert (trigger.shared.grad * g_fair).sum().item() == pytest.approx((g_fair**2).sum().item(), rel=1e-4)


def test_reprogram_draws_lams_over_the_whole_range_one_per_part() -> None:
    method, trigger = started("equalized_odds")
    drawn = torch.stack([method.draw_lams(step) for step in range(50)])
    assert (drawn.diff(dim=1) > 0).all()
    edges = trigger.scale.stratified(torch.tensor([0, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64))
    assert ((drawn >= edges[:-1]) & (drawn <= edges[1:])).all()


@pytest.mark.parametrize("trigger_kind", ["patch", "learned_mask", *TEXT_TRIGGERS[:1]])
@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("penalty", get_args(ReprogramOptions.model_fields["penalty"].annotation))
def test_reprogram_learns_by_every_penalty_and_goes_on_alike(penalty: str, criterion: str, trigger_kind: str) -> None:
    learned, trigger = started(criterion, trigger_kind, options={"penalty": penalty})
    start = trigger.values(2.0).detach().clone()
    record = learned.step(0)
    assert all(np.isfinite(value) for value in record.values())
    assert not torch.equal(trigger.values(2.0), start)
    other, again = started(criterion, trigger_kind, options={"penalty": penalty})
    other.load_state({name: _copy(value) for name, value in learned.state().items()})
    for each in (learned, other):
        each.step(1)
    assert torch.equal(trigger.values(2.0), again.values(2.0))


@pytest.mark.parametrize("trigger_kind", TRIGGER_KINDS)
def test_pseudo_labels_need_no_true_ones(trigger_kind: str) -> None:
    values = []
    for flip in (False, True):
        split = prepared(modality_of(trigger_kind))
        labels = 1 - split.y if flip else split.y
        split = Split(split.x, labels, split.z, split.cell_share, split.is_stratified)
        learned, trigger = started("equalized_odds", trigger_kind, split=split, options={"pseudo_labels": True})
        for step in range(2):
            learned.step(step)
        values.append(trigger.values(2.0).detach())
    assert torch.equal(*values)
