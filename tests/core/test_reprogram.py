"""``fp.reprogram`` on a small model of one's own: figures, forms of rows, files; the model stays as it was."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import fairprog_core as fp
from fairprog_core.common.errors import FairprogError
from tests.own_models import Rows, SmallNet, as_tensor, pictures, small_net
from tests.plugin.plugged import EVERYTHING, plugged_in

GAP = "average_abs_odds_difference"
TUNE, VALIDATION, OWN = pictures(600, 1), pictures(500, 2), pictures(800, 3)
BRIEF: dict[str, Any] = {
    "trigger": "border", "criterion": "equalized_odds", "lams": [0.0, 2.0, 5.0], "steps": 6, "progress": False,
    "device": "cpu",
}  # fmt: skip
SHADES: dict[str, Any] = {
    "name": "equal", "dataset": {"kind": "shades", "n": 256}, "classifier": {"kind": "dot"},
    "triggers": [{"kind": "border"}], "methods": [{"kind": "reprogram"}, {"kind": "random_trigger"}],
    "lam": {"grid": [0.0, 1.0, 4.0]}, "budget": {"steps": 12, "validate_every": 5, "validate_rows": 100},
    "explain": {"gallery": 0, "rows": 0, "probe": False}, "seeds": [3], "device": "cpu", "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> nn.Module:
    """A model that has learned the shortcut, in training mode and with gradients, as a training loop leaves it."""
    return small_net()


@pytest.fixture(scope="module")
def fair(model: nn.Module) -> fp.Reprogrammed:
    """It, reprogrammed for long enough to close most of the gap."""
    return fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF | {"steps": 150, "max_accuracy_loss": 0.08})


def whole_state(model: nn.Module) -> dict[str, Any]:
    """All that a borrower could change: weights, buffers, gradients, modes, flags, hooks, identities."""
    values = [*model.named_parameters(), *model.named_buffers()]
    return {
        "values": {name: value.detach().clone() for name, value in values},
        "ids": [(name, id(value), value.data_ptr()) for name, value in values],
        "grads": {name: None if v.grad is None else v.grad.clone() for name, v in model.named_parameters()},
        "flags": [(name, value.requires_grad) for name, value in model.named_parameters()],
        "modes": [module.training for module in model.modules()],
        "hooks": [list(module._forward_hooks) + list(module._forward_pre_hooks) for module in model.modules()],
        "names": list(model.state_dict()),
    }


def same(first: Any, second: Any) -> bool:
    """Whether two states are bit-identical."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(value, second[key]) for key, value in first.items())
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    return bool(first == second)


def test_gap_closes_on_rows_of_ones_own_and_the_untrained_trigger_does_not_close_it(fair: fp.Reprogrammed) -> None:
    found = fair.evaluate(*OWN).set_index("method")
    base, control = found.loc["base"], found.loc["random_trigger"]
    chosen = found[found["chosen"]].iloc[0]
    assert base[GAP] >= 0.1
    assert chosen[GAP] <= 0.4 * base[GAP]
    assert control[GAP] > 0.4 * base[GAP]
    assert not chosen["collapsed"]


def test_numbers_are_those_of_a_study_with_the_same_classifier_rows_and_options() -> None:
    with plugged_in(EVERYTHING):
        result = fp.run(fp.Study.parse(SHADES))
        (curve,) = result.curves
        model = fp.load_classifier(result.folder / "base" / "classifier.safetensors")
        from fairprog_core.common.home import Home
        from tests.plugin.everything import Shades, ShadesOptions

        data = Shades(ShadesOptions(n=256), Home.find())
        rows = {name: (split.x, split.y, split.z) for name in ("tune", "val", "test") for split in [data.split(name)]}
        fair = fp.reprogram(
            model, tune=rows["tune"], validation=rows["val"], trigger="border", criterion="equalized_odds",
            lams=[0, 1, 4], steps=12, validate_every=5, validate_rows=100, seed=3, flip=True, device="cpu",
        )  # fmt: skip
        found = fair.evaluate(*rows["test"])
    assert fair.chosen_lam == curve.chosen_lam
    assert fair.curve["accuracy"].tolist() == curve.validation["accuracy"]
    assert fair.curve[GAP].tolist() == curve.validation["gap"]
    points = {(point.method, point.lam): point for point in [*result.points, result.base]}
    assert len(points) == len(found) == 5
    for row in found.to_dict("records"):
        point = points[row["method"], None if np.isnan(row["lam"]) else row["lam"]]
        for name, estimate in point.metrics.items():
            expected = np.nan if estimate.value is None else estimate.value
            assert row[name] == pytest.approx(expected, abs=0, nan_ok=True), name
            assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(
                estimate.ci or (np.nan, np.nan), abs=0, nan_ok=True
            )


def test_model_is_as_before(model: nn.Module) -> None:
    seen: list[int] = []
    handle = model.register_forward_hook(lambda *_: seen.append(1))
    model.maps[0].weight.requires_grad_(False)  # type: ignore[index,union-attr,operator]
    model.drop.eval()  # type: ignore[union-attr,operator]
    before, random = whole_state(model), torch.random.get_rng_state()
    fair = fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF)
    fair.evaluate(*OWN)
    fair.predict(OWN.x[:5])
    fair.module()(as_tensor(OWN.x[:5])).sum().backward()
    after = whole_state(model)
    assert seen, "the model was never called"
    grads = after.pop("grads")
    assert any(value is not None for value in grads.values()), "the module is not differentiable"
    before.pop("grads")
    assert same(before, after)
    assert torch.equal(random, torch.random.get_rng_state())
    handle.remove()
    model.requires_grad_(True).train()


class Stubborn(SmallNet):
    """Fails at the n-th call."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.left = n

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().forward(x)


@pytest.mark.parametrize("call", [1, 3, 20])
def test_model_is_as_before_after_an_interruption(call: int) -> None:
    model = Stubborn(call)
    model(as_tensor(OWN.x[:4])).sum().backward() if call > 1 else None
    model.left, before = call, whole_state(model)
    with pytest.raises(KeyboardInterrupt):
        fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF)
    assert same(before, whole_state(model))


def test_same_seed_gives_the_same_trigger_and_another_seed_another(model: nn.Module) -> None:
    first, again, other = (
        fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF, seed=seed) for seed in (0, 0, 1)
    )
    assert same(first.trigger.state_dict(), again.trigger.state_dict())
    assert not same(first.trigger.state_dict(), other.trigger.state_dict())


def test_bfloat16_learns_nearly_the_same_trigger(model: nn.Module) -> None:
    """The model has no last layer that fairprog knows: its logits are rounded too."""
    setting = BRIEF | {"tune": TUNE, "validation": VALIDATION}
    exact, short = (fp.reprogram(model, **setting, precision=kind).trigger for kind in ("float32", "bfloat16"))
    expected, found, before = (trigger.values(2.0).detach() for trigger in (exact, short, exact.untrained()))
    assert not torch.equal(found, expected)
    assert (found - expected).abs().mean() < 0.3 * (expected - before).abs().mean()


def test_curve_has_a_row_for_every_lam_with_intervals_and_flags(fair: fp.Reprogrammed) -> None:
    curve = fair.curve
    assert curve["lam"].tolist() == [0.0, 2.0, 5.0]
    assert {"accuracy", "accuracy_low", "accuracy_high", GAP, f"{GAP}_low", f"{GAP}_high", "collapsed"} <= {*curve}
    assert curve.loc[curve["chosen"], "lam"].tolist() == [fair.chosen_lam]
    assert (curve["accuracy_low"] <= curve["accuracy"]).all()
    assert "method" not in curve
    assert str(fair.chosen_lam) in repr(fair) or f"{fair.chosen_lam:g}" in repr(fair)


def test_evaluate_has_the_base_and_the_control_without_lam(fair: fp.Reprogrammed) -> None:
    found = fair.evaluate(*OWN)
    assert found["method"].tolist() == ["reprogram"] * 3 + ["base", "random_trigger"]
    assert found["lam"].isna().tolist() == [False] * 3 + [True, True]


def test_probabilities_are_those_of_the_module(fair: fp.Reprogrammed) -> None:
    for lam in (None, 0.0, 1.7):
        found = fair.predict(OWN.x[:40], lam)
        module = fair.module(lam)
        expected = module(as_tensor(OWN.x[:40])).softmax(1).detach().numpy()
        assert found.shape == (40, 2)
        assert found == pytest.approx(expected, abs=1e-5)
    assert isinstance(module, nn.Module)
    assert not np.allclose(fair.predict(OWN.x[:40], 0.0), fair.predict(OWN.x[:40], 5.0))


def test_module_is_in_evaluation_mode_whatever_the_model_is_in(fair: fp.Reprogrammed) -> None:
    x, module = as_tensor(OWN.x[:8]), fair.module()
    assert torch.equal(module.train()(x), module.eval()(x))
    module.train()


def test_module_takes_bytes_as_the_rows_do(fair: fp.Reprogrammed) -> None:
    x = torch.from_numpy(OWN.x[:8]).permute(0, 3, 1, 2)
    assert torch.equal(fair.module()(x), fair.module()(x / 255))


def test_preprocess_is_inside_the_module_and_its_gradient(model: nn.Module) -> None:
    def halved(x: torch.Tensor) -> torch.Tensor:
        return x / 2

    fair = fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF, preprocess=halved)
    x = as_tensor(OWN.x[:6])
    with_trigger = fair.trigger(x, fair.chosen_lam)
    model.eval()
    assert torch.allclose(fair.module()(x), model(halved(with_trigger)), atol=1e-5)
    model.train()
    assert not torch.equal(fair.trigger.shared, fair.trigger.untrained().shared)


FORMS = {
    "channels first": lambda x: np.moveaxis(x, -1, 1),
    "floats": lambda x: x / 255,
    "float32": lambda x: (x / 255).astype(np.float32),
    "torch": torch.from_numpy,
    "torch, channels first": as_tensor,
    "list of arrays": list,
    "read only": lambda x: np.frombuffer(x.tobytes(), np.uint8).reshape(x.shape),
}


@pytest.mark.parametrize("form", FORMS)
def test_pictures_may_be_given_in_any_form(fair: fp.Reprogrammed, form: str) -> None:
    given = FORMS[form](OWN.x)
    assert fair.predict(given) == pytest.approx(fair.predict(OWN.x), abs=1e-4)


NAMES = np.array(["bright", "dark"])
WORDS = np.array(["a_dark", "bright"])


def as_frame(rows: Rows) -> tuple[Any, Any, Any]:
    """Labels as words and groups as pandas, with an index of their own."""
    index = np.arange(len(rows.y)) + 100
    return rows.x, pd.Series(WORDS[rows.y], index=index), pd.Series(["blue", "red"], index=[0, 1])[rows.z]


def as_columns(rows: Rows) -> tuple[Any, Any, Any]:
    """Overlapping groups: the two colours, and every third row."""
    third = (np.arange(len(rows.y)) % 3 == 0).astype(int)
    return rows.x, torch.from_numpy(rows.y), pd.DataFrame({"blue": 1 - rows.z, "red": rows.z, "third": third})


def test_words_and_pandas_give_the_same_figures_as_integers(model: nn.Module) -> None:
    plain = fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF)
    named = fp.reprogram(model, tune=as_frame(TUNE), validation=as_frame(VALIDATION), **BRIEF)
    pd.testing.assert_frame_equal(plain.curve, named.curve)
    assert (named.labels, named.groups) == (("a_dark", "bright"), ("blue", "red"))
    pd.testing.assert_frame_equal(plain.evaluate(*OWN), named.evaluate(*as_frame(OWN)))


def test_labels_argument_gives_the_order_of_words(model: nn.Module) -> None:
    rows = [(part.x, np.array(["zero", "a one"])[part.y], part.z) for part in (TUNE, VALIDATION)]
    fair = fp.reprogram(model, tune=rows[0], validation=rows[1], labels=["zero", "a one"], **BRIEF)
    assert fair.labels == ("zero", "a one")
    assert fair.findings.base.metric("accuracy").value > 0.8


def test_groups_may_overlap_and_combine_in_new_ways_later(model: nn.Module) -> None:
    fair = fp.reprogram(model, tune=as_columns(TUNE), validation=as_columns(VALIDATION), **BRIEF)
    assert fair.groups == ("blue", "red", "third")
    x, y, z = as_columns(OWN)
    z.loc[:10, :] = 0  # rows of no group, which the tuning rows do not have
    assert len(fair.evaluate(x, y, z)) == 5


def test_one_logit_counts_as_two_classes() -> None:
    model = small_net(1)
    fair = fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF)
    x = as_tensor(OWN.x[:30])
    model.eval()
    assert fair.predict(OWN.x[:30]).shape == (30, 2)
    assert fair.module()(x).shape == (30, 2)
    with_trigger = fair.trigger(x, fair.chosen_lam)
    expected = torch.sigmoid(model(with_trigger)[:, 0]).detach().numpy()
    assert fair.predict(OWN.x[:30])[:, 1] == pytest.approx(expected, abs=1e-5)
    assert fair.findings.base.metric("accuracy").value > 0.8


def test_triggers_and_options_may_be_given_as_objects(model: nn.Module) -> None:
    from fairprog_core.common.lam_range import LamRange
    from fairprog_core.training.criteria import DemographicParityOptions
    from fairprog_core.triggers import PatchOptions

    lams = LamRange(low=0.5, high=4, grid=(0.0, 1.0, 4.0))
    fair = fp.reprogram(
        model, tune=TUNE, validation=VALIDATION, trigger=PatchOptions(size=0.25),
        criterion=DemographicParityOptions(max_accuracy_loss=0.2), lams=lams, steps=4, progress=False, per_cell=2,
    )  # fmt: skip
    assert (fair.setting.trigger.size, fair.setting.criterion.kind, fair.setting.lam) == (
        0.25, "demographic_parity", lams,
    )  # fmt: skip
    assert (fair.setting.max_loss, fair.setting.method.per_cell, fair.setting.budget.steps) == (0.2, 2, 4)


def test_saved_and_loaded_it_is_the_same(fair: fp.Reprogrammed, model: nn.Module, tmp_path: Path) -> None:
    fair.save(tmp_path / "folder")
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == [
        "reprogrammed.json", "trigger.safetensors",
    ]  # fmt: skip
    assert sum(path.stat().st_size for path in (tmp_path / "folder").iterdir()) < 200_000, "no weights are saved"
    again = fp.load_reprogrammed(tmp_path / "folder", model)
    pd.testing.assert_frame_equal(again.curve, fair.curve)
    pd.testing.assert_frame_equal(again.evaluate(*OWN), fair.evaluate(*OWN))
    assert (again.chosen_lam, again.setting, again.labels) == (fair.chosen_lam, fair.setting, fair.labels)
    assert np.array_equal(again.predict(OWN.x[:20], 1.3), fair.predict(OWN.x[:20], 1.3))
    assert repr(again) == repr(fair)
    (tmp_path / "empty").mkdir()
    again.save(tmp_path / "empty")


def test_folder_that_does_not_fit_is_one_sentence(fair: fp.Reprogrammed, model: nn.Module, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    fair.save(folder)
    with pytest.raises(FairprogError, match="exists and is not an empty folder"):
        fair.save(folder)
    with pytest.raises(FairprogError, match="There is no reprogrammed model in"):
        fp.load_reprogrammed(tmp_path, model)
    with pytest.raises(FairprogError, match="made for a model with other weights"):
        fp.load_reprogrammed(folder, SmallNet())
    with pytest.raises(
        FairprogError, match="was made with image inputs, no preprocess=, not image inputs, preprocess="
    ):
        fp.load_reprogrammed(folder, model, preprocess=lambda x: x)


def broken_values(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key without its value, with null, and with text in its place."""
    for key, other in itertools.product(values, (None, "text", [])):
        if key != "fairprog" and values[key] != other:
            yield key, other


def test_damaged_folder_is_one_sentence(fair: fp.Reprogrammed, model: nn.Module, tmp_path: Path) -> None:
    fair.save(tmp_path / "folder")
    file = tmp_path / "folder" / "reprogrammed.json"
    whole = json.loads(file.read_text())
    for key, value in broken_values(whole):
        file.write_text(json.dumps(whole | {key: value}))
        with pytest.raises(FairprogError) as caught:
            fp.load_reprogrammed(tmp_path / "folder", model)
        assert str(caught.value).count("\n") == 0, key
    for text in ("", "{", "[]"):
        file.write_text(text)
        with pytest.raises(FairprogError, match="damaged"):
            fp.load_reprogrammed(tmp_path / "folder", model)


def test_plot_is_the_chart_of_the_page_with_every_lam_and_the_base(fair: fp.Reprogrammed) -> None:
    figure = fair.plot()
    assert type(figure).__name__ == "Figure"
    drawn = [value for trace in figure.data for value in (trace.y if trace.y is not None else [])]
    assert set(fair.curve.loc[~fair.curve["collapsed"], "accuracy"]) <= set(drawn)
    assert fair.findings.base.metric("accuracy").value in drawn


def test_plot_without_a_dashboard_is_one_sentence(fair: fp.Reprogrammed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairprog_core.api.own_model.plot.CHART", "one that is not installed")
    with pytest.raises(FairprogError, match="drawn by the dashboard, and none is installed"):
        fair.plot()


def test_nothing_is_written(model: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fp.reprogram(model, tune=TUNE, validation=VALIDATION, **BRIEF)
    assert list(tmp_path.rglob("*")) == []
