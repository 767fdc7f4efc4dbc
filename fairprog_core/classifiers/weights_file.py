"""Weights of others in a file: safetensors, or what ``torch.save(model.state_dict())`` wrote; never pickled objects."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.files.model_file import first_not_finite
from fairprog_core.common.home import is_file, user_path

INSIDE = ("state_dict", "model_state_dict", "model_state", "model", "net", "weights", "params", "module")
_COUNTERS = ("num_batches_tracked", "n_averaged", "total_ops", "total_params")  # no weights
_NOT_USED = ("aux",)  # heads that only a training reads


class Checkpoint(NamedTuple):
    """Weights by name.

    Attributes:
        tensors: the weights.
        where: the file, for errors.
        notes: what was understood, e.g. "weights under state_dict".
    """

    tensors: dict[str, Tensor]
    where: str
    notes: tuple[str, ...] = ()

    def named_as(self, expected: Mapping[str, Any]) -> "Checkpoint":
        """The weights under the names of a net, without a prefix that all of them have (``module.``).

        Args:
            expected: values by the names of the net's state dict.
        """
        if not expected or not self.tensors or expected.keys() & self.tensors.keys():
            return self
        prefixes = {
            name.removesuffix(own) for own in expected for name in self.tensors if name.endswith(f".{own}")
        }  # fmt: skip
        if not prefixes:
            return self
        best = max(sorted(prefixes), key=lambda prefix: sum(f"{prefix}{own}" in self.tensors for own in expected))
        cut = {name.removeprefix(best): value for name, value in self.tensors.items() if name.startswith(best)}
        return Checkpoint(cut, self.where, (*self.notes, f"names without {best}"))

    def check(self, expected: Mapping[str, Tensor], *, net: str) -> dict[str, Tensor]:
        """The weights for a net, in its types.

        Args:
            expected: its state dict, of which names and shapes are read.
            net: its name, for the error.

        Raises:
            ModelError: they are those of another net.
        """
        found = {name: value for name, value in self.tensors.items() if not _is_of_no_use(name, expected)}
        wanted = {name for name in expected if not name.endswith(_COUNTERS)}
        reason = ""
        if missing := sorted(wanted - found.keys()):
            reason = f"{len(missing)} of its weights are missing, such as {shorten(missing[0], 50)}"
        elif more := sorted(found.keys() - expected.keys()):
            reason = f"it has none of {len(more)} of the weights, such as {shorten(more[0], 50)}"
        else:
            for name in wanted:
                if found[name].shape != expected[name].shape:
                    shapes = tuple(found[name].shape), tuple(expected[name].shape)
                    reason = f"{shorten(name, 50)} is of shape {shapes[0]} instead of {shapes[1]}"
                    break
        if reason:
            raise ModelError(f"{self.where} does not belong to {net}: {reason}; name the net that it was saved from.")
        if (wrong := first_not_finite({name: found[name] for name in wanted})) is not None:
            raise ModelError(f"{self.where} holds weights that are not finite ({shorten(wrong, 60)}); save it again.")
        return {
            name: found[name].to(value.dtype) if name in found else torch.zeros_like(value, device="cpu")
            for name, value in expected.items()
        }


def _is_of_no_use(name: str, expected: Mapping[str, Any]) -> bool:
    return name not in expected and (name.endswith(_COUNTERS) or name.lower().startswith(_NOT_USED))


def read_checkpoint(path: str) -> Checkpoint:
    """The weights in a file.

    Raises:
        ModelError: it is missing or damaged, or holds pickled objects or no weights.
    """
    file = user_path(path)
    where = shorten(file, 100)
    if not is_file(file):
        raise ModelError(f"There is no file {where}; give the weights as .safetensors, or as a state dict (.pt, .pth).")
    try:
        found: Any = load_file(file) if file.suffix == ".safetensors" else _load(file)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{where} holds pickled objects besides weights, which may run code and are never read; save "
            "model.state_dict() alone, best as .safetensors."
        ) from error
    except (SafetensorError, OSError, ValueError, RuntimeError, KeyError, EOFError, TypeError, AttributeError) as error:
        raise ModelError(f"{where} cannot be read as weights ({shorten(error, 80)}); save it again.") from error
    notes: tuple[str, ...] = ()
    while isinstance(found, Mapping) and not _is_state(found):
        inside = next((key for key in INSIDE if isinstance(found.get(key), Mapping)), None)
        if inside is None:
            break
        found, notes = found[inside], (*notes, f"weights under {inside}")
    if not isinstance(found, Mapping) or not _is_state(found):
        raise ModelError(f"{where} holds no weights; save model.state_dict() alone, best as .safetensors.")
    tensors = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
    return Checkpoint(tensors, where, notes)


def _load(file: Path) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True)


def _is_state(found: Mapping[Any, Any]) -> bool:
    return any(isinstance(value, Tensor) for value in found.values())
