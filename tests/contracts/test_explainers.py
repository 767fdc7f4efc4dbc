"""Every explainer × every rule. A new entry in the registry is tested without an edit here."""

import pytest
import torch
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.explain import EXPLAINERS
from fairprog_core.explain.base import Explainer
from fairprog_core.registry import build
from fairprog_core.triggers import TRIGGERS
from tests.core.test_grad_cam import n_hooks

SIZE = 32


@pytest.fixture
def photos() -> torch.Tensor:
    return torch.rand(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def classifier() -> Classifier:
    torch.manual_seed(0)
    made: Classifier = build(CLASSIFIERS, CLASSIFIERS["residual_net"].options(), n_classes=3, image_size=SIZE)
    return freeze(made)


class Broken(nn.Module):
    """Fails when the second batch comes, that is in the middle of the work."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier, self.cam_layer, self.calls = classifier, classifier.cam_layer, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        logits: torch.Tensor = self.classifier(x)
        if self.calls > 1:
            raise RuntimeError("broken on purpose")
        return logits


@pytest.mark.parametrize("kind", EXPLAINERS)
class TestEveryExplainer:
    def explainer(self, kind: str) -> Explainer:
        entry = EXPLAINERS[kind]
        made: Explainer = entry.load()(entry.options(batch_size=2))
        return made

    def test_one_map_logits_and_class_per_photo(self, kind: str, classifier: Classifier, photos: torch.Tensor) -> None:
        found = self.explainer(kind).explain(classifier, photos)
        assert found.maps.ndim == 3
        assert len(found.maps) == 3
        assert found.maps.isfinite().all()
        torch.testing.assert_close(found.logits, classifier(photos), atol=1e-5, rtol=1e-5)
        assert torch.equal(found.target, found.logits.argmax(1))

    def test_negative_parts_only_where_they_are_announced(
        self, kind: str, classifier: Classifier, photos: torch.Tensor
    ) -> None:
        explainer = self.explainer(kind)
        assert bool((explainer.explain(classifier, photos).maps < 0).any()) == explainer.is_signed

    def test_class_can_be_chosen_for_all_or_for_each(
        self, kind: str, classifier: Classifier, photos: torch.Tensor
    ) -> None:
        explainer = self.explainer(kind)
        assert explainer.explain(classifier, photos, target=2).target.tolist() == [2, 2, 2]
        each = explainer.explain(classifier, photos, target=torch.tensor([0, 1, 2]))
        torch.testing.assert_close(
            each.maps[1], explainer.explain(classifier, photos[1:2], target=1).maps[0], atol=1e-5, rtol=1e-3
        )

    @pytest.mark.parametrize("trigger", TRIGGERS)
    def test_every_trigger_can_come_before_the_classifier(
        self, kind: str, trigger: str, classifier: Classifier, photos: torch.Tensor
    ) -> None:
        wrapped = build(TRIGGERS, TRIGGERS[trigger].options(), image_size=SIZE).wrap(classifier, lam=1.0)
        assert self.explainer(kind).explain(wrapped, photos).maps.any()
        assert all(parameter.grad is None for parameter in wrapped.parameters())

    def test_same_photos_give_the_same_maps(self, kind: str, classifier: Classifier, photos: torch.Tensor) -> None:
        explainer = self.explainer(kind)
        first, second = (explainer.explain(classifier, photos).maps for _ in range(2))
        assert torch.equal(first, second)

    def test_weights_and_hooks_are_as_before(self, kind: str, classifier: Classifier, photos: torch.Tensor) -> None:
        before, kept = classifier.digest(), photos.clone()
        self.explainer(kind).explain(classifier, photos)
        assert classifier.digest() == before
        assert torch.equal(photos, kept)
        assert not photos.requires_grad
        assert n_hooks(classifier) == 0

    def test_no_hook_is_left_after_an_error(self, kind: str, classifier: Classifier, photos: torch.Tensor) -> None:
        broken = Broken(classifier)
        with pytest.raises(RuntimeError, match="broken on purpose"):
            self.explainer(kind).explain(broken, photos)
        assert n_hooks(broken) == 0
        assert n_hooks(classifier) == 0
