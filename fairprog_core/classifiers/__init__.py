"""Registry of classifiers and their options. Torch-free; an implementation is imported when it is used.

To add one: a file with a subclass of ``classifiers.base.Classifier``; its options class here, with ``title`` and
``modality``; one line in :data:`CLASSIFIERS`. From another package: one file and :func:`register`.
"""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from fairprog_core.common.errors import shorten, shown
from fairprog_core.common.options import (
    ADDRESSES,
    ADVANCED,
    ANY_NAME,
    CODE,
    FOLDERS,
    HUB,
    LATER,
    MODEL,
    NEEDED,
    Modality,
    PathRule,
    PathText,
)
from fairprog_core.common.registry import Entry, EntryOptions, add

Source = Literal["auto", "shipped", "train"]
_ADDRESS = re.compile(r"https?://[^\s@/]+(/[^\s@]*)?", re.IGNORECASE)
_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PEAK = "Peak of the one-cycle schedule, AdamW."


CODE_ARCHITECTURES = ("script", "export", "factory")  # kinds of nets, in a classifier's file, that are programs


class ClassifierOptions(EntryOptions):
    """Base of all classifiers."""

    modality: ClassVar[Modality] = "image"
    seconds_per_row: ClassVar[float] = 0.0005  # of training on one core, roughly; pictures of 64 × 64 pixels
    only_answers: ClassVar[bool] = False  # whether it gives probabilities alone, neither gradients nor features

    @property
    def needs_training(self) -> bool:
        """Whether the base is trained on the data's train split, which is otherwise not needed."""
        return False

    @property
    def is_timed(self) -> bool:
        """Whether ``seconds_per_row`` was measured for these weights."""
        return False

    @property
    def weights_from(self) -> Source:
        """Where the weights may come from; those of a classifier that is not trained are always at hand."""
        return "auto"

    @property
    def start_rate(self) -> float:
        """The learning rate from which a method that trains the base's weights further takes its own."""
        return 1e-4  # usual for pretrained networks

    def n_rows_trained(self, n_rows: int) -> int:
        """Number of rows in all batches of the base's training on ``n_rows`` rows."""
        return 0


class TrainedOptions(ClassifierOptions):
    """Base of the classifiers that are trained here: where the weights come from, and how they are trained."""

    warm_up: ClassVar[float] = 0.25  # share of the steps in which the learning rate rises
    source: Source = Field(
        "auto",
        title="Source of the weights",
        description="auto: from the cache, else shipped, else trained. shipped: shipped ones only. train: trained.",
        json_schema_extra=ADVANCED,
    )
    batch_size: int = Field(
        128, ge=4, le=1024, title="Batch size", description="Rows per step.", json_schema_extra=ADVANCED
    )
    learning_rate: float = Field(4e-3, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra=ADVANCED)

    @property
    def needs_training(self) -> bool:
        return True

    @property
    def is_timed(self) -> bool:
        return True

    @property
    def weights_from(self) -> Source:
        return self.source

    @property
    def start_rate(self) -> float:
        return self.learning_rate

    def n_steps(self, n_rows: int) -> int:
        """Number of steps of a training on ``n_rows`` rows."""
        raise NotImplementedError

    def n_rows_trained(self, n_rows: int) -> int:
        return self.n_steps(n_rows) * self.batch_size


class ImageClassifierOptions(TrainedOptions):
    """Base of all image classifiers."""

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
        description="Pooling over positions. With mean alone a distant patch only shifts the logits, and cannot work.",
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
    init: PathText = Field(
        "",
        max_length=4096,
        title="First weights",
        description="A checkpoint of torchvision's resnet18 that the training starts from; empty: random weights.",
        json_schema_extra=ADVANCED | FOLDERS | LATER,
    )


class EncoderOptions(TrainedOptions):
    """Fine-tuned pretrained text encoder; the shipped one has two layers of MiniLM and a small vocabulary."""

    modality: ClassVar[Modality] = "text"
    warm_up: ClassVar[float] = 0.1
    seconds_per_row: ClassVar[float] = 0.005
    kind: Literal["encoder"] = "encoder"
    title = "Text encoder"
    default_for = ("text",)
    model: Annotated[str, PathRule(name=ANY_NAME, names=("shipped",))] = Field(
        "shipped",
        min_length=1,
        title="Model",
        description="shipped, a folder with a Hugging Face transformers model, or the name of a model on the hub.",
        json_schema_extra=FOLDERS | HUB,
    )
    tuned: bool = Field(
        False,
        title="Already tuned",
        description="The model is already a classifier for the data's labels; it is not trained further.",
        json_schema_extra=ADVANCED,
    )
    labels: tuple[str, ...] = Field(
        (),
        title="Its labels",
        description="Of a tuned model: the data's label of each of its outputs, in its order. Empty: matched by name.",
        json_schema_extra=ADVANCED | LATER,
    )
    label: str = Field(
        "",
        title="Its output",
        description="Of a tuned model with several yes-or-no outputs: the name of the one to use, e.g. toxic.",
        json_schema_extra=ADVANCED | LATER,
    )
    threshold: float | None = Field(
        None,
        title="Threshold",
        description="Of a tuned model with one output: the output above which its label is predicted. Empty: 0, where "
        "the sigmoid is .5.",
        json_schema_extra=ADVANCED | LATER,
    )
    max_length: int = Field(
        128,
        ge=8,
        le=4096,
        title="Longest text",
        description="In tokens; longer texts are cut. At most what the model reads, less those kept for a trigger.",
        json_schema_extra=ADVANCED,
    )
    steps: int = Field(200, ge=1, le=100_000, title="Steps", description="Number of training batches.")
    batch_size: int = Field(
        32, ge=4, le=1024, title="Batch size", description="Rows per step.", json_schema_extra=ADVANCED
    )
    learning_rate: float = Field(6e-4, gt=0, le=1, title="Learning rate", description=_PEAK, json_schema_extra=ADVANCED)
    tuned_layers: int | None = Field(
        1,
        ge=0,
        title="Tuned layers",
        description="Number of last layers trained besides the head; empty: all. The word table is never trained.",
        json_schema_extra=ADVANCED,
    )

    @model_validator(mode="after")
    def _check_outputs(self) -> Self:
        if not self.tuned and (self.labels or self.label or self.threshold is not None):
            raise ValueError(
                "labels, label and threshold tell the outputs of a tuned model; set tuned, or leave them out"
            )
        return self

    @property
    def needs_training(self) -> bool:
        return not self.tuned

    @property
    def is_timed(self) -> bool:
        return self.model == "shipped"

    def n_steps(self, n_rows: int) -> int:
        return 0 if self.tuned else self.steps


class ImageModelOptions(ClassifierOptions):
    """A classifier of pictures that was trained elsewhere; it is used as it is."""

    seconds_per_row: ClassVar[float] = 0.01
    kind: Literal["image_model"] = "image_model"
    title = "Your own model of pictures"
    model: Annotated[str, PathRule(name=ANY_NAME)] = Field(
        "",
        max_length=4096,
        title="Model",
        description="A folder or hub name of Hugging Face, timm:NAME, torchvision:NAME, a TorchScript or torch.export "
        "file, or factory:package.module:function.",
        json_schema_extra=NEEDED | FOLDERS | HUB | CODE | MODEL,
    )
    weights: PathText = Field(
        "",
        max_length=4096,
        title="Weights",
        description="For timm, torchvision and factories: a .safetensors file, or a state dict.",
        json_schema_extra=FOLDERS,
    )
    labels: tuple[str, ...] = Field(
        (),
        max_length=10_000,
        title="Labels",
        description="The data's label of each output of the model, in its order; empty: the model's own names.",
        json_schema_extra=ADVANCED,
    )
    label: str = Field(
        "",
        max_length=200,
        title="One output",
        description="The one output to use of several that each answer yes or no for themselves.",
        json_schema_extra=ADVANCED,
    )
    threshold: float | None = Field(
        None,
        title="Threshold",
        description="What the logit of a single output must exceed; empty: 0, a probability of one half.",
        json_schema_extra=ADVANCED,
    )
    prompts: tuple[str, ...] = Field(
        ("a photo of a {label}",),
        min_length=1,
        max_length=200,
        title="Prompts",
        description="For CLIP and SigLIP: sentences with {label}; several are averaged.",
        json_schema_extra=ADVANCED,
    )
    image_size: int | None = Field(
        None,
        ge=8,
        le=4096,
        title="Input size",
        description="Side of the pictures that the model reads; empty: as its own configuration says.",
        json_schema_extra=ADVANCED,
    )
    mean: tuple[float, ...] = Field(
        (),
        max_length=3,
        title="Mean",
        description="Of red, green and blue, subtracted from pixels in 0 … 1; empty: as the model says.",
        json_schema_extra=ADVANCED,
    )
    std: tuple[float, ...] = Field(
        (),
        max_length=3,
        title="Standard deviation",
        description="Of red, green and blue, by which pixels are divided; empty: as the model says.",
        json_schema_extra=ADVANCED,
    )
    cam_layer: str = Field(
        "",
        max_length=400,
        title="Layer of Grad-CAM",
        description="Path of a module inside the model, e.g. layer4; empty: the last one with a map of the picture.",
        json_schema_extra=ADVANCED,
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("mean", "std"):
            if len(getattr(self, name)) not in (0, 3):
                raise ValueError(f"{name} must hold three numbers, of red, green and blue")
        if min(self.std, default=1) <= 0:
            raise ValueError("std must be above 0")
        if wrong := [prompt for prompt in self.prompts if "{label}" not in prompt]:
            raise ValueError(f"prompts ({shown(wrong[0], 60)}) must hold {{label}}")
        return self


class BlackBoxOptions(ClassifierOptions):
    """A classifier elsewhere that only answers: rows are sent to an address or a function, and probabilities come back.

    Give either the address or the function.
    """

    modalities: ClassVar[tuple[Modality, ...]] = ("image", "text")
    seconds_per_row: ClassVar[float] = 0.005  # of an answer
    only_answers = True
    one_of = ("address", "function")
    kind: Literal["black_box"] = "black_box"
    title = "Black box"
    address: str = Field(
        "",
        max_length=2000,
        title="Address",
        description='http:// or https://. Gets {"texts": […]} or {"images": [PNG in base64, …]} and answers '
        '{"probabilities": [[…], …]}.',
        json_schema_extra=ADDRESSES,
    )
    function: str = Field(
        "",
        max_length=400,
        title="Function",
        description="package.module:function. Takes a list of texts, or pictures (k, h, w, 3) uint8; returns "
        "probabilities (k, labels).",
        json_schema_extra=CODE,
    )
    labels: tuple[str, ...] = Field(
        (),
        max_length=10_000,
        title="Labels",
        description="The data's label of each probability, in order; empty: as the answer's labels say, else in order.",
        json_schema_extra=ADVANCED,
    )
    token: str = Field(
        "",
        max_length=200,
        title="Variable with the token",
        description="Environment variable whose value is sent as a bearer token; it is never stored.",
        json_schema_extra=ADVANCED | CODE,
    )
    batch_size: int = Field(
        64, ge=1, le=10_000, title="Rows per request", description="At most.", json_schema_extra=ADVANCED
    )
    timeout: float = Field(
        60.0,
        gt=0,
        le=3600,
        title="Seconds to answer",
        description="For one request; a slower one is sent again.",
        json_schema_extra=ADVANCED,
    )
    retries: int = Field(
        5,
        ge=0,
        le=20,
        title="Further tries",
        description="After no answer, or one that says to try later (429, 5xx); each waits longer than the one before.",
        json_schema_extra=ADVANCED,
    )

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if self.address and self.function:
            raise ValueError("address and function are both set; give one of them")
        if self.address and not _ADDRESS.fullmatch(self.address):
            raise ValueError(
                f"address ({shorten(self.address, 60)}) must begin with http:// or https:// and hold neither spaces "
                "nor a password; a token comes from the variable that classifier.token names"
            )
        if self.function and not _FUNCTION.fullmatch(self.function):
            raise ValueError(f"function ({shorten(self.function, 60)}) must be written package.module:function")
        if self.token and not _VARIABLE.fullmatch(self.token):
            raise ValueError("token must be the name of an environment variable, e.g. BLACK_BOX_TOKEN")
        return self


CLASSIFIERS: dict[str, Entry[ClassifierOptions]] = {
    "residual_net": Entry(ResidualNetOptions, "fairprog_core.classifiers.image:ResidualNet"),
    "hybrid": Entry(HybridOptions, "fairprog_core.classifiers.image:Hybrid"),
    "resnet18": Entry(ResNet18Options, "fairprog_core.classifiers.image:ResNet18"),
    "encoder": Entry(EncoderOptions, "fairprog_core.classifiers.encoder.classifier:Encoder"),
    "image_model": Entry(ImageModelOptions, "fairprog_core.classifiers.image_model.classifier:ImageModel"),
    "black_box": Entry(BlackBoxOptions, "fairprog_core.classifiers.black_box.classifier:BlackBox"),
}


def register(key: str, entry: Entry[ClassifierOptions]) -> None:
    """Register a classifier of another package; see ``common.plugins``.

    Raises:
        ConfigError: the key exists already, or differs from the options' ``kind``.
    """
    add(CLASSIFIERS, key, entry, noun="classifier")
