"""Every classifier × every rule. A new entry in the registry is tested without an edit here."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze, read_classifier, save_classifier
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.registry import build
from tests.contracts.samples import SIZE, inputs_of, make_classifier, rows, usual

IMAGE_KINDS = [
    kind for kind, entry in CLASSIFIERS.items() if entry.options.modality == "image" and not entry.options.only_answers
]


def make(kind: str, *, n_classes: int = 3, seed: int = 0, **options: object) -> Classifier:
    classifier = make_classifier(kind, n_classes=n_classes, seed=seed, **options)
    for module in classifier.modules():  # running statistics as after training, so that folding has work to do
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    return classifier


def photos(n: int = 4) -> torch.Tensor:
    return torch.rand(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", CLASSIFIERS)
class TestEveryClassifier:
    def test_logits_have_one_column_per_class(self, kind: str) -> None:
        classifier = make(kind).eval()
        assert classifier(inputs_of(classifier)).shape == (4, 3)

    def test_logits_are_the_head_of_the_features(self, kind: str) -> None:
        classifier = make(kind).eval()
        x = inputs_of(classifier)
        torch.testing.assert_close(classifier.head(classifier.features(x)), classifier(x))

    def test_freezing_changes_no_logit_and_leaves_nothing_to_learn(self, kind: str) -> None:
        classifier = make(kind).eval()
        x = inputs_of(classifier)
        before = classifier(x).detach()
        frozen = freeze(classifier)
        torch.testing.assert_close(frozen(x), before, atol=1e-4, rtol=1e-4)
        assert not frozen.training
        assert not any(value.requires_grad for value in frozen.parameters())
        assert not any(isinstance(module, nn.BatchNorm2d) for module in frozen.modules())

    def test_rows_do_not_depend_on_their_batch(self, kind: str) -> None:
        frozen = freeze(make(kind))
        x = frozen.prepare(rows(frozen.options.modality)).x
        alone = frozen(frozen.to_input(x[2:3]))
        torch.testing.assert_close(frozen(frozen.to_input(x[:4]))[2:3], alone, atol=1e-5, rtol=1e-5)

    def test_reading_order_holds_every_row_once(self, kind: str) -> None:
        classifier = make(kind)
        x = classifier.prepare(rows(classifier.options.modality)).x
        assert sorted(classifier.reading_order(x)) == list(range(len(x)))

    def test_save_then_read_gives_the_same_logits(self, kind: str, tmp_path: Path) -> None:
        """A file may hold weights in half precision: what is read from it is saved and read again unchanged."""
        save_classifier(make(kind).eval(), tmp_path / "first.safetensors")
        classifier, _ = read_classifier(tmp_path / "first.safetensors", CLASSIFIERS)
        save_classifier(classifier, tmp_path / "c.safetensors", labels=["a", "b", "c"])
        again, about = read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)
        x = inputs_of(classifier)
        assert torch.equal(again.eval()(x), classifier.eval()(x))
        assert about["labels"] == ["a", "b", "c"]
        assert again.digest() == classifier.digest()

    def test_same_seed_gives_the_same_weights(self, kind: str) -> None:
        has_weights = not CLASSIFIERS[kind].options.only_answers
        assert make(kind, seed=5).digest() == make(kind, seed=5).digest()
        assert (make(kind, seed=5).digest() != make(kind, seed=6).digest()) == has_weights


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_cam_layer_gives_maps_that_the_logits_depend_on(kind: str) -> None:
    frozen = freeze(make(kind))
    maps: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        output.requires_grad_() if output.is_leaf else output.retain_grad()
        maps.append(output)

    with frozen.cam_layer.register_forward_hook(keep):
        frozen(photos().requires_grad_())[:, 0].sum().backward()
    assert maps[0].grad is not None
    found = frozen.to_map(maps[0])
    assert found.ndim == 4
    assert found.shape[2] == found.shape[3]
    assert maps[0].grad.abs().sum() > 0


@pytest.mark.parametrize(("pool", "n_features"), [("mean", 32), ("max", 32), ("mean+max", 64)])
def test_residual_net_pooling_decides_the_features(pool: str, n_features: int) -> None:
    assert make("residual_net", pool=pool).eval().features(photos()).shape == (4, n_features)


def test_residual_net_mean_pooling_far_patch_only_shifts_the_logits() -> None:
    """Two photos and a change that no 8×8 cell shares with their difference: mean pooling adds up.

    The photos differ in the top left only, the change lies in the bottom right only, and the
    receptive fields of the two do not meet; so the change moves the logits of both photos alike.
    """
    torch.manual_seed(0)
    options = CLASSIFIERS["residual_net"].options(pool="mean")
    classifier = freeze(build(CLASSIFIERS, options, n_classes=2, image_size=256))
    first = torch.rand(1, 3, 256, 256)
    second = first.clone()
    second[..., :32, :32] = torch.rand(3, 32, 32)
    shifts = []
    for photo in (first, second):
        patched = photo.clone()
        patched[..., -32:, -32:] = 1.0
        shifts.append(classifier(patched) - classifier(photo))
    torch.testing.assert_close(shifts[0], shifts[1], atol=1e-5, rtol=1e-4)


def test_read_classifier_damaged_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "c.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{broken}")
    with pytest.raises(ArtifactError, match="no readable safetensors file"):
        read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)


def test_read_classifier_with_weights_of_another_shape_says_so(tmp_path: Path) -> None:
    classifier = make("residual_net")
    classifier.linear = nn.Linear(5, 3)
    save_classifier(classifier, tmp_path / "c.safetensors")
    with pytest.raises(ArtifactError, match="do not fit its own description"):
        read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)


def damage(path: Path, change: Callable[[dict[str, Any], dict[str, torch.Tensor]], None]) -> None:
    """Change the description and the tensors of a file."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["fairprog"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(header, tensors)
    save_file(tensors, path, {"fairprog": json.dumps(header)})


@pytest.mark.parametrize(
    ("kind", "key", "value", "reason"),
    [
        ("residual_net", "n_classes", None, "n_classes"),
        ("residual_net", "n_classes", 10**10, "n_classes"),
        ("residual_net", "n_classes", 3, "linear.* is of shape"),
        ("residual_net", "image_size", "64", "image_size"),
        ("residual_net", "options", {"kind": "none"}, "of the kind 'none'"),
        ("residual_net", "options", None, "options"),
        ("hybrid", "image_size", 64, "position is of shape"),
        ("encoder", "config", [], "config"),
        ("encoder", "config", {}, "configuration builds no model"),
        ("encoder", "config", {"model_type": "bert", "num_hidden_layers": 10**9}, "larger than its weights"),
        ("encoder", "config", {"model_type": "bert", "hidden_size": 10**8}, "do not build|builds no model"),
        ("encoder", "tokenization", {"tokenizer": {}, "special": {}}, "tokenizer of this model cannot be built"),
        ("encoder", "tokenization", None, "tokenization"),
        ("encoder", "rest", 5, "rest"),
    ],
)
def test_read_classifier_with_an_odd_description_says_so(
    tmp_path: Path, kind: str, key: str, value: Any, reason: str
) -> None:
    path = tmp_path / "c.safetensors"
    save_classifier(usual("text") if kind == "encoder" else make_classifier(kind), path)
    damage(path, lambda header, _: header.update({key: value}))
    with pytest.raises(ArtifactError, match=rf"c\.safetensors.*({reason})"):
        read_classifier(path, CLASSIFIERS)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("linear.weight", math.nan, "not all finite"), ("trunk.0.1.running_var", -1.0, "running_var is negative")],
)
def test_read_classifier_whose_weights_cannot_be_used_says_so(
    tmp_path: Path, name: str, value: float, reason: str
) -> None:
    path = tmp_path / "c.safetensors"
    save_classifier(make_classifier("residual_net"), path)
    damage(path, lambda _, tensors: tensors.update({name: torch.full_like(tensors[name], value)}))
    with pytest.raises(ArtifactError, match=reason):
        read_classifier(path, CLASSIFIERS)
