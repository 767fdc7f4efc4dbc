"""What is computed once: the photo's part of the first layers, and gradients of texts for the trigger alone."""

import copy

import pytest
import torch

from fairprog_core.classifiers import HybridOptions, ResidualNetOptions, ResNet18Options
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.classifiers.image import Hybrid, ResidualNet, ResNet18
from fairprog_core.common.registry import build
from fairprog_core.triggers import TRIGGERS, BorderOptions
from fairprog_core.triggers.image import Border, ImageTrigger
from tests.contracts.samples import usual

SIDE = 32
NETS = {
    "residual_net": (ResidualNet, ResidualNetOptions()),
    "hybrid": (Hybrid, HybridOptions()),
    "resnet18": (ResNet18, ResNet18Options()),
}
IMAGE_TRIGGERS = [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "image"]


def net(kind: str) -> Classifier:
    torch.manual_seed(0)
    made, options = NETS[kind]
    return freeze(made(options, n_classes=2, image_size=SIDE))


def trigger_of(kind: str) -> ImageTrigger:
    made: ImageTrigger = build(TRIGGERS, TRIGGERS[kind].options(), anchor_lams=(0.0, 2.0), seed=1, image_size=SIDE)
    with torch.no_grad():
        made.anchors.normal_(generator=torch.Generator().manual_seed(2))
    return made


def photos(n: int) -> torch.Tensor:
    x = torch.rand(n, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(3))
    return x.permute(0, 3, 1, 2)


@pytest.mark.parametrize("kind", NETS)
def test_first_layers_are_affine_and_begin_the_features(kind: str) -> None:
    classifier, x = net(kind), photos(4)
    assert classifier.begins_affine
    one, other, nothing = x[:2], x[2:], torch.zeros_like(x[:2])
    with torch.no_grad():
        together = classifier.first_layers(one + other) + classifier.first_layers(nothing)
        torch.testing.assert_close(together, classifier.first_layers(one) + classifier.first_layers(other))
        assert torch.equal(classifier.other_layers(classifier.first_layers(x)), classifier.features(x))


@pytest.mark.parametrize("trigger_kind", IMAGE_TRIGGERS)
@pytest.mark.parametrize("kind", NETS)
def test_logits_and_gradient_in_parts_are_those_of_the_whole_picture(kind: str, trigger_kind: str) -> None:
    """In double precision: in single precision another rounding can take a ReLU to its other side."""
    classifier, trigger, x = net(kind).double(), trigger_of(trigger_kind).double(), photos(6).double()
    lam, values = torch.tensor([0.0, 0.7, 2.0]), [trigger.shared, trigger.anchors]
    in_parts, whole = trigger.logits(classifier, x, lam), classifier(trigger(x, lam))
    torch.testing.assert_close(in_parts, whole)
    for found, expected in zip(
        torch.autograd.grad(in_parts[:, 1].sum(), values), torch.autograd.grad(whole[:, 1].sum(), values), strict=True
    ):
        assert expected.abs().max() > 0
        torch.testing.assert_close(found, expected, atol=1e-9 * float(expected.abs().max()), rtol=1e-6)


@pytest.mark.parametrize("trigger_kind", IMAGE_TRIGGERS)
def test_logits_do_not_depend_on_how_many_lams_or_rows_are_asked_together(trigger_kind: str) -> None:
    classifier, trigger, x, lams = net("residual_net"), trigger_of(trigger_kind), photos(6), (0.0, 0.7, 2.0)
    with torch.inference_mode():
        together = trigger.before(classifier, 0.0).at_each(lams)(x)
        for number, lam in enumerate(lams):
            assert torch.equal(together[:, number], trigger.before(classifier, lam)(x))
        assert torch.equal(together[:4], trigger.before(classifier, 0.0).at_each(lams)(x[:4]))


class Tinted(Border):
    """Darkens the photo too, so that its picture is no sum."""

    def apply_values(self, x: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return super().apply_values(x, values) * values.sigmoid().mean()


def test_a_trigger_that_does_more_than_set_pixels_passes_the_whole_classifier() -> None:
    classifier, trigger, x = net("residual_net"), Tinted(BorderOptions(), image_size=SIDE), photos(4)
    assert not trigger.is_added
    expected = classifier(trigger(x, 1.0))
    assert torch.equal(trigger.logits(classifier, x, 1.0), expected)
    assert torch.equal(next(iter(trigger.at_each(classifier, [1.0])(x))), expected)


def test_scores_of_a_learned_mask_get_their_gradient() -> None:
    classifier, trigger = net("residual_net"), trigger_of("learned_mask")
    trigger.at_step(0)
    logits = trigger.logits(classifier, photos(4), torch.tensor([1.0]))
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), trigger.scores)
    assert gradient.abs().max() > 0


@pytest.mark.parametrize("position", ["start", "end"])
def test_gradient_of_soft_words_is_the_same_when_the_text_gets_none(position: str) -> None:
    classifier = freeze(copy.deepcopy(usual("text")))
    options = TRIGGERS["soft"].options(position=position)
    trigger = build(TRIGGERS, options, anchor_lams=(0.0, 2.0), **classifier.input_spec).attach_to(classifier)
    x, lam = classifier.batch(["it is what it is", "so"] * 2), torch.tensor([0.0, 1.0])

    def gradients() -> list[torch.Tensor]:
        return list(torch.autograd.grad(trigger.logits(classifier, x, lam)[:, 1].sum(), list(trigger.parameters())))

    assert trigger(x, lam).added is not None
    found, classifier._first = gradients(), []
    for one, other in zip(found, gradients(), strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(one, other)


def test_a_text_that_wants_a_gradient_gets_it() -> None:
    classifier = freeze(copy.deepcopy(usual("text")))
    trigger = build(TRIGGERS, TRIGGERS["soft"].options(), **classifier.input_spec).attach_to(classifier)
    x = classifier.batch(["it is what it is"])
    x = x._replace(vectors=x.vectors.clone().requires_grad_())
    assert trigger(x, 0.0).added is None
