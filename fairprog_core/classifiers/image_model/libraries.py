"""Nets of torchvision and timm by their names, with weights from a local file.

Notation: m outputs of the net, h×w its input.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fairprog_core.classifiers import ImageModelOptions
from fairprog_core.classifiers.image_model.opened import OpenedModel
from fairprog_core.classifiers.image_model.reading import PictureReading
from fairprog_core.classifiers.weights_file import Checkpoint, read_checkpoint
from fairprog_core.common.errors import ConfigError, ModelError, shorten, shown

MOST_OUTPUTS = 100_000


def open_named(library: str, name: str, options: ImageModelOptions) -> OpenedModel:
    """A net of a library with the weights of ``options.weights``.

    Args:
        library: "torchvision" or "timm".
        name: of the net there.
        options: weights and image size.

    Raises:
        ConfigError: no weights are named.
        ModelError: there is no such net, or the weights are not its own.
    """
    check_name(library, name)
    if not options.weights:
        raise ConfigError(
            f"classifier.weights is empty, and {library}:{name} needs a file of weights; give a .safetensors file or a "
            "state dict."
        )
    checkpoint = read_checkpoint(options.weights)
    about: dict[str, Any] = {"kind": library, "name": name, "args": _size(library, name, options.image_size)}
    about["n_outputs"], checkpoint = _count_outputs(about, checkpoint)
    net = build_named(about)
    net.load_state_dict(checkpoint.check(net.state_dict(), net=f"{library}:{name}"))
    return OpenedModel(
        net=net.eval(),
        architecture=about,
        reading=_reading(library, net, about["args"]),
        where=f"The model {library}:{name}",
        notes=checkpoint.notes,
    )


def open_timm_folder(folder: Path, config: Mapping[str, Any], options: ImageModelOptions) -> OpenedModel:
    """A folder as timm writes it for the hub.

    Args:
        folder: with the weights.
        config: its config.json.
        options: for the image size.

    Raises:
        ModelError: it is damaged, or of a net that timm does not know.
    """
    where = f"The model in {shorten(folder, 80)}"
    file = next(iter(sorted(folder.glob("*.safetensors"))))
    opened = open_named("timm", str(config["architecture"]), options.model_copy(update={"weights": str(file)}))
    names = config.get("label_names") or ()
    try:
        reading = opened.reading if options.image_size else PictureReading.of_timm(config["pretrained_cfg"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{where}: the pretrained_cfg of its config.json cannot be understood.") from error
    return replace(opened, reading=reading, where=where, names=tuple(map(str, names)))


def build_named(about: Mapping[str, Any]) -> nn.Module:
    """The net that a description names, with random weights.

    Raises:
        ModelError: there is none of this name, or its library is not installed.
    """
    library, n = about["kind"], about["n_outputs"]
    check_name(library, about["name"])
    net: nn.Module = _maker(library)(about["name"], num_classes=n, **about["args"])
    return net.eval()


def shapes_of(build: Callable[[], nn.Module]) -> dict[str, Tensor]:
    """The state dict of a net as it is built, without memory where its building allows that."""
    try:
        with torch.device("meta"):
            return build().state_dict()
    except NotImplementedError:  # its constructor computes with tensors, as that of RegNet
        return build().state_dict()


def check_name(library: str, name: str) -> None:
    """Refuse a name that a library does not have.

    Raises:
        ModelError: it does not, or is not installed.
    """
    known = _names(library)
    if name not in known:
        near = ", ".join(get_close_matches(name, known, n=3, cutoff=0)) or "none"
        raise ModelError(f"{library} has no classifier {shown(name, 60)}; the nearest names are {near}.")


def _names(library: str) -> list[str]:
    if library == "timm":
        _maker("timm")
        from timm import list_models

        return list(list_models())
    import torchvision.models

    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


def _maker(library: str) -> Callable[..., Any]:
    if library == "torchvision":
        from torchvision.models import get_model

        return lambda name, **args: get_model(name, weights=None, **args)
    try:
        from timm import create_model
    except ImportError as error:
        raise ModelError("timm is not installed here; install it with `pip install timm`.") from error
    return lambda name, **args: create_model(name, pretrained=False, **args)


def _size(library: str, name: str, side: int | None) -> dict[str, int]:
    """The arguments that make a net for pictures of another side, where it is built for one."""
    if side is None:
        return {}
    if library == "torchvision":
        return {"image_size": side} if name.startswith("vit_") else {}
    from timm.models import get_pretrained_cfg_value

    return {"img_size": side} if get_pretrained_cfg_value(name, "fixed_input_size") else {}


def _count_outputs(about: Mapping[str, Any], checkpoint: Checkpoint) -> tuple[int, Checkpoint]:
    """The number m of outputs in a checkpoint, and it under the net's names.

    The head is what has other shapes in a net with other outputs.

    Raises:
        ModelError: the checkpoint has no such layer.
    """
    small, large = (shapes_of(lambda n=n: build_named({**about, "n_outputs": n})) for n in (3, 5))  # type: ignore[misc]
    heads = {name: axis for name in small if (axis := _axis(small[name].shape, large[name].shape)) is not None}
    checkpoint = checkpoint.named_as(small)
    for name, axis in heads.items():
        if name in checkpoint.tensors and checkpoint.tensors[name].ndim > axis:
            return min(checkpoint.tensors[name].shape[axis], MOST_OUTPUTS), checkpoint
    checkpoint.check(small, net=f"{about['kind']}:{about['name']}")
    raise ModelError(
        f"{checkpoint.where} has no last layer of {about['kind']}:{about['name']}; give all of its weights."
    )


def _axis(first: torch.Size, second: torch.Size) -> int | None:
    return next((axis for axis, (a, b) in enumerate(zip(first, second, strict=True)) if (a, b) == (3, 5)), None)


def _reading(library: str, net: nn.Module, args: Mapping[str, int]) -> PictureReading:
    """How a net reads pictures: timm says it of each; torchvision's have ImageNet's colours, and most read any size."""
    if library == "torchvision":
        side = getattr(net, "image_size", None)
        return PictureReading(size=(side, side) if isinstance(side, int) else None)
    reading = PictureReading.of_timm(net.pretrained_cfg)  # type: ignore[arg-type]
    side = args.get("img_size")
    return reading.model_copy(update={"size": (side, side)}) if side else reading
