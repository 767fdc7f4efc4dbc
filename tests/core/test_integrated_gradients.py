"""Integrated Gradients: linear by hand, completeness, the trigger's geometry, steps and convergence."""

import pytest
import torch
from captum.attr import IntegratedGradients as Captum
from torch import Tensor, nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.registry import build
from fairprog_core.explain import IntegratedGradientsOptions
from fairprog_core.explain.image.conditions import ImageConditions
from fairprog_core.explain.image.integrated_gradients import IntegratedGradients
from fairprog_core.triggers import TRIGGERS

SIZE = 32
KINDS = [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "image"]


class Linear(nn.Module):
    """Two pixels in one channel of three; logit c = w[c] · x."""

    def __init__(self, weight: list[list[float]]) -> None:
        super().__init__()
        self.weight = torch.tensor(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight.T


class Kinked(Linear):
    """relu(w · x − 1/2): the gradient is 0 on the first part of the way and w on the rest."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(super().forward(x) - 0.5)


def classifier() -> Classifier:
    torch.manual_seed(0)
    made: Classifier = build(CLASSIFIERS, CLASSIFIERS["residual_net"].options(), n_classes=2, image_size=SIZE)
    return freeze(made)


def photos(k: int = 3) -> Tensor:
    return torch.rand(k, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def test_linear_model_equals_the_arithmetic():
    """Pixels are (r, g, b) × 2 places. Attribution of a channel is w (x − b); a place sums its channels.

    w[1] = (1, 2 | 0, −1 | 3, 0), x = (.5, .5 | .5, 1 | 1, 1), b = 0:
    first place .5 + 0 + 3 = 3.5, second place 1 − 1 + 0 = 0; the logit changes by 3.5.
    """
    model = Linear([[0.0] * 6, [1.0, 2.0, 0.0, -1.0, 3.0, 0.0]])
    x = torch.tensor([0.5, 0.5, 0.5, 1.0, 1.0, 1.0]).reshape(1, 3, 1, 2)
    found = IntegratedGradients().explain(model, x)
    assert found.target.tolist() == [1]
    torch.testing.assert_close(found.maps, torch.tensor([[[3.5, 0.0]]]), atol=1e-6, rtol=1e-6)
    assert found.delta is not None
    assert found.delta.abs().max() < 1e-5
    assert found.steps is not None
    assert found.steps.tolist() == [32]


def test_baseline_photo_gets_no_attribution():
    baseline = torch.full((3, 1, 2), 0.5)
    model = Linear([[1.0] * 6, [0.0] * 6])
    found = IntegratedGradients(baseline=baseline).explain(model, baseline[None].clone(), target=0)
    assert found.maps.abs().max() == 0
    assert found.converged is not None
    assert found.converged.all()


def test_chosen_class_is_explained():
    model = Linear([[1.0, 0, 0, 0, 0, 0], [0, 5.0, 0, 0, 0, 0]])
    x = torch.ones(2, 3, 1, 2)
    found = IntegratedGradients().explain(model, x, target=torch.tensor([0, 1]))
    torch.testing.assert_close(found.maps, torch.tensor([[[1.0, 0.0]], [[0.0, 5.0]]]), atol=1e-5, rtol=1e-5)


def test_steps_are_doubled_until_converged():
    """On a kinked way a few steps miss the kink; doubling finds it, and the sum is the change."""
    model = Kinked([[3.0, 0, 0, 0, 0, 0], [0.0] * 6])
    options = IntegratedGradientsOptions(steps=2, max_steps=256, tolerance=0.01)
    found = IntegratedGradients(options).explain(model, torch.ones(1, 3, 1, 2), target=0)
    assert found.steps is not None
    assert found.converged is not None
    assert 2 < int(found.steps[0]) <= 256
    assert found.converged.all()
    assert abs(float(found.maps.sum()) - 2.5) <= 0.01 * 2.5  # relu(3 − .5) − relu(0 − .5) = 2.5


def test_what_does_not_converge_is_said():
    model = Kinked([[3.0, 0, 0, 0, 0, 0], [0.0] * 6])
    options = IntegratedGradientsOptions(steps=2, max_steps=4, tolerance=1e-6)
    found = IntegratedGradients(options).explain(model, torch.ones(1, 3, 1, 2), target=0)
    assert found.steps is not None
    assert found.converged is not None
    assert found.delta is not None
    assert found.steps.tolist() == [4]
    assert not found.converged.any()
    torch.testing.assert_close(found.delta, found.maps.sum((1, 2)) - 2.5)


def test_maps_and_deltas_equal_captums_own():
    model, x = classifier(), photos()
    baseline = torch.full((3, SIZE, SIZE), 0.4)
    options = IntegratedGradientsOptions(steps=16, max_steps=16)
    found = IntegratedGradients(options, baseline=baseline).explain(model, x, target=1)
    theirs, delta = Captum(model).attribute(
        x, baseline.expand_as(x), target=1, n_steps=16, return_convergence_delta=True
    )
    torch.testing.assert_close(found.maps, theirs.detach().sum(1), atol=1e-5, rtol=1e-3)
    torch.testing.assert_close(found.delta, delta.float(), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_linear_front_once_equals_the_front_at_every_step(kind: str):
    """The photo is fitted into the picture once; the maps are those of the whole model."""
    base, x = classifier(), photos()
    trigger = build(TRIGGERS, TRIGGERS[kind].options(), image_size=SIZE)
    conditions = ImageConditions(base, trigger, [1.0])
    explainer = IntegratedGradients(
        IntegratedGradientsOptions(steps=8, max_steps=8), baseline=torch.full_like(x[0], 0.5)
    )
    whole = explainer.explain(trigger.wrap(base, lam=1.0), x)
    split = explainer.explain(conditions[3].model, x, front=conditions.trigger.fit_photo)
    torch.testing.assert_close(split.logits, whole.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(split.maps, whole.maps, atol=1e-5, rtol=1e-3)


def test_pixels_under_a_patch_get_no_attribution():
    base, x = classifier(), photos()
    patch = build(TRIGGERS, TRIGGERS["patch"].options(corner="top left"), image_size=SIZE)
    top, left, height, width = patch.box()
    found = IntegratedGradients().explain(patch.wrap(base, lam=0.0), x)
    assert found.maps[:, top : top + height, left : left + width].abs().max() == 0
    assert found.maps.abs().max() > 0
