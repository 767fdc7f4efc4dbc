"""Nets that are built again from a description, for weights that were saved with it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fairprog_core.classifiers.image_model import folder
from fairprog_core.classifiers.image_model.layers import put
from fairprog_core.common.errors import ModelError, shorten

MOST = 100_000  # upper bound of every size in a description
_BUILD: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "transformers": lambda about: folder.new_net(about["config"]),
}


def rebuild(about: Mapping[str, Any], *, head: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """A net with random weights, for saved ones.

    Args:
        about: `OpenedModel.architecture`.
        head: the layer that was taken out; "": none was.
        weights: those of the net, by name; nothing much larger than these is allocated.

    Raises:
        ModelError: the description is not valid, or is that of another net.
    """
    if not _is_small(about, len(weights)):
        raise ModelError("Its description asks for a model that is larger than its weights.")
    with torch.device("meta"):
        expected = Counter(tuple(value.shape) for value in _net(about, head).state_dict().values())
    if expected != Counter(tuple(value.shape) for value in weights.values()):
        raise ModelError("Its description does not build what its weights are of.")
    return _net(about, head)


def _net(about: Mapping[str, Any], head: str) -> nn.Module:
    try:
        net = _BUILD[about["kind"]](about)
        if head:
            put(net, head, nn.Identity())
    except ModelError:
        raise
    except Exception as error:  # libraries raise exceptions of any type for an invalid description
        raise ModelError(f"Its description builds no model ({shorten(error, 80)}).") from error
    return net.eval()


def _is_small(value: Any, n_weights: int, name: str = "") -> bool:
    """Whether no size in a description is huge, and none counts more layers than there are weights."""
    if isinstance(value, Mapping):
        return all(_is_small(each, n_weights, str(key)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(_is_small(each, n_weights, name) for each in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= (n_weights if "layers" in name or "depth" in name else MOST)
    return True
