"""Explanations: the options, and the registry of explainers. Torch-free; an implementation is imported on first use.

An explainer takes a module (photos or texts in, logits out) and inputs, and returns one saliency map per photo, or
one value per token. "With the trigger" and "without" are therefore two modules, and one explainer serves both.
"""

from typing import ClassVar, Literal

from pydantic import Field

from fairprog_core.classifiers import EncoderOptions, ResidualNetOptions, TrainedOptions
from fairprog_core.common.options import ADVANCED, FOLDERS, HUB, Modality, Options
from fairprog_core.common.registry import Entry, EntryOptions

Init = Literal["seed 1", "seed 2", "base weights"]  # first weights of a demographic classifier


class ExplainerOptions(EntryOptions):
    """Options that all explainers share."""

    modality: ClassVar[Modality] = "image"


class GradCamOptions(ExplainerOptions):
    """Grad-CAM: which positions of the last feature maps raise the class's logit."""

    kind: Literal["grad_cam"] = "grad_cam"
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Pictures at a time; changes speed and memory only.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip


class IntegratedGradientsOptions(ExplainerOptions):
    """Integrated Gradients: how much every pixel of the photo adds to the class's logit, against a baseline photo."""

    kind: Literal["integrated_gradients"] = "integrated_gradients"
    steps: int = Field(
        32, ge=1, le=1024, title="Steps", description="Points on the path from the baseline to the photo, at first."
    )
    max_steps: int = Field(
        256, ge=1, le=16_384, title="Steps at most",
        description="Steps are doubled up to here while the attributions miss the change of the logit.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    tolerance: float = Field(
        0.01, gt=0, le=1, title="Tolerance",
        description="Largest convergence delta as a share of all that was attributed (the sum of the sizes).",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Pictures at a time; changes speed and memory only.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip


class TokenGradientsOptions(ExplainerOptions):
    """Integrated Gradients on word vectors: how much every token adds to the class's log-odds, against [PAD]."""

    kind: Literal["token_gradients"] = "token_gradients"
    modality: ClassVar[Modality] = "text"
    steps: int = Field(
        32, ge=1, le=1024, title="Steps", description="Points on the path from the baseline to the text, at first."
    )
    max_steps: int = Field(
        512, ge=1, le=16_384, title="Steps at most",
        description="Steps are doubled up to here while the attributions miss the change of the log-odds. A head with "
        "ReLU, as DistilBERT's, may need thousands: its gradient jumps.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    tolerance: float = Field(
        0.01, gt=0, le=1, title="Tolerance",
        description="Largest convergence delta as a share of the change of the log-odds, or of .1 where that is less.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    batch_size: int = Field(
        64, ge=1, le=4096, title="Batch size", description="Steps at a time; changes speed and memory only.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip


class DemographicClassifierOptions(Options):
    """Demographic classifiers: trained to predict the group, without any trigger."""

    start: ClassVar[str]  # the first weights of the two that do not start from the base's
    rows: int = Field(4000, ge=32, title="Tuning rows", description="Rows of the tuning split that train them.")
    batch_size: int = Field(
        32, ge=8, le=1024, title="Batch size", description="Rows per step.", json_schema_extra=ADVANCED
    )

    def schedule(self, init: Init) -> TrainedOptions:
        """The training schedule of the classifier with these first weights."""
        raise NotImplementedError


class ProbeOptions(DemographicClassifierOptions):
    """Demographic classifiers of pictures."""

    start: ClassVar[str] = "new"
    epochs: int = Field(2, ge=1, le=100, title="Epochs", description="Passes over these rows.")
    learning_rate: float = Field(
        4e-3, gt=0, le=1, title="Learning rate", description="Peak of the one-cycle schedule, from new weights.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip
    warm_learning_rate: float = Field(
        2e-3, gt=0, le=1, title="Learning rate from the base's weights", description="Peak of the schedule there.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip

    def schedule(self, init: Init) -> ResidualNetOptions:
        rate = self.warm_learning_rate if init == "base weights" else self.learning_rate
        return ResidualNetOptions(epochs=self.epochs, batch_size=self.batch_size, learning_rate=rate)


class TextProbeOptions(DemographicClassifierOptions):
    """Demographic classifiers of texts: encoders that start from a pretrained one, as the base did."""

    start: ClassVar[str] = "pretrained"
    model: str = Field(
        "shipped",
        min_length=1,
        title="Model",
        description="The pretrained model that they start from: the base's own, so that its word vectors fit.",
        json_schema_extra=FOLDERS | HUB,
    )
    max_length: int = Field(
        128, ge=8, le=4096, title="Longest text", description="In tokens.", json_schema_extra=ADVANCED
    )
    batch_size: int = Field(
        16, ge=8, le=1024, title="Batch size", description="Rows per step.", json_schema_extra=ADVANCED
    )
    steps: int = Field(60, ge=1, le=10_000, title="Steps", description="Batches that each of them is trained on.")
    learning_rate: float = Field(
        2e-3, gt=0, le=1, title="Learning rate", description="Peak of the one-cycle schedule.",
        json_schema_extra=ADVANCED,
    )  # fmt: skip

    def schedule(self, init: Init) -> EncoderOptions:
        return EncoderOptions(
            model=self.model,
            max_length=self.max_length,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            tuned_layers=None,
        )


REPORTS = {  # what explains a curve, by the data's modality
    "image": "fairprog_core.explain.image.report:explanation_report",
    "text": "fairprog_core.explain.text.report:explanation_report",
}

EXPLAINERS: dict[str, Entry[ExplainerOptions]] = {
    "grad_cam": Entry(GradCamOptions, "fairprog_core.explain.image.grad_cam:GradCam"),
    "integrated_gradients": Entry(
        IntegratedGradientsOptions, "fairprog_core.explain.image.integrated_gradients:IntegratedGradients"
    ),
    "token_gradients": Entry(TokenGradientsOptions, "fairprog_core.explain.text.token_gradients:TokenGradients"),
}
