"""CLIP and SigLIP as classifiers: the likeness of a picture to the sentences that name each label.

The features of the sentences are computed once and kept as a linear layer; the tower of texts is not needed after it.

Notation: k rows, c labels, p prompts, d features.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from fairprog_core.classifiers.image_model.folder import check_report, read_reading, refusing
from fairprog_core.classifiers.image_model.opened import OpenedModel
from fairprog_core.classifiers.model_folder import quiet
from fairprog_core.common.errors import ModelError, shorten

FAMILIES = ("clip", "siglip")  # of ``model_type``
_OF_NO_USE = ("dtype", "torch_dtype", "transformers_version", "model_type")


class ImageTower(nn.Module):
    """Pictures (k, 3, h, w) -> their features (k, d), of length one."""

    def __init__(self, vision_model: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.vision_model, self.projection = vision_model, projection

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(self.projection(self.vision_model(pixel_values=x).pooler_output), dim=-1)


def open_zero_shot(
    folder: Path, *, labels: tuple[str, ...], words: tuple[str, ...], prompts: tuple[str, ...]
) -> OpenedModel:
    """A model of pictures and texts as a classifier of labels.

    Args:
        folder: of the model, with its tokenizer.
        labels: of the data, c.
        words: that stand for the labels in the prompts, in their order; empty: the labels themselves.
        prompts: sentences with ``{label}``; their features are averaged.

    Raises:
        ModelError: it cannot be read, or the words are not as many as the labels.
    """
    where = f"The model in {shorten(folder, 80)}"
    words = words or labels
    if len(words) != len(labels):
        raise ModelError(
            f"classifier.labels names {len(words)} words and the data have {len(labels)} labels; name one for each of "
            "the data's labels, in their order."
        )
    with refusing(where), quiet():
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        model, report = AutoModel.from_pretrained(
            str(folder), config=config, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            local_files_only=True, ignore_mismatched_sizes=True, output_loading_info=True,
        )  # fmt: skip
        check_report(report, where)
        model.train(False)
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
        texts = [prompt.replace("{label}", word) for word in words for prompt in prompts]
        features = _text_features(model, tokenizer, texts).view(len(words), len(prompts), -1)
    vision = {"family": config.model_type, "vision": model.vision_model.config.to_diff_dict()}
    return OpenedModel(
        net=ImageTower(model.vision_model, _projection(model)).eval(),
        architecture={"kind": "zero_shot", **_plain(vision), "width": features.shape[2]},
        reading=read_reading(folder, config.vision_config, where=where),
        where=where,
        names=labels,
        head=_head(model, features),
        notes=(f"texts such as “{texts[0]}”",),
    )


@torch.no_grad()
def _text_features(model: Any, tokenizer: Any, texts: list[str]) -> Tensor:
    """(n, d), each of length one; SigLIP was trained on texts padded to its longest."""
    padding = "max_length" if model.config.model_type == "siglip" else True
    longest = model.config.text_config.max_position_embeddings
    inputs = tokenizer(texts, padding=padding, truncation=True, max_length=longest, return_tensors="pt")
    known = {name: inputs[name] for name in ("input_ids", "attention_mask") if name in inputs}
    if padding == "max_length":
        known.pop("attention_mask", None)
    found = model.get_text_features(**known)
    return F.normalize(found if isinstance(found, Tensor) else found.pooler_output, dim=-1)


@torch.no_grad()
def _head(model: Any, features: Tensor) -> nn.Linear:
    """The linear layer from features of pictures to logits; features is (c, p, d)."""
    mean = features[:, 0] if features.shape[1] == 1 else F.normalize(features.mean(1), dim=-1)
    head = nn.Linear(mean.shape[1], len(mean))
    head.weight.copy_(mean * model.logit_scale.exp())
    bias = getattr(model, "logit_bias", None)
    head.bias.copy_(torch.zeros(len(mean)) if bias is None else bias.expand(len(mean)))
    return head


def _projection(model: Any) -> nn.Module:
    projection = getattr(model, "visual_projection", None)
    return nn.Identity() if projection is None else projection


def build_tower(about: Mapping[str, Any]) -> ImageTower:
    """A net with random weights from the description that `open_zero_shot` wrote."""
    from transformers import CLIPVisionConfig, CLIPVisionModel, SiglipVisionConfig, SiglipVisionModel

    if about["family"] == "siglip":
        vision = SiglipVisionModel(SiglipVisionConfig(**about["vision"]))
        return ImageTower(_inner(vision), nn.Identity())
    config = CLIPVisionConfig(**about["vision"])
    return ImageTower(_inner(CLIPVisionModel(config)), nn.Linear(config.hidden_size, about["width"], bias=False))


def _inner(model: Any) -> nn.Module:
    """The tower as the whole model has it, without what versions of transformers put around it."""
    inner: nn.Module = getattr(model, "vision_model", model)
    return inner


def _plain(value: Any) -> Any:
    """JSON values of a configuration, without what does not matter elsewhere."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if key not in _OF_NO_USE}
    return value
