"""Every explainer × every rule. A new entry in the registry is tested without an edit here."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.options import Modality
from fairprog_core.common.registry import build
from fairprog_core.explain import EXPLAINERS
from fairprog_core.explain.base import Explainer
from fairprog_core.triggers import TRIGGERS
from tests.contracts.samples import as_tensor, inputs_of, usual
from tests.core.test_grad_cam import n_hooks

PAIRS = [
    (kind, trigger)
    for kind, entry in EXPLAINERS.items()
    for trigger, other in TRIGGERS.items()
    if entry.options.modality == other.options.modality
]


@cache
def frozen(modality: Modality) -> Classifier:
    return freeze(usual(modality, n_classes=3))


def classifier_for(kind: str) -> Classifier:
    """What an explainer of this kind explains."""
    return frozen(EXPLAINERS[kind].options.modality)


def inputs_for(kind: str) -> Any:
    """Three photos or texts."""
    return inputs_of(classifier_for(kind), 3)


def make(kind: str) -> Explainer:
    entry = EXPLAINERS[kind]
    made: Explainer = entry.load()(entry.options(batch_size=2))
    return made


class Broken(nn.Module):
    """Fails when the second batch comes, that is in the middle of the work."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier, self.calls = classifier, 0

    @property
    def cam_layer(self) -> nn.Module:
        return self.classifier.cam_layer

    def forward(self, x: Any) -> torch.Tensor:
        self.calls += 1
        logits: torch.Tensor = self.classifier(x)
        if self.calls > 1:
            raise RuntimeError("broken on purpose")
        return logits


@pytest.mark.parametrize("kind", EXPLAINERS)
class TestEveryExplainer:
    def test_one_map_logits_and_class_per_row(self, kind: str) -> None:
        classifier, x = classifier_for(kind), inputs_for(kind)
        found = make(kind).explain(classifier, x)
        assert len(found.maps) == 3
        assert found.maps.ndim > 1
        assert found.maps.isfinite().all()
        torch.testing.assert_close(found.logits, classifier(x), atol=1e-5, rtol=1e-5)
        assert torch.equal(found.target, found.logits.argmax(1))

    def test_negative_parts_only_where_they_are_announced(self, kind: str) -> None:
        explainer = make(kind)
        maps = explainer.explain(classifier_for(kind), inputs_for(kind)).maps
        assert bool((maps < 0).any()) == explainer.is_signed

    def test_class_can_be_chosen_for_all_or_for_each(self, kind: str) -> None:
        explainer, classifier, x = make(kind), classifier_for(kind), inputs_for(kind)
        of_first = explainer.explain(classifier, x, target=1)
        assert of_first.target.tolist() == [1, 1, 1]
        each = explainer.explain(classifier, x, target=torch.tensor([0, 1, 2]))
        assert each.target.tolist() == [0, 1, 2]
        torch.testing.assert_close(each.maps[1], of_first.maps[1], atol=1e-5, rtol=1e-3)
        assert not torch.allclose(each.maps[2], of_first.maps[2], atol=1e-5, rtol=1e-3)

    def test_same_rows_give_the_same_maps(self, kind: str) -> None:
        explainer = make(kind)
        first, second = (explainer.explain(classifier_for(kind), inputs_for(kind)).maps for _ in range(2))
        assert torch.equal(first, second)

    def test_weights_rows_and_hooks_are_as_before(self, kind: str) -> None:
        classifier, x = classifier_for(kind), inputs_for(kind)
        before, kept = classifier.digest(), as_tensor(x).clone()
        make(kind).explain(classifier, x)
        assert classifier.digest() == before
        assert torch.equal(as_tensor(x), kept)
        assert not as_tensor(x).requires_grad
        assert n_hooks(classifier) == 0

    def test_no_hook_is_left_after_an_error(self, kind: str) -> None:
        classifier = classifier_for(kind)
        broken = Broken(classifier)
        with pytest.raises(RuntimeError, match="broken on purpose"):
            make(kind).explain(broken, inputs_for(kind))
        assert n_hooks(broken) == 0
        assert n_hooks(classifier) == 0


@pytest.mark.parametrize(("kind", "trigger"), PAIRS)
def test_every_trigger_can_come_before_the_classifier(kind: str, trigger: str) -> None:
    classifier = classifier_for(kind)
    wrapped = build(TRIGGERS, TRIGGERS[trigger].options(), **classifier.input_spec).wrap(classifier, lam=1.0)
    assert make(kind).explain(wrapped, inputs_for(kind)).maps.any()
    assert all(parameter.grad is None for parameter in wrapped.parameters())
