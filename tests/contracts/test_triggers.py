"""Every trigger × every rule. A new entry in the registry is tested without an edit here."""

import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.errors import ArtifactError, ConfigError, DataError
from fairprog_core.common.options import Modality
from fairprog_core.common.registry import build
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger, load_trigger
from tests.contracts.samples import SIZE, as_tensor, inputs_of, usual
from tests.plugin.plugged import EVERYTHING, plugged_in

KNOTS = (0.0, 0.3, 3.0, 30.0)
IMAGE_KINDS = [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "image"]


@cache
def frozen(modality: Modality) -> Classifier:
    return freeze(usual(modality))


def behind(kind: str) -> Classifier:
    """The classifier that a trigger of this kind is put before."""
    return frozen(TRIGGERS[kind].options.modality)


def make(kind: str, *, seed: int = 0, anchor_lams: tuple[float, ...] = KNOTS, **options: object) -> Trigger:
    classifier = behind(kind)
    trigger: Trigger = build(
        TRIGGERS, TRIGGERS[kind].options(**options), anchor_lams=anchor_lams, seed=seed, **classifier.input_spec
    )
    return trigger.attach_to(classifier)


def trained(kind: str) -> Trigger:
    """A trigger whose anchors differ, as after training."""
    trigger = make(kind)
    with torch.no_grad():
        trigger.anchors.normal_(generator=torch.Generator().manual_seed(7))
    return trigger


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return frozen("image")


@pytest.fixture
def photos() -> torch.Tensor:
    return torch.rand(6, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", TRIGGERS)
class TestEveryTrigger:
    def put(self, trigger: Trigger, lam: float | torch.Tensor, rows: slice = slice(None)) -> torch.Tensor:
        x = inputs_of(behind(trigger.options.kind), 6)
        x = x[rows] if isinstance(x, torch.Tensor) else x.rows(rows)
        return as_tensor(trigger(x, lam))

    def test_same_seed_gives_same_trigger_and_another_seed_another(self, kind: str) -> None:
        assert torch.equal(self.put(make(kind, seed=3), 1.0), self.put(make(kind, seed=3), 1.0))
        assert not torch.equal(self.put(make(kind, seed=3), 1.0), self.put(make(kind, seed=4), 1.0))

    def test_stacked_lams_equal_single_lams(self, kind: str) -> None:
        trigger = trained(kind)
        together = self.put(trigger, torch.tensor([0.0, 1.5, 20.0]))
        alone = [self.put(trigger, lam, slice(2 * i, 2 * i + 2)) for i, lam in enumerate((0.0, 1.5, 20.0))]
        torch.testing.assert_close(together, torch.cat(alone))

    def test_several_lams_over_the_same_inputs_equal_one_after_the_other(self, kind: str) -> None:
        trigger, x, lams = trained(kind), inputs_of(behind(kind), 6), (0.0, 1.5, 20.0)
        with torch.no_grad():
            together = trigger.wrap(behind(kind), lam=1.0).at_each(lams)(x)
            for number, lam in enumerate(lams):
                assert torch.equal(together[:, number], trigger.wrap(behind(kind), lam=lam)(x))
                torch.testing.assert_close(together[:, number], behind(kind)(trigger(x, lam)))

    def test_save_then_load_gives_the_same_output(self, kind: str, tmp_path: Path) -> None:
        trigger = trained(kind)
        trigger.save(tmp_path / "t.safetensors", criterion="equalized_odds")
        again = load_trigger(tmp_path / "t.safetensors")
        assert torch.equal(self.put(again.attach_to(behind(kind)), 4.2), self.put(trigger, 4.2))
        assert again.about["criterion"] == "equalized_odds"

    def test_untrained_forgets_the_training_and_nothing_else(self, kind: str) -> None:
        trigger = trained(kind)
        before = self.put(trigger, 3.0)
        assert torch.equal(self.put(trigger.untrained(), 3.0), self.put(make(kind), 3.0))
        assert torch.equal(self.put(trigger, 3.0), before)

    def test_wrapped_classifier_equals_classifier_of_triggered_input(self, kind: str) -> None:
        trigger, classifier = trained(kind), behind(kind)
        x = inputs_of(classifier, 6)
        torch.testing.assert_close(trigger.wrap(classifier, lam=2.0)(x), classifier(trigger(x, 2.0)))

    def test_merged_triggers_give_each_its_own_values(self, kind: str) -> None:
        parts = [make(kind, anchor_lams=(lam,)) for lam in (1.0, 4.0, 15.0)]
        with torch.no_grad():
            for number, part in enumerate(parts):
                part.shared.add_(0.1 * number)
        merged = type(parts[0]).merged(parts)
        for lam, part in zip((1.0, 4.0, 15.0), parts, strict=True):
            torch.testing.assert_close(self.put(merged, lam), self.put(part, lam))


@pytest.mark.parametrize("kind", IMAGE_KINDS)
class TestEveryImageTrigger:
    def test_output_keeps_the_shape_of_its_input(self, kind: str, photos: torch.Tensor) -> None:
        assert trained(kind)(photos, 2.0).shape == photos.shape

    def test_printable_pixels_stay_in_the_photos_range(self, kind: str, photos: torch.Tensor) -> None:
        out = trained(kind)(photos, 5.0)
        assert out.min() >= 0
        assert out.max() <= 1

    def test_trigger_does_not_depend_on_the_input(self, kind: str) -> None:
        trigger = trained(kind)
        dark, light = torch.zeros(1, 3, SIZE, SIZE), torch.ones(1, 3, SIZE, SIZE)
        mask = trigger.mask()
        assert torch.equal(trigger(dark, 2.0)[..., mask], trigger(light, 2.0)[..., mask])

    def test_pixels_outside_the_mask_carry_no_gradient_to_the_trigger(self, kind: str, photos: torch.Tensor) -> None:
        trigger = trained(kind)
        trigger(photos, 1.0)[..., ~trigger.mask()].sum().backward()
        assert all(value.grad is None or not value.grad.any() for value in trigger.parameters())

    def test_black_has_black_pixels_and_the_same_geometry(self, kind: str, photos: torch.Tensor) -> None:
        trigger = trained(kind)
        black = trigger.black()(photos, 3.0)
        mask = trigger.mask()
        assert black[..., mask].abs().max() < 1e-6
        assert torch.equal(black[..., ~mask], trigger(photos, 3.0)[..., ~mask])

    def test_placed_masks_are_zero_under_the_trigger(self, kind: str) -> None:
        trigger = make(kind)
        placed = trigger.place(torch.ones(2, SIZE, SIZE))
        assert placed.shape == (2, SIZE, SIZE)
        assert not placed[:, trigger.mask()].any()
        assert placed[:, ~trigger.mask()].min() > 0.99

    def test_picture_is_opaque_exactly_under_the_mask(self, kind: str) -> None:
        trigger = make(kind)
        picture = trigger.picture(1.0)
        assert picture.shape == (SIZE, SIZE, 4)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture[..., 3] == 255, trigger.mask().numpy())


def test_border_never_touches_the_photo(photos: torch.Tensor) -> None:
    trigger = trained("border")
    top, left, height, width = trigger.photo_box
    small = torch.nn.functional.interpolate(photos, size=(height, width), mode="bilinear", antialias=True)
    torch.testing.assert_close(trigger(photos, 9.0)[..., top : top + height, left : left + width], small)


def test_patch_corners_are_where_they_say() -> None:
    """A patch of half the side: 16 of 32 pixels."""
    expected = {"top left": (0, 0), "top right": (0, 16), "bottom left": (16, 0), "bottom right": (16, 16)}
    for corner, (top, left) in expected.items():
        assert make("patch", size=0.5, corner=corner).box() == (top, left, 16, 16)


def test_patch_without_corner_uses_the_free_position() -> None:
    """16 pixels are free: 0.25 of them is 4, 0.5 is 8."""
    assert make("patch", size=0.5, corner=None, left=0.25, top=0.5).box() == (8, 4, 16, 16)


def test_tanh_pixels_reach_below_zero(photos: torch.Tensor) -> None:
    assert make("frame", pixels="tanh")(photos, 1.0).min() < -0.5


def test_hats_interpolate_between_anchors() -> None:
    """Knots 0, 1, 3 with unit 1: log1p gives 0, ln 2, ln 4; λ = √8 − 1 lies halfway between the last two."""
    scale = make("patch", anchor_lams=(0.0, 1.0, 3.0)).scale
    interpolation_weights = scale.interpolation_weights(torch.tensor([0.0, 1.0, 8**0.5 - 1, 99.0]))
    expected = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1.0]])
    torch.testing.assert_close(interpolation_weights, expected)


def test_anchors_on_a_line_are_those_of_least_squares() -> None:
    """Knots 0, 1, 3 with unit 1 lie ln 2 apart: 0, 1, 0 has no slope and the mean 1/3; 0, 1, 2 is a line."""
    scale = make("patch", anchor_lams=(0.0, 1.0, 3.0)).scale
    found = scale.on_line(torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 2.0]]))
    torch.testing.assert_close(found, torch.tensor([[1 / 3, 0.0], [1 / 3, 1.0], [1 / 3, 2.0]]))


def test_stratified_lams_span_the_scale() -> None:
    lams = make("patch").scale.stratified(torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64))
    assert lams[0] == 0
    assert lams[2].item() == pytest.approx(30.0)
    assert 0.3 < lams[1] < 30


def test_stratified_lams_give_every_anchor_the_same_share() -> None:
    """Knots 0, 1, 3, 7 with unit 1 lie ln 2 apart: of the stretched length 4 every hat gets 1, a quarter."""
    scale = make("patch", anchor_lams=(0.0, 1.0, 3.0, 7.0)).scale
    share = scale.interpolation_weights(scale.stratified(torch.linspace(0, 1, 40_001, dtype=torch.float64))).mean(0)
    torch.testing.assert_close(share, torch.full((4,), 0.25), rtol=0, atol=1e-4)


def test_wrap_classifier_of_another_size_is_refused(classifier: Classifier) -> None:
    trigger = build(TRIGGERS, TRIGGERS["patch"].options(), image_size=64)
    with pytest.raises(ConfigError, match="made for image size 64"):
        trigger.wrap(classifier, lam=1.0)


@pytest.mark.parametrize("kind", ["border", "frame", "patch", "learned_mask"])
def test_pictures_of_another_size_are_refused_with_both_sizes(kind: str) -> None:
    trigger = build(TRIGGERS, TRIGGERS[kind].options(), image_size=SIZE)
    sentence = f"are 3 × 8 × 8, .* made for 3 × {SIZE} × {SIZE}"
    with pytest.raises(DataError, match=sentence):
        trigger(torch.zeros(2, 3, 8, 8), 1.0)
    with pytest.raises(DataError, match=sentence):
        trigger.at_each(behind(kind), [1.0, 2.0])(torch.zeros(2, 3, 8, 8))


def test_load_trigger_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No trigger at"):
        load_trigger(tmp_path / "none.safetensors")


def test_load_trigger_damaged_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.safetensors").write_bytes(b"not a trigger")
    with pytest.raises(ArtifactError, match="no readable safetensors file"):
        load_trigger(tmp_path / "t.safetensors")


def test_load_trigger_of_a_classifier_file_says_so(tmp_path: Path, classifier: Classifier) -> None:
    from fairprog_core.classifiers.base import save_classifier

    save_classifier(classifier, tmp_path / "c.safetensors")
    with pytest.raises(ArtifactError, match=r"holds fairprog.classifier/1, not fairprog.trigger/1"):
        load_trigger(tmp_path / "c.safetensors")


def test_load_trigger_of_an_unknown_kind_says_so(tmp_path: Path) -> None:
    """The trigger of a plug-in that is no longer there."""
    with plugged_in(EVERYTHING):
        make("cross").save(tmp_path / "t.safetensors")
    with pytest.raises(ArtifactError, match="a trigger of the kind 'cross'; this version of fairprog knows border"):
        load_trigger(tmp_path / "t.safetensors")


def test_load_trigger_with_values_of_another_shape_says_so(tmp_path: Path) -> None:
    trigger = make("patch")
    trigger.shared = torch.nn.Parameter(torch.zeros(3, 7))
    trigger.save(tmp_path / "t.safetensors")
    with pytest.raises(ArtifactError, match="do not fit its own description"):
        load_trigger(tmp_path / "t.safetensors")


def test_anchors_begin_at_zero_only_where_something_below_low_is_reported() -> None:
    border = TRIGGERS["border"]
    options, kind = border.options(anchors=3), border.load()
    assert kind.anchor_lams(options, low=1.0, high=16.0, grid=(0.0, 4.0)) == pytest.approx((0, 1, 16))
    assert kind.anchor_lams(options, low=1.0, high=16.0, grid=(0.5, 4.0)) == pytest.approx((0, 1, 16))
    assert kind.anchor_lams(options, low=1.0, high=16.0, grid=(1.0, 4.0)) == pytest.approx((1, 4, 16))
    for anchors, expected in ((1, (16.0,)), (2, (0.0, 16.0))):
        assert kind.anchor_lams(border.options(anchors=anchors), low=1.0, high=16.0, grid=(0.0,)) == expected


def damage(path: Path, change: Callable[[dict[str, Any], dict[str, torch.Tensor]], None]) -> None:
    """Change the description and the tensors of a file."""
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["fairprog"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(header, tensors)
    save_file(tensors, path, {"fairprog": json.dumps(header)})


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("knots", None, "knots"),
        ("knots", [], "knots"),
        ("knots", [1.0, 1.0, 2.0], "ascending order"),
        ("knots", [0.0, 1.0, math.nan], "knots"),
        ("knots", [0.0, 1.0, 2.0, 3.0, 4.0], "anchors is of shape"),
        ("seed", "0", "seed"),
        ("seed", -1, "seed"),
        ("image_size", 64.5, "image_size"),
        ("image_size", 10**6, "image_size"),
        ("image_size", 64, "shared is of shape"),
        ("options", [], "options"),
        ("options", {"kind": ["patch"]}, "of the kind"),
        ("options", {"kind": "patch", "size": 7}, "its options: size"),
    ],
)
def test_load_trigger_with_an_odd_description_says_so(tmp_path: Path, key: str, value: Any, reason: str) -> None:
    path = tmp_path / "t.safetensors"
    make("patch").save(path)
    damage(path, lambda header, _: header.update({key: value}))
    with pytest.raises(ArtifactError, match=rf"t\.safetensors.*{reason}"):
        load_trigger(path)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_load_trigger_whose_values_are_not_finite_says_so(tmp_path: Path, value: float) -> None:
    path = tmp_path / "t.safetensors"
    make("patch").save(path)
    damage(path, lambda _, tensors: tensors.update(shared=torch.full_like(tensors["shared"], value)))
    with pytest.raises(ArtifactError, match="not all finite"):
        load_trigger(path)
