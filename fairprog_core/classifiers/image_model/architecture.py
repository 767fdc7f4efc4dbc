"""Nets that are built again from a description, for weights that were saved with it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from fairprog_core.classifiers import CODE_ARCHITECTURES
from fairprog_core.classifiers.image_model import code, folder, libraries, zero_shot
from fairprog_core.classifiers.image_model.layers import put
from fairprog_core.common.errors import ModelError, shorten

MOST = 1_000_000  # upper bound of every size in a description
_BUILD: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "transformers": lambda about: folder.new_net(about["config"]),
    "zero_shot": zero_shot.build_tower,
    "torchvision": libraries.build_named,
    "timm": libraries.build_named,
    "script": code.rebuild_code,
    "export": code.rebuild_code,
    "factory": code.rebuild_code,
}


def rebuild(about: Mapping[str, Any], *, head: str, weights: Mapping[str, Tensor]) -> nn.Module:
    """A net for saved weights; its own are random.

    Args:
        about: `OpenedModel.architecture`.
        head: the layer that was taken out; "": none was.
        weights: those of the net, by name; nothing much larger than these is allocated.

    Raises:
        ModelError: the description is not valid, or is that of another net.
    """
    if about.get("kind") not in CODE_ARCHITECTURES:
        if not _is_small(about, len(weights)):
            raise ModelError("Its description asks for a model that is larger than its weights.")
        shapes = libraries.shapes_of(lambda: _net(about, head))
        expected = Counter(tuple(value.shape) for value in shapes.values())
        if expected != Counter(tuple(value.shape) for value in weights.values()):
            raise ModelError("Its description does not build what its weights are of.")
    return _net(about, head)


def _net(about: Mapping[str, Any], head: str) -> nn.Module:
    try:
        net = _BUILD[about["kind"]](about)
        if head:
            put(net, head, nn.Identity())
        if size := about.get("batch"):
            net = code.FixedBatch(net, size)
    except (ModelError, NotImplementedError):
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
