"""Classifiers of pictures in Hugging Face's folder format.

Weights are read from safetensors files only, and code never from a model's folder, so reading an untrusted model
runs no code of it.
"""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForImageClassification, PreTrainedModel

from fairprog_core.classifiers.image_model.opened import LogitsOnly, OpenedModel
from fairprog_core.classifiers.image_model.reading import PictureReading
from fairprog_core.classifiers.model_folder import ADAPTER, fetch_folder, quiet
from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.files.hub import Download

ADVICE = "give a model's folder, a name on the hub, timm:NAME, torchvision:NAME or a TorchScript file"
_BROKEN = (OSError, ValueError, RuntimeError, KeyError, ImportError, TypeError, AttributeError, SafetensorError)
_INTERPOLATIONS = {0: "nearest", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers
_UNKNOWN = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}  # of no use elsewhere


def fetch(name: str) -> Generator[Download, None, Path]:
    """The folder of a model, checked; see `fetch_folder`.

    Raises:
        ModelError: there is no such model, or its folder lacks what is needed.
    """
    folder = yield from fetch_folder(name, advice=ADVICE)
    if (folder / ADAPTER).is_file():  # transformers would add it, and import what it names
        raise ModelError(
            f"{shorten(folder, 120)} holds an adapter ({ADAPTER}); merge it into its base and save the whole model."
        )
    wanted = {
        "config.json": (folder / "config.json").is_file(),
        "weights as .safetensors": any(folder.glob("*.safetensors")),
    }
    if missing := [what for what, is_there in wanted.items() if not is_there]:
        raise ModelError(
            f"{shorten(folder, 120)} lacks {' and '.join(missing)}; give a folder as save_pretrained() writes it "
            "(pickled weights are never read)."
        )
    return folder


def open_folder(folder: Path) -> OpenedModel:
    """A classifier of pictures.

    Raises:
        ModelError: it cannot be read, or is none that transformers knows.
    """
    where = f"The model in {shorten(folder, 80)}"
    with refusing(where), quiet():
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        model, report = AutoModelForImageClassification.from_pretrained(
            str(folder), config=config, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            local_files_only=True, ignore_mismatched_sizes=True, output_loading_info=True,
        )  # fmt: skip
    check_report(report, where)
    names = model.config.id2label
    return OpenedModel(
        net=LogitsOnly(model.train(False)),
        architecture={"kind": "transformers", "config": portable(model)},
        reading=read_reading(folder, model.config, where=where),
        where=where,
        names=tuple(str(names[number]) for number in sorted(names)),
        is_multi_label=model.config.problem_type == "multi_label_classification",
    )


def check_report(report: Mapping[str, Any], where: str) -> None:
    """Refuse weights that do not fill a model.

    Raises:
        ModelError: some are missing, or of another shape.
    """
    new = sorted({*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])})
    if new:
        raise ModelError(
            f"{where} is no whole classifier of pictures: {len(new)} of its weights are missing or of another shape "
            f"({shorten(new[0], 60)}); give a folder whose weights belong to its config.json."
        )


def read_reading(folder: Path, config: Any, *, where: str) -> PictureReading:
    """How a model reads pictures, from preprocessor_config.json; without one, what config.json says.

    Pictures are resized to the input as a whole: a crop, which some models ask for, would cut off a trigger.

    Raises:
        ModelError: the file is damaged, or asks for a channel order or a size that is not understood.
    """
    own = getattr(config, "image_size", None)
    size = own if isinstance(own, int) else None
    path = folder / "preprocessor_config.json"
    try:
        values = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        found: dict[str, Any] = {"size": _size(values, size)}
        if values.get("do_normalize", bool(values)):
            found |= {"mean": values["image_mean"], "std": values["image_std"]}
        elif values:
            found |= {"mean": (0, 0, 0), "std": (1, 1, 1)}
        found["interpolation"] = _INTERPOLATIONS.get(values.get("resample", 2), "bilinear")
        if values.get("do_rescale", True) and "rescale_factor" in values:
            factor = 255 * values["rescale_factor"]  # our pixels are in 0 … 1, the model's in 0 … factor
            found |= {name: [value / factor for value in found[name]] for name in ("mean", "std") if name in found}
        return PictureReading.model_validate(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, ValidationError) as error:
        raise ModelError(
            f"{where}: preprocessor_config.json cannot be understood ({shorten(error, 80)}); set image_size, mean and "
            "std of the classifier, and remove the file."
        ) from error


def _size(values: Mapping[str, Any], own: int | None) -> tuple[int, int] | None:
    """(h, w) of the input: of the crop, else of the resizing, else of the model."""
    size = values.get("crop_size") if values.get("do_center_crop") else values.get("size")
    if not values.get("do_resize", True) and not values.get("do_center_crop"):
        size = None
    if isinstance(size, int):
        return size, size
    if isinstance(size, dict):
        side = size.get("shortest_edge")
        return (size["height"], size["width"]) if side is None else (side, side)
    return None if own is None else (own, own)


def portable(model: PreTrainedModel) -> dict[str, Any]:
    """The configuration as JSON values that build the same architecture on another machine."""
    config: dict[str, Any] = json.loads(model.config.to_json_string(use_diff=True))
    return {name: value for name, value in config.items() if name not in _UNKNOWN}


def new_net(config: Mapping[str, Any]) -> LogitsOnly:
    """A net with random weights from the output of `portable`."""
    with quiet():
        model = AutoModelForImageClassification.from_config(  # type: ignore[no-untyped-call]
            AutoConfig.for_model(**config), dtype=torch.float32
        )
    return LogitsOnly(model.train(False))


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Turn the exceptions of transformers for an unusable folder into one sentence."""
    try:
        yield
    except _BROKEN as error:
        raise ModelError(
            f"{where} cannot be used ({shorten(error, 100)}); give a classifier of pictures that transformers knows, "
            "such as ViT, Swin, ConvNeXt, ResNet, CLIP or SigLIP."
        ) from error
