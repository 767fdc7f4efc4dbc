"""The scripts of the page "Your own model": short, and each closes a part of a gap on rows of one's own."""

import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import fairprog_core as fp
from tests.core.pages import ROOT, blocks

SCRIPTS = {block.title: block.code for block in blocks(ROOT / "docs" / "guides" / "own-model.md", "python")}
GAP = "average_abs_odds_difference"
MODELS = {
    "my_resnet18.py": "torchvision", "my_timm.py": "timm", "my_vit.py": "transformers", "my_encoder.py": "transformers",
}  # fmt: skip
MOST_LINES = 15


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scripts of the page as files, which import each other."""
    for title, code in SCRIPTS.items():
        (tmp_path / title).write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("script", MODELS)
def test_script_closes_a_part_of_the_gap_and_leaves_the_model_alone(
    script: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec(MODELS[script]) is None:
        pytest.skip(f"{MODELS[script]} is not installed")
    reprogram, states = fp.reprogram, []

    def watched(model: torch.nn.Module, **given: Any) -> fp.Reprogrammed:
        states.append(([value.clone() for value in model.state_dict().values()], model.training))
        return reprogram(model, **given)

    monkeypatch.setattr(fp, "reprogram", watched, raising=False)
    names = runpy.run_path(str(folder / script))
    for name in ("my_pictures", "my_comments"):
        sys.modules.pop(name, None)
    found = names["found"].set_index("method")
    control = found[found["lam"].isna()].drop("base")[GAP].item()
    base = found.loc["base", GAP]
    chosen = found[found["chosen"]].iloc[0]
    ((before, was_training),) = states
    model = names["model"]
    assert all(torch.equal(value, old) for value, old in zip(model.state_dict().values(), before, strict=True))
    assert model.training == was_training
    assert base >= 0.1
    assert chosen[GAP] <= 0.75 * base, f"{base:.3f} -> {chosen[GAP]:.3f}"  # digits depend on the processor
    assert control > chosen[GAP], "the untrained trigger does as much"


@pytest.mark.parametrize("script", MODELS)
def test_script_is_short(script: str) -> None:
    assert len([line for line in SCRIPTS[script].splitlines() if line.strip()]) <= MOST_LINES
