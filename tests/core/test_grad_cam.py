"""Grad-CAM: a toy by hand, pytorch-grad-cam as a second opinion, nothing left behind."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.registry import build
from fairprog_core.explain import GradCamOptions
from fairprog_core.explain.image.grad_cam import GradCam, mean_map, normalise, upsample
from fairprog_core.triggers import TRIGGERS

SIZE = 32


class Toy(nn.Module):
    """Feature maps are the photo's own channels; logit c is the sum over channels of w[c] × their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.cam_layer = nn.Identity()
        self.linear = nn.Linear(3, 2, bias=False)
        self.linear.weight.data = torch.tensor([[1.0, -2.0, 0.0], [4.0, 0.0, 0.0]])

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.cam_layer(x).mean((2, 3)))
        return logits


class Failing(Toy):
    def forward(self, x: Tensor) -> Tensor:
        super().forward(x)
        raise RuntimeError("broken on purpose")


def make(kind: str, *, size: int = SIZE, **options: object) -> Classifier:
    torch.manual_seed(0)
    classifier: Classifier = build(CLASSIFIERS, CLASSIFIERS[kind].options(**options), n_classes=2, image_size=size)
    return classifier


def n_hooks(model: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)


def photos(k: int = 5, size: int = SIZE) -> Tensor:
    return torch.rand(k, 3, size, size, generator=torch.Generator().manual_seed(1))


def test_toy_map_equals_the_arithmetic():
    """Channel means are 1.5, .25 and 0; the logits are 1.5 − .5 = 1 and 6, so class 1 is predicted.

    ∂logit₀/∂A is w[0] / 4 = (1/4, −1/2, 0) at each of the 4 places; its mean over places is the same.
    Map of class 0: relu(A₀/4 − A₁/2). At the top left 0/4 − 1/2 < 0, so 0; then 1/4, 2/4, 3/4.
    Map of class 1: A₀ · 4/4 = A₀.
    """
    x = torch.zeros(1, 3, 2, 2)
    x[0, 0] = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    x[0, 1, 0, 0] = 1.0
    predicted = GradCam().explain(Toy(), x)
    torch.testing.assert_close(predicted.logits, torch.tensor([[1.0, 6.0]]))
    assert predicted.target.tolist() == [1]
    torch.testing.assert_close(predicted.maps, torch.tensor([[[0.0, 1.0], [2.0, 3.0]]]))
    chosen = GradCam().explain(Toy(), x, target=0)
    torch.testing.assert_close(chosen.maps, torch.tensor([[[0.0, 0.25], [0.5, 0.75]]]))


def test_normalise_goes_from_zero_to_one_and_keeps_flat_maps_at_zero():
    maps = normalise(torch.tensor([[[1.0, 3.0], [2.0, 5.0]], [[4.0, 4.0], [4.0, 4.0]]]))
    torch.testing.assert_close(maps[0], torch.tensor([[0.0, 0.5], [0.25, 1.0]]))
    assert maps[1].abs().max() == 0


def test_upsampling_keeps_a_flat_map_flat():
    torch.testing.assert_close(upsample(torch.full((1, 2, 2), 3.0), (8, 8)), torch.full((1, 8, 8), 3.0))


@pytest.mark.parametrize(
    ("kind", "options"),
    [("residual_net", {"pool": pool}) for pool in ("mean", "max", "mean+max")] + [("hybrid", {}), ("resnet18", {})],
)
@pytest.mark.parametrize("target", [None, 0])
def test_map_equals_pytorch_grad_cam(kind: str, options: dict[str, str], target: int | None):
    """Same layer, same normalisation, 1e-4."""
    size = 64
    model = make(kind, size=size, **options).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the other package's own dependencies
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    x = photos(size=size)
    with GradCAM(model=model, target_layers=[model.cam_layer]) as other:
        theirs = torch.from_numpy(other(x, None if target is None else [ClassifierOutputTarget(target)] * len(x)))
    found = GradCam().explain(freeze(model), x, target=target)
    ours = normalise(upsample(normalise(found.maps), (size, size)))  # their order of steps
    assert theirs.max() > 0.9
    assert (ours - theirs).abs().max() < 1e-4


@pytest.mark.parametrize("kind", [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "image"])
def test_with_a_trigger_it_is_grad_cam_of_the_triggered_picture(kind: str):
    classifier = freeze(make("residual_net"))
    trigger = build(TRIGGERS, TRIGGERS[kind].options(), image_size=SIZE)
    x = photos()
    wrapped = GradCam().explain(trigger.wrap(classifier, lam=2.0), x)
    direct = GradCam().explain(classifier, trigger(x, 2.0).detach())
    torch.testing.assert_close(wrapped.maps, direct.maps)
    torch.testing.assert_close(wrapped.logits, direct.logits)


def test_rows_do_not_depend_on_their_batch():
    model, x = freeze(make("hybrid")), photos(5)
    whole = GradCam().explain(model, x, target=torch.tensor([0, 1, 0, 1, 1]))
    parts = GradCam(GradCamOptions(batch_size=2)).explain(model, x, target=torch.tensor([0, 1, 0, 1, 1]))
    torch.testing.assert_close(parts.maps, whole.maps, atol=1e-6, rtol=1e-4)
    assert parts.target.tolist() == [0, 1, 0, 1, 1]


def test_weights_and_hooks_are_as_before():
    model = make("residual_net").eval()
    before = copy.deepcopy(model.state_dict())
    GradCam().explain(model, photos())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert n_hooks(model) == 0


def test_no_hook_is_left_after_an_error():
    model = Failing()
    with pytest.raises(RuntimeError, match="broken on purpose"):
        GradCam().explain(model, photos(1, 2))
    assert n_hooks(model) == 0


def test_mean_map_counts_every_map_by_where_its_weight_is():
    """(4, 0; 0, 0) and (0, 0; 0, 1) -> shares at two corners; weights 1 and 3 -> 1/4 and 3/4; black counts not."""
    maps = torch.tensor([[[4.0, 0], [0, 0]], [[0, 0], [0, 1.0]], [[0.0, 0], [0, 0]]])
    means = mean_map(maps, [np.array([1.0, 3.0, 5.0]), np.array([0.0, 0.0, 1.0])])
    assert means[0].tolist() == [[0.25, 0.0], [0.0, 0.75]]
    assert not means[1].any()


def test_mean_map_of_a_large_map_is_small_and_keeps_the_place():
    maps = torch.zeros(1, 64, 64)
    maps[0, :4, 60:] = 1
    (found,) = mean_map(maps, [np.ones(1)])
    assert found.shape == (16, 16)
    assert found[0, 15] == pytest.approx(1)
