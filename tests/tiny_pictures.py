"""Tiny classifiers of pictures of the libraries that people use, with random weights."""

from pathlib import Path

import torch
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

SIDE = 32


def save_vit(folder: Path, names: tuple[str, ...] = ("not blond", "blond"), *, seed: int = 0) -> Path:
    """A ViT of 4 × 4 patches with its preprocessor_config.json."""
    torch.manual_seed(seed)
    config = ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=SIDE,
        patch_size=8, id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)},
    )  # fmt: skip
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return folder
