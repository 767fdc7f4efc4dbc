"""Tiny classifiers of pictures of the libraries that people use, with random weights."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import nn
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    ConvNextConfig,
    ConvNextForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SwinConfig,
    SwinForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

SIDE = 32
NAMES = ("not blond", "blond")
_WORDS = ("<s>", "</s>", "<pad>", "a", "photo", "of", "not", "blond", "picture", "hair", "face", "with", "dark")
_TOWER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
_FAMILIES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "vit": (ViTConfig, ViTForImageClassification, {**_TOWER, "hidden_size": 32, "image_size": SIDE, "patch_size": 8}),
    "swin": (SwinConfig, SwinForImageClassification,
             {"image_size": SIDE, "patch_size": 2, "embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2],
              "window_size": 4}),
    "convnext": (ConvNextConfig, ConvNextForImageClassification,
                 {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "patch_size": 2, "image_size": SIDE}),
    "resnet": (ResNetConfig, ResNetForImageClassification,
               {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}),
}  # fmt: skip
FAMILIES = tuple(_FAMILIES)


def save_folder(family: str, folder: Path, names: tuple[str, ...] = NAMES, *, seed: int = 0, **more: Any) -> Path:
    """A classifier of one of `FAMILIES` with its preprocessor_config.json."""
    torch.manual_seed(seed)
    config_of, model_of, sizes = _FAMILIES[family]
    labels = {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    model = model_of(config_of(**sizes, **labels, **more))
    model.eval().save_pretrained(shaken(model) and folder)
    ViTImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return folder


def save_vit(folder: Path, names: tuple[str, ...] = NAMES, *, seed: int = 0) -> Path:
    """A ViT of 4 × 4 patches with its preprocessor_config.json."""
    return save_folder("vit", folder, names, seed=seed)


def save_clip(folder: Path, *, family: str = "clip") -> Path:
    """A CLIP or SigLIP of 4 × 4 patches with its tokenizer."""
    torch.manual_seed(0)
    text = {**_TOWER, "vocab_size": len(_WORDS), "max_position_embeddings": 16, "pad_token_id": 2, "bos_token_id": 0,
            "eos_token_id": 1}  # fmt: skip
    vision = {**_TOWER, "image_size": SIDE, "patch_size": 8}
    how = {"size": {"height": SIDE, "width": SIDE}}
    if family == "clip":
        model: Any = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=how["size"]).save_pretrained(folder)
    else:
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
        SiglipImageProcessor(**how).save_pretrained(folder)
    model.eval().save_pretrained(shaken(model) and folder)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(_WORDS)}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<pad>"
    )
    fast.save_pretrained(folder)
    return folder


def shaken(model: nn.Module) -> bool:
    """Make the weights large enough that different pictures have different logits; biases too."""
    with torch.no_grad():
        for value in model.parameters():
            if value.ndim:
                value.add_(torch.randn_like(value) * 0.05)
    return True


class SmallNet(nn.Module):
    """A small convolutional net, as people write them."""

    def __init__(self, n_outputs: int = 2) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU())
        self.last = nn.Linear(8, n_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(self.body(x).mean((2, 3)))
        return logits


class GreedyNet(SmallNet):
    """The same, on a machine with memory for three pictures."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().forward(x)


def greedy_net() -> nn.Module:
    """A factory."""
    torch.manual_seed(0)
    return GreedyNet()


def small_net() -> nn.Module:
    """A factory."""
    torch.manual_seed(0)
    return SmallNet()


def no_net() -> str:
    """A function that is none."""
    return "no net"
