"""Classifiers: what can be chosen. Torch-free; an implementation is imported when it is used.

A new one: a file with a subclass of ``classifiers.base.Classifier``; its options class here, with its ``title`` and
``modality``; one line in :data:`CLASSIFIERS`. Outside the package: one file and :func:`register`.
"""

from typing import ClassVar, Literal

from pydantic import Field

from fairprog_core.common.options import ADVANCED, Modality
from fairprog_core.common.registry import Entry, EntryOptions, add

Source = Literal["auto", "shipped", "train"]
_PEAK = "Peak of the one-cycle schedule, AdamW."


class TrainedOptions(EntryOptions):
    """What every classifier that is trained here shares."""

    modality: ClassVar[Modality] = "image"
    seconds_per_row: ClassVar[float] = 0.0005  # of a training step on one core, roughly; pictures of 64 pixels
    warm_up: ClassVar[float] = 0.25  # share of the steps in which the learning rate rises
    source: Source = Field(
        "auto",
        title="Where the weights come from",
        description="auto: cache, then shipped, then trained now. shipped: only the shipped ones. train: always anew.",
        json_schema_extra=ADVANCED,
    )
    batch_size: int = Field(
        128, ge=4, le=1024, title="Batch size", description="Rows per step.", json_schema_extra=ADVANCED
    )
    learning_rate: float = Field(4e-3, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra=ADVANCED)

    @property
    def is_timed(self) -> bool:
        """Whether ``seconds_per_row`` is about these weights."""
        return True

    def n_steps(self, n_rows: int) -> int:
        """Steps of the training on so many rows."""
        raise NotImplementedError


class ImageClassifierOptions(TrainedOptions):
    """What every image classifier shares."""

    epochs: int = Field(8, ge=1, le=100, title="Epochs", description="Passes over the training split.")

    def n_steps(self, n_rows: int) -> int:
        return self.epochs * max(n_rows // self.batch_size, 1)


class ResidualNetOptions(ImageClassifierOptions):
    """Small residual network (30,000 weights)."""

    kind: Literal["residual_net"] = "residual_net"
    title = "Small residual network"
    default_for = ("image",)
    pool: Literal["mean+max", "max", "mean"] = Field(
        "mean+max",
        title="Pooling",
        description="How positions are pooled. With mean alone a far patch can only shift the logit, and cannot work.",
    )


class HybridOptions(ImageClassifierOptions):
    """Small hybrid: convolution stem, two attention blocks, class token (88,000 weights)."""

    kind: Literal["hybrid"] = "hybrid"
    title = "Small hybrid with attention"
    learning_rate: float = Field(2e-3, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra=ADVANCED)


class ResNet18Options(ImageClassifierOptions):
    """torchvision's ResNet-18, for real photos."""

    seconds_per_row: ClassVar[float] = 0.007
    kind: Literal["resnet18"] = "resnet18"
    title = "ResNet-18"
    learning_rate: float = Field(1e-3, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra=ADVANCED)


class EncoderOptions(TrainedOptions):
    """Pretrained text encoder, tuned; the shipped one has two layers of MiniLM and a short vocabulary."""

    modality: ClassVar[Modality] = "text"
    warm_up: ClassVar[float] = 0.1
    seconds_per_row: ClassVar[float] = 0.005
    kind: Literal["encoder"] = "encoder"
    title = "Text encoder"
    default_for = ("text",)
    model: str = Field(
        "shipped",
        min_length=1,
        title="Model",
        description="shipped, a folder with a model of Hugging Face's transformers, or a model's name on the hub.",
    )
    tuned: bool = Field(
        False,
        title="Already tuned",
        description="The model is a classifier for these labels, in this order: it is used as it is, and not trained.",
        json_schema_extra=ADVANCED,
    )
    max_length: int = Field(
        128,
        ge=8,
        le=4096,
        title="Longest text",
        description="In tokens; what is longer loses its end. At most what the model reads, less room for a trigger.",
        json_schema_extra=ADVANCED,
    )
    steps: int = Field(200, ge=1, le=100_000, title="Steps", description="Batches that it is trained on.")
    batch_size: int = Field(
        32, ge=4, le=1024, title="Batch size", description="Rows per step.", json_schema_extra=ADVANCED
    )
    learning_rate: float = Field(6e-4, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra=ADVANCED)
    tuned_layers: int | None = Field(
        1,
        ge=0,
        title="Tuned layers",
        description="How many of the last layers are trained besides the head; empty: all. The word table never is.",
        json_schema_extra=ADVANCED,
    )

    @property
    def is_timed(self) -> bool:
        return self.model == "shipped"

    def n_steps(self, n_rows: int) -> int:
        return 0 if self.tuned else self.steps


CLASSIFIERS: dict[str, Entry[TrainedOptions]] = {
    "residual_net": Entry(ResidualNetOptions, "fairprog_core.classifiers.image:ResidualNet"),
    "hybrid": Entry(HybridOptions, "fairprog_core.classifiers.image:Hybrid"),
    "resnet18": Entry(ResNet18Options, "fairprog_core.classifiers.image:ResNet18"),
    "encoder": Entry(EncoderOptions, "fairprog_core.classifiers.encoder.classifier:Encoder"),
}


def register(key: str, entry: Entry[TrainedOptions]) -> None:
    """Add a classifier of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already, or is not that of the options.
    """
    add(CLASSIFIERS, key, entry, noun="classifier")
