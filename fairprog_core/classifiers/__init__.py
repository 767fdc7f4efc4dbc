"""Classifiers: what can be chosen. Torch-free; an implementation is imported when it is used."""

from typing import ClassVar, Literal

from pydantic import Field

from fairprog_core.options import Options
from fairprog_core.registry import Entry

Source = Literal["auto", "shipped", "train"]
_PEAK = "Peak of the one-cycle schedule, AdamW."


class TrainedOptions(Options):
    """What every classifier that is trained here shares."""

    warm_up: ClassVar[float] = 0.25  # share of the steps in which the learning rate rises
    source: Source = Field(
        "auto",
        title="Where the weights come from",
        description="auto: cache, then shipped, then trained now. shipped: only the shipped ones. train: always anew.",
        json_schema_extra={"advanced": True},
    )
    epochs: int = Field(8, ge=1, le=100, title="Epochs", description="Passes over the training split.")
    batch_size: int = Field(
        128, ge=8, le=1024, title="Batch size", description="Rows per step.", json_schema_extra={"advanced": True}
    )
    learning_rate: float = Field(
        4e-3,
        gt=0,
        le=1,
        title="Learning rate",
        description=_PEAK,
        json_schema_extra={"advanced": True},
    )


class ResidualNetOptions(TrainedOptions):
    """Small residual network (30,000 weights)."""

    kind: Literal["residual_net"] = "residual_net"
    pool: Literal["mean+max", "max", "mean"] = Field(
        "mean+max",
        title="Pooling",
        description="How positions are pooled. With mean alone a far patch can only shift the logit, and cannot work.",
    )


class HybridOptions(TrainedOptions):
    """Small hybrid: convolution stem, two attention blocks, class token (88,000 weights)."""

    kind: Literal["hybrid"] = "hybrid"
    learning_rate: float = Field(
        2e-3, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra={"advanced": True}
    )


class ResNet18Options(TrainedOptions):
    """torchvision's ResNet-18, for real photos."""

    kind: Literal["resnet18"] = "resnet18"
    learning_rate: float = Field(
        1e-3, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra={"advanced": True}
    )


CLASSIFIERS = {
    "residual_net": Entry(ResidualNetOptions, "fairprog_core.classifiers.image:ResidualNet"),
    "hybrid": Entry(HybridOptions, "fairprog_core.classifiers.image:Hybrid"),
    "resnet18": Entry(ResNet18Options, "fairprog_core.classifiers.image:ResNet18"),
}
