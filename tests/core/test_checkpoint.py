from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fairprog_core.common.files.checkpoint import load_state, save_state


def test_nested_state_comes_back_as_it_was(tmp_path: Path) -> None:
    state = {
        "tensors": [torch.arange(3), torch.zeros(2, 2)],
        "numbers": {0: 1.5, 7: [1, 2, None]},
        "text": "λ",
        "empty": {},
        "flag": True,
    }
    save_state(tmp_path / "c.safetensors", state)
    again = load_state(tmp_path / "c.safetensors")
    assert torch.equal(again["tensors"][0], state["tensors"][0])
    assert again["numbers"] == state["numbers"]
    assert (again["text"], again["empty"], again["flag"]) == ("λ", {}, True)


def test_optimizer_goes_on_as_if_never_saved(tmp_path: Path) -> None:
    def made() -> tuple[torch.nn.Parameter, torch.optim.Adam]:
        value = torch.nn.Parameter(torch.ones(3))
        return value, torch.optim.Adam([value], lr=0.1)

    def step(value: torch.nn.Parameter, optimizer: torch.optim.Adam) -> None:
        optimizer.zero_grad()
        (value**3).sum().backward()
        optimizer.step()

    value, optimizer = made()
    step(value, optimizer)
    save_state(tmp_path / "c.safetensors", {"value": value, "optimizer": optimizer.state_dict()})
    step(value, optimizer)

    again, other = made()
    state = load_state(tmp_path / "c.safetensors")
    again.data.copy_(state["value"])
    other.load_state_dict(state["optimizer"])
    step(again, other)
    assert torch.equal(again, value)


def test_checkpoint_of_an_older_version_is_refused(tmp_path: Path) -> None:
    """Before there were formats, none was written."""
    save_file({"0": torch.zeros(1)}, tmp_path / "c.safetensors", {"fairprog": '{"dict": []}'})
    with pytest.raises(ValueError, match="its format is 1, this version of fairprog reads 3"):
        load_state(tmp_path / "c.safetensors")


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="no readable safetensors file"):
        load_state(tmp_path / "c.safetensors")
